"""Money that comes in and goes back, deposits that are kept, and what is still due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from ..kernel.values import Money
from . import queries
from .api import (
    CodRemitted,
    DepositForfeited,
    DepositPaid,
    HoldCode,
    MoneyReceived,
    MoneyReturned,
    OrderSettled,
    OrderStatus,
    PresaleState,
    ReviewState,
)
from .cancelling import cancel_units
from .heads import Head, Line, lines_of, locked, owed_back, still_due, write_head
from .holds import hold, lift
from .money import nearest, tax_inside
from .shipping import sold_event


@dataclass(frozen=True, slots=True)
class PaymentFacts:
    """Money that came in for an order; `amount` in minor units, `key` counts it once for ever."""

    order_id: int
    amount: int
    at: datetime
    method: str
    key: str
    collector: str = ""
    """Of cash on delivery: who hands the money over, when it is not who collected last."""


def receive_payment(uow: UnitOfWork, payment: PaymentFacts) -> bool:
    """Count a payment; False when its key was counted before. A settled order goes to review.

    Of cash on delivery it is what the collector hands over.
    """
    if payment.amount <= 0:
        raise DomainError(f"a payment of {payment.amount} is no payment", remedy="give an amount above 0")
    head = locked(uow, [payment.order_id])[payment.order_id]
    if not _count(uow, payment, payment.amount):
        return False
    lines = lines_of(uow, [head.id])[head.id]
    was_settled = head.paid_at is not None
    if head.cod:
        collector = payment.collector or head.collector or head.shop
        amount = Money(payment.amount, head.currency)
        uow.emit(CodRemitted(head.id, head.number, collector, payment.key, payment.at, amount))
    before = received_tax(head.received, head.total, lines)
    head.received += payment.amount
    if not head.cod:
        tax = received_tax(head.received, head.total, lines) - before
        head.advance += payment.amount
        head.advance_tax += tax
        uow.emit(
            MoneyReceived(
                head.id, head.number, head.shop, payment.key, payment.at,
                Money(payment.amount - tax, head.currency), Money(tax, head.currency),
            )
        )  # fmt: skip
    if not was_settled and head.received >= head.total:
        head.paid_at = payment.at
    earned = 0
    if head.advance and any(line.shipped for line in lines) and not any(line.open for line in lines):
        # Nothing will be sent any more that could turn this money into revenue: the goods were there before it.
        earned = head.advance - owed_back(head, lines)
    if earned:
        tax = nearest(head.advance_tax, earned, head.advance)
        uow.emit(sold_event(head, payment.key, payment.at, earned, 0, tax, ""))
        head.advance -= earned
        head.advance_tax -= tax
    uow.note("payment", "order", head.id, payment.method, {"amount": payment.amount})
    write_head(uow, head, lines, "paid")
    if was_settled:
        settle_due(uow, head, lines)
    elif head.paid_at is None and not head.cod:
        uow.emit(DepositPaid(head.id, payment.at))
    # Where units were shipped elsewhere the status is past review already, the review is not.
    waits = head.status in (OrderStatus.PENDING_REVIEW, OrderStatus.TO_SHIP) and head.review is ReviewState.PENDING
    if not was_settled and head.paid_at is not None and waits:
        uow.emit(OrderSettled(queries.card(uow.db, head.id)))
    return True


def received_tax(amount: int, total: int, lines: Sequence[Line]) -> int:
    """The tax inside everything received so far: the order's own tax, in proportion to what of it is paid."""
    tax = sum(tax_inside(line.amount + line.freight, line.tax_rate) for line in lines)
    return tax * min(amount, total) // total if total else 0


def _count(uow: UnitOfWork, payment: PaymentFacts, signed: int) -> bool:
    written = uow.db.change(
        "INSERT INTO payment (order_id, at, amount, method, key) VALUES (?,?,?,?,?) ON CONFLICT (key) DO NOTHING",
        (payment.order_id, payment.at, signed, payment.method, payment.key),
    )
    return written == 1


