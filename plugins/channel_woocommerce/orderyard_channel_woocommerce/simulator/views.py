"""The shop's things as the REST API v3 writes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from .books import Charge, Line, Note, Order, Product, Refund, Tracking

View = dict[str, Any]

# Codes of the provinces that the tests' buyers live in; another one is written as it is.
_STATES = {"北京市": "CN2", "上海市": "CN10", "江苏省": "CN11", "浙江省": "CN12", "广东省": "CN20", "四川省": "CN24"}


class Views:
    """`zone` is the site's own time, in which the fields without `_gmt` are written; `digits` its price decimals."""

    def __init__(self, currency: str, digits: int, zone: timedelta) -> None:
        self.currency = currency
        self.digits = digits
        self.zone = timezone(zone)

    def moments(self, name: str, at: datetime | None) -> View:
        local = at.astimezone(self.zone).strftime("%Y-%m-%dT%H:%M:%S") if at else None
        return {name: local, f"{name}_gmt": at.strftime("%Y-%m-%dT%H:%M:%S") if at else None}

    def order(self, order: Order, dp: int | None = None) -> View:
        """`dp` is how many digits amounts are asked with; the shop's own otherwise."""

        def money(amount: Decimal) -> str:
            return _fixed(amount, self.digits if dp is None else dp)

        charges = (*order.shipping, *order.fees)
        tax = sum((line.total_tax for line in order.lines), sum((charge.tax for charge in charges), Decimal(0)))
        discount = sum((line.subtotal - line.total for line in order.lines), Decimal(0))
        discount_tax = sum((line.subtotal_tax - line.total_tax for line in order.lines), Decimal(0))
        address = _address(order)
        coupon = {
            "id": order.id,
            "code": "less",
            "discount": money(discount),
            "discount_tax": money(discount_tax),
            "meta_data": [],
        }
        return {
            "id": order.id,
            "parent_id": 0,
            "status": order.status,
            "currency": self.currency,
            "version": "10.3.0",
            "prices_include_tax": order.inclusive,
            **self.moments("date_created", order.created),
            **self.moments("date_modified", order.modified),
            "discount_total": money(discount),
            "discount_tax": money(discount_tax),
            "shipping_total": money(sum((charge.total for charge in order.shipping), Decimal(0))),
            "shipping_tax": money(sum((charge.tax for charge in order.shipping), Decimal(0))),
            "cart_tax": money(tax - sum((charge.tax for charge in order.shipping), Decimal(0))),
            "total": money(order.total),
            "total_tax": money(tax),
            "customer_id": order.customer,
            "order_key": f"wc_order_{order.id:x}",
            "billing": {**address, "email": order.placed.email},
            "shipping": address,
            "payment_method": order.method,
            "payment_method_title": order.method.title(),
            "transaction_id": f"ch_{order.id}" if order.paid and order.method == "stripe" else "",
            "customer_ip_address": "",
            "customer_user_agent": "",
            "created_via": "checkout",
            "customer_note": order.placed.message,
            **self.moments("date_completed", order.completed),
            **self.moments("date_paid", order.paid),
            "cart_hash": "",
            "number": str(order.id),
            "meta_data": [
                {"id": index, "key": key, "value": value} for index, (key, value) in enumerate(order.meta.items(), 1)
            ],
            "line_items": [_line(line, money) for line in order.lines],
            "tax_lines": [],
            "shipping_lines": [
                {**_charge(charge, money), "method_title": charge.title, "method_id": "flat_rate", "instance_id": "1"}
                for charge in order.shipping
            ],
            "fee_lines": [
                {
                    **_charge(charge, money),
                    "name": charge.title,
                    "tax_class": "",
                    "tax_status": "taxable",
                    "amount": str(charge.total),
                }
                for charge in order.fees
            ],
            "coupon_lines": [coupon] if discount else [],
            "refunds": [
                {"id": refund.id, "reason": refund.reason, "total": f"-{money(refund.amount)}"} for refund in order.refunds
            ],
            "payment_url": "",
            "is_editable": order.status in ("pending", "on-hold", "auto-draft"),
            "needs_payment": order.status in ("pending", "failed"),
            "needs_processing": True,
            "currency_symbol": "",
        }

    def refund(self, refund: Refund, dp: int | None = None) -> View:
        def money(amount: Decimal) -> str:
            return _fixed(amount, self.digits if dp is None else dp)

        return {
            "id": refund.id,
            "parent_id": 0,
            **self.moments("date_created", refund.at),
            "amount": money(refund.amount),
            "reason": refund.reason,
            "refunded_by": 1,
            "refunded_payment": False,
            "meta_data": [],
            "line_items": [
                {
                    **_line(line, money),
                    "id": row,
                    "quantity": -units,
                    "meta_data": [{"id": row, "key": "_refunded_item_id", "value": str(line.id)}],
                }
                for row, line, units in refund.lines
            ],
            "shipping_lines": [],
            "tax_lines": [],
            "fee_lines": [],
        }

    def product(self, product: Product) -> View:
        price = _fixed(Decimal(product.price).scaleb(-self.digits), self.digits) if product.price else ""
        view: View = {
            "id": product.id,
            "name": ", ".join(value for _, value in product.options) or product.title,
            "sku": product.sku,
            "price": price,
            "regular_price": price,
            "status": "publish",
            "type": product.type,
            "manage_stock": product.stock is not None,
            "stock_quantity": product.stock,
            "stock_status": "instock" if product.stock else "outofstock",
            "parent_id": product.parent,
            "attributes": [{"id": 0, "name": name, "option": value} for name, value in product.options],
        }
        return view if product.parent else {**view, "variations": list(product.variations)}

    def note(self, note: Note) -> View:
        return {
            "id": note.id,
            "author": "system",
            **self.moments("date_created", note.at),
            "note": note.text,
            "customer_note": note.to_customer,
        }


