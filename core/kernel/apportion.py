"""Splitting an amount without losing or inventing a fen."""

from __future__ import annotations

from collections.abc import Sequence


def apportion(amount: int, weights: Sequence[int]) -> list[int]:
    """Shares of `amount` (minor units) by `weights`, which sum to it exactly.

    Largest remainder: floor every share, then give what is left one by one to the largest fractional parts, ties to the
    earlier weight. All-zero weights share equally. A negative amount is the mirror image of the positive one.
    """
    if not weights:
        if amount:
            raise ValueError("an amount cannot be shared over nothing")
        return []
    if min(weights) < 0:
        raise ValueError("weights must not be negative")
    if amount < 0:
        return [-share for share in apportion(-amount, weights)]
    total = sum(weights)
    parts = list(weights) if total else [1] * len(weights)
    total = total or len(parts)
    shares = [amount * part // total for part in parts]
    left = amount - sum(shares)
    by_fraction = sorted(range(len(parts)), key=lambda i: (-(amount * parts[i] % total), i))
    for i in by_fraction[:left]:
        shares[i] += 1
    return shares
