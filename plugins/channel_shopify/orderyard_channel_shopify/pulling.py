"""Finding changed orders, without asking for more than the shop has left to give.

A page with whole documents costs most of what one query may. Where the shop's bucket runs low on the way, the rest of the
walk only names orders and their versions, a hundred to a page for a twentieth of the price: what is known already costs
nothing then, and each of the others is fetched and kept by itself. So a walk that was stopped in the middle gets further
the next time, however many orders the window has.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from orderyard.core.channels.api import Found, Page, Window
from orderyard.core.kernel.errors import RemoteRejected, RemoteUnavailable

from .node import Node
from .reading import version
from .wire import AdminApi

ORDERS_PER_PAGE = 25
LINES_PER_PAGE = 50
"""Together about 910 of the 1000 points one query may cost; a longer order is fetched by itself."""
HEADS_PER_PAGE = 100
LINES_PER_FETCH = 250
"""The most a connection gives at once."""


def pull(api: AdminApi, window: Window, cursor: str | None) -> Page:
    """Oldest change first: an order that changes meanwhile moves behind the cursor or into the next window."""
    asked = {"after": cursor, "query": changed_in(window)}
    if api.low:
        data = api.read("orderHeads", {"first": HEADS_PER_PAGE, **asked})
    else:
        data = api.read("orders", {"first": ORDERS_PER_PAGE, "lines": LINES_PER_PAGE, **asked})
    orders = data.node("orders")
    page = orders.node("pageInfo")
    found = tuple(Found(order.text("id"), version(order), _whole(order)) for order in orders.each("nodes"))
    return Page(found, page.text("endCursor") if page.flag("hasNextPage") else None)


def fetch(api: AdminApi, external_id: str) -> bytes:
    """The order with all its lines, whatever their number."""
    data = api.read("order", {"id": external_id, "lines": LINES_PER_FETCH})
    if not data.has("order"):
        raise RemoteRejected(f"Shopify knows no order {external_id}")
    order = data.node("order")
    connection = order.node("lineItems")
    nodes = [line.values for line in connection.each("nodes")]
    while connection.node("pageInfo").flag("hasNextPage"):
        after = connection.node("pageInfo").text("endCursor")
        more = api.read("orderLines", {"id": external_id, "lines": LINES_PER_FETCH, "after": after}).node("order")
        if more.text("updatedAt") != order.text("updatedAt"):
            raise RemoteUnavailable(f"order {external_id} changed while it was read")
        connection = more.node("lineItems")
        nodes += [line.values for line in connection.each("nodes")]
    whole = {"pageInfo": {"hasNextPage": False, "endCursor": None}, "nodes": nodes}
    return _body({**order.values, "lineItems": whole})


def changed_in(window: Window) -> str:
    """The search for orders that changed inside the window."""
    return f"updated_at:>='{_second(window.since)}' updated_at:<'{_second(window.until, up=True)}'"


def _second(moment: datetime, *, up: bool = False) -> str:
    """Shopify's times have whole seconds: the window's start goes down to one, its end up."""
    whole = moment.astimezone(UTC).replace(microsecond=0)
    if up and whole != moment:
        whole += timedelta(seconds=1)
    return whole.strftime("%Y-%m-%dT%H:%M:%SZ")


def _whole(order: Node) -> bytes | None:
    """The document, unless the page named the order only, or holds it in part."""
    if "lineItems" not in order.values:
        return None
    parts = [order.more("lineItems")]
    parts += [fulfillment.more("fulfillmentLineItems") for fulfillment in order.each("fulfillments")]
    parts += [refund.more("refundLineItems") for refund in order.each("refunds")]
    return None if any(parts) else _body(order.values)


def _body(order: Mapping[str, object]) -> bytes:
    """The document as it is kept: the order alone, field order as the platform gave it."""
    return json.dumps(order, separators=(",", ":")).encode()
