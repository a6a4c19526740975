"""What the shop offers, variant by variant."""

from __future__ import annotations

from orderyard.core.channels.api import ItemPage, ListedItem, ListingRef

from .node import Node
from .wire import AdminApi

ITEMS_PER_PAGE = 100
_ONLY_VARIANT = "Default Title"
"""What Shopify calls the variant of a product that has no options."""


def list_page(api: AdminApi, cursor: str | None) -> ItemPage:
    """Variants by id, so what is added meanwhile comes last; those of archived products are not offered any more."""
    variants = api.read("productVariants", {"first": ITEMS_PER_PAGE, "after": cursor}).node("productVariants")
    items = tuple(_item(variant) for variant in variants.each("nodes") if variant.node("product").text("status") != "ARCHIVED")
    page = variants.node("pageInfo")
    return ItemPage(items, page.text("endCursor") if page.flag("hasNextPage") else None)


def _item(variant: Node) -> ListedItem:
    product, title = variant.node("product"), variant.text("title")
    return ListedItem(
        ListingRef(product.text("id"), variant.text("id"), variant.text_or_empty("sku")),
        # As the platform names an order's line.
        product.text("title") if title == _ONLY_VARIANT else f"{product.text('title')} - {title}",
        variant.number("inventoryQuantity") if variant.has("inventoryQuantity") else None,
    )
