"""Telling WooCommerce that a parcel left.

Core has no parcels: the number goes to the buyer as an order note, or to the extension Shipment Tracking where the settings
say that it is there; then our own field and, with the last parcel, the status `completed` are set in one call. Every step is
looked up before it is made, so whatever got lost is completed and nothing is told twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orderyard.core.channels.api import ChannelOrder, Confirmed, Shipment
from orderyard.core.kernel.errors import RemoteRejected

from .node import Node
from .parcels import field, parcels, recorded, same, written
from .reading import Reader, Status
from .wire import TRACKING, RestApi

_NOT_NOW = {
    Status.PENDING: "is not paid",
    Status.FAILED: "is not paid",
    Status.AUTO_DRAFT: "is a draft",
    Status.CHECKOUT_DRAFT: "is a draft",
    Status.ON_HOLD: "is on hold",
    Status.CANCELLED: "is cancelled",
    Status.REFUNDED: "is refunded",
    Status.TRASH: "is in the trash",
}


@dataclass(frozen=True, slots=True)
class Told:
    """The order as the shop has it now, and what of this parcel it does not have."""

    document: Node
    order: ChannelOrder
    status: Status
    missing: Mapping[str, int]
    """Line id -> units that are not recorded under the parcel's number."""
    left: int
    """Units that will still have to ship after this parcel."""
    others: tuple[str, ...]
    """Numbers of other parcels with units of the same lines."""

    @property
    def whole(self) -> bool:
        """Whether nothing of this parcel is left to tell."""
        return not self.missing and (self.left > 0 or self.status is not Status.PROCESSING)


def look(document: Node, reader: Reader, shipment: Shipment) -> Told:
    """RemoteRejected where a line of the parcel is none of the order's."""
    order = reader.read(document)
    known = parcels(document.node("order"))
    ours = known.pop(same(shipment.number), {})
    wanted: dict[str, int] = {}
    for line in shipment.lines:
        wanted[line.external_id] = wanted.get(line.external_id, 0) + line.quantity
    if strange := sorted(wanted.keys() - {line.external_id for line in order.lines}):
        raise RemoteRejected(f"order {order.number} has no line {', '.join(strange)}")
    missing = {line: units - ours.get(line, 0) for line, units in wanted.items() if units > ours.get(line, 0)}
    taken = sum((units for lines in (*known.values(), ours, missing) for units in lines.values()), 0)
    left = sum(line.quantity - line.cancelled for line in order.lines) - taken
    others = tuple(number for number, lines in sorted(known.items()) if lines.keys() & wanted.keys())
    return Told(document, order, reader.status(document.node("order")), missing, left, others)


def find(told: Told) -> Confirmed | None:
    return Confirmed(already=True) if told.whole else None


def confirm(api: RestApi, told: Told, shipment: Shipment) -> Confirmed:
    """Note or tracking first, our field and the status last."""
    if told.whole:
        return Confirmed(already=True)
    if told.missing:
        tracks = _tracked(api, shipment) if api.config.get("tracking", "") == "1" else None
        if tracks is not None and same(shipment.number) in tracks and told.status is Status.COMPLETED and not told.others:
            return Confirmed(already=True)  # somebody typed the same number there
        _may_ship(told, shipment, tuple(tracks or ()))
        if tracks is None:
            _note(api, shipment, told.order)
        elif same(shipment.number) not in tracks:
            _track(api, shipment)
    body: dict[str, object] = {}
    if told.missing:
        ours = parcels(told.document.node("order")).get(same(shipment.number), {})
        lines = {line: ours.get(line, 0) + told.missing.get(line, 0) for line in (*ours, *told.missing)}
        body["meta_data"] = [{"key": field(shipment.number), "value": written(lines)}]
    if told.left <= 0 and told.status is Status.PROCESSING:
        body["status"] = Status.COMPLETED.value
    api.write("PUT", f"orders/{shipment.order_external_id}", body, effect=True)
    return Confirmed(already=not told.missing)


