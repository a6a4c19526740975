"""Telling of parcels: per fulfillment order, one call per location, and never twice."""

from __future__ import annotations

import json
from typing import Any

import pytest
from orderyard_channel_shopify.adapter import Shopify
from orderyard_channel_shopify.simulator.server import ShopifySimulator

from orderyard.core.channels.api import ChannelOrder, Shipment, ShippedLine, TradeState
from orderyard.core.kernel.errors import RateLimited, RemoteNotUnderstood, RemoteRejected
from orderyard.core.kernel.values import Address
from orderyard.core.testing.scripted import ScriptedTransport, answer
from orderyard.core.testing.simulator import BuyerOrder

ORDER = "gid://shopify/Order/1"
TEE, MUG = "gid://shopify/LineItem/1", "gid://shopify/LineItem/2"
DONE = {"data": {"fulfillmentCreate": {"fulfillment": {"id": "gid://shopify/Fulfillment/9"}, "userErrors": []}}}


def parcel_of(order: ChannelOrder, number: str, *units: int, carrier: str = "SF") -> Shipment:
    lines = tuple(ShippedLine(line.external_id, count) for line, count in zip(order.lines, units, strict=False) if count)
    return Shipment(order.external_id, lines, carrier, "顺丰速运", number, False)


def placed(simulator: ShopifySimulator, channel: Shopify, receiver: Address, *lines: tuple[str, int]) -> ChannelOrder:
    order_id = simulator.place(BuyerOrder("ann", receiver, lines or (("TEE-M", 3), ("CUP", 1))))
    return channel.read(channel.fetch(order_id))


def test_units_of_one_line_leave_in_two_parcels(simulator: ShopifySimulator, channel: Shopify, oakland: Address) -> None:
    order = placed(simulator, channel, oakland)
    channel.confirm_shipment(parcel_of(order, "SF1", 2), "k1")
    channel.confirm_shipment(parcel_of(order, "SF2", 1, 1), "k2")
    after = channel.read(channel.fetch(order.external_id))
    assert after.state is TradeState.SHIPPED
    assert [line.shipped for line in after.lines] == [3, 1]
    assert simulator.told().shipments == {order.external_id: ("SF1", "SF2")}


def test_a_parcel_that_is_partly_known_is_completed(simulator: ShopifySimulator, channel: Shopify, oakland: Address) -> None:
    order = placed(simulator, channel, oakland)
    channel.confirm_shipment(parcel_of(order, "SF1", 2), "k1")
    whole = parcel_of(order, "SF1", 3, 1)
    assert channel.find_shipment(whole) is None
    assert not channel.confirm_shipment(whole, "k2").already
    assert channel.confirm_shipment(whole, "k2").already
    assert [line.shipped for line in channel.read(channel.fetch(order.external_id)).lines] == [3, 1]


def test_a_number_is_the_same_whatever_its_spaces_and_case(
    simulator: ShopifySimulator, channel: Shopify, oakland: Address
) -> None:
    order = placed(simulator, channel, oakland)
    channel.confirm_shipment(parcel_of(order, "sf 12 34", 3, 1), "k1")
    assert channel.confirm_shipment(parcel_of(order, "SF1234", 3, 1), "k1").already


def test_what_left_under_another_number_is_rejected_and_names_it(
    simulator: ShopifySimulator, channel: Shopify, oakland: Address
) -> None:
    order = placed(simulator, channel, oakland)
    channel.confirm_shipment(parcel_of(order, "SF1", 3), "k1")
    with pytest.raises(RemoteRejected, match=r"SF1$"):
        channel.confirm_shipment(parcel_of(order, "SF2", 1, 1), "k2")
    assert simulator.told().confirmations == 1


def test_more_than_was_ordered_is_rejected(simulator: ShopifySimulator, channel: Shopify, oakland: Address) -> None:
    order = placed(simulator, channel, oakland)
    with pytest.raises(RemoteRejected, match="1 units of 1 lines cannot be fulfilled"):
        channel.confirm_shipment(parcel_of(order, "SF1", 4), "k1")


