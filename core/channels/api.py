"""The contract of a sales channel, and the neutral values that cross it.

An adapter translates between the platform's wire protocol and these values. It keeps no database and no clock, reaches
the network only through its `Transport`, and raises only `RemoteError` and its children.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Protocol, runtime_checkable

from ..aftersales.api import AfterSaleState, AfterSaleType, GoodsState, MoneyState
from ..kernel.errors import DomainError, RemoteNotUnderstood
from ..kernel.transport import Delivery, Transport
from ..kernel.values import Address, Money, SettingField, quantity
from ..orders.api import Reach


class DocumentKind(StrEnum):
    """What the inbox keeps."""

    ORDER = "order"
    CLAIM = "claim"
    """A buyer's wish after buying: a refund, a return, an exchange."""
    PRIVACY = "privacy"
    """The platform asks to hand out or erase what is kept about somebody; always a person's task."""
    LISTING = "listing"
    """An item of the shop changed; nothing of it is kept, and one that is not known yet has the offers read again soon."""


class TradeState(StrEnum):
    """What the platform says about the whole trade; a state that fits none of these parks the document."""

    UNPAID = "unpaid"
    DEPOSIT_PAID = "deposit_paid"
    TO_SHIP = "to_ship"
    PARTLY_SHIPPED = "partly_shipped"
    SHIPPED = "shipped"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class ListingRef:
    """What a line or a stock figure is about, in the platform's own ids; `merchant_code` is what the seller typed in."""

    item_id: str
    variant_id: str = ""
    merchant_code: str = ""


@dataclass(frozen=True, slots=True)
class ChannelLine:
    """One line as the platform states it."""

    external_id: str
    listing: ListingRef
    title: str
    quantity: int
    unit_price: Money
    amount: Money
    """What the buyer pays for the whole line after every discount, without freight."""
    cancelled: int = 0
    """Units refunded or removed before shipment."""
    shipped: int = 0
    """Units that the platform holds to be shipped, whoever shipped them."""
    refund_requested: bool = False
    """A refund has been asked for and not been decided: the line must not ship."""


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who bought, as far as the platform tells; masked values stay empty here."""

    external_id: str
    name: str = ""
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class ChannelOrder:
    """原始单: what the platform said about one trade at one moment; never edited by us."""

    external_id: str
    number: str
    """What buyer and staff call it: the trade id on Taobao, `#1001` on Shopify."""
    version: datetime
    """When the platform last changed it; a document with an older version is stale."""
    state: TradeState
    placed_at: datetime
    paid_at: datetime | None
    currency: str
    lines: tuple[ChannelLine, ...]
    freight: Money
    total: Money
    """What the buyer owes for lines and freight as they were ordered: `sum(line.amount) + freight`."""
    paid: Money
    refunded: Money
    buyer: Buyer
    receiver: Address
    cod: bool = False
    message: str = ""
    """The buyer's words to the seller."""
    memo: str = ""
    """The seller's own note; a memo that we wrote back ourselves must be left out."""
    held: str = ""
    """Why the platform forbids shipping for now (group not full, risk check), empty when it does not."""
    presale: bool = False
    """Sold before it is there, for a deposit and a balance or all at once; DEPOSIT_PAID says so by itself."""
    deposit_kept: bool = False
    """Cancelled because the balance did not come in time: what was paid stays with the seller."""
    reach: Reach = Reach.SHIPPED
    warehouse: str = ""
    """Where it is picked up, or was given: code of a warehouse that serves the shop. Only that one sends it."""
    pickup_code: str = ""
    """What the buyer shows; without one, what is to be picked up gets one here."""
    method: str = "platform"
    """How it was paid."""


