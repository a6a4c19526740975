"""Reads of shops, SKUs and listings, set-based: one statement for any number of lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

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
    merge_minutes: int = 0


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


_SHOP = "SELECT id, code, title, currency, timezone, tax_rate, ship_policy, carrier, merge_minutes FROM shop"

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


def shop_named(db: Database, code: str) -> ShopFacts:
    """One shop by its code; DomainError names those there are."""
    row = db.row(f"{_SHOP} WHERE code = ?", (code,))
    if row is None:
        known = ", ".join(facts.code for facts in shops(db)) or "none yet"
        raise DomainError(f"there is no shop {code}", remedy=f"there are: {known}")
    return ShopFacts(*row)


def _gather(rows: Iterable[Sequence[object]]) -> dict[int, Item]:
    items: dict[int, Item] = {}
    for sku_id, code, title, kit, price, part, quantity, part_code, part_title, part_price in rows:
        item = items.get(sku_id) or Item(sku_id, code, title, bool(kit), price)  # type: ignore[call-overload, arg-type]
        if part is not None:
            piece = Component(part, part_code, part_title, quantity, part_price)  # type: ignore[arg-type]
            item = replace(item, components=(*item.components, piece))
        items[sku_id] = item  # type: ignore[index]
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
    rows = db.rows(
        "SELECT g.item_id, g.variant_id, s.id, s.code, s.title, s.kit, s.price, c.sku_id, c.quantity, p.code, p.title, "
        f"p.price FROM (VALUES {','.join(['(?,?)'] * len(wanted))}) AS v CROSS JOIN listing g LEFT JOIN sku s ON s.id = g.sku_id "
        "LEFT JOIN kit_component c ON c.kit_id = s.id LEFT JOIN sku p ON p.id = c.sku_id "
        "WHERE g.shop_id = ? AND g.item_id = v.column1 AND g.variant_id = v.column2 ORDER BY s.id, c.id",
        [*(part for key in wanted for part in key), shop_id],
    )
    known = _gather({row[2:]: None for row in rows if row[2] is not None})
    return {(row[0], row[1]): None if row[2] is None else known[row[2]] for row in rows}
