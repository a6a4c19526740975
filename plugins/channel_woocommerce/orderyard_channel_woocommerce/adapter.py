"""WooCommerce as a sales channel, over the REST API v3."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import ClassVar

from orderyard.core.channels.api import (
    Ability,
    Channel,
    ChannelOrder,
    Confirmed,
    Hint,
    ItemPage,
    Page,
    Shipment,
    StockAnswer,
    StockTarget,
    Window,
)
from orderyard.core.kernel.errors import RemoteRejected
from orderyard.core.kernel.transport import Delivery, Transport
from orderyard.core.kernel.values import SettingField

from . import items, pulling, shipping, stock, subscriptions, webhooks
from .node import parse
from .reading import Reader, envelope
from .wire import RestApi

_SETTLED = frozenset(("completed", "refunded"))
_VOID = frozenset(("cancelled", "failed", "trash"))
_ID = re.compile(r"[1-9]\d{0,18}")


class WooCommerce(Channel):
    """One shop. External ids are WordPress ids, numbers on the wire and text here."""

    name: ClassVar[str] = "channel_woocommerce"
    title: ClassVar[str] = "WooCommerce"
    settings: ClassVar[tuple[SettingField, ...]] = (
        SettingField("url", "Shop's address", help="https://shop.example, with its folder if it has one"),
        SettingField("consumer_key", "Consumer key", secret=True, help="ck_…, with read and write access"),
        SettingField("consumer_secret", "Consumer secret", secret=True, help="cs_…"),
        SettingField("webhook_secret", "Webhook secret", secret=True, required=False, help="proves pushes"),
        SettingField(
            "auth", "Keys in", required=False, default="header", help="header, or query where the server drops the header"
        ),
        SettingField(
            "tracking", "Extension Shipment Tracking", required=False, default="0", help="1 where it is installed, else 0"
        ),
        SettingField("notify_customer", "Mail the buyer the number", required=False, default="1", help="1 or 0"),
        SettingField("cod_methods", "Cash-on-delivery methods", required=False, default="cod", help="ids, by comma"),
        SettingField("memo_meta", "Custom field of staff", required=False, default="memo", help="holds the seller's note"),
        SettingField(
            "statuses", "The shop's own statuses", required=False, help="such as packing=processing, delivered=completed"
        ),
    )
    ability: ClassVar[Ability] = Ability(
        span=timedelta(days=30),
        overlap=timedelta(minutes=2),
        tracking_per="quantity",
        stock_batch=stock.BATCH,
    )

    def __init__(self, settings: Mapping[str, str], transport: Transport) -> None:
        super().__init__(settings, transport)
        self._api = RestApi(settings, transport)

    def pull(self, window: Window, cursor: str | None = None) -> Page:
        """Oldest change first: an order that changes meanwhile moves behind the cursor or into the next window."""
        return pulling.pull(self._api, window, cursor)

    def fetch(self, external_id: str) -> bytes:
        """The order, and with it the units of its refunds."""
        path = f"orders/{_order_id(external_id)}"
        order = self._api.get(path, {"dp": pulling.DIGITS}).node
        refunds = list(self._api.every(f"{path}/refunds", {"dp": pulling.DIGITS})) if any(order.each("refunds")) else []
        return envelope(order, refunds)

    def read(self, body: bytes) -> ChannelOrder:
        return Reader.of(self.config).read(parse(body))

    def confirm_shipment(self, shipment: Shipment, key: str) -> Confirmed:
        """`key` is not needed: the number is the key, and each step is looked up before it is made."""
        if not shipment.number.strip() or not shipment.lines:
            raise RemoteRejected("a shipment needs a waybill number and lines to be told to WooCommerce")
        return shipping.confirm(self._api, self._look(shipment), shipment)

    def find_shipment(self, shipment: Shipment) -> Confirmed | None:
        return shipping.find(self._look(shipment)) if shipment.lines else None

    def change_shipment(self, shipment: Shipment, replaces: str, key: str) -> Confirmed:
        """Everything told under `replaces` goes under the new number; the buyer is told it as for any parcel."""
        return shipping.change(self._api, self._look(shipment), shipment, replaces)

    def cancel_order(self, external_id: str, because: str) -> bool:
        """Stock and the buyer's mail follow by themselves; money that was paid does not."""
        path = f"orders/{_order_id(external_id)}"
        status = self._api.get(path).node.text("status")
        if status in _SETTLED:
            raise RemoteRejected(
                f"order {external_id} is {status} there and cannot be cancelled", remedy="refund it in the shop instead"
            )
        if status not in _VOID:
            self._api.write("PUT", path, {"status": "cancelled"}, effect=False)
        return True

    def push_stock(self, targets: Sequence[StockTarget], key: str) -> Sequence[StockAnswer]:
        """Stock management is switched on for what gets a number; `expected` and `key` have no counterpart here."""
        return stock.push(self._api, targets)

    def list_items(self, cursor: str | None = None) -> ItemPage:
        return items.list_page(self._api, cursor)

    def receive(self, delivery: Delivery) -> Sequence[Hint]:
        return webhooks.receive(self.config, delivery)

    def subscribe(self, address: str) -> Sequence[str]:
        return subscriptions.subscribe(self._api, address)

    def who(self) -> str:
        """The shop has no name in this API; its address and the currency that it sells in say enough."""
        currency = self._api.get("data/currencies/current").node.text("code")
        return f"{self.config.get('url', '').strip()} ({currency})"

    def _look(self, shipment: Shipment) -> shipping.Told:
        document = parse(self.fetch(shipment.order_external_id))
        return shipping.look(document, Reader.of(self.config), shipment)


def _order_id(external_id: str) -> str:
    if not _ID.fullmatch(external_id):
        raise RemoteRejected(f"{external_id!r} is no order of a WooCommerce shop")
    return external_id
