"""Shopify's pushes: proven over the raw body, believed in nothing but which order to fetch.

The signature is base64(HMAC-SHA256(client secret, raw body)). It covers the body alone: topic and shop headers are not
proven, so they only choose where the order's id is read from. A retry carries the same X-Shopify-Webhook-Id.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence

from orderyard.core.channels.api import Hint
from orderyard.core.kernel.errors import RemoteNotUnderstood, RemoteRejected
from orderyard.core.kernel.transport import Delivery

from .node import Node, parse
from .wire import shop_domain

_ORDER = re.compile(r"gid://shopify/Order/\d{1,20}")
_OF_AN_ORDER = ("refunds/", "fulfillments/", "order_transactions/", "returns/")


def receive(config: Mapping[str, str], delivery: Delivery) -> Sequence[Hint]:
    """The order a proven delivery is about; empty for a topic that concerns no order."""
    _prove(config, delivery)
    shop, stated = shop_domain(config), delivery.headers.get("x-shopify-shop-domain", "").lower()
    if shop and stated and shop != stated:
        raise RemoteRejected(f"the push is for {stated}, this connection is {shop}")
    topic = delivery.headers.get("x-shopify-topic", "")
    body = parse(delivery.body)
    order = _order(topic, body)
    if not order:
        return ()
    # Without its id a delivery is told apart by what it says.
    identity = (
        delivery.headers.get("x-shopify-webhook-id") or hashlib.sha256(topic.encode() + b"\0" + delivery.body).hexdigest()
    )
    return (Hint(delivery_id=identity, external_id=order, topic=topic),)


def _prove(config: Mapping[str, str], delivery: Delivery) -> None:
    stated = delivery.headers.get("x-shopify-hmac-sha256", "").encode("utf-8", "replace")
    secrets = [secret for secret in (config.get("client_secret", ""), config.get("client_secret_old", "")) if secret]
    if not secrets:
        raise RemoteRejected("no client secret is configured to prove pushes with", remedy="enter the app's client secret")
    # Both are computed each time, so that the time taken says nothing about which one held.
    proofs = [base64.b64encode(hmac.digest(secret.encode(), delivery.body, "sha256")) for secret in secrets]
    if not any([hmac.compare_digest(proof, stated) for proof in proofs]):  # noqa: C419
        raise RemoteRejected("the push's signature does not hold")


def _order(topic: str, body: Node) -> str:
    if topic.startswith("orders/") and topic != "orders/delete":
        if _ORDER.fullmatch(identity := body.text_or_empty("admin_graphql_api_id")):
            return identity
        return _gid(body, "id")
    if topic.startswith(_OF_AN_ORDER):
        if body.has("order_id"):
            return _gid(body, "order_id")
        if body.has("order"):
            return _order("orders/updated", body.node("order"))
        raise RemoteNotUnderstood(f"a push about {topic} names no order")
    return ""


def _gid(body: Node, name: str) -> str:
    """Ids are larger than 2^53: whole here, and text from now on."""
    number = body.number(name)
    if not 0 < number < 10**20:
        raise RemoteNotUnderstood(f"{name} is no id: {number}")
    return f"gid://shopify/Order/{number}"
