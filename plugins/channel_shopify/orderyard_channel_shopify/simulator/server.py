"""The simulated shop's HTTP side: the GraphQL endpoint with its headers, costs and refusals, and signed pushes."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, ClassVar

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    execute_sync,
    parse,
    validate,
)
from werkzeug.wrappers import Request, Response

from orderyard.core.testing.simulator import BuyerOrder, ChannelSimulator, ChannelTold, Environment, ShopItem

from .books import Books
from .bulk import Bulk
from .changing import order_cancel, order_update
from .cost import MOST, Bill, Bucket, spent
from .door import Door
from .fulfilling import fulfillment_create, tracking_update
from .graph import Graph
from .hooks import Hooks
from .inventory import inventory_adjust, inventory_set
from .paging import View
from .pushes import order_body, privacy_body, return_body, shop_body, work_body
from .returned import Returns, approve, decline
from .troubles import ShopChaos, disturb

DOMAIN = "demo.myshopify.com"
SERVED = ("2026-04", "2026-07", "2026-10")
SCOPES = (
    "write_orders",
    "read_customers",
    "read_products",
    "write_inventory",
    "read_locations",
    "write_returns",
    "write_merchant_managed_fulfillment_orders",
)
"""What the merchant granted; who may write may read."""
_PATH = re.compile(r"/admin/api/([0-9]{4}-[0-9]{2})/graphql\.json")


@cache
def schema() -> GraphQLSchema:
    """The subset this simulator speaks."""
    return build_schema(files(__package__).joinpath("schema.graphql").read_text(encoding="utf-8"))


class ShopifySimulator(ChannelSimulator):
    """One shop, `demo.myshopify.com`. Operations for the chaos switches are GraphQL operation names."""

    name: ClassVar[str] = "channel_shopify"
    currency: ClassVar[str] = "USD"

    def __init__(self, environment: Environment | None = None) -> None:
        super().__init__(environment)
        self.chaos = ShopChaos()
        self.token = "shpat_" + self.environment.token()
        self.secret = "shpss_" + self.environment.token()
        self.books = Books()
        self.door = Door(DOMAIN, self.secret, self.environment.token, self.now)
        self.graph = Graph(self.books, self.currency, DOMAIN)
        self.bucket = Bucket(self.now())
        self.hooks = Hooks(self.books, DOMAIN, self.secret, self.environment, self.chaos, self.now)
        self.scopes: tuple[str, ...] = SCOPES
        self.returns = Returns(self.books, self.lock, self._second)
        self.bulk = Bulk(schema(), self.graph.root, self.graph.matching)

    def settings(self) -> Mapping[str, str]:
        return {
            "shop": DOMAIN,
            "base_url": self.base_url,
            "client_id": self.door.client_id,
            "access_token": self.token,
            "client_secret": self.secret,
            "location_id": self.books.main.id,
        }

    def operation(self, request: Request) -> str:
        body = request.get_json(force=True, silent=True)
        if not isinstance(body, dict):
            return request.path
        if name := body.get("operationName"):
            return str(name)
        named = re.search(r"\b(?:query|mutation)\s+(\w+)", str(body.get("query", "")))
        return named[1] if named else request.path

    # What a vendor's servers do

    def handle(self, request: Request) -> Response:
        if request.path.startswith("/admin/oauth/"):
            return self.door.answer(request, self.scopes)
        if request.path.startswith("/bulk/"):
            content = self.bulk.file(request.path, self.now())
            return Response(content or b"", 200 if content is not None else 404, {"Content-Type": "application/jsonl"})
        path = _PATH.fullmatch(request.path)
        if path is None or request.method != "POST":
            return _json({"errors": "Not Found"}, 404)
        served = path[1] if path[1] in SERVED else SERVED[0]
        headers = {"X-Shopify-API-Version": served, "X-Request-Id": self.environment.token()}
        token = request.headers.get("X-Shopify-Access-Token", "")
        name = self.operation(request)
        known = hmac.compare_digest(token.encode(), self.token.encode()) or self.door.opens(token)
        if not known or self.chaos.strikes("expire", name):
            what = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            return _json({"errors": what}, 401, headers)
        body = request.get_json(force=True, silent=True)
        if not isinstance(body, dict) or not isinstance(body.get("query"), str):
            return _json({"errors": {"query": "Required parameter missing or invalid"}}, 400, headers)
        if self.chaos.strikes("busy", name):
            return _json({"errors": "Exceeded the number of requests at once"}, 429, {**headers, "Retry-After": "2.0"})
        answer = self._answer(body, name)
        return _json(disturb(self.chaos, name, answer, self._changed, self.now()), 200, headers)

    def _changed(self, order_id: str) -> datetime | None:
        """When an order last changed; None for what is no order."""
        order = self.books.orders.get(order_id)
        return order.updated if order else None

    def _answer(self, body: Mapping[str, Any], name: str) -> dict[str, Any]:
        variables = body.get("variables") or {}
        try:
            document, faults = _judged(body["query"])
        except GraphQLError as error:
            return {"errors": [error.formatted]}
        if faults:
            return {"errors": [{**fault.formatted, "extensions": {"code": "undefinedField"}} for fault in faults]}
        operation = _chosen(document, body.get("operationName"))
        if operation is None:
            return {"errors": [{"message": "An operation name is required", "extensions": {"code": "BAD_REQUEST"}}]}
        price = Bill(schema(), document, variables).operation(operation)
        if price > MOST:
            what = f"Query cost is {price}, which exceeds the single query max cost limit ({MOST})."
            return {"errors": [{"message": what, "extensions": {"code": "MAX_COST_EXCEEDED", "cost": price, "maxCost": MOST}}]}
        left = 0.0 if self.chaos.strikes("too_many", name) else self.bucket.left(self.now())
        if left < price:
            throttled = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
            return {"errors": [throttled], "extensions": {"cost": self._cost(price, None, left)}}
        self.books.settle(self._second())
        result = execute_sync(
            schema(),
            document,
            root_value={**self.graph.root(), **self._own(), **self._mutations()},
            variable_values=variables,
            operation_name=body.get("operationName"),
        )
        paid = spent(result.data, price)
        self.bucket.pay(paid)
        answer: dict[str, Any] = {"extensions": {"cost": self._cost(price, paid, self.bucket.left(self.now()))}}
        if result.errors:
            answer["errors"] = [_formatted(error) for error in result.errors]
        if result.data is not None or not result.errors or result.errors[0].path:
            answer["data"] = result.data
        return answer

    def _own(self) -> View:
        """Fields of QueryRoot about the app."""
        return {
            "currentAppInstallation": lambda info: {
                "id": "gid://shopify/AppInstallation/1",
                "accessScopes": [{"handle": handle, "description": handle} for handle in self.scopes],
            },
            "webhookSubscriptions": lambda info, **args: self.hooks.listed(**args),
            "bulkOperation": lambda info, id: self.bulk.shown(id, self.base_url),
        }

    def _mutations(self) -> View:
        at = self._second()
        return {
            "fulfillmentCreate": lambda info, fulfillment, message=None: fulfillment_create(self.graph, at, fulfillment),
            "webhookSubscriptionCreate": lambda info, topic, webhookSubscription: self.hooks.create(topic, webhookSubscription),
            "webhookSubscriptionUpdate": lambda info, id, webhookSubscription: self.hooks.update(id, webhookSubscription),
            "bulkOperationRunQuery": lambda info, query, groupObjects=False: self.bulk.run(query, at),
            "returnApproveRequest": lambda info, input: approve(self.graph, at, input),
            "returnDeclineRequest": lambda info, input: decline(self.graph, at, input),
            "fulfillmentTrackingInfoUpdate": lambda info, fulfillmentId, trackingInfoInput, notifyCustomer=None: (
                tracking_update(self.graph, at, fulfillmentId, trackingInfoInput)
            ),
            "orderCancel": lambda info, **told: order_cancel(self.graph, at, told),
            "orderUpdate": lambda info, input: order_update(self.graph, at, input),
            "inventoryAdjustQuantities": lambda info, input: inventory_adjust(self.graph, info, at, input),
            "inventorySetQuantities": lambda info, input: inventory_set(self.graph, info, at, input),
        }

    def _second(self) -> datetime:
        """The shop's clock, which knows whole seconds only."""
        return self.now().replace(microsecond=0)

    def _cost(self, requested: int, actual: int | None, left: float) -> dict[str, Any]:
        return {
            "requestedQueryCost": requested,
            "actualQueryCost": actual,
            "throttleStatus": {
                "maximumAvailable": self.bucket.most,
                "currentlyAvailable": int(left),
                "restoreRate": self.bucket.rate,
            },
        }

    # What buyers and the merchant do

    def open_shop(self, items: tuple[ShopItem, ...], webhooks: str = "") -> None:
        with self.lock:
            self.hooks.everything = webhooks
            for item in items:
                if item.price.currency != self.currency:
                    raise ValueError(f"{item.sku} is priced in {item.price.currency}, the shop in {self.currency}")
            self.books.offer(items)

    def place(self, order: BuyerOrder) -> str:
        with self.lock:
            return self.books.place(order, self._second()).id

    def pay(self, order_id: str) -> None:
        with self.lock:
            self.books.pay(self.books.orders[order_id], self._second())

    def refund(self, order_id: str) -> None:
        with self.lock:
            self.books.refund(self.books.orders[order_id], self._second())

    def hold(self, order_id: str, reason: str = "Other") -> None:
        """Staff put the order's fulfillment orders on hold; as in the real shop each is replaced by one with a new id."""
        with self.lock:
            order = self.books.orders[order_id]
            for work in order.work:
                work.id, work.status, work.reason = self.books.gid("FulfillmentOrder"), "ON_HOLD", reason
            order.updated = self._second()

    def release(self, order_id: str) -> None:
        with self.lock:
            order = self.books.orders[order_id]
            for work in order.work:
                if work.status == "ON_HOLD":
                    work.status, work.reason = "OPEN", ""
            order.updated = self._second()

    def move(self, order_id: str) -> None:
        """Staff let the second warehouse send what is open of the order."""
        with self.lock:
            self.books.replace(self.books.orders[order_id], self._second(), self.books.second)

    def split(self, order_id: str, *units: int) -> None:
        """Staff split so many units of each line off into a fulfillment order of their own."""
        with self.lock:
            self.books.replace(self.books.orders[order_id], self._second(), None, *units)

    def edit(self, order_id: str, changes: Mapping[str, int]) -> None:
        """Staff edit the order: so many units of these merchant codes more, or less of what has not shipped."""
        with self.lock:
            self.books.edit(self.books.orders[order_id], self._second(), changes)

    def listing(self, sku: str) -> tuple[str, str]:
        """Product and variant id of an offered item."""
        with self.lock:
            item = self.books.items[sku]
            return item.product, item.variant

    def push(self, order_id: str) -> int:
        with self.lock:
            order = self.books.orders[order_id]
            topic = "orders/updated" if order.pushes else "orders/create"
            order.pushes += 1
            body = order_body(self.graph, order)
        return self.hooks.push(topic, body)

    def push_return(self, return_id: str, topic: str = "returns/request") -> int:
        """Send the push about a return."""
        with self.lock:
            body = return_body(self.books.returns[return_id])
        return self.hooks.push(topic, body)

    def push_work(self, order_id: str, topic: str = "fulfillment_orders/placed_on_hold") -> int:
        """Send the push about the order's first fulfillment order."""
        with self.lock:
            body = work_body(self.books.orders[order_id].work[0])
        return self.hooks.push(topic, body)

    def push_privacy(self, topic: str, order_id: str) -> int:
        """Send one of the three mandatory topics, about who placed this order."""
        with self.lock:
            order = self.books.orders[order_id]
            body = privacy_body(DOMAIN, order.customer, order.placed.email, [order_id])
        if topic == "shop/redact":
            body = {name: body[name] for name in ("shop_id", "shop_domain")}
        return self.hooks.push(topic, body)

    def uninstall(self) -> int:
        """The merchant takes the app out: its token is dead, and a push says so."""
        with self.lock:
            self.token = "shpat_" + self.environment.token()
            self.door.shut()
        return self.hooks.push("app/uninstalled", shop_body("Demo", DOMAIN))

    def told(self) -> ChannelTold:
        with self.lock:
            books = self.books
            return ChannelTold(
                orders=len(books.orders),
                shipments={
                    order.id: tuple(dict.fromkeys(number for parcel in order.parcels for number in parcel.numbers))
                    for order in books.orders.values()
                    if order.parcels
                },
                confirmations=books.confirmations,
                stock={sku: books.items[sku].available[books.main.id] for sku in sorted(books.offered)},
                stock_updates=books.stock_updates,
            )


@lru_cache(maxsize=64)
def _judged(query: str) -> tuple[DocumentNode, list[GraphQLError]]:
    """The document and what is wrong with it; a client sends the same few again and again."""
    document = parse(query)
    return document, validate(schema(), document)


def _chosen(document: DocumentNode, name: object) -> OperationDefinitionNode | None:
    operations = [entry for entry in document.definitions if isinstance(entry, OperationDefinitionNode)]
    if name:
        return next((entry for entry in operations if entry.name and entry.name.value == name), None)
    return operations[0] if len(operations) == 1 else None


def _formatted(error: GraphQLError) -> dict[str, Any]:
    """An error as Shopify writes it: a wrong variable has a code of its own, an error of ours is an internal one."""
    code = (error.extensions or {}).get("code")
    if not code:
        code = "INVALID_VARIABLE" if error.path is None else "INTERNAL_SERVER_ERROR"
    return {**error.formatted, "extensions": {**(error.extensions or {}), "code": code}}


def _json(body: object, status: int, headers: Mapping[str, str] | None = None) -> Response:
    return Response(json.dumps(body), status, {"Content-Type": "application/json; charset=utf-8", **(headers or {})})