def refund(uow: UnitOfWork, payment: PaymentFacts) -> bool:
    """Count money given back; False when its key was counted before.

    It is taken from what was paid for unsent units first, the rest is a return on what was sold, or on a deposit that was
    kept. Units are cancelled by `cancel`, not here: a refund of a mere amount cancels nothing.
    """
    if payment.amount <= 0:
        raise DomainError(f"a refund of {payment.amount} is no refund", remedy="give an amount above 0")
    head = locked(uow, [payment.order_id])[payment.order_id]
    if not _count(uow, payment, -payment.amount):
        return False
    if head.refunded + payment.amount > head.received:
        raise DomainError(
            f"order {head.number}: refunds of {head.refunded + payment.amount} exceed the {head.received} received",
            remedy="check the refund's amount",
        )
    lines = lines_of(uow, [head.id])[head.id]
    early = min(payment.amount, head.advance)
    early_tax = nearest(head.advance_tax, early, head.advance) if head.advance else 0
    late = payment.amount - early
    kept = _kept(uow, head, late) if late and not any(line.shipped for line in lines) else 0
    late -= kept
    late_tax = tax_inside(late, lines[0].tax_rate)
    head.refunded += payment.amount
    head.advance -= early
    head.advance_tax -= early_tax
    uow.emit(
        MoneyReturned(
            head.id, head.number, head.shop, payment.key, payment.at,
            Money(early - early_tax, head.currency), Money(early_tax, head.currency),
            Money(late - late_tax, head.currency), Money(late_tax, head.currency), Money(kept, head.currency), head.cod,
        )
    )  # fmt: skip
    uow.note("refund", "order", head.id, payment.method, {"amount": payment.amount})
    write_head(uow, head, lines, "refunded")
    return True


def _kept(uow: UnitOfWork, head: Head, most: int) -> int:
    """Take so much out of a deposit that had become income; how much there was to take."""
    row = uow.db.row("SELECT forfeited FROM presale_order WHERE order_id = ?", (head.id,))
    kept = min(most, int(row[0])) if row is not None else 0
    if kept:
        uow.db.change("UPDATE presale_order SET forfeited = forfeited - ? WHERE order_id = ?", (kept, head.id))
    return kept


UNPAID_BALANCE = "balance_not_paid"
"""Why an order was cancelled whose balance did not come."""


def forfeit(uow: UnitOfWork, order_id: int, at: datetime, *, most: int | None = None) -> int:
    """Keep the deposit of an order of which nothing was sent, and cancel the order; what was kept, in minor units.

    That happens once. Money beyond `most` is not kept: it waits to be given back.
    """
    head = locked(uow, [order_id])[order_id]
    lines = lines_of(uow, [order_id])[order_id]
    done = uow.db.row("SELECT 1 FROM presale_order WHERE order_id = ? AND state = ?", (order_id, PresaleState.FORFEITED))
    if done or any(line.shipped for line in lines):
        return 0
    amount = head.advance if most is None else min(most, head.advance)
    if amount:
        tax = nearest(head.advance_tax, amount, head.advance)
        head.advance -= amount
        head.advance_tax -= tax
        net = Money(amount - tax, head.currency)
        uow.emit(DepositForfeited(head.id, head.number, at, net, Money(tax, head.currency)))
        uow.note("deposit kept", "order", head.id, "the balance did not come", {"amount": amount})
    if wanted := {line.id: line.open for line in lines if line.open}:
        cancel_units(uow, head, lines, wanted, UNPAID_BALANCE)
    elif amount:
        write_head(uow, head, lines, UNPAID_BALANCE)
    return amount


def due(uow: UnitOfWork, order_id: int) -> Money:
    """What is still to be paid for an order, cancelled units left out; below 0 is to be given back."""
    head = locked(uow, [order_id])[order_id]
    return Money(still_due(head, lines_of(uow, [order_id])[order_id]), head.currency)


def settle_due(uow: UnitOfWork, head: Head, lines: Sequence[Line]) -> None:
    """Hold what was settled once and costs more by now; lift that as soon as it is paid."""
    due = still_due(head, lines)
    if due > 0 and not head.cod and not head.refunded:
        hold(uow, head.id, HoldCode.AWAITING_PAYMENT, f"{Money(due, head.currency)} is due", source="amendment")
    else:
        lift(uow, head.id, HoldCode.AWAITING_PAYMENT, source="amendment", because="nothing is due")
