"""What shops show of the stock: the number of every listing, and everything it came from.

shop_base = sum over the shop's warehouses of max(0, available - locked for other shops - safety), where a shop that may sell
its own locked units only is offered no more than these. A kit takes its scarcest component. Then
clamp(floor(base * percent) + plus, 0, maximum), and 0 while paused. While a presale is open, the rest of its cap is the base.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..catalog.queries import marks
from ..kernel.db import Database
from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from .api import LockMode, StockChanged

_TOGETHER = 5_000


@dataclass(frozen=True, slots=True)
class Published:
    """The number a listing should show, and what it came from."""

    listing_id: int
    item_id: str
    variant_id: str
    merchant_code: str
    wanted: int
    acknowledged: int | None
    base: int
    """What the shop could sell: over its warehouses, what is available to it beyond the safety stock."""


@dataclass(slots=True)
class Offer:
    """What one warehouse offers a shop of one SKU; good units, over all lots."""

    warehouse: str
    safety: int
    mode: LockMode | None = None
    on_hand: int = 0
    reserved: int = 0
    resting: int = 0
    """Not reserved, but being counted or too old to be promised today."""
    available: int = 0
    locked_for_others: int = 0
    own_lock: int = 0

    @property
    def free(self) -> int:
        """What the shop's orders may reserve."""
        return self.own_lock if self.mode in (LockMode.ONLY, LockMode.ONLY_HERE) else self.available - self.locked_for_others

    @property
    def offered(self) -> int:
        """Its part of the shop's base."""
        return min(self.free, max(0, self.available - self.locked_for_others - self.safety))


@dataclass(frozen=True, slots=True)
class Part:
    """A SKU that a listing sells: itself, or a component so many of which are in one kit."""

    sku_id: int
    sku: str
    per_kit: int
    offers: tuple[Offer, ...]

    @property
    def base(self) -> int:
        return sum(offer.offered for offer in self.offers)

    @property
    def sets(self) -> int:
        """How many pieces of the listing it would do for."""
        return self.base // self.per_kit


@dataclass(frozen=True, slots=True)
class Presold:
    """An open presale: what may be promised ahead, and what is by a paid deposit."""

    cap: int
    taken: int


@dataclass(frozen=True, slots=True)
class Explained:
    """Why a listing shows its number: every factor, in the order in which they count."""

    listing: Published
    shop: str
    parts: tuple[Part, ...]
    presale: Presold | None
    percent: int
    plus: int
    maximum: int | None
    paused: bool

    @property
    def scarcest(self) -> Part:
        """The component that limits a kit; the SKU itself otherwise."""
        return min(self.parts, key=lambda part: part.sets)


