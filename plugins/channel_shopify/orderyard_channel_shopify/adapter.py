"""Shopify as a sales channel, over the GraphQL Admin API."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from orderyard.core.channels.api import (
    Ability,
    Channel,
    ChannelOrder,
    Claim,
    ClaimAnswer,
    Confirmed,
    Found,
    Grant,
    Hint,
    ItemPage,
    Page,
    Shipment,
    StockAnswer,
    StockTarget,
    Window,
)
from orderyard.core.kernel.errors import CredentialsRefused, RemoteRejected, RemoteUnavailable
from orderyard.core.kernel.transport import Delivery, Transport
from orderyard.core.kernel.values import SettingField

from . import access, claims, items, shipping, stock, subscriptions, webhooks
from .node import Node, parse
from .reading import read_order, version
from .wire import AdminApi

ORDERS_PER_PAGE = 25
LINES_PER_PAGE = 50
"""Together about 860 of the 1000 points one query may cost; a longer order is fetched by itself."""
LINES_PER_FETCH = 250
"""The most a connection gives at once."""
COD_GATEWAY = "Cash on Delivery (COD)"


class Shopify(Channel):
    """One Shopify shop. External ids are Shopify's global ids (`gid://shopify/Order/…`)."""

    name: ClassVar[str] = "channel_shopify"
    title: ClassVar[str] = "Shopify"
    settings: ClassVar[tuple[SettingField, ...]] = (
        SettingField("shop", "Shop domain", help="my-shop.myshopify.com"),
        SettingField("client_id", "Client id", required=False, help="of the app; to ask for access"),
        SettingField(
            "client_secret",
            "Client secret",
            secret=True,
            required=False,
            help="proves webhooks, and us when access is asked for",
        ),
        SettingField(
            "client_secret_old", "Former client secret", secret=True, required=False, help="accepted too while it is rotated"
        ),
        SettingField(
            "grant",
            "Access is",
            required=False,
            default="code",
            help="code: given on Shopify's page; client_credentials: to an app of the shop's own organisation",
        ),
        SettingField("access_token", "Admin API access token", secret=True, required=False, help="fetched, or typed in"),
        SettingField(
            "refresh_token", "Refresh token", secret=True, required=False, help="fetched with an access token that ends"
        ),
        SettingField("location_id", "Location", required=False, help="gid://shopify/Location/…; empty: the first active one"),
        SettingField(
            "stock_by",
            "Stock is",
            required=False,
            default="set",
            help="set: to our number; adjust: by the difference to theirs",
        ),
        SettingField("notify_customer", "Let Shopify mail the buyer", required=False, default="1", help="1 or 0"),
        SettingField("cod_gateways", "Cash-on-delivery gateways", required=False, default=COD_GATEWAY, help="by comma"),
        SettingField(
            "memo_attribute", "Custom attribute of staff", required=False, default="memo", help="holds the seller's note"
        ),
        SettingField("base_url", "Address", required=False, help="only for a simulator or a proxy"),
    )
    ability: ClassVar[Ability] = Ability(
        span=timedelta(days=7),
        # Orders are found through a search index that may be late; webhooks tell of them meanwhile, and what both
        # missed is in the part of the window that is asked for again.
        lag=timedelta(0),
        overlap=timedelta(minutes=5),
        tracking_per="quantity",
        stock_batch=100,
    )

    def __init__(self, settings: Mapping[str, str], transport: Transport) -> None:
        super().__init__(settings, transport)
        self._api = AdminApi(settings, transport)

    def pull(self, window: Window, cursor: str | None = None) -> Page:
        """Oldest change first: an order that changes meanwhile moves behind the cursor or into the next window."""
        data = self._api.read(
            "orders",
            {
                "first": ORDERS_PER_PAGE,
                "after": cursor,
                "query": _changed_in(window),
                "lines": LINES_PER_PAGE,
            },
        )
        orders = data.node("orders")
        page = orders.node("pageInfo")
        found = tuple(
            Found(order.text("id"), version(order), None if _is_long(order) else _body(order.values))
            for order in orders.each("nodes")
        )
        return Page(found, page.text("endCursor") if page.flag("hasNextPage") else None)

    def fetch(self, external_id: str) -> bytes:
        """The order with all its lines, whatever their number; also by the id of one of its fulfillment orders.

        Asked for a shop, whose push said that the app was taken out, it finds out whether that is so.
        """
        if external_id.startswith(webhooks.SHOP):
            raise RemoteRejected(f"the app is still installed: {access.who(self._api)}", remedy="give this push up")
        if external_id.startswith(webhooks.WORK):
            work = self._api.read("orderOfWork", {"id": external_id})
            if not work.has("fulfillmentOrder"):
                raise RemoteRejected(f"Shopify knows no fulfillment order {external_id}")
            external_id = work.node("fulfillmentOrder").text("orderId")
        data = self._api.read("order", {"id": external_id, "lines": LINES_PER_FETCH})
        if not data.has("order"):
            raise RemoteRejected(f"Shopify knows no order {external_id}")
        order = data.node("order")
        connection = order.node("lineItems")
        nodes = [line.values for line in connection.each("nodes")]
        while connection.node("pageInfo").flag("hasNextPage"):
            after = connection.node("pageInfo").text("endCursor")
            more = self._api.read("orderLines", {"id": external_id, "lines": LINES_PER_FETCH, "after": after}).node("order")
            if more.text("updatedAt") != order.text("updatedAt"):
                raise RemoteUnavailable(f"order {external_id} changed while it was read")
            connection = more.node("lineItems")
            nodes += [line.values for line in connection.each("nodes")]
        whole = {"pageInfo": {"hasNextPage": False, "endCursor": None}, "nodes": nodes}
        return _body({**order.values, "lineItems": whole})

    def read(self, body: bytes) -> ChannelOrder:
        gateways = self.config.get("cod_gateways") or COD_GATEWAY
        return read_order(
            parse(body),
            tuple(name.strip().lower() for name in gateways.split(",") if name.strip()),
            self.config.get("memo_attribute", "memo"),
        )

    def confirm_shipment(self, shipment: Shipment, key: str) -> Confirmed:
        """One call per location; a parcel that is partly known is completed. `key` is not needed: the number is the key."""
        return shipping.confirm(
            self._api,
            shipment,
            location=self._configured_location(),
            notify=self._notify,
        )

    def change_shipment(self, shipment: Shipment, replaces: str, key: str) -> Confirmed:
        """Shopify mails the buyer the new number if it mailed the old one."""
        return shipping.change(self._api, shipment, replaces, location=self._configured_location(), notify=self._notify)

    def find_shipment(self, shipment: Shipment) -> Confirmed | None:
        return shipping.find(self._api, shipment)

    def push_stock(self, targets: Sequence[StockTarget], key: str) -> Sequence[StockAnswer]:
        """At the connection's location; listings are known by their variant id only."""
        if not targets:
            return ()
        adjust = self.config.get("stock_by", "set") == "adjust"
        return stock.push(self._api, self._location(), targets, key, adjust=adjust)

    def list_items(self, cursor: str | None = None) -> ItemPage:
        """The number of a variant is its sum over all locations, as buyers see it."""
        return items.list_page(self._api, cursor)

    def pull_claims(self, window: Window, cursor: str | None = None) -> Page:
        """Returns of the orders that changed inside the window: whatever happens to a return changes its order."""
        return claims.pull(self._api, _changed_in(window), cursor)

    def fetch_claim(self, external_id: str) -> bytes:
        return claims.fetch(self._api, external_id)

    def read_claim(self, body: bytes) -> Claim:
        return claims.read(parse(body))

    def answer_claim(self, answer: ClaimAnswer, key: str) -> None:
        """The call has no key: a request can be answered once, and one that stands as answered is no error."""
        claims.answer(self._api, answer, notify=self._notify)

    def receive(self, delivery: Delivery) -> Sequence[Hint]:
        return webhooks.receive(self.config, delivery)

    def subscribe(self, address: str) -> Sequence[str]:
        """All but the privacy topics, which stand in the app's configuration."""
        return subscriptions.subscribe(self._api, address)

    def consent_page(self, back: str, state: str) -> str:
        return access.consent_page(self.config, back, state)

    def exchange(self, answer: Mapping[str, str], back: str) -> Grant:
        return access.exchange(self.config, self.transport, answer)

    def renew(self) -> Grant | None:
        return access.renew(self.config, self.transport)

    def who(self) -> str:
        return access.who(self._api)

    @property
    def _notify(self) -> bool:
        return self.config.get("notify_customer", "1") != "0"

    def _location(self) -> str:
        return self._configured_location() or stock.sole_location(self._api)

    def _configured_location(self) -> str:
        """The location of the settings as a global id, empty when none is set."""
        configured = self.config.get("location_id", "").strip()
        if configured.isdecimal():
            return f"gid://shopify/Location/{configured}"
        if configured and not configured.startswith("gid://shopify/Location/"):
            raise CredentialsRefused(f"{configured!r} is no location", remedy="write it as gid://shopify/Location/…")
        return configured


def _changed_in(window: Window) -> str:
    """The search for orders that changed inside the window."""
    return f"updated_at:>='{_second(window.since)}' updated_at:<'{_second(window.until, up=True)}'"


def _second(moment: datetime, *, up: bool = False) -> str:
    """Shopify's times have whole seconds: the window's start goes down to one, its end up."""
    whole = moment.astimezone(UTC).replace(microsecond=0)
    if up and whole != moment:
        whole += timedelta(seconds=1)
    return whole.strftime("%Y-%m-%dT%H:%M:%SZ")


def _is_long(order: Node) -> bool:
    """Whether a page of the pull does not hold the whole order."""
    parts = [order.more("lineItems")]
    parts += [fulfillment.more("fulfillmentLineItems") for fulfillment in order.each("fulfillments")]
    parts += [refund.more("refundLineItems") for refund in order.each("refunds")]
    return any(parts)


def _body(order: Mapping[str, object]) -> bytes:
    """The document as it is kept: the order alone, field order as the platform gave it."""
    return json.dumps(order, separators=(",", ":")).encode()
