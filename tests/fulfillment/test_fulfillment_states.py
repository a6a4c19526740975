"""The states of a fulfillment order, over their whole table."""

from __future__ import annotations

from itertools import pairwise

import pytest

from orderyard.core.fulfillment.api import FoState
from orderyard.core.fulfillment.states import FO, INSIDE, OPEN
from orderyard.core.kernel.errors import IllegalTransition

BACK = {("allocated", "planned"), ("released", "planned"), ("picking", "planned"), ("packed", "picked")}
ROAD = ["planned", "allocated", "released", "picking", "picked", "packed", "shipped", "delivered", "returning", "returned"]


def reachable(start: FoState) -> set[FoState]:
    seen, todo = {start}, [start]
    while todo:
        for target in FO.allowed[todo.pop()] - seen:
            seen.add(target)
            todo.append(target)
    return seen


def test_every_state_is_reachable_from_planned() -> None:
    assert reachable(FoState.PLANNED) == set(FoState)


def test_every_state_is_in_the_table() -> None:
    assert set(FO.allowed) == set(FoState)


@pytest.mark.parametrize("source", FoState)
@pytest.mark.parametrize("target", FoState)
def test_every_pair_of_states(source: FoState, target: FoState) -> None:
    """Forward along the road, back where the plan says so, round on its way, and to an end before it ships."""
    allowed = (
        (source, target) in pairwise(ROAD)
        or (source, target) in BACK
        or (source, target) == (FoState.SHIPPED, FoState.RETURNING)
        or (source in OPEN and target is FoState.CANCELLED)
    )
    if allowed:
        FO.check("FO1", source, target)
    else:
        with pytest.raises(IllegalTransition, match=f"fulfillment order FO1 cannot go from {source} to {target}"):
            FO.check("FO1", source, target)


@pytest.mark.parametrize("state", [FoState.RETURNED, FoState.CANCELLED])
def test_some_states_are_the_end(state: FoState) -> None:
    assert reachable(state) == {state}


def test_what_is_inside_the_warehouse_is_open() -> None:
    assert set(INSIDE) < set(OPEN)
