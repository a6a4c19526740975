"""Reads of orders for pages: set-based, paged by key, never counted beyond a cap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ..customers.queries import ADDRESS_SQL, address_from
from ..kernel.db import Database, as_moment, marks
from ..kernel.values import Address, Money
from .api import HoldCode, OrderStatus
from .states import BY_PEOPLE, STOPS, Step

CAP = 1000
"""Counts end here and are shown as `1,000+`."""
PAGE = 40
_FOUND = 2000
"""Ids that one search term may lead to; beyond that a person types more of it."""
_RECENT = 5000
"""The newest orders, among which those of one day are looked for."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list of orders is narrowed down to; empty fields narrow nothing."""

    status: str = ""
    shop_id: int | None = None
    text: str = ""
    """The beginning of our number, the platform's number, or (with `names`) the buyer's name."""
    names: bool = False
    hold: str = ""
    before: int | None = None
    """Only orders with a lower id: where the page before ended."""
    customer_id: int | None = None


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order of a list."""

    id: int
    number: str
    external_number: str
    shop: str
    status: str
    payment: str
    buyer: str
    total: Money
    cod: bool
    placed_at: datetime
    units: int
    first_title: str
    kinds: int
    """Different lines; a kit counts as one."""
    holds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderHead:
    """Everything about an order but what hangs on it."""

    id: int
    number: str
    external_number: str
    external_id: str
    shop_id: int
    shop: str
    source: str
    status: str
    payment: str
    review: str
    customer_id: int
    buyer: str
    goods: Money
    freight: Money
    total: Money
    received: Money
    refunded: Money
    cod: bool
    sealed: bool
    message: str
    memo: str
    placed_at: datetime
    paid_at: datetime | None
    completed_at: datetime | None
    cancel_reason: str
    finance: str
    """Empty where finance is not asked."""
    type: str
    reach: str
    """A `Reach`."""
    receiver: Address


@dataclass(frozen=True, slots=True)
class LineRow:
    """One line, or the component of the kit line before it."""

    id: int
    no: int
    kit_line: int | None
    kit: bool
    per_kit: int
    sku: str
    title: str
    item: str
    quantity: int
    unit_price: Money
    amount: Money
    reserved: int
    shipped: int
    cancelled: int
    returned: int

    @property
    def open(self) -> int:
        """Neither sent nor cancelled nor reserved yet."""
        return self.quantity - self.shipped - self.cancelled - self.reserved


@dataclass(frozen=True, slots=True)
class HoldRow:
    """Why a document must not go on."""

    id: int
    level: str
    document: int
    code: str
    source: str
    note: str
    opened_at: datetime
    released_at: datetime | None
    released_by: str

    @property
    def stops(self) -> Step:
        return STOPS[HoldCode(self.code)]

    @property
    def by_people(self) -> bool:
        """Whether a person may lift it; the others lift themselves."""
        return HoldCode(self.code) in BY_PEOPLE


@dataclass(frozen=True, slots=True)
class PaymentRow:
    at: datetime
    amount: Money
    method: str


def _prefix(db: Database, column: str, text: str) -> tuple[str, list[str]]:
    """A condition on how a column begins that SQLite answers from the column's index."""
    if db.sqlite:
        return f"{column} >= ? AND {column} < ?", [text, text + "\U0010ffff"]
    return f"{column} LIKE ? ESCAPE '!'", ["".join(f"!{c}" if c in "%_!" else c for c in text) + "%"]


def _where(db: Database, wanted: Filter) -> tuple[str, list[object]]:
    parts: list[str] = []
    given: list[object] = []
    if wanted.status:
        parts.append("o.status = ?")
        given.append(wanted.status)
    if wanted.shop_id is not None:
        parts.append("o.shop_id = ?")
        given.append(wanted.shop_id)
    if wanted.customer_id is not None:
        parts.append("o.customer_id = ?")
        given.append(wanted.customer_id)
    if wanted.before is not None:
        parts.append("o.id < ?")
        given.append(wanted.before)
    if wanted.text:
        text = wanted.text.strip()
        terms = [("number", text.upper()), ("external_number", text), ("external_number", f"#{text}")]
        terms += [("buyer_name", text)] if wanted.names else []
        found = []
        for column, term in terms:
            condition, values = _prefix(db, column, term)
            found.append(f"SELECT id FROM (SELECT id FROM sales_order WHERE {condition} ORDER BY id DESC LIMIT {_FOUND}) AS f")
            given += values
        parts.append(f"o.id IN ({' UNION '.join(found)})")
    if wanted.hold:
        parts.append(
            "o.id IN (SELECT document FROM hold WHERE level = 'order' AND code = ? AND released_at IS NULL UNION "
            "SELECT l.order_id FROM hold h JOIN fo_line l ON l.fo_id = h.document "
            "WHERE h.level = 'fo' AND h.code = ? AND h.released_at IS NULL)"
        )
        given += [wanted.hold, wanted.hold]
    return " AND ".join(parts) or "1 = 1", given


