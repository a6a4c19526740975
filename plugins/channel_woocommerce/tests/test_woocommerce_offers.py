"""What the shop offers, and the numbers it shows."""

from __future__ import annotations

import pytest
from orderyard_channel_woocommerce.adapter import WooCommerce
from orderyard_channel_woocommerce.simulator.server import WooCommerceSimulator

from orderyard.core.channels.api import ListedItem, ListingRef, StockAnswer, StockOutcome, StockTarget
from orderyard.core.kernel.errors import RemoteNotUnderstood, RemoteUnavailable
from orderyard.core.kernel.values import Money
from orderyard.core.testing.scripted import ScriptedTransport, answer
from orderyard.core.testing.simulator import ShopItem

HTTPS = {"url": "https://shop.example", "consumer_key": "ck", "consumer_secret": "cs"}


def listed(channel: WooCommerce) -> list[ListedItem]:
    items: list[ListedItem] = []
    cursor = None
    for _ in range(50):
        page = channel.list_items(cursor)
        items += page.items
        cursor = page.cursor
        if cursor is None:
            return items
    raise AssertionError("the pages never end")


def push(channel: WooCommerce, *targets: StockTarget) -> list[StockAnswer]:
    return list(channel.push_stock(targets, "k"))


def test_a_variable_product_is_listed_by_its_variations(channel: WooCommerce, simulator: WooCommerceSimulator) -> None:
    offered = simulator.books.offered
    parent = str(offered["TEE-M"].parent)
    assert listed(channel) == [
        ListedItem(ListingRef(str(offered["CUP"].id), "", "CUP"), "Cup", 0),
        ListedItem(ListingRef(parent, str(offered["TEE-M"].id), "TEE-M"), "Tee - M", 0),
        ListedItem(ListingRef(parent, str(offered["TEE-L"].id), "TEE-L"), "Tee - L", 0),
    ]


def test_what_has_no_stock_of_its_own_is_left_out(channel: WooCommerce, simulator: WooCommerceSimulator) -> None:
    offered = simulator.books.offered
    offered["CUP"].type = "grouped"
    simulator.books.products[offered["TEE-M"].parent].variations.clear()
    assert listed(channel) == []
    offered["CUP"].type, offered["CUP"].stock = "subscription", None
    assert [item.quantity for item in listed(channel)] == [None]


def test_a_product_deleted_while_the_pages_are_walked_ends_nothing(
    channel: WooCommerce, simulator: WooCommerceSimulator
) -> None:
    first = channel.list_items()
    assert first.cursor is not None
    del simulator.books.products[simulator.books.offered["TEE-M"].parent]
    assert channel.list_items(first.cursor).cursor is None


@pytest.mark.parametrize("cursor", ["", "7", "[]", '[1, ["x"], 1]', "{}"])
def test_a_foreign_cursor_is_not_understood(cursor: str, channel: WooCommerce) -> None:
    with pytest.raises(RemoteNotUnderstood):
        channel.list_items(cursor)


def test_more_variations_than_a_batch_takes_go_in_several(channel: WooCommerce, simulator: WooCommerceSimulator) -> None:
    crowd = [ShopItem(f"S{number}", "Tee", Money(100, "EUR"), options={"No": str(number)}) for number in range(130)]
    simulator.open_shop(tuple(crowd))
    listings = [item.listing for item in listed(channel)]
    answers = push(channel, *(StockTarget(listing, place) for place, listing in enumerate(listings)))
    assert {one.outcome for one in answers} == {StockOutcome.OK}
    assert simulator.told().stock == {f"S{number}": number for number in range(130)}


def test_stock_that_was_not_counted_is_counted_from_then_on(channel: WooCommerce, simulator: WooCommerceSimulator) -> None:
    cup = simulator.books.offered["CUP"]
    cup.stock = None
    (one,) = push(channel, StockTarget(ListingRef(str(cup.id)), 4))
    assert (one.outcome, simulator.told().stock["CUP"]) == (StockOutcome.OK, 4)


def test_a_shop_that_counts_no_stock_refuses_the_figure(channel: WooCommerce, simulator: WooCommerceSimulator) -> None:
    simulator.manages_stock = False
    (one,) = push(channel, StockTarget(ListingRef(str(simulator.books.offered["CUP"].id)), 4))
    assert (one.outcome, one.current) == (StockOutcome.REFUSED, None)
    assert "does not manage stock" in one.note


@pytest.mark.parametrize(
    "listing", [ListingRef("line 31"), ListingRef(""), ListingRef("8", "x"), ListingRef("0"), ListingRef("-1")]
)
def test_what_is_no_product_is_unknown_without_a_call(listing: ListingRef) -> None:
    (one,) = push(WooCommerce(HTTPS, ScriptedTransport()), StockTarget(listing, 1))
    assert one.outcome is StockOutcome.UNKNOWN_LISTING


def test_a_variation_given_as_a_product_is_unknown(channel: WooCommerce, simulator: WooCommerceSimulator) -> None:
    (one,) = push(channel, StockTarget(ListingRef(str(simulator.books.offered["TEE-M"].id)), 1))
    assert one.outcome is StockOutcome.UNKNOWN_LISTING


@pytest.mark.parametrize("trouble", ["dies", "lose_answer"])
def test_a_batch_that_died_halfway_is_sent_again(trouble: str, channel: WooCommerce, simulator: WooCommerceSimulator) -> None:
    simulator.open_shop(tuple(ShopItem(f"S{number}", f"No {number}", Money(100, "EUR")) for number in range(10)))
    targets = [StockTarget(item.listing, 5) for item in listed(channel)]
    simulator.chaos.arm(trouble, operation="products.batch")
    with pytest.raises(RemoteUnavailable):
        push(channel, *targets)
    assert {one.outcome for one in push(channel, *targets)} == {StockOutcome.OK}
    assert set(simulator.told().stock.values()) == {5}


def test_an_answer_about_other_products_is_not_believed() -> None:
    transport = ScriptedTransport(answer({"update": [{"id": 9, "stock_quantity": 1}]}))
    with pytest.raises(RemoteNotUnderstood):
        push(WooCommerce(HTTPS, transport), StockTarget(ListingRef("8"), 1))


def test_rows_that_were_refused_are_named_and_the_others_done(channel: WooCommerce, simulator: WooCommerceSimulator) -> None:
    simulator.open_shop(tuple(ShopItem(f"S{number}", f"No {number}", Money(100, "EUR")) for number in range(4)))
    simulator.chaos.arm("half")
    answers = push(channel, *(StockTarget(item.listing, 5) for item in listed(channel)))
    assert [one.outcome for one in answers] == [StockOutcome.OK, StockOutcome.REFUSED] * 2
    assert [simulator.told().stock[one.target.listing.merchant_code] for one in answers] == [5, 0, 5, 0]
