"""Reads of fulfillment orders, parcels and tracking for pages: set-based, paged by key, never counted beyond a cap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..customers.queries import ADDRESS_SQL, address_from
from ..kernel.db import Database, as_json, as_moment, marks
from ..kernel.values import Address
from .api import FoState
from .states import FETCHED

CAP = 1000
PAGE = 40


@dataclass(frozen=True, slots=True)
class FoRow:
    """One fulfillment order of a list."""

    id: int
    number: str
    state: str
    shop: str
    warehouse: str
    carrier: str
    cod: bool
    paid_at: datetime
    receiver: Address
    units: int
    reserved: int
    lines: int
    orders: int
    waybill: str
    holds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FoHead:
    """A fulfillment order with what the routing thought."""

    id: int
    number: str
    state: str
    warehouse: str
    carrier: str
    cod: bool
    cancel_reason: str
    became: str
    """Number of the one it was merged into or split from."""
    why: Any
    created_at: datetime
    shipped_at: datetime | None
    receiver: Address


@dataclass(frozen=True, slots=True)
class FoLineRow:
    """Units of one order's line inside a fulfillment order."""

    fo_id: int
    order_id: int
    order_number: str
    sku: str
    title: str
    barcode: str
    quantity: int
    reserved: int


@dataclass(frozen=True, slots=True)
class WaybillRow:
    """One parcel's number at a carrier."""

    id: int
    fo_id: int
    carrier: str
    number: str
    state: str
    tracking: str
    label_type: str
    """Media type of the label, empty while there is none."""
    answer: str
    requested_at: datetime
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class TrackingRow:
    waybill_id: int
    at: datetime
    state: str
    text: str
    place: str


_ADDRESS_WIDTH = len(ADDRESS_SQL.split(","))
_FROM = (
    "FROM fulfillment_order f JOIN shop s ON s.id = f.shop_id JOIN postal_address a ON a.id = f.address_id "
    "LEFT JOIN warehouse w ON w.id = f.warehouse_id"
)


def fos(
    db: Database, state: str, *, after: tuple[datetime, int] | None = None
) -> tuple[list[FoRow], tuple[datetime, int] | None]:
    """One page of the queue of a state, earliest paid first (shipped and later: latest first); two statements."""
    ends = state in (FoState.SHIPPED, FoState.DELIVERED, FoState.CANCELLED, FoState.RETURNING, FoState.RETURNED)
    condition, order, given = "", "f.paid_at, f.id", [state]
    if after is not None:
        condition = f" AND (f.paid_at, f.id) {'<' if ends else '>'} (?, ?)"
        given += after  # type: ignore[arg-type]
    if ends:
        order = "f.paid_at DESC, f.id DESC"
    rows = db.rows(
        f"SELECT f.id, f.number, f.state, s.title, w.title, f.carrier, f.cod, f.paid_at, {ADDRESS_SQL}, "
        "(SELECT SUM(quantity) FROM fo_line WHERE fo_id = f.id), (SELECT SUM(reserved) FROM fo_line WHERE fo_id = f.id), "
        "(SELECT COUNT(*) FROM fo_line WHERE fo_id = f.id), (SELECT COUNT(DISTINCT order_id) FROM fo_line WHERE fo_id = f.id), "
        "(SELECT MAX(number) FROM waybill WHERE fo_id = f.id AND state IN ('requested', 'issued', 'used')) "
        f"{_FROM} WHERE f.state = ?{condition} ORDER BY {order} LIMIT {PAGE + 1}",
        given,
    )
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    rows = rows[:PAGE]
    codes = _open_hold_codes(db, [row[0] for row in rows])
    found = []
    for row in rows:
        id, number, state, shop, warehouse, carrier, cod, paid_at = row[:8]
        receiver = address_from(row[8 : 8 + _ADDRESS_WIDTH])
        units, reserved, lines, orders, waybill = row[8 + _ADDRESS_WIDTH :]
        found.append(
            FoRow(
                id, number, state, shop, warehouse or "", carrier, bool(cod), as_moment(paid_at), receiver, int(units or 0),
                int(reserved or 0), lines, orders, waybill or "", codes.get(id, ()),
            )
        )  # fmt: skip
    return found, None if last is None else (as_moment(last[7]), int(last[0]))


