"""The states of a fulfillment order, and which may follow which."""

from __future__ import annotations

import functools

from ..kernel.states import Transitions
from .api import FoState, WaybillState

FO = Transitions[FoState](
    "fulfillment order",
    {
        FoState.PLANNED: {FoState.ALLOCATED, FoState.CANCELLED},
        FoState.ALLOCATED: {FoState.RELEASED, FoState.PLANNED, FoState.CANCELLED},
        FoState.RELEASED: {FoState.PICKING, FoState.PLANNED, FoState.CANCELLED},
        FoState.PICKING: {FoState.PICKED, FoState.PLANNED, FoState.CANCELLED},
        FoState.PICKED: {FoState.PACKED, FoState.CANCELLED},
        FoState.PACKED: {FoState.SHIPPED, FoState.PICKED, FoState.CANCELLED},
        FoState.SHIPPED: {FoState.DELIVERED, FoState.RETURNING},
        FoState.DELIVERED: {FoState.RETURNING},
        FoState.RETURNING: {FoState.RETURNED},
        FoState.RETURNED: set(),
        FoState.CANCELLED: set(),
    },
)

OPEN = (FoState.PLANNED, FoState.ALLOCATED, FoState.RELEASED, FoState.PICKING, FoState.PICKED, FoState.PACKED)
"""Its units still belong to the open units of their orders."""

INSIDE = (FoState.PICKING, FoState.PICKED, FoState.PACKED)
"""The warehouse has begun to work on it."""

LIVE = (WaybillState.REQUESTED, WaybillState.ISSUED, WaybillState.USED)
"""A waybill that counts; at most one of a fulfillment order does."""


FETCHED = (
    "EXISTS (SELECT 1 FROM fo_line x JOIN sales_order o ON o.id = x.order_id WHERE x.fo_id = f.id AND o.reach <> 'shipped')"
)
"""Whether fulfillment order `f` is picked up or was given at the counter; such ones are never shared."""


@functools.cache
def quoted(states: tuple[FoState | WaybillState, ...]) -> str:
    """The states as an SQL list."""
    return ",".join(f"'{state.value}'" for state in states)