def test_an_order_on_hold_is_rejected_with_the_reason(simulator: ShopifySimulator, channel: Shopify, oakland: Address) -> None:
    order = placed(simulator, channel, oakland)
    simulator.hold(order.external_id, "High risk of fraud")
    with pytest.raises(RemoteRejected, match="on hold, High risk of fraud"):
        channel.confirm_shipment(parcel_of(order, "SF1", 3, 1), "k1")


def test_a_refunded_order_has_nothing_left_to_ship(simulator: ShopifySimulator, channel: Shopify, oakland: Address) -> None:
    order = placed(simulator, channel, oakland)
    simulator.refund(order.external_id)
    with pytest.raises(RemoteRejected, match="nothing of them is left"):
        channel.confirm_shipment(parcel_of(order, "SF1", 3, 1), "k1")


def test_an_order_nobody_knows_is_rejected(channel: Shopify) -> None:
    shipment = Shipment(ORDER, (ShippedLine(TEE, 1),), "SF", "", "SF1", True)
    with pytest.raises(RemoteRejected, match="knows no order"):
        channel.confirm_shipment(shipment, "k1")


@pytest.mark.parametrize(
    "shipment", [Shipment(ORDER, (), "SF", "", "SF1", True), Shipment(ORDER, (ShippedLine(TEE, 1),), "SF", "", " ", True)]
)
def test_a_shipment_without_lines_or_number_is_rejected(shipment: Shipment, channel: Shopify) -> None:
    with pytest.raises(RemoteRejected):
        channel.confirm_shipment(shipment, "k1")


# Cases a shop with one location does not have


def work(number: int, location: int, status: str = "OPEN", action: str = "CREATE_FULFILLMENT", **left: int) -> dict[str, Any]:
    lines = {"tee": TEE, "mug": MUG}
    return {
        "id": f"gid://shopify/FulfillmentOrder/{number}",
        "status": status,
        "assignedLocation": {"name": f"L{location}", "location": {"id": f"gid://shopify/Location/{location}"}},
        "supportedActions": [{"action": action}],
        "fulfillmentHolds": [],
        "lineItems": {
            "nodes": [
                {
                    "id": f"gid://shopify/FulfillmentOrderLineItem/{number}{place}",
                    "remainingQuantity": units,
                    "lineItem": {"id": lines[name]},
                }
                for place, (name, units) in enumerate(left.items())
            ]
        },
    }


