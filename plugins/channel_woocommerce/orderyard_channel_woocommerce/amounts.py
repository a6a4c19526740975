"""What each line and the freight cost, to the minor unit, so that together they are what the order says.

WooCommerce keeps amounts without tax, and tax beside them, with six digits, and rounds what it shows in one of several ways.
Each share is therefore reckoned with tax and whole, and the last units that rounding leaves go where the fraction is largest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

from orderyard.core.kernel.errors import RemoteNotUnderstood
from orderyard.core.kernel.values import Money, exponent

from .node import Node


@dataclass(frozen=True, slots=True)
class Amounts:
    """Parallel to the order's lines."""

    lines: tuple[Money, ...]
    unit_prices: tuple[Money, ...]
    freight: Money
    total: Money


def amounts(order: Node, currency: str) -> Amounts:
    """Shares of the order's total; RemoteNotUnderstood when its parts are further from it than rounding explains.

    Fees are freight; one that is negative is a discount, shared over the lines.
    """
    lines = list(order.each("line_items"))
    goods = [_gross(line, "total", "total_tax") for line in lines]
    fees = [_gross(fee, "total", "total_tax") for fee in order.each("fee_lines")]
    freight = sum((_gross(line, "total", "total_tax") for line in order.each("shipping_lines")), Decimal(0))
    freight += sum((fee for fee in fees if fee > 0), Decimal(0))
    goods, freight = _discounted(goods, freight, -sum((fee for fee in fees if fee < 0), Decimal(0)))
    total = order.money("total", currency)
    *shares, rest = _shares([*goods, freight], total, currency)
    prices = [_unit_price(line, currency) for line in lines]
    return Amounts(tuple(shares), tuple(prices), rest, total)


def _gross(row: Node, net: str, tax: str) -> Decimal:
    return row.decimal(net) + row.decimal_or_zero(tax)


def _discounted(goods: list[Decimal], freight: Decimal, discount: Decimal) -> tuple[list[Decimal], Decimal]:
    worth = sum(goods, Decimal(0))
    if not discount:
        return goods, freight
    taken = min(discount, worth)
    shared = [value - taken * value / worth for value in goods] if worth else goods
    return shared, freight - (discount - taken)


def _shares(parts: Sequence[Decimal], total: Money, currency: str) -> list[Money]:
    scaled = [part.scaleb(exponent(currency)) for part in parts]
    floors = [int(part.to_integral_value(ROUND_FLOOR)) for part in scaled]
    left = total.minor - sum(floors)
    exact = sum(scaled, Decimal(0))
    if abs(total.minor - exact) > len(parts):
        stated = exact.scaleb(-exponent(currency)).normalize()
        raise RemoteNotUnderstood(f"lines, shipping and fees come to {stated:f}, the order to {total}")
    by_fraction = sorted(range(len(parts)), key=lambda index: floors[index] - scaled[index])
    step = 1 if left > 0 else -1
    # Taken away from the largest first, so that nothing falls below zero.
    order = by_fraction if left > 0 else sorted(range(len(parts)), key=lambda index: -floors[index])
    for turn in range(abs(left)):
        floors[order[turn % len(order)]] += step
    return [Money(floor, currency) for floor in floors]


def _unit_price(line: Node, currency: str) -> Money:
    """What one unit costs before any coupon, with tax."""
    units = max(1, line.number("quantity"))
    price = _gross(line, "subtotal", "subtotal_tax") / units
    return Money(int(price.scaleb(exponent(currency)).to_integral_value(ROUND_HALF_UP)), currency)
