"""独占: units of a SKU that a shop has to itself in a warehouse: nobody else's orders take them, its own take them first.

What a lock keeps is counted per level (`locked_units`), and together in `stock_level.locked`, so that a reservation honours
every lock in its own conditional update. A lock whose units are all sold still stands: its mode goes on holding.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..kernel.checks import Check, RowCheck
from ..kernel.db import Database, marks
from ..kernel.errors import DomainError, StockShort
from ..kernel.uow import UnitOfWork
from .api import LockMode, StockChanged, StockFreed
from .tracking import tracked


@dataclass(frozen=True, slots=True)
class Lock:
    """A shop's lock in one warehouse, and how many units it still keeps."""

    id: int
    shop: str
    sku: str
    warehouse: str
    mode: LockMode
    units: int


def locks(db: Database, *, shop_id: int | None = None, sku_id: int | None = None) -> list[Lock]:
    """All locks, or those of a shop or a SKU; by SKU, warehouse and shop."""
    parts, given = ["1 = 1"], []
    for column, value in (("k.shop_id", shop_id), ("k.sku_id", sku_id)):
        if value is not None:
            parts.append(f"{column} = ?")
            given.append(value)
    rows = db.rows(
        "SELECT k.id, s.code, p.code, w.code, k.mode, COALESCE((SELECT CAST(SUM(u.quantity) AS BIGINT) FROM locked_units u "
        "WHERE u.lock_id = k.id), 0) FROM stock_lock k JOIN shop s ON s.id = k.shop_id JOIN sku p ON p.id = k.sku_id "
        f"JOIN warehouse w ON w.id = k.warehouse_id WHERE {' AND '.join(parts)} ORDER BY p.code, w.code, s.code",
        given,
    )
    return [Lock(row[0], row[1], row[2], row[3], LockMode(row[4]), int(row[5])) for row in rows]


def keeping_apart(db: Database, sku_ids: Iterable[int]) -> frozenset[tuple[int, int]]:
    """Where, by (warehouse, SKU), units are locked for a shop or promised out of a lock: they cannot pass to another shop."""
    wanted = sorted(set(sku_ids))
    if not wanted:
        return frozenset()
    rows = db.rows(
        f"SELECT warehouse_id, sku_id FROM stock_lock WHERE sku_id IN ({marks(wanted)}) UNION SELECT l.warehouse_id, l.sku_id "
        "FROM reservation r JOIN stock_level l ON l.id = r.level_id WHERE r.state = 'held' AND r.locked > 0 "
        f"AND l.sku_id IN ({marks(wanted)})",
        [*wanted, *wanted],
    )
    return frozenset((row[0], row[1]) for row in rows)


def lock(
    uow: UnitOfWork, shop_id: int, sku_id: int, warehouse_id: int, units: int, mode: LockMode = LockMode.PLUS_SHARED
) -> int:
    """Let a shop have so many units there to itself from now on, whatever it had before; the lock's id.

    Only units that nobody has reserved and no shop has locked can be had: StockShort says how many those are. 0 units with
    one of the `only` modes keep the shop away from what is shared.
    """
    if not isinstance(units, int) or isinstance(units, bool) or not 0 <= units <= 1_000_000_000:
        raise DomainError(f"a lock of {units!r} units", remedy="give a whole number, 0 or more")
    mode = LockMode(mode)
    sku = tracked(uow.db, [sku_id])[sku_id]
    if sku.kit:
        raise DomainError(f"{sku.code} is a kit and never in stock itself", remedy="lock its components")
    if not uow.db.row("SELECT 1 FROM shop_warehouse WHERE shop_id = ? AND warehouse_id = ?", (shop_id, warehouse_id)):
        raise DomainError("this warehouse does not serve the shop", remedy="let it serve the shop first")
    levels = _held(uow, sku_id, [warehouse_id])
    [(lock_id,)] = uow.db.insert(
        "stock_lock",
        ("shop_id", "sku_id", "warehouse_id", "mode"),
        [(shop_id, sku_id, warehouse_id, mode)],
        conflict="(shop_id, sku_id, warehouse_id) DO UPDATE SET mode = excluded.mode",
        returning="id",
    )
    own = {row[0]: row[1] for row in uow.db.rows("SELECT level_id, quantity FROM locked_units WHERE lock_id = ?", (lock_id,))}
    more = units - sum(own.values())
    change: dict[int, int] = {}
    today = uow.merchant.day(uow.now)
    if more > 0:
        for level_id, room, sell_by, counting in levels:
            take = min(more, room) if not counting and sell_by >= today else 0
            if take > 0:
                change[level_id] = take
                more -= take
        if more:
            raise StockShort(sku.code, units, units - more, remedy="lock no more than nobody has reserved or locked there")
    else:
        for level_id, *_ in reversed(levels):
            give = min(-more, own.get(level_id, 0))
            if give > 0:
                change[level_id] = -give
                more += give
    _apply(uow, lock_id, change, sku.code)
    uow.note("locked", "stock_lock", lock_id, f"{sku.code}: {units} {mode}", {"shop": shop_id, "warehouse": warehouse_id})
    uow.emit(StockChanged((sku_id,)), StockFreed((sku_id,)))
    return int(lock_id)


