"""Walking a window page by page: nothing is missed, whatever the shop's pages and clocks do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from orderyard_channel_woocommerce.adapter import WooCommerce
from orderyard_channel_woocommerce.pulling import ORDERS_PER_PAGE
from orderyard_channel_woocommerce.simulator.server import WooCommerceSimulator

from orderyard.core.channels.api import Window
from orderyard.core.kernel.errors import RemoteNotUnderstood
from orderyard.core.kernel.values import Address
from orderyard.core.testing.scripted import FixedEnvironment, ScriptedTransport, answer
from orderyard.core.testing.simulator import BuyerOrder


@pytest.fixture
def place(simulator: WooCommerceSimulator, lyon: Address) -> Callable[[], str]:
    return lambda: simulator.place(BuyerOrder("ann", lyon, (("CUP", 1),)))


def around(environment: FixedEnvironment, minutes: int = 5) -> Window:
    now = environment.now()
    return Window(now - timedelta(minutes=minutes), now + timedelta(minutes=1))


def walk(channel: WooCommerce, window: Window, between: Callable[[int], None] = lambda page: None) -> list[list[str]]:
    pages: list[list[str]] = []
    cursor = None
    while len(pages) < 50:
        page = channel.pull(window, cursor)
        pages.append([found.external_id for found in page.found])
        if page.cursor is None:
            return pages
        cursor = page.cursor
        between(len(pages))
    raise AssertionError("the pages never end")


def test_a_second_with_more_orders_than_a_page_is_walked_whole(
    channel: WooCommerce, environment: FixedEnvironment, place: Callable[[], str]
) -> None:
    placed = {place() for _ in range(2 * ORDERS_PER_PAGE + 7)}
    environment.moment += timedelta(seconds=1)
    placed |= {place() for _ in range(3)}
    assert {one for page in walk(channel, around(environment)) for one in page} == placed


def test_an_order_that_leaves_such_a_second_pushes_none_out(
    channel: WooCommerce, simulator: WooCommerceSimulator, environment: FixedEnvironment, lyon: Address
) -> None:
    unpaid = [simulator.place(BuyerOrder("ann", lyon, (("CUP", 1),), paid=False)) for _ in range(2 * ORDERS_PER_PAGE + 7)]

    def pay(page: int) -> None:
        if page == 3:  # the first two found out that the second is a crowded one
            environment.moment += timedelta(seconds=2)
            for order in unpaid[:5]:
                simulator.pay(order)

    assert {one for page in walk(channel, around(environment), pay) for one in page} == set(unpaid)


def test_both_ends_of_a_window_are_as_they_were_asked_for(
    channel: WooCommerce, environment: FixedEnvironment, place: Callable[[], str]
) -> None:
    environment.moment = datetime(2026, 11, 21, 8, 0, 0, tzinfo=UTC)
    order, at, second = place(), environment.moment, timedelta(seconds=1)
    assert walk(channel, Window(at, at + second)) == [[order]]
    assert walk(channel, Window(at - second, at)) == [[]]
    assert walk(channel, Window(at + second, at + 2 * second)) == [[]]


@pytest.mark.parametrize("hours", [8, -8])
def test_a_shop_whose_clock_is_wrong_loses_no_order(
    hours: int, channel: WooCommerce, simulator: WooCommerceSimulator, environment: FixedEnvironment, place: Callable[[], str]
) -> None:
    simulator.clock_off = timedelta(hours=hours)
    order = place()
    assert walk(channel, around(environment)) == [[order]]
    assert channel.read(channel.fetch(order)).external_id == order


def test_drafts_are_left_out_and_refunded_orders_fetched(
    channel: WooCommerce, simulator: WooCommerceSimulator, environment: FixedEnvironment, place: Callable[[], str]
) -> None:
    plain, draft, back = place(), place(), place()
    simulator.set_status(draft, "checkout-draft")
    simulator.refund(back)
    page = channel.pull(around(environment))
    assert {found.external_id: found.body is None for found in page.found} == {plain: False, back: True}
    for found in page.found:
        document = channel.read(found.body or channel.fetch(found.external_id))
        assert document.version == found.version


def test_a_change_in_the_second_of_the_order_is_a_newer_version(
    channel: WooCommerce, simulator: WooCommerceSimulator, lyon: Address
) -> None:
    order = simulator.place(BuyerOrder("ann", lyon, (("CUP", 2),), paid=False))
    versions = [channel.read(channel.fetch(order)).version]
    for change in (simulator.pay, lambda one: simulator.refund_part(one, {}, "1.00"), simulator.refund):
        change(order)
        versions.append(channel.read(channel.fetch(order)).version)
    assert versions == sorted(set(versions))


@pytest.mark.parametrize("cursor", ["", "2", "[]", "[1]", '["a", 1, 1, 1]', "{}", "[1e400, 1, 1, 1]"])
def test_a_foreign_cursor_is_not_understood(cursor: str, channel: WooCommerce, environment: FixedEnvironment) -> None:
    with pytest.raises(RemoteNotUnderstood):
        channel.pull(around(environment), cursor)


def test_a_shop_that_ignores_the_order_asked_for_is_not_believed(environment: FixedEnvironment) -> None:
    rows: list[dict[str, object]] = [
        {
            "id": number,
            "status": "processing",
            "date_modified_gmt": f"2026-11-21T08:00:0{3 - number}",
            "refunds": [],
            "meta_data": [],
        }
        for number in (1, 2)
    ]
    transport = ScriptedTransport(answer(rows, x_wp_totalpages="1"))
    channel = WooCommerce({"url": "https://shop.example", "consumer_key": "ck", "consumer_secret": "cs"}, transport)
    with pytest.raises(RemoteNotUnderstood, match="order"):
        channel.pull(around(environment))


def test_a_listing_that_is_late_or_doubled_loses_nothing(
    channel: WooCommerce, simulator: WooCommerceSimulator, environment: FixedEnvironment, place: Callable[[], str]
) -> None:
    orders = [place(), place()]
    simulator.chaos.arm("delay")
    assert walk(channel, around(environment)) == [orders[:1]]
    environment.moment += timedelta(minutes=1)
    again = Window(environment.now() - channel.ability.overlap, environment.now())
    simulator.chaos.arm("duplicate")
    assert walk(channel, again) == [[orders[0], *orders]]


def test_a_site_in_the_wrong_time_zone_changes_nothing(
    channel: WooCommerce, simulator: WooCommerceSimulator, environment: FixedEnvironment, place: Callable[[], str]
) -> None:
    order = place()
    calm = channel.read(channel.fetch(order))
    simulator.chaos.arm("clock", times=2)
    assert walk(channel, around(environment)) == [[order]]
    assert channel.read(channel.fetch(order)) == calm
    assert len(simulator.chaos.struck) == 2
