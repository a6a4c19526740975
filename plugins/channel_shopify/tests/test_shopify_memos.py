"""The seller's note: kept at the platform, and never read back as somebody else's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from orderyard_channel_shopify.adapter import Shopify
from orderyard_channel_shopify.simulator.server import ShopifySimulator

from orderyard.core.channels.api import Memo, WritesMemos
from orderyard.core.kernel.errors import RemoteRejected, RemoteUnavailable
from orderyard.core.kernel.values import Address
from orderyard.core.testing.scripted import FixedEnvironment
from orderyard.core.testing.simulator import BuyerOrder


@pytest.fixture
def order_id(simulator: ShopifySimulator, oakland: Address) -> str:
    made = simulator.place(BuyerOrder("ann", oakland, (("CUP", 1),), message="ring twice", memo="fragile"))
    simulator.books.orders[made].tags = ["vip"]
    return made


def written(simulator: ShopifySimulator, order_id: str) -> tuple[dict[str, str], list[str]]:
    order = simulator.books.orders[order_id]
    return order.attributes, order.tags


def test_a_note_and_its_flag_stand_beside_what_others_wrote(
    simulator: ShopifySimulator, channel: Shopify, order_id: str
) -> None:
    assert isinstance(channel, WritesMemos)
    channel.write_memo(order_id, Memo("换成红色", "3"))
    assert written(simulator, order_id) == ({"memo": "fragile", "Orderyard": "换成红色"}, ["vip", "orderyard-flag-3"])


def test_our_own_note_is_not_read_as_theirs(simulator: ShopifySimulator, channel: Shopify, order_id: str) -> None:
    channel.write_memo(order_id, Memo("换成红色", "3"))
    order = channel.read(channel.fetch(order_id))
    assert (order.memo, order.message) == ("fragile", "ring twice")


def test_the_next_note_takes_its_place_and_an_empty_one_leaves_nothing(
    simulator: ShopifySimulator, channel: Shopify, order_id: str
) -> None:
    channel.write_memo(order_id, Memo("one", "1"))
    channel.write_memo(order_id, Memo("two", "2"))
    assert written(simulator, order_id) == ({"memo": "fragile", "Orderyard": "two"}, ["vip", "orderyard-flag-2"])
    channel.write_memo(order_id, Memo(""))
    assert written(simulator, order_id) == ({"memo": "fragile"}, ["vip"])


def test_the_same_note_again_changes_nothing(
    simulator: ShopifySimulator, channel: Shopify, order_id: str, environment: FixedEnvironment
) -> None:
    simulator.chaos.arm("lose_answer", operation="orderUpdate")
    with pytest.raises(RemoteUnavailable):
        channel.write_memo(order_id, Memo("one", "1"))
    changed = simulator.books.orders[order_id].updated
    environment.moment += timedelta(minutes=1)
    channel.write_memo(order_id, Memo("one", "1"))
    assert simulator.books.orders[order_id].updated == changed


def test_an_order_nobody_knows_takes_no_note(channel: Shopify) -> None:
    with pytest.raises(RemoteRejected, match="knows no order"):
        channel.write_memo("gid://shopify/Order/1", Memo("one"))
