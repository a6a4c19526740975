"""The lives of orders on the platform, step by step, as they are read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from orderyard_channel_taobao.channel import TaobaoChannel
from orderyard_channel_taobao.simulator.server import TaobaoSimulator

from orderyard.core.channels.api import ChannelOrder, Shipment, ShippedLine, TradeState, Window, check
from orderyard.core.kernel.values import Address, Money
from orderyard.core.testing.scripted import FixedEnvironment
from orderyard.core.testing.simulator import BuyerOrder

HOME = Address(province="浙江省", city="杭州市", detail="文一西路969号", name="林小满", phone="18800004321")
NOTHING = Money.zero("CNY")


class Life:
    """One order, looked at again after each step."""

    def __init__(self, channel: TaobaoChannel, tid: str) -> None:
        self.channel = channel
        self.tid = tid

    def now(self) -> ChannelOrder:
        order = self.channel.read(self.channel.fetch(self.tid))
        check(order)
        return order

    def ship(self) -> None:
        lines = tuple(ShippedLine(line.external_id, line.quantity) for line in self.now().lines)
        self.channel.confirm_shipment(Shipment(self.tid, lines, "SF", "顺丰速运", "SF1000000000017", True), "k1")


@pytest.fixture
def presale(channel: TaobaoChannel, shop: TaobaoSimulator) -> Life:
    return Life(channel, shop.presale(BuyerOrder("xiaoman", HOME, (("MUG", 2),), freight=500), deposit=1000))


def test_a_presale_waits_for_deposit_and_balance(presale: Life, shop: TaobaoSimulator) -> None:
    order = presale.now()
    assert (order.state, order.paid, order.presale, order.paid_at) == (TradeState.UNPAID, NOTHING, True, None)
    shop.pay(presale.tid)
    order = presale.now()
    assert (order.state, order.paid) == (TradeState.DEPOSIT_PAID, Money.of("10.00", "CNY"))
    shop.pay(presale.tid)
    order = presale.now()
    assert (order.state, order.paid, order.deposit_kept) == (TradeState.TO_SHIP, order.total, False)
    presale.ship()
    assert presale.now().state is TradeState.SHIPPED
    shop.close(presale.tid, "TRADE_FINISHED")
    assert presale.now().state is TradeState.COMPLETED


@pytest.mark.parametrize("status", ["TRADE_CLOSED_BY_TAOBAO", "TRADE_CLOSED"])
def test_a_balance_that_never_came_leaves_the_deposit_here(presale: Life, shop: TaobaoSimulator, status: str) -> None:
    shop.pay(presale.tid)
    shop.forfeit(presale.tid)
    trade = shop.shop.trades[int(presale.tid)]
    trade.status = trade.lines[0].status = status
    order = presale.now()
    assert (order.state, order.deposit_kept, order.paid) == (TradeState.CANCELLED, True, Money.of("10.00", "CNY"))
    assert (order.refunded, [line.cancelled for line in order.lines]) == (NOTHING, [2])


def test_presales_are_pulled_like_other_trades(presale: Life, environment: FixedEnvironment) -> None:
    window = Window(environment.now() - timedelta(minutes=1), environment.now() + timedelta(minutes=1))
    assert [found.external_id for found in presale.channel.pull(window).found] == [presale.tid]


def test_cash_on_delivery_is_paid_when_the_trade_ends_well(
    channel: TaobaoChannel, shop: TaobaoSimulator, place: Callable[..., str]
) -> None:
    life = Life(channel, place(cod=True))
    assert (life.now().state, life.now().cod, life.now().paid) == (TradeState.TO_SHIP, True, NOTHING)
    life.ship()
    shop.sign(life.tid)
    assert (life.now().state, life.now().paid) == (TradeState.SHIPPED, NOTHING)
    shop.close(life.tid, "TRADE_FINISHED")
    assert (life.now().state, life.now().paid) == (TradeState.COMPLETED, life.now().total)


def test_cash_on_delivery_refused_at_the_door_brings_no_money(
    channel: TaobaoChannel, shop: TaobaoSimulator, place: Callable[..., str]
) -> None:
    life = Life(channel, place(cod=True))
    life.ship()
    shop.close(life.tid, "TRADE_CLOSED")
    order = life.now()
    assert (order.paid, order.refunded, [line.shipped for line in order.lines]) == (NOTHING, NOTHING, [1])


def test_an_unpaid_order_that_is_closed_was_never_to_ship(
    channel: TaobaoChannel, shop: TaobaoSimulator, place: Callable[..., str]
) -> None:
    life = Life(channel, place(("TEE-M", 2), ("MUG", 1), paid=False))
    shop.close(life.tid)
    order = life.now()
    assert (order.state, order.paid, [line.cancelled for line in order.lines]) == (TradeState.CANCELLED, NOTHING, [2, 1])


@pytest.mark.parametrize(
    "flag", ["top_hold", "team_buy_hold", "share_group_hold", "ofp_hold", "forbid_consign", "delay_create_delivery"]
)
def test_every_hold_of_the_platform_is_felt_until_it_is_lifted(
    channel: TaobaoChannel, shop: TaobaoSimulator, place: Callable[..., str], flag: str
) -> None:
    life = Life(channel, place())
    shop.hold(life.tid, flag)
    assert (life.now().state, bool(life.now().held)) == (TradeState.TO_SHIP, True)
    shop.release(life.tid)
    assert life.now().held == ""


def test_a_line_refunded_before_shipping_lets_the_other_go(
    channel: TaobaoChannel, shop: TaobaoSimulator, place: Callable[..., str]
) -> None:
    life = Life(channel, place(("TEE-M", 1), ("MUG", 1)))
    refund_id = shop.ask_refund(life.tid, 1)
    assert [line.refund_requested for line in life.now().lines] == [False, True]
    shop.withdraw(refund_id)
    assert [line.refund_requested for line in life.now().lines] == [False, False]
    life.ship()
    assert life.now().state is TradeState.SHIPPED
