"""Units that left and never reached their buyers: refused at the door, stopped on the way, nobody there."""

from __future__ import annotations

from collections.abc import Mapping

from ..kernel.db import Change
from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from .api import SaleUndone
from .heads import announce, derived, lines_of, locked

REFUSED = "cod_refused"
STOPPED = "intercepted"
"""Why an order ends whose every unit came back: nobody paid at the door, or it was called back on its way."""


def record_bounced(uow: UnitOfWork, came: Mapping[int, Mapping[int, int]], *, key: str, because: str) -> None:
    """Count units as come back undelivered, by order and line.

    A sale that was to be paid at the door is undone, since nobody will pay. What was paid in advance is due to the buyer, and
    its revenue goes back with the money. `key` is the shipment's.
    """
    heads, lines = locked(uow, came), lines_of(uow, came)
    for order_id, units in came.items():
        head, mine = heads[order_id], lines[order_id]
        for line in mine:
            count = units.get(line.id, 0)
            if count > line.shipped - line.bounced:
                raise DomainError(
                    f"order {head.number}, line {line.id}: {count} units came back, {line.shipped - line.bounced} are out",
                    remedy="reload the fulfillment order; it may be back already",
                )
            line.bounced += count
            if count:
                uow.db.change(
                    "UPDATE order_line SET returned = returned + ?, bounced = bounced + ? WHERE id = ?", (count, count, line.id)
                )
        if head.cod:
            uow.emit(SaleUndone(head.id, head.number, f"{key}/{head.number}", because))
        if not any(line.open for line in mine) and all(line.bounced == line.shipped for line in mine):
            head.cancel_reason = REFUSED if head.cod else STOPPED
        status, change = derived(uow, head, mine)
        uow.db.together(Change(change.sql, change.parameters))
        announce(uow, head, status, because)
        uow.note("came back", "order", head.id, because, {"units": sum(units.values())})
