"""The shop's pushes: who subscribed to which topic, signing, delivery, and forgetting addresses that stay silent."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import httpx

from orderyard.core.testing.simulator import Chaos, Environment

from .books import Books
from .paging import View, connection

PATIENCE = 9
"""The first delivery and eight retries; then a subscription made by the API is gone."""


@cache
def ssl_context() -> ssl.SSLContext:
    """Made once: reading the certificates takes longer than a push."""
    return ssl.create_default_context()


@dataclass(slots=True)
class Subscription:
    id: str
    topic: str
    uri: str
    format: str = "JSON"
    filter: str = ""
    fields: list[str] = field(default_factory=list)
    failures: int = 0


class Hooks:
    """Pushes of one shop. `everything` is an address of the app's own configuration, which gets every topic."""

    def __init__(
        self, books: Books, domain: str, secret: str, environment: Environment, chaos: Chaos, now: Callable[[], datetime]
    ) -> None:
        self.books = books
        self.domain = domain
        self.secret = secret
        self.everything = ""
        self.subscriptions: dict[str, Subscription] = {}
        self._overtaken: list[tuple[str, Mapping[str, object]]] = []
        self._environment = environment
        self._chaos = chaos
        self._now = now

    # What the graph shows and takes

    def listed(self, **args: Any) -> View:
        """WebhookSubscriptionConnection."""
        return connection(list(self.subscriptions.values()), lambda entry: [entry.id], _view, args)

    def create(self, topic: str, told: Mapping[str, Any]) -> View:
        """WebhookSubscriptionCreatePayload."""
        uri = told.get("uri") or ""
        if refusal := self._wrong(uri, topic, None):
            return refusal
        made = Subscription(self.books.gid("WebhookSubscription"), topic, uri)
        self.subscriptions[made.id] = made
        return _taken(made, told)

    def update(self, id: str, told: Mapping[str, Any]) -> View:
        """WebhookSubscriptionUpdatePayload."""
        entry = self.subscriptions.get(id)
        if entry is None:
            return _refused("Webhook subscription does not exist")
        uri = told.get("uri") or entry.uri
        if refusal := self._wrong(uri, entry.topic, entry):
            return refusal
        entry.uri, entry.failures = uri, 0
        return _taken(entry, told)

    def _wrong(self, uri: str, topic: str, but: Subscription | None) -> View | None:
        if not uri.startswith(("https://", "http://127.0.0.1", "pubsub://", "arn:aws:events:")):
            return _refused("Address is invalid")
        if any(entry.topic == topic and entry.uri == uri and entry is not but for entry in self.subscriptions.values()):
            return _refused("Address for this topic has already been taken")
        return None

    # Delivery

    def push(self, topic: str, content: Mapping[str, object]) -> int:
        """Send a push of this topic to whoever wants it; how many answers were 2xx.

        Without the lock of the shop: whoever takes the push may call back at once. With the trouble `reorder` it waits
        until the next one has gone out.
        """
        if self._chaos.strikes("reorder", topic):
            self._overtaken.append((topic, content))
            return 0
        overtaken, self._overtaken = self._overtaken, []
        return self._send(topic, content) + sum(self._send(*waiting) for waiting in overtaken)

    def _send(self, topic: str, content: Mapping[str, object]) -> int:
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        wanted = topic.replace("/", "_").upper()
        entries = [entry for entry in self.subscriptions.values() if entry.topic == wanted and entry.uri.startswith("http")]
        headers = self.headers(topic, body)
        times = 2 if self._chaos.strikes("duplicate", topic) else 1
        taken = 0
        with httpx.Client(timeout=httpx.Timeout(5.0, connect=1.0), trust_env=False, verify=ssl_context()) as client:
            if self.everything:
                taken += sum(_post(client, self.everything, headers, body) for _ in range(times))
            for entry in entries:
                # Each subscription has deliveries of its own; the event behind them is one.
                own = {**headers, "X-Shopify-Webhook-Id": self._environment.token()}
                done = sum(_post(client, entry.uri, own, body) for _ in range(times))
                taken += done
                entry.failures = 0 if done else entry.failures + 1
                if entry.failures >= PATIENCE:
                    self.subscriptions.pop(entry.id, None)
        return taken

    def headers(self, topic: str, body: bytes) -> dict[str, str]:
        """What stands above a push."""
        return {
            "Content-Type": "application/json",
            "User-Agent": "Shopify-Captain-Hook",
            "X-Shopify-Topic": topic,
            "X-Shopify-Shop-Domain": self.domain,
            "X-Shopify-API-Version": "2026-07",
            "X-Shopify-Hmac-Sha256": base64.b64encode(hmac.new(self.secret.encode(), body, hashlib.sha256).digest()).decode(),
            "X-Shopify-Webhook-Id": self._environment.token(),
            "X-Shopify-Event-Id": self._environment.token(),
            "X-Shopify-Triggered-At": self._now().strftime("%Y-%m-%dT%H:%M:%S.%f000Z"),
        }


def _view(entry: Subscription) -> View:
    return {
        "__typename": "WebhookSubscription",
        "id": entry.id,
        "topic": entry.topic,
        "uri": entry.uri,
        "format": entry.format,
        "filter": entry.filter,
        "includeFields": entry.fields,
    }


def _taken(entry: Subscription, told: Mapping[str, Any]) -> View:
    entry.format = told.get("format") or entry.format
    entry.filter = told["filter"] or "" if "filter" in told else entry.filter
    entry.fields = list(told["includeFields"] or []) if "includeFields" in told else entry.fields
    return {"webhookSubscription": _view(entry), "userErrors": []}


def _refused(message: str) -> View:
    # The path still says callbackUrl, though the field is called uri now: so it was recorded.
    return {"webhookSubscription": None, "userErrors": [{"field": ["webhookSubscription", "callbackUrl"], "message": message}]}


def _post(client: httpx.Client, address: str, headers: Mapping[str, str], body: bytes) -> bool:
    """One delivery as Shopify makes it: 1 s to connect, 5 s in all; anything but a 2xx is a failure."""
    try:
        return client.post(address, headers=dict(headers), content=body).is_success
    except (httpx.HTTPError, httpx.InvalidURL):
        return False
