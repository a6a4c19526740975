"""The page where buyers look after an order: found by number and telephone, honest about where it is, open for wishes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from orderyard.core.aftersales.service import answer

if TYPE_CHECKING:
    from conftest import Site


def find(site: Site, number: str, phone: str, address: str = "10.0.0.1") -> tuple[int, str]:
    browser = site.browser(address)
    answered = browser.post("/x/channel_web/find", browser.get("/x/channel_web/find").text, number=number, phone=phone)
    return answered.status_code, answered.location or answered.text


@pytest.mark.parametrize("phone", ["13924417702", "7702", "+86 139 2441 7702"])
def test_number_and_telephone_open_the_order(quick: Site, phone: str) -> None:
    quick.open()
    quick.order()
    status, location = find(quick, "so00000001", phone)
    assert status == 303
    page = quick.browser().client.get(location, headers={"Accept-Language": "en"}).text
    assert "Being prepared" in page
    assert "Tea, 100 g" in page
    assert "13924417702" not in page
    assert "科技园" not in page


def test_a_wrong_telephone_is_answered_like_an_unknown_number(quick: Site) -> None:
    quick.open()
    quick.order()
    answers = [find(quick, number, phone) for number, phone in (("SO00000001", "7703"), ("SO00000001", "702"), ("SO9", "7702"))]
    assert [status for status, _ in answers] == [404] * 3
    assert len({text.replace("SO00000001", "").replace("SO9", "").count("There is no order") for _, text in answers}) == 1


def test_guessing_ends_for_a_network_and_for_a_number(quick: Site) -> None:
    quick.open()
    quick.order()
    assert [find(quick, f"SO0000010{n}", "1234")[0] for n in range(11)] == [404] * 10 + [429]
    assert find(quick, "SO00000001", "7702")[0] == 429
    assert find(quick, "SO00000001", "7702", "10.0.0.2")[0] == 303
    assert [find(quick, "SO00000001", "1111", f"10.0.1.{n}")[0] for n in range(11)] == [404] * 10 + [429]
    quick.wait(16 * 60)
    assert find(quick, "SO00000001", "7702")[0] == 303


@pytest.mark.parametrize("change", ["", "?k=", "?k=0123456789abcdef0123456789abcdef"])
def test_an_address_opens_with_its_seal_only(quick: Site, change: str) -> None:
    quick.open()
    address = quick.placed()
    assert quick.browser().get(address).status_code == 200
    for path in (address.partition("?")[0] + change, address.replace("web-1", "web-2")):
        assert quick.browser().client.get(path).status_code == 404


def test_a_parcel_is_followed_to_the_door(site: Site) -> None:
    site.open()
    address = site.placed(u_TEE="2")
    [fo] = site.house.fos(1)
    number = site.house.ship(fo)
    with site.house.work() as uow:
        [(waybill,)] = uow.db.rows("SELECT id FROM waybill")
        columns = ("waybill_id", "external_id", "at", "state", "code", "text", "place")
        for n, (state, text) in enumerate((("picked_up", "collected"), ("out_for_delivery", "the courier is near"))):
            uow.db.insert("tracking", columns, [(waybill, f"e{n}", uow.now + timedelta(hours=n), state, "", text, "深圳")])
    page = site.browser().get(address).text
    assert "On its way" in page
    assert number in page
    assert "The courier is coming to you" in page
    assert page.index("the courier is near") < page.index("collected")
    assert "2 sent" in page
    assert "Ask to cancel" not in page


def test_what_has_not_left_may_be_cancelled_and_its_answer_is_seen(site: Site) -> None:
    site.open()
    address = site.placed(u_TEE="2", u_CAP="1")
    browser = site.browser()
    page = browser.get(address).text
    said = browser.post(address, page, ask="cancel", **{"u-1": "2", "u-2": "0"}, reason="I ordered by mistake", words="sorry")
    assert said.status_code == 303
    page = browser.get(address).text
    assert "We have it and answer soon." in page
    assert "I ordered by mistake" in page
    assert [code.value for code in site.house.holds(1)] == ["refund_requested"]
    again = browser.post(address, page, ask="cancel", **{"u-1": "1", "u-2": "0"}, reason="again")
    assert "no more than 0 can be chosen" in browser.get(again.location).text
    with site.house.work() as uow:
        answer(uow, 1, True, "as you wish")
    assert "We agree." in browser.get(address).text
    site.house.prove()


@pytest.mark.parametrize(("ask", "type", "goods"), [("return", "return_refund", "waiting"), ("refund", "refund_only", "none")])
def test_what_came_may_go_back(quick: Site, ask: str, type: str, goods: str) -> None:
    quick.open()
    address = quick.placed(u_TEE="2")
    [fo] = quick.house.fos(1)
    quick.house.ship(fo)
    browser = quick.browser()
    browser.post(address, browser.get(address).text, ask=ask, **{"u-1": "1"}, reason="It is broken or faulty")
    assert quick.house.db.rows("SELECT type, goods, state, source FROM after_sale") == [(type, goods, "requested", "buyer")]
    assert quick.house.db.rows("SELECT quantity FROM after_sale_line") == [(1,)]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"ask": "nonsense", "u-1": "1", "reason": "x"}, "Choose what you want."),
        ({"ask": "cancel", "u-1": "0", "reason": "x"}, "Choose at least one, and say why."),
        ({"ask": "cancel", "u-1": "1", "reason": ""}, "Choose at least one, and say why."),
        ({"ask": "cancel", "u-1": "²", "reason": "x"}, "Write a whole number."),
        ({"ask": "return", "u-1": "1", "reason": "x"}, "no more than 0 can be chosen"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(quick: Site, fields: dict[str, str], said: str) -> None:
    quick.open()
    address = quick.placed()
    browser = quick.browser()
    assert said in browser.get(browser.post(address, browser.get(address).text, **fields).location).text
    assert quick.house.db.rows("SELECT 1 FROM after_sale") == []


def test_a_wish_needs_the_seal_too(quick: Site) -> None:
    quick.open()
    address = quick.placed()
    browser = quick.browser()
    page = browser.get(address).text
    bare = address.partition("?")[0]
    assert browser.post(bare, page, ask="cancel", **{"u-1": "1"}, reason="x").status_code == 404
    assert quick.house.db.rows("SELECT 1 FROM after_sale") == []