def _open_hold_codes(db: Database, fo_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Of themselves and of the orders in them."""
    if not fo_ids:
        return {}
    found: dict[int, list[str]] = {}
    for fo_id, code in db.rows(
        f"SELECT document, code FROM hold WHERE level = 'fo' AND document IN ({marks(fo_ids)}) AND released_at IS NULL UNION "
        "SELECT l.fo_id, h.code FROM fo_line l JOIN hold h ON h.level = 'order' AND h.document = l.order_id "
        f"WHERE l.fo_id IN ({marks(fo_ids)}) AND h.released_at IS NULL ORDER BY 1, 2",
        [*fo_ids, *fo_ids],
    ):
        found.setdefault(fo_id, []).append(code)
    return {fo_id: tuple(codes) for fo_id, codes in found.items()}


def counts(db: Database) -> dict[str, int]:
    """Fulfillment orders per state, each counted to just beyond the cap; one statement."""
    text = " UNION ALL ".join(
        f"SELECT '{state}', COUNT(*) FROM (SELECT 1 FROM fulfillment_order WHERE state = '{state}' LIMIT {CAP + 1}) AS c"
        for state in FoState
    )
    return dict(db.rows(text))


def to_be_fetched(db: Database) -> int:
    """Packed ones that leave with their buyers, not with a carrier; counted to CAP and one more."""
    row = db.row(
        f"SELECT COUNT(*) FROM (SELECT 1 FROM fulfillment_order f WHERE f.state = 'packed' AND {FETCHED} LIMIT {CAP + 1}) AS c"
    )
    return int(row[0]) if row else 0


def scanned(db: Database, code: str) -> int | None:
    """The fulfillment order behind what a scanner read: its own number, or a waybill's."""
    code = code.strip()
    row = db.row(
        "SELECT id FROM fulfillment_order WHERE number IN (?, ?) UNION ALL SELECT fo_id FROM waybill WHERE number = ? LIMIT 1",
        (code, code.upper(), code),
    )
    return None if row is None else int(row[0])


def heads(db: Database, fo_ids: Sequence[int]) -> list[FoHead]:
    """Fulfillment orders by id, oldest first."""
    if not fo_ids:
        return []
    rows = db.rows(
        "SELECT f.id, f.number, f.state, w.title, f.carrier, f.cod, f.cancel_reason, b.number, f.why, f.created_at, "
        f"f.shipped_at, {ADDRESS_SQL} {_FROM} LEFT JOIN fulfillment_order b ON b.id = f.became_id "
        f"WHERE f.id IN ({marks(fo_ids)}) ORDER BY f.id",
        fo_ids,
    )
    return [
        FoHead(
            id, number, state, warehouse or "", carrier, bool(cod), reason, became or "", as_json(why), as_moment(created),
            None if shipped is None else as_moment(shipped), address_from(tuple(to)),
        )
        for id, number, state, warehouse, carrier, cod, reason, became, why, created, shipped, *to in rows
    ]  # fmt: skip


def numbers_of_holders(db: Database, kind: str, ids: Sequence[int]) -> dict[int, str]:
    """The fulfillment orders behind what holds units: `fo_line` or `putback` rows, by row."""
    if kind not in ("fo_line", "putback") or not ids:
        return {}
    return dict(
        db.rows(
            f"SELECT x.id, f.number FROM {kind} x JOIN fulfillment_order f ON f.id = x.fo_id WHERE x.id IN ({marks(ids)})", ids
        )
    )


def ids_of_order(db: Database, order_id: int) -> list[int]:
    """Every fulfillment order that ever held units of this order."""
    rows = db.rows("SELECT DISTINCT fo_id FROM fo_line WHERE order_id = ? ORDER BY fo_id", (order_id,))
    return [fo_id for (fo_id,) in rows]


def lines(db: Database, fo_ids: Sequence[int]) -> dict[int, list[FoLineRow]]:
    found: dict[int, list[FoLineRow]] = {fo_id: [] for fo_id in fo_ids}
    if fo_ids:
        for row in db.rows(
            "SELECT l.fo_id, l.order_id, o.number, k.code, ol.title, k.barcode, l.quantity, l.reserved FROM fo_line l "
            "JOIN sales_order o ON o.id = l.order_id JOIN order_line ol ON ol.id = l.line_id JOIN sku k ON k.id = l.sku_id "
            f"WHERE l.fo_id IN ({marks(fo_ids)}) ORDER BY l.id",
            fo_ids,
        ):
            found[row[0]].append(FoLineRow(*row))
    return found


def waybills(db: Database, fo_ids: Sequence[int]) -> dict[int, list[WaybillRow]]:
    """Every waybill ever asked for, without the labels themselves."""
    found: dict[int, list[WaybillRow]] = {fo_id: [] for fo_id in fo_ids}
    if fo_ids:
        for row in db.rows(
            "SELECT id, fo_id, carrier, number, state, tracking, CASE WHEN label IS NULL THEN '' ELSE label_type END, answer, "
            f"requested_at, delivered_at FROM waybill WHERE fo_id IN ({marks(fo_ids)}) ORDER BY id",
            fo_ids,
        ):
            found[row[1]].append(WaybillRow(*[*row[:8], as_moment(row[8]), None if row[9] is None else as_moment(row[9])]))
    return found


def tracking(db: Database, fo_ids: Sequence[int]) -> dict[int, list[TrackingRow]]:
    """What carriers said, by waybill, newest first."""
    found: dict[int, list[TrackingRow]] = {}
    if fo_ids:
        for waybill, at, state, text, place in db.rows(
            "SELECT t.waybill_id, t.at, t.state, t.text, t.place FROM tracking t JOIN waybill w ON w.id = t.waybill_id "
            f"WHERE w.fo_id IN ({marks(fo_ids)}) ORDER BY t.at DESC, t.id DESC",
            fo_ids,
        ):
            found.setdefault(waybill, []).append(TrackingRow(waybill, as_moment(at), state, text, place))
    return found


def label(db: Database, waybill_id: int) -> tuple[str, str, bytes] | None:
    """Number, media type and content of a printable waybill."""
    row = db.row("SELECT number, label_type, label FROM waybill WHERE id = ? AND label IS NOT NULL", (waybill_id,))
    return None if row is None else (row[0], row[1], bytes(row[2]))


@dataclass(frozen=True, slots=True)
class Splittable:
    """A line of an order as it may be split off: a kit as a whole, everything else by itself."""

    line_id: int
    title: str
    units: int


def splittable(db: Database, fo_id: int) -> list[Splittable]:
    """What a fulfillment order carries, in lines that may be split off."""
    rows = db.rows(
        "SELECT COALESCE(k.id, l.id), COALESCE(k.title, l.title), MIN(x.quantity / CASE WHEN k.id IS NULL THEN 1 "
        "ELSE l.per_kit END) FROM fo_line x JOIN order_line l ON l.id = x.line_id LEFT JOIN order_line k "
        "ON k.order_id = l.order_id AND k.no = l.kit_line AND k.kit WHERE x.fo_id = ? "
        "GROUP BY COALESCE(k.id, l.id), COALESCE(k.title, l.title) ORDER BY 1",
        (fo_id,),
    )
    return [Splittable(row[0], row[1], int(row[2])) for row in rows]


@dataclass(frozen=True, slots=True)
class PickLine:
    """One SKU of a fulfillment order as a scanner meets it."""

    sku_id: int
    sku: str
    title: str
    barcode: str
    units: int
    lots: bool
    serials: bool
    by_lot: list[tuple[str, str, int]] = field(default_factory=list)
    """(lot, last good day, units) reserved of it."""
    pieces: list[str] = field(default_factory=list)
    """Serial numbers that were scanned."""


def pick_lines(db: Database, fo_id: int) -> list[PickLine]:
    """What is to be picked, with the lots reserved and the pieces scanned so far; three statements."""
    found = {
        row[0]: PickLine(row[0], row[1], row[2], row[3], int(row[4]), bool(row[5]), bool(row[6]))
        for row in db.rows(
            "SELECT k.id, k.code, k.title, k.barcode, SUM(x.quantity), COALESCE(t.lots, FALSE), COALESCE(t.serials, FALSE) "
            "FROM fo_line x JOIN sku k ON k.id = x.sku_id LEFT JOIN sku_tracking t ON t.sku_id = k.id WHERE x.fo_id = ? "
            "GROUP BY k.id, k.code, k.title, k.barcode, t.lots, t.serials ORDER BY MIN(x.id)",
            (fo_id,),
        )
    }
    for sku_id, lot, until, units in db.rows(
        "SELECT l.sku_id, l.lot, COALESCE(g.expires_on, ''), SUM(r.quantity) FROM reservation r JOIN fo_line x "
        "ON x.id = r.holder AND r.kind = 'fo_line' JOIN stock_level l ON l.id = r.level_id "
        "LEFT JOIN lot g ON g.sku_id = l.sku_id AND g.code = l.lot WHERE x.fo_id = ? AND r.state = 'held' AND l.lot <> '' "
        "GROUP BY l.sku_id, l.lot, g.expires_on ORDER BY l.sku_id, COALESCE(g.expires_on, ''), l.lot",
        (fo_id,),
    ):
        found[sku_id].by_lot.append((lot, until, int(units)))
    for sku_id, code in db.rows(
        "SELECT s.sku_id, s.code FROM serial s JOIN fo_line x ON x.id = s.holder AND s.holder_kind = 'fo_line' "
        "WHERE x.fo_id = ? ORDER BY s.code",
        (fo_id,),
    ):
        found[sku_id].pieces.append(code)
    return list(found.values())
