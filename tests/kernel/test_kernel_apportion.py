"""No fen is lost or invented when an amount is split."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderyard.core.kernel.apportion import apportion


@pytest.mark.parametrize(
    ("amount", "weights", "shares"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (101, [1, 1, 1], [34, 34, 33]),
        (1000, [19800, 4900, 1], [802, 198, 0]),
        (5, [0, 0, 0], [2, 2, 1]),
        (0, [3, 4], [0, 0]),
        (7, [0, 5, 0], [0, 7, 0]),
        (-100, [1, 1, 1], [-34, -33, -33]),
        (10, [1, 2], [3, 7]),
        (0, [], []),
    ],
)
def test_the_rest_goes_to_the_largest_fractions_and_ties_to_the_earlier(
    amount: int, weights: list[int], shares: list[int]
) -> None:
    assert apportion(amount, weights) == shares


@given(st.integers(-(10**12), 10**12), st.lists(st.integers(0, 10**9), min_size=1, max_size=30))
def test_shares_sum_exactly_and_stay_within_a_fen_of_their_part(amount: int, weights: list[int]) -> None:
    shares = apportion(amount, weights)
    assert sum(shares) == amount
    total = sum(weights) or len(weights)
    parts = weights if sum(weights) else [1] * len(weights)
    for share, part in zip(shares, parts, strict=True):
        assert abs(share * total - amount * part) < total
        assert share * amount >= 0
    assert apportion(-amount, weights) == [-share for share in shares]


@pytest.mark.parametrize(("amount", "weights"), [(1, []), (1, [-1, 2])])
def test_what_cannot_be_shared_is_refused(amount: int, weights: list[int]) -> None:
    with pytest.raises(ValueError, match=r"shared|negative"):
        apportion(amount, weights)
