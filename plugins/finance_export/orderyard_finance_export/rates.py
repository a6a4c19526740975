"""Foreign currency in a ledger kept in one currency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from math import floor

from orderyard.core.kernel.errors import DomainError
from orderyard.core.kernel.values import exponent


def rates(listed: Mapping[str, str], base: str) -> dict[str, Decimal]:
    """Currency -> units of the base currency that one unit of it is worth; the base itself is 1."""
    found = {base: Decimal(1)}
    for currency, text in listed.items():
        exponent(currency)
        try:
            rate = Decimal(text)
        except InvalidOperation:
            rate = Decimal(0)
        if not rate.is_finite() or rate <= 0 or (currency == base and rate != 1):
            raise DomainError(f"setting rates: {currency}={text} is not a rate", remedy=f"write {currency}=7.10")
        found[currency] = rate
    return found


def convert(minors: Sequence[int], rate: Decimal, currency: str, base: str) -> list[int]:
    """The amounts of one side of a voucher in minor units of `base`; their sum is the converted sum, rounded half up.

    Each is floored and what is missing goes one by one to the largest fractions, ties to the earlier line, so both
    sides of a voucher stay equal and no line is there only to hold a rounding difference.
    """
    factor = Fraction(rate) * Fraction(10) ** (exponent(base) - exponent(currency))
    exact = [minor * factor for minor in minors]
    shares = [floor(amount) for amount in exact]
    missing = floor(sum(exact, Fraction(0)) + Fraction(1, 2)) - sum(shares)
    largest = sorted(range(len(exact)), key=lambda index: (shares[index] - exact[index], index))
    for index in largest[:missing]:
        shares[index] += 1
    return shares
