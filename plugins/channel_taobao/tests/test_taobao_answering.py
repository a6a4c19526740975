"""The seller's word on refunds, up to what only a person can do on the platform's own page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from orderyard_channel_taobao.channel import TaobaoChannel
from orderyard_channel_taobao.simulator.server import TaobaoSimulator

from orderyard.core.aftersales.api import AfterSaleState
from orderyard.core.channels.api import ClaimAnswer, Shipment, ShippedLine, TradeState
from orderyard.core.kernel.errors import OutcomeUnknown, RemoteRejected
from orderyard.core.kernel.transport import Transport
from orderyard.core.kernel.values import Money
from orderyard.core.testing.scripted import FixedEnvironment

Calls = Callable[[], list[dict[str, str]]]
Methods = Callable[[], list[str]]

RETURNS = {
    "return_address_id": "1001",
    "return_name": "演示仓",
    "return_address": "杭州市示例路1号",
    "return_mobile": "18800000000",
    "return_post": "311100",
}


class Desk:
    """A shop's after-sales: answers as the engine gives them, on the refund as it stands."""

    def __init__(self, shop: TaobaoSimulator, transport: Transport, **settings: str) -> None:
        self.shop = shop
        self.channel = TaobaoChannel({**shop.settings(), **settings}, transport)

    def answer(self, refund_id: str, agree: bool, because: str = "") -> AfterSaleState:
        claim = self.channel.read_claim(self.channel.fetch_claim(refund_id))
        self.channel.answer_claim(ClaimAnswer(claim, agree, because), "k1")
        return self.state(refund_id)

    def state(self, refund_id: str) -> AfterSaleState:
        return self.channel.read_claim(self.channel.fetch_claim(refund_id)).state

    def ship(self, tid: str) -> None:
        order = self.channel.read(self.channel.fetch(tid))
        lines = tuple(ShippedLine(line.external_id, line.quantity) for line in order.lines)
        self.channel.confirm_shipment(Shipment(tid, lines, "SF", "顺丰速运", "SF1000000000017", True), "k0")


@pytest.fixture
def desk(shop: TaobaoSimulator, transport: Transport) -> Desk:
    return Desk(shop, transport, **RETURNS)


def test_a_refund_before_shipping_is_agreed_to(desk: Desk, place: Callable[..., str], methods: Methods) -> None:
    tid = place(("TEE-M", 1), ("MUG", 1))
    assert desk.answer(desk.shop.ask_refund(tid, 1), True) is AfterSaleState.CLOSED
    assert "rp.refunds.agree" in methods()
    assert "rp.refund.review" not in methods()
    order = desk.channel.read(desk.channel.fetch(tid))
    assert [(line.cancelled, line.refund_requested) for line in order.lines] == [(0, False), (1, False)]
    assert order.refunded == Money.of("20.00", "CNY")


def test_tmall_wants_a_review_first_and_its_phase(
    desk: Desk, place: Callable[..., str], methods: Methods, calls: Calls
) -> None:
    desk.shop.shop.tmall = True
    assert desk.answer(desk.shop.ask_refund(place()), True) is AfterSaleState.CLOSED
    (infos,) = [call["refund_infos"] for call in calls() if "refund_infos" in call]
    assert infos.endswith("|onsale")
    assert methods().index("rp.refund.review") < methods().index("rp.refunds.agree")


def test_an_answer_given_twice_is_one_answer(desk: Desk, place: Callable[..., str], methods: Methods) -> None:
    refund_id = desk.shop.ask_refund(place())
    claim = desk.channel.read_claim(desk.channel.fetch_claim(refund_id))
    for _ in range(2):
        desk.channel.answer_claim(ClaimAnswer(claim, True), "k1")
    assert methods().count("rp.refunds.agree") == 1


