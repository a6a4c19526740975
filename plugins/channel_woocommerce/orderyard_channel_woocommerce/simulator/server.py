"""The simulated shop's HTTP side: routes, refusals, chaos and signed pushes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import ssl
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar

import httpx
from werkzeug.http import http_date
from werkzeug.wrappers import Request, Response

from orderyard.core.kernel.values import exponent
from orderyard.core.testing.simulator import BuyerOrder, ChannelSimulator, ChannelTold, Chaos, Environment, ShopItem

from . import lists, till
from .books import Books, Note, Order, Tracking, Webhook
from .keys import Keys, Refused
from .stockroom import update_rows
from .till import Tax
from .views import View, Views, tracking_view

_ROUTES = (
    ("GET", r"wc/v3/orders", "orders.list"),
    ("GET", r"wc/v3/orders/(\d+)", "orders.read"),
    ("PUT", r"wc/v3/orders/(\d+)", "orders.update"),
    ("GET", r"wc/v3/orders/(\d+)/refunds", "refunds.list"),
    ("GET", r"wc/v3/orders/(\d+)/notes", "notes.list"),
    ("POST", r"wc/v3/orders/(\d+)/notes", "notes.create"),
    ("GET", r"wc-shipment-tracking/v3/orders/(\d+)/shipment-trackings", "trackings.list"),
    ("POST", r"wc-shipment-tracking/v3/orders/(\d+)/shipment-trackings", "trackings.create"),
    (
        "DELETE",
        r"wc-shipment-tracking/v3/orders/(\d+)/shipment-trackings/([0-9a-f]+)",
        "trackings.delete",
    ),
    ("GET", r"wc/v3/data/currencies/current", "currency.read"),
    ("GET", r"wc/v3/products", "products.list"),
    ("GET", r"wc/v3/products/(\d+)", "products.read"),
    ("POST", r"wc/v3/products/batch", "products.batch"),
    ("GET", r"wc/v3/products/(\d+)/variations", "variations.list"),
    ("POST", r"wc/v3/products/(\d+)/variations/batch", "variations.batch"),
    ("GET", r"wc/v3/webhooks", "webhooks.list"),
    ("POST", r"wc/v3/webhooks", "webhooks.create"),
    ("PUT", r"wc/v3/webhooks/(\d+)", "webhooks.update"),
)
_STATUSES = ("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "checkout-draft", "trash")
_PARCEL = "_orderyard_parcel_"
"""The custom field under which the integration keeps a waybill number, as its README says."""
HTML = "text/html; charset=UTF-8"


class WooChaos(Chaos):
    """One trouble more: `dies`, when PHP ends in the middle of a batch, or of an order's update before its status is set."""

    TROUBLES = (*Chaos.TROUBLES, "dies")


@cache
def _ssl_context() -> ssl.SSLContext:
    """Made once: reading the certificates takes longer than a push."""
    return ssl.create_default_context()


