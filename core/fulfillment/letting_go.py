"""Fulfillment orders that give up units, because the order above does not want them sent any more."""

from __future__ import annotations

from collections.abc import Sequence

from ..inventory import service as inventory
from ..kernel.db import marks
from ..kernel.uow import UnitOfWork
from ..orders.api import UnitsCancelled, UnitsShippedElsewhere
from . import putback
from .api import FoState, FoVoided, RelabelWanted
from .documents import HOLDER, Fo, held, move
from .states import INSIDE, OPEN, quoted
from .waiting import allocate, count_reserved


def let_go(uow: UnitOfWork, events: Sequence[UnitsCancelled | UnitsShippedElsewhere]) -> None:
    """Units of orders are not ours to send any more: take them out of open fulfillment orders, the least advanced first."""
    waiting: dict[int, str] = {}
    _hold_all(uow, [line_id for event in events for line_id, _ in event.units])
    for event in events:
        reason = event.reason if isinstance(event, UnitsCancelled) else "shipped_elsewhere"
        for line_id, units in event.units:
            waiting |= dict.fromkeys(_let_go_line(uow, line_id, units, reason), reason)
    # Only when every line has shrunk: half of a kit would look like single goods.
    for fo_id, reason in sorted(waiting.items()):
        allocate(uow, fo_id, reason)


def _hold_all(uow: UnitOfWork, line_ids: Sequence[int]) -> None:
    """Hold the fulfillment orders of these order lines, then every level they have units of, before any of them changes."""
    if len(line_ids) > 1 or (line_ids and not uow.db.sqlite):
        rows = uow.db.rows(
            "SELECT x.id FROM fo_line x JOIN fulfillment_order f ON f.id = x.fo_id "
            f"WHERE x.line_id IN ({marks(line_ids)}) AND f.state IN ({quoted(OPEN)}) ORDER BY f.id, x.id"
            + ("" if uow.db.sqlite else " FOR UPDATE OF f"),
            line_ids,
        )
        inventory.held(uow, HOLDER, [row[0] for row in rows])


def _let_go_line(uow: UnitOfWork, line_id: int, units: int, reason: str) -> list[int]:
    """Take units of one line out; the planned fulfillment orders that may be served now."""
    rows = uow.db.rows(
        "SELECT l.id, l.fo_id, l.quantity, l.reserved, f.state FROM fo_line l JOIN fulfillment_order f ON f.id = l.fo_id "
        f"WHERE l.line_id = ? AND f.state IN ({quoted(OPEN)})",
        (line_id,),
    )
    rank = {state.value: place for place, state in enumerate(OPEN)}
    waiting = []
    for row_id, fo_id, count, reserved, state in sorted(rows, key=lambda row: (rank[row[4]], -row[1])):
        if units <= 0:
            break
        less = min(units, count)
        units -= less
        keep = count - less
        back = max(0, reserved - keep)
        if keep:
            uow.db.change("UPDATE fo_line SET quantity = ?, reserved = ? WHERE id = ?", (keep, reserved - back, row_id))
        fo = held(uow, [fo_id])[fo_id]
        if back and fo.state in INSIDE:
            putback.want(uow, putback.Taken(fo_id, row_id, line_id, fo.warehouse_id, back, fo.state), reason)
        elif back:
            inventory.release(uow, HOLDER, {row_id: back})
        uow.note("units taken out", "fulfillment_order", fo_id, reason, {"units": less, "put_back": state in INSIDE})
        others = uow.db.row("SELECT 1 FROM fo_line WHERE fo_id = ? AND id <> ?", (fo_id, row_id))
        if not keep and others:
            uow.db.change("DELETE FROM fo_line WHERE id = ?", (row_id,))
        elif not keep:
            # Its last line stays where it was, so that the cancelled document still says what it was for.
            uow.db.change("UPDATE fo_line SET reserved = 0 WHERE id = ?", (row_id,))
            end(uow, fo, "order_cancelled", reason)
            continue
        if fo.state is FoState.PLANNED:
            waiting.append(fo_id)
        elif fo.cod and fo.state is not FoState.ALLOCATED:
            uow.emit(RelabelWanted(fo_id))  # what is to be collected at the door is another sum now
    count_reserved(uow, [line_id])
    return waiting


def end(uow: UnitOfWork, fo: Fo, code: str, because: str, became: int | None = None) -> None:
    """A fulfillment order that sends nothing: closed, its holds lifted, its waybill to be voided."""
    move(uow, fo, FoState.CANCELLED, because, cancel_reason=code, became_id=became)
    uow.db.change(
        "UPDATE hold SET released_at = ?, released_by = ? WHERE level = 'fo' AND document = ? AND released_at IS NULL",
        (uow.now, uow.actor, fo.id),
    )
    uow.emit(FoVoided(fo.id))
