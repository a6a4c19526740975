"""Telling Shopify that a parcel left.

A fulfillment is made of fulfillment orders, all of one order and one location, whose ids do not last (a hold, a move or a
split replaces them): they are read again before each call, and once more when a call is refused because one was replaced
just then. The call has no idempotency key, so what the shop already knows under our waybill number is looked up first, and
only what is missing is sent. One number may stand on parcels of several orders: each order is told by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from orderyard.core.channels.api import Confirmed, Shipment
from orderyard.core.kernel.errors import RemoteRejected, RemoteUnavailable

from .node import Node
from .reading import FulfillmentState
from .wire import AdminApi, refusal, user_errors

# Our carrier codes -> names on Shopify's list of tracking companies: it builds the tracking link from them.
_COMPANIES = {
    "SF": "SF Express",
    "UPS": "UPS",
    "USPS": "USPS",
    "FEDEX": "FedEx",
    "DHL": "DHL Express",
    "DPD": "DPD",
    "GLS": "GLS",
    "TNT": "TNT",
    "YUN": "YunExpress",
    "4PX": "4PX",
    "EMS": "China Post",
}

_LOOKS = 4
"""So often a call is made on what was read just before; staff who keep changing an order are waited for."""


class FulfillmentOrderState(StrEnum):
    """FulfillmentOrderStatus."""

    CANCELLED = "CANCELLED"
    CLOSED = "CLOSED"
    INCOMPLETE = "INCOMPLETE"
    IN_PROGRESS = "IN_PROGRESS"
    ON_HOLD = "ON_HOLD"
    OPEN = "OPEN"
    SCHEDULED = "SCHEDULED"


@dataclass(frozen=True, slots=True)
class _Known:
    """What the shop says about an order's fulfillment now."""

    order: Node
    under_number: Mapping[str, int]
    """Line id -> units fulfilled under our number."""
    elsewhere: Mapping[str, tuple[str, ...]]
    """Line id -> other numbers under which units of it were fulfilled."""
    remote_id: str


@dataclass(slots=True)
class _Group:
    """Fulfillment orders of one location."""

    location: str
    parts: dict[str, dict[str, int]] = field(default_factory=dict)
    """Fulfillment order id -> its line id -> units."""


def find(api: AdminApi, shipment: Shipment) -> Confirmed | None:
    """Whether the shop knows the whole of this parcel under its number."""
    if not shipment.lines:
        return None
    known = _known(api, shipment)
    return Confirmed(already=True, remote_id=known.remote_id) if not _missing(shipment, known) else None


def confirm(api: AdminApi, shipment: Shipment, *, location: str, notify: bool) -> Confirmed:
    """Send what the shop does not yet know under this number; one call per location, `location` first."""
    if not shipment.number.strip() or not shipment.lines:
        raise RemoteRejected("a shipment needs a waybill number and lines to be told to Shopify")
    made, refused, before = "", "", None
    for _ in range(_LOOKS):
        known = _known(api, shipment)
        missing = _missing(shipment, known)
        if not missing:
            return Confirmed(already=not made, remote_id=known.remote_id)
        calls = [_input(shipment, group, notify) for group in _groups(shipment, known, missing, location)]
        if calls == before:  # nothing was replaced since the refusal: it is meant
            raise RemoteRejected(refused)
        before = calls
        for call in calls:
            payload = api.write("fulfillmentCreate", {"fulfillment": call})
            if errors := user_errors(payload):
                refused = refusal(errors)
                break
            made = payload.node("fulfillment").text("id")
        else:
            return Confirmed(remote_id=made)
    raise RemoteUnavailable(f"the fulfillment orders of {shipment.order_external_id} keep changing: {refused}")


def change(api: AdminApi, shipment: Shipment, replaces: str, *, location: str, notify: bool) -> Confirmed:
    """Put our number in the place of `replaces` wherever the order has it, and complete what is then not whole."""
    if not shipment.number.strip() or not shipment.lines:
        raise RemoteRejected("a shipment needs a waybill number and lines to be told to Shopify")
    known = _known(api, shipment)
    if not _missing(shipment, known):
        return Confirmed(already=True, remote_id=known.remote_id)
    under = [entry for entry in _counting(known.order) if _same(replaces) in map(_same, _numbers(entry))]
    if not under and not known.under_number:
        there = sorted({number for numbers in known.elsewhere.values() for number in numbers})
        raise RemoteRejected(f"Shopify has no parcel {replaces} of this order, only {', '.join(there) or 'none at all'}")
    for entry in under:
        numbers = [shipment.number if _same(number) == _same(replaces) else number for number in _numbers(entry)]
        tracking: dict[str, object] = {"company": _company(shipment)}
        tracking |= {"numbers": numbers} if len(numbers) > 1 else {"number": numbers[0]}
        payload = api.write("fulfillmentTrackingInfoUpdate", {"id": entry.text("id"), "tracking": tracking, "notify": notify})
        if errors := user_errors(payload):
            raise RemoteRejected(refusal(errors))
    whole = confirm(api, shipment, location=location, notify=notify)
    return Confirmed(remote_id=whole.remote_id)


