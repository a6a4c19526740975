"""Reads of after-sales for pages: set-based, paged by key, never counted beyond a cap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..kernel.db import Database, as_moment
from ..kernel.values import Money
from .api import AfterSaleState
from .states import ANSWERABLE, OVER

PAGE = 40
CAP = 1000
"""Counts end here and are shown as `1,000+`."""
OPEN = "open"
"""Stands for every state in which something is still going to happen."""

_NOT_OVER = f"a.state NOT IN ({', '.join(repr(state.value) for state in OVER)})"


@dataclass(frozen=True, slots=True)
class Filter:
    """What the list is narrowed down to; empty fields narrow nothing."""

    state: str = ""
    """A state, or `open`."""
    type: str = ""
    shop_id: int | None = None
    before: int | None = None
    """Only those with a lower id: where the page before ended."""


@dataclass(frozen=True, slots=True)
class AfterSaleRow:
    """One wish of a buyer, with what hangs on the order it is about."""

    id: int
    number: str
    order_id: int
    order: str
    order_status: str
    shop: str
    source: str
    external_id: str
    type: str
    state: str
    goods: str
    money: str
    amount: Money
    reason: str
    words: str
    carrier: str
    waybill: str
    answer_by: datetime | None
    requested_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    answered_by: str
    answer: str

    @property
    def by_platform(self) -> bool:
        """Whether a platform keeps it: it is answered there, and only the platform withdraws it."""
        return self.external_id != self.number

    @property
    def to_answer(self) -> bool:
        """Whether our word is wanted: on the wish itself, or on goods that came back to a platform's seller."""
        wanted = self.state in ANSWERABLE if self.by_platform else self.state == AfterSaleState.REQUESTED
        return wanted and not self.answered_by

    @property
    def over(self) -> bool:
        return self.state in OVER


@dataclass(frozen=True, slots=True)
class AfterSaleLineRow:
    """Units of an order line that it is about."""

    title: str
    sku: str
    quantity: int
    ordered: int
    shipped: int
    amount: Money


_ROW = (
    "SELECT a.id, a.number, a.order_id, o.number, o.status, s.title, a.source, a.external_id, a.type, a.state, a.goods, "
    "a.money, a.amount, o.currency, a.reason, a.words, a.carrier, a.waybill, a.answer_by, a.requested_at, a.updated_at, "
    "a.closed_at, a.answered_by, a.answer FROM after_sale a JOIN sales_order o ON o.id = a.order_id "
    "JOIN shop s ON s.id = o.shop_id WHERE "
)


def _row(row: tuple[Any, ...]) -> AfterSaleRow:
    moments = [None if moment is None else as_moment(moment) for moment in row[18:22]]
    return AfterSaleRow(*[*row[:12], Money(row[12], row[13]), *row[14:18], *moments, *row[22:]])


def after_sales(db: Database, wanted: Filter) -> tuple[list[AfterSaleRow], int | None]:
    """One page, newest first, and the key of the next one; one statement."""
    parts: list[str] = []
    given: list[object] = []
    if wanted.state == OPEN:
        parts.append(_NOT_OVER)
    for column, value in (("a.state", "" if wanted.state == OPEN else wanted.state), ("a.type", wanted.type)):
        if value:
            parts.append(f"{column} = ?")
            given.append(value)
    if wanted.shop_id is not None:
        parts.append("o.shop_id = ?")
        given.append(wanted.shop_id)
    if wanted.before is not None:
        parts.append("a.id < ?")
        given.append(wanted.before)
    rows = db.rows(f"{_ROW}{' AND '.join(parts) or '1 = 1'} ORDER BY a.id DESC LIMIT {PAGE + 1}", given)
    found = [_row(row) for row in rows[:PAGE]]
    return found, found[-1].id if len(rows) > PAGE else None


def counts(db: Database) -> dict[str, int]:
    """How many are open in each state, each counted to just beyond the cap; one statement."""
    states = ("requested", "approved", "in_transit", "received", "inspected", "settling")
    [row] = db.rows(
        "SELECT "
        + ", ".join(
            f"(SELECT COUNT(*) FROM (SELECT 1 FROM after_sale WHERE state = '{state}' LIMIT {CAP + 1}) AS n{place})"
            for place, state in enumerate(states)
        )
    )
    return dict(zip(states, row, strict=True))


def to_answer(db: Database) -> int:
    """How many wait for a person's answer, to just beyond the cap."""
    [(count,)] = db.rows(
        f"SELECT COUNT(*) FROM (SELECT 1 FROM after_sale WHERE state = 'requested' AND answered_by = '' LIMIT {CAP + 1}) AS n"
    )
    return int(count)


def after_sale(db: Database, after_sale_id: int) -> AfterSaleRow | None:
    row = db.row(f"{_ROW}a.id = ?", (after_sale_id,))
    return None if row is None else _row(row)


def of_order(db: Database, order_id: int) -> list[AfterSaleRow]:
    """All of one order, newest first."""
    return [_row(row) for row in db.rows(f"{_ROW}a.order_id = ? ORDER BY a.id DESC", (order_id,))]


def lines(db: Database, after_sale_id: int) -> list[AfterSaleLineRow]:
    """What it is about; nothing when it is about the whole order."""
    return [
        AfterSaleLineRow(*[*row[:5], Money(row[5], row[6])])
        for row in db.rows(
            "SELECT l.title, COALESCE(k.code, ''), x.quantity, l.quantity, l.shipped, x.amount, o.currency "
            "FROM after_sale_line x JOIN order_line l ON l.id = x.line_id JOIN sales_order o ON o.id = l.order_id "
            "LEFT JOIN sku k ON k.id = l.sku_id WHERE x.after_sale_id = ? ORDER BY l.no",
            (after_sale_id,),
        )
    ]
