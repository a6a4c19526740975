"""Where Shopify pushes to: asked for, looked after, and what each push of the simulator leads to."""

from __future__ import annotations

import pytest
from orderyard_channel_shopify.adapter import Shopify
from orderyard_channel_shopify.simulator.hooks import PATIENCE
from orderyard_channel_shopify.simulator.server import ShopifySimulator
from orderyard_channel_shopify.subscriptions import TOPICS

from orderyard.core.channels.api import DocumentKind, Hint, KeepsSubscriptions, Shipment, ShippedLine, TellsWhoItIs
from orderyard.core.kernel.errors import CredentialsRefused, RemoteRejected
from orderyard.core.kernel.transport import Delivery
from orderyard.core.kernel.values import Address
from orderyard.core.testing.simulator import BuyerOrder

Letterbox = tuple[str, list[Delivery]]


def hints(channel: Shopify, taken: list[Delivery]) -> list[Hint]:
    return [hint for delivery in taken for hint in channel.receive(delivery)]


def test_every_topic_is_subscribed_to_once(simulator: ShopifySimulator, channel: Shopify) -> None:
    assert isinstance(channel, KeepsSubscriptions)
    assert list(channel.subscribe("https://yard.example/hooks/us")) == list(TOPICS)
    assert list(channel.subscribe("https://yard.example/hooks/us")) == []
    assert sorted(entry.topic for entry in simulator.hooks.subscriptions.values()) == sorted(TOPICS)


def test_what_was_deleted_narrowed_or_left_behind_is_mended(simulator: ShopifySimulator, channel: Shopify) -> None:
    channel.subscribe("https://yard.example/hooks/us")
    by_topic = {entry.topic: entry for entry in simulator.hooks.subscriptions.values()}
    del simulator.hooks.subscriptions[by_topic["ORDERS_PAID"].id]
    by_topic["ORDERS_CREATE"].filter = "total_price:>100"
    by_topic["ORDERS_UPDATED"].fields = ["note"]
    by_topic["REFUNDS_CREATE"].format = "XML"
    by_topic["RETURNS_CLOSE"].uri = "https://former.example/hooks/us"
    mended = ["ORDERS_CREATE", "ORDERS_PAID", "ORDERS_UPDATED", "REFUNDS_CREATE", "RETURNS_CLOSE"]
    assert list(channel.subscribe("https://yard.example/hooks/us")) == mended
    assert {entry.uri for entry in simulator.hooks.subscriptions.values()} == {"https://yard.example/hooks/us"}
    assert list(channel.subscribe("https://yard.example/hooks/us")) == []


def test_subscriptions_of_others_stay(simulator: ShopifySimulator, channel: Shopify) -> None:
    for uri in ("https://other.example/inbox", "pubsub://project:topic"):
        assert simulator.hooks.create("ORDERS_CREATE", {"uri": uri})["userErrors"] == []
    assert list(channel.subscribe("https://yard.example/hooks/us")) == list(TOPICS)
    kept = [entry.uri for entry in simulator.hooks.subscriptions.values() if entry.topic == "ORDERS_CREATE"]
    assert kept == ["https://other.example/inbox", "pubsub://project:topic", "https://yard.example/hooks/us"]


def test_an_address_that_shopify_does_not_take_is_named(channel: Shopify) -> None:
    with pytest.raises(RemoteRejected, match=r"ftp://yard.example.*Address is invalid"):
        channel.subscribe("ftp://yard.example/hooks/us")


def test_an_address_that_stays_silent_is_forgotten_and_mended(
    simulator: ShopifySimulator, channel: Shopify, letterbox: Letterbox, oakland: Address
) -> None:
    address, taken = letterbox
    channel.subscribe(f"{address}/gone")
    order_id = simulator.place(BuyerOrder("ann", oakland, (("CUP", 1),)))
    assert [simulator.push(order_id) for _ in range(PATIENCE + 1)] == [0] * (PATIENCE + 1)
    assert len(simulator.hooks.subscriptions) == len(TOPICS) - 1
    assert list(channel.subscribe(f"{address}/gone")) == ["ORDERS_UPDATED"]
    assert {delivery.headers["x-shopify-topic"] for delivery in taken} == {"orders/create", "orders/updated"}


