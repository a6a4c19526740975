"""What pages about shops, SKUs, price lists and promotions show."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..kernel.db import Database, as_json, as_moment, marks
from ..kernel.matching import contains
from .prices import Price
from .promotions import Offer, PromotionKind

PAGE = 50


@dataclass(frozen=True, slots=True)
class ShopRow:
    """Everything that is set about a shop."""

    id: int
    code: str
    title: str
    currency: str
    timezone: str
    tax_rate: int
    ship_policy: str
    ship_hours: int
    carrier: str
    finance_review: bool
    merge_minutes: int
    parcel_first: int
    parcel_next: int
    pickup_days: int


def shops(db: Database) -> list[ShopRow]:
    """Every shop, by code."""
    return [
        ShopRow(*[*row[:9], bool(row[9]), *row[10:]])
        for row in db.rows(
            "SELECT id, code, title, currency, timezone, tax_rate, ship_policy, ship_hours, carrier, finance_review, "
            "merge_minutes, parcel_first, parcel_next, pickup_days FROM shop ORDER BY code"
        )
    ]


@dataclass(frozen=True, slots=True)
class Inside:
    """A component of a kit."""

    code: str
    title: str
    quantity: int


@dataclass(frozen=True, slots=True)
class SkuRow:
    """A SKU with everything that is kept about it."""

    id: int
    code: str
    title: str
    product: str
    options: Mapping[str, str]
    barcode: str
    price: int
    weight_g: int
    volume_cm3: int
    kit: bool
    inside: tuple[Inside, ...] = ()


_SKU = "SELECT id, code, title, product, options, barcode, price, weight_g, volume_cm3, kit FROM sku"


def skus(db: Database, text: str = "", after: str = "") -> tuple[list[SkuRow], str]:
    """One page by code, and the code after which the next one starts; empty at the end.

    `text` is a whole barcode, or a part of a code or name; full-width digits and letters are read as plain ones.
    """
    conditions, given = ["code > ?"], [after]
    if wanted := unicodedata.normalize("NFKC", text).strip():
        in_code, code = contains(db, "code", wanted)
        in_title, title = contains(db, "title", wanted)
        conditions.append(f"(barcode = ? OR {in_code} OR {in_title})")
        given += [wanted, *code, *title]
    rows = db.rows(f"{_SKU} WHERE {' AND '.join(conditions)} ORDER BY code LIMIT {PAGE + 1}", given)
    return _with_components(db, rows[:PAGE]), rows[PAGE - 1][1] if len(rows) > PAGE else ""


def sku(db: Database, sku_id: int) -> SkuRow | None:
    found = _with_components(db, db.rows(f"{_SKU} WHERE id = ?", (sku_id,)))
    return found[0] if found else None


def kits_with(db: Database, sku_id: int) -> list[tuple[int, str, str]]:
    """The kits a SKU is in: id, code, name."""
    return db.rows(
        "SELECT k.id, k.code, k.title FROM kit_component c JOIN sku k ON k.id = c.kit_id WHERE c.sku_id = ? ORDER BY k.code",
        (sku_id,),
    )


def _with_components(db: Database, rows: list[tuple[Any, ...]]) -> list[SkuRow]:
    kits = [row[0] for row in rows if row[9]]
    inside: dict[object, list[Inside]] = {}
    if kits:
        for kit, code, title, units in db.rows(
            "SELECT c.kit_id, s.code, s.title, c.quantity FROM kit_component c JOIN sku s ON s.id = c.sku_id "
            f"WHERE c.kit_id IN ({marks(kits)}) ORDER BY c.id",
            kits,
        ):
            inside.setdefault(kit, []).append(Inside(code, title, units))
    return [SkuRow(*[*row[:4], as_json(row[4]), *row[5:9], bool(row[9]), tuple(inside.get(row[0], ()))]) for row in rows]


@dataclass(frozen=True, slots=True)
class PriceListRow:
    """A price list without what is in it; shop and group are empty where it is for all."""

    id: int
    code: str
    title: str
    shop: str
    group: str
    currency: str
    prices: int


def price_lists(db: Database) -> list[PriceListRow]:
    """Every price list, by code."""
    return [
        PriceListRow(*row)
        for row in db.rows(
            "SELECT p.id, p.code, p.title, COALESCE(s.code, ''), p.customer_group, p.currency, "
            "(SELECT COUNT(*) FROM price_list_item i WHERE i.price_list_id = p.id) FROM price_list p "
            "LEFT JOIN shop s ON s.id = p.shop_id ORDER BY p.code"
        )
    ]


def prices_in(db: Database, list_id: int) -> list[tuple[Price, str]]:
    """The prices of a list with the names of their SKUs, by code and quantity."""
    return [
        (Price(code, price, from_quantity), title)
        for code, price, from_quantity, title in db.rows(
            "SELECT s.code, i.price, i.from_quantity, s.title FROM price_list_item i JOIN sku s ON s.id = i.sku_id "
            "WHERE i.price_list_id = ? ORDER BY s.code, i.from_quantity",
            (list_id,),
        )
    ]


@dataclass(frozen=True, slots=True)
class PromotionRow:
    """A promotion, where it holds, and whether it is switched on; an empty shop is all that trade in the currency."""

    id: int
    offer: Offer
    currency: str
    shop: str
    enabled: bool


def promotions(db: Database) -> list[PromotionRow]:
    """Every promotion, by code."""
    rows = db.rows(
        "SELECT p.id, p.code, p.kind, p.value, p.minimum, p.title, p.customer_group, p.starts_at, p.ends_at, p.currency, "
        "COALESCE(s.code, ''), p.enabled FROM promotion p LEFT JOIN shop s ON s.id = p.shop_id ORDER BY p.code"
    )
    return [
        PromotionRow(
            id_,
            Offer(code, PromotionKind(kind), value, minimum, title, group, _moment(start), _moment(end)),
            currency,
            shop,
            bool(enabled),
        )
        for id_, code, kind, value, minimum, title, group, start, end, currency, shop, enabled in rows
    ]


def _moment(value: datetime | str | None) -> datetime | None:
    return None if value is None else as_moment(value)


def customer_groups(db: Database) -> list[str]:
    """The groups of customers that a price list or promotion names."""
    return [
        row[0]
        for row in db.rows(
            "SELECT customer_group FROM price_list WHERE customer_group <> '' UNION "
            "SELECT customer_group FROM promotion WHERE customer_group <> '' ORDER BY 1"
        )
    ]
