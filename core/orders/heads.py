"""An order's own row and its countable lines as commands read and write them, and the states that follow from both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..kernel.db import Change, Question, as_moment, marks
from ..kernel.errors import DomainError, IllegalTransition
from ..kernel.uow import UnitOfWork
from .api import FinanceState, OrderMoved, OrderStatus, ReviewState, Transition
from .holds import close_all
from .money import left
from .states import Units, came_back_whole, derive_payment, derive_status


@dataclass
class Head:
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
class Line:
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


def locked(uow: UnitOfWork, order_ids: Iterable[int]) -> dict[int, Head]:
    """The heads, held against other writers until the transaction ends, in one order."""
    wanted = sorted(set(order_ids))
    asked, _ = rows_asked(uow, wanted)
    rows = uow.db.rows(asked.sql, asked.parameters)
    heads = {
        row[0]: Head(
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


def lines_of(uow: UnitOfWork, order_ids: Iterable[int]) -> dict[int, list[Line]]:
    wanted = sorted(set(order_ids))
    found: dict[int, list[Line]] = {order_id: [] for order_id in wanted}
    _, asked = rows_asked(uow, wanted)
    for row in uow.db.rows(asked.sql, asked.parameters):
        found[row[1]].append(Line(*row))
    return found


def write_head(uow: UnitOfWork, head: Head, lines: Sequence[Line], because: str) -> None:
    """Derive the head's states again and write the whole row; a changed status is announced."""
    status, change = derived(uow, head, lines)
    uow.db.change(change.sql, change.parameters)
    announce(uow, head, status, because)


def derived(uow: UnitOfWork, head: Head, lines: Sequence[Line]) -> tuple[OrderStatus, Change]:
    """The status that follows from the head and its lines, allowed by plugins, and the row as it is to be written."""
    units = Units(sum(line.open for line in lines), sum(line.shipped for line in lines), sum(line.bounced for line in lines))
    settled = head.paid_at is not None
    status = derive_status(units, settled=settled, review=head.judged, completed=head.completed_at is not None)
    payment = derive_payment(
        worth=_worth(lines) if head.cod else 0, received=head.received, refunded=head.refunded, cod=head.cod,
        settled=settled, collected=head.collected_at is not None, refused=came_back_whole(units),
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


def announce(uow: UnitOfWork, head: Head, status: OrderStatus, because: str) -> None:
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


def still_due(head: Head, lines: Sequence[Line]) -> int:
    """What the units that are to come or have come cost, less what was paid; those that bounced have not come."""
    return _worth(lines) - head.received + head.refunded


def _worth(lines: Sequence[Line]) -> int:
    return sum(
        left(amount, line.quantity, line.cancelled + line.bounced) for line in lines for amount in (line.amount, line.freight)
    )


def owed_back(head: Head, lines: Sequence[Line]) -> int:
    """How much of the advance was paid for units that are cancelled, or is more than they cost by now.

    Platforms cut what they give back by rules of their own, so a fen a line is not waited for.
    """
    owed = -still_due(head, lines)
    return min(head.advance, owed) if owed > len(lines) else 0
