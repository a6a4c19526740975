"""The whole road through the engine: what happens on the platform, and what it is told, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from orderyard_channel_taobao import plugin
from orderyard_channel_taobao.channel import TaobaoChannel
from orderyard_channel_taobao.simulator.server import TaobaoSimulator
from orderyard_channel_taobao.waybills import CainiaoWaybills

from orderyard.core.aftersales import service as aftersales
from orderyard.core.channels.service import resend, write_memo
from orderyard.core.connections.service import ConnectionFacts, connect, connection
from orderyard.core.fulfillment import service as fulfillment
from orderyard.core.kernel.transport import HttpTransport, Request
from orderyard.core.kernel.values import Address, Money
from orderyard.core.testing.builders import AT, House, codes, open_house
from orderyard.core.testing.databases import Databases
from orderyard.core.testing.scripted import FixedEnvironment
from orderyard.core.testing.simulator import BuyerOrder, ShopItem

HOME = Address(province="上海市", city="上海市", district="浦东新区", detail="某路1号", name="林小满", phone="18800004321")


class Yard:
    """A merchant whose shop `cn` sells on the simulated platform; both clocks are one."""

    def __init__(self, house: House, simulator: TaobaoSimulator, clock: FixedEnvironment) -> None:
        self.house = house
        self.simulator = simulator
        self._clock = clock

    @property
    def facts(self) -> ConnectionFacts:
        return connection(self.house.db, "tb")

    def place(self, *lines: tuple[str, int]) -> str:
        return self.simulator.place(BuyerOrder("xiaoman", HOME, lines))

    def tick(self, minutes: float = 1) -> None:
        self._clock.moment += timedelta(minutes=minutes)
        self.house.environment.moment = self._clock.moment

    def pull(self) -> dict[str, int]:
        """Time passes, then everything that changed is taken in and answered."""
        self.tick()
        pulled = self.house.system.channels.feeds.pull(self.facts)
        assert pulled.error == ""
        assert pulled.parked == []
        self.house.system.worker.drain()
        return pulled.verdicts

    def order(self, tid: str) -> int:
        [(order_id,)] = self.house.db.rows("SELECT order_id FROM channel_order WHERE external_id = ?", (tid,))
        return int(order_id)

    def claims(self) -> list[tuple[str, str]]:
        return [tuple(row) for row in self.house.db.rows("SELECT state, money FROM after_sale ORDER BY id")]

    def holds(self, tid: str) -> list[str]:
        return codes(self.house.holds(self.order(tid)))


@pytest.fixture
def yard(databases: Databases, tmp_path: Path) -> Iterator[Yard]:
    clock = FixedEnvironment(AT)
    simulator, transport = TaobaoSimulator(clock), HttpTransport(clock)
    simulator.start()
    price = Money.of("10.00", "CNY")
    simulator.open_shop((ShopItem("TEE", "T恤", price), ShopItem("CAP", "帽子", price)))
    with open_house(databases, tmp_path, transport=transport, plugins={"channel_taobao": plugin}) as house:
        with house.work() as uow:
            connect(
                uow, house.system.seal, code="tb", kind="channel", adapter="channel_taobao", shop_id=house.shops["cn"].id,
                fields=TaobaoChannel.settings, settings={**simulator.settings(), "ag": "1"},
            )  # fmt: skip
        house.receive("SH", TEE=9, CAP=9)
        yield Yard(house, simulator, clock)
    transport.close()
    simulator.stop()


def test_a_refund_holds_the_order_until_it_is_answered(yard: Yard) -> None:
    tid = yard.place(("TEE", 2), ("CAP", 1))
    yard.pull()
    yard.tick()
    yard.simulator.ask_refund(tid, 1)
    yard.pull()
    assert yard.claims() == [("requested", "pending")]
    assert "refund_requested" in yard.holds(tid)
    with yard.house.work() as uow:
        aftersales.answer(uow, 1, True, "stopped")
    yard.house.system.worker.drain()
    yard.pull()
    assert yard.claims() == [("closed", "refunded")]
    assert "refund_requested" not in yard.holds(tid)
    card = yard.house.card(yard.order(tid))
    assert ([line.cancelled for line in card.lines], card.refunded.minor) == ([0, 1], 1000)
    yard.house.prove()


def test_a_refund_of_an_order_that_never_came_brings_it_in(yard: Yard) -> None:
    tid = yard.place(("TEE", 1))
    yard.tick(60 * 24 * 2)
    yard.simulator.ask_refund(tid)
    yard.simulator.shop.trades[int(tid)].modified -= timedelta(days=2)
    yard.pull()
    assert yard.claims() == [("requested", "pending")]
    yard.house.prove()


def test_messages_bring_orders_and_refunds_without_a_pull(yard: Yard) -> None:
    tid = yard.place(("TEE", 1))
    yard.tick()
    yard.simulator.ask_refund(tid)
    yard.simulator.chaos.arm("duplicate")
    assert yard.house.system.channels.feeds.ask_queue(yard.facts) > 0
    yard.house.system.worker.drain()
    assert (len(yard.simulator.shop.notes), yard.claims()) == (0, [("requested", "pending")])
    assert yard.order(tid)
    yard.house.prove()


def test_a_parcel_is_told_once_and_told_anew_in_the_place_of_another(yard: Yard) -> None:
    tid = yard.place(("TEE", 2), ("CAP", 1))
    yard.pull()
    [fo_id] = yard.house.fos(yard.order(tid))
    yard.simulator.chaos.arm("lose_answer", operation="taobao.logistics.offline.send")
    number = yard.house.ship(fo_id)
    for _ in range(4):
        yard.house.system.worker.drain()
        yard.tick(10)
    told = yard.simulator.told()
    assert (told.shipments, told.confirmations) == ({tid: (number,)}, 1)
    for line in yard.simulator.shop.trades[int(tid)].lines:
        line.number = "SF1999999999999"
    with yard.house.work() as uow:
        resend(uow, 1, replaces="SF1999999999999")
    yard.house.system.worker.drain()
    assert yard.simulator.told().shipments == {tid: (number,)}
    yard.house.prove()


def test_a_note_and_a_flag_reach_the_platform_and_are_not_taken_for_the_seller_s(yard: Yard) -> None:
    tid = yard.place(("TEE", 1))
    yard.pull()
    with yard.house.work() as uow:
        write_memo(uow, yard.order(tid), "SH 仓", "3")
    yard.house.system.worker.drain()
    trade = yard.simulator.shop.trades[int(tid)]
    assert (trade.memo, trade.flag) == ("[OMS] SH 仓", 3)
    yard.pull()
    assert yard.holds(tid) == []
    yard.house.prove()


def test_a_session_that_ends_pauses_and_a_new_grant_goes_on(yard: Yard) -> None:
    upkeep = yard.house.system.channels.upkeep
    assert upkeep.who(yard.facts) == "演示旗舰店 (淘宝/Taobao)"
    yard.simulator.access.take_back()
    tid = yard.place(("TEE", 1))
    yard.tick()
    assert "session" in yard.house.system.channels.feeds.pull(yard.facts).error
    assert yard.facts.state == "paused"
    back = "https://yard.example/back"
    page = upkeep.consent_page(yard.facts, back)
    assert page.startswith(f"{yard.simulator.base_url}/authorize?")
    _consented(yard, page, back)
    assert yard.facts.state == "active"
    yard.pull()
    assert yard.order(tid)


def _consented(yard: Yard, page: str, back: str) -> None:
    location = yard.house.system.transport.send(Request("GET", page)).headers["location"]
    yard.house.system.channels.upkeep.exchange("tb", dict(parse_qsl(urlsplit(location).query)), back)


# hidden receivers


def test_orders_of_two_weeks_to_one_hidden_receiver_leave_in_one_parcel_under_one_platform_waybill(yard: Yard) -> None:
    """The OAIDs differ; the platform says whose door it is, and gives the number for an address nobody here may see."""
    house = yard.house
    access = {name: value for name, value in yard.simulator.settings().items() if name not in ("oauth", "tmc_group", "shop")}
    with house.work() as uow:
        uow.db.change("UPDATE shop SET merge_minutes = 120, carrier = 'cainiao'")
        connect(
            uow, house.system.seal, code="cainiao", kind="carrier", adapter="channel_taobao_cainiao", shop_id=None,
            fields=CainiaoWaybills.settings, settings={**access, "user_id": "2088000001", "cp_code": "YTO"},
        )  # fmt: skip
    first, second = yard.place(("TEE", 1)), yard.place(("TEE", 2))
    yard.simulator.shop.trades[int(second)].created += timedelta(days=7)
    yard.pull()
    tokens = house.db.rows("SELECT DISTINCT privacy_token FROM postal_address")
    assert len(tokens) == 2
    assert house.system.channels.proofs.prove_all() == {"tb": 2}
    [fo_id] = house.system.release()
    house.system.worker.drain()
    [(number, label, kind)] = house.db.rows("SELECT number, label, label_type FROM waybill WHERE fo_id = ?", (fo_id,))
    [waybill] = yard.simulator.shop.waybills
    assert (waybill.number, set(waybill.trades)) == (number, {first, second})
    assert (bytes(label)[:1], kind) == (b"{", "application/json")
    house.pack(fo_id)
    with house.work("person:warehouse") as uow:
        fulfillment.ship(uow, fo_id)
    house.system.worker.drain()
    assert yard.simulator.told().shipments == {first: (number,), second: (number,)}
    assert [line.company for trade in yard.simulator.shop.trades.values() for line in trade.lines] == ["圆通速递"] * 2
    house.prove()
