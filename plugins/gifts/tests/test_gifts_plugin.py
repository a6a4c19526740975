"""The plugin as its host sees it."""

from __future__ import annotations

from importlib.metadata import entry_points

import pluggy
import pytest
from orderyard_gifts import plugin

from orderyard import hookspecs


def test_the_entry_point_carries_the_slug() -> None:
    found = [*entry_points(group="orderyard.plugins", name=plugin.manifest.slug)]
    if not found:
        pytest.skip("the plugin is not installed here, only importable")
    assert found[0].load() is plugin


def test_its_hooks_are_known_to_the_contract() -> None:
    manager = pluggy.PluginManager("orderyard")
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    manager.check_pending()
    assert manager.hook.amend_settled.get_hookimpls()
