"""Reads of stock for pages: one page of SKUs with what every warehouse has of them, and what shops show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ..kernel.db import Database, as_json, as_moment, marks

PAGE = 40
_OPEN = 200
"""So many open documents, bins or heaps fit on one page; whoever has more looks one up."""


@dataclass(frozen=True, slots=True)
class Level:
    """Good units of a SKU in one warehouse."""

    on_hand: int
    reserved: int

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved


@dataclass(frozen=True, slots=True)
class ListingRow:
    """What one shop shows; `published` is what the channel last acknowledged."""

    shop: str
    title: str
    published: int | None
    paused: bool
    id: int


@dataclass(frozen=True, slots=True)
class StockRow:
    """One SKU over all warehouses. Of a kit, `kits` says how many could be put together in each."""

    id: int
    code: str
    title: str
    options: dict[str, str]
    barcode: str
    kit: bool
    levels: dict[int, Level] = field(default_factory=dict)
    kits: dict[int, int] = field(default_factory=dict)
    listings: list[ListingRow] = field(default_factory=list)

    @property
    def available(self) -> int:
        return sum(self.kits.values()) if self.kit else sum(level.available for level in self.levels.values())


def warehouses(db: Database) -> list[tuple[int, str, str]]:
    """Id, code and title of each."""
    return [(row[0], row[1], row[2]) for row in db.rows("SELECT id, code, title FROM warehouse ORDER BY code")]


def stock(db: Database, text: str = "", after: str = "") -> tuple[list[StockRow], str]:
    """One page of SKUs in the order of their codes, and where the next one starts; three statements.

    `text` is looked for in code and title, and as a whole barcode.
    """
    parts, given = ["k.code > ?"], [after]
    if text:
        like = "%" + "".join(f"!{c}" if c in "%_!" else c for c in text.casefold()) + "%"
        parts.append("(LOWER(k.code) LIKE ? ESCAPE '!' OR LOWER(k.title) LIKE ? ESCAPE '!' OR k.barcode = ?)")
        given += [like, like, text]
    rows = db.rows(
        f"SELECT k.id, k.code, k.title, k.options, k.barcode, k.kit FROM sku k WHERE {' AND '.join(parts)} "
        f"ORDER BY k.code LIMIT {PAGE + 1}",
        given,
    )
    more = rows[PAGE - 1][1] if len(rows) > PAGE else ""
    found = {row[0]: StockRow(*[*row[:3], as_json(row[3]) or {}, row[4], bool(row[5])]) for row in rows[:PAGE]}
    if not found:
        return [], ""
    ids = list(found)
    for sku_id, warehouse, on_hand, reserved in db.rows(
        "SELECT sku_id, warehouse_id, SUM(on_hand), SUM(reserved) FROM stock_level "
        f"WHERE sku_id IN ({marks(ids)}) AND quality = 'good' GROUP BY sku_id, warehouse_id UNION ALL "
        # Kits: so many can be put together from what is free, nothing where a component has never been.
        "SELECT c.kit_id, v.warehouse_id, -1, CAST(MIN(v.free / c.quantity) AS INTEGER) FROM kit_component c JOIN "
        "(SELECT sku_id, warehouse_id, CAST(SUM(on_hand - reserved) AS INTEGER) AS free FROM stock_level "
        f"WHERE quality = 'good' AND sku_id IN (SELECT sku_id FROM kit_component WHERE kit_id IN ({marks(ids)})) "
        "GROUP BY sku_id, warehouse_id) v "
        f"ON v.sku_id = c.sku_id WHERE c.kit_id IN ({marks(ids)}) GROUP BY c.kit_id, v.warehouse_id "
        "HAVING COUNT(*) = (SELECT COUNT(*) FROM kit_component x WHERE x.kit_id = c.kit_id)",
        [*ids, *ids, *ids],
    ):
        if on_hand < 0:
            found[sku_id].kits[warehouse] = int(reserved)
        else:
            found[sku_id].levels[warehouse] = Level(int(on_hand), int(reserved))
    for sku_id, shop, title, published, paused, listing_id in db.rows(
        "SELECT g.sku_id, s.title, g.title, g.published, g.paused, g.id FROM listing g JOIN shop s ON s.id = g.shop_id "
        f"WHERE g.sku_id IN ({marks(ids)}) ORDER BY s.code, g.id",
        ids,
    ):
        found[sku_id].listings.append(ListingRow(shop, title, published, bool(paused), listing_id))
    return list(found.values()), more


@dataclass(frozen=True, slots=True)
class SkuHead:
    id: int
    code: str
    title: str
    kit: bool
    lots: bool
    serials: bool
    min_life_days: int


def sku_head(db: Database, sku_id: int) -> SkuHead | None:
    row = db.row(
        "SELECT s.id, s.code, s.title, s.kit, COALESCE(t.lots, FALSE), COALESCE(t.serials, FALSE), "
        "COALESCE(t.min_life_days, 0) FROM sku s LEFT JOIN sku_tracking t ON t.sku_id = s.id WHERE s.id = ?",
        (sku_id,),
    )
    return None if row is None else SkuHead(row[0], row[1], row[2], bool(row[3]), bool(row[4]), bool(row[5]), row[6])


def fullest(db: Database, sku_id: int) -> int:
    """The warehouse that has most of a SKU; 0 while there is none."""
    row = db.row(
        "SELECT w.id FROM warehouse w LEFT JOIN stock_level l ON l.warehouse_id = w.id AND l.sku_id = ? "
        "GROUP BY w.id, w.code ORDER BY COALESCE(SUM(l.on_hand), 0) DESC, w.code LIMIT 1",
        (sku_id,),
    )
    return 0 if row is None else int(row[0])


def lots(db: Database, sku_id: int) -> list[tuple[str, str, str, str, int, int]]:
    """(lot, last good day, warehouse, quality, on hand, reserved) of what lies there, the first to expire first."""
    rows = db.rows(
        "SELECT l.lot, COALESCE(g.expires_on, ''), w.title, l.quality, l.on_hand, l.reserved FROM stock_level l "
        "JOIN warehouse w ON w.id = l.warehouse_id LEFT JOIN lot g ON g.sku_id = l.sku_id AND g.code = l.lot "
        "WHERE l.sku_id = ? AND l.lot <> '' AND l.on_hand > 0 "
        "ORDER BY COALESCE(g.expires_on, ''), l.lot, w.code, l.quality",
        (sku_id,),
    )
    return [(row[0], row[1], row[2], row[3], row[4], row[5]) for row in rows]


@dataclass(frozen=True, slots=True)
class CountHead:
    id: int
    warehouse: str
    blind: bool
    state: str
    note: str
    opened_at: datetime
    lines: int
    counted: int


def counts(db: Database, count_id: int | None = None) -> list[CountHead]:
    """The newest counts, the open ones first; or this one."""
    rows = db.rows(
        "SELECT c.id, w.title, c.blind, c.state, c.note, c.opened_at, (SELECT COUNT(*) FROM stock_count_line x WHERE "
        "x.count_id = c.id), (SELECT COUNT(*) FROM stock_count_line x WHERE x.count_id = c.id AND x.counted IS NOT NULL) "
        f"FROM stock_count c JOIN warehouse w ON w.id = c.warehouse_id {'' if count_id is None else 'WHERE c.id = ? '}"
        f"ORDER BY CASE c.state WHEN 'open' THEN 0 ELSE 1 END, c.id DESC LIMIT {PAGE}",
        [] if count_id is None else [count_id],
    )
    return [CountHead(row[0], row[1], bool(row[2]), row[3], row[4], as_moment(row[5]), row[6], row[7]) for row in rows]


@dataclass(frozen=True, slots=True)
class TransferHead:
    id: int
    source: str
    target: str
    state: str
    note: str
    sent_at: datetime
    lines: list[tuple[int, str, str, int]] = field(default_factory=list)
    """(SKU id, code, lot, units)."""


def transfers(db: Database) -> list[TransferHead]:
    """The newest transfers, those on their way first; two statements."""
    found = {
        row[0]: TransferHead(row[0], row[1], row[2], row[3], row[4], as_moment(row[5]))
        for row in db.rows(
            "SELECT t.id, a.title, b.title, t.state, t.note, t.sent_at FROM stock_transfer t "
            "JOIN warehouse a ON a.id = t.source_id JOIN warehouse b ON b.id = t.target_id "
            f"ORDER BY CASE t.state WHEN 'in_transit' THEN 0 ELSE 1 END, t.id DESC LIMIT {PAGE}"
        )
    }
    if found:
        for transfer_id, sku_id, code, lot, units in db.rows(
            "SELECT x.transfer_id, x.sku_id, s.code, x.lot, x.quantity FROM stock_transfer_line x "
            f"JOIN sku s ON s.id = x.sku_id WHERE x.transfer_id IN ({marks(list(found))}) ORDER BY x.id",
            list(found),
        ):
            found[transfer_id].lines.append((sku_id, code, lot, units))
    return list(found.values())


# purchases


@dataclass(frozen=True, slots=True)
class PurchaseLineRow:
    sku_id: int
    code: str
    title: str
    quantity: int
    received: int
    unit_cost: int
    lots: bool
    serials: bool

    @property
    def missing(self) -> int:
        return self.quantity - self.received


@dataclass(frozen=True, slots=True)
class PurchaseRow:
    id: int
    supplier: str
    warehouse: str
    due_on: str
    state: str
    note: str
    ordered_at: datetime
    lines: list[PurchaseLineRow] = field(default_factory=list)


def purchases(
    db: Database, *, open_only: bool = True, purchase_id: int | None = None, before: int | None = None
) -> tuple[list[PurchaseRow], int | None]:
    """Purchase orders with their lines: the open ones by due day, or all of them, newest first and paged; two statements."""
    parts, given = ["1 = 1"], list[object]()
    if purchase_id is not None:
        parts, given = ["p.id = ?"], [purchase_id]
    elif open_only:
        parts = ["p.state = 'open'"]
    elif before is not None:
        parts, given = ["p.id < ?"], [before]
    order, limit = ("p.due_on, p.id", _OPEN) if open_only else ("p.id DESC", PAGE)
    rows = db.rows(
        "SELECT p.id, s.title, w.title, p.due_on, p.state, p.note, p.ordered_at FROM purchase_order p "
        "JOIN supplier s ON s.id = p.supplier_id JOIN warehouse w ON w.id = p.warehouse_id "
        f"WHERE {' AND '.join(parts)} ORDER BY {order} LIMIT {limit + 1}",
        given,
    )
    found = {row[0]: PurchaseRow(row[0], row[1], row[2], row[3], row[4], row[5], as_moment(row[6])) for row in rows[:limit]}
    if found:
        for purchase, sku_id, code, title, quantity, received, cost, lots_, serials in db.rows(
            "SELECT x.purchase_id, x.sku_id, k.code, k.title, x.quantity, x.received, x.unit_cost, COALESCE(t.lots, FALSE), "
            "COALESCE(t.serials, FALSE) FROM purchase_line x JOIN sku k ON k.id = x.sku_id "
            f"LEFT JOIN sku_tracking t ON t.sku_id = k.id WHERE x.purchase_id IN ({marks(list(found))}) ORDER BY x.id",
            list(found),
        ):
            found[purchase].lines.append(
                PurchaseLineRow(sku_id, code, title, quantity, received, cost, bool(lots_), bool(serials))
            )
    return list(found.values()), rows[limit - 1][0] if len(rows) > limit and not open_only else None


def suppliers(db: Database) -> list[tuple[int, str, str]]:
    """(id, code, title) of everybody goods are ordered from."""
    return [(row[0], row[1], row[2]) for row in db.rows("SELECT id, code, title FROM supplier ORDER BY code")]


# zones and bins


@dataclass(frozen=True, slots=True)
class ZoneRow:
    id: int
    code: str
    title: str
    use: str
    bins: int
    units: int


@dataclass(frozen=True, slots=True)
class Lying:
    """Units of a level in one bin, or on the floor."""

    sku_id: int
    code: str
    title: str
    barcode: str
    lot: str
    quality: str
    units: int
    last_bin: str
    """Where units of this SKU lie already, so that they may lie together; empty when nowhere."""


def zones(db: Database, warehouse_id: int) -> list[ZoneRow]:
    rows = db.rows(
        "SELECT z.id, z.code, z.title, z.use, (SELECT COUNT(*) FROM bin b WHERE b.zone_id = z.id), (SELECT "
        "COALESCE(SUM(x.quantity), 0) FROM bin_level x JOIN bin b ON b.id = x.bin_id WHERE b.zone_id = z.id) "
        "FROM zone z WHERE z.warehouse_id = ? ORDER BY z.code",
        (warehouse_id,),
    )
    return [ZoneRow(row[0], row[1], row[2], row[3], row[4], int(row[5])) for row in rows]


def bins(db: Database, warehouse_id: int, zone_id: int) -> list[tuple[str, int]]:
    """(code, units in it) of the first bins of a zone."""
    rows = db.rows(
        "SELECT b.code, COALESCE(SUM(x.quantity), 0) FROM bin b LEFT JOIN bin_level x ON x.bin_id = b.id "
        f"WHERE b.warehouse_id = ? AND b.zone_id = ? GROUP BY b.id, b.code ORDER BY b.code LIMIT {_OPEN}",
        (warehouse_id, zone_id),
    )
    return [(row[0], int(row[1])) for row in rows]


_LYING = (
    "SELECT k.id, k.code, k.title, k.barcode, l.lot, l.quality, {units}, COALESCE((SELECT MAX(b.code) FROM bin_level y "
    "JOIN stock_level m ON m.id = y.level_id JOIN bin b ON b.id = y.bin_id WHERE m.sku_id = l.sku_id "
    "AND m.warehouse_id = l.warehouse_id AND y.quantity > 0), '') FROM stock_level l JOIN sku k ON k.id = l.sku_id "
)


def on_the_floor(db: Database, warehouse_id: int) -> list[Lying]:
    """What waits to be put away, the first so many by SKU."""
    rows = db.rows(
        f"{_LYING.format(units='l.on_hand - l.placed')}WHERE l.warehouse_id = ? AND l.on_hand > l.placed "
        f"ORDER BY k.code, l.lot, l.quality LIMIT {_OPEN}",
        (warehouse_id,),
    )
    return [Lying(*row) for row in rows]


def in_bin(db: Database, warehouse_id: int, code: str) -> list[Lying] | None:
    """What lies in a bin; None when there is no such bin."""
    row = db.row("SELECT id FROM bin WHERE warehouse_id = ? AND code = ?", (warehouse_id, code))
    if row is None:
        return None
    rows = db.rows(
        f"{_LYING.format(units='x.quantity')}JOIN bin_level x ON x.level_id = l.id WHERE x.bin_id = ? AND x.quantity > 0 "
        "ORDER BY k.code, l.lot, l.quality",
        (row[0],),
    )
    return [Lying(*one) for one in rows]


# what is told apart


def named_apart(db: Database, sku_ids: Sequence[int], code: str) -> list[tuple[int, str]]:
    """Which of these SKUs have a piece (`serial`) or a lot (`lot`) of this name."""
    if not sku_ids:
        return []
    return [
        (row[0], row[1])
        for row in db.rows(
            f"SELECT sku_id, 'serial' FROM serial WHERE code = ? AND sku_id IN ({marks(sku_ids)}) UNION ALL "
            f"SELECT sku_id, 'lot' FROM lot WHERE code = ? AND sku_id IN ({marks(sku_ids)}) ORDER BY 1, 2",
            [code, *sku_ids, code, *sku_ids],
        )
    ]
