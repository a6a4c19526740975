"""Goods: what comes in, what is lost, what stands where, what shops show of it."""

from __future__ import annotations

from ....inventory import published as stock
from ....inventory.api import Place
from ....inventory.service import Receipt, receive, write_off
from ....kernel.errors import DomainError
from ..grammar import Form, Said
from ..world import Unmet, World


def _bring(world: World, said: Said, source: Place, key: str) -> None:
    warehouse = world.warehouse(said["warehouse"])
    receipts = [
        Receipt(world.sku(part["sku"]).sku_id, part["units"], world.money(part.get("amount"))) for part in said.all("goods")
    ]
    with world.work() as uow:
        receive(uow, warehouse, receipts, source=source, document=next(world.serials), key=key, text=key)


def opening(world: World, said: Said) -> None:
    _bring(world, said, Place.OPENING, f"opening/{next(world.serials)}")


def delivery(world: World, said: Said) -> None:
    _bring(world, said, Place.SUPPLIER, said["delivery"])


def _level(world: World, warehouse: str, sku: str) -> int:
    found = world.rows(
        "SELECT id FROM stock_level WHERE warehouse_id = ? AND sku_id = ? AND lot = '' AND quality = 'good' ORDER BY id",
        (world.warehouse(warehouse), world.sku(sku).sku_id),
    )
    if not found:
        raise DomainError(f"{warehouse} never had any {sku}")
    return int(str(found[0][0]))


def lose(world: World, said: Said) -> None:
    level = _level(world, said["warehouse"], said["sku"])
    with world.work() as uow:
        write_off(uow, level, said["units"], key=f"loss/{next(world.serials)}", because=said["text"])


def set_listing(world: World, said: Said) -> None:
    """No command sets these yet, so the row is written."""
    shop = world.shop(said["shop"])
    changed = {
        "percent": None if "percent" not in said else int(said.part("percent", "percent")),
        "plus": said.part("plus", "units"),
        "maximum": said.part("maximum", "units"),
        "paused": True if "paused" in said else (False if "resumed" in said else None),
    }
    given = {column: value for column, value in changed.items() if value is not None}
    with world.work() as uow:
        for column, value in given.items():
            touched = uow.db.change(
                f"UPDATE listing SET {column} = ? WHERE shop_id = ? AND item_id = ?", (value, shop.id, said["item"])
            )
            if not touched:
                raise DomainError(f"{shop.code} lists no {said['item']}", remedy="a `listing` line or an order makes it known")


def expect_stock(world: World, said: Said) -> None:
    found = world.rows(
        "SELECT COALESCE(SUM(on_hand), 0), COALESCE(SUM(reserved), 0), COALESCE(SUM(value), 0) FROM stock_level "
        "WHERE warehouse_id = ? AND sku_id = ? AND quality = 'good'",
        (world.warehouse(said["warehouse"]), world.sku(said["sku"]).sku_id),
    )
    on_hand, reserved, value = (int(str(number)) for number in found[0])
    shown = {"on hand": on_hand, "reserved": reserved, "available": on_hand - reserved}
    if "units" in said and said["units"] != on_hand:
        raise Unmet(f"{said['units']} on hand", f"{on_hand} on hand")
    for part, count in shown.items():
        if part in said and said.part(part, "units") != count:
            raise Unmet(f"{part} {said.part(part, 'units')}", ", ".join(f"{name} {number}" for name, number in shown.items()))
    if "worth" in said and world.money(said.part("worth", "amount")) != value:
        raise Unmet(f"worth {said.part('worth', 'amount')}", f"worth {world.text(value)}")


def expect_number(world: World, said: Said) -> None:
    """The number a listing should show now, whether or not it was published."""
    shop = world.shop(said["shop"])
    rows = stock.published(world.system.installation.db, shop.id)
    found = next((row for row in rows if row.item_id == said["item"]), None)
    if found is None:
        raise Unmet(f"a mapped listing {said['item']}", ", ".join(row.item_id for row in rows) or "none")
    if found.wanted != said["units"]:
        raise Unmet(f"{said['item']} {said['units']}", f"{said['item']} {found.wanted}, from {found.base} to sell")


_GOODS = {"goods*": "<sku> <units> [at <amount>]"}

FORMS: tuple[Form[World], ...] = (
    Form("opening stock in <warehouse>", "What stood there before the books began, with what one unit cost.", opening,
         _GOODS),
    Form("receive <delivery> into <warehouse>",
         "A supplier's delivery, with what one unit costs; whoever waits is served first.", delivery, _GOODS),
    Form("write off <sku> <units> in <warehouse> because <text>", "Units are gone.", lose),
    Form("set <item> on <shop>", "What of the stock this listing shows.", set_listing,
         {"percent": "percent <percent>", "plus": "plus <units>", "maximum": "maximum <units>", "paused": "paused",
          "resumed": "resumed"}),
    Form("expect stock of <sku> in <warehouse> [<units>]",
         "Good units: on hand, of these reserved, and what is left; what they cost together.", expect_stock,
         {"on hand": "on hand <units>", "reserved": "reserved <units>", "available": "available <units>",
          "worth": "worth <amount>"}),
    Form("expect <shop> should show <item> <units>", "The number that is to be published.", expect_number),
)  # fmt: skip