def tracking_view(tracking: Tracking) -> View:
    """As the extension Shipment Tracking writes it."""
    return {
        "tracking_id": tracking.id,
        "tracking_provider": tracking.provider,
        "tracking_link": "",
        "tracking_number": tracking.number,
        "date_shipped": tracking.shipped,
    }


def _fixed(amount: Decimal, digits: int) -> str:
    return f"{amount.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP):.{digits}f}"


def _line(line: Line, money: Any) -> View:
    product = line.product
    return {
        "id": line.id,
        "name": product.name,
        "product_id": product.parent or product.id,
        "variation_id": product.id if product.parent else 0,
        "quantity": line.units,
        "tax_class": "",
        "subtotal": money(line.subtotal),
        "subtotal_tax": money(line.subtotal_tax),
        "total": money(line.total),
        "total_tax": money(line.total_tax),
        "taxes": [],
        "meta_data": [{"id": line.id, "key": name, "value": value} for name, value in product.options],
        "sku": product.sku,
        # The one amount that is a number and not text, and which no client should count with.
        "price": float(line.total / line.units),
        "image": {"id": "", "src": ""},
        "parent_name": product.title if product.parent else None,
    }


def _charge(charge: Charge, money: Any) -> View:
    return {"id": charge.id, "total": money(charge.total), "total_tax": money(charge.tax), "taxes": [], "meta_data": []}


def _address(order: Order) -> Mapping[str, str]:
    receiver = order.placed.receiver
    if receiver.name.isascii():
        first, _, last = receiver.name.partition(" ")
    else:
        first, last = receiver.name[1:], receiver.name[:1]
    return {
        "first_name": first,
        "last_name": last,
        "company": receiver.company,
        "address_1": receiver.detail,
        "address_2": receiver.district,
        "city": receiver.city,
        "state": _STATES.get(receiver.province, receiver.province),
        "postcode": receiver.postcode,
        "country": receiver.country,
        "phone": receiver.phone,
    }
