"""Proof that after-sales are about their own orders, end when they say so, and hold nothing after that."""

from __future__ import annotations

from ..kernel.checks import Check, RowCheck

_OVER = "('closed','rejected','cancelled')"

own_lines = RowCheck(
    "an after-sale is about lines of its order",
    "SELECT x.id, a.number, x.line_id, x.quantity, l.quantity AS ordered FROM after_sale_line x"
    " LEFT JOIN after_sale a ON a.id = x.after_sale_id LEFT JOIN order_line l ON l.id = x.line_id"
    " WHERE a.id IS NULL OR l.id IS NULL OR l.order_id <> a.order_id OR x.quantity > l.quantity ORDER BY x.id",
    "after_sale_line {id} ({number})",
    "names {quantity} units of order line {line_id}, which has {ordered} or is another order's",
    "look the after-sale up at its source",
)

ends = RowCheck(
    "an after-sale that is over says when",
    f"SELECT id, number, state, closed_at FROM after_sale WHERE (state IN {_OVER}) <> (closed_at IS NOT NULL)"
    " OR (answered_by = '') <> (answer = '') ORDER BY id",
    "after_sale {id} ({number})",
    "is {state}, closed at {closed_at}; or its answer is nobody's",
    "look at its history",
)

holds = RowCheck(
    "an after-sale holds an order only while it is open",
    "SELECT h.id, h.source, a.number, a.state FROM hold h LEFT JOIN after_sale a ON h.source = 'after_sale/' || a.id"
    " AND h.document = a.order_id AND h.level = 'order' WHERE h.source LIKE 'after_sale/%' AND h.released_at IS NULL"
    f" AND (a.id IS NULL OR a.state IN {_OVER}) ORDER BY h.id",
    "hold {id} ({source})",
    "is open, but after-sale {number} is {state}",
    "lift the hold",
)

CHECKS: tuple[Check, ...] = (own_lines, ends, holds)
