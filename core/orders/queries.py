"""Reads of orders, set-based."""

from __future__ import annotations

from collections.abc import Iterable

from ..customers.queries import ADDRESS_SQL, address_from
from ..kernel.db import Database, as_moment, marks
from ..kernel.errors import DomainError
from ..kernel.values import Money
from .api import LineCard, OrderCard, OrderStatus, OrderType, PaymentState, Reach, ReviewState


def cards(db: Database, order_ids: Iterable[int]) -> list[OrderCard]:
    """Orders as plugins and rules read them, two statements for any number; in order of id."""
    wanted = sorted(set(order_ids))
    if not wanted:
        return []
    lines: dict[int, list[LineCard]] = {}
    heads = db.rows(
        "SELECT o.id, o.number, s.code, o.external_number, o.status, o.review, o.payment, o.customer_id, o.currency, "
        "o.freight, o.total, o.received, o.refunded, o.cod, o.placed_at, o.paid_at, o.message, o.memo, o.type, "
        f"o.reach, {ADDRESS_SQL} FROM sales_order o JOIN shop s ON s.id = o.shop_id "
        "JOIN postal_address a ON a.id = o.address_id "
        f"WHERE o.id IN ({marks(wanted)}) ORDER BY o.id",
        wanted,
    )
    currency = {row[0]: row[8] for row in heads}
    kits: dict[tuple[int, int], int] = {}
    for order_id, line_id, no, kit_line, code, title, quantity, price, amount, cancelled, shipped, returned, gift in db.rows(
        "SELECT l.order_id, l.id, l.no, l.kit_line, COALESCE(k.code, ''), l.title, l.quantity, l.unit_price, l.amount, "
        "l.cancelled, l.shipped, l.returned, l.gift FROM order_line l LEFT JOIN sku k ON k.id = l.sku_id "
        f"WHERE l.order_id IN ({marks(wanted)}) ORDER BY l.order_id, l.no",
        wanted,
    ):
        if order_id not in currency:
            continue
        kits[order_id, no] = line_id
        kit = None if kit_line is None else kits[order_id, kit_line]
        unit, sum_ = Money(price, currency[order_id]), Money(amount, currency[order_id])
        lines.setdefault(order_id, []).append(
            LineCard(line_id, code, title, quantity, unit, sum_, cancelled, shipped, returned, kit, gift)
        )
    return [
        OrderCard(
            id=row[0],
            number=row[1],
            shop=row[2],
            external_number=row[3],
            status=OrderStatus(row[4]),
            review=ReviewState(row[5]),
            payment=PaymentState(row[6]),
            customer_id=row[7],
            receiver=address_from(row[20:]),
            lines=tuple(lines.get(row[0], ())),
            freight=Money(row[9], row[8]),
            total=Money(row[10], row[8]),
            paid=Money(row[11], row[8]),
            refunded=Money(row[12], row[8]),
            cod=bool(row[13]),
            placed_at=as_moment(row[14]),
            paid_at=None if row[15] is None else as_moment(row[15]),
            message=row[16],
            memo=row[17],
            type=OrderType(row[18]),
            reach=Reach(row[19]),
        )
        for row in heads
    ]


def card(db: Database, order_id: int) -> OrderCard:
    """One order; DomainError when there is none."""
    found = cards(db, [order_id])
    if not found:
        raise DomainError(f"there is no order {order_id}", remedy="look it up by its number")
    return found[0]
