"""Reads of stock for pages: one page of SKUs with what every warehouse has of them, and what shops show."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..kernel.db import Database, as_json, marks

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
    for sku_id, shop, title, published, paused in db.rows(
        "SELECT g.sku_id, s.title, g.title, g.published, g.paused FROM listing g JOIN shop s ON s.id = g.shop_id "
        f"WHERE g.sku_id IN ({marks(ids)}) ORDER BY s.code, g.id",
        ids,
    ):
        found[sku_id].listings.append(ListingRow(shop, title, published, bool(paused)))
    return list(found.values()), more
