"""What the shop can be told: a fulfillment, another number for it, and how much is available.

Refusals and their texts are those recorded from a live shop; the order in which they are found as well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from graphql import GraphQLError
from graphql.execution import get_directive_values

from .books import Books, Item, Order, Parcel, Work, WorkLine
from .graph import Graph, Info
from .paging import View, stamp

_REASONS = (
    "correction, cycle_count_available, damaged, movement_canceled, movement_created, movement_received, movement_updated, "
    "other, promotion, quality_control, received, reservation_created, reservation_deleted, reservation_updated, restock, "
    "safety_stock, shrinkage"
)


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


def inventory_set(graph: Graph, info: Info, at: datetime, told: Mapping[str, Any]) -> View:
    """InventorySetQuantitiesPayload; all rows or none."""
    books = graph.books
    directive = info.schema.get_directive("idempotent")
    values = get_directive_values(directive, info.field_nodes[0], info.variable_values) if directive else None
    if not values:
        raise GraphQLError(
            "The @idempotent directive is required for this mutation but was not provided.", extensions={"code": "BAD_REQUEST"}
        )
    if any("changeFromQuantity" not in row for row in told["quantities"]):
        raise GraphQLError(
            "InventoryQuantityInput must include the following argument: changeFromQuantity.",
            extensions={"code": "INVALID_FIELD_ARGUMENTS"},
        )
    key, said = str(values["key"]), json.dumps(told, sort_keys=True)
    if key in books.answered:
        before, answer = books.answered[key]
        if before != said:
            return _refused(
                [
                    _error(
                        "IDEMPOTENCY_KEY_PARAMETER_MISMATCH",
                        None,
                        "The same idempotency key cannot be used with different operation parameters.",
                    )
                ]
            )
        return dict(answer)
    errors, rows = _checked(books, told)
    answer = _refused(errors) if errors else _set(graph, at, told, rows)
    books.answered[key] = (said, answer)
    return answer


Rows = list[tuple[Item, str, int]]


def _checked(books: Books, told: Mapping[str, Any]) -> tuple[list[View], Rows]:
    errors: list[View] = []
    if told["name"] not in ("available", "on_hand"):
        errors.append(_error("INVALID_NAME", ["input", "name"], "The quantity name must be either 'available' or 'on_hand'."))
    if told["reason"] not in _REASONS.split(", "):
        message = f"The specified reason is invalid. Valid values are: {_REASONS}."
        errors.append(_error("INVALID_REASON", ["input", "reason"], message))
    by_inventory = {item.inventory: item for item in books.items.values()}
    rows: Rows = []
    seen: set[tuple[str, str]] = set()
    for index, row in enumerate(told["quantities"]):
        at = ["input", "quantities", str(index)]
        item, place, quantity = by_inventory.get(row["inventoryItemId"]), row["locationId"], row["quantity"]
        if item is None:
            message = "The specified inventory item could not be found."
            errors.append(_error("INVALID_INVENTORY_ITEM", [*at, "inventoryItemId"], message))
        elif place not in [known.id for known in books.places]:
            errors.append(_error("INVALID_LOCATION", [*at, "locationId"], "The specified location could not be found."))
        elif place not in item.available:
            message = "The specified inventory item is not stocked at the location."
            errors.append(_error("ITEM_NOT_STOCKED_AT_LOCATION", [*at, "locationId"], message))
        elif quantity > 1_000_000_000:
            message = "The quantity can't be higher than 1,000,000,000."
            errors.append(_error("INVALID_QUANTITY_TOO_HIGH", [*at, "quantity"], message))
        elif (item.inventory, place) in seen:
            message = "The combination of inventoryItemId and locationId must be unique."
            errors.append(_error("NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR", [*at, "inventoryItemId"], message))
        elif row["changeFromQuantity"] is not None and row["changeFromQuantity"] != item.available[place]:
            message = "The changeFromQuantity value does not match persisted value."
            errors.append(_error("CHANGE_FROM_QUANTITY_STALE", [*at, "changeFromQuantity"], message))
        else:
            rows.append((item, place, quantity))
            seen.add((item.inventory, place))
    return errors, rows


def _set(graph: Graph, at: datetime, told: Mapping[str, Any], rows: Rows) -> View:
    changes: list[View] = []
    for item, place, quantity in rows:
        delta = quantity - item.available[place]
        item.available[place] = quantity
        graph.books.stock_updates += 1
        where = next(known for known in graph.books.places if known.id == place)
        changes += [
            {
                "name": name,
                "delta": delta,
                "quantityAfterChange": None,
                "item": graph.inventory(item),
                "location": graph.place(where),
            }
            for name in ("available", "on_hand")
            if delta
        ]
    group: View = {
        "id": graph.books.gid("InventoryAdjustmentGroup"),
        "createdAt": stamp(at),
        "reason": told["reason"],
        "referenceDocumentUri": told.get("referenceDocumentUri"),
        "changes": changes,
    }
    return {"inventoryAdjustmentGroup": group, "userErrors": []}


def _refused(errors: list[View]) -> View:
    return {"inventoryAdjustmentGroup": None, "userErrors": errors}


def _error(code: str, field: list[str] | None, message: str) -> View:
    return {"code": code, "field": field, "message": message}
