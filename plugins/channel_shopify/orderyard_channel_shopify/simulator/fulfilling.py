"""What the shop can be told of parcels: a fulfillment, and another number for it.

Refusals and their texts are those recorded from a live shop; the order in which they are found as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from .books import Books, Order, Parcel, Work, WorkLine
from .graph import Graph
from .paging import View


def fulfillment_create(graph: Graph, at: datetime, told: Mapping[str, Any]) -> View:
    """FulfillmentCreatePayload."""
    picked, refusal = _picked(graph.books, told["lineItemsByFulfillmentOrder"])
    if refusal:
        return {"fulfillment": None, "userErrors": [refusal]}
    company, numbers = _tracking(told.get("trackingInfo") or {})
    order = picked[0][0]
    units: dict[str, tuple[WorkLine, int]] = {}
    for _, work, entry, taken in picked:
        entry.remaining -= taken
        entry.line.shipped += taken
        work.status = "IN_PROGRESS" if any(line.remaining for line in work.lines) else "CLOSED"
        units[entry.line.id] = (entry, units.get(entry.line.id, (entry, 0))[1] + taken)
    parcel = Parcel(
        id=graph.books.gid("Fulfillment"),
        at=at,
        company=company,
        numbers=numbers,
        urls=[f"https://track.example/{number}" for number in numbers],
        lines=[(graph.books.gid("FulfillmentLineItem"), entry.line, taken) for entry, taken in units.values()],
    )
    order.parcels.append(parcel)
    order.updated = at
    graph.books.confirmations += 1
    return {"fulfillment": graph.parcel(parcel), "userErrors": []}


def tracking_update(graph: Graph, at: datetime, identity: str, told: Mapping[str, Any]) -> View:
    """FulfillmentTrackingInfoUpdatePayload."""
    for order in graph.books.orders.values():
        for parcel in order.parcels:
            if parcel.id == identity and parcel.status != "CANCELLED":
                parcel.company, parcel.numbers = _tracking(told)
                parcel.urls = [f"https://track.example/{number}" for number in parcel.numbers]
                order.updated = at
                return {"fulfillment": graph.parcel(parcel), "userErrors": []}
    return {"fulfillment": None, "userErrors": [{"field": ["fulfillmentId"], "message": "Fulfillment does not exist."}]}


def _tracking(told: Mapping[str, Any]) -> tuple[str, list[str]]:
    return told.get("company") or "", [number for number in (told.get("numbers") or [told.get("number")]) if number]


Picked = list[tuple[Order, Work, WorkLine, int]]


def _picked(books: Books, groups: Sequence[Mapping[str, Any]]) -> tuple[Picked, View | None]:
    """The units asked for, or the first refusal."""
    for index, group in enumerate(groups):
        for position, wanted in enumerate(group.get("fulfillmentOrderLineItems") or []):
            if wanted["quantity"] <= 0:
                path = ["fulfillment", "lineItemsByFulfillmentOrder", str(index), "fulfillmentOrderLineItems", str(position)]
                return [], {"field": [*path, "quantity"], "message": "Quantity must be greater than 0"}
    every = {work.id: (order, work) for order in books.orders.values() for work in order.work}
    if any(group["fulfillmentOrderId"] not in every for group in groups) or not groups:
        return [], _no("Fulfillment order does not exist.")
    named = [every[group["fulfillmentOrderId"]] for group in groups]
    if len(orders := sorted({order.id for order, _ in named})) > 1:
        return [], _no(
            f"All fulfillment orders must belong to the same order. Multiple orders with ids {_ids(orders)} were found."
        )
    if len(places := sorted({work.place.id for _, work in named})) > 1:
        return [], _no(
            "All fulfillment orders must be assigned to a single location. "
            f"Multiple locations with ids {_ids(places)} were found."
        )
    picked: Picked = []
    for (order, work), group in zip(named, groups, strict=True):
        if work.status not in ("OPEN", "IN_PROGRESS"):
            number = work.id.rsplit("/", 1)[-1]
            return [], _no(f"Fulfillment order {number} has an unfulfillable status= {work.status.lower()}.")
        own = {entry.id: entry for entry in work.lines}
        wanted_lines = group.get("fulfillmentOrderLineItems")
        if wanted_lines is None:
            wanted_lines = [{"id": entry.id, "quantity": entry.remaining} for entry in work.lines if entry.remaining]
        for wanted in wanted_lines:
            if wanted["id"] not in own:
                return [], _no("Fulfillment order line item does not exist.")
            picked.append((order, work, own[wanted["id"]], wanted["quantity"]))
    asked: dict[str, int] = {}
    for _, _, entry, units in picked:
        asked[entry.id] = asked.get(entry.id, 0) + units
        if asked[entry.id] > entry.remaining:
            return [], _no("Invalid fulfillment order line item quantity requested.")
    if not picked:
        return [], _no("Invalid fulfillment order line item quantity requested.")
    return picked, None


def _no(message: str) -> View:
    return {"field": ["fulfillment"], "message": message}


def _ids(gids: Sequence[str]) -> str:
    return "[" + ", ".join(gid.rsplit("/", 1)[-1] for gid in gids) + "]"
