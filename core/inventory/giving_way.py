"""Reservations that must leave a level, because its units are not there, or no longer good.

Whoever paid last leaves first. Those who leave find units of other lots in the same warehouse, the earliest payment
first; who finds none loses them, and the room above hears of it in the same unit of work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ..kernel.db import as_moment
from ..kernel.errors import StockShort
from ..kernel.uow import UnitOfWork
from . import locks
from . import serials as pieces
from .api import Holder, Quality, ReservationsLost, StockChanged
from .booking import Counter, counters
from .tracking import tracked


@dataclass(frozen=True, slots=True)
class _Promise:
    """A held reservation, and its holder's place in the queue."""

    id: int
    kind: str
    holder: int
    quantity: int
    number: str
    since: datetime
    firm: bool


def usable(levels: Sequence[Counter], today: str) -> list[Counter]:
    """The levels whose free units may be promised today, the first to expire first."""
    found = [
        level
        for level in levels
        if level.quality == Quality.GOOD and not level.counting and level.sell_by >= today and level.shared > 0
    ]
    return sorted(found, key=lambda level: (level.sell_by, level.id))


def _promises(uow: UnitOfWork, level_id: int) -> list[_Promise]:
    """Who holds units of a level, the latest payment first."""
    rows = uow.db.rows(
        "SELECT id, kind, holder, quantity, at FROM reservation WHERE level_id = ? AND state = 'held' ORDER BY id"
        + ("" if uow.db.sqlite else " FOR UPDATE"),
        (level_id,),
    )
    told: dict[tuple[str, int], Holder] = {}
    for kind in sorted({row[1] for row in rows}):
        for holder, about in uow.about(kind, sorted({row[2] for row in rows if row[1] == kind})).items():
            told[kind, holder] = about
    found = []
    for id_, kind, holder, quantity, at in rows:
        about = told.get((kind, holder)) or Holder(f"{kind} {holder}", as_moment(at))
        found.append(_Promise(id_, kind, holder, quantity, about.number, about.since, about.firm))
    return sorted(found, key=lambda one: (one.since, one.holder, one.id), reverse=True)


def make_room(uow: UnitOfWork, sku_id: int, warehouse_id: int, lot: str, units: int, because: str) -> None:
    """See to it that so many good units of a lot are promised to nobody; StockShort names those that cannot give way."""
    levels = counters(uow, [sku_id], [warehouse_id])
    level = next((one for one in levels if one.lot == lot and one.quality == Quality.GOOD), None)
    if level is None or units <= level.on_hand - level.reserved:
        return
    over = min(units, level.on_hand) - (level.on_hand - level.reserved)
    promises = _promises(uow, level.id)
    leaving: list[tuple[_Promise, int]] = []
    for promise in promises:
        if over and not promise.firm:
            leaving.append((promise, min(over, promise.quantity)))
            over -= leaving[-1][1]
    if over:
        firm = ", ".join(f"{promise.number} ({promise.quantity})" for promise in promises if promise.firm)
        sku = tracked(uow.db, [sku_id])[sku_id].code
        raise StockShort(
            f"{because}: {sku}",
            units,
            units - over,
            remedy=f"{firm} picked its units already: ship, cancel or count those",
        )
    _move(uow, level, leaving, usable([one for one in levels if one is not level], uow.merchant.day(uow.now)), because)


def _move(
    uow: UnitOfWork, level: Counter, leaving: Sequence[tuple[_Promise, int]], others: Sequence[Counter], because: str
) -> None:
    """Let promises leave a level for the others, in the order of payment; what finds no unit is lost."""
    lost: dict[str, dict[int, int]] = {}
    change: dict[int, int] = {}
    new = []
    for promise, give in reversed(leaving):
        missing = give
        for other in others:
            take = min(missing, other.shared)
            if take:
                other.reserved += take
                missing -= take
                change[other.id] = change.get(other.id, 0) + take
                new.append((promise.kind, promise.holder, other.id, take, "held", uow.now))
        change[level.id] = change.get(level.id, 0) - give
        if give == promise.quantity:
            uow.db.change("UPDATE reservation SET state = 'released' WHERE id = ?", (promise.id,))
        else:
            uow.db.change("UPDATE reservation SET quantity = quantity - ? WHERE id = ?", (give, promise.id))
        pieces.put_back(uow, promise.kind, [promise.holder], level.id)
        if missing:
            units = lost.setdefault(promise.kind, {})
            units[promise.holder] = units.get(promise.holder, 0) + missing
        uow.note("gave way", promise.kind, promise.holder, because, {"units": give, "lost": missing, "lot": level.lot})
    shift(uow, change)
    if new:
        uow.db.insert("reservation", ("kind", "holder", "level_id", "quantity", "state", "at"), new)
    uow.emit(StockChanged((level.sku_id,)))
    for kind, units in lost.items():
        uow.emit(ReservationsLost(kind, tuple(sorted(units.items())), (level.sku_id,), because))


def shift(uow: UnitOfWork, change: dict[int, int]) -> None:
    """Change what levels have reserved by so much, where that fits; the caller writes the reservations beside it."""
    wanted = [(level_id, units) for level_id, units in sorted(change.items()) if units]
    if not wanted:
        return
    touched = uow.db.change(
        "UPDATE stock_level SET reserved = stock_level.reserved + v.column2 FROM (VALUES "
        f"{','.join(['(?,?)'] * len(wanted))}) AS v WHERE stock_level.id = v.column1 "
        "AND stock_level.reserved + v.column2 BETWEEN 0 AND stock_level.on_hand",
        [part for pair in wanted for part in pair],
    )
    if touched != len(wanted):
        raise StockShort("stock", len(wanted), touched, remedy="somebody was faster; try again")
    # A lot that somebody holds in his hand is his: a lock on it gives way.
    locks.fit(uow, [level_id for level_id, units in wanted if units > 0])
