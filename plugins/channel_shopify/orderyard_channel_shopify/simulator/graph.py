"""The shop's books as the graph shows them.

Everything is plain mappings: graphql-core's own resolver calls a value that is callable with the field's arguments.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from graphql import GraphQLResolveInfo

from . import returned
from .books import Books, Item, Line, Order, Parcel, Place, Refund, Work
from .paging import View, connection, stamp

Info = GraphQLResolveInfo[Any]

_FILTER = re.compile(r"updated_at:(>=|<=|>|<)'?([0-9T:.Z+-]+)'?")


class Graph:
    """Views of one shop; amounts are minor units of a currency with two digits."""

    def __init__(self, books: Books, currency: str, domain: str) -> None:
        self.books = books
        self.currency = currency
        self.domain = domain

    def root(self) -> View:
        """Fields of QueryRoot and Mutation that only read."""
        return {
            "shop": lambda info: {
                "id": "gid://shopify/Shop/1",
                "name": "Demo",
                "myshopifyDomain": self.domain,
                "currencyCode": self.currency,
            },
            "location": lambda info, id=None: self.node(id or self.books.main.id),
            "locations": self._locations,
            "fulfillmentOrder": lambda info, id: next(
                (self.work(o, work) for o in self.books.orders.values() for work in o.work if work.id == id), None
            ),
            "node": lambda info, id: self.node(id),
            "nodes": lambda info, ids: [self.node(one) for one in ids],
            "order": lambda info, id: self.order(self.books.orders[id]) if id in self.books.orders else None,
            "orders": self._orders,
            "return": lambda info, id: returned.view(self, self.books.returns[id]) if id in self.books.returns else None,
            "productVariants": lambda info, sortKey="ID", **args: connection(
                sorted(self.books.items.values(), key=lambda item: item.sku if sortKey == "SKU" else item.variant),
                lambda item: [item.sku if sortKey == "SKU" else item.variant],
                self.variant,
                args,
            ),
        }

    def node(self, id: str) -> View | None:
        for place in self.books.places:
            if place.id == id:
                return self.place(place)
        if id in self.books.orders:
            return self.order(self.books.orders[id])
        for item in self.books.items.values():
            for view in (self.variant(item), self.inventory(item), self.product(item)):
                if view["id"] == id:
                    return view
        return None

    def _locations(self, info: Info, includeInactive: bool = False, sortKey: str = "NAME", **args: object) -> View:
        def by(place: Place) -> list[str]:
            return [place.name if sortKey == "NAME" else place.id]

        return connection(sorted((p for p in self.books.places if p.active or includeInactive), key=by), by, self.place, args)

    def _orders(self, info: Info, query: str = "", sortKey: str = "PROCESSED_AT", **args: object) -> View:
        def by(order: Order) -> list[str]:
            moment = {"UPDATED_AT": order.updated, "ID": None}.get(sortKey, order.created)
            return [stamp(moment) if moment else "", order.id]

        found = [order for order in self.books.orders.values() if _matches(order, query or "")]
        return connection(sorted(found, key=by), by, self.order, args)

    def matching(self, query: str) -> list[str]:
        """Ids of the orders that a search finds, the oldest first."""
        return [order.id for order in self.books.orders.values() if _matches(order, query)]

    def place(self, place: Place) -> View:
        return {
            "__typename": "Location",
            "id": place.id,
            "name": place.name,
            "isActive": place.active,
            "fulfillsOnlineOrders": place.online,
        }

    def product(self, item: Item) -> View:
        return {"__typename": "Product", "id": item.product, "title": item.title, "status": item.status}

    def variant(self, item: Item) -> View:
        return {
            "__typename": "ProductVariant",
            "id": item.variant,
            "sku": item.sku,
            "barcode": item.barcode or None,
            "title": item.options or "Default Title",
            "displayName": f"{item.title} - {item.options or 'Default Title'}",
            "price": amount(item.price),
            "inventoryQuantity": sum(item.available.values()),
            "product": self.product(item),
            "inventoryItem": lambda info: self.inventory(item),
        }

    def inventory(self, item: Item) -> View:
        def level(info: Info, locationId: str) -> View | None:
            place = next((place for place in self.books.places if place.id == locationId), None)
            if place is None or place.id not in item.available:
                return None
            return {
                "id": f"gid://shopify/InventoryLevel/{_number(place.id)}?inventory_item_id={_number(item.inventory)}",
                "location": self.place(place),
                "quantities": lambda info, names: [
                    {"id": f"gid://shopify/InventoryQuantity/{name}", "name": name, "quantity": item.available[place.id]}
                    for name in names
                    if name in ("available", "on_hand")
                ],
            }

        return {
            "__typename": "InventoryItem",
            "id": item.inventory,
            "sku": item.sku,
            "tracked": True,
            "inventoryLevel": level,
        }

    def order(self, order: Order) -> View:
        placed = order.placed
        return {
            "__typename": "Order",
            "id": order.id,
            "legacyResourceId": _number(order.id),
            "name": f"#{order.number}",
            "createdAt": stamp(order.created),
            "processedAt": stamp(order.created),
            "updatedAt": stamp(order.updated),
            "cancelledAt": stamp(order.cancelled) if order.cancelled else None,
            "closedAt": stamp(order.cancelled) if order.cancelled else None,
            "edited": order.edited,
            "test": False,
            "displayFinancialStatus": order.financial,
            "displayFulfillmentStatus": order.fulfillment,
            "currencyCode": self.currency,
            "presentmentCurrencyCode": self.currency,
            "taxesIncluded": True,
            "fullyPaid": order.received >= order.total,
            "unpaid": order.received == 0,
            "paymentGatewayNames": [order.gateway],
            "note": placed.message or None,
            "email": placed.email or None,
            "phone": None,
            "tags": sorted(order.tags),
            "customAttributes": [{"key": key, "value": value} for key, value in order.attributes.items()],
            "customer": {"id": order.customer, "displayName": placed.buyer},
            "shippingAddress": address(order),
            "totalPriceSet": self.bag(order.total),
            "currentTotalPriceSet": self.bag(order.total - order.refunded),
            "subtotalPriceSet": self.bag(order.goods),
            "totalReceivedSet": self.bag(order.received),
            "totalRefundedSet": self.bag(order.refunded),
            "totalTipReceivedSet": self.bag(0),
            "totalTaxSet": self.bag(0),
            "totalDiscountsSet": self.bag(sum(line.discount for line in order.lines)),
            "totalShippingPriceSet": self.bag(placed.freight),
            "originalTotalDutiesSet": None,
            "originalTotalAdditionalFeesSet": None,
            "shippingLines": lambda info, **args: connection(
                [placed.freight],
                lambda price: ["1"],
                lambda price: {
                    "id": "gid://shopify/ShippingLine/1",
                    "title": "Standard",
                    "discountedPriceSet": self.bag(price),
                    "originalPriceSet": self.bag(price),
                    "taxLines": [],
                },
                args,
            ),
            "transactions": lambda info, first=None: [
                {
                    "id": entry.id,
                    "kind": entry.kind,
                    "status": entry.status,
                    "gateway": entry.gateway,
                    "formattedGateway": entry.gateway,
                    "processedAt": stamp(entry.at),
                    "amountSet": self.bag(entry.amount),
                }
                for entry in order.transactions[:first]
            ],
            "lineItems": lambda info, **args: connection(order.lines, lambda line: [line.id], self.line, args),
            "returns": lambda info, **args: connection(
                [entry for entry in self.books.returns.values() if entry.order is order],
                lambda entry: [entry.id],
                lambda entry: returned.view(self, entry),
                args,
            ),
            "refunds": lambda info, first=None: [self.refund(refund) for refund in order.refunds[:first]],
            "fulfillments": lambda info, first=None: [self.parcel(parcel) for parcel in order.parcels[:first]],
            "fulfillmentOrders": lambda info, **args: connection(
                order.work, lambda work: [work.id], lambda work: self.work(order, work), args
            ),
        }

    def line(self, line: Line) -> View:
        total = line.item.price * line.units
        return {
            "id": line.id,
            "name": f"{line.item.title} - {line.item.options}" if line.item.options else line.item.title,
            "title": line.item.title,
            "sku": line.item.sku,
            "variantTitle": line.item.options or None,
            "quantity": line.units,
            "currentQuantity": line.units - line.taken_back - line.returned,
            "unfulfilledQuantity": line.left,
            "nonFulfillableQuantity": line.taken_back,
            "requiresShipping": True,
            "product": self.product(line.item),
            "variant": self.variant(line.item),
            "originalUnitPriceSet": self.bag(line.item.price),
            "originalTotalSet": self.bag(total),
            "discountedUnitPriceAfterAllDiscountsSet": self.bag((total - line.discount) // line.units),
            "discountAllocations": [{"allocatedAmountSet": self.bag(line.discount)}] if line.discount else [],
            "taxLines": [],
        }

    def refund(self, refund: Refund) -> View:
        return {
            "id": refund.id,
            "createdAt": stamp(refund.at),
            "totalRefundedSet": self.bag(refund.amount),
            "refundLineItems": lambda info, **args: connection(
                refund.lines,
                lambda entry: [entry[0]],
                lambda entry: {
                    "id": entry[0],
                    "quantity": entry[2],
                    "restockType": refund.restock,
                    "lineItem": self.line(entry[1]),
                },
                args,
            ),
        }

    def parcel(self, parcel: Parcel) -> View:
        tracking = [
            {"company": parcel.company or None, "number": number, "url": url}
            for number, url in zip(parcel.numbers, parcel.urls, strict=True)
        ]
        return {
            "id": parcel.id,
            "status": parcel.status,
            "createdAt": stamp(parcel.at),
            "trackingInfo": lambda info, first=None: tracking[:first],
            "fulfillmentLineItems": lambda info, **args: connection(
                parcel.lines,
                lambda entry: [entry[0]],
                lambda entry: {"id": entry[0], "quantity": entry[2], "lineItem": self.line(entry[1])},
                args,
            ),
        }

    def work(self, order: Order, work: Work) -> View:
        actions = {"OPEN": ["CREATE_FULFILLMENT", "HOLD", "MOVE"], "IN_PROGRESS": ["CREATE_FULFILLMENT"]}
        hold = {"id": "gid://shopify/FulfillmentHold/1", "reason": "OTHER", "displayReason": work.reason, "reasonNotes": None}
        return {
            "id": work.id,
            "status": work.status,
            "requestStatus": "UNSUBMITTED",
            "createdAt": stamp(order.created),
            "updatedAt": stamp(order.updated),
            "orderId": order.id,
            "orderName": f"#{order.number}",
            "assignedLocation": {"location": self.place(work.place), "name": work.place.name},
            "supportedActions": [{"action": action} for action in actions.get(work.status, [])],
            "fulfillmentHolds": [hold] if work.status == "ON_HOLD" else [],
            "lineItems": lambda info, **args: connection(
                work.lines,
                lambda entry: [entry.id],
                lambda entry: {
                    "id": entry.id,
                    "totalQuantity": entry.total,
                    "remainingQuantity": entry.remaining,
                    "sku": entry.line.item.sku,
                    "lineItem": self.line(entry.line),
                    "inventoryItemId": entry.line.item.inventory,
                },
                args,
            ),
        }

    def bag(self, minor: int) -> View:
        money = {"amount": amount(minor), "currencyCode": self.currency}
        return {"shopMoney": money, "presentmentMoney": money}


def _matches(order: Order, query: str) -> bool:
    moment = order.updated
    for relation, text in _FILTER.findall(query):
        limit = datetime.fromisoformat(text)
        held = {">=": moment >= limit, "<=": moment <= limit, ">": moment > limit, "<": moment < limit}
        if not held[relation]:
            return False
    return True


def address(order: Order) -> View:
    """MailingAddress; Shopify has no district and no town, so in China buyers write them into the second line."""
    to = order.placed.receiver
    short = to.province.isascii() and len(to.province) <= 3
    return {
        "id": f"gid://shopify/MailingAddress/{order.number}",
        "name": to.name,
        "firstName": None,
        "lastName": to.name,
        "company": to.company or None,
        "address1": to.detail,
        "address2": f"{to.district}{to.town}" or None,
        "city": to.city,
        "province": to.province,
        "provinceCode": to.province if short else None,
        "zip": to.postcode or None,
        "country": to.country,
        "countryCodeV2": to.country,
        "phone": to.phone or None,
    }


def amount(minor: int) -> str:
    """Decimal text as Shopify writes it: two digits, one where the second is a zero (`12.5`, `10.0`)."""
    text = f"{minor // 100}.{minor % 100:02d}"
    return text[:-1] if text.endswith("0") else text


def _number(gid: str) -> str:
    return gid.rsplit("/", 1)[-1]
