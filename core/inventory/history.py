"""Stock as of any moment, and the moves that explain a number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..kernel.db import Database, as_moment, marks
from ..kernel.errors import DomainError

Name = Callable[[str, Sequence[int]], Mapping[int, str]]
"""Numbers of the documents that hold reservations, by kind and holder."""

_FLOW = (
    "SELECT target_warehouse_id AS warehouse_id, sku_id, lot, CASE WHEN target = 'stock' THEN 'good' ELSE target END "
    "AS quality, quantity, cost, at FROM stock_move WHERE target IN ('stock','qc','defective') UNION ALL "
    "SELECT source_warehouse_id, sku_id, lot, CASE WHEN source = 'stock' THEN 'good' ELSE source END, -quantity, -cost, at "
    "FROM stock_move WHERE source IN ('stock','qc','defective')"
)


@dataclass(frozen=True, slots=True)
class Then:
    """What there was of a SKU in a warehouse; `value` in minor units of the merchant's own currency."""

    warehouse: str
    sku: str
    lot: str
    quality: str
    units: int
    value: int


def as_of(db: Database, moment: datetime, *, sku_ids: Sequence[int] = (), warehouse_ids: Sequence[int] = ()) -> list[Then]:
    """What was on hand at a moment, the moves of that very moment included; from the moves alone."""
    only, given = "", [moment]
    for column, ids in (("sku_id", sku_ids), ("warehouse_id", warehouse_ids)):
        if ids:
            only += f" AND f.{column} IN ({marks(ids)})"
            given += ids  # type: ignore[arg-type]
    rows = db.rows(
        "SELECT w.code, s.code, f.lot, f.quality, CAST(SUM(f.quantity) AS BIGINT), CAST(SUM(f.cost) AS BIGINT) "
        f"FROM ({_FLOW}) f JOIN warehouse w ON w.id = f.warehouse_id JOIN sku s ON s.id = f.sku_id WHERE f.at <= ?{only} "
        "GROUP BY w.code, s.code, f.lot, f.quality HAVING SUM(f.quantity) <> 0 ORDER BY w.code, s.code, f.lot, f.quality",
        given,
    )
    return [Then(row[0], row[1], row[2], row[3], int(row[4]), int(row[5])) for row in rows]


@dataclass(frozen=True, slots=True)
class Step:
    """One move seen from a warehouse: `change` of what is on hand there, and what was there afterwards, all qualities."""

    id: int
    at: datetime
    change: int
    after: int
    source: str
    target: str
    lot: str
    bins: tuple[str, str]
    kind: str
    document: int
    reason: str
    actor: str
    cost: int


@dataclass(frozen=True, slots=True)
class Promise:
    """Units that somebody has reserved; `number` is the document's, where the room above tells it."""

    kind: str
    holder: int
    number: str
    lot: str
    units: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Explained:
    """Why there is so much of a SKU in a warehouse, and why so much of it may be promised.

    available = good - reserved - quarantined - expired; the steps sum to everything on hand.
    """

    sku: str
    warehouse: str
    good: int
    qc: int
    defective: int
    reserved: int
    quarantined: int
    """Free units that are being counted."""
    expired: int
    """Free units of lots without life enough left today."""
    available: int
    value: int
    incoming: int
    """On their way here."""
    promises: tuple[Promise, ...]
    steps: tuple[Step, ...]
    """Latest first."""
    more: int | None
    """Where the next page of steps starts; None on the last one."""


def _plain(kind: str, ids: Sequence[int]) -> Mapping[int, str]:
    return {}


