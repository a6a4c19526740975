"""What review and finance decide about orders, and who shall send them."""

from __future__ import annotations

from collections.abc import Sequence

from ..kernel.db import marks
from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from .api import FinanceState, OrderStatus, ReviewPassed, ReviewState, ReviewWithdrawn
from .cancelling import cancel_units
from .heads import Head, ask_first, lines_of, locked, moved, order_number, write_head
from .holds import stopping
from .states import REVIEW, Step, codes_stopping
from .unwritten import Unwritten, guards, unwritten


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
        heads, lines = locked(uow, rest), lines_of(uow, rest)
        for head in heads.values():
            waits = head.review in (ReviewState.PENDING, ReviewState.WITHDRAWN)
            if waits and (head.status is OrderStatus.PENDING_REVIEW or stopping(uow.db, head.id, Step.REVIEW)):
                continue
            REVIEW.check(head.number, head.review, ReviewState.PASSED, remedy="reload the order and look again")
            head.review = ReviewState.PASSED
            write_head(uow, head, lines[head.id], because)
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
    write_head(uow, head, lines_of(uow, [order_id])[order_id], because)
    uow.emit(ReviewPassed((order_id,)))


def reject_finance(uow: UnitOfWork, order_id: int, because: str) -> None:
    """Finance refuses an order: all its open units are cancelled."""
    head = _finance_asked(uow, order_id)
    lines = lines_of(uow, [order_id])[order_id]
    head.finance = FinanceState.REJECTED
    uow.note("finance rejected", "order", order_id, because)
    cancel_units(uow, head, lines, {line.id: line.open for line in lines if line.open}, "review_rejected")


def _finance_asked(uow: UnitOfWork, order_id: int) -> Head:
    head = locked(uow, [order_id])[order_id]
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
    head = locked(uow, [order_id])[order_id]
    REVIEW.check(head.number, head.review, ReviewState.WITHDRAWN, remedy="only an order that passed review can be taken back")
    lines = lines_of(uow, [order_id])[order_id]
    if not any(line.open for line in lines) or any(line.shipped for line in lines):
        raise DomainError(
            f"order {head.number} is {head.status}", remedy="only an order of which nothing has left can go back to review"
        )
    head.review, head.finance = ReviewState.WITHDRAWN, FinanceState.NONE
    uow.note("review withdrawn", "order", order_id, because)
    uow.db.change("UPDATE order_line SET reserved = 0 WHERE order_id = ?", (order_id,))
    write_head(uow, head, lines, because)
    uow.emit(ReviewWithdrawn(order_id, because))


def reject_review(uow: UnitOfWork, order_id: int, because: str) -> None:
    """A person refuses the order: all its open units are cancelled."""
    head = locked(uow, [order_id])[order_id]
    REVIEW.check(head.number, head.review, ReviewState.REJECTED, remedy="only an order under review can be rejected")
    lines = lines_of(uow, [order_id])[order_id]
    head.review = ReviewState.REJECTED
    uow.note("review rejected", "order", order_id, because)
    cancel_units(uow, head, lines, {line.id: line.open for line in lines if line.open}, "review_rejected")
