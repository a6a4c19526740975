"""Changing an order: its attributes and tags at once, cancelling it in the background a little later.

Refusals have the recorded words.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from .books import Order
from .graph import Graph
from .paging import View

TAKES = timedelta(seconds=2)


def order_cancel(graph: Graph, at: datetime, told: Mapping[str, Any]) -> View:
    """OrderCancelPayload."""
    order = graph.books.orders.get(told["orderId"])
    if refusal := _refusal(order, told):
        return {"job": None, "orderCancelUserErrors": [refusal]}
    if order is not None:
        order.cancelling = (at + TAKES, bool(told.get("refundMethod")), told["restock"])
    return {"job": {"id": graph.books.gid("Job"), "done": False}, "orderCancelUserErrors": []}


def order_update(graph: Graph, at: datetime, told: Mapping[str, Any]) -> View:
    """OrderUpdatePayload; a list that is named is replaced whole."""
    order = graph.books.orders.get(told["id"])
    if order is None:
        return {"order": None, "userErrors": [{"field": ["id"], "message": "Order does not exist"}]}
    if "customAttributes" in told:
        order.attributes = {entry["key"]: entry["value"] for entry in told["customAttributes"] or []}
    if "tags" in told:
        order.tags = list(dict.fromkeys(told["tags"] or []))
    order.updated = at
    return {"order": graph.order(order), "userErrors": []}


def _refusal(order: Order | None, told: Mapping[str, Any]) -> View | None:
    if len(told.get("staffNote") or "") > 255:
        return _error("staffNote", "Staff note is too long. Maximum length is 255 characters.")
    if "refund" in told and "refundMethod" in told:
        return _error("refund", "Only one of the arguments `refund` or `refund_method` is allowed.")
    if order is None:
        return _error("orderId", "Order does not exist", "NOT_FOUND")
    if order.cancelled:
        return _error("orderId", "Cannot cancel an order that has already been canceled")
    if order.cancelling:
        return _error("orderId", "Cancellation is already in progress")
    if order.parcels:
        return _error("orderId", "Cannot cancel an order that has outstanding fulfillments")
    return None


def _error(field: str, message: str, code: str = "INVALID") -> View:
    return {"code": code, "field": [field], "message": message}
