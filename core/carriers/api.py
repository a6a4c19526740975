"""The contract of a carrier, and the neutral values that cross it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Protocol, runtime_checkable

from ..kernel.transport import Delivery, Transport
from ..kernel.values import Address, Money, SettingField


class TrackingState(StrEnum):
    """Where a parcel is; states move forward only, but for a return."""

    BOOKED = "booked"
    PICKED_UP = "picked_up"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    READY_FOR_PICKUP = "ready_for_pickup"
    DELIVERY_FAILED = "delivery_failed"
    DELIVERED = "delivered"
    RETURNING = "returning"
    RETURNED = "returned"
    UNKNOWN = "unknown"
    """A code nobody has mapped: kept for people to read, moves nothing."""


@dataclass(frozen=True, slots=True)
class Goods:
    """What is inside, as the waybill states it."""

    name: str
    quantity: int
    weight_g: int = 0
    """Of one piece."""
    value: Money | None = None
    """Of all pieces together."""


@dataclass(frozen=True, slots=True)
class Trade:
    """A platform's order inside a parcel: the channel's adapter, our connection to it, and the platform's id."""

    channel: str
    connection: str
    external_id: str


@dataclass(frozen=True, slots=True)
class Booking:
    """A parcel that wants a waybill."""

    sender: Address
    receiver: Address
    goods: tuple[Goods, ...]
    weight_g: int
    product: str = ""
    """The carrier's own product code; empty means the connection's default."""
    cod: Money | None = None
    """Money to collect at the door."""
    remark: str = ""
    trades: tuple[Trade, ...] = ()
    """The platforms' orders inside, first the one whose receiver this is; hidden receivers get waybills for these only."""


@dataclass(frozen=True, slots=True)
class Booked:
    """The carrier's promise: the waybill number, its own references, and text worth keeping for the label."""

    number: str
    children: tuple[str, ...] = ()
    origin: str = ""
    destination: str = ""
    raw: str = ""


@dataclass(frozen=True, slots=True)
class TrackQuery:
    """A waybill to ask about; `phone_end` is the last four digits some carriers demand."""

    number: str
    phone_end: str = ""


@dataclass(frozen=True, slots=True)
class TrackingEvent:
    """One thing that happened to a parcel; `id` is stable over repeated answers."""

    id: str
    number: str
    at: datetime
    state: TrackingState
    code: str
    text: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """A printable waybill."""

    number: str
    media_type: str
    content: bytes


class Carrier(ABC):
    """A carrier; made anew for each piece of work from the connection's settings and a transport."""

    name: ClassVar[str]
    title: ClassVar[str]
    code: ClassVar[str]
    """The short code the trade uses for it (`SF`); channels translate it to their own.

    An adapter that speaks for several carriers sets both, title and code, on itself from its settings.
    """
    settings: ClassVar[tuple[SettingField, ...]] = ()
    track_batch: ClassVar[int] = 10
    """As many waybills as one `track` may ask about; 0 when nothing can be learnt of a parcel on its way."""

    def __init__(self, settings: Mapping[str, str], transport: Transport) -> None:
        self.config = settings
        self.transport = transport

    @abstractmethod
    def book(self, booking: Booking, key: str) -> Booked:
        """Get a waybill number. `key` is ours, stable and never used for a second parcel.

        Raises RemoteRejected when the carrier will not carry it (with the reason), OutcomeUnknown when no answer came or
        the carrier says the key was used: then `find` is asked before anything is repeated.
        """

    @abstractmethod
    def find(self, key: str, booking: Booking) -> Booked | None:
        """What was booked under `key`; None when the carrier certainly has nothing.

        `booking` is the parcel it was for, as it is now: for carriers that are asked by the orders inside.
        """

    @abstractmethod
    def cancel(self, number: str, key: str) -> None:
        """Void a waybill; already void is fine. RemoteRejected when it is too late."""

    @abstractmethod
    def track(self, queries: Sequence[TrackQuery]) -> Sequence[TrackingEvent]:
        """Everything known about these waybills (at most `track_batch`), oldest first; nothing known is no error."""


@runtime_checkable
class PrintsLabels(Protocol):
    """Draws its own labels."""

    def label(self, number: str) -> Label:
        """The label of a waybill that was booked; safe to ask again."""


@runtime_checkable
class ReceivesTracking(Protocol):
    """Understands the carrier's pushes."""

    def receive_tracking(self, delivery: Delivery) -> tuple[Sequence[TrackingEvent], bytes]:
        """The events, and the body the carrier wants to read as an answer.

        Raises RemoteNotUnderstood with the raw body for one that cannot be read.
        """
