"""The plugin as the host sees it."""

from importlib.metadata import entry_points

import orderyard_carrier_sf.plugin as plugin
import pluggy
from orderyard_carrier_sf.carrier import SfExpress
from orderyard_carrier_sf.simulator.server import SfExpressSimulator

import orderyard.hookspecs as hookspecs
from orderyard.core.carriers.api import PrintsLabels, ReceivesTracking
from orderyard.core.testing.scripted import ScriptedTransport


def test_the_entry_point_is_the_module_with_the_manifest() -> None:
    (found,) = [entry for entry in entry_points(group="orderyard.plugins") if entry.name == "carrier_sf"]
    assert found.load() is plugin
    assert plugin.manifest.slug == "carrier_sf"


def test_its_hooks_are_all_known_to_the_host() -> None:
    manager = pluggy.PluginManager("orderyard")
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    manager.check_pending()
    assert list(manager.hook.register_carriers()) == [(SfExpress,)]
    assert list(manager.hook.register_simulators()) == [(SfExpressSimulator,)]


def test_it_prints_labels_and_takes_pushes() -> None:
    carrier = SfExpress({}, ScriptedTransport())
    assert isinstance(carrier, PrintsLabels)
    assert isinstance(carrier, ReceivesTracking)
    assert carrier.code == "SF"
