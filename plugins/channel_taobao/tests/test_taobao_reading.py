"""What trades say, state by state."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from orderyard_channel_taobao.channel import TaobaoChannel

from orderyard.core.channels.api import ChannelOrder, ListingRef, TradeState
from orderyard.core.kernel.errors import RemoteNotUnderstood
from orderyard.core.kernel.values import Money
from orderyard.core.testing.scripted import ScriptedTransport

Make = Callable[..., dict[str, Any]]
Read = Callable[[dict[str, Any]], ChannelOrder]


def cny(text: str) -> Money:
    return Money.of(text, "CNY")


def test_a_paid_trade_of_two_lines_is_read_whole(trade: Make, read: Read) -> None:
    order = read(trade())
    assert (order.external_id, order.number) == ("2231958349012345678", "2231958349012345678")
    assert order.state is TradeState.TO_SHIP
    assert order.version == datetime(2026, 11, 21, 2, 3, 22, tzinfo=UTC)
    assert order.placed_at == datetime(2026, 11, 21, 2, 1, 7, tzinfo=UTC)
    assert order.paid_at == datetime(2026, 11, 21, 2, 3, 21, tzinfo=UTC)
    first, second = order.lines
    assert first.external_id == "2231958349012345679"
    assert first.listing == ListingRef("612345678901", "4812345678901", "TEE-BLU-M")
    assert (first.quantity, first.unit_price, first.amount) == (2, cny("59.00"), cny("108.00"))
    assert (second.quantity, second.amount) == (1, cny("40.00"))
    assert (order.freight, order.total, order.paid, order.refunded) == (cny("5.00"), cny("153.00"), cny("153.00"), cny("0"))
    assert order.message == "请周末送货"


def test_the_receiver_stays_masked_and_the_oaid_stands_for_it(trade: Make, read: Read) -> None:
    receiver = read(trade()).receiver
    assert (receiver.masked, receiver.name, receiver.phone) == (True, "林**", "*******4321")
    assert (receiver.country, receiver.province, receiver.district) == ("CN", "浙江省", "余杭区")
    assert receiver.privacy_token.startswith("1F8QmC3v")
    assert receiver.token_owner == "taobao/12345678/演示旗舰店"


def test_another_oaid_is_another_merge_key_though_the_masked_text_is_the_same(trade: Make, read: Read) -> None:
    keys = {read(trade(oaid=oaid)).receiver.merge_key for oaid in ("one", "other")}
    assert len(keys) == 2
    assert read(trade(oaid="")).receiver.merge_key == ""


def test_a_buyer_is_known_by_open_uid_and_never_by_a_masked_nick(trade: Make, read: Read) -> None:
    assert read(trade()).buyer.external_id == "AAHk5d-EAAeGwJedwSyntheticUid01"
    assert read(trade(buyer_open_uid="", buyer_nick="林小满")).buyer.external_id == "林小满"
    assert read(trade(buyer_open_uid="")).buyer.external_id == "trade/2231958349012345678"
    assert read(trade()).buyer.name == ""


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("TRADE_NO_CREATE_PAY", TradeState.UNPAID),
        ("WAIT_BUYER_PAY", TradeState.UNPAID),
        ("PAY_PENDING", TradeState.UNPAID),
        ("WAIT_PRE_AUTH_CONFIRM", TradeState.UNPAID),
        ("WAIT_SELLER_SEND_GOODS", TradeState.TO_SHIP),
        ("PAID_FORBID_CONSIGN", TradeState.TO_SHIP),
        ("WAIT_BUYER_CONFIRM_GOODS", TradeState.SHIPPED),
        ("TRADE_BUYER_SIGNED", TradeState.SHIPPED),
        ("TRADE_FINISHED", TradeState.COMPLETED),
        ("TRADE_CLOSED", TradeState.CANCELLED),
        ("TRADE_CLOSED_BY_TAOBAO", TradeState.CANCELLED),
    ],
)
def test_every_trade_status_has_its_state(trade: Make, line: Make, read: Read, status: str, state: TradeState) -> None:
    assert read(trade(line(status=status), status=status)).state is state


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "TRADE_TELEPORTED"},
        {"status": ""},
        {"step_trade_status": "BACK_PAID"},
        {"orders": {"order": []}},
        {"orders": None},
        {"orders": "two"},
        {"modified": "yesterday"},
        {"modified": None},
        {"created": "2026-02-30 00:00:00"},
        {"post_fee": "-1.00"},
        {"post_fee": "1.005"},
        {"tid": 2.2319583490123457e18, "tid_str": ""},
        {"receiver_country": "亚特兰蒂斯"},
    ],
)
def test_what_is_not_certain_is_not_understood(trade: Make, read: Read, changes: dict[str, Any]) -> None:
    with pytest.raises(RemoteNotUnderstood):
        read({**trade(), **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"num": 0},
        {"num": -1},
        {"num": 1.5},
        {"num": True},
        {"num": "two"},
        {"num": None},
        {"status": "LOST_AT_SEA"},
        {"refund_status": "PERHAPS"},
        {"price": "-1.00"},
        {"price": None},
        {"divide_order_fee": "free"},
        {"divide_order_fee": "NaN"},
        {"oid": None, "oid_str": ""},
    ],
)
def test_a_line_that_is_not_certain_is_not_understood(trade: Make, line: Make, read: Read, changes: dict[str, Any]) -> None:
    with pytest.raises(RemoteNotUnderstood):
        read(trade(line(**changes)))


def test_ids_and_numbers_may_come_as_text(trade: Make, line: Make, read: Read) -> None:
    quoted = trade(line(oid="2231958349012345679", oid_str=None, num="2", num_iid="612345678901"), tid="2231958349012345678")
    del quoted["tid_str"]
    order = read(quoted)
    assert (order.external_id, order.lines[0].external_id) == ("2231958349012345678", "2231958349012345679")
    assert order.lines[0].quantity == 2


def test_nineteen_digits_survive(trade: Make, line: Make, read: Read) -> None:
    long = trade(line(oid=9007199254740993123, oid_str=""), tid=9007199254740993123, tid_str="")
    assert read(long).external_id == read(long).lines[0].external_id == "9007199254740993123"


def test_a_simplified_answer_and_raw_line_breaks_are_read_too(trade: Make, line: Make, settings: dict[str, str]) -> None:
    simple = {**trade(), "orders": [line()], "buyer_message": "周末\t送货"}
    body = json.dumps({"trade": simple}, ensure_ascii=False).replace("\\t", "\t").encode()
    order = TaobaoChannel(settings, ScriptedTransport()).read(body)
    assert (order.external_id, order.message) == ("2231958349012345678", "周末\t送货")


def test_an_error_kept_as_a_document_is_not_understood(settings: dict[str, str]) -> None:
    body = b'{"error_response": {"code": 15, "sub_code": "isv.trade-not-exist"}}'
    with pytest.raises(RemoteNotUnderstood):
        TaobaoChannel(settings, ScriptedTransport()).read(body)


def test_a_lone_line_without_its_share_costs_the_payment_less_the_freight(trade: Make, line: Make, read: Read) -> None:
    # As seen in a live shop: price 160.00, payment 148.00 with 8.00 freight in it.
    lone = line(num=1, price="160.00", payment="148.00", divide_order_fee=None)
    order = read(trade(lone, payment="148.00", post_fee="8.00"))
    assert (order.lines[0].amount, order.freight, order.total) == (cny("140.00"), cny("8.00"), cny("148.00"))


def test_one_of_several_lines_without_its_share_costs_its_payment_less_its_discount(
    trade: Make, line: Make, other_line: Make, read: Read
) -> None:
    order = read(trade(line(divide_order_fee=None), other_line(divide_order_fee=None)))
    assert [one.amount for one in order.lines] == [cny("108.00"), cny("40.00")]


def test_an_item_without_skus_is_named_by_its_own_code(trade: Make, line: Make, read: Read) -> None:
    order = read(trade(line(sku_id=None, outer_sku_id="", outer_iid="MUG")))
    assert order.lines[0].listing == ListingRef("612345678901", "", "MUG")


def test_a_deposit_is_no_payment(trade: Make, line: Make, read: Read) -> None:
    step = {"type": "step", "status": "WAIT_BUYER_PAY", "step_paid_fee": "20.00"}
    order = read(trade(line(status="WAIT_BUYER_PAY"), **step, step_trade_status="FRONT_PAID_FINAL_NOPAID"))
    assert (order.state, order.paid, order.total) == (TradeState.DEPOSIT_PAID, cny("20.00"), cny("113.00"))
    order = read(trade(line(status="WAIT_BUYER_PAY"), **step, step_trade_status="FRONT_NOPAID_FINAL_NOPAID"))
    assert (order.state, order.paid, order.paid_at) == (TradeState.UNPAID, cny("0"), None)
    order = read(trade(line(status="WAIT_BUYER_PAY"), **step, step_trade_status="FRONT_PAID_FRONT_FORFEITED"))
    assert (order.state, order.paid, order.refunded, order.lines[0].cancelled) == (
        TradeState.CANCELLED,
        cny("20.00"),
        cny("0"),
        2,
    )
    order = read(trade(line(), type="step", step_paid_fee="20.00", step_trade_status="FRONT_PAID_FINAL_PAID"))
    assert (order.state, order.paid, order.presale, order.deposit_kept) == (TradeState.TO_SHIP, cny("113.00"), True, False)


def test_a_forfeited_deposit_stays_with_the_seller(trade: Make, line: Make, read: Read) -> None:
    step = {"type": "step", "step_paid_fee": "20.00", "step_trade_status": "FRONT_PAID_FRONT_FORFEITED"}
    for status in ("WAIT_BUYER_PAY", "TRADE_CLOSED_BY_TAOBAO"):
        order = read(trade(line(status=status), status=status, **step))
        assert (order.state, order.deposit_kept, order.paid) == (TradeState.CANCELLED, True, cny("20.00"))
    assert not read(trade(line())).presale


def test_a_trade_partly_shipped_and_partly_asked_back(trade: Make, line: Make, other_line: Make, read: Read) -> None:
    sent = line(status="WAIT_BUYER_CONFIRM_GOODS", consign_time="2026-11-21 16:10", invoice_no="YT1234567890123")
    asked = other_line(refund_status="WAIT_SELLER_AGREE")
    order = read(trade(sent, asked, status="SELLER_CONSIGNED_PART", seller_memo="[OMS] WH1\n加急"))
    assert order.state is TradeState.PARTLY_SHIPPED
    assert [(one.shipped, one.cancelled, one.refund_requested) for one in order.lines] == [(2, 0, False), (0, 0, True)]
    assert order.memo == "加急"


@pytest.mark.parametrize("refund", ["SELLER_REFUSE_BUYER", "CLOSED", "NO_REFUND", None])
def test_a_refund_that_was_decided_against_stops_nothing(trade: Make, line: Make, read: Read, refund: str | None) -> None:
    (found,) = read(trade(line(refund_status=refund))).lines
    assert (found.refund_requested, found.cancelled) == (False, 0)


def test_a_line_refunded_before_shipment_is_cancelled_and_the_other_is_not(
    trade: Make, line: Make, other_line: Make, read: Read
) -> None:
    order = read(trade(line(status="TRADE_CLOSED", refund_status="SUCCESS"), other_line()))
    assert order.state is TradeState.TO_SHIP
    assert [one.cancelled for one in order.lines] == [2, 0]
    assert (order.total, order.paid, order.refunded) == (cny("153.00"), cny("153.00"), cny("108.00"))


def test_a_trade_closed_after_payment_was_paid_and_refunded(trade: Make, line: Make, read: Read) -> None:
    order = read(trade(line(status="TRADE_CLOSED", refund_status="SUCCESS"), status="TRADE_CLOSED"))
    assert order.state is TradeState.CANCELLED
    assert (order.paid, order.refunded, order.lines[0].cancelled) == (cny("113.00"), cny("113.00"), 2)


def test_a_trade_closed_before_payment_was_never_paid_whatever_its_pay_time(trade: Make, line: Make, read: Read) -> None:
    order = read(trade(line(status="TRADE_CLOSED_BY_TAOBAO"), status="TRADE_CLOSED_BY_TAOBAO"))
    assert order.state is TradeState.CANCELLED
    assert (order.paid, order.refunded, order.paid_at) == (cny("0"), cny("0"), None)


def test_goods_sent_and_refunded_afterwards_were_shipped(trade: Make, line: Make, read: Read) -> None:
    back = line(status="TRADE_CLOSED", refund_status="SUCCESS", consign_time="2026-11-21 16:10", invoice_no="YT1")
    order = read(trade(back, status="TRADE_CLOSED"))
    assert (order.state, order.lines[0].shipped, order.lines[0].cancelled) == (TradeState.COMPLETED, 2, 0)
    assert (order.paid, order.refunded) == (cny("113.00"), cny("108.00"))


def test_cash_on_delivery_is_paid_when_the_trade_is_finished(trade: Make, line: Make, read: Read) -> None:
    order = read(trade(line(), type="cod"))
    assert (order.cod, order.state, order.paid, order.paid_at) == (True, TradeState.TO_SHIP, cny("0"), None)
    order = read(trade(line(status="TRADE_BUYER_SIGNED"), type="cod", status="TRADE_BUYER_SIGNED"))
    assert (order.state, order.paid) == (TradeState.SHIPPED, cny("0"))
    order = read(trade(line(status="TRADE_FINISHED"), type="cod", status="TRADE_FINISHED"))
    assert (order.state, order.paid) == (TradeState.COMPLETED, cny("113.00"))


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        ("top_hold", "TOP 拦截"),
        ("team_buy_hold", "天猫拼团"),
        ("share_group_hold", "分享购"),
        ("ofp_hold", "天猫国际"),
        ("forbid_consign", "聚划算一起买"),
        ("delay_create_delivery", "聚划算火拼"),
    ],
)
def test_a_trade_the_platform_holds_says_why_in_words(trade: Make, read: Read, flag: str, words: str) -> None:
    order = read(trade(**{flag: 1}))
    assert words in order.held
    assert order.state is TradeState.TO_SHIP
    assert [one.refund_requested for one in order.lines] == [False, False]


def test_every_hold_is_named_and_none_where_none_is_set(trade: Make, read: Read) -> None:
    assert read(trade()).held == ""
    held = read(trade(top_hold="1", ofp_hold=True)).held
    assert ("TOP 拦截" in held, "天猫国际" in held) == (True, True)


def test_a_group_purchase_still_open_must_not_ship(trade: Make, line: Make, read: Read) -> None:
    order = read(trade(line(status="PAID_FORBID_CONSIGN"), status="PAID_FORBID_CONSIGN"))
    assert (order.paid, order.state, order.lines[0].refund_requested) == (order.total, TradeState.TO_SHIP, False)
    assert "forbids shipping" in order.held
    named = read(trade(line(status="PAID_FORBID_CONSIGN"), status="PAID_FORBID_CONSIGN", team_buy_hold=1))
    assert "天猫拼团" in named.held


@pytest.mark.parametrize("status", ["WAIT_BUYER_CONFIRM_GOODS", "TRADE_FINISHED", "TRADE_CLOSED", "TRADE_CLOSED_BY_TAOBAO"])
def test_a_hold_that_has_nothing_left_to_stop_is_none(trade: Make, line: Make, read: Read, status: str) -> None:
    assert read(trade(line(status=status), status=status, top_hold=1)).held == ""


def test_an_address_may_lie_outside_the_mainland(trade: Make, read: Read) -> None:
    assert read(trade(receiver_country="中国香港")).receiver.country == "HK"
    assert read(trade(receiver_country="us")).receiver.country == "US"
