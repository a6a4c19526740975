"""An empty installation on either database, and plugins written as text."""

from __future__ import annotations

import importlib.util
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orderyard.core.customers.api import CustomerCard
from orderyard.core.host.api import PluginContext, Reader
from orderyard.core.kernel.db import Database
from orderyard.core.kernel.uow import Installation, Merchant, Wiring
from orderyard.core.migrations.registry import DIRECTORY, HISTORY
from orderyard.core.orders.api import OrderCard
from orderyard.core.testing.databases import Databases
from orderyard.core.testing.scripted import FixedEnvironment, ScriptedTransport

BELL = Path(__file__).parents[1] / "plugins" / "bell" / "orderyard_bell.py"

Write = Callable[..., types.ModuleType]
MakeContext = Callable[[str], PluginContext]


def prepare(url: str) -> None:
    db = Database(url)
    db.migrate(DIRECTORY, HISTORY)
    db.close()


@pytest.fixture
def installation(databases: Databases) -> Iterator[Installation]:
    url = databases.create(prepare)
    db = Database(url)
    yield Installation(Merchant(), db, FixedEnvironment(), Wiring())
    db.close()
    databases.drop(url)


@pytest.fixture
def bell() -> types.ModuleType:
    """The stranger's plugin, from its source."""
    spec = importlib.util.spec_from_file_location("orderyard_bell", BELL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def write(monkeypatch: pytest.MonkeyPatch) -> Write:
    """A plugin's module from its source; its manifest is written for it unless `manifest` says otherwise."""

    def written(slug: str, source: str, manifest: str = "") -> types.ModuleType:
        module = types.ModuleType(f"orderyard_{slug}")
        monkeypatch.setitem(sys.modules, module.__name__, module)
        head = "from orderyard.hookspecs import Manifest, hookimpl\n"
        head += manifest or f"manifest = Manifest(slug={slug!r}, title={slug.title()!r})\n"
        exec(compile(head + source, f"{slug}.py", "exec"), module.__dict__)  # noqa: S102
        return module

    return written


class NoReader:
    """A core without customers and orders."""

    def customer(self, customer_id: int) -> CustomerCard:
        raise AssertionError("nobody asked for a customer")

    def order(self, order_id: int) -> OrderCard:
        raise AssertionError("nobody asked for an order")


@pytest.fixture
def reader() -> Reader:
    return NoReader()


class DictMemory:
    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def get(self, key: str) -> str | None:
        return self.kept.get(key)

    def put(self, values: Mapping[str, str]) -> None:
        self.kept.update(values)


@pytest.fixture
def context() -> MakeContext:
    """What a plugin is given, with nothing behind it."""

    def made(slug: str) -> PluginContext:
        moment = datetime(2026, 1, 2, tzinfo=UTC)
        return PluginContext(slug, {"token": "t", "url": "https://chat"}, ScriptedTransport(), NoReader(), DictMemory(), moment)

    return made
