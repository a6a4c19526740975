"""Telling that a parcel left: once, whatever gets lost between its steps."""

from __future__ import annotations

from dataclasses import replace

import pytest
from orderyard_channel_woocommerce.adapter import WooCommerce
from orderyard_channel_woocommerce.simulator.server import WooCommerceSimulator

from orderyard.core.channels.api import Shipment, ShippedLine, TradeState
from orderyard.core.kernel.errors import CredentialsRefused, OutcomeUnknown, RateLimited, RemoteRejected
from orderyard.core.kernel.transport import HttpTransport
from orderyard.core.kernel.values import Address
from orderyard.core.testing.simulator import BuyerOrder


@pytest.fixture
def order_id(simulator: WooCommerceSimulator, lyon: Address) -> str:
    return simulator.place(BuyerOrder("ann", lyon, (("CUP", 2), ("TEE-M", 1))))


@pytest.fixture
def tracked(simulator: WooCommerceSimulator, transport: HttpTransport) -> WooCommerce:
    """The same shop, whose settings say that Shipment Tracking is installed."""
    return WooCommerce({**simulator.settings(), "tracking": "1"}, transport)


def parcel(channel: WooCommerce, order_id: str, number: str = "SF1000", units: tuple[int, ...] = (2, 1)) -> Shipment:
    order = channel.read(channel.fetch(order_id))
    lines = tuple(ShippedLine(line.external_id, count) for line, count in zip(order.lines, units, strict=True) if count)
    return Shipment(order_id, lines, "SF", "SF Express", number, whole=False)


def notes(simulator: WooCommerceSimulator, order_id: str) -> list[tuple[str, bool]]:
    return [(note.text, note.to_customer) for note in simulator.books.orders[int(order_id)].notes]


def status(simulator: WooCommerceSimulator, order_id: str) -> str:
    return simulator.books.orders[int(order_id)].status


def test_the_buyer_gets_a_note_and_the_order_is_completed(
    channel: WooCommerce, simulator: WooCommerceSimulator, order_id: str
) -> None:
    channel.confirm_shipment(parcel(channel, order_id), key="k")
    assert notes(simulator, order_id) == [("SF Express SF1000: Cup × 2; Tee - M × 1", True)]
    assert status(simulator, order_id) == "completed"


def test_the_note_is_private_where_the_buyer_is_not_to_be_mailed(
    simulator: WooCommerceSimulator, transport: HttpTransport, order_id: str
) -> None:
    channel = WooCommerce({**simulator.settings(), "notify_customer": "0"}, transport)
    channel.confirm_shipment(parcel(channel, order_id), key="k")
    assert [private for _, private in notes(simulator, order_id)] == [False]


def test_parts_of_a_line_leave_in_two_parcels_and_the_last_completes(
    channel: WooCommerce, simulator: WooCommerceSimulator, order_id: str
) -> None:
    channel.confirm_shipment(parcel(channel, order_id, "SF1", (1, 0)), key="k1")
    between = channel.read(channel.fetch(order_id))
    assert (between.state, [line.shipped for line in between.lines]) == (TradeState.PARTLY_SHIPPED, [1, 0])
    channel.confirm_shipment(parcel(channel, order_id, "SF2", (1, 1)), key="k2")
    assert status(simulator, order_id) == "completed"
    assert simulator.told().shipments == {order_id: ("SF1", "SF2")}
    with pytest.raises(RemoteRejected, match=r"SF1, SF2"):
        channel.confirm_shipment(parcel(channel, order_id, "SF3", (1, 0)), key="k3")


