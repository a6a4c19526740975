"""Entry point of replenish: commands that look at the figures and suggest, and a list of what ran low."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import ClassVar

from orderyard.core.host.api import Command, Manifest, PluginContext
from orderyard.core.inventory.api import LowStock, LowStockCleared, SalesFigure, StockFigure
from orderyard.core.kernel.errors import DomainError
from orderyard.core.kernel.values import SettingField
from orderyard.hookspecs import hookimpl

from .plans import Terms, balance, suggest

SETTINGS = (
    SettingField("lead_days", "Days from order to shelf 到货天数", required=False, default="7"),
    SettingField("safety_days", "Days on top 安全天数", required=False, default="3"),
    SettingField("window_days", "Days of sales to look at 统计天数", required=False, default="30"),
    SettingField("packs", "Units of a pack 箱规", required=False, help="TEE=12; CAP=6"),
    SettingField("leads", "Lead days of SKUs that differ", required=False, help="MUG=45"),
)
manifest = Manifest(slug="replenish", title="Replenish 补货", settings=SETTINGS)


def terms_of(settings: Mapping[str, str]) -> Terms:
    """The settings as numbers; DomainError names the one that is none."""
    return Terms(
        _whole(settings["lead_days"], "lead_days", 0),
        _whole(settings["safety_days"], "safety_days", 0),
        _whole(settings["window_days"], "window_days", 1),
        _by_sku(settings["packs"], "packs", 1),
        _by_sku(settings["leads"], "leads", 0),
    )


def _whole(text: str, name: str, lowest: int) -> int:
    if not re.fullmatch(r"\s*[0-9]{1,6}\s*", text) or int(text) < lowest:
        raise DomainError(f"setting {name} is {text!r}", remedy=f"give a whole number of at least {lowest}")
    return int(text)


def _by_sku(text: str, name: str, lowest: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in re.split(r"[;；\n]", text):
        if not part.strip():
            continue
        sku, is_set, number = part.partition("=")
        if not is_set or not sku.strip():
            raise DomainError(f"setting {name} has {part.strip()!r}", remedy="write it as TEE=12; CAP=6")
        found[sku.strip()] = _whole(number, f"{name}, {sku.strip()}", lowest)
    return found


def _figures(context: PluginContext, terms: Terms, skus: Sequence[str]) -> tuple[Sequence[StockFigure], Sequence[SalesFigure]]:
    """Stock and the sales of the window, of some SKUs or of all."""
    today = context.read.today()
    stock = context.read.stock()
    sales = context.read.sales(today - timedelta(days=terms.window_days), today - timedelta(days=1))
    known = {row.sku for row in stock} | {row.sku for row in sales}
    for sku in skus:
        if sku not in known:
            raise DomainError(f"nothing is known of {sku}", remedy="name SKUs that are or were in stock, or none for all")
    wanted = set(skus) or known
    return [row for row in stock if row.sku in wanted], [row for row in sales if row.sku in wanted]


class Suggest(Command):
    """Says what to order from suppliers."""

    name: ClassVar[str] = "suggest"
    help: ClassVar[str] = "what to order from suppliers, and why [SKU ...]"

    def run(self, context: PluginContext, arguments: Sequence[str]) -> Iterable[str]:
        terms = terms_of(context.settings)
        stock, sales = _figures(context, terms, arguments)
        return [str(one) for one in suggest(stock, sales, terms)] or ["nothing needs to be ordered"]


class Balance(Command):
    """Says what to move between warehouses."""

    name: ClassVar[str] = "balance"
    help: ClassVar[str] = "what to send from one warehouse to another, so that all last equally long [SKU ...]"

    def run(self, context: PluginContext, arguments: Sequence[str]) -> Iterable[str]:
        stock, sales = _figures(context, terms_of(context.settings), arguments)
        return [str(one) for one in balance(stock, sales)] or ["nothing needs to be moved"]


class Low(Command):
    """Says what ran low and is still low, and what to order of it."""

    name: ClassVar[str] = "low"
    help: ClassVar[str] = "what ran below its threshold, and what to order of it"

    def run(self, context: PluginContext, arguments: Sequence[str]) -> Iterable[str]:
        terms = terms_of(context.settings)
        stock = context.read.stock()
        lines = []
        for (sku, warehouse), threshold in sorted(_kept(context).items()):
            available = sum(row.available for row in stock if row.sku == sku and warehouse in ("", row.warehouse))
            if available < threshold:
                figures = _figures(context, terms, [sku]) if any(row.sku == sku for row in stock) else ([], [])
                order = [f"; order {one.units}" for one in suggest(*figures, terms)]
                place = f" in {warehouse}" if warehouse else ""
                lines.append(f"{sku}{place}: {available} available, wanted {threshold}{''.join(order)}")
        return lines or ["nothing is low"]


def _kept(context: PluginContext) -> dict[tuple[str, str], int]:
    """Thresholds that were crossed, by SKU and warehouse."""
    return {(sku, warehouse): units for sku, warehouse, units in json.loads(context.memory.get("low") or "[]")}


def _keep(context: PluginContext, low: Mapping[tuple[str, str], int]) -> None:
    context.memory.put({"low": json.dumps([[*key, units] for key, units in sorted(low.items())], ensure_ascii=False)})


@hookimpl
def register_commands() -> Iterable[type[Command]]:
    return (Suggest, Balance, Low)


@hookimpl
def on_low_stock(events: Sequence[LowStock], context: PluginContext) -> None:
    """What is told twice or late does no harm: `low` compares with what is there now."""
    _keep(context, _kept(context) | {(event.sku, event.warehouse): event.threshold for event in events})


@hookimpl
def on_low_stock_cleared(events: Sequence[LowStockCleared], context: PluginContext) -> None:
    gone = {(event.sku, event.warehouse) for event in events}
    _keep(context, {key: units for key, units in _kept(context).items() if key not in gone})
