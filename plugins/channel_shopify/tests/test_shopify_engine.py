"""The whole road through the engine: what happens in the shop, and what it is told, on both databases."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from orderyard_channel_shopify import plugin
from orderyard_channel_shopify.adapter import Shopify
from orderyard_channel_shopify.simulator.pushes import order_body, privacy_body, return_body, shop_body, work_body
from orderyard_channel_shopify.simulator.server import DOMAIN, ShopifySimulator

from orderyard.core.aftersales import service as aftersales
from orderyard.core.channels.service import resend, write_memo
from orderyard.core.connections.service import ConnectionFacts, connect, connection
from orderyard.core.kernel.transport import Delivery, HttpTransport, Request
from orderyard.core.kernel.values import Address, Money
from orderyard.core.testing.builders import AT, House, codes, open_house
from orderyard.core.testing.databases import Databases
from orderyard.core.testing.scripted import FixedEnvironment
from orderyard.core.testing.simulator import BuyerOrder, ShopItem

HOME = Address(
    country="CN", province="上海市", city="上海市", district="浦东新区", detail="某路1号", name="Ann Ames", phone="18800004321"
)


class Yard:
    """A merchant whose shop `us` sells on the simulated platform; both clocks are one."""

    def __init__(self, house: House, simulator: ShopifySimulator, clock: FixedEnvironment) -> None:
        self.house = house
        self.simulator = simulator
        self._clock = clock

    @property
    def facts(self) -> ConnectionFacts:
        return connection(self.house.db, "sy")

    def place(self, *lines: tuple[str, int]) -> str:
        return self.simulator.place(BuyerOrder("ann", HOME, lines))

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

    def push(self, topic: str, body: Mapping[str, object]) -> str:
        """A push comes in, and what it leads to is fetched."""
        raw = json.dumps(body).encode()
        headers = {name.lower(): value for name, value in self.simulator.hooks.headers(topic, raw).items()}
        said = self.house.system.channels.feeds.receive("sy", Delivery(headers, raw))
        self.house.system.worker.drain()
        return said

    def order(self, external_id: str) -> int:
        [(order_id,)] = self.house.db.rows("SELECT order_id FROM channel_order WHERE external_id = ?", (external_id,))
        return int(order_id)

    def shipped(self, external_id: str) -> str:
        """Everything leaves in one parcel; its number."""
        [fo_id] = self.house.fos(self.order(external_id))
        number = self.house.ship(fo_id)
        for _ in range(4):
            self.house.system.worker.drain()
            self.tick(10)
        return number

    def claims(self) -> list[tuple[str, str, str]]:
        return [tuple(row) for row in self.house.db.rows("SELECT state, goods, money FROM after_sale ORDER BY id")]

    def parked(self) -> list[tuple[str, str]]:
        return [
            tuple(row) for row in self.house.db.rows("SELECT kind, document FROM inbox WHERE verdict = 'parked' ORDER BY id")
        ]


@pytest.fixture
def yard(databases: Databases, tmp_path: Path) -> Iterator[Yard]:
    clock = FixedEnvironment(AT)
    simulator, transport = ShopifySimulator(clock), HttpTransport(clock)
    simulator.start()
    price = Money.of("10.00", "USD")
    simulator.open_shop((ShopItem("TEE", "Tee", price), ShopItem("CAP", "Cap", price)))
    with open_house(databases, tmp_path, transport=transport, plugins={"channel_shopify": plugin}) as house:
        with house.work() as uow:
            connect(
                uow, house.system.seal, code="sy", kind="channel", adapter="channel_shopify", shop_id=house.shops["us"].id,
                fields=Shopify.settings, settings=simulator.settings(),
            )  # fmt: skip
        house.receive("SH", TEE=9, CAP=9)
        yield Yard(house, simulator, clock)
    transport.close()
    simulator.stop()


def test_a_parcel_is_told_once_though_staff_split_the_order_and_an_answer_was_lost(yard: Yard) -> None:
    order_id = yard.place(("TEE", 2), ("CAP", 1))
    yard.pull()
    yard.simulator.split(order_id, 1)
    yard.simulator.chaos.arm("lose_answer", operation="fulfillmentCreate")
    number = yard.shipped(order_id)
    told = yard.simulator.told()
    assert (told.shipments, told.confirmations) == ({order_id: (number,)}, 1)
    [parcel] = yard.simulator.books.orders[order_id].parcels
    parcel.numbers = ["TYPED-BY-HAND"]
    with yard.house.work() as uow:
        resend(uow, 1, replaces="TYPED-BY-HAND")
    yard.house.system.worker.drain()
    assert yard.simulator.told().shipments == {order_id: (number,)}
    yard.house.prove()


def test_a_return_is_followed_and_answered(yard: Yard) -> None:
    order_id = yard.place(("TEE", 2), ("CAP", 1))
    yard.pull()
    yard.shipped(order_id)
    yard.pull()
    return_id = yard.simulator.returns.request(order_id, 2)
    yard.pull()
    assert yard.claims() == [("requested", "waiting", "pending")]
    with yard.house.work() as uow:
        aftersales.answer(uow, 1, True, "send it back")
    yard.house.system.worker.drain()
    assert yard.simulator.books.returns[return_id].status == "OPEN"
    yard.pull()
    assert yard.claims() == [("approved", "waiting", "pending")]
    yard.simulator.returns.send_back(return_id, "UPS", "1Z9")
    yard.pull()
    yard.simulator.returns.dispose(return_id, "RESTOCKED", 2)
    yard.simulator.returns.refund(return_id)
    yard.pull()
    assert yard.claims() == [("received", "received", "refunded")]
    yard.simulator.returns.close(return_id)
    yard.pull()
    assert yard.claims() == [("closed", "received", "refunded")]
    card = yard.house.card(yard.order(order_id))
    assert (card.refunded.minor, [line.cancelled for line in card.lines]) == (2000, [0, 0])
    yard.house.prove()


def test_a_return_that_is_refused_is_refused_there(yard: Yard) -> None:
    order_id = yard.place(("TEE", 1))
    yard.pull()
    yard.shipped(order_id)
    return_id = yard.simulator.returns.request(order_id, 1)
    assert yard.push("returns/request", return_body(yard.simulator.books.returns[return_id])) == "stored"
    assert yard.claims() == [("requested", "waiting", "pending")]
    with yard.house.work() as uow:
        aftersales.answer(uow, 1, False, "worn")
    yard.house.system.worker.drain()
    assert yard.simulator.books.returns[return_id].declined == ("OTHER", "worn")
    assert yard.claims() == [("rejected", "terminated", "none")]
    yard.house.prove()


def test_pushes_bring_orders_and_holds_without_a_pull(yard: Yard) -> None:
    order_id = yard.place(("TEE", 1))
    order = yard.simulator.books.orders[order_id]
    assert yard.push("orders/create", order_body(yard.simulator.graph, order)) == "stored"
    assert yard.order(order_id)
    yard.tick()
    yard.simulator.hold(order_id, "High risk of fraud")
    assert yard.push("fulfillment_orders/placed_on_hold", work_body(order.work[0])) == "stored"
    assert "platform_hold" in codes(yard.house.holds(yard.order(order_id)))
    yard.tick()
    yard.simulator.release(order_id)
    yard.push("fulfillment_orders/hold_released", work_body(order.work[0]))
    assert codes(yard.house.holds(yard.order(order_id))) == []
    assert yard.parked() == []
    yard.house.prove()


def test_an_edit_changes_the_order_here(yard: Yard) -> None:
    order_id = yard.place(("TEE", 2), ("CAP", 1))
    yard.pull()
    yard.tick()
    yard.simulator.edit(order_id, {"TEE": -1})
    yard.pull()
    card = yard.house.card(yard.order(order_id))
    assert [(line.quantity, line.cancelled) for line in card.lines] == [(2, 1), (1, 0)]
    yard.house.prove()


def test_an_order_cancelled_there_is_cancelled_here(yard: Yard) -> None:
    order_id = yard.place(("TEE", 2))
    yard.pull()
    shop = Shopify(yard.simulator.settings(), yard.house.system.transport)
    assert not shop.cancel_order(order_id, "sold out")
    yard.tick()
    assert shop.cancel_order(order_id, "sold out")
    yard.pull()
    [line] = yard.house.card(yard.order(order_id)).lines
    assert (line.quantity, line.cancelled) == (2, 2)
    yard.house.prove()


def test_a_privacy_request_waits_for_a_person(yard: Yard) -> None:
    body = privacy_body(DOMAIN, "gid://shopify/Customer/7", "a@b.example", [])
    assert yard.push("customers/redact", body) == "stored"
    assert yard.parked() == [("privacy", "gid://shopify/Customer/7")]


def test_a_note_reaches_the_platform_and_is_not_taken_for_the_sellers(yard: Yard) -> None:
    order_id = yard.place(("TEE", 1))
    yard.pull()
    with yard.house.work() as uow:
        write_memo(uow, yard.order(order_id), "换成红色", "3")
    yard.house.system.worker.drain()
    order = yard.simulator.books.orders[order_id]
    assert (order.attributes, order.tags) == ({"Orderyard": "换成红色"}, ["orderyard-flag-3"])
    yard.pull()
    assert codes(yard.house.holds(yard.order(order_id))) == []
    yard.house.prove()


def test_an_app_that_was_taken_out_pauses_until_access_is_given_again(yard: Yard) -> None:
    upkeep = yard.house.system.channels.upkeep
    assert upkeep.who(yard.facts).startswith("Demo")
    yard.simulator.uninstall()
    yard.push("app/uninstalled", shop_body("Demo", DOMAIN))
    assert yard.facts.state == "paused"
    back = "https://yard.example/back"
    location = yard.house.system.transport.send(Request("GET", upkeep.consent_page(yard.facts, back))).headers["location"]
    upkeep.exchange("sy", dict(parse_qsl(urlsplit(location).query)), back)
    assert yard.facts.state == "active"
    order_id = yard.place(("TEE", 1))
    yard.pull()
    assert yard.order(order_id)
    # It ends within the hour, and long before that it is renewed; an ended one waits for that instead of pausing.
    yard.tick(90)
    assert "has ended" in yard.house.system.channels.feeds.pull(yard.facts).error
    assert yard.facts.state == "active"
    assert upkeep.renew_all() == ["sy"]
    yard.pull()


def test_subscriptions_are_mended_by_the_engine(yard: Yard) -> None:
    upkeep = yard.house.system.channels.upkeep
    assert upkeep.subscribe(yard.facts, "https://yard.example/push/sy")
    assert upkeep.subscribe(yard.facts, "https://yard.example/push/sy") == []
