"""Long lists of orders, which Shopify prepares as a file of lines.

Whole documents cannot be had this way: a bulk query takes no connection inside a list, and refunds and fulfillments are
lists with connections in them. So the file names the orders and their versions, for the price of one call however many
they are, and each that is not known yet is fetched by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from orderyard.core.channels.api import Found, Window
from orderyard.core.kernel.errors import RateLimited, RemoteNotUnderstood, RemoteRejected, RemoteUnavailable
from orderyard.core.kernel.transport import Request, Transport

from .node import Node, parse
from .pulling import changed_in
from .reading import version
from .wire import AdminApi, refusal, user_errors

HEADS = """{
  orders(query: %s) {
    edges {
      node {
        id
        updatedAt
        edited
        cancelledAt
        closedAt
        transactions(first: 100) {
          status
        }
        fulfillments(first: 100) {
          status
        }
      }
    }
  }
}"""
"""What is asked in bulk, where the search stands in the text itself."""

_WORKING = frozenset(("CREATED", "RUNNING", "CANCELING"))
_BUSY = frozenset(("OPERATION_IN_PROGRESS", "LIMIT_REACHED"))
_PATIENCE = 60.0
"""Seconds between two looks when the shop prepares as many lists as it may."""
_READING = 300.0
"""Seconds for a file of some hundred thousand lines."""


def begin(api: AdminApi, window: Window) -> str:
    """The id of the operation. Begun twice it would only be prepared twice, so no answer means "try again"."""
    search = json.dumps(changed_in(window))
    payload = api.write("bulkOperationRunQuery", {"query": HEADS % search}, effect=False)
    if errors := user_errors(payload):
        if {error.text_or_empty("code") for error in errors} & _BUSY:
            raise RateLimited(refusal(errors), seconds=_PATIENCE, scope="call")
        raise RemoteRejected(refusal(errors), code=errors[0].text_or_empty("code"))
    return payload.node("bulkOperation").text("id")


def read(api: AdminApi, transport: Transport, name: str) -> Iterator[Found] | None:
    """The orders of a list that is ready; an expired or failed one is RemoteRejected."""
    data = api.read("bulkOperation", {"id": name})
    if not data.has("bulkOperation"):
        raise RemoteRejected(f"Shopify knows no list {name}", remedy="ask for it once more")
    operation = data.node("bulkOperation")
    status = operation.text("status")
    if status in _WORKING:
        return None
    if status != "COMPLETED":
        code = operation.text_or_empty("errorCode")
        raise RemoteRejected(f"Shopify's list ended {status} {code}".rstrip(), code=code, remedy="ask for it once more")
    # Where nothing was found there is no file.
    return _lines(transport, operation.text("url")) if operation.has("url") else iter(())


def _lines(transport: Transport, url: str) -> Iterator[Found]:
    """The file lies with another host, which is told no token."""
    response = transport.send(Request("GET", url, seconds=_READING))
    if response.status in (403, 404, 410):
        raise RemoteRejected(f"Shopify's list cannot be had any more ({response.status})", remedy="ask for it once more")
    if response.status != 200:
        raise RemoteUnavailable(f"Shopify's list: HTTP {response.status}")
    orders = [_order(line) for line in response.body.splitlines() if line.strip()]
    return (Found(order.text("id"), version(order)) for order in orders)


def _order(line: bytes) -> Node:
    order = parse(line)
    if not order.text("id").startswith("gid://shopify/Order/"):
        raise RemoteNotUnderstood(f"Shopify's list holds {order.text('id')}, which is no order")
    return order
