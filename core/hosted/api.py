"""A shop that a plugin keeps itself: what its pages may ask of the house, and the values that cross the desk.

Its pages are the platform; their documents take the road of every channel (`core/channels`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Protocol

from ..aftersales.api import AfterSaleState, AfterSaleType
from ..channels.api import Ability, Channel, Confirmed, Page, Shipment, Window
from ..fulfillment.api import Fetched
from ..kernel.errors import RemoteRejected
from ..kernel.values import Address, Money
from ..orders.api import OrderStatus, PaymentState


class HostedChannel(Channel):
    """The adapter of such a shop: `read` is all that is left to say.

    Nothing is pulled, for the pages hand their documents in at the desk, and nobody is told, for buyers look at the same pages.
    """

    ability: ClassVar[Ability] = Ability(span=timedelta(days=365), tracking_per="quantity", hosted=True)

    def pull(self, window: Window, cursor: str | None = None) -> Page:
        return Page((), None)

    def fetch(self, external_id: str) -> bytes:
        raise RemoteRejected(f"order {external_id} is kept nowhere else", remedy="replay the document that is kept")

    def confirm_shipment(self, shipment: Shipment, key: str) -> Confirmed:
        return Confirmed()

    def find_shipment(self, shipment: Shipment) -> Confirmed | None:
        return Confirmed(already=True)


@dataclass(frozen=True, slots=True)
class DeskFacts:
    """A connection behind which a plugin keeps a shop of its own."""

    code: str
    adapter: str
    shop: str
    title: str
    """The shop's name; empty, like its code and currency, while the connection belongs to none."""
    currency: str
    active: bool
    """False while it is paused: nothing can be ordered."""


@dataclass(frozen=True, slots=True)
class Offered:
    """A SKU as a shop may sell it now."""

    sku: str
    title: str
    barcode: str
    price: Money | None
    """What the price lists say of one unit for everybody; None when they say nothing."""
    sellable: int
    """Units that this shop's orders could reserve now; a kit counts its scarcest component."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of a document: `effective`, `duplicate` or `stale` with its order, or `parked` with the reason."""

    verdict: str
    order_id: int | None = None
    number: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class BoughtLine:
    """One line as its buyer sees it; a kit counts in kits."""

    external_id: str
    sku: str
    title: str
    quantity: int
    unit_price: Money
    amount: Money
    shipped: int
    cancelled: int
    returned: int
    waiting: int
    """Units that have not left, were not cancelled, and are not asked to be."""
    returnable: int
    """Units that left, did not come back, and are not asked for already."""
    gift: bool = False


@dataclass(frozen=True, slots=True)
class Tracked:
    """Something a carrier said about a parcel; `state` is a TrackingState of carriers."""

    at: datetime
    state: str
    text: str
    place: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A parcel that left; the newest word of its carrier first."""

    carrier: str
    number: str
    sent_at: datetime
    delivered_at: datetime | None
    events: tuple[Tracked, ...]


@dataclass(frozen=True, slots=True)
class AskedBack:
    """A buyer's wish after buying, and how far it has come."""

    number: str
    type: AfterSaleType
    state: AfterSaleState
    amount: Money
    reason: str
    words: str
    asked_at: datetime
    open: bool
    """Neither settled nor refused nor taken back."""


@dataclass(frozen=True, slots=True)
class Bought:
    """An order as its buyer may see it; `status` and `payment` are codes of `core.orders.api`."""

    id: int
    number: str
    external_id: str
    external_number: str
    status: OrderStatus
    payment: PaymentState
    cod: bool
    placed_at: datetime
    paid_at: datetime | None
    lines: tuple[BoughtLine, ...]
    freight: Money
    total: Money
    paid: Money
    refunded: Money
    receiver: Address
    message: str
    parcels: tuple[Sent, ...]
    asked: tuple[AskedBack, ...]


@dataclass(frozen=True, slots=True)
class Taking:
    """What came in and went out by one method of payment."""

    method: str
    payments: int
    received: Money
    given_back: Money


@dataclass(frozen=True, slots=True)
class Parked:
    """A document that was handed in and could not be taken in; a person settles it."""

    body: bytes
    reason: str
    at: datetime


class Counter(Protocol):
    """Where goods change hands in the shop of a connection; `by` is the person who does it (`SignedIn.actor`)."""

    def catalogue(self) -> Sequence[Offered]:
        """Everything that may be sold, by code; what has no price for everybody too."""

    def waiting(self) -> Sequence[Fetched]:
        """Orders of the shop that wait to be picked up, and those given at the counter that the books could not follow."""

    def with_code(self, code: str) -> Sequence[Fetched]:
        """Those of them whose buyers show this code."""

    def one(self, order_id: int) -> Fetched | None:
        """How an order of the shop stands whose goods change hands there."""

    def to_give_back(self) -> Sequence[Fetched]:
        """Orders of the counter whose buyers paid more than what they get costs."""

    def hand_over(self, order_id: int, by: str, *, code: str = "", method: str = "") -> bool:
        """Goods go to their buyer, and what is due is paid by `method`; False when they had gone. DomainError says why not."""

    def give_up(self, order_id: int, by: str, because: str) -> None:
        """Nobody comes: the units are free again."""

    def give_back(self, order_id: int, by: str, method: str) -> None:
        """What is due to a buyer is paid out."""

    def takings(self, day: str) -> Sequence[Taking]:
        """Payments of one of the merchant's days for what changed hands in the shop, by method."""

    def parked(self) -> Sequence[Parked]:
        """Documents of the connection that wait for a person."""


class Desk(Protocol):
    """What a shop that is served on pages of a plugin asks about its own connection, and hands in.

    Every call is a transaction of its own. Nothing here touches the network.
    """

    @property
    def facts(self) -> DeskFacts: ...

    @property
    def counter(self) -> Counter:
        """For a shop in which goods change hands."""

    def settings(self) -> Mapping[str, str]:
        """The connection's settings in the clear; DomainError while required ones are missing."""

    def today(self) -> str:
        """The shop's own day, `2026-11-22`."""

    def offers(self, skus: Sequence[str]) -> Sequence[Offered]:
        """What may be sold now, in the order asked for; codes that mean nothing are left out."""

    def deliver(self, body: bytes) -> Delivered:
        """Take in a raw document of this channel at once; kept first, then read by the adapter like any other.

        Idempotent by the document's id and version: delivered again it gives the same answer, whatever it says now. One that
        cannot be taken in is parked for a person and kept. DomainError, and nothing is kept, while the connection is paused.
        """

    def delivered(self, external_id: str) -> Delivered | None:
        """What became of the last document of an order, None when there was none."""

    def order(self, external_id: str) -> Bought | None:
        """An order of this connection as its buyer may see it."""

    def orders(self, number: str, phone: str) -> Sequence[Bought]:
        """Orders of this connection under a number, ours or the shop's, whose receiver has this telephone.

        Of the telephone at least the last four digits are needed. A wrong one gives what an unknown number gives: nothing.
        """

    def statuses(self, external_ids: Sequence[str]) -> Mapping[str, tuple[OrderStatus, PaymentState]]:
        """How far orders of this connection are, by the shop's id; those that are not here are left out."""

    def ask_return(
        self, external_id: str, lines: Mapping[str, int], type: AfterSaleType, reason: str, words: str = ""
    ) -> AskedBack:
        """A buyer's wish about units of lines, as an after-sale that a person answers; DomainError says why not.

        `refund_before_ship` is about units that have not left, any other type about units that have. Asked back is what was
        paid for them and not refunded.
        """
