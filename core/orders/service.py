"""Commands on orders that exist: payment, refund, review, cancelling, shipping counters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..customers.service import keep_addresses
from ..kernel.db import Change, Question, as_moment, marks
from ..kernel.errors import DomainError, IllegalTransition
from ..kernel.uow import UnitOfWork
from ..kernel.values import Address, Money
from . import queries
from .api import (
    CARRIED,
    AddressChanged,
    Carrying,
    CodRemitted,
    DepositForfeited,
    DepositPaid,
    FinanceState,
    HoldCode,
    MoneyReceived,
    MoneyReturned,
    OrderMoved,
    OrderSettled,
    OrderStatus,
    OrderType,
    PresaleState,
    ReviewPassed,
    ReviewState,
    ReviewWithdrawn,
    Sold,
    Transition,
    UnitsCancelled,
    UnitsShippedElsewhere,
)
from .holds import close_all, stopping
from .holds import hold as hold
from .holds import hold_all as hold_all
from .holds import lift as lift
from .holds import lift_all as lift_all
from .holds import lift_hold as lift_hold
from .holds import lift_review_holds as lift_review_holds
from .holds import open_holds as open_holds
from .money import nearest, share, tax_inside
from .states import REVIEW, Step, Units, codes_stopping, derive_payment, derive_status
from .unwritten import Unwritten, guards, unwritten

_TOGETHER = 5_000
"""Lines that one statement changes."""


@dataclass
class _Head:
    """An order's own row, as commands read and write it."""

    id: int
    number: str
    shop: str
    status: OrderStatus
    review: ReviewState
    currency: str
    total: int
    received: int
    refunded: int
    advance: int
    advance_tax: int
    cod: bool
    paid_at: datetime | None
    completed_at: datetime | None
    cancel_reason: str
    finance: FinanceState
    collector: str
    collected_at: datetime | None

    @property
    def judged(self) -> ReviewState:
        """What the status follows: passed only when finance, where it is asked, has passed the order too."""
        waits = self.review is ReviewState.PASSED and self.finance not in (FinanceState.NONE, FinanceState.PASSED)
        return ReviewState.PENDING if waits else self.review


@dataclass
class _Line:
    """A countable line; kit lines themselves never come here."""

    id: int
    order_id: int
    quantity: int
    amount: int
    freight: int
    tax_rate: int
    shipped: int
    cancelled: int
    bounced: int

    @property
    def open(self) -> int:
        return self.quantity - self.shipped - self.cancelled


def order_number(order_id: int) -> str:
    """The number people use for an order."""
    return f"SO{order_id:08d}"


def _moment(value: datetime | str | None) -> datetime | None:
    return None if value is None else as_moment(value)


def _locked(uow: UnitOfWork, order_ids: Iterable[int]) -> dict[int, _Head]:
    """The heads, held against other writers until the transaction ends, in one order."""
    wanted = sorted(set(order_ids))
    asked, _ = rows_asked(uow, wanted)
    rows = uow.db.rows(asked.sql, asked.parameters)
    heads = {
        row[0]: _Head(
            row[0], row[1], row[2], OrderStatus(row[3]), ReviewState(row[4]), row[5], row[6], row[7], row[8], row[9],
            row[10], bool(row[11]), _moment(row[12]), _moment(row[13]), row[14], FinanceState(row[15]), row[16],
            _moment(row[17]),
        )
        for row in rows
    }  # fmt: skip
    for order_id in wanted:
        if order_id not in heads:
            raise DomainError(f"there is no order {order_id}", remedy="look it up by its number")
    return heads


def rows_asked(uow: UnitOfWork, order_ids: Iterable[int]) -> tuple[Question, Question]:
    """What every command asks about the orders it changes: their heads, held until the transaction ends, and their lines."""
    wanted = tuple(sorted(set(order_ids)))
    heads = Question(
        "SELECT o.id, o.number, s.code, o.status, o.review, o.currency, o.total, o.received, o.refunded, o.advance, "
        "o.advance_tax, o.cod, o.paid_at, o.completed_at, o.cancel_reason, o.finance_review, o.collector, o.collected_at "
        f"FROM sales_order o JOIN shop s ON s.id = o.shop_id WHERE o.id IN ({marks(wanted)}) ORDER BY o.id"
        + ("" if uow.db.sqlite else " FOR UPDATE OF o"),
        wanted,
        18,
    )
    lines = Question(
        "SELECT id, order_id, quantity, amount, freight, tax_rate, shipped, cancelled, bounced FROM order_line "
        f"WHERE order_id IN ({marks(wanted)}) AND NOT kit ORDER BY order_id, no",
        wanted,
        9,
    )
    return heads, lines


