"""Money that buyers are to get back from us: it was paid for what was cancelled, or has become cheaper since.

What a platform took, a platform gives back; here stands only what came to the merchant itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..kernel.db import Database
from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from ..kernel.values import Money
from . import service as orders
from .money import LEFT

MOST = 200
"""So many are listed; the oldest first, so that what is paid makes room for the next."""

_OPEN = "'pending_payment', 'pending_review', 'to_ship'"
_OVER = "'shipped', 'completed', 'cancelled'"
_PAID_HERE = "EXISTS (SELECT 1 FROM payment p WHERE p.order_id = o.id AND p.amount > 0 AND p.method <> 'platform')"
_BACK = f"o.received - o.refunded - (SELECT SUM({LEFT}) FROM order_line l WHERE l.order_id = o.id AND NOT l.kit)"
"""What was paid less what the units cost that the buyer has or gets, to the fen."""


@dataclass(frozen=True, slots=True)
class DueBack:
    """An order whose buyer is to get money back."""

    order_id: int
    number: str
    external_number: str
    shop: str
    buyer: str
    status: str
    amount: Money


def due_back(db: Database) -> list[DueBack]:
    """Orders whose buyers paid us more than what they get costs, the oldest first, at most MOST."""
    rows = db.rows(
        "SELECT q.id, q.number, q.external_number, q.title, q.buyer_name, q.status, q.back, q.currency FROM ("
        f"SELECT o.id, o.number, o.external_number, s.title, o.buyer_name, o.status, {_BACK} AS back, "
        "o.currency "
        "FROM sales_order o JOIN shop s ON s.id = o.shop_id WHERE o.received > o.refunded AND NOT o.cod "
        f"AND (o.status IN ({_OPEN}) OR (o.status IN ({_OVER}) AND o.advance > 0) "
        f"OR o.id IN (SELECT order_id FROM order_line WHERE bounced > 0)) AND {_PAID_HERE}"
        f") q WHERE q.back > 0 ORDER BY q.id LIMIT {MOST}"
    )
    return [
        DueBack(id_, number, external, shop, buyer, status, Money(int(back), currency))
        for id_, number, external, shop, buyer, status, back, currency in rows
    ]


def give_back(uow: UnitOfWork, order_id: int, method: str) -> Money:
    """All that an order is due to its buyer was paid out; asked for twice, it counts once. How much it was."""
    due = -orders.due(uow, order_id)
    number, refunded, came = uow.db.rows(
        f"SELECT o.number, o.refunded, {_PAID_HERE} FROM sales_order o WHERE o.id = ?", (order_id,)
    )[0]
    if due.minor <= 0:
        raise DomainError(f"nothing of order {number} is to be given back", remedy="reload the list")
    if not came:
        raise DomainError(f"a platform took the money for order {number}", remedy="give it back on the platform's own page")
    if not method.strip():
        raise DomainError("how the money went back is not said", remedy="write the way: transfer, cash, the card")
    key = f"back/{number}/{refunded + due.minor}"
    orders.refund(uow, orders.PaymentFacts(order_id, due.minor, uow.now, method.strip()[:60], key))
    return due
