"""The desk of a shop that a plugin keeps: what it offers, documents taken in at once, and orders as their buyers see them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import orderyard_kiosk
import pytest

from orderyard.core.aftersales.api import AfterSaleState, AfterSaleType
from orderyard.core.connections.service import connect, pause
from orderyard.core.hosted.api import Desk
from orderyard.core.kernel.db import as_moment
from orderyard.core.kernel.errors import DomainError
from orderyard.core.kernel.values import Money
from orderyard.core.orders.api import OrderStatus, PaymentState
from orderyard.core.orders.service import PaymentFacts, receive_payment
from orderyard.core.testing.builders import AT, House, open_house
from orderyard.core.testing.databases import Databases
from orderyard.core.testing.paper import Platform
from orderyard.core.testing.paper import plugin as paper

TO = {
    "province": "上海市", "city": "上海市", "district": "黄浦区", "detail": "南京东路1号", "name": "王小明",
    "phone": "13812345678",
}  # fmt: skip


@pytest.fixture
def stand(databases: Databases, tmp_path: Path) -> Iterator[House]:
    with open_house(databases, tmp_path, transport=Platform(AT), plugins={"kiosk": orderyard_kiosk, "paper": paper()}) as house:
        with house.work() as uow:
            for code, adapter in (("kiosk-1", "kiosk"), ("kiosk-2", "kiosk"), ("paper-1", "paper")):
                connect(
                    uow, house.system.seal, code=code, kind="channel", adapter=adapter, shop_id=house.shops["cn"].id,
                    fields=house.system.plugins.channels[adapter].settings, settings={},
                )  # fmt: skip
        house.receive("SH", TEE=10, CAP=3)
        yield house


@pytest.fixture
def desk(stand: House) -> Desk:
    return stand.hosted("kiosk").desk("kiosk-1")


def document(stand: House, external_id: str = "K1", goods: dict[str, list[int]] | None = None, **more: Any) -> bytes:
    at = stand.environment.moment.isoformat()
    return json.dumps({"id": external_id, "at": at, "goods": goods or {"TEE": [2, 9900]}, "to": TO, **more}).encode()


def test_a_house_lends_the_desks_of_its_own_connections_only(stand: House) -> None:
    house = stand.hosted("kiosk")
    assert [(one.code, one.shop, one.currency, one.active) for one in house.connections()] == [
        ("kiosk-1", "cn", "CNY", True),
        ("kiosk-2", "cn", "CNY", True),
    ]
    assert house.desk("kiosk-2").settings() == {"greeting": "Hello"}
    with pytest.raises(DomainError, match="one of paper, not of plugin kiosk"):
        house.desk("paper-1")
    with pytest.raises(DomainError, match="no connection 'nowhere'"):
        house.desk("nowhere")


def test_a_seal_is_the_same_for_one_plugin_and_no_other(stand: House) -> None:
    mine, theirs = stand.hosted("kiosk"), stand.hosted("paper")
    assert mine.sign("K1") == mine.sign("K1") != mine.sign("K2")
    assert mine.sign("K1") != theirs.sign("K1")


def test_an_offer_has_its_price_and_what_is_left_of_it(stand: House, desk: Desk) -> None:
    found = desk.offers(["TEE", "SET", "MUG", "NOTHING"])
    assert [(one.sku, one.price, one.sellable) for one in found] == [
        ("TEE", Money(9900, "CNY"), 10),
        ("SET", Money(19900, "CNY"), 3),
        ("MUG", Money(2900, "CNY"), 0),
    ]
    desk.deliver(document(stand, goods={"TEE": [7, 9900]}))
    assert [one.sellable for one in desk.offers(["TEE", "SET"])] == [3, 1]


def test_a_document_is_an_order_at_once_and_only_once(stand: House, desk: Desk) -> None:
    first = desk.deliver(document(stand))
    assert first.verdict == "effective"
    assert first.order_id is not None
    assert stand.card(first.order_id).number == first.number
    assert desk.deliver(document(stand)) == first
    # Sent again with something else in it, it is still the same document: whoever pressed twice gets what they got.
    assert desk.deliver(document(stand, goods={"TEE": [9, 9900]})) == first
    assert desk.delivered("K1") == first
    assert desk.delivered("K2") is None
    assert stand.db.row("SELECT COUNT(*) FROM sales_order") == (1,)
    stand.prove()


def test_one_that_was_kept_and_never_read_is_read_when_it_comes_again(stand: House, desk: Desk) -> None:
    first = desk.deliver(document(stand))
    with stand.work() as uow:
        uow.db.change("UPDATE inbox SET verdict = ''")
    again = desk.deliver(document(stand))
    assert (again.verdict, again.order_id) == ("duplicate", first.order_id)


@pytest.mark.parametrize(
    ("broken", "why"), [({"goods": {"TEE": [0, 9900]}}, "quantity of line TEE"), ({"to": "nobody"}, "no order of a kiosk")]
)
def test_what_cannot_be_taken_in_is_kept_for_a_person(stand: House, desk: Desk, broken: dict[str, Any], why: str) -> None:
    body = document(stand, **broken)
    told = desk.deliver(body)
    assert (told.verdict, told.order_id, told.number) == ("parked", None, "")
    assert why in told.reason
    assert desk.deliver(body) == told
    assert stand.db.rows("SELECT body, verdict FROM inbox") == [(body, "parked")]


def test_nothing_is_pulled_and_the_last_document_is_the_last_good_sync(stand: House, desk: Desk) -> None:
    stand.environment.moment += timedelta(hours=1)
    desk.deliver(document(stand))
    stand.system.pull()
    assert stand.db.rows("SELECT code FROM connection WHERE cursor IS NOT NULL") == [("paper-1",)]
    [(seen,)] = stand.db.rows("SELECT last_good_at FROM connection WHERE code = 'kiosk-1'")
    assert as_moment(seen) == stand.environment.moment


def test_a_name_that_no_database_keeps_is_parked_too(stand: House, desk: Desk) -> None:
    told = desk.deliver(document(stand, "K\0"))
    assert (told.verdict, told.order_id) == ("parked", None)
    assert desk.orders("K\0", "5678") == []
    assert stand.db.row("SELECT verdict FROM inbox") == ("parked",)


def test_a_paused_shop_takes_nothing_in(stand: House, desk: Desk) -> None:
    with stand.work() as uow:
        pause(uow, 1, "stocktaking")
    assert not desk.facts.active
    with pytest.raises(DomainError, match="paused"):
        desk.deliver(document(stand))
    assert stand.db.row("SELECT COUNT(*) FROM inbox") == (0,)


def test_a_buyer_finds_the_order_by_number_and_telephone(stand: House, desk: Desk) -> None:
    told = desk.deliver(document(stand))
    for phone in ("13812345678", "5678", "+86 138 1234 5678"):
        assert [one.number for one in desk.orders(told.number, phone)] == [told.number], phone
    assert [one.number for one in desk.orders("K1", "5678")] == [told.number]
    for number, phone in ((told.number, "678"), (told.number, "13812345679"), ("K9", "5678"), ("", "5678"), (told.number, "")):
        assert desk.orders(number, phone) == [], (number, phone)
    assert desk.statuses(["K1", "K2"]) == {"K1": (OrderStatus.TO_SHIP, PaymentState.COD_PENDING)}
    # Another connection of the same shop knows nothing of it.
    assert stand.hosted("kiosk").desk("kiosk-2").orders(told.number, "5678") == []
    assert stand.hosted("kiosk").desk("kiosk-2").order("K1") is None
    assert stand.hosted("kiosk").desk("kiosk-2").statuses(["K1"]) == {}


def test_a_buyer_sees_what_left_and_what_the_carrier_says(stand: House, desk: Desk) -> None:
    told = desk.deliver(document(stand, goods={"TEE": [2, 9900], "SET": [1, 19900]}))
    assert told.order_id is not None
    [fo] = stand.fos(told.order_id)
    number = stand.ship(fo)
    with stand.work() as uow:
        [(waybill,)] = uow.db.rows("SELECT id FROM waybill")
        columns = ("waybill_id", "external_id", "at", "state", "code", "text", "place")
        uow.db.insert("tracking", columns, [(waybill, "e1", uow.now, "in_transit", "31", "on its way", "Shanghai")])
    order = desk.order("K1")
    assert order is not None
    assert [(line.sku, line.quantity, line.shipped, line.waiting, line.returnable) for line in order.lines] == [
        ("TEE", 2, 2, 0, 2),
        ("SET", 1, 1, 0, 1),
    ]
    [parcel] = order.parcels
    assert (parcel.number, [event.text for event in parcel.events]) == (number, ["on its way"])


def test_a_buyer_asks_before_it_leaves_and_nothing_leaves(stand: House, desk: Desk) -> None:
    told = desk.deliver(document(stand))
    assert told.order_id is not None
    asked = desk.ask_return("K1", {"TEE": 1}, AfterSaleType.REFUND_BEFORE_SHIP, "changed my mind", "sorry")
    assert (asked.state, asked.amount, asked.open) == (AfterSaleState.REQUESTED, Money(0, "CNY"), True)
    assert [str(code) for code in stand.holds(told.order_id)] == ["refund_requested"]
    order = desk.order("K1")
    assert order is not None
    assert [line.waiting for line in order.lines] == [1]
    assert [one.number for one in order.asked] == [asked.number]
    with pytest.raises(DomainError, match="2 units are asked for, 1 of them wait to be sent"):
        desk.ask_return("K1", {"TEE": 2}, AfterSaleType.REFUND_BEFORE_SHIP, "again")


def test_what_is_asked_back_is_what_was_paid_for_it(stand: House, desk: Desk) -> None:
    told = desk.deliver(document(stand))
    assert told.order_id is not None
    with stand.work() as uow:
        receive_payment(uow, PaymentFacts(told.order_id, 19800, uow.now, "cash", "p1"))
    one = desk.ask_return("K1", {"TEE": 1}, AfterSaleType.REFUND_BEFORE_SHIP, "too many")
    assert one.amount == Money(9900, "CNY")


@pytest.mark.parametrize(
    ("lines", "type", "why"),
    [
        ({"TEE": 1}, AfterSaleType.RETURN_REFUND, "0 of them were sent"),
        ({"TEE": 3}, AfterSaleType.REFUND_BEFORE_SHIP, "3 units are asked for"),
        ({"CAP": 1}, AfterSaleType.REFUND_BEFORE_SHIP, "has no line CAP"),
        ({}, AfterSaleType.REFUND_BEFORE_SHIP, "no goods"),
        ({"TEE": 1}, AfterSaleType.PRICE_PROTECT, "cannot ask for price_protect"),
    ],
)
def test_a_wish_that_cannot_be_met_says_why(
    stand: House, desk: Desk, lines: dict[str, int], type: AfterSaleType, why: str
) -> None:
    desk.deliver(document(stand))
    with pytest.raises(DomainError, match=why):
        desk.ask_return("K1", lines, type, "because")
    assert stand.db.row("SELECT COUNT(*) FROM after_sale") == (0,)


def test_nothing_is_asked_of_an_order_of_another_connection(stand: House, desk: Desk) -> None:
    desk.deliver(document(stand))
    with pytest.raises(DomainError, match="no order K1"):
        stand.hosted("kiosk").desk("kiosk-2").ask_return("K1", {"TEE": 1}, AfterSaleType.REFUND_BEFORE_SHIP, "because")
