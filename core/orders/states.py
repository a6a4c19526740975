"""What an order's state follows from, and which step each hold stops."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ..kernel.states import Transitions
from .api import HoldCode, OrderStatus, PaymentState, ReviewState


class Step(StrEnum):
    """The steps a hold can stop; a hold that stops one stops all later ones too."""

    REVIEW = "review"
    RELEASE = "release"
    PICK = "pick"
    PACK = "pack"
    SHIP = "ship"


ORDER_OF_STEPS = tuple(Step)

STOPS: Mapping[HoldCode, Step] = {
    HoldCode.REVIEW_RULE: Step.REVIEW,
    HoldCode.ADDRESS_INVALID: Step.REVIEW,
    HoldCode.SKU_UNMAPPED: Step.REVIEW,
    HoldCode.BLACKLIST: Step.REVIEW,
    HoldCode.FRAUD_RISK: Step.REVIEW,
    HoldCode.PRICE_LOW: Step.REVIEW,
    HoldCode.OUT_OF_STOCK: Step.RELEASE,
    HoldCode.PRESALE: Step.RELEASE,
    HoldCode.AWAITING_PAYMENT: Step.RELEASE,
    HoldCode.AWAITING_RETURN_ITEMS: Step.RELEASE,
    HoldCode.MERGE_WAIT: Step.RELEASE,
    HoldCode.ADDRESS_CHANGED: Step.RELEASE,
    HoldCode.REFUND_REQUESTED: Step.RELEASE,
    HoldCode.REFUNDED: Step.RELEASE,
    HoldCode.NO_CARRIER: Step.RELEASE,
    HoldCode.MANUAL: Step.RELEASE,
    HoldCode.UPSTREAM_CHANGED: Step.RELEASE,
    HoldCode.PLATFORM_HOLD: Step.RELEASE,
    HoldCode.HAND_OVER: Step.RELEASE,
    HoldCode.SHORT_PICK: Step.PACK,
    HoldCode.WAYBILL_ERROR: Step.SHIP,
    HoldCode.WEIGHT_DIFF: Step.SHIP,
}
"""The first step each hold stops."""

BY_PEOPLE: frozenset[HoldCode] = frozenset(
    {HoldCode.MANUAL, HoldCode.ADDRESS_CHANGED, HoldCode.UPSTREAM_CHANGED, HoldCode.BLACKLIST, HoldCode.FRAUD_RISK}
)
"""Holds that people open, and that only a person lifts; the others lift themselves when what they wait for has come."""

LIFTABLE: frozenset[HoldCode] = BY_PEOPLE | {
    HoldCode.MERGE_WAIT,
    HoldCode.AWAITING_RETURN_ITEMS,
    HoldCode.SHORT_PICK,
    HoldCode.WEIGHT_DIFF,
    HoldCode.WAYBILL_ERROR,
}
"""Holds that a person may lift, though some of them would lift themselves in time."""


@functools.cache
def codes_stopping(step: Step) -> tuple[str, ...]:
    """Every hold that stops this step, because it stops it or an earlier one."""
    last = ORDER_OF_STEPS.index(step)
    return tuple(code.value for code, first in STOPS.items() if ORDER_OF_STEPS.index(first) <= last)


@dataclass(frozen=True, slots=True)
class Units:
    """Sums over an order's countable lines: kit lines themselves left out, their components in."""

    open: int
    shipped: int
    bounced: int


def came_back_whole(units: Units) -> bool:
    """Whether everything that ever left is here again, undelivered, and nothing more will leave."""
    return units.shipped > 0 and units.open == 0 and units.bounced == units.shipped


def derive_status(units: Units, *, settled: bool, review: ReviewState, completed: bool) -> OrderStatus:
    """An order's status: a pure function of what is still open, what left, what came back, payment and review."""
    if units.shipped == 0 and units.open == 0:
        return OrderStatus.CANCELLED
    if came_back_whole(units):
        return OrderStatus.CANCELLED
    if units.shipped == 0 and not settled:
        return OrderStatus.PENDING_PAYMENT
    if units.shipped == 0 and review is not ReviewState.PASSED:
        return OrderStatus.PENDING_REVIEW
    if units.open > 0:
        return OrderStatus.TO_SHIP
    return OrderStatus.COMPLETED if completed else OrderStatus.SHIPPED


def derive_payment(
    *, worth: int, received: int, refunded: int, cod: bool, settled: bool, collected: bool = False, refused: bool = False
) -> PaymentState:
    """The payment facet of an order; amounts in minor units.

    `worth`, asked for cash on delivery only, is what the units cost that neither were cancelled nor came back: somebody
    pays for them at the door.
    `refused` says that everything came back undelivered.
    """
    if refunded > 0 and refunded >= received:
        return PaymentState.REFUNDED
    if refunded > 0:
        return PaymentState.PARTIALLY_REFUNDED
    if cod:
        if received >= worth > 0:
            return PaymentState.COD_REMITTED
        if refused:
            return PaymentState.COD_REFUSED
        return PaymentState.COD_COLLECTED if collected else PaymentState.COD_PENDING
    if settled:
        return PaymentState.PAID
    return PaymentState.DEPOSIT_PAID if received > 0 else PaymentState.UNPAID


REVIEW = Transitions[ReviewState](
    "review of order",
    {
        ReviewState.PENDING: {ReviewState.PASSED, ReviewState.REJECTED},
        ReviewState.PASSED: {ReviewState.WITHDRAWN},
        ReviewState.WITHDRAWN: {ReviewState.PASSED, ReviewState.REJECTED},
        ReviewState.REJECTED: set(),
    },
)
