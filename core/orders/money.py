"""How an order's money divides over its lines and units, to the fen."""

from __future__ import annotations


def tax_inside(gross: int, rate: int) -> int:
    """The tax inside a gross amount at `rate` basis points: gross - round(gross / (1 + r)), half a fen up."""
    net = (gross * 20_000 + (10_000 + rate)) // (2 * (10_000 + rate))
    return gross - net


def share(amount: int, quantity: int, before: int, units: int) -> int:
    """The part of a line's `amount` that the next `units` of `quantity` carry, when `before` have been sent.

    Cumulative, so that the parts of all units sum to the amount exactly in whatever steps they come.
    """
    return left(amount, quantity, quantity - before - units) - left(amount, quantity, quantity - before)


def left(amount: int, quantity: int, gone: int) -> int:
    """What of a line's `amount` is left without `gone` of its `quantity` units.

    Units that go are counted from the one end and those that are sent from the other, so that no fen depends on what came
    first: what is left is what all the others are sent for. Of the fen that does not divide nothing goes away with a unit.
    """
    return amount - amount * gone // quantity


LEFT = (
    "(l.amount - l.amount * (l.cancelled + l.bounced) / NULLIF(l.quantity, 0) "
    "+ l.freight - l.freight * (l.cancelled + l.bounced) / NULLIF(l.quantity, 0))"
)
"""In SQL: what of the order line `l` its buyer has or gets, with its freight; what came back undelivered is gone too."""


def nearest(amount: int, part: int, whole: int) -> int:
    """`amount * part / whole`, half a fen up: all of it when the part is the whole."""
    return (2 * amount * part + whole) // (2 * whole)
