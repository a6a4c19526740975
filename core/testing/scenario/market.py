"""The world outside of a scenario: platforms and carriers that live in memory, and the plugin that connects them.

The adapters reach them through their transport, which is the market itself; nothing listens on a port.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import ClassVar

from ....hookspecs import Manifest, hookimpl
from ...aftersales.api import AfterSaleState
from ...carriers.api import Booked, Booking, Carrier, TrackingEvent, TrackingState, TrackQuery
from ...channels.api import (
    Ability,
    Channel,
    ChannelOrder,
    Claim,
    ClaimAnswer,
    Confirmed,
    ListingRef,
    Page,
    Shipment,
    StockAnswer,
    StockOutcome,
    StockTarget,
    Window,
)
from ...kernel.clock import Environment
from ...kernel.db import to_json
from ...kernel.errors import RemoteNotUnderstood, RemoteRejected, RemoteUnavailable
from ...kernel.transport import Request, Response
from ...kernel.values import SettingField
from ...outbox.payloads import from_payload, to_payload


@dataclass
class Platform:
    """One shop's books on its platform."""

    code: str
    trades: dict[str, list[ChannelOrder]] = field(default_factory=dict)
    """Every version of each trade, the latest last."""
    parcels: dict[str, list[Shipment]] = field(default_factory=dict)
    shown: dict[str, int] = field(default_factory=dict)
    """The number each item shows, by the platform's own id."""
    pushes: int = 0
    claims: dict[str, Claim] = field(default_factory=dict)
    """What buyers want after buying, as it stands."""
    deaf: str = ""
    """Why it refuses to hear of shipments."""
    away: bool = False


@dataclass
class Depot:
    """One carrier's desk."""

    code: str
    booked: dict[str, str] = field(default_factory=dict)
    """Waybill numbers by our key."""
    bookings: dict[str, Booking] = field(default_factory=dict)
    voided: set[str] = field(default_factory=set)
    events: list[TrackingEvent] = field(default_factory=list)
    closed: str = ""
    """Why it books nothing."""
    away: bool = False


