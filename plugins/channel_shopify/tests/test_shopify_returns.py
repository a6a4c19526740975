"""Returns as claims: read, followed through their stages, and answered once."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from orderyard_channel_shopify.adapter import Shopify
from orderyard_channel_shopify.simulator.server import ShopifySimulator

from orderyard.core.aftersales.api import AfterSaleState, AfterSaleType, GoodsState, MoneyState
from orderyard.core.channels.api import AnswersClaims, Claim, ClaimAnswer, ReportsClaims, Shipment, ShippedLine, Window
from orderyard.core.kernel.errors import OutcomeUnknown, RemoteNotUnderstood, RemoteRejected
from orderyard.core.kernel.values import Address, Money
from orderyard.core.testing.scripted import FixedEnvironment, ScriptedTransport, answer
from orderyard.core.testing.simulator import BuyerOrder


@pytest.fixture
def shipped(simulator: ShopifySimulator, channel: Shopify, oakland: Address) -> str:
    """An order of 3 tees and a cup that has left in two parcels."""
    order_id = simulator.place(BuyerOrder("ann", oakland, (("TEE-M", 3), ("CUP", 1)), discount=385))
    order = channel.read(channel.fetch(order_id))
    for number, units in (("SF1", (2, 0)), ("SF2", (1, 1))):
        lines = tuple(ShippedLine(line.external_id, count) for line, count in zip(order.lines, units, strict=True) if count)
        channel.confirm_shipment(Shipment(order_id, lines, "SF", "", number, False), number)
    return order_id


def claim_of(channel: Shopify, return_id: str) -> Claim:
    return channel.read_claim(channel.fetch_claim(return_id))


def document(channel: Shopify, return_id: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(channel.fetch_claim(return_id))
    return body


def read(channel: Shopify, body: dict[str, Any]) -> Claim:
    return channel.read_claim(json.dumps(body).encode())


def test_the_channel_reports_and_answers_claims(channel: Shopify) -> None:
    assert isinstance(channel, ReportsClaims)
    assert isinstance(channel, AnswersClaims)


def test_a_request_names_the_lines_of_its_order(simulator: ShopifySimulator, channel: Shopify, shipped: str) -> None:
    return_id = simulator.returns.request(shipped, 3, 1, note="zu klein", fee=100)
    claim = claim_of(channel, return_id)
    order = channel.read(channel.fetch(shipped))
    assert (claim.external_id, claim.order_external_id) == (return_id, shipped)
    assert (claim.type, claim.state) == (AfterSaleType.RETURN_REFUND, AfterSaleState.REQUESTED)
    assert (claim.goods, claim.money) == (GoodsState.WAITING, MoneyState.PENDING)
    # Two parcels carried the tees; the order has one line of them.
    assert [(line.external_id, line.quantity) for line in claim.lines] == [
        (line.external_id, line.quantity) for line in order.lines
    ]
    assert [line.amount for line in claim.lines] == [line.amount for line in order.lines]
    assert claim.amount == sum((line.amount for line in order.lines), Money.zero("USD")) - Money(300, "USD")
    assert (claim.reason, claim.words) == ("Size was too small", "zu klein")


def test_a_return_goes_its_way(
    simulator: ShopifySimulator, channel: Shopify, shipped: str, environment: FixedEnvironment
) -> None:
    return_id = simulator.returns.request(shipped, 2, fee=50)
    seen = [claim_of(channel, return_id)]
    steps: tuple[Callable[[], None], ...] = (
        lambda: channel.answer_claim(ClaimAnswer(seen[0], agree=True), "k"),
        lambda: simulator.returns.send_back(return_id, "UPS", "1Z9"),
        lambda: simulator.returns.dispose(return_id, "RESTOCKED", 1),
        lambda: simulator.returns.dispose(return_id, "NOT_RESTOCKED", 1),
        lambda: simulator.returns.refund(return_id),
        lambda: simulator.returns.close(return_id),
    )
    for step in steps:
        environment.moment += timedelta(minutes=1)
        step()
        seen.append(claim_of(channel, return_id))
    assert [claim.state for claim in seen] == [
        AfterSaleState.REQUESTED,
        AfterSaleState.APPROVED,
        AfterSaleState.IN_TRANSIT,
        AfterSaleState.IN_TRANSIT,
        AfterSaleState.RECEIVED,
        AfterSaleState.RECEIVED,
        AfterSaleState.CLOSED,
    ]
    assert [claim.goods for claim in seen] == [GoodsState.WAITING] * 3 + [GoodsState.PARTIAL] + [GoodsState.RECEIVED] * 3
    assert [claim.money for claim in seen] == [MoneyState.PENDING] * 5 + [MoneyState.REFUNDED] * 2
    assert (seen[2].carrier, seen[2].waybill) == ("UPS", "1Z9")
    assert seen[-1].amount == seen[0].amount
    assert [claim.version for claim in seen] == sorted({claim.version for claim in seen})
    # The money stands in the order, where a refund without a return would stand as well.
    order = channel.read(channel.fetch(shipped))
    assert order.refunded == seen[-1].amount
    assert [(line.shipped, line.cancelled) for line in order.lines] == [(3, 0), (1, 0)]


def test_two_stages_within_one_second_are_two_versions(simulator: ShopifySimulator, channel: Shopify, shipped: str) -> None:
    return_id = simulator.returns.request(shipped, 1)
    asked = claim_of(channel, return_id)
    channel.answer_claim(ClaimAnswer(asked, agree=True), "k")
    assert claim_of(channel, return_id).version > asked.version


@pytest.mark.parametrize(
    ("what", "state", "goods"),
    [
        ({"status": "CANCELED"}, AfterSaleState.CANCELLED, GoodsState.TERMINATED),
        ({"status": "CLOSED"}, AfterSaleState.CLOSED, GoodsState.TERMINATED),
        ({"status": "OPEN"}, AfterSaleState.APPROVED, GoodsState.WAITING),
    ],
)
def test_a_status_is_a_state(
    what: dict[str, str], state: AfterSaleState, goods: GoodsState, simulator: ShopifySimulator, channel: Shopify, shipped: str
) -> None:
    return_id = simulator.returns.request(shipped, 1)
    simulator.returns.change(return_id, **what)
    claim = claim_of(channel, return_id)
    assert (claim.state, claim.goods) == (state, goods)


def test_goods_that_never_come_end_the_waiting(simulator: ShopifySimulator, channel: Shopify, shipped: str) -> None:
    return_id = simulator.returns.request(shipped, 2)
    simulator.returns.change(return_id, status="OPEN")
    simulator.returns.dispose(return_id, "MISSING", 2)
    claim = claim_of(channel, return_id)
    assert (claim.state, claim.goods) == (AfterSaleState.RECEIVED, GoodsState.TERMINATED)


def test_an_exchange_is_called_one(simulator: ShopifySimulator, channel: Shopify, shipped: str) -> None:
    return_id = simulator.returns.request(shipped, 1)
    simulator.returns.change(return_id, exchange=True)
    claim = claim_of(channel, return_id)
    assert (claim.type, claim.money) == (AfterSaleType.EXCHANGE, MoneyState.NONE)


def test_fees_beyond_the_goods_worth_leave_nothing(simulator: ShopifySimulator, channel: Shopify, shipped: str) -> None:
    return_id = simulator.returns.request(shipped, 1)
    simulator.returns.change(return_id, shipping_fee=9_999)
    assert claim_of(channel, return_id).amount == Money.zero("USD")


def test_a_refusal_tells_the_buyer_why(simulator: ShopifySimulator, channel: Shopify, shipped: str) -> None:
    return_id = simulator.returns.request(shipped, 1)
    channel.answer_claim(ClaimAnswer(claim_of(channel, return_id), agree=False, because="worn"), "k")
    assert claim_of(channel, return_id).state is AfterSaleState.REJECTED
    assert simulator.books.returns[return_id].declined == ("OTHER", "worn")


@pytest.mark.parametrize("agree", [True, False])
def test_an_answer_that_stands_already_is_no_error(
    agree: bool, simulator: ShopifySimulator, channel: Shopify, shipped: str
) -> None:
    said = ClaimAnswer(claim_of(channel, simulator.returns.request(shipped, 1)), agree, "worn")
    channel.answer_claim(said, "k")
    channel.answer_claim(said, "k")
    with pytest.raises(RemoteRejected, match="REQUESTED"):
        channel.answer_claim(ClaimAnswer(said.claim, not agree, "worn"), "k2")


def test_a_lost_answer_is_an_unknown_outcome(simulator: ShopifySimulator, channel: Shopify, shipped: str) -> None:
    said = ClaimAnswer(claim_of(channel, simulator.returns.request(shipped, 1)), agree=True)
    simulator.chaos.arm("lose_answer", operation="returnApproveRequest")
    with pytest.raises(OutcomeUnknown):
        channel.answer_claim(said, "k")
    assert claim_of(channel, said.claim.external_id).state is AfterSaleState.APPROVED


def test_a_pull_finds_the_returns_of_changed_orders(
    simulator: ShopifySimulator, channel: Shopify, shipped: str, oakland: Address, environment: FixedEnvironment
) -> None:
    early = simulator.returns.request(shipped, 1)
    since = environment.moment + timedelta(minutes=5)
    environment.moment = since + timedelta(minutes=1)
    simulator.place(BuyerOrder("bob", oakland, (("CUP", 1),)))
    assert channel.pull_claims(Window(since, since + timedelta(hours=1))).found == ()
    late = simulator.returns.request(shipped, 1)
    page = channel.pull_claims(Window(since, since + timedelta(hours=1)))
    assert [(found.external_id, found.body) for found in page.found] == [(late, None), (early, None)]
    assert [found.version for found in page.found] == [claim_of(channel, found.external_id).version for found in page.found]
    assert page.cursor is None


def test_a_status_that_is_new_holds_up_no_other_return() -> None:
    def head(number: int, status: str) -> dict[str, Any]:
        at = "2026-11-21T08:00:00Z"
        order = {"id": "gid://shopify/Order/1", "updatedAt": at, "currencyCode": "USD"}
        known = {"id": f"gid://shopify/Return/{number}", "name": f"#1-R{number}", "createdAt": at, "order": order}
        return {**known, "status": status, "requestApprovedAt": None, "closedAt": None}

    page = {"pageInfo": {"hasNextPage": False, "endCursor": None}}
    orders = [{"id": "gid://shopify/Order/1", "returns": {"nodes": [head(1, "DREAMING"), head(2, "OPEN")]}}]
    transport = ScriptedTransport(answer({"data": {"orders": {**page, "nodes": orders}}}))
    shop = Shopify({"shop": "demo.myshopify.com", "access_token": "t"}, transport)
    now = datetime(2026, 11, 21, 9, tzinfo=UTC)
    found = shop.pull_claims(Window(now - timedelta(hours=2), now)).found
    assert [one.external_id for one in found] == ["gid://shopify/Return/1", "gid://shopify/Return/2"]


def test_pages_of_claims_lead_to_each_other(
    simulator: ShopifySimulator, channel: Shopify, oakland: Address, environment: FixedEnvironment
) -> None:
    for _ in range(101):
        simulator.place(BuyerOrder("ann", oakland, (("CUP", 1),)))
    window = Window(environment.moment - timedelta(hours=1), environment.moment + timedelta(hours=1))
    first = channel.pull_claims(window)
    assert first.cursor
    assert channel.pull_claims(window, first.cursor).cursor is None


@pytest.mark.parametrize("external_id", ["gid://shopify/Return/1", "gid://shopify/Order/1", "", "'"])
def test_a_return_nobody_knows_is_rejected(external_id: str, channel: Shopify) -> None:
    with pytest.raises(RemoteRejected, match="knows no return"):
        channel.fetch_claim(external_id)


@pytest.mark.parametrize(
    "path",
    [
        ("status",),
        ("reverseFulfillmentOrders", "nodes", 0, "status"),
        ("reverseFulfillmentOrders", "nodes", 0, "lineItems", "nodes", 0, "dispositions", 0, "type"),
    ],
)
def test_a_word_that_is_new_is_not_understood(
    path: tuple[str | int, ...], simulator: ShopifySimulator, channel: Shopify, shipped: str
) -> None:
    return_id = simulator.returns.request(shipped, 1)
    simulator.returns.change(return_id, status="OPEN")
    simulator.returns.dispose(return_id, "RESTOCKED", 1)
    body = document(channel, return_id)
    spot: Any = body
    for step in path[:-1]:
        spot = spot[step]
    spot[path[-1]] = "DREAMING"
    with pytest.raises(RemoteNotUnderstood, match="DREAMING"):
        read(channel, body)


def test_goods_of_no_order_are_not_understood(simulator: ShopifySimulator, channel: Shopify, shipped: str) -> None:
    return_id = simulator.returns.request(shipped, 1)
    simulator.books.returns[return_id].lines[0].of = None
    with pytest.raises(RemoteNotUnderstood):
        claim_of(channel, return_id)


@pytest.mark.parametrize("name", ["returnLineItems", "refunds", "reverseFulfillmentOrders"])
def test_a_return_with_more_than_was_read_is_not_understood(
    name: str, simulator: ShopifySimulator, channel: Shopify, shipped: str
) -> None:
    body = document(channel, simulator.returns.request(shipped, 1))
    body[name]["pageInfo"]["hasNextPage"] = True
    with pytest.raises(RemoteNotUnderstood, match="more entries"):
        read(channel, body)


def test_the_vendors_own_sample_has_the_shape_the_simulator_gives(
    simulator: ShopifySimulator, channel: Shopify, shipped: str, vendor_data: Path
) -> None:
    """The sample asks for other fields; those that both ask for are of the same kind."""
    sample = json.loads((vendor_data / "shopify" / "graphql.returns.json").read_text(encoding="utf-8"))
    (theirs,) = sample["response"]["data"]["order"]["returns"]["nodes"]
    return_id = simulator.returns.request(shipped, 1)
    simulator.returns.change(return_id, status="OPEN")
    ours = document(channel, return_id)
    assert _differing(theirs, ours) == []


def _differing(theirs: Any, ours: Any, at: str = "return") -> list[str]:
    if type(theirs) is not type(ours):
        return [at]
    if isinstance(theirs, dict):
        return [bad for name in theirs.keys() & ours.keys() for bad in _differing(theirs[name], ours[name], f"{at}.{name}")]
    if isinstance(theirs, list) and theirs and ours:
        return _differing(theirs[0], ours[0], f"{at}[]")
    return []


def test_times_of_a_claim_are_aware(simulator: ShopifySimulator, channel: Shopify, shipped: str) -> None:
    claim = claim_of(channel, simulator.returns.request(shipped, 1))
    assert claim.version == datetime(2026, 11, 21, 8, 0, 5, tzinfo=UTC)
