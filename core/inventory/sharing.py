"""Reservations that change hands in part; no counter of any level changes."""

from __future__ import annotations

from ..kernel.errors import StockShort
from ..kernel.uow import UnitOfWork
from . import serials as pieces
from .service import held

Holder = tuple[str, int]
"""Kind and id of whoever holds units."""


def pass_on(uow: UnitOfWork, source: Holder, target: Holder, units: int) -> None:
    """So many units that one holder reserved are another's now; what lives longest goes, so that FEFO holds for the rest.

    Units out of a shop's lock go last, and stay known as such. Pieces with serial numbers must be scanned again.
    StockShort when the source holds fewer.
    """
    mine = held(uow, source[0], [source[1]])
    there = sum(row.quantity for row in mine)
    if there < units:
        raise StockShort(f"{source[0]} {source[1]}", units, there, remedy="reload and look what is reserved")
    if any(row.serials for row in mine):
        pieces.put_back(uow, source[0], [source[1]])
    left = units
    for row in sorted(mine, key=lambda one: (one.sell_by, one.level_id, one.id), reverse=True):
        take = min(left, row.quantity)
        if not take:
            break
        left -= take
        if take == row.quantity:
            uow.db.change("UPDATE reservation SET kind = ?, holder = ? WHERE id = ?", (*target, row.id))
        else:
            locked = min(take, max(0, take - (row.quantity - row.locked)))
            uow.db.change(
                "UPDATE reservation SET quantity = quantity - ?, locked = locked - ? WHERE id = ?", (take, locked, row.id)
            )
            uow.db.insert(
                "reservation",
                ("kind", "holder", "level_id", "quantity", "state", "at", "lock_id", "locked"),
                [(*target, row.level_id, take, "held", uow.now, row.lock_id if locked else None, locked)],
            )
