"""What other rooms and plugins may know of after-sale documents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ..kernel.values import Money


class AfterSaleType(StrEnum):
    """What is wanted."""

    REFUND_BEFORE_SHIP = "refund_before_ship"
    REFUND_ONLY = "refund_only"
    RETURN_REFUND = "return_refund"
    EXCHANGE = "exchange"
    RESHIP = "reship"
    PRICE_PROTECT = "price_protect"
    REFUSAL = "refusal"
    COMPLAINT = "complaint"


class AfterSaleState(StrEnum):
    """How far it has come; goods and money have facets of their own beside it."""

    REQUESTED = "requested"
    APPROVED = "approved"
    IN_TRANSIT = "in_transit"
    RECEIVED = "received"
    INSPECTED = "inspected"
    SETTLING = "settling"
    CLOSED = "closed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class GoodsState(StrEnum):
    """Whether goods come back, and how many have."""

    NONE = "none"
    WAITING = "waiting"
    PARTIAL = "partial"
    RECEIVED = "received"
    TERMINATED = "terminated"


class MoneyState(StrEnum):
    """Whether money goes back, and whether it has."""

    NONE = "none"
    PENDING = "pending"
    REFUNDED = "refunded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Units of an order line that an after-sale is about, and what of their price is asked back."""

    line_id: int
    quantity: int
    amount: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """An after-sale as its source states it at one moment; the same `source` and `external_id` again is the same document.

    `amount` is what is asked back in all, in minor units of the order's currency.
    """

    source: str
    """`person:ann`, `buyer`, or the code of a channel's connection."""
    external_id: str
    order_id: int
    type: AfterSaleType
    state: AfterSaleState
    at: datetime
    lines: tuple[Wanted, ...] = ()
    amount: int = 0
    goods: GoodsState = GoodsState.NONE
    money: MoneyState = MoneyState.NONE
    reason: str = ""
    words: str = ""
    """What the buyer wrote."""
    carrier: str = ""
    waybill: str = ""
    """Of the parcel that comes back."""
    answer_by: datetime | None = None
    """When the platform decides by itself, unless somebody has answered."""


@dataclass(frozen=True, slots=True)
class AfterSaleMoved:
    """An after-sale was opened, or went from one state to another; `was` is empty for a new one."""

    after_sale_id: int
    number: str
    order_id: int
    type: AfterSaleType
    was: str
    state: AfterSaleState
    amount: Money


@dataclass(frozen=True, slots=True)
class AfterSaleAnswered:
    """A person agreed to an after-sale or refused it: its source is to be told."""

    after_sale_id: int
    source: str
    external_id: str
    agree: bool
    because: str