def _lines(uow: UnitOfWork, order_ids: Iterable[int]) -> dict[int, list[_Line]]:
    wanted = sorted(set(order_ids))
    found: dict[int, list[_Line]] = {order_id: [] for order_id in wanted}
    _, asked = rows_asked(uow, wanted)
    for row in uow.db.rows(asked.sql, asked.parameters):
        found[row[1]].append(_Line(*row))
    return found


def _write(uow: UnitOfWork, head: _Head, lines: Sequence[_Line], because: str) -> None:
    """Derive the head's states again and write the whole row; a changed status is announced."""
    status, change = _derived(uow, head, lines)
    uow.db.change(change.sql, change.parameters)
    _announce(uow, head, status, because)


def _derived(uow: UnitOfWork, head: _Head, lines: Sequence[_Line]) -> tuple[OrderStatus, Change]:
    """The status that follows from the head and its lines, allowed by plugins, and the row as it is to be written."""
    units = Units(sum(line.open for line in lines), sum(line.shipped for line in lines), sum(line.bounced for line in lines))
    settled = head.paid_at is not None
    status = derive_status(units, settled=settled, review=head.judged, completed=head.completed_at is not None)
    payment = derive_payment(
        total=head.total, received=head.received, refunded=head.refunded, cod=head.cod, settled=settled,
        collected=head.collected_at is not None,
    )  # fmt: skip
    if status is not head.status:
        ask_first(uow, "order", head.id, head.status, status, {"number": head.number, "shop": head.shop})
    return status, Change(
        "UPDATE sales_order SET status = ?, payment = ?, review = ?, received = ?, refunded = ?, advance = ?, advance_tax = ?, "
        "paid_at = ?, completed_at = ?, cancel_reason = ?, finance_review = ?, collector = ?, collected_at = ?, "
        "version = version + 1 WHERE id = ?",
        (status, payment, head.review, head.received, head.refunded, head.advance, head.advance_tax, head.paid_at,
         head.completed_at, head.cancel_reason, head.finance, head.collector, head.collected_at, head.id),
    )  # fmt: skip


def _announce(uow: UnitOfWork, head: _Head, status: OrderStatus, because: str) -> None:
    if status is not head.status:
        moved(uow, head.id, head.status, status, because)
        if status is OrderStatus.CANCELLED:
            close_all(uow, "order", [head.id])
        head.status = status


def moved(uow: UnitOfWork, order_id: int, source: OrderStatus, target: OrderStatus, because: str) -> None:
    """Announce and note down a change of the derived status."""
    uow.note(f"{source} → {target}", "order", order_id, because)
    uow.emit(OrderMoved(order_id, source, target, because))


def ask_first(uow: UnitOfWork, document: str, document_id: int, source: str, target: str, facts: Mapping[str, str]) -> None:
    """Let plugins object to a move; an objection stops it with their sentence."""
    objections = uow.ask("object_to_transition", Transition(document, document_id, str(source), str(target), facts))
    if objections:
        raise IllegalTransition(
            f"{document} {facts.get('number', document_id)}", str(source), str(target), remedy="; ".join(objections)
        )