def orders(db: Database, wanted: Filter) -> tuple[list[OrderRow], int | None]:
    """One page, newest first, and the key of the next one; two statements."""
    where, given = _where(db, wanted)
    rows = db.rows(
        "SELECT o.id, o.number, o.external_number, s.title, o.status, o.payment, o.buyer_name, o.total, o.currency, o.cod, "
        "o.placed_at, "
        "(SELECT SUM(l.quantity) FROM order_line l WHERE l.order_id = o.id AND l.kit_line IS NULL), "
        "(SELECT l.title FROM order_line l WHERE l.order_id = o.id AND l.kit_line IS NULL ORDER BY l.no LIMIT 1), "
        "(SELECT COUNT(*) FROM order_line l WHERE l.order_id = o.id AND l.kit_line IS NULL) "
        f"FROM sales_order o JOIN shop s ON s.id = o.shop_id WHERE {where} ORDER BY o.id DESC LIMIT {PAGE + 1}",
        given,
    )
    more = rows[PAGE - 1][0] if len(rows) > PAGE else None
    rows = rows[:PAGE]
    codes = open_hold_codes(db, [row[0] for row in rows])
    return [
        OrderRow(
            id, number, external, shop, status, payment, buyer, Money(total, currency), bool(cod), as_moment(placed),
            int(units or 0), title or "", kinds, codes.get(id, ()),
        )
        for id, number, external, shop, status, payment, buyer, total, currency, cod, placed, units, title, kinds in rows
    ], more  # fmt: skip


def orders_by_customer(db: Database, customer_ids: Sequence[int]) -> dict[int, int]:
    """How many orders each of these customers has."""
    if not customer_ids:
        return {}
    return dict(
        db.rows(
            f"SELECT customer_id, COUNT(*) FROM sales_order WHERE customer_id IN ({marks(customer_ids)}) GROUP BY customer_id",
            list(customer_ids),
        )
    )


