"""Goods that change hands in a shop: given at the counter, or picked up with a code; never a parcel, never a waybill."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ..inventory import service as inventory
from ..kernel.db import as_moment
from ..kernel.errors import DomainError, Stale
from ..kernel.uow import UnitOfWork
from ..orders import service as orders
from ..orders.api import GivenAtCounter, HoldCode, OrderSettled, OrderStatus, Reach, ReviewPassed
from ..orders.holds import stopping
from ..orders.states import Step
from .api import FoState
from .service import HOLDER, Fo, allocate, blocked, fo_lines, held, move, release
from .states import FETCHED, OPEN, quoted

NOT_COLLECTED = "not_collected"
"""Why a pickup was given up."""

_STEPS = (FoState.RELEASED, FoState.PICKING, FoState.PICKED, FoState.PACKED)


def is_fetched(uow: UnitOfWork, fo_id: int) -> bool:
    """Whether its buyer comes for it, or has it already."""
    return uow.db.row(f"SELECT 1 FROM fulfillment_order f WHERE f.id = ? AND {FETCHED}", (fo_id,)) is not None


def hear_given(uow: UnitOfWork, events: Sequence[GivenAtCounter]) -> None:
    """Let the books follow what a buyer took along already. Where they cannot, the order stays and waits for a person."""
    for event in events:
        try:
            with uow.attempt():
                hand_over(uow, event.order_id)
        except Stale:
            raise  # somebody was faster: the whole of it is tried again
        except DomainError as error:
            orders.hold(uow, event.order_id, HoldCode.HAND_OVER, str(error), source="counter")


@dataclass(frozen=True, slots=True)
class _Order:
    """What decides whether an order's goods may change hands."""

    id: int
    number: str
    status: OrderStatus
    reach: Reach
    code: str
    cod: bool
    placed_at: datetime


def _order(uow: UnitOfWork, order_id: int) -> _Order:
    row = uow.db.row("SELECT number, status, reach, pickup_code, cod, placed_at FROM sales_order WHERE id = ?", (order_id,))
    if row is None:
        raise DomainError(f"there is no order {order_id}", remedy="look it up by its number")
    number, status, reach, code, cod, placed_at = row
    return _Order(order_id, number, OrderStatus(status), Reach(reach), code, bool(cod), as_moment(placed_at))


def hand_over(uow: UnitOfWork, order_id: int, *, code: str = "", method: str = "") -> bool:
    """Goods go to their buyer across the counter: all steps to delivered, stock and money as by `ship`; False when they had.

    `code` is what the buyer of a pickup shows. `method` says how what is still due was paid just now; without it nothing may
    be due. Refused, with every reason: a wrong code, money due, an open hold, too few units in the books.
    """
    fos = _open_fos(uow, order_id)
    order = _order(uow, order_id)
    _refuse_if_not_theirs(order, code)
    if order.status in (OrderStatus.SHIPPED, OrderStatus.COMPLETED):
        return False
    at = order.placed_at if order.reach is Reach.COUNTER else uow.now
    due = orders.due(uow, order_id)
    if due.minor > 0 and not method:
        raise DomainError(f"{due} of order {order.number} is not paid", remedy="take the payment, then hand it over")
    if due.minor > 0 and not order.cod:
        _take(uow, order, due.minor, method, at)
        uow.hear_now(OrderSettled, ReviewPassed)
        fos = _open_fos(uow, order_id)
    orders.lift(uow, order_id, HoldCode.HAND_OVER, because="handed over")
    if not fos:
        raise _not_planned(uow, order)
    for fo in fos:
        _give(uow, fo, order_id, at)
    if order.cod:
        orders.record_collected(uow, order_id, at)
        if due.minor > 0:
            _take(uow, order, due.minor, method, at)
    orders.complete(uow, order_id, at, "handed over")
    return True


def _open_fos(uow: UnitOfWork, order_id: int) -> list[Fo]:
    """What is still to change hands of an order, held until the transaction ends."""
    rows = uow.db.rows(
        "SELECT DISTINCT f.id FROM fulfillment_order f JOIN fo_line x ON x.fo_id = f.id WHERE x.order_id = ? "
        f"AND f.state IN ({quoted(OPEN)}) ORDER BY f.id",
        (order_id,),
    )
    return [fo for fo in held(uow, [row[0] for row in rows]).values() if fo.state in OPEN] if rows else []