class WooCommerceSimulator(ChannelSimulator):
    """One shop in the time zone of Shanghai. Operations for the chaos switches are named in `_ROUTES`.

    `clock_off` is how far its server's clock is ahead; `tax` and `fees` (name -> amount as stated) go on the next orders;
    `tracking` says whether the extension Shipment Tracking is installed, `extra_statuses` what other extensions bring.
    """

    name: ClassVar[str] = "channel_woocommerce"
    currency: ClassVar[str] = "EUR"

    def __init__(self, environment: Environment | None = None) -> None:
        super().__init__(environment)
        self.chaos = WooChaos()
        self.keys = Keys("ck_" + self.environment.token(), "cs_" + self.environment.token())
        self.secret = self.environment.token()
        self.digits = exponent(self.currency)
        self.zone = timedelta(hours=8)
        self.books = Books(self.digits)
        self.views = Views(self.currency, self.digits, self.zone)
        self.tax = Tax()
        self.fees: dict[str, Decimal] = {}
        self.tracking = True
        self.manages_stock = True
        self.extra_statuses: tuple[str, ...] = ()
        self.clock_off = timedelta(0)

    def settings(self) -> Mapping[str, str]:
        return {
            "url": self.base_url,
            "consumer_key": self.keys.key,
            "consumer_secret": self.keys.secret,
            "webhook_secret": self.secret,
        }

    def start(self, port: int = 0) -> str:
        """As any simulator; besides, the `Date` of its answers is by the shop's clock and not by this machine's."""
        address = super().start(port)
        clock, server = self.clock, self._server
        if server is None:
            raise RuntimeError("the simulator did not start")

        class Dated(server.RequestHandlerClass):  # type: ignore[name-defined,misc]
            def date_time_string(self, timestamp: float | None = None) -> str:
                return http_date(clock())

        server.RequestHandlerClass = Dated
        return address

    def operation(self, request: Request) -> str:
        return _route(request)[0]

    def clock(self) -> datetime:
        """The server's own time, in whole seconds."""
        return (self.now() + self.clock_off).replace(microsecond=0)

    # What the vendor's software does

    def handle(self, request: Request) -> Response:
        operation, ids = _route(request)
        try:
            return self._handle(request, operation, ids)
        except Refused as refused:
            error = {"code": refused.code, "message": refused.message, "data": {"status": refused.status}}
            return _json(error, refused.status)

    def _handle(self, request: Request, operation: str, ids: tuple[int | str, ...]) -> Response:
        if self.chaos.strikes("too_many", operation):
            # It is the host's server that says so, and WordPress is never asked.
            return Response("<html><h1>429 Too Many Requests</h1></html>", 429, {"Content-Type": HTML, "Retry-After": "7"})
        if not operation or (operation.startswith("trackings") and not self.tracking):
            raise Refused("rest_no_route", "No route was found matching the URL and request method.", 404)
        self.keys.check(request, self.clock())
        body: Any = None
        if request.method in ("POST", "PUT"):
            body = request.get_json(force=True, silent=True)
            if not isinstance(body, dict):
                raise Refused("rest_invalid_json", "Invalid JSON body passed.", 400)
        served: dict[str, Callable[..., Response]] = {
            "orders.list": self._orders,
            "orders.read": self._order,
            "orders.update": self._update,
            "refunds.list": self._refunds,
            "notes.list": self._notes,
            "notes.create": self._add_note,
            "trackings.list": self._trackings,
            "trackings.create": self._add_tracking,
            "products.list": self._products,
            "products.read": self._product,
            "products.batch": self._batch,
            "variations.list": self._variations,
            "variations.batch": self._batch,
            "trackings.delete": self._drop_tracking,
            "currency.read": self._currency,
            "webhooks.list": self._webhooks,
            "webhooks.create": self._add_webhook,
            "webhooks.update": self._change_webhook,
        }
        return served[operation](request.args, body, *ids)

    def _orders(self, args: Mapping[str, str], body: None) -> Response:
        found = lists.orders(args, self.books.orders.values(), self.zone)
        if found and self.chaos.strikes("delay", "orders.list"):
            found.remove(max(found, key=lambda order: (order.modified, order.id)))
        rows, headers = lists.paged(args, found)
        if rows and self.chaos.strikes("duplicate", "orders.list"):
            rows.insert(0, rows[0])
        views, dp = self._views("orders.list"), lists.digits(args)
        return _json([lists.fields(args, views.order(order, dp)) for order in rows], headers=headers)

    def _views(self, operation: str) -> Views:
        """The site's own time eight hours off, where that is the trouble; what is in GMT stays right."""
        wrong = timedelta(hours=8) if self.chaos.strikes("clock", operation) else timedelta(0)
        return Views(self.currency, self.digits, self.zone + wrong)

    def _order(self, args: Mapping[str, str], body: None, order_id: int) -> Response:
        return _json(lists.fields(args, self._views("orders.read").order(self._one(order_id), lists.digits(args))))

    def _update(self, args: Mapping[str, str], body: dict[str, Any], order_id: int) -> Response:
        order = self._one(order_id, missing=400)
        before = (order.status, dict(order.meta))
        for meta in body.get("meta_data", ()):
            order.meta[str(meta["key"])] = meta["value"]
            if meta["value"] is None:
                del order.meta[str(meta["key"])]
        status = body.get("status", order.status)
        if status not in (*_STATUSES, *self.extra_statuses):
            raise lists.invalid("status")
        if self.chaos.strikes("dies", "orders.update"):
            self._changed(order, before)
            return _critical()
        if status != order.status:
            order.becomes(status, self.clock())
        self._changed(order, before)
        return _json(self.views.order(order))

    def _changed(self, order: Order, before: tuple[str, dict[str, object]]) -> None:
        order.modified = self.clock()
        told = {key for key in order.meta if key.startswith(_PARCEL)} - before[1].keys()
        self.books.confirmations += bool(told)

    def _refunds(self, args: Mapping[str, str], body: None, order_id: int) -> Response:
        rows, headers = lists.paged(args, self._one(order_id).refunds)
        return _json([self.views.refund(refund, lists.digits(args)) for refund in rows], headers=headers)

    def _notes(self, args: Mapping[str, str], body: None, order_id: int) -> Response:
        # The platform gives them all at once.
        return _json([self.views.note(note) for note in reversed(self._one(order_id).notes)])

    def _add_note(self, args: Mapping[str, str], body: dict[str, Any], order_id: int) -> Response:
        note = Note(self.books.row(), self.clock(), str(body["note"]), bool(body.get("customer_note")))
        self._one(order_id).notes.append(note)
        return _json(self.views.note(note), 201)

    def _trackings(self, args: Mapping[str, str], body: None, order_id: int) -> Response:
        return _json([tracking_view(tracking) for tracking in self._one(order_id).trackings])

    def _add_tracking(self, args: Mapping[str, str], body: dict[str, Any], order_id: int) -> Response:
        provider = body.get("custom_tracking_provider") or body.get("tracking_provider") or ""
        if not body.get("tracking_number"):
            raise Refused("rest_missing_callback_param", "Missing parameter(s): tracking_number", 400)
        tracking = Tracking(self.environment.token(), provider, body["tracking_number"], body.get("date_shipped", ""))
        self._one(order_id).trackings.append(tracking)
        return _json(tracking_view(tracking), 201)

    def _drop_tracking(self, args: Mapping[str, str], body: None, order_id: int, tracking_id: str) -> Response:
        order = self._one(order_id)
        gone = [tracking for tracking in order.trackings if tracking.id == tracking_id]
        if not gone:
            raise Refused("woocommerce_rest_order_shipment_tracking_invalid_id", "Invalid shipment tracking ID.", 404)
        order.trackings.remove(gone[0])
        return _json(tracking_view(gone[0]))

    def _currency(self, args: Mapping[str, str], body: None) -> Response:
        return _json({"code": self.currency, "name": self.currency, "symbol": ""})

    def _products(self, args: Mapping[str, str], body: None) -> Response:
        every = sorted((product for product in self.books.products.values() if not product.parent), key=lambda one: one.id)
        rows, headers = lists.paged(args, every if args.get("order", "desc") == "asc" else every[::-1])
        return _json([lists.fields(args, self.views.product(product)) for product in rows], headers=headers)

    def _product(self, args: Mapping[str, str], body: None, product_id: int) -> Response:
        product = self.books.products.get(product_id)
        if product is None or product.parent:
            raise Refused("woocommerce_rest_product_invalid_id", "Invalid ID.", 404)
        return _json(lists.fields(args, self.views.product(product)))

    def _variations(self, args: Mapping[str, str], body: None, product_id: int) -> Response:
        parent = self.books.products.get(product_id)
        rows, headers = lists.paged(args, [self.books.products[one] for one in parent.variations] if parent else [])
        return _json([lists.fields(args, self.views.product(product)) for product in rows], headers=headers)

    def _batch(self, args: Mapping[str, str], body: dict[str, Any], parent: int = 0) -> Response:
        update = body.get("update", [])
        if sum(len(body.get(kind, ())) for kind in ("create", "update", "delete")) > 100:
            what = "Unable to accept more than 100 items for this request."
            raise Refused("woocommerce_rest_request_entity_too_large", what, 413)
        operation = "variations.batch" if parent else "products.batch"
        if dies := self.chaos.strikes("dies", operation):
            update = update[: len(update) // 2]
        half = self.chaos.strikes("half", operation)
        rows = update_rows(self.books, update, parent, self.views, self.manages_stock, half=half)
        return _critical() if dies else _json({"update": rows})

    def _add_webhook(self, args: Mapping[str, str], body: dict[str, Any]) -> Response:
        hook = self._hook(str(body["topic"]), str(body["delivery_url"]), str(body.get("secret") or self.secret))
        self._ping(hook)
        return _json(_webhook(hook), 201)

    def _webhooks(self, args: Mapping[str, str], body: None) -> Response:
        rows, headers = lists.paged(args, self.books.webhooks)
        return _json([_webhook(hook) for hook in rows], headers=headers)

    def _change_webhook(self, args: Mapping[str, str], body: dict[str, Any], hook_id: int) -> Response:
        hook = next((hook for hook in self.books.webhooks if hook.id == hook_id), None)
        if hook is None:
            raise Refused("woocommerce_rest_shop_webhook_invalid_id", "ID is invalid.", 404)
        hook.status, hook.secret = body.get("status", hook.status), body.get("secret", hook.secret)
        return _json(_webhook(hook))

    def _one(self, order_id: int, missing: int = 404) -> Order:
        order = self.books.orders.get(order_id)
        if order is None:
            raise Refused("woocommerce_rest_shop_order_invalid_id", "Invalid ID.", missing)
        return order

    # What buyers and the merchant do

    def open_shop(self, items: tuple[ShopItem, ...], webhooks: str = "") -> None:
        with self.lock:
            for item in items:
                if item.price.currency != self.currency:
                    raise ValueError(f"{item.sku} is priced in {item.price.currency}, the shop in {self.currency}")
            self.books.offer(items)
            self.books.webhooks.clear()
            if webhooks:
                for topic in ("order.created", "order.updated"):
                    self._hook(topic, webhooks, self.secret)

    def place(self, order: BuyerOrder) -> str:
        with self.lock:
            return str(till.place(self.books, order, self.clock(), self.tax, self.fees).id)

    def pay(self, order_id: str) -> None:
        with self.lock:
            till.pay(self.books.orders[int(order_id)], self.clock())

    def refund(self, order_id: str) -> None:
        self.refund_part(order_id)

    def refund_part(self, order_id: str, units: Mapping[int, int] | None = None, amount: str = "") -> None:
        """Units by order line id, and an amount with them; everything unless told."""
        with self.lock:
            sum_ = Decimal(amount) if amount else None
            till.refund(self.books, self.books.orders[int(order_id)], self.clock(), units, sum_)

    def set_status(self, order_id: str, status: str) -> None:
        """Staff choose another status for the order."""
        with self.lock:
            self.books.orders[int(order_id)].becomes(status, self.clock())

    def hold(self, order_id: str) -> None:
        self.set_status(order_id, "on-hold")

    def release(self, order_id: str) -> None:
        self.set_status(order_id, "processing")

    def push(self, order_id: str) -> int:
        with self.lock:
            order = self.books.orders[int(order_id)]
            topic = "order.updated" if order.pushes else "order.created"
            hook = next((hook for hook in self.books.webhooks if hook.topic == topic and hook.status == "active"), None)
            if hook is None:
                return 0
            order.pushes += 1
            body = json.dumps(self.views.order(order), ensure_ascii=False, separators=(",", ":")).encode()
            # The platform makes it of the webhook and the second: two orders of one second share it.
            delivery = hashlib.md5(f"{hook.id}{int(self.clock().timestamp())}".encode(), usedforsecurity=False).hexdigest()
            headers = {
                "Content-Type": "application/json",
                "User-Agent": "WooCommerce/10.3.0 Hookshot (WordPress/6.8)",
                "X-WC-Webhook-Source": f"{self.base_url}/",
                "X-WC-Webhook-Topic": topic,
                "X-WC-Webhook-Resource": "order",
                "X-WC-Webhook-Event": topic.partition(".")[2],
                "X-WC-Webhook-Signature": base64.b64encode(hmac.digest(hook.secret.encode(), body, "sha256")).decode(),
                "X-WC-Webhook-ID": str(hook.id),
                "X-WC-Webhook-Delivery-ID": delivery,
            }
            times = 2 if self.chaos.strikes("duplicate", topic) else 1
        # Outside the lock: whoever takes the push may call back at once.
        return sum(_post(hook.address, headers, body) for _ in range(times))

    def told(self) -> ChannelTold:
        with self.lock:
            books = self.books
            return ChannelTold(
                orders=len(books.orders),
                shipments={
                    str(order.id): numbers
                    for order in books.orders.values()
                    if (numbers := tuple(key.removeprefix(_PARCEL) for key in order.meta if key.startswith(_PARCEL)))
                },
                confirmations=books.confirmations,
                stock={sku: product.stock or 0 for sku, product in sorted(books.offered.items())},
                stock_updates=books.stock_updates,
            )

    def _hook(self, topic: str, address: str, secret: str) -> Webhook:
        hook = Webhook(len(self.books.webhooks) + 1, topic, address, secret)
        self.books.webhooks.append(hook)
        return hook

    def _ping(self, hook: Webhook) -> bool:
        """What is sent when a webhook is made: a form of one field, without topic and signature."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "WooCommerce/10.3.0 Hookshot"}
        return _post(hook.address, headers, f"webhook_id={hook.id}".encode())


def _webhook(hook: Webhook) -> View:
    """A secret is taken and never shown."""
    return {"id": hook.id, "name": hook.topic, "status": hook.status, "topic": hook.topic, "delivery_url": hook.address}


def _route(request: Request) -> tuple[str, tuple[int | str, ...]]:
    path = request.path.removeprefix("/wp-json/")
    method = "PUT" if request.method == "PATCH" else request.method
    for verb, pattern, operation in _ROUTES:
        if verb == method and (found := re.fullmatch(pattern, path)):
            return operation, tuple(int(one) if len(one) < 20 and one.isdecimal() else one for one in found.groups())
    return "", ()


def _critical() -> Response:
    """What WordPress says when PHP died."""
    what = "There has been a critical error on this website."
    return _json({"code": "internal_server_error", "message": f"<p>{what}</p>", "data": {"status": 500}}, 500)


def _post(address: str, headers: Mapping[str, str], body: bytes) -> bool:
    try:
        with httpx.Client(timeout=5.0, trust_env=False, verify=_ssl_context()) as client:
            return client.post(address, headers=dict(headers), content=body).is_success
    except (httpx.HTTPError, httpx.InvalidURL):
        return False


def _json(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(json.dumps(body), status, {"Content-Type": "application/json; charset=UTF-8", **(headers or {})})