def unlock(uow: UnitOfWork, shop_id: int, sku_id: int, warehouse_id: int | None = None) -> int:
    """End a shop's locks of a SKU, in one warehouse or in all: their units are shared again; how many those are."""
    rows = uow.db.rows(
        "SELECT id, warehouse_id FROM stock_lock WHERE shop_id = ? AND sku_id = ?"
        + (" AND warehouse_id = ?" if warehouse_id is not None else "")
        + " ORDER BY id",
        [shop_id, sku_id, *([] if warehouse_id is None else [warehouse_id])],
    )
    if not rows:
        raise DomainError("there is no such lock", remedy="reload the list of locks")
    _held(uow, sku_id, [row[1] for row in rows])
    freed = 0
    for lock_id, _ in rows:
        own = dict(uow.db.rows("SELECT level_id, quantity FROM locked_units WHERE lock_id = ?", (lock_id,)))
        freed += sum(own.values())
        _apply(uow, lock_id, {level_id: -units for level_id, units in own.items()}, f"lock {lock_id}")
        uow.db.change("DELETE FROM locked_units WHERE lock_id = ?", (lock_id,))
        uow.db.change("UPDATE reservation SET lock_id = NULL, locked = 0 WHERE lock_id = ?", (lock_id,))
        uow.db.change("DELETE FROM stock_lock WHERE id = ?", (lock_id,))
        uow.note("unlocked", "stock_lock", lock_id)
    uow.emit(StockChanged((sku_id,)), StockFreed((sku_id,)))
    return freed


def _held(uow: UnitOfWork, sku_id: int, warehouse_ids: Sequence[int]) -> list[tuple[int, int, str, bool]]:
    """Good levels, held: (id, units nobody reserved or locked, sell by, being counted), the first to expire first."""
    rows = uow.db.rows(
        "SELECT id, on_hand - reserved - locked, sell_by, counting FROM stock_level WHERE sku_id = ? AND quality = 'good' "
        f"AND warehouse_id IN ({marks(warehouse_ids)}) ORDER BY warehouse_id, id" + ("" if uow.db.sqlite else " FOR UPDATE"),
        [sku_id, *warehouse_ids],
    )
    return sorted(((row[0], row[1], row[2], bool(row[3])) for row in rows), key=lambda row: (row[2], row[0]))


def _apply(uow: UnitOfWork, lock_id: int, change: Mapping[int, int], what: str) -> None:
    """Let a lock keep so many units more (or fewer) of each level."""
    wanted = {level_id: units for level_id, units in sorted(change.items()) if units}
    if not wanted:
        return
    touched = uow.db.change(
        "UPDATE stock_level SET locked = stock_level.locked + v.column2 FROM "
        f"(VALUES {','.join(['(?,?)'] * len(wanted))}) AS v WHERE stock_level.id = v.column1 "
        "AND (v.column2 < 0 OR stock_level.on_hand - stock_level.reserved >= stock_level.locked + v.column2)",
        [part for pair in wanted.items() for part in pair],
    )
    if touched != len(wanted):
        raise StockShort(what, len(wanted), touched, remedy="somebody was faster; try again")
    keep(uow, {(lock_id, level_id): units for level_id, units in wanted.items()})


def keep(uow: UnitOfWork, change: Mapping[tuple[int, int], int]) -> None:
    """Count so many units more (or fewer) for each (lock, level); the caller changes `stock_level.locked` with it."""
    fewer = [(lock_id, level_id, -units) for (lock_id, level_id), units in sorted(change.items()) if units < 0]
    more = [(lock_id, level_id, units) for (lock_id, level_id), units in sorted(change.items()) if units > 0]
    if fewer:
        touched = uow.db.change(
            "UPDATE locked_units SET quantity = locked_units.quantity - v.column3 FROM (VALUES "
            f"{','.join(['(?,?,?)'] * len(fewer))}) AS v WHERE locked_units.lock_id = v.column1 "
            "AND locked_units.level_id = v.column2 AND locked_units.quantity >= v.column3",
            [part for row in fewer for part in row],
        )
        if touched != len(fewer):
            raise StockShort("locked stock", len(fewer), touched, remedy="somebody was faster; try again")
    uow.db.insert(
        "locked_units",
        ("lock_id", "level_id", "quantity"),
        more,
        conflict="(lock_id, level_id) DO UPDATE SET quantity = locked_units.quantity + excluded.quantity",
    )


