"""What the outside may know about an order: its states, a card to read, the events it emits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from ..kernel.values import Address, Money


class OrderStatus(StrEnum):
    """Derived from line counters, payment and review; nobody sets it."""

    PENDING_PAYMENT = "pending_payment"
    PENDING_REVIEW = "pending_review"
    TO_SHIP = "to_ship"
    SHIPPED = "shipped"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class OrderType(StrEnum):
    """What an order is for."""

    NORMAL = "normal"
    RESHIP = "reship"
    """Goods sent again for an order that exists: lost, broken, wrong."""
    EXCHANGE = "exchange"
    """Other goods for some that come back."""
    PRESALE = "presale"
    WHOLESALE = "wholesale"


class Reach(StrEnum):
    """How the goods of an order reach its buyer."""

    SHIPPED = "shipped"
    PICKUP = "pickup"
    """They wait in one warehouse, a shop with a stock pool, until the buyer comes with a code."""
    COUNTER = "counter"
    """The buyer took them along as the order was taken."""


class ReviewState(StrEnum):
    PENDING = "pending"
    PASSED = "passed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class FinanceState(StrEnum):
    """The second review, where a shop asks for one; nothing at all where it does not."""

    NONE = ""
    PENDING = "pending"
    PASSED = "passed"
    REJECTED = "rejected"


class AmendmentState(StrEnum):
    DRAFT = "draft"
    """Previewed, not applied."""
    WAITING = "waiting"
    """The platform changed the order after picking began: a person applies or drops it."""
    APPLIED = "applied"
    DROPPED = "dropped"


class PaymentState(StrEnum):
    UNPAID = "unpaid"
    DEPOSIT_PAID = "deposit_paid"
    PAID = "paid"
    COD_PENDING = "cod_pending"
    COD_COLLECTED = "cod_collected"
    COD_REMITTED = "cod_remitted"
    COD_REFUSED = "cod_refused"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"


class PresaleState(StrEnum):
    """What has become of an order with a deposit."""

    DEPOSIT_PAID = "deposit_paid"
    """It waits for the balance."""
    BALANCE_PAID = "balance_paid"
    FORFEITED = "forfeited"
    """The balance did not come in time: the order is cancelled, the deposit kept."""
    CANCELLED = "cancelled"
    """Cancelled for another reason; its money goes back."""


class HoldCode(StrEnum):
    """What can be wrong with an order or a fulfillment order; `core/orders/states.py` says which step each stops."""

    REVIEW_RULE = "review_rule"
    OUT_OF_STOCK = "out_of_stock"
    PRESALE = "presale"
    AWAITING_PAYMENT = "awaiting_payment"
    AWAITING_RETURN_ITEMS = "awaiting_return_items"
    MERGE_WAIT = "merge_wait"
    ADDRESS_INVALID = "address_invalid"
    ADDRESS_CHANGED = "address_changed"
    REFUND_REQUESTED = "refund_requested"
    REFUNDED = "refunded"
    SKU_UNMAPPED = "sku_unmapped"
    NO_CARRIER = "no_carrier"
    WAYBILL_ERROR = "waybill_error"
    BLACKLIST = "blacklist"
    FRAUD_RISK = "fraud_risk"
    PRICE_LOW = "price_low"
    MANUAL = "manual"
    SHORT_PICK = "short_pick"
    WEIGHT_DIFF = "weight_diff"
    UPSTREAM_CHANGED = "upstream_changed"
    PLATFORM_HOLD = "platform_hold"
    HAND_OVER = "hand_over"


@dataclass(frozen=True, slots=True)
class LineCard:
    """One line as plugins read it; a kit line is followed by its components, which carry its id in `kit_line`."""

    id: int
    sku: str
    """Empty while the channel's item is mapped to nothing."""
    title: str
    quantity: int
    unit_price: Money
    amount: Money
    """Paid share of the whole line, after discounts, without freight."""
    cancelled: int
    shipped: int
    returned: int
    kit_line: int | None = None
    gift: str = ""
    """What gave it, plugin and rule (`gifts/spring`); empty for what was bought."""


@dataclass(frozen=True, slots=True)
class OrderCard:
    """An order as plugins read it."""

    id: int
    number: str
    shop: str
    external_number: str
    status: OrderStatus
    review: ReviewState
    payment: PaymentState
    customer_id: int
    receiver: Address
    lines: tuple[LineCard, ...]
    freight: Money
    total: Money
    paid: Money
    refunded: Money
    cod: bool
    placed_at: datetime
    paid_at: datetime | None
    message: str
    memo: str
    type: OrderType = OrderType.NORMAL
    reach: Reach = Reach.SHIPPED


@dataclass(frozen=True, slots=True)
class OrderPlaced:
    """An order came into being, by hand, from a file or from a channel."""

    name: ClassVar[str] = "order_placed"
    order_id: int


@dataclass(frozen=True, slots=True)
class OrderMoved:
    """An order's derived status changed."""

    name: ClassVar[str] = "order_moved"
    order_id: int
    source: OrderStatus
    target: OrderStatus
    because: str


@dataclass(frozen=True, slots=True)
class Transition:
    """A move that is about to happen, for `object_to_transition`: read it, object or not."""

    document: str
    """`order` or `fulfillment_order`."""
    document_id: int
    source: str
    target: str
    facts: Mapping[str, str]
    """`number`, `warehouse` and the like, for a plugin's decision and its sentence."""