def test_a_lost_answer_stays_open_until_it_is_looked_at(desk: Desk, place: Callable[..., str]) -> None:
    refund_id = desk.shop.ask_refund(place())
    claim = desk.channel.read_claim(desk.channel.fetch_claim(refund_id))
    desk.shop.chaos.arm("lose_answer", operation="taobao.rp.refunds.agree")
    with pytest.raises(OutcomeUnknown):
        desk.channel.answer_claim(ClaimAnswer(claim, True), "k1")
    desk.channel.answer_claim(ClaimAnswer(claim, True), "k1")
    assert desk.state(refund_id) is AfterSaleState.CLOSED


def test_above_some_amount_a_person_must_type_in_a_code(desk: Desk, place: Callable[..., str]) -> None:
    desk.shop.shop.sms_above = 1999
    refund_id = desk.shop.ask_refund(place())
    with pytest.raises(RemoteRejected, match="SMS") as raised:
        desk.answer(refund_id, True)
    assert raised.value.code == "isv.refund-need-sms-code"
    assert desk.state(refund_id) is AfterSaleState.REQUESTED


def test_a_short_authorisation_that_ended_stops_the_answer_and_nothing_else(desk: Desk, place: Callable[..., str]) -> None:
    here, gone = place(), place()
    desk.ship(gone)
    desk.shop.access.short = False
    for tmall in (False, True):
        desk.shop.shop.tmall = tmall
        with pytest.raises(RemoteRejected, match="give access once more"):
            desk.answer(desk.shop.ask_refund(here), True)
        with pytest.raises(RemoteRejected, match="give access once more"):
            desk.answer(desk.shop.ask_refund(gone, kind="REFUND_AND_RETURN"), True)
    desk.shop.shop.tmall = False
    with pytest.raises(RemoteRejected, match="give access once more"):
        desk.answer(desk.shop.ask_refund(gone), False, "已经在路上了")
    desk.shop.access.short = True
    assert desk.answer(desk.shop.ask_refund(here), True) is AfterSaleState.CLOSED


@pytest.mark.parametrize("tmall", [False, True])
def test_a_return_is_agreed_to_then_paid_back(
    desk: Desk, place: Callable[..., str], environment: FixedEnvironment, tmall: bool
) -> None:
    desk.shop.shop.tmall = tmall
    tid = place()
    desk.ship(tid)
    refund_id = desk.shop.ask_refund(tid, kind="REFUND_AND_RETURN")
    environment.moment += timedelta(minutes=1)
    assert desk.answer(refund_id, True) is AfterSaleState.APPROVED
    desk.shop.send_back(refund_id, "圆通速递", "YT0000000000001")
    claim = desk.channel.read_claim(desk.channel.fetch_claim(refund_id))
    assert (claim.state, claim.carrier, claim.waybill) == (AfterSaleState.IN_TRANSIT, "圆通速递", "YT0000000000001")
    assert desk.answer(refund_id, True) is AfterSaleState.CLOSED
    order = desk.channel.read(desk.channel.fetch(tid))
    assert (order.state, order.refunded) == (TradeState.COMPLETED, order.total)


def test_a_return_needs_an_address_to_send_to(
    shop: TaobaoSimulator, transport: Transport, methods: Methods, place: Callable[..., str]
) -> None:
    bare = Desk(shop, transport)
    tid = place()
    bare.ship(tid)
    refund_id = shop.ask_refund(tid, kind="REFUND_AND_RETURN")
    with pytest.raises(RemoteRejected, match="return_address_id, return_name"):
        bare.answer(refund_id, True)
    assert "rp.returngoods.agree" not in methods()


def test_a_shipped_line_s_refund_is_refused_with_a_reason(desk: Desk, place: Callable[..., str]) -> None:
    tid = place()
    desk.ship(tid)
    refund_id = desk.shop.ask_refund(tid)
    with pytest.raises(RemoteRejected, match="2 to 200"):
        desk.answer(refund_id, False, "?")
    assert desk.answer(refund_id, False, "已经在路上了") is AfterSaleState.REJECTED
    assert desk.answer(refund_id, False, "已经在路上了") is AfterSaleState.REJECTED
    with pytest.raises(RemoteRejected, match="SELLER_REFUSE_BUYER"):
        desk.answer(refund_id, True)


