"""An order's status and payment follow from its counters; each hold stops one step and all later ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderyard.core.kernel.errors import IllegalTransition
from orderyard.core.orders.api import HoldCode, OrderStatus, PaymentState, ReviewState
from orderyard.core.orders.states import (
    BY_PEOPLE,
    ORDER_OF_STEPS,
    REVIEW,
    STOPS,
    Step,
    Units,
    codes_stopping,
    derive_payment,
    derive_status,
)

PENDING, PASSED, REJECTED, WITHDRAWN = ReviewState


@pytest.mark.parametrize(
    ("units", "settled", "review", "completed", "status"),
    [
        (Units(0, 0, 0), True, PASSED, False, "cancelled"),
        (Units(0, 0, 0), False, PENDING, True, "cancelled"),
        (Units(0, 3, 3), True, PASSED, False, "cancelled"),
        (Units(0, 3, 3), True, PASSED, True, "cancelled"),
        (Units(0, 3, 2), True, PASSED, False, "shipped"),
        (Units(2, 3, 3), True, PASSED, False, "to_ship"),
        (Units(5, 0, 0), False, PENDING, False, "pending_payment"),
        (Units(5, 0, 0), False, PASSED, False, "pending_payment"),
        (Units(5, 0, 0), True, PENDING, False, "pending_review"),
        (Units(5, 0, 0), True, WITHDRAWN, False, "pending_review"),
        (Units(5, 0, 0), True, REJECTED, False, "pending_review"),
        (Units(5, 0, 0), True, PASSED, False, "to_ship"),
        (Units(5, 0, 0), True, PASSED, True, "to_ship"),
        (Units(1, 4, 0), True, PASSED, False, "to_ship"),
        (Units(1, 4, 0), False, PENDING, False, "to_ship"),
        (Units(0, 5, 0), True, PASSED, False, "shipped"),
        (Units(0, 5, 0), False, PENDING, False, "shipped"),
        (Units(0, 5, 0), True, PASSED, True, "completed"),
    ],
)
def test_the_status_follows_the_table(units: Units, settled: bool, review: ReviewState, completed: bool, status: str) -> None:
    assert derive_status(units, settled=settled, review=review, completed=completed) == status


def counts() -> st.SearchStrategy[Units]:
    return st.integers(0, 3).flatmap(
        lambda shipped: st.builds(Units, st.integers(0, 3), st.just(shipped), st.integers(0, shipped))
    )


@given(counts(), st.booleans(), st.sampled_from(ReviewState), st.booleans())
def test_every_order_has_exactly_one_status_and_it_says_whether_anything_is_open(
    units: Units, settled: bool, review: ReviewState, completed: bool
) -> None:
    status = derive_status(units, settled=settled, review=review, completed=completed)
    waiting = {OrderStatus.PENDING_PAYMENT, OrderStatus.PENDING_REVIEW, OrderStatus.TO_SHIP}
    assert (status in waiting) == (units.open > 0)


@pytest.mark.parametrize(
    ("total", "received", "refunded", "cod", "settled", "state"),
    [
        (100, 0, 0, False, False, "unpaid"),
        (100, 30, 0, False, False, "deposit_paid"),
        (100, 100, 0, False, True, "paid"),
        (0, 0, 0, False, True, "paid"),
        (100, 100, 40, False, True, "partially_refunded"),
        (100, 100, 100, False, True, "refunded"),
        (100, 30, 30, False, False, "refunded"),
        (100, 0, 0, True, True, "cod_pending"),
        (100, 60, 0, True, True, "cod_pending"),
        (100, 100, 0, True, True, "cod_remitted"),
        (0, 0, 0, True, True, "cod_pending"),
    ],
)
def test_the_payment_facet_follows_the_money(
    total: int, received: int, refunded: int, cod: bool, settled: bool, state: str
) -> None:
    found = derive_payment(worth=total, received=received, refunded=refunded, cod=cod, settled=settled)
    assert found is PaymentState(state)


@pytest.mark.parametrize("start", [PENDING, WITHDRAWN, PASSED])
def test_every_other_review_state_is_reachable_until_it_is_rejected(start: ReviewState) -> None:
    reached: set[ReviewState] = set()
    todo = [start]
    while todo:
        for target in REVIEW.allowed[todo.pop()] - reached:
            reached.add(target)
            todo.append(target)
    assert reached == {PASSED, WITHDRAWN, REJECTED}


@pytest.mark.parametrize("source", ReviewState)
@pytest.mark.parametrize("target", ReviewState)
def test_review_moves_as_it_is_written_and_not_otherwise(source: ReviewState, target: ReviewState) -> None:
    allowed = {(PENDING, PASSED), (PENDING, REJECTED), (PASSED, WITHDRAWN), (WITHDRAWN, PASSED), (WITHDRAWN, REJECTED)}
    if (source, target) in allowed:
        REVIEW.check("SO1", source, target)
    else:
        with pytest.raises(IllegalTransition, match=f"from {source} to {target}"):
            REVIEW.check("SO1", source, target)


def test_every_hold_says_which_step_it_stops() -> None:
    assert set(STOPS) == set(HoldCode)
    assert set(HoldCode) > BY_PEOPLE


@pytest.mark.parametrize("code", HoldCode)
def test_a_hold_stops_its_step_and_all_later_ones(code: HoldCode) -> None:
    stopped = [step for step in ORDER_OF_STEPS if code in codes_stopping(step)]
    assert stopped == list(ORDER_OF_STEPS[ORDER_OF_STEPS.index(STOPS[code]) :])


@pytest.mark.parametrize(
    ("code", "first"),
    [("sku_unmapped", "review"), ("out_of_stock", "release"), ("short_pick", "pack"), ("waybill_error", "ship")],
)
def test_some_holds_by_name(code: str, first: str) -> None:
    assert STOPS[HoldCode(code)] is Step(first)