# payment


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
    head = _locked(uow, [payment.order_id])[payment.order_id]
    if not _count(uow, payment, payment.amount):
        return False
    lines = _lines(uow, [head.id])[head.id]
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
        earned = head.advance - _owed(head, lines)
    if earned:
        tax = nearest(head.advance_tax, earned, head.advance)
        uow.emit(_sold(head, payment.key, payment.at, earned, 0, tax, ""))
        head.advance -= earned
        head.advance_tax -= tax
    uow.note("payment", "order", head.id, payment.method, {"amount": payment.amount})
    _write(uow, head, lines, "paid")
    if was_settled:
        _settle_due(uow, head, lines)
    elif head.paid_at is None and not head.cod:
        uow.emit(DepositPaid(head.id, payment.at))
    # Where units were shipped elsewhere the status is past review already, the review is not.
    waits = head.status in (OrderStatus.PENDING_REVIEW, OrderStatus.TO_SHIP) and head.review is ReviewState.PENDING
    if not was_settled and head.paid_at is not None and waits:
        uow.emit(OrderSettled(queries.card(uow.db, head.id)))
    return True


def received_tax(amount: int, total: int, lines: Sequence[_Line]) -> int:
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
    head = _locked(uow, [payment.order_id])[payment.order_id]
    if not _count(uow, payment, -payment.amount):
        return False
    if head.refunded + payment.amount > head.received:
        raise DomainError(
            f"order {head.number}: refunds of {head.refunded + payment.amount} exceed the {head.received} received",
            remedy="check the refund's amount",
        )
    lines = _lines(uow, [head.id])[head.id]
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
    _write(uow, head, lines, "refunded")
    return True


def _kept(uow: UnitOfWork, head: _Head, most: int) -> int:
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
    head = _locked(uow, [order_id])[order_id]
    lines = _lines(uow, [order_id])[order_id]
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
        _cancel(uow, head, lines, wanted, UNPAID_BALANCE)
    elif amount:
        _write(uow, head, lines, UNPAID_BALANCE)
    return amount


# review


def pass_review(uow: UnitOfWork, order_ids: Sequence[int], because: str, *, rules: int | None = None) -> list[int]:
    """Orders may go on; those that do. One statement for all those that wait for nothing but review.

    One with an open hold that stops review stays, and so do all when the rules are other ones than version `rules` by which
    they were judged: the caller looks what is left. In a shop where finance is asked, an order passes to finance.
    """
    source, target = OrderStatus.PENDING_REVIEW, OrderStatus.TO_SHIP
    for order_id in order_ids:
        ask_first(uow, "order", order_id, source, target, {"number": order_number(order_id)})
    if rules is not None and (new := unwritten(uow, order_ids)) is not None:
        return _pass_unwritten(uow, new, order_ids, because, rules)
    codes = codes_stopping(Step.REVIEW)
    finance = "(SELECT s.finance_review FROM shop s WHERE s.id = sales_order.shop_id)"
    known = "" if rules is None else " AND (SELECT COALESCE(SUM(r.version), 0) FROM review_rule_setting r) = ?"
    rows = uow.db.rows(
        f"UPDATE sales_order SET review = 'passed', status = CASE WHEN {finance} THEN 'pending_review' ELSE 'to_ship' END, "
        f"finance_review = CASE WHEN {finance} THEN 'pending' ELSE '' END, version = version + 1 WHERE id IN "
        f"({marks(order_ids)}) AND review IN ('pending', 'withdrawn') AND status = 'pending_review' AND NOT EXISTS "
        "(SELECT 1 FROM hold h WHERE h.level = 'order' AND h.document = sales_order.id AND h.released_at IS NULL "
        f"AND h.code IN ({marks(codes)})){known} RETURNING id, status",
        [*order_ids, *codes, *([] if rules is None else [rules])],
    )
    passed = {row[0]: OrderStatus(row[1]) for row in rows}
    for order_id in sorted(passed):
        if passed[order_id] is target:
            moved(uow, order_id, source, target, because)
        else:
            uow.note("review passed, finance is asked", "order", order_id, because)
    done = [order_id for order_id in order_ids if passed.get(order_id) is target]
    if rest := [order_id for order_id in order_ids if order_id not in passed]:
        # Units were sent elsewhere before anyone looked: the status is past review, the facet is not.
        heads, lines = _locked(uow, rest), _lines(uow, rest)
        for head in heads.values():
            waits = head.review in (ReviewState.PENDING, ReviewState.WITHDRAWN)
            if waits and (head.status is OrderStatus.PENDING_REVIEW or stopping(uow.db, head.id, Step.REVIEW)):
                continue
            REVIEW.check(head.number, head.review, ReviewState.PASSED, remedy="reload the order and look again")
            head.review = ReviewState.PASSED
            _write(uow, head, lines[head.id], because)
            done.append(head.id)
    if done:
        uow.emit(ReviewPassed(tuple(sorted(done))))
    return sorted([*done, *(order_id for order_id in passed if passed[order_id] is not target)])


