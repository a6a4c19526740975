"""The till of the simulated shop: what an order comes to, being paid, refunded, put on hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from orderyard.core.testing.simulator import BuyerOrder

from .books import Books, Charge, Line, Order, Refund

SIX = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Tax:
    """One rate on everything; `inclusive` says that prices are stated with it."""

    percent: Decimal = Decimal(0)
    inclusive: bool = True

    def split(self, amount: Decimal) -> tuple[Decimal, Decimal]:
        """A stated amount as net and tax, to six digits as WooCommerce keeps them."""
        net = amount / (1 + self.percent / 100) if self.inclusive else amount
        tax = amount - net if self.inclusive else amount * self.percent / 100
        return net.quantize(SIX, ROUND_HALF_UP), tax.quantize(SIX, ROUND_HALF_UP)


def place(books: Books, placed: BuyerOrder, at: datetime, tax: Tax, fees: Mapping[str, Decimal]) -> Order:
    """A buyer orders; a discount is a coupon, shared over the lines by their worth."""
    products = [(books.find(sku), units) for sku, units in placed.lines]
    worth = sum(product.price * units for product, units in products)
    lines = []
    for product, units in products:
        stated = product.price * units * books.unit
        less = stated - (placed.discount * books.unit * product.price * units / worth if worth else 0)
        lines.append(Line(books.row(), product, units, *tax.split(stated), *tax.split(less)))
    freight = Charge(books.row(), "Flat rate", *tax.split(placed.freight * books.unit))
    charged = [Charge(books.row(), title, *tax.split(amount)) for title, amount in fees.items()]
    exact = sum((line.total + line.total_tax for line in lines), Decimal(0))
    exact += sum((charge.total + charge.tax for charge in (freight, *charged)), Decimal(0))
    order = Order(
        id=books.post(),
        placed=placed,
        customer=books.customers.setdefault(placed.buyer, 101 + len(books.customers)) if placed.buyer else 0,
        method="cod" if placed.cod else "stripe" if placed.paid else "bacs",
        status="pending",
        created=at,
        modified=at,
        lines=lines,
        shipping=[freight],
        fees=charged,
        total=exact.quantize(books.unit, ROUND_HALF_UP),
        inclusive=tax.inclusive,
    )
    if placed.memo:
        order.meta["memo"] = placed.memo
    if placed.cod or placed.paid:
        _settle(order, at)
    books.orders[order.id] = order
    return order


def pay(order: Order, at: datetime) -> None:
    if order.status not in ("pending", "on-hold", "failed") or order.paid is not None:
        raise ValueError(f"order {order.id} is {order.status}: there is nothing to pay")
    _settle(order, at)


def _settle(order: Order, at: datetime) -> None:
    """Being processed takes the units off the shelf."""
    order.becomes("processing", at)
    for line in order.lines:
        if line.product.stock is not None:
            line.product.stock -= line.units


def refund(
    books: Books, order: Order, at: datetime, units: Mapping[int, int] | None = None, amount: Decimal | None = None
) -> Refund:
    """Money back, and units (order line id -> count; all of them unless told) with it; the whole sum ends the order."""
    counts = {line.id: line.units for line in order.lines} if units is None else units
    lines = [(books.row(), line, counts[line.id]) for line in order.lines if counts.get(line.id)]
    back = sum((refund.amount for refund in order.refunds), Decimal(0))
    if order.paid is None or back >= order.total:
        raise ValueError(f"order {order.id} has nothing to refund")
    made = Refund(books.post(), at, order.total - back if amount is None else amount, "asked for", lines)
    order.refunds.insert(0, made)  # the newest first
    order.modified = at
    if back + made.amount >= order.total:
        order.becomes("refunded", at)
    return made
