"""What the carrier answered, and parcels that arrived."""

from __future__ import annotations

from collections.abc import Sequence

from ..kernel.db import marks
from ..kernel.uow import UnitOfWork
from ..orders import service as orders
from ..orders.api import HoldCode
from .api import FoState, ShipmentDelivered
from .documents import held, move
from .states import OPEN


def issue_waybill(uow: UnitOfWork, waybill_id: int, number: str, answer: str, label: bytes | None, label_type: str) -> bool:
    """The carrier gave a number (and a label); the fulfillment order may ship. False when no number is wanted any more."""
    written = uow.db.change(
        "UPDATE waybill SET state = 'issued', number = ?, answer = ?, label = ?, label_type = ? "
        "WHERE id = ? AND state = 'requested'",
        (number, answer, label, label_type, waybill_id),
    )
    row = uow.db.row("SELECT fo_id FROM waybill WHERE id = ?", (waybill_id,))
    if written and row is not None:
        uow.note("waybill issued", "fulfillment_order", row[0], number)
        orders.lift(uow, row[0], HoldCode.WAYBILL_ERROR, level="fo")
    return bool(written)


def waybill_failed(uow: UnitOfWork, waybill_id: int, reason: str) -> None:
    """The carrier refuses: the fulfillment order waits for a person."""
    row = uow.db.row("SELECT fo_id FROM waybill WHERE id = ?", (waybill_id,))
    if row is not None:
        orders.hold(uow, row[0], HoldCode.WAYBILL_ERROR, reason, source="carrier", level="fo")


def waybill_not_given_back(uow: UnitOfWork, waybill_id: int) -> None:
    """The carrier keeps a number that we wanted to give back: a person settles that, while the parcel has not left."""
    row = uow.db.row(
        "SELECT w.fo_id, w.number, f.state FROM waybill w JOIN fulfillment_order f ON f.id = w.fo_id WHERE w.id = ?",
        (waybill_id,),
    )
    if row is not None and FoState(row[2]) in OPEN:
        note = f"the carrier does not take {row[1]} back"
        orders.hold(uow, row[0], HoldCode.WAYBILL_ERROR, note, source="void", level="fo")


def deliver(uow: UnitOfWork, waybill_id: int, because: str) -> None:
    """The carrier says the parcel arrived; the first time only."""
    row = uow.db.row("SELECT fo_id, number FROM waybill WHERE id = ? AND delivered_at IS NULL", (waybill_id,))
    if row is None:
        return
    uow.db.change("UPDATE waybill SET delivered_at = ? WHERE id = ?", (uow.now, waybill_id))
    fo = held(uow, [row[0]])[row[0]]
    if fo.state is FoState.SHIPPED:
        move(uow, fo, FoState.DELIVERED, because)
        order_ids = uow.db.rows("SELECT DISTINCT order_id FROM fo_line WHERE fo_id = ? ORDER BY order_id", (fo.id,))
        uow.emit(ShipmentDelivered(fo.id, row[1], tuple(order_id for (order_id,) in order_ids)))
        if fo.cod:
            collect(uow, [order_id for (order_id,) in order_ids])


def collect(uow: UnitOfWork, order_ids: Sequence[int]) -> None:
    """Cash on delivery has been paid where a parcel of the order arrived and none is still on its way to the buyer."""
    arrived = uow.db.rows(
        "SELECT x.order_id FROM fo_line x JOIN fulfillment_order f ON f.id = x.fo_id "
        f"WHERE x.order_id IN ({marks(order_ids)}) AND f.cod AND f.state IN ('shipped', 'delivered') "
        "GROUP BY x.order_id HAVING MIN(CASE f.state WHEN 'delivered' THEN 1 ELSE 0 END) = 1 ORDER BY x.order_id",
        order_ids,
    )
    for (order_id,) in arrived:
        orders.record_collected(uow, order_id, uow.now)
