"""Entry point of the finance export: two file formats, one settings form."""

from __future__ import annotations

from collections.abc import Iterable

from orderyard.core.host.api import Manifest
from orderyard.core.ledger.api import LedgerExporter
from orderyard.hookspecs import hookimpl

from .bean import Beancount
from .kingdee import KingdeeK3

manifest = Manifest(
    slug="finance_export",
    title="Finance export (Kingdee K3, Beancount)",
    settings=tuple({field.name: field for field in (*KingdeeK3.settings, *Beancount.settings)}.values()),
)


@hookimpl
def register_ledger_exporters() -> Iterable[type[LedgerExporter]]:
    return (KingdeeK3, Beancount)