def _known(api: AdminApi, shipment: Shipment) -> _Known:
    data = api.read("fulfillmentOrders", {"id": shipment.order_external_id})
    if not data.has("order"):
        raise RemoteRejected(f"Shopify knows no order {shipment.order_external_id}")
    order = data.node("order")
    ours: dict[str, int] = {}
    others: dict[str, tuple[str, ...]] = {}
    remote_id = ""
    for fulfillment in _counting(order):
        numbers = _numbers(fulfillment)
        mine = _same(shipment.number) in map(_same, numbers)
        remote_id = fulfillment.text("id") if mine else remote_id
        for entry in fulfillment.connection("fulfillmentLineItems"):
            line = entry.node("lineItem").text("id")
            if mine:
                ours[line] = ours.get(line, 0) + entry.number("quantity")
            else:
                others[line] = (*others.get(line, ()), *(number or "no number" for number in numbers or [""]))
    return _Known(order, ours, others, remote_id)


def _counting(order: Node) -> list[Node]:
    """The fulfillments that have left or are on their way out."""
    return [entry for entry in order.each("fulfillments") if entry.choice("status", FulfillmentState).counts]


def _numbers(fulfillment: Node) -> list[str]:
    return [tracking.text_or_empty("number") for tracking in fulfillment.each("trackingInfo")]


def _same(number: str) -> str:
    return number.replace(" ", "").upper()


def _missing(shipment: Shipment, known: _Known) -> dict[str, int]:
    """Line id -> units of the parcel the shop does not know under its number."""
    wanted: dict[str, int] = {}
    for line in shipment.lines:
        wanted[line.external_id] = wanted.get(line.external_id, 0) + line.quantity
    left = {line: units - known.under_number.get(line, 0) for line, units in wanted.items()}
    return {line: units for line, units in left.items() if units > 0}


def _groups(shipment: Shipment, known: _Known, missing: Mapping[str, int], location: str) -> list[_Group]:
    """Which units of which fulfillment order to fulfill; RemoteRejected with the reason when they cannot all be."""
    left = dict(missing)
    groups: dict[str, _Group] = {}
    holds: list[str] = []
    candidates = sorted(known.order.connection("fulfillmentOrders"), key=lambda candidate: _location(candidate) != location)
    for candidate in candidates:
        actions = [entry.text("action") for entry in candidate.each("supportedActions")]
        state = candidate.choice("status", FulfillmentOrderState)
        open_now = state in (FulfillmentOrderState.OPEN, FulfillmentOrderState.IN_PROGRESS) and "CREATE_FULFILLMENT" in actions
        for entry in candidate.connection("lineItems"):
            line, remaining = entry.node("lineItem").text("id"), entry.number("remainingQuantity")
            units = min(left.get(line, 0), remaining)
            if units <= 0:
                continue
            if not open_now:
                reasons = [hold.text_or_empty("displayReason") for hold in candidate.each("fulfillmentHolds")]
                holds.append(", ".join([state.value.lower().replace("_", " "), *reasons]))
                continue
            left[line] -= units
            group = groups.setdefault(_location(candidate), _Group(_location(candidate)))
            group.parts.setdefault(candidate.text("id"), {})[entry.text("id")] = units
    short = {line: units for line, units in left.items() if units > 0}
    if short:
        raise RemoteRejected(_why_not(shipment, known, short, holds))
    return list(groups.values())


def _location(candidate: Node) -> str:
    assigned = candidate.node("assignedLocation")
    return assigned.node("location").text("id") if assigned.has("location") else assigned.text("name")


def _why_not(shipment: Shipment, known: _Known, short: Mapping[str, int], holds: list[str]) -> str:
    what = f"{sum(short.values())} units of {len(short)} lines cannot be fulfilled under {shipment.number}"
    numbers = sorted({number for line in short for number in known.elsewhere.get(line, ())})
    if numbers:
        return f"{what}: Shopify has them under {', '.join(numbers)}"
    if holds:
        return f"{what}: their fulfillment order is {'; '.join(sorted(set(holds)))}"
    return f"{what}: nothing of them is left to ship"


def _input(shipment: Shipment, group: _Group, notify: bool) -> dict[str, object]:
    """FulfillmentInput."""
    return {
        "lineItemsByFulfillmentOrder": [
            {
                "fulfillmentOrderId": fulfillment_order,
                "fulfillmentOrderLineItems": [{"id": line, "quantity": units} for line, units in lines.items()],
            }
            for fulfillment_order, lines in group.parts.items()
        ],
        "notifyCustomer": notify,
        "trackingInfo": {
            "company": _company(shipment),
            "number": shipment.number,
        },
    }


def _company(shipment: Shipment) -> str:
    return _COMPANIES.get(shipment.carrier_code.upper(), shipment.carrier_title or shipment.carrier_code)
