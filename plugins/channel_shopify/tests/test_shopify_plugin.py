"""What the host finds when it loads the plugin."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

import pluggy
from orderyard_channel_shopify import plugin
from orderyard_channel_shopify.adapter import Shopify
from orderyard_channel_shopify.simulator.server import ShopifySimulator

from orderyard import hookspecs


def test_the_entry_point_leads_to_a_manifest_of_the_same_slug() -> None:
    (found,) = entry_points(group="orderyard.plugins", name="channel_shopify")
    assert found.load() is plugin
    assert plugin.manifest.slug == found.name


def test_channel_and_simulator_are_registered_under_one_name() -> None:
    manager = pluggy.PluginManager("orderyard")
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    manager.check_pending()
    assert manager.hook.register_channels() == [[Shopify]]
    assert manager.hook.register_simulators() == [[ShopifySimulator]]
    assert Shopify.name == ShopifySimulator.name == plugin.manifest.slug


def test_a_running_shop_loads_no_simulator() -> None:
    look = "import sys, orderyard_channel_shopify.plugin; print('graphql' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", look], check=True, capture_output=True, text=True).stdout.strip() == "False"
