"""What happens to an order after it was placed: staff edit it, somebody cancels it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from orderyard_channel_shopify.adapter import Shopify
from orderyard_channel_shopify.simulator.server import ShopifySimulator

from orderyard.core.channels.api import ChannelOrder, Shipment, ShippedLine, TradeState, check
from orderyard.core.kernel.errors import OutcomeUnknown, RemoteRejected
from orderyard.core.kernel.values import Address, Money
from orderyard.core.testing.scripted import FixedEnvironment
from orderyard.core.testing.simulator import BuyerOrder


def read(channel: Shopify, order_id: str) -> ChannelOrder:
    order = channel.read(channel.fetch(order_id))
    check(order)
    return order


@pytest.fixture
def order_id(simulator: ShopifySimulator, oakland: Address) -> str:
    return simulator.place(BuyerOrder("ann", oakland, (("TEE-M", 3), ("CUP", 1))))


# Edits


def test_units_taken_off_are_cancelled_and_units_added_are_a_line(
    simulator: ShopifySimulator, channel: Shopify, order_id: str
) -> None:
    before = read(channel, order_id)
    simulator.edit(order_id, {"TEE-M": -2, "CUP": 2})
    after = read(channel, order_id)
    assert [(line.quantity, line.cancelled) for line in after.lines] == [(3, 2), (1, 0), (2, 0)]
    assert [line.external_id for line in after.lines[:2]] == [line.external_id for line in before.lines]
    assert after.version > before.version
    assert after.state is TradeState.TO_SHIP
    assert (after.total, after.paid) == (before.total + Money(1400, "USD"), before.paid)


def test_what_an_edit_left_is_shipped(simulator: ShopifySimulator, channel: Shopify, order_id: str) -> None:
    simulator.edit(order_id, {"TEE-M": -2, "CUP": 2})
    lines = read(channel, order_id).lines
    left = tuple(ShippedLine(line.external_id, line.quantity - line.cancelled) for line in lines)
    channel.confirm_shipment(Shipment(order_id, left, "UPS", "", "N1", True), "k")
    assert read(channel, order_id).state is TradeState.SHIPPED


def test_an_edit_that_takes_everything_off_cancels(simulator: ShopifySimulator, channel: Shopify, order_id: str) -> None:
    simulator.edit(order_id, {"TEE-M": -3, "CUP": -1})
    assert read(channel, order_id).state is TradeState.CANCELLED


# Cancelling


def later(environment: FixedEnvironment) -> None:
    environment.moment += timedelta(seconds=5)


def test_cancelling_takes_its_time(
    simulator: ShopifySimulator, channel: Shopify, order_id: str, environment: FixedEnvironment
) -> None:
    assert channel.cancel_order(order_id, "sold out") is False
    assert channel.cancel_order(order_id, "sold out") is False
    assert read(channel, order_id).state is TradeState.TO_SHIP
    later(environment)
    assert channel.cancel_order(order_id, "sold out") is True
    assert channel.cancel_order(order_id, "sold out") is True
    order = read(channel, order_id)
    assert (order.state, order.refunded) == (TradeState.CANCELLED, order.paid)
    assert simulator.told().stock == {"CUP": 0, "TEE-M": 0}


def test_a_lost_answer_cancels_once(
    simulator: ShopifySimulator, channel: Shopify, order_id: str, environment: FixedEnvironment
) -> None:
    simulator.chaos.arm("lose_answer", operation="orderCancel")
    with pytest.raises(OutcomeUnknown):
        channel.cancel_order(order_id, "sold out")
    later(environment)
    assert channel.cancel_order(order_id, "sold out") is True
    assert len(simulator.books.orders[order_id].refunds) == 1


def test_what_has_shipped_is_not_cancelled(simulator: ShopifySimulator, channel: Shopify, order_id: str) -> None:
    line = read(channel, order_id).lines[0]
    channel.confirm_shipment(Shipment(order_id, (ShippedLine(line.external_id, 1),), "UPS", "", "N1", False), "k")
    with pytest.raises(RemoteRejected, match="outstanding fulfillments"):
        channel.cancel_order(order_id, "sold out")


def test_a_reason_of_any_length_is_told(channel: Shopify, order_id: str) -> None:
    assert channel.cancel_order(order_id, "x" * 1000) is False


def test_an_order_nobody_knows_is_not_cancelled(channel: Shopify) -> None:
    with pytest.raises(RemoteRejected, match="knows no order"):
        channel.cancel_order("gid://shopify/Order/1", "sold out")


def test_the_simulator_refuses_to_cancel_in_the_recorded_words(
    simulator: ShopifySimulator, order_id: str, environment: FixedEnvironment, vendor_data: Path
) -> None:
    path = vendor_data / "shopify" / "recorded" / "orderCancel-error-messages.json"
    expected = json.loads(path.read_text(encoding="utf-8"))["expected"]

    def cancel(**told: Any) -> Any:
        sent = {"orderId": order_id, "reason": "OTHER", "restock": True, **told}
        given = ", ".join(f"{name}: {value if name == 'reason' else _literal(value)}" for name, value in sent.items())
        query = f"mutation {{ orderCancel({given}) {{ job {{ done }} orderCancelUserErrors {{ field message code }} }} }}"
        return ask(simulator, query)["orderCancel"]["orderCancelUserErrors"]

    def recorded(case: str) -> Any:
        return expected[case]["response"]["payload"]["data"]["orderCancel"]["orderCancelUserErrors"]

    assert cancel(staffNote="x" * 256) == recorded("staffNoteTooLong")
    money = {"originalPaymentMethodsRefund": True}
    assert cancel(refund=True, refundMethod=money) == recorded("refundTrueAndRefundMethodConflict")
    assert cancel(refund=False, refundMethod=money) == recorded("refundFalseAndRefundMethodConflict")
    assert cancel() == []
    later(environment)
    assert cancel() == recorded("alreadyCancelled")


def _literal(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_literal(inner)}" for name, inner in value.items()) + "}"
    return json.dumps(value)


def ask(simulator: ShopifySimulator, query: str) -> Any:
    return httpx.post(
        f"{simulator.base_url}/admin/api/2026-07/graphql.json",
        headers={"X-Shopify-Access-Token": simulator.token},
        json={"query": query},
        trust_env=False,
    ).json()["data"]


def test_a_cancelled_order_looks_as_the_recorded_one(
    simulator: ShopifySimulator, channel: Shopify, order_id: str, environment: FixedEnvironment, vendor_data: Path
) -> None:
    path = vendor_data / "shopify" / "recorded" / "orderCancel-restock-refundMethod-parity.json"
    theirs = json.loads(path.read_text(encoding="utf-8"))["downstreamRead"]["response"]["data"]["order"]
    channel.cancel_order(order_id, "sold out")
    later(environment)
    query = (
        "closedAt cancelledAt displayFinancialStatus displayFulfillmentStatus "
        "fulfillmentOrders(first: 5) { nodes { status requestStatus lineItems(first: 1) { nodes "
        "{ totalQuantity remainingQuantity } } } }"
    )
    ours = ask(simulator, f'{{ order(id: "{order_id}") {{ {query} }} }}')["order"]

    def said(order: Any) -> Any:
        (work,) = order["fulfillmentOrders"]["nodes"]
        line = work["lineItems"]["nodes"][0]
        statuses = [order[name] for name in ("displayFinancialStatus", "displayFulfillmentStatus")]
        moments = [bool(order[name]) for name in ("closedAt", "cancelledAt")]
        return statuses, moments, work["status"], work["requestStatus"], line["totalQuantity"], line["remainingQuantity"]

    assert said(ours) == said(theirs)


def test_an_edited_order_looks_as_the_recorded_one(simulator: ShopifySimulator, order_id: str, vendor_data: Path) -> None:
    path = vendor_data / "shopify" / "recorded" / "order-edit-existing-order-happy-path.json"
    recording = json.loads(path.read_text(encoding="utf-8"))
    before = recording["upstreamCalls"][0]["response"]["body"]["data"]["order"]["lineItems"]["nodes"]
    after = recording["commitAdd"]["response"]["data"]["orderEditCommit"]["order"]["lineItems"]["nodes"]
    query = f'{{ order(id: "{order_id}") {{ lineItems(first: 9) {{ nodes {{ id quantity currentQuantity }} }} }} }}'
    mine = ask(simulator, query)["order"]["lineItems"]["nodes"]
    simulator.edit(order_id, {"CUP": 1})
    edited = ask(simulator, query)["order"]["lineItems"]["nodes"]
    # What was there stays as it was, and the added one is the last.
    assert (after[: len(before)], edited[: len(mine)]) == (before, mine)
    for lines in (after[len(before) :], edited[len(mine) :]):
        assert [(line["quantity"], line["currentQuantity"]) for line in lines] == [(1, 1)]


def test_without_a_word_about_money_a_cancelled_order_stays_paid(
    simulator: ShopifySimulator, channel: Shopify, order_id: str
) -> None:
    simulator.books.cancel(simulator.books.orders[order_id], simulator.now(), money=False, goods=True)
    order = read(channel, order_id)
    assert (order.state, order.refunded) == (TradeState.CANCELLED, Money.zero("USD"))


Step = Callable[[], object]


def test_every_change_is_a_newer_version(
    simulator: ShopifySimulator, channel: Shopify, order_id: str, environment: FixedEnvironment
) -> None:
    steps: tuple[Step, ...] = (
        lambda: simulator.edit(order_id, {"CUP": 1}),
        lambda: simulator.hold(order_id),
        lambda: simulator.release(order_id),
        lambda: simulator.refund(order_id),
    )
    versions = [read(channel, order_id).version]
    for step in steps:
        environment.moment += timedelta(seconds=1)
        step()
        versions.append(read(channel, order_id).version)
    assert versions == sorted(set(versions))