def test_a_push_of_a_hold_leads_to_its_order(
    simulator: ShopifySimulator, channel: Shopify, letterbox: Letterbox, oakland: Address
) -> None:
    address, taken = letterbox
    channel.subscribe(f"{address}/hook")
    order_id = simulator.place(BuyerOrder("ann", oakland, (("CUP", 1),)))
    simulator.hold(order_id)
    assert simulator.push_work(order_id) == 1
    (hint,) = hints(channel, taken)
    assert (hint.kind, hint.topic) == (DocumentKind.ORDER, "fulfillment_orders/placed_on_hold")
    order = channel.read(channel.fetch(hint.external_id))
    assert (order.external_id, bool(order.held)) == (order_id, True)


def test_a_push_of_a_return_leads_to_the_claim(
    simulator: ShopifySimulator, channel: Shopify, letterbox: Letterbox, oakland: Address
) -> None:
    address, taken = letterbox
    channel.subscribe(f"{address}/hook")
    order_id = simulator.place(BuyerOrder("ann", oakland, (("CUP", 1),)))
    order = channel.read(channel.fetch(order_id))
    channel.confirm_shipment(Shipment(order_id, (ShippedLine(order.lines[0].external_id, 1),), "SF", "", "SF1", True), "k")
    return_id = simulator.returns.request(order_id, 1)
    assert simulator.push_return(return_id) == 1
    (hint,) = hints(channel, taken)
    assert hint == Hint(hint.delivery_id, return_id, "returns/request", DocumentKind.CLAIM)
    assert channel.read_claim(channel.fetch_claim(hint.external_id)).order_external_id == order_id


@pytest.mark.parametrize("topic", ["customers/data_request", "customers/redact", "shop/redact"])
def test_a_privacy_topic_is_for_people(
    topic: str, simulator: ShopifySimulator, channel: Shopify, letterbox: Letterbox, oakland: Address
) -> None:
    address, taken = letterbox
    simulator.open_shop((), webhooks=f"{address}/hook")
    order_id = simulator.place(BuyerOrder("ann", oakland, (("CUP", 1),)))
    assert simulator.push_privacy(topic, order_id) == 1
    (hint,) = hints(channel, taken)
    whom = "demo.myshopify.com" if topic == "shop/redact" else simulator.books.orders[order_id].customer
    assert (hint.kind, hint.external_id) == (DocumentKind.PRIVACY, whom)


def test_an_app_that_was_taken_out_is_found_so(simulator: ShopifySimulator, channel: Shopify, letterbox: Letterbox) -> None:
    address, taken = letterbox
    channel.subscribe(f"{address}/hook")
    simulator.uninstall()
    (hint,) = hints(channel, taken)
    with pytest.raises(CredentialsRefused):
        channel.fetch(hint.external_id)


def test_a_false_alarm_of_that_is_found_so(channel: Shopify) -> None:
    with pytest.raises(RemoteRejected, match="still installed"):
        channel.fetch("gid://shopify/Shop/548380009")


def test_a_fulfillment_order_nobody_knows_is_rejected(channel: Shopify) -> None:
    with pytest.raises(RemoteRejected, match="no fulfillment order"):
        channel.fetch("gid://shopify/FulfillmentOrder/1")


def test_it_says_who_it_is_and_what_is_missing(simulator: ShopifySimulator, channel: Shopify) -> None:
    assert isinstance(channel, TellsWhoItIs)
    assert channel.who() == "Demo (demo.myshopify.com), USD; all access is there"
    simulator.scopes = tuple(scope for scope in simulator.scopes if "returns" not in scope)
    assert channel.who().endswith("access is missing: read_returns, write_returns")