def change(api: RestApi, told: Told, shipment: Shipment, replaces: str) -> Confirmed:
    """Put the parcel's number where `replaces` stands; as with a new parcel, our own field comes last."""
    order = told.document.node("order")
    known = parcels(order)
    old = known.get(same(replaces))
    if old is None or same(replaces) == same(shipment.number):
        if told.missing:
            raise RemoteRejected(f"order {told.order.number} was never told under {replaces}")
        return Confirmed(already=True)
    tracks = _tracked(api, shipment) if api.config.get("tracking", "") == "1" else None
    if tracks is None:
        _note(api, shipment, told.order)
    else:
        if same(shipment.number) not in tracks:
            _track(api, shipment)
        if former := tracks.get(same(replaces)):
            path = f"orders/{shipment.order_external_id}/shipment-trackings/{former}"
            api.write("DELETE", path, None, effect=True, space=TRACKING)
    ours = known.get(same(shipment.number), {})
    lines = {line: ours.get(line, 0) + old.get(line, 0) for line in (*ours, *old)}
    meta: list[dict[str, object]] = [{"key": field(shipment.number), "value": written(lines)}]
    # A field without a value is taken away.
    meta += [
        {"id": entry.number("id"), "key": entry.text("key"), "value": None}
        for entry in recorded(order)
        if entry.text("key") == field(replaces)
    ]
    api.write("PUT", f"orders/{shipment.order_external_id}", {"meta_data": meta}, effect=True)
    return Confirmed()


def _may_ship(told: Told, shipment: Shipment, tracks: Sequence[str]) -> None:
    number = told.order.number
    if why := _NOT_NOW.get(told.status):
        raise RemoteRejected(f"order {number} {why} in WooCommerce: {shipment.number} was not told")
    foreign = [track for track in tracks if track != same(shipment.number)]
    if told.status is Status.COMPLETED and not told.others and not parcels(told.document.node("order")) and foreign:
        raise RemoteRejected(f"order {number} is completed: WooCommerce has it under {', '.join(foreign)}")
    room = {line.external_id: line.quantity - line.cancelled for line in told.order.lines}
    for other, lines in parcels(told.document.node("order")).items():
        for line, units in lines.items():
            room[line] = room.get(line, 0) - (units if other != same(shipment.number) else 0)
    ours = parcels(told.document.node("order")).get(same(shipment.number), {})
    short = {line: units for line, units in told.missing.items() if units + ours.get(line, 0) > room.get(line, 0)}
    if short:
        what = f"{sum(short.values())} units of {len(short)} lines of order {number} cannot be told under {shipment.number}"
        why = f"WooCommerce has them under {', '.join(told.others)}" if told.others else "nothing of them is left to ship"
        raise RemoteRejected(f"{what}: {why}")


def _note(api: RestApi, shipment: Shipment, order: ChannelOrder) -> None:
    path = f"orders/{shipment.order_external_id}/notes"
    answer = api.get(path, {"type": "any"})
    if any(same(shipment.number) in same(note.text_or_empty("note")) for note in answer.rows):
        return
    titles = {line.external_id: line.title for line in order.lines}
    goods = "; ".join(f"{titles[line.external_id]} × {line.quantity}" for line in shipment.lines)
    text = f"{shipment.carrier_title or shipment.carrier_code} {shipment.number}: {goods}"
    api.write("POST", path, {"note": text, "customer_note": api.config.get("notify_customer", "1") != "0"}, effect=True)


def _tracked(api: RestApi, shipment: Shipment) -> dict[str, str]:
    """Numbers the extension has for the order, with its ids of them."""
    answer = api.get(f"orders/{shipment.order_external_id}/shipment-trackings", space=TRACKING)
    return {same(row.text_or_empty("tracking_number")): row.text("tracking_id") for row in answer.rows}


def _track(api: RestApi, shipment: Shipment) -> None:
    body = {
        # Names on the extension's own list make its links; ours need not be on it.
        "custom_tracking_provider": shipment.carrier_title or shipment.carrier_code,
        "tracking_number": shipment.number,
        "date_shipped": api.transport.now().strftime("%Y-%m-%d"),
    }
    api.write("POST", f"orders/{shipment.order_external_id}/shipment-trackings", body, effect=True, space=TRACKING)
