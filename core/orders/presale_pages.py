"""Reads for the pages of presales: what each promised, what was paid for it, and who owes what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..kernel.db import Database, as_moment, marks
from ..kernel.errors import DomainError
from ..kernel.values import Money
from .api import OrderStatus, PresaleState

PAGE = 50
OPEN, CLOSED, ALL = "open", "closed", "all"


@dataclass(frozen=True, slots=True)
class Sum:
    """Orders in one state, and their deposits; an order of several presales stands in each of them."""

    orders: int
    deposits: Money
    kept: Money


@dataclass(frozen=True, slots=True)
class PresaleRow:
    """A presale with its terms and how far it has come."""

    id: int
    shop: str
    shop_title: str
    sku: str
    title: str
    open: bool
    cap: int
    taken: int
    deposit: Money
    """Per unit."""
    balance_from: datetime | None
    balance_until: datetime | None
    ship_by: datetime | None
    waiting: Sum
    paid: Sum
    forfeited: Sum
    cancelled: Sum

    @property
    def left(self) -> int:
        return self.cap - self.taken


@dataclass(frozen=True, slots=True)
class PresaleOrderRow:
    """An order of a presale; `state` is None while its deposit has not come."""

    id: int
    number: str
    external_number: str
    source: str
    status: OrderStatus
    state: PresaleState | None
    units: int
    deposit: Money
    owed: Money
    kept: Money
    balance_until: datetime | None
    paid_at: datetime | None

    @property
    def by_hand(self) -> bool:
        """Whether its payments are taken here."""
        return self.source != "channel"


def presales(db: Database, *, which: str = OPEN, before: int | None = None) -> tuple[list[PresaleRow], int | None]:
    """One page of presales, the newest first, and the key of the next page; two statements."""
    condition = {OPEN: "c.open", CLOSED: "NOT c.open"}.get(which, "1 = 1")
    found = _rows(db, f"{condition}{'' if before is None else ' AND p.id < ?'}", [] if before is None else [before], PAGE + 1)
    return found[:PAGE], found[PAGE - 1].id if len(found) > PAGE else None


def presale(db: Database, presale_id: int) -> PresaleRow:
    """One presale; DomainError when there is none."""
    found = _rows(db, "p.id = ?", [presale_id], 1)
    if not found:
        raise DomainError(f"there is no presale {presale_id}", remedy="look for it in the list of presales")
    return found[0]


def _rows(db: Database, condition: str, given: Sequence[object], most: int) -> list[PresaleRow]:
    rows = db.rows(
        "SELECT p.id, s.code, s.title, s.currency, k.code, k.title, c.open, c.cap, c.taken, p.deposit, p.balance_from, "
        "p.balance_until, p.ship_by FROM presale p JOIN presale_cap c ON c.id = p.cap_id JOIN shop s ON s.id = c.shop_id "
        f"JOIN sku k ON k.id = c.sku_id WHERE {condition} ORDER BY p.id DESC LIMIT {most}",
        given,
    )
    ids = [row[0] for row in rows]
    sums: dict[tuple[int, str], tuple[int, int, int]] = {}
    if ids:
        sums = {
            (row[0], row[1]): (int(row[2]), int(row[3]), int(row[4]))
            for row in db.rows(
                "SELECT x.presale_id, q.state, COUNT(*), SUM(q.deposit), SUM(q.forfeited) FROM (SELECT DISTINCT presale_id, "
                f"order_id FROM presale_line WHERE presale_id IN ({marks(ids)})) x JOIN presale_order q "
                "ON q.order_id = x.order_id GROUP BY x.presale_id, q.state",
                ids,
            )
        }

    def total(id_: int, state: PresaleState, currency: str) -> Sum:
        orders, deposits, kept = sums.get((id_, state.value), (0, 0, 0))
        return Sum(orders, Money(deposits, currency), Money(kept, currency))

    return [
        PresaleRow(
            id_, shop, shop_title, sku, title, bool(open_), cap, taken, Money(deposit, currency), _moment(start), _moment(end),
            _moment(ship_by), total(id_, PresaleState.DEPOSIT_PAID, currency), total(id_, PresaleState.BALANCE_PAID, currency),
            total(id_, PresaleState.FORFEITED, currency), total(id_, PresaleState.CANCELLED, currency),
        )
        for id_, shop, shop_title, currency, sku, title, open_, cap, taken, deposit, start, end, ship_by in rows
    ]  # fmt: skip


def orders(db: Database, presale_id: int, before: int | None = None) -> tuple[list[PresaleOrderRow], int | None]:
    """One page of a presale's orders, also of those whose deposit has not come, the newest first; one statement."""
    rows = db.rows(
        "SELECT o.id, o.number, o.external_number, o.source, o.status, o.currency, q.state, SUM(COALESCE(x.taken, l.quantity - "
        "l.cancelled)), COALESCE(q.deposit, 0), o.total - o.received + o.refunded, COALESCE(q.forfeited, 0), q.balance_until, "
        "o.paid_at FROM (SELECT line_id AS id FROM presale_line WHERE presale_id = ? UNION SELECT y.id FROM sales_order w "
        "JOIN order_line y ON y.order_id = w.id WHERE w.status = 'pending_payment' AND w.type = 'presale') AS m "
        "JOIN order_line l ON l.id = m.id JOIN sales_order o ON o.id = l.order_id "
        "LEFT JOIN presale_order q ON q.order_id = o.id "
        "LEFT JOIN presale_line x ON x.line_id = l.id JOIN presale p ON p.id = ? JOIN presale_cap c ON c.id = p.cap_id "
        "WHERE l.sku_id = c.sku_id AND o.shop_id = c.shop_id AND l.kit_line IS NULL AND (x.presale_id = p.id "
        "OR q.id IS NULL AND c.open AND o.type = 'presale' AND o.status = 'pending_payment')"
        f"{'' if before is None else ' AND o.id < ?'} GROUP BY o.id, o.number, o.external_number, o.source, o.status, "
        "o.currency, q.state, q.deposit, o.total, o.received, o.refunded, q.forfeited, q.balance_until, o.paid_at "
        f"ORDER BY o.id DESC LIMIT {PAGE + 1}",
        [presale_id, presale_id, *([] if before is None else [before])],
    )
    found = [
        PresaleOrderRow(
            id_, number, external, source, OrderStatus(status), None if state is None else PresaleState(state), int(units),
            Money(deposit, currency), Money(max(0, owed), currency), Money(kept, currency), _moment(until), _moment(paid_at),
        )
        for id_, number, external, source, status, currency, state, units, deposit, owed, kept, until, paid_at in rows[:PAGE]
    ]  # fmt: skip
    return found, found[-1].id if len(rows) > PAGE else None


def _moment(value: Any) -> datetime | None:
    return None if value is None else as_moment(value)
