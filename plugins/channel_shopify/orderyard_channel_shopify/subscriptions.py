"""Keeping Shopify told where to push: it deletes a subscription whose address failed for four hours.

The three privacy topics cannot be subscribed to here; their addresses stand in the app's own configuration.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from orderyard.core.kernel.errors import RemoteRejected

from .node import Node
from .wire import AdminApi, refusal, user_errors

TOPICS = (
    "APP_UNINSTALLED",
    "FULFILLMENTS_CREATE",
    "FULFILLMENTS_UPDATE",
    "FULFILLMENT_ORDERS_CANCELLED",
    "FULFILLMENT_ORDERS_HOLD_RELEASED",
    "FULFILLMENT_ORDERS_MERGED",
    "FULFILLMENT_ORDERS_MOVED",
    "FULFILLMENT_ORDERS_PLACED_ON_HOLD",
    "FULFILLMENT_ORDERS_RESCHEDULED",
    "FULFILLMENT_ORDERS_SPLIT",
    "ORDERS_CANCELLED",
    "ORDERS_CREATE",
    "ORDERS_EDITED",
    "ORDERS_PAID",
    "ORDERS_UPDATED",
    "PRODUCTS_CREATE",
    "PRODUCTS_DELETE",
    "PRODUCTS_UPDATE",
    "REFUNDS_CREATE",
    "RETURNS_APPROVE",
    "RETURNS_CANCEL",
    "RETURNS_CLOSE",
    "RETURNS_DECLINE",
    "RETURNS_REOPEN",
    "RETURNS_REQUEST",
    "RETURNS_UPDATE",
    "REVERSE_DELIVERIES_ATTACH_DELIVERABLE",
    "REVERSE_FULFILLMENT_ORDERS_DISPOSE",
)
"""What leads to a document that is fetched, or to the offers being read again. Stock is ours to say: nothing is asked of it."""


def subscribe(api: AdminApi, address: str) -> Sequence[str]:
    """Have every topic pushed to `address`, whole and as JSON; the topics that had to be mended.

    A subscription that goes to the same path of another host is ours from before we moved, and is moved as well; any
    other one is somebody else's and stays.
    """
    known = _known(api)
    mended = []
    for topic in TOPICS:
        ours = [entry for entry in known if entry.text("topic") == topic and _same_path(entry.text("uri"), address)]
        if any(entry.text("uri") == address and _whole(entry) for entry in ours):
            continue
        wanted: dict[str, object] = {"uri": address, "format": "JSON", "includeFields": [], "filter": ""}
        if ours:
            mending = next((entry for entry in ours if entry.text("uri") == address), ours[0])
            # Made a second time it would be refused, and nothing would be done twice: no answer means "try again".
            payload = api.write("webhookSubscriptionUpdate", {"id": mending.text("id"), "subscription": wanted}, effect=False)
        else:
            payload = api.write("webhookSubscriptionCreate", {"topic": topic, "subscription": wanted}, effect=False)
        if errors := user_errors(payload):
            raise RemoteRejected(
                f"{topic} at {address}: {refusal(errors)}", remedy="the address must be reachable by https from outside"
            )
        mended.append(topic)
    return mended


def _known(api: AdminApi) -> list[Node]:
    found: list[Node] = []
    after: str | None = None
    while True:
        subscriptions = api.read("webhookSubscriptions", {"after": after}).node("webhookSubscriptions")
        found += subscriptions.each("nodes")
        page = subscriptions.node("pageInfo")
        if not page.flag("hasNextPage"):
            return found
        after = page.text("endCursor")


def _same_path(uri: str, address: str) -> bool:
    return uri.startswith(("http://", "https://")) and urlsplit(uri).path == urlsplit(address).path


def _whole(entry: Node) -> bool:
    return entry.text("format") == "JSON" and not entry.text_or_empty("filter") and not entry.texts("includeFields")