@dataclass(frozen=True, slots=True)
class SettledOrder:
    """An order of which nothing has left, for `amend_settled`: what is bought, and what the plugin's rules gave before."""

    card: OrderCard
    net: Money
    """What the wanted goods cost after discounts and refunds, without freight."""
    units: Mapping[str, int]
    """Wanted units by SKU, as they were bought: a kit counts as itself; gifts left out."""
    given: Mapping[str, int]
    """Units that each of the plugin's rules has given to other orders, of anybody."""
    given_to_customer: Mapping[str, int]
    """Those that went to this order's customer."""


@dataclass(frozen=True, slots=True)
class Gift:
    """Units of a SKU that an order gets at no charge, by a rule; a rule gives one SKU."""

    rule: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class NoGift:
    """A rule that might have given something, and why it does not; the order's history keeps it."""

    rule: str
    why: str


# Inside the core only: what the next room acts upon


@dataclass(frozen=True, slots=True)
class OrderSettled:
    """An order is paid in full, or will be at the door: review may look at it."""

    card: OrderCard


@dataclass(frozen=True, slots=True)
class DepositPaid:
    """Money came for an order that is not payable in full yet."""

    order_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class GivenAtCounter:
    """The goods of a new order are in the buyer's hands already: the books follow."""

    order_id: int


@dataclass(frozen=True, slots=True)
class ReviewPassed:
    """Orders may be routed now."""

    order_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReviewWithdrawn:
    """反审核: an order goes back to review; what was planned for it is given up."""

    order_id: int
    because: str


CARRIED = "order"
"""Under this kind fulfillment says, when an order asks upwards, which fulfillment orders carry its units."""


@dataclass(frozen=True, slots=True)
class Carrying:
    """What fulfillment says about one of an order's fulfillment orders."""

    number: str
    state: str
    version: int
    warehouse: str
    units: tuple[tuple[str, int, int], ...]
    """(SKU, units, reserved) of this order."""
    to: str
    waybill: str
    """The number it travels under, `asked for` while the carrier is asked, else empty."""
    shared: bool
    """With other orders."""
    reason: str = ""
    """Why it was cancelled."""
    putbacks: int = 0

    @property
    def text(self) -> str:
        """In one line: `allocated in SH: TEE 2, to …, waybill SF1`."""
        units = ", ".join(
            f"{sku} {count}" + (f" ({kept} reserved)" if kept != count else "") for sku, count, kept in self.units
        )
        if self.reason:
            return f"{self.state} ({self.reason})"
        parts = [f"{self.state} in {self.warehouse}: {units}" if self.warehouse else f"{self.state}: {units}", f"to {self.to}"]
        parts += [f"waybill {self.waybill}"] if self.waybill else []
        parts += ["with other orders"] if self.shared else []
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """Lines, prices or words of orders are others than before: whoever judged them judges again."""

    order_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class UnitsAdded:
    """Orders that were routed owe more units than before."""

    order_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class UnitsCancelled:
    """Open units of an order will not be sent; fulfillment orders let go of them."""

    order_id: int
    units: tuple[tuple[int, int], ...]
    """(line id, units)."""
    reason: str


@dataclass(frozen=True, slots=True)
class UnitsShippedElsewhere:
    """The platform reports units as shipped that we never sent; fulfillment orders let go of them."""

    order_id: int
    units: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class AddressChanged:
    """An order goes to another address than before."""

    order_id: int
    address_id: int
    merge_key: str


@dataclass(frozen=True, slots=True)
class HoldsLifted:
    """Something that stopped these orders is gone."""

    order_ids: tuple[int, ...]


# Money, for whoever keeps the books; amounts are split by tax and never negative


@dataclass(frozen=True, slots=True)
class MoneyReceived:
    """A buyer paid; `key` is unique and stable."""

    order_id: int
    number: str
    shop: str
    key: str
    at: datetime
    net: Money
    tax: Money


@dataclass(frozen=True, slots=True)
class MoneyReturned:
    """A buyer got money back: for units not yet sent (`advance_…`), and for units already sold (`sale_…`)."""

    order_id: int
    number: str
    shop: str
    key: str
    at: datetime
    advance_net: Money
    advance_tax: Money
    sale_net: Money
    sale_tax: Money
    kept: Money | None = None
    """And what had been kept of a deposit."""
    cod: bool = False
    """The order is cash on delivery: what had been collected came to our own account."""


@dataclass(frozen=True, slots=True)
class CodRemitted:
    """Whoever collected at the door handed the money over; `key` is unique and stable."""

    order_id: int
    number: str
    collector: str
    key: str
    at: datetime
    amount: Money


@dataclass(frozen=True, slots=True)
class DepositForfeited:
    """A deposit is kept, because the balance did not come in time; what it was booked as until now is `net` and `tax`."""

    order_id: int
    number: str
    at: datetime
    net: Money
    tax: Money


@dataclass(frozen=True, slots=True)
class SaleUndone:
    """A shipment that was to be paid at the door came back: the sale known by `key` never was."""

    order_id: int
    number: str
    key: str
    because: str


@dataclass(frozen=True, slots=True)
class Sold:
    """Units of an order left the house and became revenue. `collector` is the carrier who collects at the door, else empty."""

    order_id: int
    number: str
    shop: str
    key: str
    at: datetime
    goods: Money
    """Net of tax, as is the freight."""
    freight: Money
    tax: Money
    collector: str