def standing(uow: UnitOfWork, lock_ids: Iterable[int]) -> dict[int, int]:
    """Of these locks those that were not ended, with their warehouses."""
    wanted = sorted(set(lock_ids))
    if not wanted:
        return {}
    rows = uow.db.rows(f"SELECT id, warehouse_id FROM stock_lock WHERE id IN ({marks(wanted)})", wanted)
    return {row[0]: row[1] for row in rows}


def fit(uow: UnitOfWork, level_ids: Iterable[int]) -> None:
    """Where units that were locked are not there any more, locks keep fewer, the latest lock first."""
    wanted = sorted(set(level_ids))
    if not wanted:
        return
    over = {
        row[0]: row[1]
        for row in uow.db.rows(
            f"SELECT id, locked - (on_hand - reserved) FROM stock_level WHERE id IN ({marks(wanted)}) "
            "AND locked > on_hand - reserved ORDER BY id",
            wanted,
        )
    }
    if not over:
        return
    change: dict[tuple[int, int], int] = {}
    left = dict(over)
    for lock_id, level_id, units in uow.db.rows(
        f"SELECT lock_id, level_id, quantity FROM locked_units WHERE quantity > 0 AND level_id IN ({marks(list(over))}) "
        "ORDER BY lock_id DESC",
        list(over),
    ):
        give = min(left[level_id], units)
        if give:
            left[level_id] -= give
            change[lock_id, level_id] = -give
            uow.note("shrunk", "stock_lock", lock_id, "the units are not there any more", {"units": give})
    uow.db.change(
        f"UPDATE stock_level SET locked = stock_level.locked - v.column2 FROM (VALUES {','.join(['(?,?)'] * len(over))}) AS v "
        "WHERE stock_level.id = v.column1",
        [part for pair in over.items() for part in pair],
    )
    keep(uow, change)


# proof

locked = RowCheck(
    "locked follows the locks",
    "SELECT l.id, w.code AS warehouse, s.code AS sku, l.lot, l.quality, l.locked, COALESCE(u.kept, 0) AS kept"
    " FROM stock_level l JOIN warehouse w ON w.id = l.warehouse_id JOIN sku s ON s.id = l.sku_id LEFT JOIN (SELECT level_id,"
    " CAST(SUM(quantity) AS BIGINT) AS kept FROM locked_units GROUP BY level_id) u ON u.level_id = l.id"
    " WHERE l.locked <> COALESCE(u.kept, 0) ORDER BY l.id",
    "stock_level {id} ({warehouse} {sku} {lot} {quality})",
    "locked {locked}, but its locks keep {kept}",
    "set the locks of {sku} in {warehouse} again",
)

room = RowCheck(
    "what is locked is there and promised to nobody",
    "SELECT l.id, w.code AS warehouse, s.code AS sku, l.lot, l.quality, l.locked, l.on_hand - l.reserved AS free"
    " FROM stock_level l JOIN warehouse w ON w.id = l.warehouse_id JOIN sku s ON s.id = l.sku_id"
    " WHERE l.locked < 0 OR l.locked > l.on_hand - l.reserved OR (l.locked > 0 AND l.quality <> 'good') ORDER BY l.id",
    "stock_level {id} ({warehouse} {sku} {lot} {quality})",
    "locked {locked}, but only {free} units are not reserved",
    "lower the locks of {sku} in {warehouse}",
)

places = RowCheck(
    "a lock keeps units of its own SKU and warehouse",
    "SELECT u.id, u.lock_id, u.quantity FROM locked_units u LEFT JOIN stock_lock k ON k.id = u.lock_id"
    " LEFT JOIN stock_level l ON l.id = u.level_id WHERE k.id IS NULL OR l.id IS NULL OR l.sku_id <> k.sku_id"
    " OR l.warehouse_id <> k.warehouse_id OR u.quantity < 0"
    " OR k.mode NOT IN ('lock_plus_shared','lock_only','lock_only_here') ORDER BY u.id",
    "locked_units {id} (lock {lock_id})",
    "keeps {quantity} units of another SKU or warehouse, or of a lock that is gone",
    "end the lock and set it again",
)

CHECKS: tuple[Check, ...] = (locked, room, places)
