"""Orders as their buyers may see them: status, lines, parcels on their way, and what was asked afterwards."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..aftersales import pages as after_sale_pages
from ..aftersales.api import AfterSaleState, AfterSaleType
from ..customers.phones import read_phone
from ..customers.queries import ADDRESS_SQL, address_from
from ..fulfillment.pages import tracking
from ..kernel.db import Database, as_moment
from ..kernel.values import Address, Money
from ..orders.api import OrderStatus, PaymentState
from .api import AskedBack, Bought, BoughtLine, Sent, Tracked

SHORTEST_PHONE = 4
"""Digits of a telephone that are asked for at least."""

_ORDER = (
    "o.id, o.number, d.external_id, o.external_number, o.status, o.payment, o.cod, o.placed_at, o.paid_at, o.freight, "
    "o.total, o.received, o.refunded, o.currency, o.message"
)
_WIDTH = len(_ORDER.split(","))
_OPEN = "a.state NOT IN ('closed','rejected','cancelled')"


def orders(db: Database, titles: Mapping[str, str], where: str, parameters: Sequence[object]) -> list[Bought]:
    """Orders that came through a channel, newest first; `titles` names carriers by their adapter."""
    heads = db.rows(
        f"SELECT {_ORDER}, {ADDRESS_SQL} FROM sales_order o JOIN channel_order d ON d.order_id = o.id "
        f"JOIN postal_address a ON a.id = o.address_id WHERE {where} ORDER BY o.id DESC",
        parameters,
    )
    return [_bought(db, titles, head) for head in heads]


def _bought(db: Database, titles: Mapping[str, str], head: tuple[Any, ...]) -> Bought:
    order_id, currency = head[0], head[13]

    def money(minor: int) -> Money:
        return Money(minor, currency)

    return Bought(
        id=order_id,
        number=head[1],
        external_id=head[2],
        external_number=head[3],
        status=OrderStatus(head[4]),
        payment=PaymentState(head[5]),
        cod=bool(head[6]),
        placed_at=as_moment(head[7]),
        paid_at=None if head[8] is None else as_moment(head[8]),
        lines=tuple(_lines(db, order_id, currency)),
        freight=money(head[9]),
        total=money(head[10]),
        paid=money(head[11]),
        refunded=money(head[12]),
        receiver=address_from(head[_WIDTH:]),
        message=head[14],
        parcels=tuple(_parcels(db, titles, order_id)),
        asked=tuple(asked_back(row) for row in after_sale_pages.of_order(db, order_id)),
    )


def _lines(db: Database, order_id: int, currency: str) -> list[BoughtLine]:
    """Lines as they were bought; of a kit, what its scarcest component says."""
    rows = db.rows(
        "SELECT l.id, l.no, l.external_id, COALESCE(s.code, ''), l.title, l.quantity, l.unit_price, l.amount, l.shipped, "
        "l.cancelled, l.returned, l.kit, l.kit_line, l.per_kit, l.gift FROM order_line l LEFT JOIN sku s ON s.id = l.sku_id "
        "WHERE l.order_id = ? ORDER BY l.no",
        (order_id,),
    )
    asked: dict[tuple[int, bool], int] = {
        (line_id, before == 1): units
        for line_id, before, units in db.rows(
            "SELECT x.line_id, CASE WHEN a.type = 'refund_before_ship' THEN 1 ELSE 0 END, CAST(SUM(x.quantity) AS BIGINT) "
            f"FROM after_sale_line x JOIN after_sale a ON a.id = x.after_sale_id WHERE a.order_id = ? AND {_OPEN} "
            "GROUP BY 1, 2",
            (order_id,),
        )
    }
    found = []
    for row in rows:
        if row[12] is not None:
            continue
        counts = row[8:11]
        if row[11] and (parts := [part for part in rows if part[12] == row[1]]):
            counts = tuple(min(part[place] // part[13] for part in parts) for place in (8, 9, 10))
        shipped, cancelled, returned = counts
        before, after = asked.get((row[0], True), 0), asked.get((row[0], False), 0)
        found.append(
            BoughtLine(
                external_id=row[2], sku=row[3], title=row[4], quantity=row[5], unit_price=Money(row[6], currency),
                amount=Money(row[7], currency), shipped=shipped, cancelled=cancelled, returned=returned,
                waiting=max(0, row[5] - shipped - cancelled - before), returnable=max(0, shipped - returned - after),
                gift=bool(row[14]),
            )
        )  # fmt: skip
    return found


def _parcels(db: Database, titles: Mapping[str, str], order_id: int) -> list[Sent]:
    rows = db.rows(
        "SELECT f.id, w.id, w.number, COALESCE(c.adapter, ''), w.carrier, f.shipped_at, w.delivered_at "
        "FROM fulfillment_order f JOIN waybill w ON w.fo_id = f.id AND w.state IN ('issued','used') "
        "LEFT JOIN connection c ON c.code = w.carrier WHERE f.shipped_at IS NOT NULL "
        "AND EXISTS (SELECT 1 FROM fo_line x WHERE x.fo_id = f.id AND x.order_id = ?) ORDER BY f.shipped_at, w.id",
        (order_id,),
    )
    events = tracking(db, [row[0] for row in rows])
    return [
        Sent(
            titles.get(adapter) or carrier,
            number,
            as_moment(shipped_at),
            None if delivered_at is None else as_moment(delivered_at),
            tuple(Tracked(event.at, event.state, event.text, event.place) for event in events.get(waybill_id, ())),
        )
        for _, waybill_id, number, adapter, carrier, shipped_at, delivered_at in rows
    ]


def asked_back(row: after_sale_pages.AfterSaleRow) -> AskedBack:
    return AskedBack(
        row.number, AfterSaleType(row.type), AfterSaleState(row.state), row.amount, row.reason, row.words, row.requested_at,
        not row.over,
    )  # fmt: skip


def same_phone(receiver: Address, given: str) -> bool:
    """Whether somebody knows a receiver's telephone: the number however it is written, or at least its last four digits."""
    told, kept = re.sub(r"\D", "", given), re.sub(r"\D", "", receiver.phone)
    if receiver.masked or len(told) < SHORTEST_PHONE or not kept:
        return False
    if kept.endswith(told):
        return True
    read, known = read_phone(given, receiver.country), read_phone(receiver.phone, receiver.country)
    return read is not None and known is not None and read.e164 == known.e164
