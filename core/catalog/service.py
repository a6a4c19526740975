"""Commands on the catalog: shops, SKUs and the mapping of listings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..kernel.db import to_json
from ..kernel.errors import DomainError, Duplicate
from ..kernel.uow import UnitOfWork
from ..kernel.values import exponent, quantity
from . import queries


@dataclass(frozen=True, slots=True)
class NewSku:
    """A SKU to be made; `kit` maps component codes to units and makes it a kit."""

    code: str
    title: str
    product: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    barcode: str = ""
    price: int = 0
    weight_g: int = 0
    volume_cm3: int = 0
    kit: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ListingMapped:
    """A channel's item now stands for a SKU; lines that waited for that may go on."""

    shop_id: int
    item_id: str
    variant_id: str
    sku_id: int


def add_shop(
    uow: UnitOfWork, code: str, title: str, currency: str, *, timezone: str = "Asia/Shanghai", tax_rate: int = 1300
) -> int:
    """A new storefront; its id."""
    exponent(currency)
    if uow.db.row("SELECT 1 FROM shop WHERE code = ?", (code,)):
        raise Duplicate(f"shop {code} exists already", remedy="choose another code")
    [(shop_id,)] = uow.db.insert(
        "shop",
        ("code", "title", "currency", "timezone", "tax_rate", "ship_policy", "carrier"),
        [(code, title, currency, timezone, tax_rate, "complete_only", "")],
        returning="id",
    )
    uow.note("added", "shop", shop_id)
    return int(shop_id)


def set_carrier(uow: UnitOfWork, shop_id: int, carrier: str) -> None:
    """The connection whose carrier takes this shop's parcels; empty for none."""
    uow.db.change("UPDATE shop SET carrier = ? WHERE id = ?", (carrier, shop_id))
    uow.note("carrier set", "shop", shop_id, carrier)


def add_skus(uow: UnitOfWork, skus: Sequence[NewSku]) -> dict[str, int]:
    """New SKUs, kits among them after their components; ids by code."""
    known = {item.code: item for item in queries.items_by_code(uow.db, [sku.code for sku in skus]).values()}
    if known:
        raise Duplicate(f"SKU {min(known)} exists already", remedy="choose another code")
    rows = uow.db.insert(
        "sku",
        ("code", "product", "title", "options", "barcode", "price", "weight_g", "volume_cm3", "kit"),
        [
            (
                sku.code,
                sku.product,
                sku.title,
                to_json(dict(sku.options)),
                sku.barcode,
                sku.price,
                sku.weight_g,
                sku.volume_cm3,
                bool(sku.kit),
            )
            for sku in skus
        ],
        returning="id, code",
    )
    ids = {code: sku_id for sku_id, code in rows}
    outside = {code for sku in skus for code in sku.kit if code not in ids}
    parts = ids | {code: item.sku_id for code, item in queries.items_by_code(uow.db, outside).items()}
    components = []
    for sku in skus:
        for code, units in sku.kit.items():
            if code not in parts:
                raise DomainError(f"kit {sku.code} names SKU {code}, which does not exist", remedy="add that SKU first")
            components.append((ids[sku.code], parts[code], quantity(units, f"units of {code} in kit {sku.code}")))
    if components:
        uow.db.insert("kit_component", ("kit_id", "sku_id", "quantity"), components)
    return ids


def meet_listings(uow: UnitOfWork, shop_id: int, seen: Mapping[tuple[str, str], tuple[str, str]]) -> None:
    """Remember channel items never seen before, each mapped where its merchant code is a SKU's code.

    `seen` maps (item id, variant id) to (merchant code, title); what is known already stays as it is.
    """
    items = queries.items_by_code(uow.db, [code for code, _ in seen.values() if code])
    uow.db.insert(
        "listing",
        ("shop_id", "item_id", "variant_id", "merchant_code", "title", "sku_id", "percent", "plus", "paused"),
        [
            (shop_id, item_id, variant_id, code, title, items[code].sku_id if code in items else None, 100, 0, False)
            for (item_id, variant_id), (code, title) in seen.items()
        ],
        conflict="(shop_id, item_id, variant_id) DO NOTHING",
    )


def map_listing(uow: UnitOfWork, listing_id: int, sku_code: str) -> None:
    """Say which SKU a channel's item is; lines that waited for it go on."""
    item = queries.items_by_code(uow.db, [sku_code]).get(sku_code)
    if item is None:
        raise DomainError(f"there is no SKU {sku_code}", remedy="check the code, or add the SKU first")
    row = uow.db.row("SELECT shop_id, item_id, variant_id FROM listing WHERE id = ?", (listing_id,))
    if row is None:
        raise DomainError(f"there is no listing {listing_id}", remedy="reload the list of unmapped items")
    uow.db.change("UPDATE listing SET sku_id = ?, published = NULL WHERE id = ?", (item.sku_id, listing_id))
    uow.note("mapped", "listing", listing_id, f"to {sku_code}")
    uow.emit(ListingMapped(row[0], row[1], row[2], item.sku_id))
