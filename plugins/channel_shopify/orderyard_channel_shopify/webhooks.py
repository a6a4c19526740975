"""Shopify's pushes: proven over the raw body, believed in nothing but which document to fetch.

The signature is base64(HMAC-SHA256(client secret, raw body)). It covers the body alone: topic and shop headers are not
proven, so they only choose where an id is read from. A retry carries the same X-Shopify-Webhook-Id.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence

from orderyard.core.channels.api import DocumentKind, Hint
from orderyard.core.kernel.errors import RemoteNotUnderstood, RemoteRejected
from orderyard.core.kernel.transport import Delivery

from .node import Node, parse
from .wire import shop_domain

ORDER, RETURN, WORK, SHOP, PRODUCT = (
    f"gid://shopify/{kind}/" for kind in ("Order", "Return", "FulfillmentOrder", "Shop", "Product")
)

_OF_AN_ORDER = ("refunds/", "fulfillments/", "order_transactions/")
_OF_A_RETURN = ("returns/", "reverse_deliveries/", "reverse_fulfillment_orders/")
_PRIVATE = ("customers/data_request", "customers/redact", "shop/redact")


def receive(config: Mapping[str, str], delivery: Delivery) -> Sequence[Hint]:
    """What a proven delivery is about; empty for a topic that leads to no document."""
    _prove(config, delivery)
    shop, stated = shop_domain(config), delivery.headers.get("x-shopify-shop-domain", "").lower()
    if shop and stated and shop != stated:
        raise RemoteRejected(f"the push is for {stated}, this connection is {shop}")
    topic = delivery.headers.get("x-shopify-topic", "")
    kind, document = _document(topic, parse(delivery.body))
    if not document:
        return ()
    # Without its id a delivery is told apart by what it says.
    identity = (
        delivery.headers.get("x-shopify-webhook-id") or hashlib.sha256(topic.encode() + b"\0" + delivery.body).hexdigest()
    )
    return (Hint(delivery_id=identity, external_id=document, topic=topic, kind=kind),)


def _prove(config: Mapping[str, str], delivery: Delivery) -> None:
    stated = delivery.headers.get("x-shopify-hmac-sha256", "").encode("utf-8", "replace")
    secrets = [secret for secret in (config.get("client_secret", ""), config.get("client_secret_old", "")) if secret]
    if not secrets:
        raise RemoteRejected("no client secret is configured to prove pushes with", remedy="enter the app's client secret")
    # Both are computed each time, so that the time taken says nothing about which one held.
    proofs = [base64.b64encode(hmac.digest(secret.encode(), delivery.body, "sha256")) for secret in secrets]
    if not any([hmac.compare_digest(proof, stated) for proof in proofs]):  # noqa: C419
        raise RemoteRejected("the push's signature does not hold")


def _document(topic: str, body: Node) -> tuple[DocumentKind, str]:
    if topic in _PRIVATE:
        return DocumentKind.PRIVACY, _concerned(topic, body)
    if topic.startswith(_OF_A_RETURN):
        return _claim(topic, body)
    if topic.startswith("products/"):
        return DocumentKind.LISTING, _own(body, PRODUCT)
    return DocumentKind.ORDER, _order(topic, body)


def _order(topic: str, body: Node) -> str:
    """The order; or what stands for it until it is fetched: its fulfillment order, or the shop that may be gone."""
    if topic.startswith("orders/") and topic != "orders/delete":
        return _own(body, ORDER)
    if topic.startswith(_OF_AN_ORDER):
        if body.has("order_id"):
            return _gid(body, "order_id", ORDER)
        raise RemoteNotUnderstood(f"a push about {topic} names no order")
    if topic.startswith("fulfillment_orders/"):
        return _somewhere(body, ORDER) or _somewhere(body, WORK) or _nothing(topic)
    return _own(body, SHOP) if topic == "app/uninstalled" else ""


def _claim(topic: str, body: Node) -> tuple[DocumentKind, str]:
    """The return; a push of its goods that names only the order leads there, and to the return by the next pull."""
    if topic.startswith("returns/"):
        return DocumentKind.CLAIM, _own(body, RETURN)
    if found := _somewhere(body, RETURN):
        return DocumentKind.CLAIM, found
    return DocumentKind.ORDER, _somewhere(body, ORDER)


def _concerned(topic: str, body: Node) -> str:
    """Who is to be told about or forgotten: a customer, by what the platform knows of him, or the whole shop."""
    if topic != "shop/redact" and body.has("customer"):
        customer = body.node("customer")
        if customer.has("id"):
            return _gid(customer, "id", "gid://shopify/Customer/")
        if known := customer.text_or_empty("email") or customer.text_or_empty("phone"):
            return known
    return body.text_or_empty("shop_domain") or _nothing(topic)


def _own(body: Node, kind: str) -> str:
    """The id of what the body is, which newer ones state whole."""
    identity = body.text_or_empty("admin_graphql_api_id")
    return identity if _is(identity, kind) else _gid(body, "id", kind)


def _somewhere(body: Node, kind: str) -> str:
    """The first id of this kind anywhere in the body: where it stands differs from topic to topic."""
    return next((text for text in _texts(body.values) if _is(text, kind)), "")


def _texts(value: object) -> Iterator[str]:
    waiting = [value]
    while waiting:
        entry = waiting.pop(0)
        if isinstance(entry, str):
            yield entry
        elif isinstance(entry, Mapping):
            waiting += entry.values()
        elif isinstance(entry, list):
            waiting += entry


def _is(text: str, kind: str) -> bool:
    return re.fullmatch(re.escape(kind) + r"[0-9]{1,20}", text) is not None


def _nothing(topic: str) -> str:
    raise RemoteNotUnderstood(f"a push about {topic} names nothing to look at")


def _gid(body: Node, name: str, kind: str) -> str:
    """Ids are larger than 2^53: whole here, and text from now on."""
    number = body.number(name)
    if not 0 < number < 10**20:
        raise RemoteNotUnderstood(f"{name} is no id: {number}")
    return f"{kind}{number}"
