"""Commands on orders that exist, as other rooms call them; those in a module of their own beside the few that are here."""

from __future__ import annotations

from datetime import datetime

from ..customers.service import keep_addresses
from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from ..kernel.values import Address
from . import queries
from .api import CARRIED, AddressChanged, Carrying, OrderSettled, OrderStatus, OrderType
from .cancelling import cancel as cancel
from .heads import ask_first as ask_first
from .heads import lines_of, locked, write_head
from .heads import moved as moved
from .heads import order_number as order_number
from .heads import rows_asked as rows_asked
from .holds import hold as hold
from .holds import hold_all as hold_all
from .holds import lift as lift
from .holds import lift_all as lift_all
from .holds import lift_hold as lift_hold
from .holds import lift_review_holds as lift_review_holds
from .holds import open_holds as open_holds
from .payment import UNPAID_BALANCE as UNPAID_BALANCE
from .payment import PaymentFacts as PaymentFacts
from .payment import due as due
from .payment import forfeit as forfeit
from .payment import receive_payment as receive_payment
from .payment import received_tax as received_tax
from .payment import refund as refund
from .payment import settle_due
from .reviewing import choose_dispatch as choose_dispatch
from .reviewing import pass_finance as pass_finance
from .reviewing import pass_review as pass_review
from .reviewing import reject_finance as reject_finance
from .reviewing import reject_review as reject_review
from .reviewing import withdraw_review as withdraw_review
from .shipping import record_collected as record_collected
from .shipping import record_shipped as record_shipped
from .shipping import record_shipped_elsewhere as record_shipped_elsewhere
from .shipping import set_reserved as set_reserved


def complete(uow: UnitOfWork, order_id: int, at: datetime, because: str) -> None:
    """The promise is kept: the platform closed the deal, or enough time passed."""
    head = locked(uow, [order_id])[order_id]
    if head.completed_at is None:
        head.completed_at = at
        write_head(uow, head, lines_of(uow, [order_id])[order_id], because)


def change_address(uow: UnitOfWork, order_id: int, address: Address, because: str) -> None:
    """The order goes elsewhere; what fulfillment makes of it depends on how far its goods are.

    Refused when everything has left; then a carrier may intercept it.
    """
    head = locked(uow, [order_id])[order_id]
    if not any(line.open for line in lines_of(uow, [order_id])[order_id]):
        fos = uow.about(CARRIED, [order_id]).get(order_id, ())
        numbers = [fo.waybill for fo in fos if isinstance(fo, Carrying) and fo.waybill and fo.state == "shipped"]
        remedy = (
            f"ask the carrier to intercept {', '.join(numbers)}" if numbers else "only what is still to be sent goes elsewhere"
        )
        raise DomainError(f"order {head.number} is {head.status}: its address stands", remedy=remedy)
    [address_id] = keep_addresses(uow, [address])
    uow.db.change("UPDATE sales_order SET address_id = ?, version = version + 1 WHERE id = ?", (address_id, order_id))
    uow.note("address changed", "order", order_id, because)
    uow.emit(AddressChanged(order_id, address_id, address.merge_key))


def recount(uow: UnitOfWork, order_id: int, because: str) -> None:
    """Lines or freight are others: sums, states and what is due follow.

    Who owes more than was received keeps the order from leaving until it is paid; an order that was not settled may be now.
    """
    row = uow.db.row(
        "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT), CAST(COALESCE(SUM(freight), 0) AS BIGINT) FROM order_line "
        "WHERE order_id = ? AND kit_line IS NULL",
        (order_id,),
    )
    goods, freight = (0, 0) if row is None else (int(row[0]), int(row[1]))
    uow.db.change(
        "UPDATE sales_order SET goods = ?, freight = ?, total = ? WHERE id = ?", (goods, freight, goods + freight, order_id)
    )
    head = locked(uow, [order_id])[order_id]
    lines = lines_of(uow, [order_id])[order_id]
    was_settled = head.paid_at is not None
    if not was_settled and head.received and head.received >= head.total:
        head.paid_at = uow.now
    write_head(uow, head, lines, because)
    if was_settled:
        settle_due(uow, head, lines)
    elif head.paid_at is not None and head.status is OrderStatus.PENDING_REVIEW:
        uow.emit(OrderSettled(queries.card(uow.db, head.id)))


def set_words(uow: UnitOfWork, order_id: int, message: str, memo: str) -> None:
    """Keep the buyer's message and the seller's memo as the platform has them now."""
    uow.db.change("UPDATE sales_order SET message = ?, memo = ? WHERE id = ?", (message, memo, order_id))


def set_type(uow: UnitOfWork, order_id: int, type_: OrderType) -> None:
    """What the order is for, as its platform tells only now."""
    uow.db.change("UPDATE sales_order SET type = ?, version = version + 1 WHERE id = ?", (type_, order_id))
    uow.note("type changed", "order", order_id, type_)
