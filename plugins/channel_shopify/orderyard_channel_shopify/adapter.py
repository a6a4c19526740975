"""Shopify as a sales channel, over the GraphQL Admin API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
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
    Memo,
    Page,
    Shipment,
    StockAnswer,
    StockTarget,
    Window,
)
from orderyard.core.kernel.errors import CredentialsRefused, RemoteRejected
from orderyard.core.kernel.transport import Delivery, Transport
from orderyard.core.kernel.values import SettingField

from . import access, backfill, cancelling, claims, items, memos, pulling, shipping, stock, subscriptions, webhooks
from .node import parse
from .reading import read_order
from .wire import AdminApi

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
            "memo_attribute",
            "Custom attribute of staff",
            required=False,
            default="memo",
            help="in it staff write the seller's note",
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
        return pulling.pull(self._api, window, cursor)

    def begin_backfill(self, window: Window) -> str:
        return backfill.begin(self._api, window)

    def backfilled(self, name: str) -> Iterable[Found] | None:
        return backfill.read(self._api, self.transport, name)

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
        return pulling.fetch(self._api, external_id)

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

    def cancel_order(self, external_id: str, because: str) -> bool:
        """Have the platform cancel an order; True once it is cancelled, False while it is still at it: ask again then."""
        return cancelling.cancel(self._api, external_id, because, notify=self._notify)

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

    def write_memo(self, order_external_id: str, memo: Memo) -> None:
        """In a custom attribute of our own, which `read` leaves out, and a tag for the flag."""
        memos.write(self._api, order_external_id, memo)

    def pull_claims(self, window: Window, cursor: str | None = None) -> Page:
        """Returns of the orders that changed inside the window: whatever happens to a return changes its order."""
        return claims.pull(self._api, pulling.changed_in(window), cursor)

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
