"""What the host finds when it loads the plugin."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path

import pluggy
import pytest
from orderyard_channel_taobao import plugin
from orderyard_channel_taobao.channel import TaobaoChannel
from orderyard_channel_taobao.simulator.server import TaobaoSimulator

from orderyard import hookspecs
from orderyard.core.channels.api import (
    AnswersClaims,
    Authorises,
    ChangesShipments,
    KeepsSubscriptions,
    ListsItems,
    PushesStock,
    QueuesMessages,
    ReceivesWebhooks,
    ReportsClaims,
    TellsWhoItIs,
    WritesMemos,
)
from orderyard.core.testing.scripted import ScriptedTransport


def test_the_entry_point_leads_to_a_manifest_of_the_same_slug() -> None:
    (found,) = entry_points(group="orderyard.plugins", name="channel_taobao")
    assert found.load() is plugin
    assert plugin.manifest.slug == found.name


def test_channel_and_simulator_are_registered_under_one_name() -> None:
    manager = pluggy.PluginManager("orderyard")
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    manager.check_pending()
    assert manager.hook.register_channels() == [[TaobaoChannel]]
    assert manager.hook.register_simulators() == [[TaobaoSimulator]]
    assert TaobaoChannel.name == TaobaoSimulator.name == plugin.manifest.slug


@pytest.mark.parametrize(
    "power",
    [
        PushesStock,
        ListsItems,
        ReportsClaims,
        AnswersClaims,
        WritesMemos,
        ChangesShipments,
        QueuesMessages,
        KeepsSubscriptions,
        Authorises,
        TellsWhoItIs,
    ],
)
def test_it_has_every_power_the_platform_gives(power: type) -> None:
    assert isinstance(TaobaoChannel({}, ScriptedTransport()), power)


def test_it_receives_no_webhooks() -> None:
    assert not isinstance(TaobaoChannel({}, ScriptedTransport()), ReceivesWebhooks)


def test_simulator_and_adapter_share_no_code() -> None:
    package = Path(plugin.__file__).parent
    own = re.compile(r"^\s*(?:from|import)\s+(\.\.?|orderyard_channel_taobao)(\w*)", re.MULTILINE)
    for path in package.glob("simulator/*.py"):
        assert [found for found in own.findall(path.read_text(encoding="utf-8")) if found[0] != "."] == []
    for path in set(package.glob("*.py")) - {package / "plugin.py"}:
        assert "simulator" not in {found[1] for found in own.findall(path.read_text(encoding="utf-8"))}