def known(*orders: dict[str, Any], fulfillments: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {"data": {"order": {"id": ORDER, "fulfillmentOrders": {"nodes": list(orders)}, "fulfillments": list(fulfillments)}}}


def fulfilled(number: str, line: str, units: int, status: str = "SUCCESS") -> dict[str, Any]:
    return {
        "id": "gid://shopify/Fulfillment/5",
        "status": status,
        "trackingInfo": [{"number": number}],
        "fulfillmentLineItems": {"nodes": [{"quantity": units, "lineItem": {"id": line}}]},
    }


def scripted(*script: Any, **settings: str) -> tuple[Shopify, ScriptedTransport]:
    transport = ScriptedTransport(*(answer(step) for step in script))
    return Shopify({"shop": "demo.myshopify.com", "access_token": "t", **settings}, transport), transport


def sent(transport: ScriptedTransport, index: int) -> dict[str, Any]:
    variables: dict[str, Any] = json.loads(transport.sent[index].body)["variables"]
    return variables


BOTH = Shipment(ORDER, (ShippedLine(TEE, 2), ShippedLine(MUG, 1)), "SF", "顺丰速运", "SF1", True)


def test_fulfillment_orders_of_one_location_go_in_one_call() -> None:
    shop, transport = scripted(known(work(1, 7, tee=1), work(2, 7, tee=3, mug=1)), DONE)
    assert shop.confirm_shipment(BOTH, "k1").remote_id == "gid://shopify/Fulfillment/9"
    assert sent(transport, 1)["fulfillment"] == {
        "lineItemsByFulfillmentOrder": [
            {
                "fulfillmentOrderId": "gid://shopify/FulfillmentOrder/1",
                "fulfillmentOrderLineItems": [{"id": "gid://shopify/FulfillmentOrderLineItem/10", "quantity": 1}],
            },
            {
                "fulfillmentOrderId": "gid://shopify/FulfillmentOrder/2",
                "fulfillmentOrderLineItems": [
                    {"id": "gid://shopify/FulfillmentOrderLineItem/20", "quantity": 1},
                    {"id": "gid://shopify/FulfillmentOrderLineItem/21", "quantity": 1},
                ],
            },
        ],
        "notifyCustomer": True,
        "trackingInfo": {"company": "SF Express", "number": "SF1"},
    }


def test_two_locations_are_two_calls_with_the_same_number_our_own_first() -> None:
    shop, transport = scripted(known(work(1, 7, tee=2), work(2, 8, mug=1)), DONE, DONE, location_id="gid://shopify/Location/8")
    shop.confirm_shipment(BOTH, "k1")
    calls = [sent(transport, index)["fulfillment"] for index in (1, 2)]
    assert [call["lineItemsByFulfillmentOrder"][0]["fulfillmentOrderId"][-1] for call in calls] == ["2", "1"]
    assert {call["trackingInfo"]["number"] for call in calls} == {"SF1"}


def test_after_half_of_two_calls_only_the_other_half_is_sent() -> None:
    throttled = {"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]}
    shop, _ = scripted(known(work(1, 7, tee=2), work(2, 8, mug=1)), DONE, throttled)
    with pytest.raises(RateLimited):
        shop.confirm_shipment(BOTH, "k1")
    half = known(work(1, 7, status="CLOSED", tee=0), work(2, 8, mug=1), fulfillments=(fulfilled("SF1", TEE, 2),))
    shop, transport = scripted(half, DONE)
    assert not shop.confirm_shipment(BOTH, "k1").already
    assert len(sent(transport, 1)["fulfillment"]["lineItemsByFulfillmentOrder"]) == 1


def test_a_cancelled_fulfillment_is_not_a_shipment() -> None:
    shop, _ = scripted(
        known(
            work(1, 7, tee=2, mug=1), fulfillments=(fulfilled("SF1", TEE, 2, "CANCELLED"), fulfilled("SF1", MUG, 1, "FAILURE"))
        )
    )
    assert shop.find_shipment(BOTH) is None


@pytest.mark.parametrize("status", ["CLOSED", "CANCELLED", "SCHEDULED", "ON_HOLD", "INCOMPLETE"])
def test_only_open_fulfillment_orders_are_fulfilled(status: str) -> None:
    shop, transport = scripted(known(work(1, 7, status=status, tee=2, mug=1)))
    with pytest.raises(RemoteRejected):
        shop.confirm_shipment(BOTH, "k1")
    assert len(transport.sent) == 1


def test_work_of_a_fulfillment_service_is_left_to_it() -> None:
    shop, _ = scripted(known(work(1, 7, action="REQUEST_FULFILLMENT", tee=2, mug=1)))
    with pytest.raises(RemoteRejected):
        shop.confirm_shipment(BOTH, "k1")


def test_a_new_state_of_a_fulfillment_order_is_not_understood() -> None:
    shop, _ = scripted(known(work(1, 7, status="DREAMING", tee=2, mug=1)))
    with pytest.raises(RemoteNotUnderstood):
        shop.confirm_shipment(BOTH, "k1")


@pytest.mark.parametrize(
    ("code", "title", "company"),
    [("SF", "顺丰速运", "SF Express"), ("ups", "UPS", "UPS"), ("ZTO", "中通快递", "中通快递"), ("X", "", "X")],
)
def test_the_carrier_goes_by_the_name_shopify_links_to(code: str, title: str, company: str) -> None:
    shop, transport = scripted(known(work(1, 7, tee=1)), DONE, notify_customer="0")
    shop.confirm_shipment(Shipment(ORDER, (ShippedLine(TEE, 1),), code, title, "N1", True), "k1")
    fulfillment = sent(transport, 1)["fulfillment"]
    assert fulfillment["trackingInfo"]["company"] == company
    assert fulfillment["notifyCustomer"] is False
