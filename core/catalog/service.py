"""Commands on the catalog: shops, SKUs and the mapping of listings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import available_timezones

from ..kernel.db import marks, to_json
from ..kernel.errors import DomainError, Duplicate
from ..kernel.uow import UnitOfWork
from ..kernel.values import bounded, exponent, one_line, quantity
from . import queries
from .lookup import items_named

LONGEST_CODE = 64
LONGEST_TITLE = 200
SHIP_POLICIES = ("complete_only", "what_is_there")


@dataclass(frozen=True, slots=True)
class Terms:
    """How a shop trades, for orders that are made from now on."""

    title: str
    timezone: str = "Asia/Shanghai"
    tax_rate: int = 1300
    """Basis points inside every price."""
    ship_policy: str = "complete_only"
    ship_hours: int = 48
    pickup_days: int = 7


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
    code = one_line(code, "the code of the shop", LONGEST_CODE, needed=True)
    _check_terms(Terms(title, timezone, tax_rate))
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


def change_shop(uow: UnitOfWork, code: str, terms: Terms) -> None:
    """Trade on other terms from now on; orders keep the tax and the ship policy they were made with."""
    facts = queries.shop_named(uow.db, code)
    title = _check_terms(terms)
    uow.db.change(
        "UPDATE shop SET title = ?, timezone = ?, tax_rate = ?, ship_policy = ?, ship_hours = ?, pickup_days = ? WHERE id = ?",
        (title, terms.timezone, terms.tax_rate, terms.ship_policy, terms.ship_hours, terms.pickup_days, facts.id),
    )
    told = {"title": title, "timezone": terms.timezone, "tax": terms.tax_rate, "ship policy": terms.ship_policy}
    uow.note("terms changed", "shop", facts.id, data=told | {"ship hours": terms.ship_hours, "pickup days": terms.pickup_days})


def _check_terms(terms: Terms) -> str:
    """The title as it is kept."""
    bounded(terms.tax_rate, "the tax rate in basis points", 10_000)
    bounded(terms.ship_hours, "the number of hours until it ships", 8_760, lowest=1)
    bounded(terms.pickup_days, "the number of days until a pickup is overdue", 365, lowest=1)
    if terms.timezone not in available_timezones():
        raise DomainError(f"there is no time zone {terms.timezone!r}", remedy="write it like Asia/Shanghai")
    if terms.ship_policy not in SHIP_POLICIES:
        raise DomainError(f"there is no ship policy {terms.ship_policy!r}", remedy=f"there are: {', '.join(SHIP_POLICIES)}")
    return one_line(terms.title, "the title of the shop", LONGEST_TITLE, needed=True)


def set_carrier(uow: UnitOfWork, shop_id: int, carrier: str) -> None:
    """The connection whose carrier takes this shop's parcels; empty for none."""
    uow.db.change("UPDATE shop SET carrier = ? WHERE id = ?", (carrier, shop_id))
    uow.note("carrier set", "shop", shop_id, carrier)


def add_skus(uow: UnitOfWork, skus: Sequence[NewSku]) -> dict[str, int]:
    """New SKUs, kits among them after their components; ids by code. A scan must mean one thing, so barcodes are unique."""
    known = {item.code: item for item in queries.items_by_code(uow.db, [sku.code for sku in skus]).values()}
    if known:
        raise Duplicate(f"SKU {min(known)} exists already", remedy="choose another code")
    _refuse_known_barcodes(uow, skus)
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
    write_components(uow, {ids[sku.code]: (sku.code, sku.kit) for sku in skus if sku.kit})
    return ids


