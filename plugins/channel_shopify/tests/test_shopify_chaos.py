"""Each trouble the simulator can make, and what the adapter makes of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, timedelta

import pytest
from orderyard_channel_shopify.adapter import Shopify
from orderyard_channel_shopify.simulator.server import ShopifySimulator
from orderyard_channel_shopify.simulator.troubles import LATE

from orderyard.core.channels.api import ListingRef, Memo, Page, Shipment, ShippedLine, StockTarget, Window
from orderyard.core.kernel.errors import CredentialsRefused, OutcomeUnknown, RateLimited, RemoteUnavailable
from orderyard.core.kernel.transport import Delivery
from orderyard.core.kernel.values import Address
from orderyard.core.testing.scripted import FixedEnvironment
from orderyard.core.testing.simulator import BuyerOrder, Chaos

Letterbox = tuple[str, list[Delivery]]


@pytest.fixture
def placed(simulator: ShopifySimulator, oakland: Address, environment: FixedEnvironment) -> list[str]:
    ids = []
    for _ in range(3):
        ids.append(simulator.place(BuyerOrder("ann", oakland, (("CUP", 1),))))
        environment.moment += timedelta(seconds=10)
    return ids


@pytest.fixture
def window(placed: list[str], environment: FixedEnvironment) -> Window:
    return Window(environment.moment - timedelta(minutes=10), environment.moment)


def ids(page: Page) -> list[str]:
    return [found.external_id for found in page.found]


def shipment(channel: Shopify, order_id: str) -> Shipment:
    line = channel.read(channel.fetch(order_id)).lines[0]
    return Shipment(order_id, (ShippedLine(line.external_id, 1),), "UPS", "", "N1", True)


def test_every_trouble_there_is_has_a_case_here() -> None:
    assert set(Chaos.TROUBLES) == {
        "lose_answer", "too_many", "duplicate", "reorder", "delay", "expire", "half", "clock"
    }  # fmt: skip


def test_lose_answer(simulator: ShopifySimulator, channel: Shopify, placed: list[str]) -> None:
    parcel = shipment(channel, placed[0])
    simulator.chaos.arm("lose_answer", operation="fulfillmentCreate")
    with pytest.raises(OutcomeUnknown):
        channel.confirm_shipment(parcel, "k")
    assert channel.find_shipment(parcel)
    assert channel.confirm_shipment(parcel, "k").already
    assert simulator.told().confirmations == 1


@pytest.mark.parametrize(("trouble", "code"), [("too_many", "THROTTLED"), ("busy", "429")])
def test_too_many(trouble: str, code: str, simulator: ShopifySimulator, channel: Shopify, placed: list[str]) -> None:
    parcel = shipment(channel, placed[0])
    simulator.chaos.arm(trouble, operation="fulfillmentCreate")
    with pytest.raises(RateLimited) as raised:
        channel.confirm_shipment(parcel, "k")
    assert (raised.value.code, raised.value.scope) == (code, "shop")
    assert simulator.told().confirmations == 0
    assert not channel.confirm_shipment(parcel, "k").already


def test_duplicate(simulator: ShopifySimulator, channel: Shopify, placed: list[str], window: Window) -> None:
    simulator.chaos.arm("duplicate", operation="orders")
    page = channel.pull(window)
    assert ids(page) == [*placed, placed[0]]
    assert page.found[0] == page.found[-1]
    assert ids(channel.pull(window)) == placed


def test_reorder_of_a_page(simulator: ShopifySimulator, channel: Shopify, placed: list[str], window: Window) -> None:
    simulator.chaos.arm("reorder", operation="orders")
    assert ids(channel.pull(window)) == placed[::-1]
    assert ids(channel.pull(window)) == placed


def test_reorder_of_pushes(simulator: ShopifySimulator, channel: Shopify, placed: list[str], letterbox: Letterbox) -> None:
    address, taken = letterbox
    simulator.open_shop((), webhooks=f"{address}/hook")
    simulator.chaos.arm("reorder", operation="orders/create")
    assert [simulator.push(placed[0]), simulator.push(placed[0])] == [0, 2]
    hints = [hint for delivery in taken for hint in channel.receive(delivery)]
    assert [hint.topic for hint in hints] == ["orders/updated", "orders/create"]
    assert {hint.external_id for hint in hints} == {placed[0]}
    assert len({hint.delivery_id for hint in hints}) == 2


def test_delay(
    simulator: ShopifySimulator, channel: Shopify, placed: list[str], window: Window, environment: FixedEnvironment
) -> None:
    simulator.chaos.arm("delay", operation="orders")
    assert ids(channel.pull(window)) == placed[:-1]
    # The next window asks for the overlap again, which is longer than any change stays unknown.
    environment.moment += timedelta(seconds=30)
    following = Window(window.until - channel.ability.overlap, environment.moment)
    assert placed[-1] in ids(channel.pull(following))
    assert channel.ability.overlap > LATE


def test_an_older_change_is_never_late(
    simulator: ShopifySimulator, channel: Shopify, placed: list[str], environment: FixedEnvironment
) -> None:
    environment.moment += LATE
    simulator.chaos.arm("delay", operation="orders")
    window = Window(environment.moment - timedelta(minutes=20), environment.moment)
    assert ids(channel.pull(window)) == placed


def test_expire(simulator: ShopifySimulator, channel: Shopify, window: Window, placed: list[str]) -> None:
    simulator.chaos.arm("expire", times=2, operation="orders")
    with pytest.raises(CredentialsRefused):
        channel.pull(window)
    renewing = Shopify({**channel.config, "refresh_token": "shprt_1"}, channel.transport)
    with pytest.raises(RemoteUnavailable):
        renewing.pull(window)
    assert ids(renewing.pull(window)) == placed


def test_half_of_a_read(simulator: ShopifySimulator, channel: Shopify, window: Window, placed: list[str]) -> None:
    simulator.chaos.arm("half", operation="orders")
    with pytest.raises(RemoteUnavailable):
        channel.pull(window)
    assert ids(channel.pull(window)) == placed


def test_half_of_a_parcel(simulator: ShopifySimulator, channel: Shopify, placed: list[str]) -> None:
    parcel = shipment(channel, placed[0])
    simulator.chaos.arm("half", operation="fulfillmentCreate")
    with pytest.raises(OutcomeUnknown):
        channel.confirm_shipment(parcel, "k")
    assert channel.find_shipment(parcel)
    assert simulator.told().confirmations == 1


def test_half_of_a_parcel_from_two_places(simulator: ShopifySimulator, channel: Shopify, oakland: Address) -> None:
    order_id = simulator.place(BuyerOrder("ann", oakland, (("CUP", 2),)))
    line = channel.read(channel.fetch(order_id)).lines[0]
    simulator.split(order_id, 1)
    simulator.books.orders[order_id].work[-1].place = simulator.books.second
    parcel = Shipment(order_id, (ShippedLine(line.external_id, 2),), "UPS", "", "N1", True)
    simulator.chaos.arm("half", operation="fulfillmentCreate")
    with pytest.raises(OutcomeUnknown):
        channel.confirm_shipment(parcel, "k")
    assert channel.find_shipment(parcel) is None
    assert not channel.confirm_shipment(parcel, "k").already
    assert channel.find_shipment(parcel)
    assert (simulator.told().confirmations, simulator.told().shipments) == (2, {order_id: ("N1",)})


def test_half_of_a_stock_push(simulator: ShopifySimulator, channel: Shopify) -> None:
    target = StockTarget(ListingRef(*simulator.listing("CUP"), "CUP"), 7, 0)
    simulator.chaos.arm("half", operation="inventorySetQuantities")
    with pytest.raises(RemoteUnavailable):
        channel.push_stock([target], "k")
    assert [answer.outcome for answer in channel.push_stock([target], "k")] == ["ok"]
    assert (simulator.told().stock["CUP"], simulator.told().stock_updates) == (7, 1)


def test_clock(simulator: ShopifySimulator, channel: Shopify, window: Window, placed: list[str]) -> None:
    calm = channel.pull(window)
    simulator.chaos.arm("clock", operation="orders")
    wrong = channel.pull(window)
    assert b"+08:00" in (wrong.found[0].body or b"")
    assert [found.version for found in wrong.found] == [found.version for found in calm.found]
    orders = [channel.read(found.body or b"") for found in (*calm.found, *wrong.found)]
    assert {order.placed_at.tzinfo for order in orders} == {UTC}
    assert orders[:3] == orders[3:]


Call = Callable[[Shopify, str], object]


@pytest.mark.parametrize(
    ("operation", "call"),
    [
        ("order", lambda channel, order_id: channel.fetch(order_id)),
        ("orderUpdate", lambda channel, order_id: channel.write_memo(order_id, Memo("x"))),
        ("orderCancel", lambda channel, order_id: channel.cancel_order(order_id, "x")),
        ("webhookSubscriptionCreate", lambda channel, _: channel.subscribe("https://yard.example/hooks/us")),
        ("productVariants", lambda channel, _: channel.list_items()),
    ],
)
@pytest.mark.parametrize("trouble", ["lose_answer", "too_many", "busy", "half"])
def test_every_other_call_is_made_again_in_peace(
    trouble: str, operation: str, call: Call, simulator: ShopifySimulator, channel: Shopify, placed: list[str]
) -> None:
    simulator.chaos.arm(trouble, operation=operation)
    with pytest.raises((RemoteUnavailable, OutcomeUnknown)):
        call(channel, placed[0])
    call(channel, placed[0])
    assert simulator.chaos.struck == [(trouble, operation)]
