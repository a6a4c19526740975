"""A shop that gives little at a time: a walk over many orders comes to its end all the same."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from orderyard_channel_shopify.adapter import Shopify
from orderyard_channel_shopify.simulator.cost import Bucket
from orderyard_channel_shopify.simulator.server import ShopifySimulator

from orderyard.core.channels.api import Window
from orderyard.core.kernel.errors import RateLimited
from orderyard.core.kernel.values import Address
from orderyard.core.testing.scripted import FixedEnvironment, ScriptedTransport, answer
from orderyard.core.testing.simulator import BuyerOrder


def throttled(requested: float, left: float, most: float = 2000, rate: float = 100) -> dict[str, Any]:
    bucket = {"maximumAvailable": most, "currentlyAvailable": left, "restoreRate": rate}
    cost = {"requestedQueryCost": requested, "actualQueryCost": None, "throttleStatus": bucket}
    return {"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}], "extensions": {"cost": cost}}


@pytest.mark.parametrize(
    ("said", "scope", "seconds"),
    [
        (throttled(857, 300), "call", 17.0),
        (throttled(857, 120), "shop", 7.37),
        (throttled(12, 0), "shop", 0.5),
        ({"errors": throttled(1, 0)["errors"]}, "shop", 2.0),
    ],
    ids=["something left", "little left", "nothing left", "nothing said"],
)
def test_only_those_wait_that_have_to(said: dict[str, Any], scope: str, seconds: float) -> None:
    shop = Shopify({"shop": "demo.myshopify.com", "access_token": "t"}, ScriptedTransport(answer(said)))
    with pytest.raises(RateLimited) as raised:
        shop.fetch("gid://shopify/Order/1")
    assert raised.value.scope == scope
    assert raised.value.seconds == pytest.approx(seconds)


def test_too_many_requests_are_the_whole_shops_concern() -> None:
    shop = Shopify({"shop": "demo.myshopify.com", "access_token": "t"}, ScriptedTransport(answer("", 429, retry_after="4.0")))
    with pytest.raises(RateLimited) as raised:
        shop.fetch("gid://shopify/Order/1")
    assert (raised.value.scope, raised.value.seconds) == ("shop", 4.0)


def test_a_low_bucket_makes_pages_that_only_name_orders(
    simulator: ShopifySimulator, channel: Shopify, environment: FixedEnvironment, oakland: Address
) -> None:
    placed = [simulator.place(BuyerOrder("ann", oakland, (("CUP", 1),))) for _ in range(30)]
    window = Window(environment.moment - timedelta(hours=1), environment.moment + timedelta(hours=1))
    first = channel.pull(window)
    assert first.cursor
    simulator.bucket.pay(15_000)
    channel.who()
    rest = channel.pull(window, first.cursor)
    assert [found.external_id for found in first.found + rest.found] == placed
    assert all(found.body for found in first.found)
    assert not [found.body for found in rest.found if found.body]
    read = [channel.read(channel.fetch(found.external_id)) for found in rest.found]
    assert [order.version for order in read] == [found.version for found in rest.found]


def test_a_walk_gets_further_each_time_until_it_is_done(
    simulator: ShopifySimulator, channel: Shopify, environment: FixedEnvironment, oakland: Address
) -> None:
    """On the smallest plan and with one version known per order, as the engine does it."""
    count = 150
    placed = {simulator.place(BuyerOrder("ann", oakland, (("CUP", 1),) * 6)) for _ in range(count)}
    window = Window(environment.moment - timedelta(hours=1), environment.moment + timedelta(hours=1))
    simulator.bucket = Bucket(environment.moment, rate=100)
    known: dict[str, Any] = {}

    def walk(shop: Shopify) -> None:
        cursor: str | None = None
        while True:
            page = shop.pull(window, cursor)
            for found in page.found:
                if found.external_id not in known:
                    known[found.external_id] = found.body or shop.fetch(found.external_id)
            if page.cursor is None:
                return
            cursor = page.cursor

    grew = [0]
    for _ in range(count):
        try:
            walk(Shopify(channel.config, channel.transport))
            break
        except RateLimited as patience:
            environment.moment += timedelta(seconds=patience.seconds)
            grew.append(len(known))
    else:
        pytest.fail(f"{len(known)} of {count} orders after {count} walks")
    assert known.keys() == placed
    assert len(grew) > 1, "the bucket was never empty"
    assert grew == sorted(set(grew))
