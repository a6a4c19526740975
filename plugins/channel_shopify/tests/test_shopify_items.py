"""What the shop offers, variant by variant."""

from __future__ import annotations

import json
from typing import Any

import pytest
from orderyard_channel_shopify.adapter import Shopify
from orderyard_channel_shopify.simulator.server import ShopifySimulator

from orderyard.core.channels.api import ItemPage, ListedItem, ListingRef, ListsItems, StockTarget
from orderyard.core.kernel.errors import RateLimited, RemoteNotUnderstood
from orderyard.core.kernel.values import Money
from orderyard.core.testing.scripted import ScriptedTransport, answer
from orderyard.core.testing.simulator import ShopItem

VARIANT = "gid://shopify/ProductVariant/47000000000001"
PRODUCT = "gid://shopify/Product/8600000000001"


def variant(status: str = "ACTIVE", **changes: Any) -> dict[str, Any]:
    product = {"id": PRODUCT, "title": "Cotton T-Shirt", "status": status}
    return {"id": VARIANT, "sku": "TEE-BLU-M", "title": "Blue / M", "inventoryQuantity": 95, "product": product, **changes}


def listed(*variants: dict[str, Any], after: str | None = None) -> ItemPage:
    page = {"hasNextPage": after is not None, "endCursor": after}
    transport = ScriptedTransport(answer({"data": {"productVariants": {"pageInfo": page, "nodes": list(variants)}}}))
    return Shopify({"shop": "demo.myshopify.com", "access_token": "t"}, transport).list_items()


def test_a_variant_is_named_by_its_ids_and_as_an_orders_line_is() -> None:
    listing = ListingRef(PRODUCT, VARIANT, "TEE-BLU-M")
    assert listed(variant()) == ItemPage((ListedItem(listing, "Cotton T-Shirt - Blue / M", 95),), None)


def test_a_product_without_options_bears_its_own_title() -> None:
    (item,) = listed(variant(title="Default Title")).items
    assert item.title == "Cotton T-Shirt"


@pytest.mark.parametrize(
    ("status", "offered"),
    [("ACTIVE", True), ("DRAFT", True), ("UNLISTED", True), ("NEW_NEXT_QUARTER", True), ("ARCHIVED", False)],
)
def test_only_archived_products_are_left_out(status: str, offered: bool) -> None:
    assert bool(listed(variant(status)).items) is offered


def test_a_variant_may_have_no_sku_and_no_number() -> None:
    (item,) = listed(variant(sku=None, inventoryQuantity=None)).items
    assert (item.listing.merchant_code, item.quantity) == ("", None)


def test_the_cursor_leads_to_the_next_page() -> None:
    assert listed(variant(), after="abc").cursor == "abc"
    transport = ScriptedTransport(answer({"data": {"productVariants": {"pageInfo": {"hasNextPage": False}, "nodes": []}}}))
    assert Shopify({"shop": "demo.myshopify.com", "access_token": "t"}, transport).list_items("abc") == ItemPage((), None)
    assert json.loads(transport.sent[0].body)["variables"] == {"first": 100, "after": "abc"}
    assert not transport.sent[0].effect


@pytest.mark.parametrize("changes", [{"id": 7}, {"inventoryQuantity": "many"}, {"product": None}, {"title": None}])
def test_a_variant_that_is_not_certain_is_not_understood(changes: dict[str, Any]) -> None:
    with pytest.raises(RemoteNotUnderstood):
        listed(variant(**changes))


def test_the_shop_lists_what_it_offers_and_what_was_pushed(simulator: ShopifySimulator, channel: Shopify) -> None:
    assert isinstance(channel, ListsItems)
    channel.push_stock([StockTarget(ListingRef(*simulator.listing("CUP"), "CUP"), 7)], "k1")
    simulator.books.items["TEE-M"].status = "ARCHIVED"
    assert channel.list_items() == ItemPage((ListedItem(ListingRef(*simulator.listing("CUP"), "CUP"), "Cup", 7),), None)


def test_an_item_that_comes_while_the_pages_are_walked_is_on_the_last(simulator: ShopifySimulator, channel: Shopify) -> None:
    price = Money.of("9.90", "USD")
    simulator.open_shop(tuple(ShopItem(f"SKU-{number:03}", "Thing", price) for number in range(110)))
    page = channel.list_items()
    seen = [item.listing.merchant_code for item in page.items]
    simulator.books.items.pop("SKU-000")
    simulator.books.items["SKU-110"] = simulator.books.add("SKU-110", "Thing", 990)
    while page.cursor:
        page = channel.list_items(page.cursor)
        seen += [item.listing.merchant_code for item in page.items]
    assert seen == [f"SKU-{number:03}" for number in range(111)]


def test_a_throttled_list_asks_for_patience(simulator: ShopifySimulator, channel: Shopify) -> None:
    simulator.chaos.arm("too_many", operation="productVariants")
    with pytest.raises(RateLimited):
        channel.list_items()
