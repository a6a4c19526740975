"""低库存: too little of a SKU is left, told once when it happens, and once when there is enough again.

Nobody's order waits for this. What a transaction touched is a hint after its commit, and a round looks at the thresholds of
those SKUs; a whole round finds what a lost hint missed, and lots that grew too old meanwhile. A dip that is over before
anybody looked was none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from ..kernel.checks import Check, RowCheck
from ..kernel.db import Database, as_moment, marks
from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from .api import LowStock, LowStockCleared
from .tracking import tracked

_MANY = 500
"""Of more SKUs than this at once, all thresholds are looked at."""

# Good units that nobody reserved and that live long enough. Those being counted are among them: a count is no shortage.
_WATCHED = (
    "SELECT t.id, t.sku_id, k.code, k.title, t.warehouse_id, COALESCE(w.code, '') AS warehouse, t.units, "
    "CAST(COALESCE((SELECT SUM(l.on_hand - l.reserved) FROM stock_level l WHERE l.sku_id = t.sku_id AND l.quality = 'good' "
    "AND l.sell_by >= ? AND (t.warehouse_id IS NULL OR l.warehouse_id = t.warehouse_id)), 0) AS BIGINT) AS available, "
    "a.id AS alert, a.fired_at FROM stock_threshold t JOIN sku k ON k.id = t.sku_id "
    "LEFT JOIN warehouse w ON w.id = t.warehouse_id LEFT JOIN low_stock a ON a.threshold_id = t.id AND a.cleared_at IS NULL"
)


@dataclass(frozen=True, slots=True)
class Threshold:
    """How few units of a SKU are too few, in one warehouse or over all (`warehouse` is empty then), and how it stands."""

    id: int
    sku_id: int
    sku: str
    title: str
    warehouse_id: int | None
    warehouse: str
    units: int
    available: int
    alert: int | None
    """The alert that is open."""
    fired_at: datetime | None

    @property
    def crossed(self) -> bool:
        """Whether somebody has to be told: it is low and nobody was, or the other way round."""
        return (self.available < self.units) != (self.alert is not None)


@dataclass(frozen=True, slots=True)
class Alert:
    """It was low once, or still is."""

    id: int
    sku: str
    warehouse: str
    units: int
    """The threshold as it was then, and what was left."""
    available: int
    fired_at: datetime
    cleared_at: datetime | None


def set_threshold(uow: UnitOfWork, sku_id: int, units: int, warehouse_id: int | None = None) -> int:
    """Be told when fewer than so many units of a SKU are available, in a warehouse or over all; the threshold's id.

    It is looked at once, so that what is low already is told with it. An alert that is open stays open while it is still low.
    """
    if not isinstance(units, int) or isinstance(units, bool) or not 0 < units <= 1_000_000_000:
        raise DomainError(f"a threshold of {units!r} units", remedy="give a whole number, at least 1")
    sku = tracked(uow.db, [sku_id])[sku_id]
    if sku.kit:
        raise DomainError(f"{sku.code} is a kit and never in stock itself", remedy="watch its components")
    if warehouse_id is not None and uow.db.row("SELECT 1 FROM warehouse WHERE id = ?", (warehouse_id,)) is None:
        raise DomainError(f"there is no warehouse {warehouse_id}", remedy="choose one of the list")
    target = "(sku_id) WHERE warehouse_id IS NULL" if warehouse_id is None else "(sku_id, warehouse_id)"
    where = "" if warehouse_id is None else " WHERE warehouse_id IS NOT NULL"
    [(threshold_id,)] = uow.db.insert(
        "stock_threshold",
        ("sku_id", "warehouse_id", "units"),
        [(sku_id, warehouse_id, units)],
        conflict=f"{target}{where} DO UPDATE SET units = excluded.units",
        returning="id",
    )
    uow.note("watched", "sku", sku_id, data={"units": units, "warehouse": warehouse_id})
    look(uow, [sku_id])
    return int(threshold_id)


def drop_threshold(uow: UnitOfWork, threshold_id: int) -> None:
    """Nobody wants to be told any more; an alert that is open is cleared with it."""
    found = _held(uow, [threshold_id])
    if not found:
        raise DomainError("there is no such threshold", remedy="reload the list")
    for one in found:
        if one.alert is not None:
            _clear(uow, one, one.alert, "nobody watches it any more")
        uow.db.change("UPDATE low_stock SET threshold_id = NULL WHERE threshold_id = ?", (one.id,))
        uow.db.change("DELETE FROM stock_threshold WHERE id = ?", (one.id,))
        uow.note("unwatched", "sku", one.sku_id, data={"warehouse": one.warehouse_id})


def look(uow: UnitOfWork, sku_ids: Collection[int] | None = None) -> int:
    """Tell what ran low and what is there again, of some SKUs or of all; how many were told.

    Thresholds are held in one order first, so that two that look at once tell it once.
    """
    seen = crossed(uow.db, uow.merchant.day(uow.now), sku_ids)
    told = 0
    for one in _held(uow, [one.id for one in seen]):
        if not one.crossed:
            continue
        if one.alert is not None:
            _clear(uow, one, one.alert, "")
        else:
            _fire(uow, one)
        told += 1
    return told


def _held(uow: UnitOfWork, threshold_ids: Collection[int]) -> list[Threshold]:
    if not threshold_ids:
        return []
    ids = sorted(threshold_ids)
    if not uow.db.sqlite:
        uow.db.rows(f"SELECT id FROM stock_threshold WHERE id IN ({marks(ids)}) ORDER BY id FOR UPDATE", ids)
    return _read(uow.db, uow.merchant.day(uow.now), f"t.id IN ({marks(ids)}) ORDER BY t.id", ids)


def _fire(uow: UnitOfWork, one: Threshold) -> None:
    [(alert_id,)] = uow.db.insert(
        "low_stock",
        ("threshold_id", "sku_id", "warehouse_id", "units", "available", "fired_at"),
        [(one.id, one.sku_id, one.warehouse_id, one.units, one.available, uow.now)],
        returning="id",
    )
    uow.note("low stock", "sku", one.sku_id, _sentence(one), {"warehouse": one.warehouse})
    uow.emit(LowStock(int(alert_id), one.sku_id, one.sku, one.warehouse, one.units, one.available, uow.now))


def _clear(uow: UnitOfWork, one: Threshold, alert_id: int, because: str) -> None:
    uow.db.change("UPDATE low_stock SET cleared_at = ? WHERE id = ? AND cleared_at IS NULL", (uow.now, alert_id))
    uow.note("low stock cleared", "sku", one.sku_id, because or _sentence(one), {"warehouse": one.warehouse})
    uow.emit(LowStockCleared(alert_id, one.sku_id, one.sku, one.warehouse, one.units, one.available, uow.now))


def _sentence(one: Threshold) -> str:
    return f"{one.sku}{f' in {one.warehouse}' if one.warehouse else ''}: {one.available} available, wanted {one.units}"


# reads


def _read(db: Database, today: str, where: str, given: Iterable[object]) -> list[Threshold]:
    rows = db.rows(f"{_WATCHED} WHERE {where}", [today, *given])
    return [
        Threshold(
            id=row[0], sku_id=row[1], sku=row[2], title=row[3], warehouse_id=row[4], warehouse=row[5], units=row[6],
            available=int(row[7]), alert=row[8], fired_at=None if row[9] is None else as_moment(row[9]),
        )
        for row in rows
    ]  # fmt: skip


def crossed(db: Database, today: str, sku_ids: Collection[int] | None = None) -> list[Threshold]:
    """The thresholds of some SKUs, or of all, that somebody has to be told about; one statement."""
    if sku_ids is not None and len(sku_ids) <= _MANY:
        if not sku_ids:
            return []
        found = _read(db, today, f"t.sku_id IN ({marks(sorted(sku_ids))}) ORDER BY t.id", sorted(sku_ids))
    else:
        found = _read(db, today, "1 = 1 ORDER BY t.id", ())
    return [one for one in found if one.crossed]


def thresholds(db: Database, today: str, sku_id: int | None = None) -> list[Threshold]:
    """Everything that is watched, what is low first; or of one SKU."""
    where = "1 = 1" if sku_id is None else "t.sku_id = ?"
    return _read(db, today, f"{where} ORDER BY a.id IS NULL, k.code, warehouse", [] if sku_id is None else [sku_id])


def alerts(db: Database, *, most: int = 40) -> list[Alert]:
    """The latest alerts, the open ones first."""
    rows = db.rows(
        "SELECT a.id, k.code, COALESCE(w.code, ''), a.units, a.available, a.fired_at, a.cleared_at FROM low_stock a "
        "JOIN sku k ON k.id = a.sku_id LEFT JOIN warehouse w ON w.id = a.warehouse_id "
        f"ORDER BY a.cleared_at IS NOT NULL, a.id DESC LIMIT {int(most)}"
    )
    return [
        Alert(row[0], row[1], row[2], row[3], row[4], as_moment(row[5]), None if row[6] is None else as_moment(row[6]))
        for row in rows
    ]


def low(db: Database) -> int:
    """How many alerts are open."""
    [(count,)] = db.rows("SELECT COUNT(*) FROM low_stock WHERE cleared_at IS NULL")
    return int(count)


# proof

_ALERT = "low_stock {id} ({sku} {warehouse})"
_OF = "FROM low_stock a JOIN sku k ON k.id = a.sku_id LEFT JOIN warehouse w ON w.id = a.warehouse_id"

once = RowCheck(
    "a threshold is told of once",
    f"SELECT MIN(a.id) AS id, k.code AS sku, COALESCE(w.code, '') AS warehouse, COUNT(*) AS alerts {_OF}"
    " WHERE a.cleared_at IS NULL GROUP BY a.threshold_id, k.code, w.code HAVING COUNT(*) > 1 ORDER BY 1",
    _ALERT,
    "is one of {alerts} alerts that are open for one threshold",
    "clear all of them but one",
)

theirs = RowCheck(
    "an alert is of a threshold that stands",
    f"SELECT a.id, k.code AS sku, COALESCE(w.code, '') AS warehouse, a.units, a.available {_OF}"
    " LEFT JOIN stock_threshold t ON t.id = a.threshold_id WHERE (a.cleared_at IS NULL AND t.id IS NULL)"
    " OR t.sku_id <> a.sku_id OR COALESCE(t.warehouse_id, 0) <> COALESCE(a.warehouse_id, 0) AND t.id IS NOT NULL"
    " OR a.available >= a.units OR a.cleared_at < a.fired_at ORDER BY a.id",
    _ALERT,
    "fired at {available} of {units}, for no threshold, another one's, or nothing that was low",
    "clear it; the next round fires again if it is low",
)

CHECKS: tuple[Check, ...] = (once, theirs)
