"""The bodies of pushes: REST-shaped, snake_case, ids as numbers beyond 2^53."""

from __future__ import annotations

from .books import Line, Order, Refund, Return, Work
from .graph import Graph, address
from .paging import View, stamp


def order_body(graph: Graph, order: Order) -> View:
    """What `orders/create` and `orders/updated` carry."""
    receiver = address(order)
    return {
        "id": _id(order.id),
        "admin_graphql_api_id": order.id,
        "cancelled_at": stamp(order.cancelled) if order.cancelled else None,
        "created_at": stamp(order.created),
        "currency": graph.currency,
        "email": order.placed.email,
        "financial_status": order.financial.lower(),
        "fulfillment_status": {"FULFILLED": "fulfilled", "PARTIALLY_FULFILLED": "partial"}.get(order.fulfillment),
        "name": f"#{order.number}",
        "note": order.placed.message or None,
        "order_number": order.number,
        "payment_gateway_names": [order.gateway],
        "processed_at": stamp(order.created),
        "taxes_included": True,
        "test": False,
        "total_price": _money(order.total),
        "total_price_set": _set(graph, order.total),
        "updated_at": stamp(order.updated),
        "customer": {
            "id": _id(order.customer),
            "admin_graphql_api_id": order.customer,
            "first_name": order.placed.buyer,
            "email": order.placed.email,
        },
        "line_items": [_line(graph, line) for line in order.lines],
        "shipping_address": {
            "name": receiver["name"],
            "address1": receiver["address1"],
            "city": receiver["city"],
            "zip": receiver["zip"],
            "province": receiver["province"],
            "country_code": receiver["countryCodeV2"],
            "phone": receiver["phone"],
        },
        "shipping_lines": [{"title": "Standard", "price": _money(order.placed.freight)}],
        "fulfillments": [],
        "refunds": [],
    }


def _line(graph: Graph, line: Line) -> View:
    return {
        "id": _id(line.id),
        "admin_graphql_api_id": line.id,
        "product_id": _id(line.item.product),
        "variant_id": _id(line.item.variant),
        "sku": line.item.sku,
        "title": line.item.title,
        "quantity": line.units,
        "current_quantity": line.units - line.taken_back,
        "fulfillable_quantity": line.left,
        "price": _money(line.item.price),
        "price_set": _set(graph, line.item.price),
        "total_discount": _money(line.discount),
    }


def _id(gid: str) -> int:
    return int(gid.rsplit("/", 1)[-1])


def _money(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"


def _set(graph: Graph, minor: int) -> View:
    money = {"amount": _money(minor), "currency_code": graph.currency}
    return {"shop_money": money, "presentment_money": money}


def return_body(entry: Return) -> View:
    """What the topics `returns/…` carry."""
    return {
        "id": _id(entry.id),
        "admin_graphql_api_id": entry.id,
        "name": entry.name,
        "status": entry.status.lower(),
        "order": {"id": _id(entry.order.id), "admin_graphql_api_id": entry.order.id},
        "total_return_line_items": len(entry.lines),
    }


def work_body(work: Work) -> View:
    """What the topics `fulfillment_orders/…` carry: no word of the order."""
    return {"fulfillment_order": {"id": work.id, "status": work.status.lower()}}


def refund_body(order: Order, refund: Refund) -> View:
    """What `refunds/create` carries."""
    return {"id": _id(refund.id), "admin_graphql_api_id": refund.id, "order_id": _id(order.id), "note": None}


def shop_body(name: str, domain: str) -> View:
    """What `app/uninstalled` carries: the shop; the token is dead by then."""
    return {"id": 548380009, "name": name, "domain": None, "myshopify_domain": domain}


def privacy_body(domain: str, customer: str, email: str, orders: list[str]) -> View:
    """What the mandatory topics about customers carry."""
    return {
        "shop_id": 548380009,
        "shop_domain": domain,
        "customer": {"id": _id(customer), "email": email, "phone": None},
        "orders_requested": [_id(order) for order in orders],
        "orders_to_redact": [_id(order) for order in orders],
    }
