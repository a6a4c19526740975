"""What the host finds when it loads the plugin."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pluggy
from orderyard_channel_woocommerce import plugin
from orderyard_channel_woocommerce.adapter import WooCommerce
from orderyard_channel_woocommerce.simulator.server import WooCommerceSimulator

from orderyard import hookspecs
from orderyard.core.channels.api import (
    ChangesShipments,
    KeepsSubscriptions,
    ListsItems,
    PushesStock,
    ReceivesWebhooks,
    TellsWhoItIs,
)


def test_the_entry_point_leads_to_a_manifest_of_the_same_slug() -> None:
    described = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
    assert described["project"]["entry-points"]["orderyard.plugins"] == {plugin.manifest.slug: plugin.__name__}


def test_channel_and_simulator_are_registered_under_one_name() -> None:
    manager = pluggy.PluginManager("orderyard")
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    manager.check_pending()
    assert manager.hook.register_channels() == [[WooCommerce]]
    assert manager.hook.register_simulators() == [[WooCommerceSimulator]]
    assert WooCommerce.name == WooCommerceSimulator.name == plugin.manifest.slug


def test_the_channel_has_the_powers_it_speaks_of(channel: WooCommerce) -> None:
    powers = (PushesStock, ListsItems, ReceivesWebhooks, ChangesShipments, KeepsSubscriptions, TellsWhoItIs)
    assert all(isinstance(channel, power) for power in powers)


def test_a_running_shop_loads_no_simulator() -> None:
    look = (
        "import sys, orderyard_channel_woocommerce.plugin as p; print(any('woocommerce.sim' in name for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", look], check=True, capture_output=True, text=True).stdout.strip() == "False"