def _pass_unwritten(uow: UnitOfWork, new: Unwritten, order_ids: Sequence[int], because: str, rules: int) -> list[int]:
    """The same for orders that nobody wrote yet and nothing holds: their rows are changed before they are written."""
    asked = guards(sorted({new.heads[order_id]["shop_id"] for order_id in order_ids}))
    finance: dict[int, bool] = {}
    for shop_id, asks, version in uow.db.rows(asked.sql, asked.parameters):
        if version != rules:
            return []
        finance[shop_id] = bool(asks)
    source, target = OrderStatus.PENDING_REVIEW, OrderStatus.TO_SHIP
    done = []
    for order_id in order_ids:
        head = new.heads[order_id]
        head["review"] = ReviewState.PASSED
        if finance[head["shop_id"]]:
            head["finance_review"] = FinanceState.PENDING
            uow.note("review passed, finance is asked", "order", order_id, because)
        else:
            head["status"] = target
            moved(uow, order_id, source, target, because)
            done.append(order_id)
    if done:
        uow.emit(ReviewPassed(tuple(sorted(done))))
    return sorted(order_ids)


def pass_finance(uow: UnitOfWork, order_id: int, because: str) -> None:
    """Finance lets an order go on."""
    head = _finance_asked(uow, order_id)
    head.finance = FinanceState.PASSED
    uow.note("finance passed", "order", order_id, because)
    _write(uow, head, _lines(uow, [order_id])[order_id], because)
    uow.emit(ReviewPassed((order_id,)))


def reject_finance(uow: UnitOfWork, order_id: int, because: str) -> None:
    """Finance refuses an order: all its open units are cancelled."""
    head = _finance_asked(uow, order_id)
    lines = _lines(uow, [order_id])[order_id]
    head.finance = FinanceState.REJECTED
    uow.note("finance rejected", "order", order_id, because)
    _cancel(uow, head, lines, {line.id: line.open for line in lines if line.open}, "review_rejected")


def _finance_asked(uow: UnitOfWork, order_id: int) -> _Head:
    head = _locked(uow, [order_id])[order_id]
    if head.review is not ReviewState.PASSED or head.finance is not FinanceState.PENDING:
        raise DomainError(
            f"order {head.number} does not wait for finance (review {head.review}, finance {head.finance or 'not asked'})",
            remedy="finance decides after review, in shops that ask for it",
        )
    return head


def choose_dispatch(uow: UnitOfWork, order_id: int, carrier: str, warehouse: str) -> None:
    """Keep which carrier and warehouse somebody chose for an order (codes; empty leaves what was chosen before)."""
    row = uow.db.row("SELECT number, shop_id FROM sales_order WHERE id = ?", (order_id,))
    if row is None:
        raise DomainError(f"there is no order {order_id}", remedy="look it up by its number")
    number, shop_id = row
    if carrier:
        known = [code for (code,) in uow.db.rows("SELECT code FROM connection WHERE kind = 'carrier' ORDER BY code")]
        if known and carrier not in known:
            raise DomainError(f"there is no carrier {carrier!r}", remedy=f"there are: {', '.join(known)}")
        uow.db.change("UPDATE sales_order SET carrier = ? WHERE id = ?", (carrier, order_id))
    if warehouse:
        serving = dict(
            uow.db.rows(
                "SELECT w.code, w.id FROM shop_warehouse x JOIN warehouse w ON w.id = x.warehouse_id WHERE x.shop_id = ? "
                "ORDER BY w.code",
                (shop_id,),
            )
        )
        if warehouse not in serving:
            raise DomainError(
                f"warehouse {warehouse!r} does not serve the shop of order {number}",
                remedy=f"these do: {', '.join(serving) or 'none'}",
            )
        uow.db.change("UPDATE sales_order SET warehouse_id = ? WHERE id = ?", (serving[warehouse], order_id))
    uow.note("dispatch chosen", "order", order_id, data={"carrier": carrier, "warehouse": warehouse})