def check(order: ChannelOrder) -> None:
    """Refuse a document that cannot be true; the engine parks it with this reason.

    Raises RemoteNotUnderstood: no lines, a line id twice, a quantity below 1, more cancelled or shipped than ordered,
    a currency unknown or mixed, a negative amount, a naive time, a total that is not lines plus freight.
    """
    if not order.external_id:
        raise RemoteNotUnderstood("the order has no id")
    if not order.external_id.isprintable():
        raise RemoteNotUnderstood(f"the order's id {order.external_id!r} has signs that cannot be seen")
    if not order.lines:
        raise RemoteNotUnderstood(f"order {order.external_id} has no lines")
    ids = [line.external_id for line in order.lines]
    if len(set(ids)) != len(ids):
        raise RemoteNotUnderstood(f"order {order.external_id} names a line twice")
    moments = [order.version, order.placed_at] + ([order.paid_at] if order.paid_at else [])
    if any(moment.tzinfo is None for moment in moments):
        raise RemoteNotUnderstood(f"order {order.external_id} carries a time without a zone")
    try:
        total = Money.zero(order.currency)
        for line in order.lines:
            quantity(line.quantity, f"quantity of line {line.external_id}")
            if min(line.cancelled, line.shipped) < 0 or line.cancelled + line.shipped > line.quantity:
                raise RemoteNotUnderstood(f"line {line.external_id} has more cancelled and shipped than ordered")
            if line.amount.minor < 0 or line.unit_price.minor < 0:
                raise RemoteNotUnderstood(f"line {line.external_id} has a negative price")
            total += line.amount
        total += order.freight
        amounts_ok = min(order.freight.minor, order.paid.minor, order.refunded.minor) >= 0
        if total != order.total or order.paid.currency != order.currency or order.refunded.currency != order.currency:
            raise RemoteNotUnderstood(f"order {order.external_id}: total {order.total} is not lines plus freight, {total}")
    except DomainError as error:
        raise RemoteNotUnderstood(f"order {order.external_id}: {error}") from error
    if order.reach is not Reach.SHIPPED and not order.warehouse:
        raise RemoteNotUnderstood(f"order {order.external_id} does not say where its goods change hands")
    if order.deposit_kept and order.state is not TradeState.CANCELLED:
        raise RemoteNotUnderstood(f"order {order.external_id} keeps a deposit, but is {order.state}")
    if not amounts_ok:
        raise RemoteNotUnderstood(f"order {order.external_id} has a negative amount")