def test_units_refunded_meanwhile_are_not_waited_for(
    channel: WooCommerce, simulator: WooCommerceSimulator, order_id: str
) -> None:
    cups, tee = simulator.books.orders[int(order_id)].lines
    simulator.refund_part(order_id, {cups.id: 1, tee.id: 1}, "17.50")
    with pytest.raises(RemoteRejected, match="nothing of them is left"):
        channel.confirm_shipment(parcel(channel, order_id), key="k")
    channel.confirm_shipment(parcel(channel, order_id, units=(1, 0)), key="k")
    order = channel.read(channel.fetch(order_id))
    assert (status(simulator, order_id), [(line.shipped, line.cancelled) for line in order.lines]) == (
        "completed",
        [(1, 1), (0, 1)],
    )


@pytest.mark.parametrize("step", ["notes.create", "orders.update"])
def test_a_lost_answer_is_completed_and_tells_nothing_twice(
    step: str, channel: WooCommerce, simulator: WooCommerceSimulator, order_id: str
) -> None:
    shipment = parcel(channel, order_id)
    simulator.chaos.arm("lose_answer", operation=step)
    with pytest.raises(OutcomeUnknown):
        channel.confirm_shipment(shipment, key="k")
    assert (channel.find_shipment(shipment) is not None) == (step == "orders.update")
    channel.confirm_shipment(shipment, key="k")
    assert (len(notes(simulator, order_id)), simulator.told().confirmations) == (1, 1)
    assert status(simulator, order_id) == "completed"


def test_an_update_that_died_before_the_status_is_completed(
    channel: WooCommerce, simulator: WooCommerceSimulator, order_id: str
) -> None:
    shipment = parcel(channel, order_id)
    simulator.chaos.arm("dies", operation="orders.update")
    with pytest.raises(OutcomeUnknown):
        channel.confirm_shipment(shipment, key="k")
    assert status(simulator, order_id) == "processing"
    assert channel.find_shipment(shipment) is None
    assert channel.confirm_shipment(shipment, key="k").already
    assert (status(simulator, order_id), len(notes(simulator, order_id))) == ("completed", 1)


def test_a_rate_limit_between_the_steps_tells_nothing_twice(
    channel: WooCommerce, simulator: WooCommerceSimulator, order_id: str
) -> None:
    shipment = parcel(channel, order_id)
    simulator.chaos.arm("too_many", operation="orders.update")
    with pytest.raises(RateLimited) as limited:
        channel.confirm_shipment(shipment, key="k")
    assert limited.value.seconds == 7
    channel.confirm_shipment(shipment, key="k")
    assert len(notes(simulator, order_id)) == 1


@pytest.mark.parametrize("wrong", ["pending", "failed", "on-hold", "cancelled", "refunded", "trash"])
def test_an_order_that_must_not_ship_is_not_told(
    wrong: str, channel: WooCommerce, simulator: WooCommerceSimulator, order_id: str
) -> None:
    shipment = parcel(channel, order_id)
    simulator.set_status(order_id, wrong)
    with pytest.raises(RemoteRejected):
        channel.confirm_shipment(shipment, key="k")
    assert (notes(simulator, order_id), simulator.told().confirmations) == ([], 0)


def test_an_order_completed_without_a_number_gets_ours(
    channel: WooCommerce, simulator: WooCommerceSimulator, order_id: str
) -> None:
    simulator.set_status(order_id, "completed")
    assert not channel.confirm_shipment(parcel(channel, order_id), key="k").already
    assert simulator.told().shipments == {order_id: ("SF1000",)}


def test_a_line_of_another_order_is_rejected(channel: WooCommerce, order_id: str) -> None:
    shipment = replace(parcel(channel, order_id), lines=(ShippedLine("1", 1),))
    for ask in (channel.find_shipment, lambda one: channel.confirm_shipment(one, key="k")):
        with pytest.raises(RemoteRejected, match="no line 1"):
            ask(shipment)


@pytest.mark.parametrize("order_id", ["", "x", "../users", "1?context=edit", "0", "１"])
def test_what_is_no_order_id_is_never_asked_for(order_id: str, channel: WooCommerce) -> None:
    with pytest.raises(RemoteRejected):
        channel.fetch(order_id)


# The extension