def withdraw_review(uow: UnitOfWork, order_id: int, because: str) -> None:
    """反审核: the order goes back to review; whoever planned it gives everything up, or refuses."""
    head = _locked(uow, [order_id])[order_id]
    REVIEW.check(head.number, head.review, ReviewState.WITHDRAWN, remedy="only an order that passed review can be taken back")
    lines = _lines(uow, [order_id])[order_id]
    if not any(line.open for line in lines) or any(line.shipped for line in lines):
        raise DomainError(
            f"order {head.number} is {head.status}", remedy="only an order of which nothing has left can go back to review"
        )
    head.review, head.finance = ReviewState.WITHDRAWN, FinanceState.NONE
    uow.note("review withdrawn", "order", order_id, because)
    uow.db.change("UPDATE order_line SET reserved = 0 WHERE order_id = ?", (order_id,))
    _write(uow, head, lines, because)
    uow.emit(ReviewWithdrawn(order_id, because))


def reject_review(uow: UnitOfWork, order_id: int, because: str) -> None:
    """A person refuses the order: all its open units are cancelled."""
    head = _locked(uow, [order_id])[order_id]
    REVIEW.check(head.number, head.review, ReviewState.REJECTED, remedy="only an order under review can be rejected")
    lines = _lines(uow, [order_id])[order_id]
    head.review = ReviewState.REJECTED
    uow.note("review rejected", "order", order_id, because)
    _cancel(uow, head, lines, {line.id: line.open for line in lines if line.open}, "review_rejected")


# cancelling and shipping


def cancel(uow: UnitOfWork, order_id: int, units: Mapping[int, int] | None, reason: str) -> None:
    """Cancel open units by countable line id; None cancels all that are open. Sent units are never touched."""
    head = _locked(uow, [order_id])[order_id]
    lines = _lines(uow, [order_id])[order_id]
    by_id = {line.id: line for line in lines}
    wanted = {line.id: line.open for line in lines if line.open} if units is None else dict(units)
    for line_id, count in wanted.items():
        line = by_id.get(line_id)
        if line is None:
            raise DomainError(f"order {head.number} has no line {line_id}", remedy="reload the order")
        if not 0 < count <= line.open:
            raise DomainError(
                f"order {head.number}, line {line_id}: {count} units to cancel, {line.open} open",
                remedy="only units that are not sent and not cancelled yet can be cancelled",
            )
    if wanted:
        _cancel(uow, head, lines, wanted, reason)


def _cancel(uow: UnitOfWork, head: _Head, lines: Sequence[_Line], wanted: Mapping[int, int], reason: str) -> None:
    for line in lines:
        if count := wanted.get(line.id, 0):
            line.cancelled += count
            # Whoever reserved them lets go in the same transaction; until then the line must not promise them twice.
            uow.db.change(
                "UPDATE order_line SET cancelled = cancelled + ?, reserved = CASE WHEN reserved > quantity - shipped - "
                "cancelled - ? THEN quantity - shipped - cancelled - ? ELSE reserved END WHERE id = ?",
                (count, count, count, line.id),
            )
    if not any(line.open for line in lines) and not head.cancel_reason:
        head.cancel_reason = reason
    uow.note("cancelled units", "order", head.id, reason, {str(line_id): count for line_id, count in wanted.items()})
    uow.emit(UnitsCancelled(head.id, tuple(wanted.items()), reason))
    _write(uow, head, lines, reason)


def set_reserved(uow: UnitOfWork, reserved: Mapping[int, int]) -> None:
    """The reserved counter of order lines becomes what fulfillment says it is.

    Never more than is open: what was just cancelled or sent elsewhere is let go, and counted again, later in the transaction.
    """
    if (new := uow.kept.get(Unwritten)) is not None and all(line_id in new.lines for line_id in reserved):
        for line_id, count in reserved.items():
            new.lines[line_id]["reserved"] = count
        return
    pairs = sorted(reserved.items())
    for start in range(0, len(pairs), _TOGETHER):
        part = pairs[start : start + _TOGETHER]
        uow.db.change(
            "UPDATE order_line SET reserved = CASE WHEN v.column2 > quantity - shipped - cancelled "
            "THEN quantity - shipped - cancelled ELSE v.column2 END "
            f"FROM (VALUES {','.join(['(?,?)'] * len(part))}) AS v "
            "WHERE order_line.id = v.column1",
            [value for pair in part for value in pair],
        )