def open_hold_codes(db: Database, order_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """What is wrong with these orders, their fulfillment orders included."""
    if not order_ids:
        return {}
    listed = marks(order_ids)
    found: dict[int, set[str]] = {}
    for order_id, code in db.rows(
        f"SELECT document, code FROM hold WHERE level = 'order' AND document IN ({listed}) AND released_at IS NULL UNION "
        "SELECT l.order_id, h.code FROM fo_line l JOIN hold h ON h.level = 'fo' AND h.document = l.fo_id "
        f"WHERE l.order_id IN ({listed}) AND h.released_at IS NULL",
        [*order_ids, *order_ids],
    ):
        found.setdefault(order_id, set()).add(code)
    return {order_id: tuple(sorted(codes)) for order_id, codes in found.items()}


def counts(db: Database, shop_id: int | None = None) -> dict[str, int]:
    """Orders per status, each counted to just beyond the cap; one statement."""
    narrow = "" if shop_id is None else " AND shop_id = ?"
    text = " UNION ALL ".join(
        f"SELECT '{status}', COUNT(*) FROM (SELECT 1 FROM sales_order WHERE status = '{status}'{narrow} LIMIT {CAP + 1}) AS c"
        for status in OrderStatus
    )
    return dict(db.rows(text, [] if shop_id is None else [shop_id] * len(OrderStatus)))


def placed_since(db: Database, moment: datetime) -> dict[str, int]:
    """Statuses of the orders placed since a moment, among the newest few thousand."""
    rows = db.rows(
        f"SELECT status, COUNT(*) FROM (SELECT status, placed_at FROM sales_order ORDER BY id DESC LIMIT {_RECENT}) AS o "
        "WHERE placed_at >= ? GROUP BY status",
        (moment,),
    )
    return dict(rows)


def open_holds(db: Database) -> list[tuple[str, int]]:
    """Hold codes that are open somewhere, the most frequent first."""
    return [
        (code, count)
        for code, count in db.rows(
            "SELECT code, COUNT(*) FROM hold WHERE released_at IS NULL GROUP BY code ORDER BY COUNT(*) DESC, code"
        )
    ]


def head(db: Database, order_id: int) -> OrderHead | None:
    row = db.row(
        "SELECT o.id, o.number, o.external_number, o.external_id, o.shop_id, s.title, o.source, o.status, o.payment, o.review, "
        "o.customer_id, o.buyer_name, o.currency, o.goods, o.freight, o.total, o.received, o.refunded, o.cod, o.sealed, "
        "o.message, o.memo, o.placed_at, o.paid_at, o.completed_at, o.cancel_reason, o.finance_review, o.type, o.reach, "
        f"{ADDRESS_SQL} FROM sales_order o JOIN shop s ON s.id = o.shop_id JOIN postal_address a ON a.id = o.address_id "
        "WHERE o.id = ?",
        (order_id,),
    )
    if row is None:
        return None
    currency = row[12]
    cells = [*row[:12], *(Money(amount, currency) for amount in row[13:18]), bool(row[18]), bool(row[19]), *row[20:22]]
    cells += [as_moment(row[22]), _moment(row[23]), _moment(row[24]), *row[25:29], address_from(row[29:])]
    return OrderHead(*cells)


def number_to_id(db: Database, number: str) -> int | None:
    """The order with exactly this number, ours or the platform's."""
    row = db.row(
        "SELECT id FROM sales_order WHERE number = ? "
        "UNION ALL SELECT id FROM sales_order WHERE external_number IN (?, ?) LIMIT 1",
        (number.upper(), number, f"#{number}"),
    )
    return None if row is None else int(row[0])


def lines(db: Database, order_id: int, currency: str) -> list[LineRow]:
    return [
        LineRow(
            id, no, kit_line, bool(kit), per_kit, sku or "", title, item, units, Money(price, currency),
            Money(amount, currency), reserved, shipped, cancelled, returned,
        )
        for (
            id, no, kit_line, kit, per_kit, sku, title, item, units, price, amount, reserved, shipped, cancelled, returned,
        ) in db.rows(
            "SELECT l.id, l.no, l.kit_line, l.kit, l.per_kit, k.code, l.title, l.merchant_code, l.quantity, l.unit_price, "
            "l.amount, l.reserved, l.shipped, l.cancelled, l.returned FROM order_line l LEFT JOIN sku k ON k.id = l.sku_id "
            "WHERE l.order_id = ? ORDER BY COALESCE(l.kit_line, l.no), l.no",
            (order_id,),
        )
    ]  # fmt: skip


def holds_of_fo(db: Database, fo_id: int) -> list[HoldRow]:
    """Open holds of a fulfillment order and of the orders in it."""
    return [
        HoldRow(*[*row[:6], as_moment(row[6]), None, ""])
        for row in db.rows(
            "SELECT id, level, document, code, source, note, opened_at FROM hold WHERE released_at IS NULL AND "
            "((level = 'fo' AND document = ?) OR (level = 'order' AND document IN "
            "(SELECT order_id FROM fo_line WHERE fo_id = ?))) ORDER BY id",
            (fo_id, fo_id),
        )
    ]


def holds(db: Database, order_id: int, fo_ids: Sequence[int]) -> list[HoldRow]:
    """Every hold an order and its fulfillment orders ever had, the open ones first."""
    given: list[object] = [order_id]
    condition = "(level = 'order' AND document = ?)"
    if fo_ids:
        condition += f" OR (level = 'fo' AND document IN ({marks(fo_ids)}))"
        given += fo_ids
    return [
        HoldRow(*[*row[:6], as_moment(row[6]), _moment(row[7]), row[8]])
        for row in db.rows(
            "SELECT id, level, document, code, source, note, opened_at, released_at, released_by FROM hold "
            f"WHERE {condition} ORDER BY CASE WHEN released_at IS NULL THEN 0 ELSE 1 END, id",
            given,
        )
    ]


def payments(db: Database, order_id: int, currency: str) -> list[PaymentRow]:
    return [
        PaymentRow(as_moment(at), Money(amount, currency), method)
        for at, amount, method in db.rows("SELECT at, amount, method FROM payment WHERE order_id = ? ORDER BY id", (order_id,))
    ]


def _moment(value: datetime | str | None) -> datetime | None:
    return None if value is None else as_moment(value)