def test_what_only_a_person_may_do_is_not_even_tried(desk: Desk, place: Callable[..., str], methods: Methods) -> None:
    here, gone = place(), place()
    desk.ship(gone)
    refund_id = desk.shop.ask_refund(here)
    with pytest.raises(RemoteRejected, match="while the goods are here"):
        desk.answer(refund_id, False, "不行")
    desk.shop.shop.refunds[int(refund_id)].constraint = "refund_onweb"
    with pytest.raises(RemoteRejected, match="own page"):
        desk.answer(refund_id, True)
    desk.shop.shop.refunds[int(refund_id)].constraint = "cannot_refuse"
    with pytest.raises(RemoteRejected, match="may not be refused"):
        desk.answer(refund_id, False, "不行")
    exchange = desk.shop.ask_refund(gone, kind="TMALL_EXCHANGE")
    with pytest.raises(RemoteRejected, match="TMALL_EXCHANGE"):
        desk.answer(exchange, True)
    desk.shop.shop.tmall = True
    with pytest.raises(RemoteRejected, match="picture"):
        desk.answer(desk.shop.ask_refund(gone), False, "已经在路上了")
    assert not {"rp.refunds.agree", "refund.refuse", "rp.returngoods.agree"} & set(methods())


def test_goods_that_came_back_are_refused_on_the_page_only(desk: Desk, place: Callable[..., str]) -> None:
    tid = place()
    desk.ship(tid)
    refund_id = desk.shop.ask_refund(tid, kind="REFUND_AND_RETURN")
    desk.answer(refund_id, True)
    desk.shop.send_back(refund_id, "圆通速递", "YT0000000000001")
    with pytest.raises(RemoteRejected, match="picture"):
        desk.answer(refund_id, False, "有破损")


@pytest.mark.parametrize("change", [{"amount": Money.of("1.00", "CNY")}, {"lines": ()}])
def test_a_buyer_who_wants_more_meanwhile_is_asked_about_again(
    desk: Desk, place: Callable[..., str], change: dict[str, Any]
) -> None:
    refund_id = desk.shop.ask_refund(place())
    claim = replace(desk.channel.read_claim(desk.channel.fetch_claim(refund_id)), **change)
    with pytest.raises(RemoteRejected, match="has changed"):
        desk.channel.answer_claim(ClaimAnswer(claim, True), "k1")
    assert desk.state(refund_id) is AfterSaleState.REQUESTED


def test_a_withdrawn_wish_waits_for_no_answer(desk: Desk, place: Callable[..., str]) -> None:
    refund_id = desk.shop.ask_refund(place())
    claim = desk.channel.read_claim(desk.channel.fetch_claim(refund_id))
    desk.shop.withdraw(refund_id)
    with pytest.raises(RemoteRejected, match="CLOSED"):
        desk.channel.answer_claim(ClaimAnswer(claim, True), "k1")


def test_with_ag_a_stopped_parcel_is_reported_and_the_platform_pays(
    shop: TaobaoSimulator, transport: Transport, methods: Methods, place: Callable[..., str]
) -> None:
    desk = Desk(shop, transport, ag="1")
    assert desk.answer(shop.ask_refund(place()), True) is AfterSaleState.CLOSED
    assert desk.answer(shop.ask_refund(place()), False, "已经打包出库") is AfterSaleState.REQUESTED
    assert methods().count("rdc.aligenius.sendgoods.cancel") == 2
    assert "rp.refunds.agree" not in methods()


def test_a_shop_without_ag_is_told_what_to_do(shop: TaobaoSimulator, transport: Transport, place: Callable[..., str]) -> None:
    desk = Desk(shop, transport, ag="1")
    shop.shop.ag = False
    with pytest.raises(RemoteRejected, match="switch the setting ag off") as raised:
        desk.answer(shop.ask_refund(place()), True)
    assert raised.value.code == "AG_NOT_SIGNED"
