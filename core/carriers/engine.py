"""The engine of carriers: a waybill for each released fulfillment order, and what becomes of its parcel."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from ..connections.service import ConnectionFacts, connection, connections, pause, settings_of
from ..customers import queries as customers
from ..fulfillment import service as fulfillment
from ..fulfillment.api import FoReleased, FoState, FoVoided, RelabelWanted, WaybillState
from ..fulfillment.coming_back import turn_back
from ..fulfillment.states import FETCHED, INSIDE, LIVE, quoted
from ..host.plugins import Plugins
from ..host.sealing import Seal
from ..kernel.db import as_json
from ..kernel.errors import CredentialsRefused, DomainError, OrderyardError, RemoteNotUnderstood, RemoteRejected
from ..kernel.transport import Delivery, Transport
from ..kernel.uow import Installation, UnitOfWork
from ..kernel.values import Address, Money
from ..orders import service as orders
from ..orders.api import HoldCode
from ..orders.money import share
from ..outbox.claims import Claimed
from ..outbox.service import NewTask, enqueue
from ..outbox.worker import Effect
from .api import (
    Booking,
    Carrier,
    Goods,
    Label,
    PrintsLabels,
    ReceivesTracking,
    TrackingEvent,
    TrackingState,
    TrackQuery,
    Trade,
)

_log = logging.getLogger("orderyard.carriers")

BOOK = "book_waybill"
VOID = "void_waybill"
"""The kinds of task that get and give back a waybill number."""

ORDER = {state: place for place, state in enumerate(TrackingState)}


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A waybill that is wanted, and the fulfillment order it is for."""

    id: int
    fo_id: int
    key: str
    state: WaybillState
    number: str
    label: bytes | None


def want_waybills(uow: UnitOfWork, events: Sequence[FoReleased]) -> None:
    """Ask for a waybill for each released fulfillment order; one without a carrier waits for a person."""
    for event in events:
        _want(uow, event.fo_id)


def _want(uow: UnitOfWork, fo_id: int) -> None:
    row = uow.db.row(
        "SELECT f.number, f.carrier, f.state, (SELECT COUNT(*) FROM waybill w WHERE w.fo_id = f.id), "
        f"(SELECT COUNT(*) FROM waybill w WHERE w.fo_id = f.id AND w.state IN ({quoted(LIVE)})), "
        f"{FETCHED} FROM fulfillment_order f WHERE f.id = ?",
        (fo_id,),
    )
    if row is None:
        return
    number, carrier, state, before, live, fetched = row
    if fetched or live or FoState(state) not in (FoState.RELEASED, *INSIDE):
        return  # it is picked up, was taken back in the same breath, or has its label
    if not carrier:
        note = "no carrier is set for this shop"
        orders.hold(uow, fo_id, HoldCode.NO_CARRIER, note, source="carriers", level="fo")
        return
    key = number if not before else f"{number}-{before + 1}"
    uow.db.insert(
        "waybill",
        ("fo_id", "carrier", "key", "number", "state", "requested_at"),
        [(fo_id, carrier, key, "", WaybillState.REQUESTED, uow.now)],
    )
    enqueue(uow, [NewTask(BOOK, carrier, f"book/{key}", {"key": key})])


def void_waybills(uow: UnitOfWork, events: Sequence[FoVoided]) -> None:
    """Give back the waybills of fulfillment orders that send nothing after all, or not now."""
    for event in events:
        _void(uow, event.fo_id)


def _void(uow: UnitOfWork, fo_id: int) -> bool:
    """Whether there was a live one. It counts no more from now on; the carrier is told by a task."""
    rows = uow.db.rows(
        "SELECT id, key, carrier FROM waybill WHERE fo_id = ? AND state IN ('requested','issued') ORDER BY id", (fo_id,)
    )
    for waybill_id, key, carrier in rows:
        uow.db.change("UPDATE waybill SET state = 'voided' WHERE id = ?", (waybill_id,))
        enqueue(uow, [NewTask(VOID, carrier, f"void/{key}", {"key": key})])
    return bool(rows)


def relabel(uow: UnitOfWork, events: Sequence[RelabelWanted]) -> None:
    """What the label says is not true any more: give its number back and ask for another. Without a label nothing is done."""
    for fo_id in dict.fromkeys(event.fo_id for event in events):
        if _void(uow, fo_id):
            _want(uow, fo_id)


