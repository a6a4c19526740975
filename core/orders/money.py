"""How an order's money divides over its lines and units, to the fen."""

from __future__ import annotations


def tax_inside(gross: int, rate: int) -> int:
    """The tax inside a gross amount at `rate` basis points: gross - round(gross / (1 + r)), half a fen up."""
    net = (gross * 20_000 + (10_000 + rate)) // (2 * (10_000 + rate))
    return gross - net


def share(amount: int, quantity: int, before: int, units: int) -> int:
    """The part of a line's `amount` that the next `units` of `quantity` carry, when `before` have been dealt with.

    Cumulative, so that the parts of all units sum to the amount exactly in whatever steps they come.
    """
    return amount * (before + units) // quantity - amount * before // quantity


def nearest(amount: int, part: int, whole: int) -> int:
    """`amount * part / whole`, half a fen up: all of it when the part is the whole."""
    return (2 * amount * part + whole) // (2 * whole)
