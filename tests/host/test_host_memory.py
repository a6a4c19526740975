"""What the host keeps for plugins: memory of their own, and their faults."""

from __future__ import annotations

import types

import pytest

from orderyard.core.host.api import Reader
from orderyard.core.host.plugins import load
from orderyard.core.host.sealing import Seal
from orderyard.core.host.service import PluginContexts, SqlMemory, keep_faults, record_fault, save_settings
from orderyard.core.host.settings import SettingsMissing
from orderyard.core.kernel.errors import DomainError
from orderyard.core.kernel.uow import Installation
from orderyard.core.testing.scripted import ScriptedTransport


def test_memory_is_the_plugin_s_own(installation: Installation) -> None:
    first, second = SqlMemory(installation, "first"), SqlMemory(installation, "second")
    first.put({"a": "1", "b": "2"})
    second.put({"a": "别的"})
    first.put({"b": "3", "c": ""})
    assert [first.get(key) for key in "abcd"] == ["1", "3", "", None]
    assert [second.get(key) for key in "ab"] == ["别的", None]


def test_putting_many_values_takes_one_statement(installation: Installation) -> None:
    seen: list[str] = []
    installation.db.observers.append(seen.append)
    SqlMemory(installation, "first").put({str(number): "x" for number in range(500)})
    assert len(seen) == 1
    SqlMemory(installation, "first").put({})
    assert len(seen) == 1


def test_memory_holds_text_only(installation: Installation) -> None:
    with pytest.raises(DomainError, match="text"):
        SqlMemory(installation, "first").put({"a": 5})  # type: ignore[dict-item]


def test_memory_cannot_be_written_inside_somebody_else_s_transaction(installation: Installation) -> None:
    with installation.unit_of_work("x"), pytest.raises(Exception, match="already open"):
        SqlMemory(installation, "first").put({"a": "1"})


def test_faults_are_kept_with_their_moment(installation: Installation) -> None:
    record_fault(installation, "crm", "on_order_placed", "ValueError: odd")
    plugins = load(["ghost"])
    assert keep_faults(installation, plugins) == 1
    assert keep_faults(installation, plugins) == 0
    rows = installation.db.rows("SELECT slug, place FROM plugin_fault WHERE at IS NOT NULL ORDER BY id")
    assert [tuple(row) for row in rows] == [("crm", "on_order_placed"), ("ghost", "start")]


def test_a_context_carries_the_plugin_s_settings_of_this_moment(
    installation: Installation, bell: types.ModuleType, reader: Reader
) -> None:
    seal, transport = Seal([b"k" * 32]), ScriptedTransport()
    plugins = load(["bell"], extra={"bell": bell})
    contexts = PluginContexts(installation, plugins, seal, transport, reader)
    with pytest.raises(SettingsMissing, match="url, token"):
        contexts.of("bell")
    with installation.unit_of_work("person:ann") as uow:
        save_settings(uow, seal, plugins.manifests["bell"], {"url": "https://chat", "token": "t"})
    context = contexts.of("bell")
    assert context.settings == {"url": "https://chat", "token": "t"}
    assert (context.slug, context.transport, context.read) == ("bell", transport, reader)
    assert context.now == installation.environment.now()
    context.memory.put({"a": "1"})
    assert contexts.of("bell").memory.get("a") == "1"