def record_shipped(
    uow: UnitOfWork, shipped: Mapping[int, Mapping[int, int]], *, key: str, at: datetime, collector: str, external: bool
) -> None:
    """Count units as sent, by order and line; what they were sold for becomes revenue.

    `collector` is the carrier that collects at the door; where nobody here sent it, the shop's platform does. `external` units
    were sent by somebody else: they were reserved here at most on paper. Each order's sale is known by `key`/order number, so
    the same shipment never sells twice.
    """
    heads, lines = _locked(uow, shipped), _lines(uow, shipped)
    counted: list[tuple[int, int, int]] = []
    written: list[tuple[_Head, OrderStatus, Change]] = []
    for order_id, units in shipped.items():
        head, mine = heads[order_id], lines[order_id]
        goods = freight = tax = 0
        for line in mine:
            count = units.get(line.id, 0)
            if not count:
                continue
            if count > line.open:
                raise DomainError(
                    f"order {head.number}, line {line.id}: {count} units to ship, {line.open} open",
                    remedy="reload the fulfillment order; units were cancelled or shipped meanwhile",
                )
            dealt = line.shipped + line.cancelled
            part, carriage = share(line.amount, line.quantity, dealt, count), share(line.freight, line.quantity, dealt, count)
            goods, freight, tax = goods + part, freight + carriage, tax + tax_inside(part + carriage, line.tax_rate)
            line.shipped += count
            counted.append((line.id, count, count if external else 0))
        last = not any(line.open for line in mine)
        if head.cod:
            head.collector, head.collected_at = collector or head.shop, None
            uow.emit(_sold(head, key, at, goods, freight, tax, head.collector))
        elif head.advance:
            # With the last units everything that was paid is earned, but for what the buyer is to get back.
            gross = head.advance - _owed(head, mine) if last else min(goods + freight, head.advance)
            tax = nearest(head.advance_tax, gross, head.advance)
            freight = min(freight, gross)
            head.advance -= gross
            head.advance_tax -= tax
            uow.emit(_sold(head, key, at, gross - freight, freight, tax, ""))
        written.append((head, *_derived(uow, head, mine)))
    if counted:
        _write_shipped(uow, counted, [change for _, _, change in written])
    for head, status, _ in written:
        _announce(uow, head, status, f"shipped {key}")


def record_collected(uow: UnitOfWork, order_id: int, at: datetime) -> bool:
    """Everything of an order arrived: what is cash on delivery has been paid at the door. Whether that was news."""
    head = _locked(uow, [order_id])[order_id]
    lines = _lines(uow, [order_id])[order_id]
    if not head.cod or head.collected_at is not None or any(line.open for line in lines):
        return False
    head.collected_at = at
    _write(uow, head, lines, "collected at the door")
    uow.note("collected", "order", order_id, head.collector)
    return True


def _write_shipped(uow: UnitOfWork, counted: Sequence[tuple[int, int, int]], heads: Sequence[Change]) -> None:
    """Lines as (id, units sent, of them by others), with their orders."""
    uow.db.together(
        Change(
            "UPDATE order_line SET shipped = order_line.shipped + v.column2, shipped_externally = "
            "order_line.shipped_externally + v.column3, reserved = CASE WHEN order_line.reserved > v.column2 "
            f"THEN order_line.reserved - v.column2 ELSE 0 END FROM (VALUES {','.join(['(?,?,?)'] * len(counted))}) AS v "
            "WHERE order_line.id = v.column1",
            [part for line in sorted(counted) for part in line],
        ),
        *heads,
    )


