"""Rows of a batch that set what products and variations show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .books import Books
from .views import View, Views


def update_rows(
    books: Books, update: Iterable[Mapping[str, Any]], parent: int, views: Views, managed: bool, *, half: bool = False
) -> list[View]:
    """Each row is done and answered by itself; `managed` is the shop's own switch for counting stock at all,
    and `half` refuses every other row."""
    rows: list[View] = []
    for place, entry in enumerate(update):
        number = int(entry.get("id", 0))
        if half and place % 2:
            what = "Sorry, you are not allowed to edit this resource."
            rows.append(_error(number, "woocommerce_rest_cannot_edit", what, 401))
            continue
        product = books.products.get(number)
        if product is None or (parent and not product.parent):
            kind = "product_variation" if parent else "product"
            rows.append(_error(number, f"woocommerce_rest_{kind}_invalid_id", "Invalid ID.", 400))
            continue
        if product.parent and not parent:
            what = "To manipulate product variations you should use the /products/<product_id>/variations/<id> endpoint."
            rows.append(_error(number, "woocommerce_rest_invalid_product_id", what, 404))
            continue
        if parent:
            product.parent = parent  # the platform moves a variation that is named under another product
        if managed:
            if "manage_stock" in entry:
                product.stock = (product.stock or 0) if entry["manage_stock"] else None
            if product.stock is not None and entry.get("stock_quantity") is not None:
                product.stock = int(entry["stock_quantity"])
                books.stock_updates += 1
        rows.append(views.product(product) | ({} if managed else {"manage_stock": False, "stock_quantity": None}))
    return rows


def _error(number: int, code: str, message: str, status: int) -> View:
    return {"id": number, "error": {"code": code, "message": message, "data": {"status": status}}}