def test_shipment_tracking_gets_the_number_instead_of_a_note(
    tracked: WooCommerce, simulator: WooCommerceSimulator, order_id: str
) -> None:
    shipment = parcel(tracked, order_id)
    simulator.chaos.arm("lose_answer", operation="trackings.create")
    with pytest.raises(OutcomeUnknown):
        tracked.confirm_shipment(shipment, key="k")
    assert not tracked.confirm_shipment(shipment, key="k").already
    (entry,) = simulator.books.orders[int(order_id)].trackings
    assert (entry.provider, entry.number, entry.shipped) == ("SF Express", "SF1000", "2026-11-21")
    assert (notes(simulator, order_id), status(simulator, order_id)) == ([], "completed")


def test_what_a_person_typed_there_is_known_or_a_conflict(
    tracked: WooCommerce, simulator: WooCommerceSimulator, order_id: str
) -> None:
    shipment = parcel(tracked, order_id)
    by_hand = {"tracking_number": "sf 1000", "tracking_provider": "SF"}
    simulator._add_tracking({}, by_hand, int(order_id))
    simulator.set_status(order_id, "completed")
    assert tracked.confirm_shipment(shipment, key="k").already
    with pytest.raises(RemoteRejected, match="SF1000"):
        tracked.confirm_shipment(replace(shipment, number="SF2000"), key="k")


def test_a_missing_extension_is_for_a_person_to_mend(
    tracked: WooCommerce, simulator: WooCommerceSimulator, order_id: str
) -> None:
    simulator.tracking = False
    with pytest.raises(CredentialsRefused, match="Shipment Tracking"):
        tracked.confirm_shipment(parcel(tracked, order_id), key="k")


# Another number


@pytest.mark.parametrize("tracking", ["0", "1"])
def test_a_parcel_gets_another_number(
    tracking: str, simulator: WooCommerceSimulator, transport: HttpTransport, order_id: str
) -> None:
    channel = WooCommerce({**simulator.settings(), "tracking": tracking}, transport)
    channel.confirm_shipment(parcel(channel, order_id, "SF1", (2, 0)), key="k1")
    channel.confirm_shipment(parcel(channel, order_id, "SF2", (0, 1)), key="k2")
    anew = parcel(channel, order_id, "SF9", (2, 0))
    simulator.chaos.arm("lose_answer", operation="orders.update")
    with pytest.raises(OutcomeUnknown):
        channel.change_shipment(anew, "SF1", key="k3")
    assert channel.find_shipment(anew) is not None
    assert channel.change_shipment(anew, "SF1", key="k3").already
    assert simulator.told().shipments == {order_id: ("SF2", "SF9")}
    order = channel.read(channel.fetch(order_id))
    assert (order.state, [line.shipped for line in order.lines]) == (TradeState.SHIPPED, [2, 1])
    shown = [entry.number for entry in simulator.books.orders[int(order_id)].trackings]
    assert (shown, len(notes(simulator, order_id))) == ((["SF2", "SF9"], 0) if tracking == "1" else ([], 3))


def test_a_number_that_was_never_told_is_not_replaced(channel: WooCommerce, order_id: str) -> None:
    with pytest.raises(RemoteRejected, match="never told under SF1"):
        channel.change_shipment(parcel(channel, order_id), "SF1", key="k")


def test_an_order_is_cancelled_once_and_never_when_it_is_completed(
    channel: WooCommerce, simulator: WooCommerceSimulator, order_id: str, lyon: Address
) -> None:
    assert [channel.cancel_order(order_id, "sold out"), channel.cancel_order(order_id, "sold out")] == [True, True]
    assert status(simulator, order_id) == "cancelled"
    sent = simulator.place(BuyerOrder("ann", lyon, (("CUP", 1),)))
    simulator.set_status(sent, "completed")
    with pytest.raises(RemoteRejected, match="cannot be cancelled"):
        channel.cancel_order(sent, "sold out")