class CarrierEngine:
    """Everything that goes on between the house and its carriers."""

    def __init__(self, installation: Installation, plugins: Plugins, seal: Seal, transport: Transport) -> None:
        self._installation = installation
        self._plugins = plugins
        self._seal = seal
        self._transport = transport

    def carrier(self, facts: ConnectionFacts) -> Carrier:
        """The adapter of a connection, with its settings in the clear; DomainError while its plugin is not running."""
        kind = self._plugins.carriers.get(facts.adapter)
        if kind is None:
            raise DomainError(
                f"connection {facts.code} needs the carrier {facts.adapter}, which is not running",
                remedy="install and enable its plugin; what waits will go on",
            )
        return kind(settings_of(self._seal, facts, kind.settings), self._transport)

    def active(self) -> list[ConnectionFacts]:
        running = self._plugins.carriers
        found = connections(self._installation.db, "carrier")
        return [facts for facts in found if facts.state == "active" and facts.adapter in running]

    def owners(self) -> list[str]:
        return [facts.code for facts in self.active()]

    def title(self, adapter: str, code: str, sealed: str) -> tuple[str, str]:
        """The short code and the title of who carries for a connection; its own code while its plugin is not running."""
        kind = self._plugins.carriers.get(adapter)
        if kind is None:
            return code, code
        facts = ConnectionFacts(0, code, "carrier", adapter, None, sealed, "active", None)
        try:
            carrier = kind(settings_of(self._seal, facts, kind.settings), self._transport)
        except OrderyardError:  # half set up: who it is, its class knows too
            return kind.code, kind.title
        return carrier.code, carrier.title

    # booking

    def book(self, task: Claimed) -> Effect | None:
        """Worker's handler: get the waybill and its label; what may have happened is looked up first, under our own key."""
        wanted = self._wanted(str(task.payload["key"]))
        if wanted.state is not WaybillState.REQUESTED:
            # Given up meanwhile. An earlier attempt may have booked it all the same, after the carrier was asked to forget it.
            return (lambda uow: _too_late(uow, task.owner, wanted)) if task.attempts > 1 else None
        carrier = self.carrier(connection(self._installation.db, task.owner))
        parcel = self.booking(wanted.fo_id)
        booked = carrier.find(wanted.key, parcel) if task.unsure or task.attempts > 1 else None
        try:
            if booked is None:
                booked = carrier.book(parcel, wanted.key)
        except (RemoteRejected, RemoteNotUnderstood) as error:
            with self._installation.unit_of_work(f"carrier:{task.owner}") as uow:
                fulfillment.waybill_failed(uow, wanted.id, str(error))
            raise
        label = carrier.label(booked.number) if isinstance(carrier, PrintsLabels) else None
        done = booked

        def arrived(uow: UnitOfWork) -> None:
            content, media_type = (label.content, label.media_type) if label else (None, "")
            if not fulfillment.issue_waybill(uow, wanted.id, done.number, done.raw[:20_000], content, media_type):
                _too_late(uow, task.owner, wanted)

        return arrived

    def void(self, task: Claimed) -> Effect | None:
        """Worker's handler: give a number back; one that was never booked is simply forgotten."""
        wanted = self._wanted(str(task.payload["key"]))
        carrier = self.carrier(connection(self._installation.db, task.owner))
        number = wanted.number
        if not number:
            booked = carrier.find(wanted.key, self.booking(wanted.fo_id))
            number = "" if booked is None else booked.number
        state = WaybillState.VOIDED
        if number:
            try:
                carrier.cancel(number, wanted.key)
            except RemoteRejected:
                self._set_state(task.owner, wanted.id, WaybillState.VOID_FAILED)
                raise
        return lambda uow: _set(uow, wanted.id, state)

    def _set_state(self, owner: str, waybill_id: int, state: WaybillState) -> None:
        with self._installation.unit_of_work(f"carrier:{owner}") as uow:
            _set(uow, waybill_id, state)
            fulfillment.waybill_not_given_back(uow, waybill_id)

    def _wanted(self, key: str) -> _Wanted:
        row = self._installation.db.row("SELECT id, fo_id, key, state, number, label FROM waybill WHERE key = ?", (key,))
        if row is None:
            raise DomainError(f"there is no waybill {key}", remedy="give this task up")
        return _Wanted(row[0], row[1], row[2], WaybillState(row[3]), row[4], row[5])

    def booking(self, fo_id: int) -> Booking:
        """The parcel of a fulfillment order, as a carrier wants to know it."""
        db = self._installation.db
        head = db.row(
            "SELECT f.number, f.cod, f.currency, w.address, w.title, f.address_id FROM fulfillment_order f "
            "JOIN warehouse w ON w.id = f.warehouse_id WHERE f.id = ?",
            (fo_id,),
        )
        if head is None:
            raise DomainError(f"fulfillment order {fo_id} has no warehouse", remedy="route it first")
        number, cod, currency, sender, title, address_id = head
        rows = db.rows(
            "SELECT k.title, x.quantity, k.weight_g, l.amount, l.freight, l.quantity, l.shipped_externally + "
            "COALESCE((SELECT SUM(y.quantity) FROM fo_line y JOIN fulfillment_order g ON g.id = y.fo_id "
            "WHERE y.line_id = x.line_id AND y.fo_id < x.fo_id AND g.state <> 'cancelled'), 0) FROM fo_line x "
            "JOIN order_line l ON l.id = x.line_id JOIN sku k ON k.id = x.sku_id WHERE x.fo_id = ? ORDER BY x.id",
            (fo_id,),
        )
        goods = tuple(
            Goods(name, count, weight, Money(sum(share(part, ordered, int(before), count) for part in parts), currency))
            for name, count, weight, *parts, ordered, before in rows
        )
        trades = db.rows(
            "SELECT c.adapter, c.code, d.external_id FROM channel_order d JOIN connection c ON c.id = d.connection_id "
            "JOIN sales_order o ON o.id = d.order_id WHERE d.order_id IN (SELECT order_id FROM fo_line WHERE fo_id = ?) "
            "ORDER BY CASE WHEN o.address_id = ? THEN 0 ELSE 1 END, c.code, d.external_id",
            (fo_id, address_id),
        )
        whom = {"name": title, **as_json(sender)}
        return Booking(
            sender=Address(**whom),
            receiver=customers.address(db, address_id),
            goods=goods,
            weight_g=sum(item.weight_g * item.quantity for item in goods),
            cod=sum((item.value for item in goods if item.value), Money.zero(currency)) if cod else None,
            remark=number,
            trades=tuple(Trade(*row) for row in trades),
        )

    # tracking

    def track_all(self) -> int:
        """Ask every active carrier about parcels on their way; how many events were new. One in trouble waits its turn."""
        new = 0
        for facts in self.active():
            try:
                new += self._track(facts)
            except CredentialsRefused as error:
                with self._installation.unit_of_work(f"carrier:{facts.code}") as uow:
                    pause(uow, facts.id, str(error))
            except Exception as error:
                _log.warning("%s: %s", facts.code, error, exc_info=None if isinstance(error, OrderyardError) else error)
        return new

    def _track(self, facts: ConnectionFacts) -> int:
        carrier = self.carrier(facts)
        if not carrier.track_batch:
            return 0
        rows = self._installation.db.rows(
            "SELECT w.number, a.phone FROM waybill w JOIN fulfillment_order f ON f.id = w.fo_id JOIN postal_address a "
            "ON a.id = f.address_id WHERE w.carrier = ? AND w.state = 'used' AND w.delivered_at IS NULL "
            "AND f.state <> 'returned' ORDER BY w.id",
            (facts.code,),
        )
        new = 0
        for start in range(0, len(rows), carrier.track_batch):
            queries = [TrackQuery(number, phone[-4:]) for number, phone in rows[start : start + carrier.track_batch]]
            new += self.keep(facts, carrier.track(queries))
        return new

    def keep(self, facts: ConnectionFacts, events: Sequence[TrackingEvent]) -> int:
        """Write down what is new, in the order it happened, and act on a delivery; how many events were new."""
        if not events:
            return 0
        new = 0
        with self._installation.unit_of_work(f"carrier:{facts.code}") as uow:
            for event in sorted(events, key=lambda event: event.at):
                row = uow.db.row(
                    "SELECT id, tracking FROM waybill WHERE carrier = ? AND number = ?", (facts.code, event.number)
                )
                if row is None:
                    continue
                written = uow.db.change(
                    "INSERT INTO tracking (waybill_id, external_id, at, state, code, text, place) VALUES (?,?,?,?,?,?,?) "
                    "ON CONFLICT (waybill_id, external_id) DO NOTHING",
                    (row[0], event.id, event.at, event.state, event.code, event.text, event.place),
                )
                if not written:
                    continue
                new += 1
                before = TrackingState(row[1]) if row[1] else TrackingState.BOOKED
                if event.state is not TrackingState.UNKNOWN and ORDER[event.state] >= ORDER[before]:
                    uow.db.change("UPDATE waybill SET tracking = ? WHERE id = ?", (event.state, row[0]))
                if event.state is TrackingState.DELIVERED:
                    fulfillment.deliver(uow, row[0], event.text)
                elif event.state in (TrackingState.RETURNING, TrackingState.RETURNED):
                    turn_back(uow, row[0], event.text)
        return new

    def receive(self, code: str, delivery: Delivery) -> bytes:
        """A carrier's push: keep its events; the body it wants to read as an answer."""
        facts = connection(self._installation.db, code)
        carrier = self.carrier(facts)
        if not isinstance(carrier, ReceivesTracking):
            raise DomainError(f"connection {code} takes no pushes", remedy="remove the push at the carrier")
        events, reply = carrier.receive_tracking(delivery)
        self.keep(facts, events)
        return reply

    def label(self, waybill_id: int) -> Label:
        """The label kept with a waybill; DomainError when it has none."""
        row = self._installation.db.row("SELECT number, label, label_type FROM waybill WHERE id = ?", (waybill_id,))
        if row is None or row[1] is None:
            raise DomainError(f"waybill {waybill_id} has no label", remedy="print it at the carrier")
        return Label(row[0], row[2], bytes(row[1]))


def _too_late(uow: UnitOfWork, carrier: str, wanted: _Wanted) -> None:
    """A number came, or may have, for a parcel that was given up meanwhile: it is given back, under a task of its own."""
    if uow.db.row("SELECT 1 FROM waybill WHERE id = ? AND state = 'voided'", (wanted.id,)):
        enqueue(uow, [NewTask(VOID, carrier, f"void/{wanted.key}/late", {"key": wanted.key})])


def _set(uow: UnitOfWork, waybill_id: int, state: WaybillState) -> None:
    uow.db.change("UPDATE waybill SET state = ? WHERE id = ?", (state, waybill_id))