@dataclass(slots=True)
class _Listing:
    """A listing's own row, with the SKUs it takes and how many of each."""

    id: int
    item_id: str
    variant_id: str
    merchant_code: str
    percent: int
    plus: int
    maximum: int | None
    paused: bool
    acknowledged: int | None
    presale: Presold | None
    parts: list[tuple[int, str, int]] = field(default_factory=list)

    def number(self, base: int) -> Published:
        shown = max(0, base * self.percent // 100 + self.plus)
        if self.maximum is not None:
            shown = min(shown, self.maximum)
        if self.paused:
            shown = 0
        return Published(self.id, self.item_id, self.variant_id, self.merchant_code, shown, self.acknowledged, base)


def published(db: Database, shop_id: int, sku_ids: Iterable[int] | None = None, today: str = "") -> list[Published]:
    """What every mapped listing of a shop should show now; with `sku_ids`, only those that these SKUs have a part in.

    `today` is the merchant's day: lots with too little life left on it are not shown. Two statements.
    """
    listings = _listings(db, shop_id, sku_ids=sku_ids)
    if not listings:
        return []
    offers = _offers(db, shop_id, {sku_id for listing in listings for sku_id, _, _ in listing.parts}, today)
    bases = {sku_id: sum(offer.offered for offer in there) for sku_id, there in offers.items()}
    return [
        listing.number(
            listing.presale.cap - listing.presale.taken
            if listing.presale
            else min(bases.get(sku_id, 0) // units for sku_id, _, units in listing.parts)
        )
        for listing in listings
    ]


def explain(db: Database, listing_id: int, today: str = "") -> Explained:
    """Why a listing shows its number; DomainError for one that does not exist or stands for no SKU."""
    row = db.row(
        "SELECT g.shop_id, s.code, g.sku_id FROM listing g JOIN shop s ON s.id = g.shop_id WHERE g.id = ?", (listing_id,)
    )
    if row is None:
        raise DomainError(f"there is no listing {listing_id}", remedy="reload the page")
    if row[2] is None:
        raise DomainError(f"listing {listing_id} stands for no SKU", remedy="map it first; until then nothing is shown")
    return explain_all(db, row[0], [listing_id], today)[0]


def explain_all(db: Database, shop_id: int, listing_ids: Iterable[int] | None = None, today: str = "") -> list[Explained]:
    """Why the mapped listings of a shop show their numbers: of all of them, or of these."""
    listings = _listings(db, shop_id, listing_ids=listing_ids)
    if not listings:
        return []
    shop = db.row("SELECT code FROM shop WHERE id = ?", (shop_id,))
    offers = _offers(db, shop_id, {sku_id for listing in listings for sku_id, _, _ in listing.parts}, today)
    found = []
    for listing in listings:
        parts = tuple(Part(sku_id, code, units, tuple(offers.get(sku_id, ()))) for sku_id, code, units in listing.parts)
        presale = listing.presale
        base = presale.cap - presale.taken if presale else min(part.sets for part in parts)
        found.append(
            Explained(
                listing.number(base), "" if shop is None else shop[0], parts, presale, listing.percent, listing.plus,
                listing.maximum, listing.paused,
            )
        )  # fmt: skip
    return found


def sellable(db: Database, shop_id: int, sku_ids: Iterable[int], today: str = "") -> dict[int, int]:
    """How many units of SKUs a shop's orders could reserve now, over all its warehouses; safety is not kept back."""
    found = _offers(db, shop_id, sku_ids, today)
    return {sku_id: sum(offer.free for offer in offers) for sku_id, offers in found.items()}


def _listings(
    db: Database, shop_id: int, *, sku_ids: Iterable[int] | None = None, listing_ids: Iterable[int] | None = None
) -> list[_Listing]:
    only, given = "", list[int]()
    if sku_ids is not None:
        given = sorted(set(sku_ids))
        places = marks(given)
        only = f" AND (g.sku_id IN ({places}) OR g.sku_id IN (SELECT kit_id FROM kit_component WHERE sku_id IN ({places})))"
    elif listing_ids is not None:
        given = sorted(set(listing_ids))
        only = f" AND g.id IN ({marks(given)})"
    if only and not given:
        return []
    found: dict[int, _Listing] = {}
    for id_, item, variant, code, percent, plus, maximum, paused, acknowledged, cap, taken, sku_id, sku, units in db.rows(
        "SELECT g.id, g.item_id, g.variant_id, g.merchant_code, g.percent, g.plus, g.maximum, g.paused, g.published, p.cap, "
        "p.taken, k.id, k.code, COALESCE(c.quantity, 1) FROM listing g LEFT JOIN kit_component c ON c.kit_id = g.sku_id "
        "JOIN sku k ON k.id = COALESCE(c.sku_id, g.sku_id) LEFT JOIN presale_cap p ON p.shop_id = g.shop_id "
        f"AND p.sku_id = g.sku_id AND p.open WHERE g.shop_id = ?{only} ORDER BY g.item_id, g.variant_id, g.id, c.id",
        [shop_id, *given, *(given if sku_ids is not None else ())],
    ):
        if id_ not in found:
            presale = None if cap is None else Presold(cap, taken)
            found[id_] = _Listing(id_, item, variant, code, percent, plus, maximum, bool(paused), acknowledged, presale)
        found[id_].parts.append((sku_id, sku, units))
    return list(found.values())


def _offers(db: Database, shop_id: int, sku_ids: Iterable[int], today: str) -> dict[int, list[Offer]]:
    """What each warehouse offers a shop of these SKUs, by code of the warehouse."""
    wanted = sorted(set(sku_ids))
    found: dict[tuple[int, int], Offer] = {}
    for start in range(0, len(wanted), _TOGETHER):
        part = wanted[start : start + _TOGETHER]
        for sku_id, warehouse_id, code, safety, own_safety, on_hand, reserved, locked, resting, own, mode in db.rows(
            "SELECT l.sku_id, w.id, w.code, sw.safety, z.units, l.on_hand, l.reserved, l.locked, l.counting OR l.sell_by < ?, "
            "u.quantity, CASE WHEN EXISTS (SELECT 1 FROM stock_lock o WHERE o.shop_id = sw.shop_id AND o.sku_id = l.sku_id "
            "AND o.mode = 'lock_only') THEN 'lock_only' ELSE k.mode END FROM shop_warehouse sw "
            "JOIN warehouse w ON w.id = sw.warehouse_id JOIN stock_level l ON l.warehouse_id = w.id AND l.quality = 'good' "
            "LEFT JOIN stock_lock k ON k.shop_id = sw.shop_id AND k.sku_id = l.sku_id AND k.warehouse_id = w.id "
            "LEFT JOIN locked_units u ON u.lock_id = k.id AND u.level_id = l.id "
            "LEFT JOIN safety_stock z ON z.shop_id = sw.shop_id AND z.sku_id = l.sku_id AND z.warehouse_id = w.id "
            f"WHERE sw.shop_id = ? AND l.sku_id IN ({marks(part)}) ORDER BY l.sku_id, w.code, l.id",
            [today, shop_id, *part],
        ):
            offer = found.get((sku_id, warehouse_id))
            if offer is None:
                offer = Offer(code, safety if own_safety is None else own_safety, None if mode is None else LockMode(mode))
                found[sku_id, warehouse_id] = offer
            offer.on_hand += on_hand
            offer.reserved += reserved
            if resting:
                offer.resting += on_hand - reserved
                continue
            offer.available += on_hand - reserved
            offer.own_lock += own or 0
            offer.locked_for_others += locked - (own or 0)
    offers: dict[int, list[Offer]] = {}
    for (sku_id, _), offer in found.items():
        offers.setdefault(sku_id, []).append(offer)
    return offers


# commands


@dataclass(frozen=True, slots=True)
class Shares:
    """How much of what a shop could sell a listing shows. `maximum` None means no limit."""

    percent: int = 100
    plus: int = 0
    maximum: int | None = None
    paused: bool = False


def shares(db: Database, listing_id: int) -> Shares:
    """A listing's settings as they are."""
    row = db.row("SELECT percent, plus, maximum, paused FROM listing WHERE id = ?", (listing_id,))
    if row is None:
        raise DomainError(f"there is no listing {listing_id}", remedy="reload the page")
    return Shares(row[0], row[1], row[2], bool(row[3]))


def set_shares(uow: UnitOfWork, listing_id: int, wanted: Shares) -> None:
    """Say how much of the stock a listing shows; its channel hears of it soon after the commit."""
    before = shares(uow.db, listing_id)
    for name, value, lowest, highest in (
        ("percent", wanted.percent, 0, 10_000),
        ("plus", wanted.plus, -1_000_000_000, 1_000_000_000),
        ("maximum", 0 if wanted.maximum is None else wanted.maximum, 0, 1_000_000_000),
    ):
        if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
            raise DomainError(f"{name} is {value!r}", remedy=f"give a whole number from {lowest} to {highest}")
    uow.db.change(
        "UPDATE listing SET percent = ?, plus = ?, maximum = ?, paused = ? WHERE id = ?",
        (wanted.percent, wanted.plus, wanted.maximum, wanted.paused, listing_id),
    )
    changed: Mapping[str, object] = {
        name: getattr(wanted, name)
        for name in ("percent", "plus", "maximum", "paused")
        if getattr(wanted, name) != getattr(before, name)
    }
    uow.note("shares set", "listing", listing_id, data=changed)
    row = uow.db.row("SELECT sku_id FROM listing WHERE id = ?", (listing_id,))
    if row is not None and row[0] is not None:
        uow.emit(StockChanged((row[0],)))


def pause_listings(uow: UnitOfWork, listing_ids: Sequence[int], paused: bool = True) -> None:
    """Show 0 on these listings until they are resumed, whatever is in stock."""
    for listing_id in listing_ids:
        before = shares(uow.db, listing_id)
        set_shares(uow, listing_id, Shares(before.percent, before.plus, before.maximum, paused))


def set_safety(uow: UnitOfWork, shop_id: int, warehouse_id: int, units: int | None, *, sku_id: int | None = None) -> None:
    """Let so many units of each SKU, or of one, stay back in a warehouse from what a shop shows.

    None takes a SKU's own number back: the warehouse's holds again. Safety lowers what is shown, not what may be reserved.
    """
    if units is not None and (not isinstance(units, int) or isinstance(units, bool) or not 0 <= units <= 1_000_000_000):
        raise DomainError(f"a safety stock of {units!r}", remedy="give a whole number, 0 or more")
    if not uow.db.row("SELECT 1 FROM shop_warehouse WHERE shop_id = ? AND warehouse_id = ?", (shop_id, warehouse_id)):
        raise DomainError("this warehouse does not serve the shop", remedy="let it serve the shop first")
    if sku_id is None:
        if units is None:
            raise DomainError("a warehouse without a number", remedy="give 0 for none")
        uow.db.change(
            "UPDATE shop_warehouse SET safety = ? WHERE shop_id = ? AND warehouse_id = ?", (units, shop_id, warehouse_id)
        )
        changed = uow.db.rows("SELECT DISTINCT sku_id FROM stock_level WHERE warehouse_id = ? ORDER BY sku_id", (warehouse_id,))
    else:
        if not uow.db.row("SELECT 1 FROM sku WHERE id = ?", (sku_id,)):
            raise DomainError(f"there is no SKU {sku_id}", remedy="choose one of the catalog")
        uow.db.change(
            "DELETE FROM safety_stock WHERE shop_id = ? AND sku_id = ? AND warehouse_id = ?", (shop_id, sku_id, warehouse_id)
        )
        if units is not None:
            uow.db.insert(
                "safety_stock", ("shop_id", "sku_id", "warehouse_id", "units"), [(shop_id, sku_id, warehouse_id, units)]
            )
        changed = [(sku_id,)]
    uow.note("safety set", "warehouse", warehouse_id, data={"shop": shop_id, "sku": sku_id, "units": units})
    uow.emit(StockChanged(tuple(row[0] for row in changed)))
