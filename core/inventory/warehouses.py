"""Warehouses as people keep them: their names, home regions, senders, and whom they serve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..kernel.db import Database, as_json, to_json
from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from ..kernel.values import one_line
from .api import StockChanged

SENDER = ("name", "phone", "province", "city", "district", "detail", "postcode", "company")
"""Parts of the address that stands on parcels as their sender."""
LONGEST_CODE = 64
LONGEST_REGION = 60
LONGEST_PART = 200


@dataclass(frozen=True, slots=True)
class WarehouseRow:
    """A warehouse; `serves` says by shop id how many units of each SKU stay back there from what that shop shows."""

    id: int
    code: str
    title: str
    regions: tuple[str, ...]
    sender: Mapping[str, str]
    serves: Mapping[int, int]


def warehouses(db: Database) -> list[WarehouseRow]:
    """Every warehouse, by code."""
    serves: dict[int, dict[int, int]] = {}
    for warehouse_id, shop_id, safety in db.rows("SELECT warehouse_id, shop_id, safety FROM shop_warehouse ORDER BY shop_id"):
        serves.setdefault(warehouse_id, {})[shop_id] = safety
    return [
        WarehouseRow(id_, code, title, tuple(as_json(regions)), as_json(address), serves.get(id_, {}))
        for id_, code, title, regions, address in db.rows(
            "SELECT id, code, title, regions, address FROM warehouse ORDER BY code"
        )
    ]


def change_warehouse(
    uow: UnitOfWork, warehouse_id: int, title: str, regions: Sequence[str], sender: Mapping[str, str] | None = None
) -> None:
    """Another name, other home regions, another sender; orders that are routed already stay where they are."""
    title, kept, address = checked(title, regions, sender or {})
    changed = uow.db.change(
        "UPDATE warehouse SET title = ?, regions = ?, address = ? WHERE id = ?",
        (title, to_json(kept), to_json(address), warehouse_id),
    )
    if not changed:
        raise DomainError(f"there is no warehouse {warehouse_id}", remedy="choose one of the list")
    uow.note("changed", "warehouse", warehouse_id, data={"title": title, "regions": kept})


def checked(title: str, regions: Sequence[str], sender: Mapping[str, str]) -> tuple[str, list[str], dict[str, str]]:
    """Title, regions and sender as they are kept; DomainError for what does not fit."""
    title = one_line(title, "the title of the warehouse", LONGEST_PART, needed=True)
    kept = [one_line(region, "a home region", LONGEST_REGION, needed=True) for region in regions]
    if twice := sorted({region for region in kept if kept.count(region) > 1}):
        raise DomainError(f"home region {twice[0]} stands twice", remedy="keep one of them")
    if unknown := sorted(set(sender) - {*SENDER, "country", "town"}):
        raise DomainError(f"a sender has no {unknown[0]}", remedy=f"its parts are: {', '.join(SENDER)}")
    address = {part: one_line(text, f"the sender's {part}", LONGEST_PART) for part, text in sender.items()}
    return title, kept, {part: text for part, text in address.items() if text}


def stop_serving(uow: UnitOfWork, shop_id: int, warehouse_id: int) -> None:
    """A warehouse sends nothing more for a shop, which shows nothing of its stock; what is reserved there stays so.

    Fulfillment asks first whether orders wait there: `core/fulfillment/withdrawing.py`.
    """
    if uow.db.row("SELECT 1 FROM stock_lock WHERE shop_id = ? AND warehouse_id = ?", (shop_id, warehouse_id)):
        raise DomainError("units are locked for the shop in this warehouse", remedy="take the locks off first")
    if not uow.db.change("DELETE FROM shop_warehouse WHERE shop_id = ? AND warehouse_id = ?", (shop_id, warehouse_id)):
        raise DomainError("this warehouse does not serve the shop", remedy="reload the page")
    uow.db.change("DELETE FROM safety_stock WHERE shop_id = ? AND warehouse_id = ?", (shop_id, warehouse_id))
    uow.note("serves no more", "warehouse", warehouse_id, data={"shop": shop_id})
    tell_stock(uow, warehouse_id)


def tell_stock(uow: UnitOfWork, warehouse_id: int) -> None:
    """What shops show of everything in a warehouse is to be looked at again."""
    changed = uow.db.rows("SELECT DISTINCT sku_id FROM stock_level WHERE warehouse_id = ? ORDER BY sku_id", (warehouse_id,))
    if changed:
        uow.emit(StockChanged(tuple(row[0] for row in changed)))
