"""The plugin as its host sees it."""

from __future__ import annotations

from importlib.metadata import entry_points

import pluggy
from orderyard_finance_export import plugin

from orderyard import hookspecs


def test_the_entry_point_carries_the_slug() -> None:
    (found,) = entry_points(group="orderyard.plugins", name=plugin.manifest.slug)
    assert found.load() is plugin


def test_both_formats_are_registered_under_their_names() -> None:
    manager = pluggy.PluginManager("orderyard")
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    manager.check_pending()
    (exporters,) = manager.hook.register_ledger_exporters()
    assert [exporter.name for exporter in exporters] == ["kingdee_k3", "beancount"]


def test_the_settings_form_knows_every_setting_of_the_formats_once() -> None:
    names = [field.name for field in plugin.manifest.settings]
    assert len(names) == len(set(names))
    assert {"standard", "kingdee_accounts", "rates", "beancount_accounts", "base_currency"} <= set(names)