@dataclass(frozen=True, slots=True)
class Window:
    """Everything changed at or after `since` and before `until`, both aware."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """An order that a pull came upon: with its raw document, or without one when only `fetch` gives it whole."""

    external_id: str
    version: datetime
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a pull; `cursor` leads to the next one and is None on the last."""

    found: tuple[Found, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Ability:
    """What a channel can do at best; a connection may set any of it lower."""

    span: timedelta
    """The widest window of one pull."""
    lag: timedelta = timedelta(0)
    """How long after a change the platform's own listing may still miss it."""
    overlap: timedelta = timedelta(minutes=2)
    """How much of the last window is asked for again."""
    tracking_per: str = "line"
    """The finest thing a waybill can be told for: `order`, `line` or `quantity`."""
    stock_batch: int = 20
    """Stock figures one call may carry."""
    hosted: bool = False
    """Its pages are a plugin's own: nothing is ever pulled, for documents are handed in at the desk."""


@dataclass(frozen=True, slots=True)
class ShippedLine:
    """Units of one platform line that left in a parcel."""

    external_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Shipment:
    """One parcel's share of one platform order, as the write-back planner wants it told.

    `carrier_code` is the carrier's usual short code (`SF`), `carrier_title` its name for people. `whole` is true when
    this one parcel is all that the order ever sends.
    """

    order_external_id: str
    lines: tuple[ShippedLine, ...]
    carrier_code: str
    carrier_title: str
    number: str
    whole: bool


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The platform knows the shipment; `already` when it knew it before, with our number."""

    already: bool = False
    remote_id: str = ""


@dataclass(frozen=True, slots=True)
class StockTarget:
    """The absolute number a listing shall show. `expected` is what the channel last acknowledged, None when unknown."""

    listing: ListingRef
    quantity: int
    expected: int | None = None


class StockOutcome(StrEnum):
    OK = "ok"
    STALE = "stale"
    """Somebody else changed the number; `current` is what stands there now."""
    UNKNOWN_LISTING = "unknown_listing"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class StockAnswer:
    """What became of one target."""

    target: StockTarget
    outcome: StockOutcome
    current: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Hint:
    """A verified push says that something changed; its content is never believed, the document is fetched."""

    delivery_id: str
    external_id: str
    topic: str = ""
    kind: DocumentKind = DocumentKind.ORDER


class Channel(ABC):
    """A sales channel.

    Made anew for each piece of work from the connection's settings (every value is text) and a transport; keeps no state
    that matters between two calls. Optional powers are the protocols below, asked for with isinstance.
    """

    name: ClassVar[str]
    """The registered name, equal to the plugin's slug or starting with it."""
    title: ClassVar[str]
    settings: ClassVar[tuple[SettingField, ...]] = ()
    ability: ClassVar[Ability]

    def __init__(self, settings: Mapping[str, str], transport: Transport) -> None:
        self.config = settings
        self.transport = transport

    @abstractmethod
    def pull(self, window: Window, cursor: str | None = None) -> Page:
        """One page of the orders changed inside the window; `cursor` None asks for the first.

        Walking the pages to the end must miss no order, also when orders change meanwhile.
        """

    @abstractmethod
    def fetch(self, external_id: str) -> bytes:
        """The raw document of one order; RemoteRejected when there is none."""

    @abstractmethod
    def read(self, body: bytes) -> ChannelOrder:
        """The document's meaning; pure, the same today and after a fix.

        Raises RemoteNotUnderstood for anything it cannot read for certain, an unknown state among it.
        """

    @abstractmethod
    def confirm_shipment(self, shipment: Shipment, key: str) -> Confirmed:
        """Tell the platform that a parcel left; idempotent by `key` and by the waybill number.

        A shipment the platform already knows under our number is `Confirmed(already=True)`; under another number it is
        RemoteRejected. Raises OutcomeUnknown when no answer came.
        """

    @abstractmethod
    def find_shipment(self, shipment: Shipment) -> Confirmed | None:
        """Whether the platform already knows this parcel under this number; asked after OutcomeUnknown."""


@runtime_checkable
class PushesStock(Protocol):
    """Sets the number a listing shows."""

    def push_stock(self, targets: Sequence[StockTarget], key: str) -> Sequence[StockAnswer]:
        """One answer per target, in order; at most `ability.stock_batch` targets; absolute numbers, so repeating is safe."""


@dataclass(frozen=True, slots=True)
class ListedItem:
    """Something the shop offers there, one sellable variant."""

    listing: ListingRef
    title: str
    quantity: int | None
    """The number it shows now, None when the platform does not tell."""


@dataclass(frozen=True, slots=True)
class ItemPage:
    """One page of what a shop offers; `cursor` leads to the next one and is None on the last."""

    items: tuple[ListedItem, ...]
    cursor: str | None


@runtime_checkable
class ListsItems(Protocol):
    """Tells what the shop offers, so that stock can be published before the first order mentions it."""

    def list_items(self, cursor: str | None = None) -> ItemPage:
        """One page, sellable variants one by one; `cursor` None asks for the first."""


@runtime_checkable
class ReceivesWebhooks(Protocol):
    """Understands the platform's pushes."""

    def receive(self, delivery: Delivery) -> Sequence[Hint]:
        """What the verified delivery hints at; pure.

        Raises RemoteRejected when the signature does not hold, RemoteNotUnderstood when it holds and the body cannot be read.
        """


# After-sales


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """Units of a platform line that a claim is about."""

    external_id: str
    """The order line's."""
    quantity: int
    amount: Money


@dataclass(frozen=True, slots=True)
class Claim:
    """What the platform says about one after-sale at one moment; without lines it is about the whole order.

    An unknown type or state of the platform is RemoteNotUnderstood, never a guess.
    """

    external_id: str
    order_external_id: str
    version: datetime
    type: AfterSaleType
    state: AfterSaleState
    amount: Money
    lines: tuple[ClaimLine, ...] = ()
    goods: GoodsState = GoodsState.NONE
    money: MoneyState = MoneyState.NONE
    reason: str = ""
    words: str = ""
    carrier: str = ""
    """Who brings the goods back, in the platform's words, and the number of that parcel."""
    waybill: str = ""
    answer_by: datetime | None = None
    """When the platform decides by itself."""


@runtime_checkable
class ReportsClaims(Protocol):
    """Tells of refunds, returns and exchanges as documents of their own, pulled and read like orders."""

    def pull_claims(self, window: Window, cursor: str | None = None) -> Page:
        """One page of the claims changed inside the window; `cursor` None asks for the first."""

    def fetch_claim(self, external_id: str) -> bytes:
        """The raw document of one claim; RemoteRejected when there is none."""

    def read_claim(self, body: bytes) -> Claim:
        """The document's meaning; pure; RemoteNotUnderstood for anything that cannot be read for certain."""


@dataclass(frozen=True, slots=True)
class ClaimAnswer:
    """The seller's word on a claim."""

    claim: Claim
    """As it stood when the answer was given."""
    agree: bool
    because: str = ""


@runtime_checkable
class AnswersClaims(Protocol):
    """Lets the seller agree to a claim, or refuse it."""

    def answer_claim(self, answer: ClaimAnswer, key: str) -> None:
        """Idempotent by `key`; a claim that stands as answered already is no error. Raises OutcomeUnknown without an answer."""


# What else a channel may be able to do


@dataclass(frozen=True, slots=True)
class MaskedDoor:
    """Where an order goes whose receiver the platform hides; two tokens may still stand for one person at one door."""

    order_external_id: str
    privacy_token: str


@runtime_checkable
class ProvesSameDoor(Protocol):
    """Knows which hidden receivers are the same; without its word their orders are never sent in one parcel."""

    doors_at_once: int
    """As many as one question may name."""

    def same_doors(self, doors: Sequence[MaskedDoor]) -> Sequence[Sequence[str]]:
        """Groups of order ids that may travel together; an order that stands in none, or alone, may not."""


@runtime_checkable
class BackFills(Protocol):
    """Prepares a list of everything that changed in a long time, which takes it a while and us few calls."""

    def begin_backfill(self, window: Window) -> str:
        """The platform's name for the list it begins to prepare; RateLimited while it prepares too many."""

    def backfilled(self, name: str) -> Iterable[Found] | None:
        """The list, None while it is being prepared; RemoteRejected when it comes to nothing."""


@runtime_checkable
class CancelsOrders(Protocol):
    """Lets the seller cancel a whole order."""

    def cancel_order(self, external_id: str, because: str) -> bool:
        """True once it is cancelled, False while the platform is still at it: ask again then.

        One that is cancelled already is no error. RemoteRejected when it cannot be cancelled any more.
        """


@dataclass(frozen=True, slots=True)
class Memo:
    """The seller's note on an order, and the coloured flag beside it (`0` to `5` as the platform counts them)."""

    text: str
    flag: str = ""


@runtime_checkable
class WritesMemos(Protocol):
    """Keeps the seller's note with the order on the platform."""

    def write_memo(self, order_external_id: str, memo: Memo) -> None:
        """The whole note, so repeating is safe."""


@runtime_checkable
class ChangesShipments(Protocol):
    """Lets a parcel that was told already be told under another number."""

    def change_shipment(self, shipment: Shipment, replaces: str, key: str) -> Confirmed:
        """`replaces` is the number that stands there now; idempotent by the new one."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something the platform's message queue holds for us until we confirm it by `token`."""

    hint: Hint
    token: str


@runtime_checkable
class QueuesMessages(Protocol):
    """Has a queue of hints that is asked, instead of pushing them."""

    def next_messages(self) -> Sequence[Message]:
        """The oldest ones, none when the queue is empty; those not confirmed come again."""

    def confirm_messages(self, tokens: Sequence[str]) -> None:
        """They are kept here now."""


@runtime_checkable
class KeepsSubscriptions(Protocol):
    """Must be told where to push, and forgets it when it could not reach us."""

    def subscribe(self, address: str) -> Sequence[str]:
        """Make the platform push everything this adapter understands to `address`; the topics that had to be mended."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Access that a seller gave us: settings to keep, and until when it holds (None: until it is taken back)."""

    settings: Mapping[str, str]
    expires_at: datetime | None = None


@runtime_checkable
class Authorises(Protocol):
    """Lets the seller give access on the platform's own page instead of copying secrets."""

    def consent_page(self, back: str, state: str) -> str:
        """The platform's page; it sends the browser to `back` with an answer and `state`."""

    def exchange(self, answer: Mapping[str, str], back: str) -> Grant:
        """The grant behind the query of that return; RemoteRejected when it is not the platform's or too late."""

    def renew(self) -> Grant | None:
        """A fresh grant for the one in the settings; None where there is nothing to renew. CredentialsRefused when it ended."""


@runtime_checkable
class TellsWhoItIs(Protocol):
    """Can say, with one harmless call, whose account the credentials open."""

    def who(self) -> str:
        """For people: the shop's name and what may be done."""


# What other rooms may listen to


@dataclass(frozen=True, slots=True)
class ConnectionPaused:
    """The remote refused our credentials; a person must mend the connection."""

    connection_id: int
    name: str
    reason: str
    details: Mapping[str, Any] = field(default_factory=dict)
