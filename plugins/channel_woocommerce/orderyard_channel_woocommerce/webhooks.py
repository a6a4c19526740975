"""WooCommerce's pushes: proven over the raw body, believed in nothing but which order to fetch.

The signature is base64(HMAC-SHA256(secret, raw body)) and covers the body alone. Making a webhook sends a ping first, a form of
one field, which is not signed and must be answered with 200: it hints at nothing. The delivery id is a digest of the webhook
and the *second*, so two orders pushed in one second bear the same; with the body it tells deliveries apart.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence

from orderyard.core.channels.api import DocumentKind, Hint
from orderyard.core.kernel.errors import RemoteNotUnderstood, RemoteRejected
from orderyard.core.kernel.transport import Delivery

from .node import parse

_PING = re.compile(rb"webhook_id=\d{1,20}")
_DRAFTS = frozenset({"auto-draft", "checkout-draft"})


def receive(config: Mapping[str, str], delivery: Delivery) -> Sequence[Hint]:
    """The order or product a proven delivery is about; empty for the ping, and for a topic that concerns neither."""
    stated = delivery.headers.get("x-wc-webhook-signature", "")
    if not stated and _PING.fullmatch(delivery.body):
        return ()
    secret = config.get("webhook_secret", "")
    if not secret:
        raise RemoteRejected("no secret is configured to prove pushes with", remedy="enter the webhook's secret")
    proof = base64.b64encode(hmac.digest(secret.encode(), delivery.body, "sha256"))
    if not hmac.compare_digest(proof, stated.encode("utf-8", "replace")):
        raise RemoteRejected("the push's signature does not hold")
    topic = delivery.headers.get("x-wc-webhook-topic", "")
    if not topic.startswith(("order.", "product.")):
        return ()
    body = parse(delivery.body)
    document = body.identity("id")
    if not document or not document.isdecimal():
        raise RemoteNotUnderstood(f"a push about {topic} names no {topic.partition('.')[0]}")
    if body.values.get("status") in _DRAFTS:
        return ()  # the buyer is still at the till
    named = delivery.headers.get("x-wc-webhook-delivery-id", "")
    identity = hashlib.sha256("\0".join((named, topic)).encode("utf-8", "replace") + b"\0" + delivery.body).hexdigest()
    kind = DocumentKind.ORDER if topic.startswith("order.") else DocumentKind.LISTING
    return (Hint(delivery_id=identity, external_id=document, topic=topic, kind=kind),)
