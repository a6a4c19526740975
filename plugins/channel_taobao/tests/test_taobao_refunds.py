"""What buyers ask for after buying, as the platform tells it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from orderyard_channel_taobao.channel import TaobaoChannel
from orderyard_channel_taobao.simulator.server import TaobaoSimulator

from orderyard.core.aftersales.api import AfterSaleState, AfterSaleType, GoodsState, MoneyState
from orderyard.core.channels.api import AnswersClaims, Claim, ClaimLine, ReportsClaims, Window
from orderyard.core.kernel.errors import RemoteNotUnderstood, RemoteRejected
from orderyard.core.kernel.values import Money
from orderyard.core.testing.scripted import FixedEnvironment, ScriptedTransport


def read(settings: dict[str, str], refund: dict[str, Any]) -> Claim:
    body = json.dumps({"refund_get_response": {"refund": refund, "request_id": "16r2r6t6zjzg8"}})
    return TaobaoChannel(settings, ScriptedTransport()).read_claim(body.encode())


def test_a_refund_says_what_is_asked_for(settings: dict[str, str], refund: Callable[..., dict[str, Any]]) -> None:
    forty = Money.of("40.00", "CNY")
    assert read(settings, refund(desc="大了")) == Claim(
        external_id="198765432109876543",
        order_external_id="2231958349012345678",
        version=datetime(2026, 11, 21, 8, 18, 1, tzinfo=UTC),
        type=AfterSaleType.REFUND_BEFORE_SHIP,
        state=AfterSaleState.REQUESTED,
        amount=forty,
        lines=(ClaimLine("2231958349012345680", 1, forty),),
        goods=GoodsState.NONE,
        money=MoneyState.PENDING,
        reason="多拍/拍错/不想要",
        words="大了",
        answer_by=datetime(2026, 11, 23, 8, 18, 1, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("status", "state", "goods", "money"),
    [
        ("WAIT_SELLER_AGREE", AfterSaleState.REQUESTED, GoodsState.WAITING, MoneyState.PENDING),
        ("WAIT_BUYER_RETURN_GOODS", AfterSaleState.APPROVED, GoodsState.WAITING, MoneyState.PENDING),
        ("WAIT_SELLER_CONFIRM_GOODS", AfterSaleState.IN_TRANSIT, GoodsState.WAITING, MoneyState.PENDING),
        ("SELLER_REFUSE_BUYER", AfterSaleState.REJECTED, GoodsState.TERMINATED, MoneyState.NONE),
        ("CLOSED", AfterSaleState.CANCELLED, GoodsState.TERMINATED, MoneyState.NONE),
        ("SUCCESS", AfterSaleState.CLOSED, GoodsState.TERMINATED, MoneyState.REFUNDED),
    ],
)
def test_every_status_of_a_return_has_its_meaning(
    settings: dict[str, str],
    refund: Callable[..., dict[str, Any]],
    status: str,
    state: AfterSaleState,
    goods: GoodsState,
    money: MoneyState,
) -> None:
    claim = read(settings, refund(status=status, dispute_type="REFUND_AND_RETURN", order_status="TRADE_FINISHED"))
    assert (claim.type, claim.state, claim.goods, claim.money) == (AfterSaleType.RETURN_REFUND, state, goods, money)


def test_goods_on_their_way_bring_their_waybill(settings: dict[str, str], refund: Callable[..., dict[str, Any]]) -> None:
    changes = {"good_status": "BUYER_RETURNED_GOODS", "company_name": "顺丰速运", "sid": "SF1234567890123"}
    for status in ("WAIT_SELLER_CONFIRM_GOODS", "SUCCESS"):
        claim = read(settings, refund(status=status, dispute_type="REFUND_AND_RETURN", **changes))
        assert (claim.carrier, claim.waybill, claim.goods) == ("顺丰速运", "SF1234567890123", GoodsState.WAITING)


@pytest.mark.parametrize(
    ("status", "state", "goods"),
    [
        ("WAIT_SELLER_CONSIGN_GOODS", AfterSaleState.RECEIVED, GoodsState.RECEIVED),
        ("WAIT_BUYER_CONFIRM_EXCHANGE_SELLER_SEND_GOODS", AfterSaleState.SETTLING, GoodsState.RECEIVED),
        ("EXCHANGE_TRANSFORM_TO_REFUND", AfterSaleState.CANCELLED, GoodsState.TERMINATED),
    ],
)
def test_exchanges_have_states_of_their_own_and_move_no_money(
    settings: dict[str, str], refund: Callable[..., dict[str, Any]], status: str, state: AfterSaleState, goods: GoodsState
) -> None:
    for kind in ("TMALL_EXCHANGE", "TAOBAO_EXCHANGE"):
        claim = read(settings, refund(status=status, dispute_type=kind))
        assert (claim.type, claim.state, claim.goods) == (AfterSaleType.EXCHANGE, state, goods)
        assert claim.money is MoneyState.NONE


@pytest.mark.parametrize(
    ("changes", "type_"),
    [
        ({"order_status": "WAIT_SELLER_SEND_GOODS"}, AfterSaleType.REFUND_BEFORE_SHIP),
        ({"order_status": "PAID_FORBID_CONSIGN"}, AfterSaleType.REFUND_BEFORE_SHIP),
        ({"order_status": "WAIT_BUYER_CONFIRM_GOODS"}, AfterSaleType.REFUND_ONLY),
        ({"order_status": ""}, AfterSaleType.REFUND_ONLY),
        ({"dispute_type": "", "has_good_return": True}, AfterSaleType.RETURN_REFUND),
        ({"dispute_type": "", "has_good_return": False, "order_status": "TRADE_FINISHED"}, AfterSaleType.REFUND_ONLY),
        ({"dispute_type": "RESHIPPING"}, AfterSaleType.RESHIP),
        ({"dispute_type": "REPAIR"}, AfterSaleType.COMPLAINT),
        ({"dispute_type": "OTHERS"}, AfterSaleType.COMPLAINT),
    ],
)
def test_every_kind_of_wish_has_its_type(
    settings: dict[str, str], refund: Callable[..., dict[str, Any]], changes: dict[str, Any], type_: AfterSaleType
) -> None:
    assert read(settings, refund(**changes)).type is type_


@pytest.mark.parametrize("number", range(12))
def test_what_the_platform_s_service_does_is_told_in_words(
    settings: dict[str, str], refund: Callable[..., dict[str, Any]], number: int
) -> None:
    claim = read(settings, refund(cs_status=number))
    assert ("; " in claim.reason) is (number > 1)


@pytest.mark.parametrize(
    ("number", "money"),
    [(0, "pending"), (1, "pending"), (2, "refunded"), (3, "pending"), (4, "pending"), (5, "refunded")],
)
def test_an_advance_has_given_the_money_back(
    settings: dict[str, str], refund: Callable[..., dict[str, Any]], number: int, money: str
) -> None:
    claim = read(settings, refund(advance_status=number))
    assert claim.money == money
    assert ("垫付" in claim.reason) is (number > 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "WAIT_FOR_GODOT"},
        {"status": ""},
        {"dispute_type": "MOOD"},
        {"good_status": "BUYER_ATE_THEM"},
        {"cs_status": 12},
        {"advance_status": 6},
        {"refund_fee": "a lot"},
        {"modified": "yesterday"},
        {"modified": "", "refund_version": None},
        {"tid": None},
        {"num": 1.5},
        {"refund_remind_timeout": {"exist_timeout": True, "timeout": "soon"}},
    ],
)
def test_what_nobody_has_mapped_is_not_understood(
    settings: dict[str, str], refund: Callable[..., dict[str, Any]], changes: dict[str, Any]
) -> None:
    with pytest.raises(RemoteNotUnderstood):
        read(settings, refund(**changes))


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b'{"refund_get_response": {"refund": []}}'])
def test_a_body_without_a_refund_is_not_understood(settings: dict[str, str], body: bytes) -> None:
    with pytest.raises(RemoteNotUnderstood):
        TaobaoChannel(settings, ScriptedTransport()).read_claim(body)


def test_the_version_stands_in_for_a_time_that_was_left_out(
    settings: dict[str, str], refund: Callable[..., dict[str, Any]]
) -> None:
    assert read(settings, refund(modified="")).version == datetime(2026, 11, 21, 8, 18, 1, tzinfo=UTC)


def test_nothing_ends_by_itself_while_the_buyer_is_to_act(
    settings: dict[str, str], refund: Callable[..., dict[str, Any]]
) -> None:
    assert read(settings, refund(status="WAIT_BUYER_RETURN_GOODS")).answer_by is None
    assert read(settings, refund(refund_remind_timeout={"exist_timeout": False})).answer_by is None


# against the simulator


def test_refunds_of_every_kind_of_trade_are_pulled_over_several_pages(
    channel: TaobaoChannel, shop: TaobaoSimulator, place: Callable[..., str], environment: FixedEnvironment
) -> None:
    assert isinstance(channel, ReportsClaims)
    asked = set()
    begun = environment.now()
    for number in range(110):
        environment.moment += timedelta(seconds=2)
        asked.add(shop.ask_refund(place(cod=number % 5 == 0)))
    window = Window(begun, environment.now() + timedelta(minutes=1))
    seen, cursor, pages = set(), None, 0
    restless = iter(sorted(asked)[:3])
    while pages == 0 or cursor:
        page = channel.pull_claims(window, cursor)
        seen |= {found.external_id for found in page.found}
        cursor, pages = page.cursor, pages + 1
        if refund_id := next(restless, None):
            environment.moment += timedelta(seconds=2)
            shop.withdraw(refund_id)
    assert seen == asked
    assert pages > 3


def test_a_pulled_refund_is_fetched_and_read_under_the_same_version(
    channel: TaobaoChannel, shop: TaobaoSimulator, place: Callable[..., str], environment: FixedEnvironment
) -> None:
    tid = place(("TEE-M", 2), ("MUG", 1), discount=1000)
    refund_id = shop.ask_refund(tid, 0)
    window = Window(environment.now() - timedelta(minutes=1), environment.now() + timedelta(minutes=1))
    (found,) = channel.pull_claims(window).found
    claim = channel.read_claim(channel.fetch_claim(refund_id))
    order = channel.read(channel.fetch(tid))
    assert (found.external_id, found.version) == (claim.external_id, claim.version)
    assert (claim.order_external_id, claim.type) == (tid, AfterSaleType.REFUND_BEFORE_SHIP)
    (line,) = claim.lines
    assert (line.external_id, line.quantity) == (order.lines[0].external_id, 2)
    assert claim.amount == line.amount == order.lines[0].amount
    assert [one.refund_requested for one in order.lines] == [True, False]


def test_a_refund_that_is_not_there_is_rejected(channel: TaobaoChannel) -> None:
    for refund_id in ("7", "gid://7"):
        with pytest.raises(RemoteRejected):
            channel.fetch_claim(refund_id)


def test_answers_are_taken(channel: TaobaoChannel) -> None:
    assert isinstance(channel, AnswersClaims)
