"""Reads of stock for pages: one page of SKUs with what every warehouse has of them, and what shops show."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ..catalog.queries import marks
from ..kernel.db import Database, as_json, as_moment

PAGE = 40


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