def _refuse_if_not_theirs(order: _Order, code: str) -> None:
    if order.reach is Reach.SHIPPED:
        raise DomainError(f"order {order.number} is sent to its buyer", remedy="ship its parcel")
    if order.status is OrderStatus.CANCELLED:
        raise DomainError(f"order {order.number} is cancelled", remedy="do not give the goods away; look at its history")
    if order.reach is Reach.PICKUP and not hmac.compare_digest(code.strip().upper().encode(), order.code.encode()):
        raise DomainError(f"this is not the code of order {order.number}", remedy="ask the buyer for the code they were given")


def _not_planned(uow: UnitOfWork, order: _Order) -> DomainError:
    """Why nothing of an order is on its way to anybody."""
    reasons = [f"{code} ({note})" if note else code for code, note in stopping(uow.db, order.id, Step.SHIP)]
    said = "; ".join(reasons) or f"it is {order.status}"
    return DomainError(f"order {order.number} must not be handed over: {said}", remedy="settle that first")


def _take(uow: UnitOfWork, order: _Order, amount: int, method: str, at: datetime) -> None:
    orders.receive_payment(uow, orders.PaymentFacts(order.id, amount, at, method, f"counter/{order.number}/{amount}"))


def _give(uow: UnitOfWork, fo: Fo, order_id: int, at: datetime) -> None:
    """One fulfillment order goes the rest of its way at once."""
    if fo.state is FoState.PLANNED and not allocate(uow, fo.id, "wanted at the counter", stay=True):
        [(note,)] = uow.db.rows(
            "SELECT note FROM hold WHERE level = 'fo' AND document = ? AND code = 'out_of_stock' AND released_at IS NULL "
            "ORDER BY id DESC LIMIT 1",
            (fo.id,),
        )
        raise DomainError(
            f"{fo.number}: {fo.warehouse} has too few in its books of {note}",
            remedy="count them or book the missing receipt, then hand it over again",
        )
    fo = held(uow, [fo.id])[fo.id]
    if holds := blocked(uow, fo.id, Step.SHIP):
        listed = "; ".join(f"{code} ({note})" if note else code for code, note in holds)
        raise DomainError(f"{fo.number} must not be handed over: {listed}", remedy="settle these holds first")
    if fo.state is FoState.ALLOCATED:
        if not release(uow, fo.id, "handed over"):
            raise DomainError(f"{fo.number}: its lot is too old by now", remedy="look at the lots in the warehouse")
        fo = held(uow, [fo.id])[fo.id]
    for state in _STEPS[_STEPS.index(fo.state) + 1 :]:
        fo = _moved(uow, fo, state)
    lines = fo_lines(uow, fo.id)
    fo = _moved(uow, fo, FoState.SHIPPED, shipped_at=at)
    uow.db.change("UPDATE fo_line SET reserved = 0 WHERE fo_id = ?", (fo.id,))
    holders = [line.id for line in lines]
    inventory.consume(uow, HOLDER, holders, document_kind="fulfillment_order", document=fo.id, text=fo.number)
    units = {line.line_id: line.quantity for line in lines}
    orders.record_shipped(uow, {order_id: units}, key=fo.number, at=at, collector="", external=False)
    _moved(uow, fo, FoState.DELIVERED)


def _moved(uow: UnitOfWork, fo: Fo, target: FoState, **columns: object) -> Fo:
    move(uow, fo, target, "handed over", **columns)
    return replace(fo, state=target, version=fo.version + 1)


def give_up(uow: UnitOfWork, order_id: int, because: str) -> None:
    """A pickup that nobody came for: its units are cancelled and free again; what was paid for them is due to the buyer."""
    _open_fos(uow, order_id)
    order = _order(uow, order_id)
    if order.reach is not Reach.PICKUP or order.status in (OrderStatus.SHIPPED, OrderStatus.COMPLETED, OrderStatus.CANCELLED):
        raise DomainError(f"order {order.number} does not wait to be picked up", remedy="reload the list")
    uow.note("pickup given up", "order", order_id, because)
    orders.cancel(uow, order_id, None, NOT_COLLECTED)