def _refuse_known_barcodes(uow: UnitOfWork, skus: Sequence[NewSku]) -> None:
    meant: dict[str, str] = {}
    for sku in skus:
        if sku.barcode and meant.setdefault(sku.barcode, sku.code) != sku.code:
            raise Duplicate(
                f"{sku.barcode} is the barcode of {meant[sku.barcode]} and of {sku.code}",
                remedy="correct one of the two: a scan must mean one thing",
            )
    wanted = list(meant)
    row = (
        uow.db.row(f"SELECT code, barcode FROM sku WHERE barcode IN ({marks(wanted)}) ORDER BY code", wanted)
        if wanted
        else None
    )
    if row is not None:
        code, barcode = row
        raise Duplicate(
            f"{barcode} is the barcode of {code} and of {meant[barcode]}",
            remedy="correct one of the two: a scan must mean one thing",
        )


def write_components(uow: UnitOfWork, kits: Mapping[int, tuple[str, Mapping[str, int]]]) -> None:
    """What is in new kits: by id, the kit's code and the units of each component's code; a kit holds no other kit."""
    parts = queries.items_by_code(uow.db, {code for _, inside in kits.values() for code in inside})
    rows = []
    for kit_id, (kit, inside) in kits.items():
        for code, units in inside.items():
            if code not in parts:
                raise DomainError(f"kit {kit} names SKU {code}, which does not exist", remedy="add that SKU first")
            if parts[code].kit:
                raise DomainError(f"kit {kit} names {code}, which is a kit itself", remedy="name what is in that kit instead")
            rows.append((kit_id, parts[code].sku_id, quantity(units, f"units of {code} in kit {kit}")))
    if rows:
        uow.db.insert("kit_component", ("kit_id", "sku_id", "quantity"), rows)


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
    """Say which SKU a channel's item is, by code or by a barcode that is only its; lines that waited for it go on."""
    item = items_named(uow.db, [sku_code]).get(sku_code)
    if item is None:
        raise DomainError(f"there is no SKU {sku_code}", remedy="check the code, or add the SKU first")
    row = uow.db.row("SELECT shop_id, item_id, variant_id FROM listing WHERE id = ?", (listing_id,))
    if row is None:
        raise DomainError(f"there is no listing {listing_id}", remedy="reload the list of unmapped items")
    uow.db.change("UPDATE listing SET sku_id = ?, published = NULL WHERE id = ?", (item.sku_id, listing_id))
    uow.note("mapped", "listing", listing_id, f"to {item.code}")
    uow.emit(ListingMapped(row[0], row[1], row[2], item.sku_id))


MATCHES: Mapping[str, str] = {
    "code": "s.code = g.merchant_code",
    "barcode": "s.barcode = g.merchant_code AND NOT EXISTS (SELECT 1 FROM sku o WHERE o.barcode = s.barcode AND o.id <> s.id)",
}
"""How the code that a seller gave an item may name a SKU: by its code, or by a barcode that no other one has."""
_AT_ONCE = 200


def match_listings(uow: UnitOfWork, by: str, shop_id: int | None = None) -> tuple[int, bool]:
    """Map the items without SKU whose seller's code names one; how many, and whether there may be more.

    So many in one transaction as nobody has to wait for; lines that waited for them go on.
    """
    if by not in MATCHES:
        raise DomainError(f"items cannot be matched by {by!r}", remedy=f"by {' or by '.join(MATCHES)}")
    rows = uow.db.rows(
        f"SELECT g.id, g.shop_id, g.item_id, g.variant_id, s.id, s.code FROM listing g JOIN sku s ON {MATCHES[by]} "
        f"WHERE g.sku_id IS NULL AND g.merchant_code <> ''{'' if shop_id is None else ' AND g.shop_id = ?'} "
        f"ORDER BY g.id LIMIT {_AT_ONCE + 1}" + ("" if uow.db.sqlite else " FOR UPDATE OF g"),
        [] if shop_id is None else [shop_id],
    )
    for listing_id, shop, item_id, variant_id, sku_id, code in rows[:_AT_ONCE]:
        uow.db.change("UPDATE listing SET sku_id = ?, published = NULL WHERE id = ?", (sku_id, listing_id))
        uow.note("mapped", "listing", listing_id, f"to {code}")
        uow.emit(ListingMapped(shop, item_id, variant_id, sku_id))
    return len(rows[:_AT_ONCE]), len(rows) > _AT_ONCE
