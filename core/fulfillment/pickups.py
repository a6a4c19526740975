"""Reads of what changes hands in a shop: orders that wait to be picked up, or whose goods the books have not let go yet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from ..kernel.db import Database, as_moment, marks
from ..kernel.values import Money
from ..orders.api import OrderStatus, Reach
from ..orders.money import left
from .api import Fetched

MOST = 500
"""So many a page shows."""


def fetched(
    db: Database, *, shop_id: int | None = None, order_ids: Sequence[int] | None = None, code: str = ""
) -> list[Fetched]:
    """Orders whose goods are still to change hands, in a shop or all; or these, however they stand. The oldest first.

    `code` narrows them down to those whose buyers show it.
    """
    if order_ids is not None:
        return _read(db, f"o.id IN ({marks(order_ids)}) AND o.reach <> 'shipped'", list(order_ids)) if order_ids else []
    where = "o.status IN ('pending_payment', 'pending_review', 'to_ship') AND o.reach <> 'shipped'"
    given: list[object] = [shop_id] if shop_id else []
    where += " AND o.shop_id = ?" if shop_id else ""
    if code:
        where, given = where + " AND o.pickup_code = ?", [*given, code.strip().upper()]
    return _read(db, where, given)


def _read(db: Database, where: str, given: Sequence[object]) -> list[Fetched]:
    heads = db.rows(
        "SELECT o.id, o.number, o.external_id, o.external_number, s.code, o.reach, o.status, w.code, "
        "o.buyer_name, a.phone, c.phone, o.placed_at, o.paid_at, s.pickup_days, o.received, o.refunded, o.currency "
        "FROM sales_order o JOIN shop s ON s.id = o.shop_id JOIN postal_address a ON a.id = o.address_id "
        f"JOIN customer c ON c.id = o.customer_id JOIN warehouse w ON w.id = o.warehouse_id WHERE {where} "
        f"ORDER BY o.id LIMIT {MOST}",
        given,
    )
    ids = [row[0] for row in heads]
    lines, owed, open_ = _lines(db, ids)
    stopped = _holds(db, ids)
    found = []
    for (
        order_id, number, external_id, external_number, shop, reach, status, warehouse, buyer, phone, known_phone,
        placed_at, paid_at, days, received, refunded, currency,
    ) in heads:  # fmt: skip
        since = as_moment(paid_at or placed_at)
        found.append(
            Fetched(
                order_id, number, external_id, external_number, shop, Reach(reach), OrderStatus(status), warehouse,
                buyer, phone or known_phone, as_moment(placed_at), since + timedelta(days=days),
                Money(owed.get(order_id, 0) - received + refunded, currency), tuple(lines.get(order_id, ())),
                tuple(stopped.get(order_id, ())), status == OrderStatus.TO_SHIP and not open_.get(order_id, 0),
            )
        )  # fmt: skip
    return found


def _lines(db: Database, ids: Sequence[int]) -> tuple[dict[int, list[tuple[str, str, int]]], dict[int, int], dict[int, int]]:
    """What is bought, what that is worth, and how many units of it nothing is reserved for; by order."""
    lines: dict[int, list[tuple[str, str, int]]] = {}
    owed: dict[int, int] = {}
    open_: dict[int, int] = {}
    for order_id, sku, title, kit, kit_line, quantity, shipped, cancelled, reserved, amount, freight in _of(
        db,
        "SELECT l.order_id, COALESCE(k.code, ''), l.title, l.kit, l.kit_line, l.quantity, l.shipped, l.cancelled, l.reserved, "
        "l.amount, l.freight FROM order_line l LEFT JOIN sku k ON k.id = l.sku_id WHERE l.order_id IN ({}) "
        "ORDER BY l.order_id, l.no",
        ids,
    ):
        if kit_line is None and quantity > cancelled:
            lines.setdefault(order_id, []).append((sku, title, quantity - cancelled))
        if not kit:
            worth = sum(left(part, quantity, cancelled) for part in (amount, freight))
            owed[order_id] = owed.get(order_id, 0) + worth
            open_[order_id] = open_.get(order_id, 0) + quantity - shipped - cancelled - reserved
    return lines, owed, open_


def _holds(db: Database, ids: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    found: dict[int, list[tuple[str, str]]] = {}
    for order_id, code, note in _of(
        db,
        "SELECT document, code, note FROM hold WHERE level = 'order' AND released_at IS NULL AND document IN ({0}) UNION "
        "SELECT x.order_id, h.code, h.note FROM fo_line x JOIN hold h ON h.level = 'fo' AND h.document = x.fo_id "
        "AND h.released_at IS NULL WHERE x.order_id IN ({0})",
        ids,
        2,
    ):
        found.setdefault(order_id, []).append((code, note))
    return found


def _of(db: Database, sql: str, ids: Sequence[int], times: int = 1) -> Iterable[tuple[Any, ...]]:
    return db.rows(sql.format(marks(ids)), [*ids] * times) if ids else []
