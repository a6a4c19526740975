"""What the shop can be told of stock: how much is available, or by how much that changes.

Refusals and their texts are those recorded from a live shop; the order in which they are found as well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from graphql import GraphQLError
from graphql.execution import get_directive_values

from .books import Books, Item
from .graph import Graph, Info
from .paging import View, stamp

_REASONS = (
    "correction, cycle_count_available, damaged, movement_canceled, movement_created, movement_received, movement_updated, "
    "other, promotion, quality_control, received, reservation_created, reservation_deleted, reservation_updated, restock, "
    "safety_stock, shrinkage"
)


def inventory_set(graph: Graph, info: Info, at: datetime, told: Mapping[str, Any]) -> View:
    """InventorySetQuantitiesPayload; all rows or none."""
    return _once(graph, info, at, told, "quantities", "InventoryQuantityInput")


def inventory_adjust(graph: Graph, info: Info, at: datetime, told: Mapping[str, Any]) -> View:
    """InventoryAdjustQuantitiesPayload; all rows or none."""
    return _once(graph, info, at, told, "changes", "InventoryChangeInput")


def _once(graph: Graph, info: Info, at: datetime, told: Mapping[str, Any], part: str, kind: str) -> View:
    books = graph.books
    directive = info.schema.get_directive("idempotent")
    values = get_directive_values(directive, info.field_nodes[0], info.variable_values) if directive else None
    if not values:
        raise GraphQLError(
            "The @idempotent directive is required for this mutation but was not provided.", extensions={"code": "BAD_REQUEST"}
        )
    if any("changeFromQuantity" not in row for row in told[part]):
        raise GraphQLError(
            f"{kind} must include the following argument: changeFromQuantity.",
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
    errors, rows = _checked(books, told, part)
    answer = _refused(errors) if errors else _set(graph, at, told, rows)
    books.answered[key] = (said, answer)
    return answer


Rows = list[tuple[Item, str, int]]


def _checked(books: Books, told: Mapping[str, Any], part: str) -> tuple[list[View], Rows]:
    errors: list[View] = []
    if told["name"] not in ("available", "on_hand"):
        wrong = "INVALID_NAME" if part == "quantities" else "INVALID_QUANTITY_NAME"
        errors.append(_error(wrong, ["input", "name"], "The quantity name must be either 'available' or 'on_hand'."))
    if told["reason"] not in _REASONS.split(", "):
        message = f"The specified reason is invalid. Valid values are: {_REASONS}."
        errors.append(_error("INVALID_REASON", ["input", "reason"], message))
    by_inventory = {item.inventory: item for item in books.items.values()}
    rows: Rows = []
    seen: set[tuple[str, str]] = set()
    for index, row in enumerate(told[part]):
        at = ["input", part, str(index)]
        item, place = by_inventory.get(row["inventoryItemId"]), row["locationId"]
        before = item.available.get(place, 0) if item else 0
        quantity = row["quantity"] if part == "quantities" else before + row["delta"]
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