def _sold(head: _Head, key: str, at: datetime, goods: int, freight: int, tax: int, collector: str) -> Sold:
    """The event for the books: gross goods and freight, with the tax taken out of both in proportion."""
    gross = goods + freight
    freight_tax = tax * freight // gross if gross else 0
    return Sold(
        head.id, head.number, head.shop, f"{key}/{head.number}", at, Money(goods - (tax - freight_tax), head.currency),
        Money(freight - freight_tax, head.currency), Money(tax, head.currency), collector,
    )  # fmt: skip


def record_shipped_elsewhere(uow: UnitOfWork, order_id: int, units: Mapping[int, int], key: str) -> None:
    """The platform says these units were sent, and we did not send them: they count as sent and move no stock."""
    uow.emit(UnitsShippedElsewhere(order_id, tuple(units.items())))
    uow.note("shipped elsewhere", "order", order_id, "reported by the platform", {str(k): v for k, v in units.items()})
    record_shipped(uow, {order_id: units}, key=key, at=uow.now, collector="", external=True)


def complete(uow: UnitOfWork, order_id: int, at: datetime, because: str) -> None:
    """The promise is kept: the platform closed the deal, or enough time passed."""
    head = _locked(uow, [order_id])[order_id]
    if head.completed_at is None:
        head.completed_at = at
        _write(uow, head, _lines(uow, [order_id])[order_id], because)


def change_address(uow: UnitOfWork, order_id: int, address: Address, because: str) -> None:
    """The order goes elsewhere; what fulfillment makes of it depends on how far its goods are.

    Refused when everything has left; then a carrier may intercept it.
    """
    head = _locked(uow, [order_id])[order_id]
    if not any(line.open for line in _lines(uow, [order_id])[order_id]):
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
    head = _locked(uow, [order_id])[order_id]
    lines = _lines(uow, [order_id])[order_id]
    was_settled = head.paid_at is not None
    if not was_settled and head.received and head.received >= head.total:
        head.paid_at = uow.now
    _write(uow, head, lines, because)
    if was_settled:
        _settle_due(uow, head, lines)
    elif head.paid_at is not None and head.status is OrderStatus.PENDING_REVIEW:
        uow.emit(OrderSettled(queries.card(uow.db, head.id)))


def due(uow: UnitOfWork, order_id: int) -> Money:
    """What is still to be paid for an order, cancelled units left out; below 0 is to be given back."""
    head = _locked(uow, [order_id])[order_id]
    return Money(_due(head, _lines(uow, [order_id])[order_id]), head.currency)


def _due(head: _Head, lines: Sequence[_Line]) -> int:
    worth = sum(
        amount - share(amount, line.quantity, line.shipped, line.cancelled)
        for line in lines
        for amount in (line.amount, line.freight)
    )
    return worth - head.received + head.refunded


def _owed(head: _Head, lines: Sequence[_Line]) -> int:
    """How much of the advance was paid for units that are cancelled, or is more than they cost by now.

    Shares are cut to the fen in the order in which things happened, so a fen a line is no claim.
    """
    owed = -_due(head, lines)
    return min(head.advance, owed) if owed > len(lines) else 0


def _settle_due(uow: UnitOfWork, head: _Head, lines: Sequence[_Line]) -> None:
    """Hold what was settled once and costs more by now; lift that as soon as it is paid."""
    due = _due(head, lines)
    if due > 0 and not head.cod and not head.refunded:
        hold(uow, head.id, HoldCode.AWAITING_PAYMENT, f"{Money(due, head.currency)} is due", source="amendment")
    else:
        lift(uow, head.id, HoldCode.AWAITING_PAYMENT, source="amendment", because="nothing is due")


def set_words(uow: UnitOfWork, order_id: int, message: str, memo: str) -> None:
    """Keep the buyer's message and the seller's memo as the platform has them now."""
    uow.db.change("UPDATE sales_order SET message = ?, memo = ? WHERE id = ?", (message, memo, order_id))


def set_type(uow: UnitOfWork, order_id: int, type_: OrderType) -> None:
    """What the order is for, as its platform tells only now."""
    uow.db.change("UPDATE sales_order SET type = ?, version = version + 1 WHERE id = ?", (type_, order_id))
    uow.note("type changed", "order", order_id, type_)
