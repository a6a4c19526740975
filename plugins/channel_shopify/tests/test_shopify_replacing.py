"""What changes about a parcel after it was planned: fulfillment orders that are replaced, numbers that are."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

import pytest
from orderyard_channel_shopify.adapter import Shopify
from orderyard_channel_shopify.simulator.server import ShopifySimulator

from orderyard.core.channels.api import ChangesShipments, ChannelOrder, Shipment, ShippedLine
from orderyard.core.kernel.errors import OutcomeUnknown, RemoteRejected, RemoteUnavailable
from orderyard.core.kernel.transport import Request, Response, Transport
from orderyard.core.kernel.values import Address
from orderyard.core.testing.simulator import BuyerOrder


class Meanwhile:
    """A transport on which something happens at the shop after each of the first answers to `operation`."""

    def __init__(self, inner: Transport, operation: str, *happens: Callable[[], None]) -> None:
        self.inner, self.operation, self.happens = inner, operation, list(happens)
        self.asked: list[str] = []

    def now(self) -> datetime:
        return self.inner.now()

    def send(self, request: Request) -> Response:
        response = self.inner.send(request)
        self.asked.append(json.loads(request.body)["operationName"])
        if self.asked[-1] == self.operation and self.happens:
            self.happens.pop(0)()
        return response


@pytest.fixture
def order(simulator: ShopifySimulator, channel: Shopify, oakland: Address) -> ChannelOrder:
    return channel.read(channel.fetch(simulator.place(BuyerOrder("ann", oakland, (("TEE-M", 3), ("CUP", 1))))))


def parcel_of(order: ChannelOrder, number: str, *units: int) -> Shipment:
    lines = tuple(ShippedLine(line.external_id, count) for line, count in zip(order.lines, units, strict=False) if count)
    return Shipment(order.external_id, lines, "UPS", "UPS", number, False)


def shipped(channel: Shopify, order: ChannelOrder) -> list[int]:
    return [line.shipped for line in channel.read(channel.fetch(order.external_id)).lines]


def test_an_order_split_since_is_shipped_from_both_parts(
    simulator: ShopifySimulator, channel: Shopify, order: ChannelOrder
) -> None:
    simulator.split(order.external_id, 1, 1)
    channel.confirm_shipment(parcel_of(order, "N1", 3, 1), "k")
    assert (shipped(channel, order), simulator.told().confirmations) == ([3, 1], 1)


def test_a_part_that_moved_leaves_from_where_it_is(simulator: ShopifySimulator, channel: Shopify, order: ChannelOrder) -> None:
    simulator.split(order.external_id, 1)
    simulator.books.orders[order.external_id].work[-1].place = simulator.books.second
    channel.confirm_shipment(parcel_of(order, "N1", 3, 1), "k")
    # Two places are two calls with one number.
    assert (shipped(channel, order), simulator.told().confirmations) == ([3, 1], 2)
    assert simulator.told().shipments == {order.external_id: ("N1",)}
    assert channel.find_shipment(parcel_of(order, "N1", 3, 1)) is not None


@pytest.mark.parametrize("happens", ["move", "split", "hold and release", "twice"])
def test_one_replaced_between_reading_and_telling_is_read_again(
    happens: str, simulator: ShopifySimulator, channel: Shopify, order: ChannelOrder
) -> None:
    def again() -> None:
        simulator.hold(order.external_id)
        simulator.release(order.external_id)

    what = {
        "move": [lambda: simulator.move(order.external_id)],
        "split": [lambda: simulator.split(order.external_id, 2, 1)],
        "hold and release": [again],
        "twice": [lambda: simulator.move(order.external_id), again],
    }[happens]
    meanwhile = Meanwhile(channel.transport, "fulfillmentOrders", *what)
    confirmed = Shopify(simulator.settings(), meanwhile).confirm_shipment(parcel_of(order, "N1", 3, 1), "k")
    assert not confirmed.already
    assert meanwhile.asked == ["fulfillmentOrders", "fulfillmentCreate"] * (len(what) + 1)
    assert (shipped(channel, order), simulator.told().confirmations) == ([3, 1], 1)


def test_a_hold_between_reading_and_telling_is_named(
    simulator: ShopifySimulator, channel: Shopify, order: ChannelOrder
) -> None:
    meanwhile = Meanwhile(
        channel.transport, "fulfillmentOrders", lambda: simulator.hold(order.external_id, "High risk of fraud")
    )
    with pytest.raises(RemoteRejected, match="on hold, High risk of fraud"):
        Shopify(simulator.settings(), meanwhile).confirm_shipment(parcel_of(order, "N1", 3, 1), "k")
    assert simulator.told().confirmations == 0


def test_the_same_parcel_told_by_another_meanwhile_is_known(
    simulator: ShopifySimulator, channel: Shopify, order: ChannelOrder
) -> None:
    parcel = parcel_of(order, "N1", 3, 1)

    def told() -> None:
        channel.confirm_shipment(parcel, "k")

    other = Shopify(simulator.settings(), Meanwhile(channel.transport, "fulfillmentOrders", told))
    assert other.confirm_shipment(parcel, "k").already
    assert simulator.told().confirmations == 1


def test_a_merged_parcel_is_one_call_per_order(simulator: ShopifySimulator, channel: Shopify, oakland: Address) -> None:
    orders = [channel.read(channel.fetch(simulator.place(BuyerOrder("ann", oakland, (("CUP", units),))))) for units in (1, 2)]
    for merged, units in zip(orders, (1, 2), strict=True):
        channel.confirm_shipment(parcel_of(merged, "N1", units), "k")
        assert channel.confirm_shipment(parcel_of(merged, "N1", units), "k").already
    assert simulator.told().shipments == {merged.external_id: ("N1",) for merged in orders}
    assert simulator.told().confirmations == 2


# Another number


def numbers(simulator: ShopifySimulator, order: ChannelOrder) -> list[list[str]]:
    return [parcel.numbers for parcel in simulator.books.orders[order.external_id].parcels]


def test_a_number_takes_the_place_of_another(simulator: ShopifySimulator, channel: Shopify, order: ChannelOrder) -> None:
    assert isinstance(channel, ChangesShipments)
    channel.confirm_shipment(parcel_of(order, "N1", 2), "k1")
    channel.confirm_shipment(parcel_of(order, "N2", 1, 1), "k2")
    assert not channel.change_shipment(parcel_of(order, "N9", 2), "n 1", "k3").already
    assert numbers(simulator, order) == [["N9"], ["N2"]]
    assert channel.change_shipment(parcel_of(order, "N9", 2), "N1", "k3").already
    assert (shipped(channel, order), simulator.told().confirmations) == ([3, 1], 2)


def test_other_numbers_of_the_same_fulfillment_stay(simulator: ShopifySimulator, channel: Shopify, order: ChannelOrder) -> None:
    channel.confirm_shipment(parcel_of(order, "N1", 3, 1), "k1")
    simulator.books.orders[order.external_id].parcels[0].numbers.append("SECOND-BOX")
    simulator.books.orders[order.external_id].parcels[0].urls.append("")
    channel.change_shipment(parcel_of(order, "N9", 3, 1), "N1", "k2")
    assert numbers(simulator, order) == [["N9", "SECOND-BOX"]]


def test_a_parcel_known_by_half_is_changed_and_completed(
    simulator: ShopifySimulator, channel: Shopify, order: ChannelOrder
) -> None:
    channel.confirm_shipment(parcel_of(order, "N1", 2), "k1")
    channel.change_shipment(parcel_of(order, "N9", 3, 1), "N1", "k2")
    assert numbers(simulator, order) == [["N9"], ["N9"]]
    assert shipped(channel, order) == [3, 1]


def test_a_number_that_stands_nowhere_is_rejected_with_those_that_do(
    simulator: ShopifySimulator, channel: Shopify, order: ChannelOrder
) -> None:
    with pytest.raises(RemoteRejected, match="only none at all"):
        channel.change_shipment(parcel_of(order, "N9", 3, 1), "N1", "k")
    channel.confirm_shipment(parcel_of(order, "N2", 3, 1), "k")
    with pytest.raises(RemoteRejected, match="no parcel N1 of this order, only N2"):
        channel.change_shipment(parcel_of(order, "N9", 3, 1), "N1", "k")
    assert numbers(simulator, order) == [["N2"]]


def test_a_change_whose_answer_is_lost_is_found(simulator: ShopifySimulator, channel: Shopify, order: ChannelOrder) -> None:
    channel.confirm_shipment(parcel_of(order, "N1", 3, 1), "k1")
    simulator.chaos.arm("lose_answer", operation="fulfillmentTrackingInfoUpdate")
    with pytest.raises(OutcomeUnknown):
        channel.change_shipment(parcel_of(order, "N9", 3, 1), "N1", "k2")
    assert channel.find_shipment(parcel_of(order, "N9", 3, 1)) is not None


@pytest.mark.parametrize(("number", "units"), [(" ", (3, 1)), ("N9", ())])
def test_a_change_without_number_or_lines_is_rejected(
    number: str, units: tuple[int, ...], channel: Shopify, order: ChannelOrder
) -> None:
    with pytest.raises(RemoteRejected, match="needs a waybill number"):
        channel.change_shipment(parcel_of(order, number, *units), "N1", "k")


def test_an_order_that_keeps_changing_is_left_for_later(
    simulator: ShopifySimulator, channel: Shopify, order: ChannelOrder
) -> None:
    def move() -> None:
        simulator.move(order.external_id)

    meanwhile = Meanwhile(channel.transport, "fulfillmentOrders", *[move] * 9)
    with pytest.raises(RemoteUnavailable, match="keep changing"):
        Shopify(simulator.settings(), meanwhile).confirm_shipment(parcel_of(order, "N1", 3, 1), "k")
    assert simulator.told().confirmations == 0
