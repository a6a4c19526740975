"""Reads of shops, SKUs and listings, set-based: one statement for any number of lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..kernel.db import Database
from ..kernel.errors import DomainError


@dataclass(frozen=True, slots=True)
class ShopFacts:
    """What every order of a shop needs to know about it."""

    id: int
    code: str
    title: str
    currency: str
    timezone: str
    tax_rate: int
    ship_policy: str
    carrier: str


@dataclass(frozen=True, slots=True)
class Component:
    """So many units of a SKU in one kit; `price` is its list price."""

    sku_id: int
    code: str
    title: str
    quantity: int
    price: int


@dataclass(frozen=True, slots=True)
class Item:
    """A SKU as an order line needs it; a kit with its components."""

    sku_id: int
    code: str
    title: str
    kit: bool
    price: int
    components: tuple[Component, ...] = ()


_SHOP = "SELECT id, code, title, currency, timezone, tax_rate, ship_policy, carrier FROM shop"

_ITEM = (
    "s.id, s.code, s.title, s.kit, s.price, c.sku_id, c.quantity, p.code, p.title, p.price FROM sku s "
    "LEFT JOIN kit_component c ON c.kit_id = s.id LEFT JOIN sku p ON p.id = c.sku_id"
)


def marks(values: Sequence[object]) -> str:
    """`?,?,?` for an IN list."""
    return ",".join("?" * len(values))


def shops(db: Database) -> list[ShopFacts]:
    return [ShopFacts(*row) for row in db.rows(f"{_SHOP} ORDER BY code")]


def shop(db: Database, shop_id: int) -> ShopFacts:
    """One shop; DomainError when there is none."""
    row = db.row(f"{_SHOP} WHERE id = ?", (shop_id,))
    if row is None:
        raise DomainError(f"there is no shop {shop_id}", remedy="choose one of the list")
    return ShopFacts(*row)


def _gather(rows: Iterable[Sequence[Any]]) -> dict[int, Item]:
    items: dict[int, Item] = {}
    for sku_id, code, title, kit, price, part, quantity, part_code, part_title, part_price in rows:
        item = items.get(sku_id) or Item(sku_id, code, title, bool(kit), price)
        if part is not None:
            piece = Component(part, part_code, part_title, quantity, part_price)
            item = replace(item, components=(*item.components, piece))
        items[sku_id] = item
    return items


def items(db: Database, sku_ids: Iterable[int]) -> dict[int, Item]:
    """SKUs by id."""
    wanted = sorted(set(sku_ids))
    if not wanted:
        return {}
    return _gather(db.rows(f"SELECT {_ITEM} WHERE s.id IN ({marks(wanted)}) ORDER BY s.id, c.id", wanted))


def items_by_code(db: Database, codes: Iterable[str]) -> dict[str, Item]:
    """SKUs by code; codes that mean nothing are simply absent."""
    wanted = sorted(set(codes))
    if not wanted:
        return {}
    found = _gather(db.rows(f"SELECT {_ITEM} WHERE s.code IN ({marks(wanted)}) ORDER BY s.id, c.id", wanted))
    return {item.code: item for item in found.values()}


def listed(db: Database, shop_id: int, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Item | None]:
    """What the listings (item id, variant id) of a shop stand for: a SKU, None while unmapped, absent when never seen."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    # Spelt out, because SQLite reads every listing of the shop for `IN (VALUES …)` of several columns; and it takes no
    # deeper question than 1,000.
    rows: list[tuple[Any, ...]] = []
    for start in range(0, len(wanted), 400):
        part = wanted[start : start + 400]
        these = " OR ".join(["(g.shop_id = ? AND g.item_id = ? AND g.variant_id = ?)"] * len(part))
        rows += db.rows(
            "SELECT g.item_id, g.variant_id, s.id, s.code, s.title, s.kit, s.price, c.sku_id, c.quantity, p.code, p.title, "
            "p.price FROM listing g LEFT JOIN sku s ON s.id = g.sku_id LEFT JOIN kit_component c ON c.kit_id = s.id "
            f"LEFT JOIN sku p ON p.id = c.sku_id WHERE {these} ORDER BY s.id, c.id",
            [value for item_id, variant_id in part for value in (shop_id, item_id, variant_id)],
        )
    known = _gather({row[2:]: None for row in rows if row[2] is not None})
    return {(row[0], row[1]): None if row[2] is None else known[row[2]] for row in rows}