class Market:
    """All platforms and carriers by the code of their connection; a `Transport`. Used from several threads: take `lock`."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self.lock = threading.RLock()
        self.platforms: dict[str, Platform] = {}
        self.depots: dict[str, Depot] = {}

    def send(self, request: Request) -> Response:
        raise RemoteUnavailable(f"nobody answers at {request.url}")

    def now(self) -> datetime:
        return self._environment.now()

    def platform(self, code: str) -> Platform:
        found = self.platforms[code]
        if found.away:
            raise RemoteUnavailable(f"{code} does not answer")
        return found

    def depot(self, code: str) -> Depot:
        found = self.depots[code]
        if found.away:
            raise RemoteUnavailable(f"{code} does not answer")
        return found


def document(order: ChannelOrder) -> bytes:
    """A trade as its platform sends it."""
    return to_json(to_payload(order)).encode()


class MarketChannel(Channel):
    """A platform of the market, told of quantities."""

    name: ClassVar[str] = "scenario_quantity"
    title: ClassVar[str] = "Platform of a scenario"
    settings: ClassVar[tuple[SettingField, ...]] = (SettingField("code", "Its code"),)
    ability: ClassVar[Ability] = Ability(timedelta(days=365), tracking_per="quantity", stock_batch=50)

    @property
    def _market(self) -> Market:
        if not isinstance(self.transport, Market):
            raise RemoteUnavailable("this channel lives in a scenario only")
        return self.transport

    @property
    def _platform(self) -> Platform:
        return self._market.platform(self.config["code"])

    def pull(self, window: Window, cursor: str | None = None) -> Page:
        return Page((), None)

    def fetch(self, external_id: str) -> bytes:
        with self._market.lock:
            versions = self._platform.trades.get(external_id)
            if not versions:
                raise RemoteRejected(f"there is no trade {external_id}")
            return document(versions[-1])

    def read(self, body: bytes) -> ChannelOrder:
        try:
            order: ChannelOrder = from_payload(ChannelOrder, json.loads(body))
        except ValueError as error:
            raise RemoteNotUnderstood(f"this is no document: {error}") from error
        return order

    def confirm_shipment(self, shipment: Shipment, key: str) -> Confirmed:
        with self._market.lock:
            platform = self._platform
            if platform.deaf:
                raise RemoteRejected(platform.deaf)
            known = platform.parcels.setdefault(shipment.order_external_id, [])
            if any(parcel.number == shipment.number for parcel in known):
                return Confirmed(already=True)
            known.append(shipment)
            return Confirmed()

    def find_shipment(self, shipment: Shipment) -> Confirmed | None:
        with self._market.lock:
            known = self._platform.parcels.get(shipment.order_external_id, ())
            return Confirmed(already=True) if any(parcel.number == shipment.number for parcel in known) else None

    def pull_claims(self, window: Window, cursor: str | None = None) -> Page:
        return Page((), None)

    def fetch_claim(self, external_id: str) -> bytes:
        with self._market.lock:
            claim = self._platform.claims.get(external_id)
            if claim is None:
                raise RemoteRejected(f"there is no claim {external_id}")
            return to_json(to_payload(claim)).encode()

    def read_claim(self, body: bytes) -> Claim:
        claim: Claim = from_payload(Claim, json.loads(body))
        return claim

    def answer_claim(self, answer: ClaimAnswer, key: str) -> None:
        with self._market.lock:
            claims = self._platform.claims
            state = AfterSaleState.APPROVED if answer.agree else AfterSaleState.REJECTED
            # A moment later than the last word, however still the scenario's clock stands.
            version = max(self._market.now(), answer.claim.version + timedelta(seconds=1))
            claims[answer.claim.external_id] = replace(claims[answer.claim.external_id], state=state, version=version)

    def push_stock(self, targets: Sequence[StockTarget], key: str) -> Sequence[StockAnswer]:
        with self._market.lock:
            platform = self._platform
            for target in targets:
                platform.shown[shelf(target.listing)] = target.quantity
                platform.pushes += 1
        return [StockAnswer(target, StockOutcome.OK) for target in targets]


def shelf(listing: ListingRef) -> str:
    """What an item is called on its platform."""
    return listing.variant_id or listing.item_id


class OrderChannel(MarketChannel):
    """A platform that keeps one waybill number for each order."""

    name: ClassVar[str] = "scenario_order"
    ability: ClassVar[Ability] = Ability(timedelta(days=365), tracking_per="order", stock_batch=50)


class LineChannel(MarketChannel):
    """A platform that keeps one waybill number for each line."""

    name: ClassVar[str] = "scenario_line"
    ability: ClassVar[Ability] = Ability(timedelta(days=365), tracking_per="line", stock_batch=50)


class MarketCarrier(Carrier):
    """A carrier of the market; its numbers are its code and 1, 2, 3."""

    name: ClassVar[str] = "scenario_carrier"
    title: ClassVar[str] = "Carrier of a scenario"
    code: ClassVar[str] = "SC"
    settings: ClassVar[tuple[SettingField, ...]] = (SettingField("code", "Its code"),)

    @property
    def _market(self) -> Market:
        if not isinstance(self.transport, Market):
            raise RemoteUnavailable("this carrier lives in a scenario only")
        return self.transport

    @property
    def _depot(self) -> Depot:
        return self._market.depot(self.config["code"])

    def book(self, booking: Booking, key: str) -> Booked:
        with self._market.lock:
            depot = self._depot
            if depot.closed:
                raise RemoteRejected(depot.closed)
            number = depot.booked.setdefault(key, f"{depot.code.upper()}{len(depot.booked) + 1}")
            depot.bookings[number] = booking
            return Booked(number)

    def find(self, key: str, booking: Booking) -> Booked | None:
        with self._market.lock:
            number = self._depot.booked.get(key)
            return None if number is None else Booked(number)

    def cancel(self, number: str, key: str) -> None:
        with self._market.lock:
            self._depot.voided.add(number)

    def track(self, queries: Sequence[TrackQuery]) -> Sequence[TrackingEvent]:
        asked = {query.number for query in queries}
        with self._market.lock:
            return [event for event in self._depot.events if event.number in asked]


def happened(depot: Depot, number: str, at: datetime, state: TrackingState) -> None:
    """The carrier scans a parcel."""
    depot.events.append(TrackingEvent(f"{number}/{len(depot.events) + 1}", number, at, state, state.value, state.value))


CHANNELS = {"quantity": MarketChannel, "line": LineChannel, "order": OrderChannel}

manifest = Manifest(slug="scenario", title="Platforms and carriers of a scenario")


@hookimpl
def register_channels() -> Iterable[type[Channel]]:
    return CHANNELS.values()


@hookimpl
def register_carriers() -> Iterable[type[Carrier]]:
    return (MarketCarrier,)
