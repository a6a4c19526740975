"""A year is looked back over by one list of the platform's, and its orders come in once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from graphql import GraphQLSchema, parse, validate
from orderyard_channel_shopify import backfill
from orderyard_channel_shopify.adapter import Shopify
from orderyard_channel_shopify.simulator.server import ShopifySimulator

from orderyard.core.channels.api import BackFills, Window
from orderyard.core.kernel.errors import RateLimited, RemoteNotUnderstood, RemoteRejected, RemoteUnavailable
from orderyard.core.kernel.transport import HttpTransport
from orderyard.core.kernel.values import Address, Money
from orderyard.core.testing.scripted import FixedEnvironment, ScriptedTransport, answer
from orderyard.core.testing.simulator import BuyerOrder, ShopItem

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
YEAR = Window(NOW - timedelta(days=365), NOW)
HOME = Address(country="US", province="NY", city="New York", detail="1 Main St", name="Ann Ames", phone="+12125550100")


@pytest.fixture
def clock() -> FixedEnvironment:
    return FixedEnvironment(NOW)


@pytest.fixture
def shop(clock: FixedEnvironment) -> Iterator[ShopifySimulator]:
    simulator = ShopifySimulator(clock)
    simulator.start()
    simulator.open_shop((ShopItem("TEE", "Tee", Money.of("20.00", "USD")),))
    yield simulator
    simulator.stop()


@pytest.fixture
def channel(shop: ShopifySimulator, clock: FixedEnvironment) -> Iterator[Shopify]:
    transport = HttpTransport(clock)
    yield Shopify(shop.settings(), transport)
    transport.close()


def sell(shop: ShopifySimulator, clock: FixedEnvironment, days_ago: int) -> str:
    clock.moment = NOW - timedelta(days=days_ago)
    placed = shop.place(BuyerOrder("ann", HOME, (("TEE", 1),)))
    clock.moment = NOW
    return placed


def test_a_list_names_the_orders_of_its_window_under_the_versions_a_pull_would_give(
    shop: ShopifySimulator, channel: Shopify, clock: FixedEnvironment
) -> None:
    sell(shop, clock, 400)
    wanted = [sell(shop, clock, days) for days in (300, 200, 3)]
    assert isinstance(channel, BackFills)
    name = channel.begin_backfill(YEAR)
    assert channel.backfilled(name) is None
    found = list(channel.backfilled(name) or ())
    assert sorted(one.external_id for one in found) == sorted(wanted)
    pulled = {one.external_id: one.version for one in channel.pull(Window(NOW - timedelta(days=7), NOW)).found}
    assert {one.external_id: one.version for one in found if one.external_id in pulled} == pulled


def test_a_list_of_nothing_has_no_file(channel: Shopify) -> None:
    name = channel.begin_backfill(YEAR)
    channel.backfilled(name)
    again = channel.backfilled(name)
    assert again is not None
    assert list(again) == []


@pytest.mark.parametrize("ends", ["FAILED", "CANCELED", "EXPIRED"])
def test_a_list_that_comes_to_nothing_is_told(shop: ShopifySimulator, channel: Shopify, ends: str) -> None:
    shop.bulk.ends = ends
    name = channel.begin_backfill(YEAR)
    channel.backfilled(name)
    with pytest.raises(RemoteRejected, match=ends):
        channel.backfilled(name)


def test_a_shop_prepares_only_so_many_lists_at_once(channel: Shopify) -> None:
    for _ in range(5):
        channel.begin_backfill(YEAR)
    with pytest.raises(RateLimited) as limited:
        channel.begin_backfill(YEAR)
    assert (limited.value.scope, limited.value.seconds) == ("call", 60)


def test_a_list_nobody_knows_and_a_file_that_is_gone_are_refused(
    shop: ShopifySimulator, channel: Shopify, clock: FixedEnvironment
) -> None:
    with pytest.raises(RemoteRejected, match="knows no list"):
        channel.backfilled("gid://shopify/BulkOperation/99")
    sell(shop, clock, 3)
    name = channel.begin_backfill(YEAR)
    channel.backfilled(name)
    clock.moment = NOW + timedelta(days=8)
    with pytest.raises(RemoteRejected, match="cannot be had any more"):
        channel.backfilled(name)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (503, b"", RemoteUnavailable),
        (200, b"{half a li", RemoteNotUnderstood),
        (200, b'{"id":"gid://shopify/Product/1"}', RemoteNotUnderstood),
    ],
)
def test_a_broken_file_is_no_list(status: int, body: bytes, error: type[Exception]) -> None:
    operation = {"id": "x", "status": "COMPLETED", "errorCode": None, "url": "https://files.example/1.jsonl"}
    transport = ScriptedTransport(answer({"data": {"bulkOperation": operation}}), answer(body, status))
    settings = {"shop": "demo.myshopify.com", "access_token": "t"}
    with pytest.raises(error):
        list(Shopify(settings, transport).backfilled("x") or ())
    assert "x-shopify-access-token" not in {name.lower() for name in transport.sent[-1].headers}


def test_the_bulk_query_is_valid_in_every_version(admin_version: str, admin_schema: Callable[[str], GraphQLSchema]) -> None:
    assert validate(admin_schema(admin_version), parse(backfill.HEADS % '"updated_at:>=1"')) == []


def test_the_simulator_refuses_what_the_real_shop_was_seen_to_refuse(vendor_data: Path, shop: ShopifySimulator) -> None:
    recorded = json.loads((vendor_data / "shopify/recorded/bulk-operation-run-query-validators.json").read_text())
    said = recorded["validations"]["ordersNodesInsteadOfEdges"]
    [told] = said["response"]["data"]["bulkOperationRunQuery"]["userErrors"]
    assert shop.bulk.run(said["variables"]["query"], NOW)["userErrors"] == [told]
