"""Commands on after-sales: following what a platform says of them, taking one in, answering it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..kernel.db import marks
from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from ..kernel.values import Money, quantity
from ..orders import service as orders
from ..orders.api import HoldCode
from .api import AfterSaleAnswered, AfterSaleMoved, AfterSaleState, AfterSaleType, Asked, GoodsState, MoneyState, Wanted
from .states import AFTER_SALE, ANSWERABLE, OVER

_COLUMNS = (
    "number", "order_id", "source", "external_id", "type", "state", "goods", "money", "amount", "reason", "words", "carrier",
    "waybill", "answer_by", "requested_at", "updated_at", "closed_at", "answered_by", "answer", "version",
)  # fmt: skip


def after_sale_number(after_sale_id: int) -> str:
    """What staff and buyers call it."""
    return f"AS{after_sale_id:08d}"


@dataclass(frozen=True, slots=True)
class _Held:
    id: int
    number: str
    order_id: int
    source: str
    external_id: str
    type: AfterSaleType
    state: AfterSaleState
    amount: int
    answered_by: str
    answer: str
    currency: str


_HELD = (
    "SELECT a.id, a.number, a.order_id, a.source, a.external_id, a.type, a.state, a.amount, a.answered_by, a.answer, "
    "o.currency FROM after_sale a JOIN sales_order o ON o.id = a.order_id WHERE "
)


def _held(uow: UnitOfWork, where: str, parameters: Sequence[Any]) -> _Held | None:
    row = uow.db.row(_HELD + where + ("" if uow.db.sqlite else " FOR UPDATE OF a"), parameters)
    if row is None:
        return None
    return _Held(
        row[0], row[1], row[2], row[3], row[4], AfterSaleType(row[5]), AfterSaleState(row[6]), row[7], row[8], row[9], row[10]
    )


def held(uow: UnitOfWork, after_sale_id: int) -> _Held:
    """One after-sale, held until the transaction ends; DomainError when there is none."""
    found = _held(uow, "a.id = ?", (after_sale_id,))
    if found is None:
        raise DomainError(f"there is no after-sale {after_sale_id}", remedy="reload the list")
    return found


def follow(uow: UnitOfWork, asked: Asked) -> tuple[int, str]:
    """Make our document say what its source says; its id, and what that was in words.

    Raises IllegalTransition for a step that does not exist, DomainError for units of another order.
    """
    mine = _held(uow, "a.source = ? AND a.external_id = ?", (asked.source, asked.external_id))
    if mine is None:
        return _open(uow, asked), "opened"
    if mine.order_id != asked.order_id:
        raise DomainError(
            f"after-sale {mine.number} belongs to order {mine.order_id}, not to {asked.order_id}",
            remedy="look it up at the platform",
        )
    changed = "brought up to date"
    again = asked.state is not mine.state and asked.state in ANSWERABLE  # another question, which nobody has answered yet
    if asked.state is not mine.state:
        AFTER_SALE.check(mine.number, mine.state, asked.state, remedy="look it up at the platform")
        changed = f"{mine.state} → {asked.state}"
    uow.db.change(
        "UPDATE after_sale SET type = ?, state = ?, goods = ?, money = ?, amount = ?, reason = ?, words = ?, carrier = ?, "
        "waybill = ?, answer_by = ?, updated_at = ?, closed_at = ?, answered_by = ?, answer = ?, version = version + 1 "
        "WHERE id = ?",
        (
            asked.type, asked.state, asked.goods, asked.money, asked.amount, asked.reason, asked.words, asked.carrier,
            asked.waybill, asked.answer_by, asked.at, uow.now if asked.state in OVER else None,
            "" if again else mine.answered_by, "" if again else mine.answer, mine.id,
        ),
    )  # fmt: skip
    _write_lines(uow, mine.id, asked)
    _after(uow, replace(mine, type=asked.type, amount=asked.amount), mine.state, asked.state, asked.reason)
    return mine.id, changed


def _open(uow: UnitOfWork, asked: Asked) -> int:
    row = uow.db.row("SELECT currency FROM sales_order WHERE id = ?", (asked.order_id,))
    if row is None:
        raise DomainError(f"there is no order {asked.order_id}", remedy="take the order in first")
    [after_sale_id] = uow.take_ids("after_sale", 1)
    number = after_sale_number(after_sale_id)
    uow.db.insert(
        "after_sale",
        ("id", *_COLUMNS),
        [
            (
                after_sale_id, number, asked.order_id, asked.source, asked.external_id or number, asked.type, asked.state,
                asked.goods, asked.money, asked.amount, asked.reason, asked.words, asked.carrier, asked.waybill,
                asked.answer_by, asked.at, asked.at, uow.now if asked.state in OVER else None, "", "", 1,
            )
        ],
    )  # fmt: skip
    _write_lines(uow, after_sale_id, asked)
    mine = _Held(
        after_sale_id, number, asked.order_id, asked.source, asked.external_id or number, asked.type, asked.state,
        asked.amount, "", "", row[0],
    )  # fmt: skip
    _after(uow, mine, None, asked.state, asked.reason)
    return after_sale_id


def _write_lines(uow: UnitOfWork, after_sale_id: int, asked: Asked) -> None:
    ids = [wanted.line_id for wanted in asked.lines]
    if ids:
        rows = uow.db.rows(f"SELECT id FROM order_line WHERE order_id = ? AND id IN ({marks(ids)})", [asked.order_id, *ids])
        if strangers := sorted(set(ids) - {row[0] for row in rows}):
            raise DomainError(f"line {strangers[0]} is no line of order {asked.order_id}", remedy="name lines of this order")
    uow.db.change("DELETE FROM after_sale_line WHERE after_sale_id = ?", (after_sale_id,))
    uow.db.insert(
        "after_sale_line",
        ("after_sale_id", "line_id", "quantity", "amount"),
        [(after_sale_id, wanted.line_id, wanted.quantity, wanted.amount) for wanted in asked.lines],
    )


def _after(uow: UnitOfWork, mine: _Held, was: AfterSaleState | None, state: AfterSaleState, because: str) -> None:
    """What a new state means for the order: while the wish is open, nothing it is about leaves."""
    source = f"after_sale/{mine.id}"
    if state not in OVER and _still_here(uow, mine.id, mine.order_id):
        orders.hold(uow, mine.order_id, HoldCode.REFUND_REQUESTED, f"{mine.number} {because}".strip(), source=source)
    else:
        orders.lift(uow, mine.order_id, HoldCode.REFUND_REQUESTED, source=source, because=f"{mine.number} is {state}")
    if was is not state:
        uow.note(f"{was} → {state}" if was else "opened", "after_sale", mine.id, because)
        uow.note("after-sale", "order", mine.order_id, because, {"number": mine.number, "type": mine.type, "state": state})
        amount = Money(mine.amount, mine.currency)
        uow.emit(AfterSaleMoved(mine.id, mine.number, mine.order_id, mine.type, was or "", state, amount))


def _still_here(uow: UnitOfWork, after_sale_id: int, order_id: int) -> bool:
    """Whether any unit it is about has yet to leave; one that names no units is about the whole order."""
    row = uow.db.row(
        "SELECT 1 FROM order_line l WHERE l.order_id = ? AND NOT l.kit AND l.quantity > l.shipped + l.cancelled AND "
        "(NOT EXISTS (SELECT 1 FROM after_sale_line x WHERE x.after_sale_id = ?) OR EXISTS (SELECT 1 FROM after_sale_line x "
        "JOIN order_line n ON n.id = x.line_id WHERE x.after_sale_id = ? AND (n.id = l.id OR n.no = l.kit_line))) LIMIT 1",
        (order_id, after_sale_id, after_sale_id),
    )
    return row is not None


# what people do


def request(
    uow: UnitOfWork,
    order_id: int,
    type_: AfterSaleType,
    lines: Sequence[Wanted],
    reason: str,
    *,
    amount: int = 0,
    words: str = "",
    source: str = "",
) -> int:
    """A buyer's wish that no platform reports, taken in by staff or on a page of our own; its id.

    Units must have been ordered and not been cancelled; no more money can be asked back than was received and not refunded.
    """
    head = uow.db.row(
        "SELECT number, received - refunded FROM sales_order WHERE id = ?" + ("" if uow.db.sqlite else " FOR UPDATE"),
        (order_id,),
    )
    if head is None:
        raise DomainError(f"there is no order {order_id}", remedy="look it up by its number")
    number, refundable = head
    if not reason.strip():
        raise DomainError(f"an after-sale of order {number} without a reason", remedy="say what the buyer wants and why")
    if amount < 0 or amount > refundable:
        raise DomainError(
            f"order {number}: {amount} is asked back, {refundable} was received and not refunded", remedy="ask for less"
        )
    there = dict(uow.db.rows("SELECT id, quantity - cancelled - returned FROM order_line WHERE order_id = ?", (order_id,)))
    taken = dict(
        uow.db.rows(
            "SELECT x.line_id, CAST(SUM(x.quantity) AS BIGINT) FROM after_sale_line x JOIN after_sale a "
            "ON a.id = x.after_sale_id WHERE a.order_id = ? AND a.state NOT IN ('closed','rejected','cancelled') "
            "GROUP BY x.line_id",
            (order_id,),
        )
    )
    for wanted in lines:
        quantity(wanted.quantity)
        left = there.get(wanted.line_id, 0) - taken.get(wanted.line_id, 0)
        if wanted.quantity > left:
            raise DomainError(
                f"order {number}: {wanted.quantity} units are asked for, {left} of that line are left to ask for",
                remedy="ask for fewer, or settle the after-sale that names the others",
            )
    back = type_ in (AfterSaleType.RETURN_REFUND, AfterSaleType.EXCHANGE)
    return _open(
        uow,
        Asked(
            source or uow.actor, "", order_id, type_, AfterSaleState.REQUESTED, uow.now, tuple(lines), amount,
            GoodsState.WAITING if back else GoodsState.NONE, MoneyState.PENDING if amount else MoneyState.NONE, reason, words,
        ),
    )  # fmt: skip


def answer(uow: UnitOfWork, after_sale_id: int, agree: bool, because: str) -> None:
    """A person agrees or refuses. What a platform reports is answered there, and follows when it says so itself."""
    mine = held(uow, after_sale_id)
    ours = mine.external_id == mine.number
    if mine.state not in ANSWERABLE or (ours and mine.state is not AfterSaleState.REQUESTED):
        raise DomainError(f"after-sale {mine.number} is {mine.state}", remedy="only what waits for an answer can be answered")
    if mine.answered_by:
        raise DomainError(
            f"after-sale {mine.number} was answered by {mine.answered_by} already", remedy="wait until the platform follows"
        )
    if not agree and not because.strip():
        raise DomainError(f"after-sale {mine.number} cannot be refused without a reason", remedy="tell the buyer why")
    said = "agree" if agree else "refuse"
    uow.db.change("UPDATE after_sale SET answered_by = ?, answer = ? WHERE id = ?", (uow.actor, said, mine.id))
    uow.note(said, "after_sale", mine.id, because)
    if not ours:
        uow.emit(AfterSaleAnswered(mine.id, mine.source, mine.external_id, agree, because))
        return
    target = AfterSaleState.APPROVED if agree else AfterSaleState.REJECTED
    _step(uow, mine, target, because)


def cancel(uow: UnitOfWork, after_sale_id: int, because: str) -> None:
    """The buyer no longer wants it; of a platform's after-sale only the platform can say so."""
    mine = held(uow, after_sale_id)
    if mine.external_id != mine.number:
        raise DomainError(
            f"after-sale {mine.number} is kept by {mine.source}", remedy="it follows when the buyer withdraws it there"
        )
    _step(uow, mine, AfterSaleState.CANCELLED, because)


def unanswered(uow: UnitOfWork, after_sale_id: int, because: str) -> None:
    """The platform did not take our answer: a person may answer again."""
    mine = held(uow, after_sale_id)
    uow.db.change("UPDATE after_sale SET answered_by = '', answer = '' WHERE id = ?", (mine.id,))
    uow.note("answer not taken", "after_sale", mine.id, because)


def _step(uow: UnitOfWork, mine: _Held, target: AfterSaleState, because: str) -> None:
    AFTER_SALE.check(mine.number, mine.state, target, remedy="reload the page")
    uow.db.change(
        "UPDATE after_sale SET state = ?, updated_at = ?, closed_at = ?, version = version + 1 WHERE id = ?",
        (target, uow.now, uow.now if target in OVER else None, mine.id),
    )
    _after(uow, mine, mine.state, target, because)