def explain(
    db: Database, sku_id: int, warehouse_id: int, today: str, *, before: int | None = None, page: int = 50, name: Name = _plain
) -> Explained:
    """The numbers of a SKU in a warehouse, whom it is promised to, and a page of the moves behind them, latest first."""
    codes = db.row("SELECT s.code, w.code FROM sku s, warehouse w WHERE s.id = ? AND w.id = ?", (sku_id, warehouse_id))
    if codes is None:
        raise DomainError(f"there is no SKU {sku_id} or no warehouse {warehouse_id}", remedy="choose one of the list")
    levels = db.rows(
        "SELECT quality, on_hand, reserved, value, counting, sell_by FROM stock_level WHERE sku_id = ? AND warehouse_id = ?",
        (sku_id, warehouse_id),
    )
    units = {quality: sum(row[1] for row in levels if row[0] == quality) for quality in ("good", "qc", "defective")}
    free = [(row[1] - row[2], bool(row[4]), row[5] < today) for row in levels if row[0] == "good"]
    coming = db.row(
        "SELECT COALESCE(SUM(x.quantity), 0) FROM stock_transfer_line x JOIN stock_transfer t ON t.id = x.transfer_id "
        "WHERE t.state = 'in_transit' AND t.target_id = ? AND x.sku_id = ?",
        (warehouse_id, sku_id),
    )
    steps, more = _steps(db, sku_id, warehouse_id, before, page)
    return Explained(
        codes[0],
        codes[1],
        units["good"],
        units["qc"],
        units["defective"],
        sum(row[2] for row in levels),
        sum(count for count, counting, _ in free if counting),
        sum(count for count, counting, old in free if old and not counting),
        sum(count for count, counting, old in free if not old and not counting),
        sum(row[3] for row in levels),
        int(coming[0]) if coming else 0,
        _promises(db, sku_id, warehouse_id, name),
        steps,
        more,
    )


def _promises(db: Database, sku_id: int, warehouse_id: int, name: Name) -> tuple[Promise, ...]:
    rows = db.rows(
        "SELECT r.kind, r.holder, l.lot, r.quantity, r.at FROM reservation r JOIN stock_level l ON l.id = r.level_id "
        "WHERE l.sku_id = ? AND l.warehouse_id = ? AND r.state = 'held' ORDER BY r.id",
        (sku_id, warehouse_id),
    )
    names = {kind: name(kind, sorted({row[1] for row in rows if row[0] == kind})) for kind in {row[0] for row in rows}}
    return tuple(
        Promise(kind, holder, names[kind].get(holder, f"{kind} {holder}"), lot, units, as_moment(at))
        for kind, holder, lot, units, at in rows
    )


def _steps(db: Database, sku_id: int, warehouse_id: int, before: int | None, page: int) -> tuple[tuple[Step, ...], int | None]:
    """A page of moves with the running sum; moves from bin to bin change nothing and are shown all the same."""
    inside = "m.{end} IN ('stock','qc','defective') AND m.{end}_warehouse_id = ?"
    change = (
        f"(CASE WHEN {inside.format(end='target')} THEN m.quantity ELSE 0 END)"
        f" - (CASE WHEN {inside.format(end='source')} THEN m.quantity ELSE 0 END)"
    )
    rows = db.rows(
        f"SELECT * FROM (SELECT m.id, m.at, {change} AS change, CAST(SUM({change}) OVER (ORDER BY m.id) AS BIGINT) AS after, "
        "m.source, m.target, m.lot, COALESCE(a.code, ''), COALESCE(b.code, ''), m.kind, m.document, m.reason, m.actor, m.cost "
        "FROM stock_move m LEFT JOIN bin a ON a.id = m.source_bin_id LEFT JOIN bin b ON b.id = m.target_bin_id "
        "WHERE m.sku_id = ? AND (m.source_warehouse_id = ? OR m.target_warehouse_id = ?)) x WHERE x.id < ? "
        "ORDER BY x.id DESC LIMIT ?",
        [*[warehouse_id] * 4, sku_id, warehouse_id, warehouse_id, before if before is not None else 2**62, page + 1],
    )
    steps = tuple(
        Step(row[0], as_moment(row[1]), row[2], int(row[3]), row[4], row[5], row[6], (row[7], row[8]), *_rest(row))
        for row in rows[:page]
    )
    return steps, steps[-1].id if len(rows) > page else None


def _rest(row: Sequence[Any]) -> tuple[str, int, str, str, int]:
    return row[9], row[10], row[11], row[12], row[13]
