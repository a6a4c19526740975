"""An order's money divides over lines, kits and units to the fen."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderyard.core.orders.money import left, share, tax_inside


@pytest.mark.parametrize(
    ("gross", "rate", "tax"),
    [(11300, 1300, 1300), (10000, 1300, 1150), (9900, 1300, 1139), (1, 1300, 0), (5, 1300, 1), (0, 1300, 0), (999, 0, 0)],
)
def test_the_tax_inside_a_gross_amount(gross: int, rate: int, tax: int) -> None:
    assert tax_inside(gross, rate) == tax


@given(st.integers(0, 10**12), st.integers(0, 3000))
def test_net_times_rate_is_the_gross_again_within_half_a_fen(gross: int, rate: int) -> None:
    tax = tax_inside(gross, rate)
    net = gross - tax
    assert 0 <= tax <= gross
    assert abs(net * (10_000 + rate) - gross * 10_000) * 2 <= 10_000 + rate


@given(st.integers(0, 10**10), st.integers(1, 200), st.data())
def test_the_parts_of_all_units_sum_to_the_amount_in_whatever_steps(amount: int, quantity: int, data: st.DataObject) -> None:
    cuts = sorted({0, quantity, *data.draw(st.lists(st.integers(0, quantity), max_size=8))})
    parts = [share(amount, quantity, before, after - before) for before, after in pairwise(cuts)]
    assert sum(parts) == amount
    assert all(part >= 0 for part in parts)


@pytest.mark.parametrize(("before", "units", "part"), [(0, 1, 34), (1, 1, 33), (2, 1, 33), (0, 2, 67), (1, 2, 66), (0, 3, 100)])
def test_a_hundred_over_three_units(before: int, units: int, part: int) -> None:
    assert share(100, 3, before, units) == part


@given(st.integers(0, 10**10), st.integers(1, 200), st.data())
def test_no_fen_depends_on_whether_units_were_cancelled_before_or_after_the_others_were_sent(
    amount: int, quantity: int, data: st.DataObject
) -> None:
    sent = data.draw(st.integers(0, quantity))
    first = data.draw(st.integers(0, sent))
    parts = share(amount, quantity, 0, first) + share(amount, quantity, first, sent - first)
    assert parts == left(amount, quantity, quantity - sent)
