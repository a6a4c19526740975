"""From the order page to an order: once, by a person, for goods that are there."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

import pytest
from orderyard_channel_web import guards, ordering
from orderyard_channel_web.regions import REGIONS, whole

from orderyard.core.connections.service import pause
from orderyard.core.kernel.values import Address
from orderyard.core.orders import service as orders

if TYPE_CHECKING:
    from conftest import Site


def test_a_filled_in_page_is_an_order_and_says_its_number(site: Site) -> None:
    site.open()
    answer = site.order(u_TEE="2", u_CAP="1", source="douyin", message="快一点")
    assert answer.status_code == 303
    [(number, status, cod, total)] = site.orders()
    assert (status, bool(cod), total) == ("pending_review", True, 2 * 9900 + 4900 + 800)
    page = site.browser().client.get(answer.location, headers={"Accept-Language": "en"}).text
    assert number in page
    assert "To be paid at the door" in page
    card = site.house.card(1)
    assert (card.receiver.city, card.receiver.phone, card.message) == ("深圳市", "+8613924417702", "快一点")
    assert [(line.sku, line.quantity) for line in card.lines] == [("TEE", 2), ("CAP", 1)]
    assert site.counts() == {"viewed": 1, "started": 1}
    site.house.prove()


def test_the_same_form_sent_again_is_the_same_order(site: Site) -> None:
    site.open(repeat_hours=0)
    browser = site.browser()
    page = browser.get("/x/channel_web/p/tea").text
    site.wait(30)
    first = site.send(browser, page)
    again = site.send(browser, page, u_TEE="5")
    assert first.location == again.location
    assert len(site.orders()) == 1
    assert site.tables.rows("SELECT units FROM channel_web_order") == [(1,)]


def test_the_same_telephone_is_shown_the_order_it_has(site: Site) -> None:
    site.open()
    site.order()
    [(number, *_)] = site.orders()
    site.wait(3600)
    again = site.order(site.browser("10.0.0.2"), phone="+86 139 2441 7702")
    assert again.status_code == 200
    assert number in again.text
    assert "no second one" in again.text
    assert len(site.orders()) == 1
    assert site.counts()["duplicate"] == 1
    site.wait(24 * 3600)
    assert site.order(site.browser("10.0.0.3")).status_code == 303
    assert len(site.orders()) == 2


def test_whoever_cancelled_may_order_again(site: Site) -> None:
    site.open()
    site.order()
    with site.house.work() as uow:
        orders.cancel(uow, 1, {site.house.line_ids(1)[0]: 1}, "buyer")
    assert site.order().status_code == 303
    assert len(site.orders()) == 2


def test_two_browsers_with_one_telephone_make_one_order(site: Site) -> None:
    site.open()
    browsers = [site.browser(f"10.0.0.{n}") for n in range(4)]
    pages = [browser.get("/x/channel_web/p/tea").text for browser in browsers]
    site.wait(30)
    gate, codes = threading.Barrier(4), list[Any]()

    def send(place: int) -> None:
        gate.wait(10)
        codes.append(site.send(browsers[place], pages[place]).status_code)

    senders = [threading.Thread(target=send, args=(place,)) for place in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(60)
    assert 303 in codes
    assert set(codes) <= {303, 200, 422}
    assert len(site.orders()) == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"phone": "12345"}, "This is no mobile number"),
        ({"phone": "010-62345678"}, "This is no mobile number"),
        ({"phone": "13888888888"}, "This is no mobile number"),
        ({"name": ""}, "the name that stands on the door"),
        ({"province": "Atlantis"}, "Choose your province"),
        ({"city": "广州"}, "Choose your district"),
        ({"district": ""}, "Choose your district"),
        ({"detail": "1号"}, "Write street, house number"),
        ({"u_TEE": "0"}, "Choose at least one"),
        ({"u_TEE": "x"}, "Write a whole number"),
        ({"u_TEE": "21"}, "No more than 20 of this"),
        ({"u_CAP": "3"}, "No more than 2 of this"),
        ({"pay": "prepaid"}, "Choose how you pay"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost(
    quick: Site, fields: dict[str, str], said: str
) -> None:
    quick.open()
    answer = quick.order(**fields)
    assert answer.status_code == 422
    assert said in answer.text
    if "detail" not in fields:
        assert 'value="科技园南区高新南七道12号"' in answer.text
    assert quick.orders() == []


def test_a_form_is_put_right_and_sent_again(quick: Site) -> None:
    quick.open()
    browser = quick.browser()
    page = quick.order(browser, phone="12345").text
    assert quick.send(browser, page).status_code == 303
    assert quick.counts() == {"viewed": 1, "started": 1}


@pytest.mark.parametrize(
    ("fields", "wait"), [({"website": "http://spam"}, 30), ({}, 1)], ids=["a field people cannot see", "faster than a person"]
)
def test_a_machine_is_turned_away(quick: Site, fields: dict[str, str], wait: int) -> None:
    quick.open()
    browser = quick.browser()
    page = browser.get("/x/channel_web/p/tea").text
    quick.wait(wait)
    answer = quick.send(browser, page, **fields)
    assert answer.status_code == 422
    assert quick.orders() == []
    assert quick.counts()["fake"] == 1


@pytest.mark.parametrize("form", ["", "W1.2.3", "W1.1763784000." + "0" * 32, "W1.²." + "0" * 32])
def test_a_form_that_is_not_ours_is_handed_out_anew(quick: Site, form: str) -> None:
    quick.open()
    answer = quick.order(form=form)
    assert answer.status_code == 422
    assert "too old" in answer.text
    assert quick.orders() == []


def test_a_form_of_yesterday_is_handed_out_anew_with_what_was_typed(quick: Site) -> None:
    quick.open()
    browser = quick.browser()
    page = browser.get("/x/channel_web/p/tea").text
    quick.wait(25 * 3600)
    answer = quick.send(browser, page)
    assert answer.status_code == 422
    quick.wait(30)
    assert quick.send(browser, answer.text).status_code == 303


@pytest.mark.parametrize(
    ("same", "limit"), [("phone", 3), ("visitor", 5), ("address", 30)]
)  # the defaults of the connection's settings
def test_nobody_orders_without_end_in_a_day(quick: Site, same: str, limit: int) -> None:
    quick.open(repeat_hours=0)
    quick.house.receive("SH", TEE=100)
    browser = quick.browser()
    answers = []
    for n in range(limit + 1):
        one = browser if same == "visitor" else quick.browser("10.0.0.9" if same == "address" else f"10.0.1.{n}")
        one.address = one.address if same == "address" else f"10.0.2.{n}"
        answers.append(quick.order(one, phone="13924417702" if same == "phone" else f"139244{17702 + 7 * n:05d}").status_code)
    assert answers == [303] * limit + [422]
    quick.wait(24 * 3600)
    assert quick.order(browser, phone="13924417702").status_code == 303


def test_what_is_sold_out_cannot_be_chosen(quick: Site) -> None:
    quick.open()
    quick.order(u_TEE="20", phone="13924417703")
    page = quick.browser().get("/x/channel_web/p/tea").text
    assert "sold out" in page
    assert re.search(r'name="u-TEE"[^>]*disabled', page)
    answer = quick.order(phone="13924417705")
    assert answer.status_code == 422
    assert "sold out just now" in answer.text
    quick.order(u_TEE="0", u_CAP="2", phone="13924417706")
    quick.order(u_TEE="0", u_CAP="1", phone="13924417707")
    assert "Everything is sold out" in quick.browser().get("/x/channel_web/p/tea").text
    quick.house.prove()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ended_at": 1}, "takes no orders any more"),
        ({"closes_at": 2}, "takes no orders any more"),
        ({"opens_at": 9_000_000_000}, "has not begun yet"),
    ],
)
def test_a_page_that_is_not_open_says_so_and_takes_nothing(quick: Site, changes: dict[str, int], said: str) -> None:
    quick.open()
    browser = quick.browser()
    page = browser.get("/x/channel_web/p/tea").text
    with quick.tables.write() as writing:
        for name, value in changes.items():
            writing.change(f"UPDATE channel_web_campaign SET {name} = ?", (value,))
    assert said in browser.get("/x/channel_web/p/tea").text
    quick.wait(30)
    assert said in quick.send(browser, page).text
    assert quick.orders() == []


def test_a_paused_connection_closes_the_page(quick: Site) -> None:
    quick.open()
    with quick.house.work() as uow:
        pause(uow, 1, "stocktaking")
    assert "takes no orders any more" in quick.browser().get("/x/channel_web/p/tea").text


def test_signs_nobody_can_see_break_nothing(site: Site) -> None:
    site.open()
    browser = site.browser()
    for path in ("/x/channel_web/p/t%00ea", "/x/channel_web/find?number=%00", "/x/channel_web/order/a%00/b?k=1"):
        assert browser.client.get(path).status_code in (200, 404)
    find = browser.get("/x/channel_web/find").text
    assert browser.post("/x/channel_web/find", find, number="SO\0", phone="\0").status_code == 404
    assert site.order(browser, name="王\0小明", message="a\0\r\nb", detail="科技园南区\u202e12号", u_TEE="1").status_code == 303
    card = site.house.card(1)
    assert (card.receiver.name, card.receiver.detail, card.message) == ("王小明", "科技园南区12号", "a\nb")
    staff = site.staff()
    page = staff.get("/x/channel_web/campaigns/tea/edit").text
    typed = {"title": "T\0ea", "sku-0": "TEE\0", "title-0": "\0x", "cod": "y", "words": "\0"}
    assert staff.post("/x/channel_web/campaigns/tea/edit", page, **typed).status_code == 303


def test_a_page_whose_connection_is_gone_sells_nothing(quick: Site) -> None:
    quick.open()
    browser = quick.browser()
    page = browser.get("/x/channel_web/p/tea").text
    with quick.house.work() as uow:
        uow.db.change("DELETE FROM connection")
    assert "takes no orders any more" in browser.get("/x/channel_web/p/tea").text
    quick.wait(30)
    assert quick.send(browser, page).status_code == 404


def test_a_page_that_closes_while_it_is_sent_leaves_nothing(quick: Site) -> None:
    one = quick.open()
    house = quick.house.hosted("channel_web")
    form = guards.new_form(house, int(quick.house.environment.now().timestamp()))
    quick.wait(30)
    with quick.house.work() as uow:
        pause(uow, 1, "stocktaking")
    to = Address("CN", "广东省", "深圳市", "南山区", "", "科技园南区高新南七道12号", "", "王小明", "+8613924417702")
    entry = ordering.Entry(
        form.sealed(house, "tea"), "direct", {"TEE": "1"}, True, to, to.phone, "", "", "visitor", "10.0.0.1", True
    )
    with quick.app.test_request_context("/", headers={"Accept-Language": "en"}):
        answer = ordering.order(house, quick.tables, one, entry, int(quick.house.environment.now().timestamp()))
    assert answer.outcome is ordering.Outcome.WRONG
    assert answer.wrong == {"": "This page takes no orders any more."}
    for table in ("channel_web_order", "channel_web_phone"):
        assert quick.tables.rows(f"SELECT * FROM {table}") == []


def test_what_is_paid_in_advance_waits_and_says_how_to_pay(quick: Site) -> None:
    quick.open(
        cod=False, prepaid=True, pay_words="Send {amount} for {number}.", pay_link="https://pay.example/{number}/{amount}"
    )
    answer = quick.order()
    [(number, status, cod, _)] = quick.orders()
    assert (status, bool(cod)) == ("pending_payment", False)
    page = quick.browser().client.get(answer.location).text
    assert f"Send 107.00 for {number}." in page
    assert f'href="https://pay.example/{number}/107.00"' in page


def test_an_order_that_must_be_looked_at_is_thanked_for_all_the_same(quick: Site) -> None:
    quick.open()
    with quick.house.work() as uow:  # its currency was changed under the campaign
        uow.db.change("UPDATE shop SET currency = 'USD' WHERE code = 'cn'")
    answer = quick.order()
    page = quick.browser().client.get(answer.location, headers={"Accept-Language": "en"}).text
    assert "You need not order again" in page
    assert quick.house.db.rows("SELECT verdict FROM inbox") == [("parked",)]
    assert "You need not order again" in quick.order(quick.browser("10.0.0.4")).text


def test_abroad_the_region_is_typed(quick: Site) -> None:
    quick.open(country="US")
    page = quick.browser().get("/x/channel_web/p/tea").text
    assert 'data-regions=""' in page
    fields = {"phone": "(415) 555-0132", "province": "CA", "city": "Oakland", "district": "", "detail": "1428 Alice Street"}
    assert quick.order(**(fields | {"phone": "+1 510 292 0142"})).status_code == 303
    assert quick.house.card(1).receiver.city == "Oakland"


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (("广东", "深圳", "南山"), ("广东省", "深圳市", "南山区")),
        (("北京", "", "朝阳"), ("北京市", "北京市", "朝阳区")),
        (("湖北省", "仙桃", ""), ("湖北省", "仙桃市", "")),
        (("台湾省", "台北市", "大安區"), ("台湾省", "台北市", "大安區")),
        (("nowhere", "x", "y"), ("nowhere", "x", "y")),
    ],
)
def test_regions_may_be_typed_short(typed: tuple[str, str, str], read: tuple[str, str, str]) -> None:
    assert whole(*typed) == read


def test_the_list_of_regions_is_whole() -> None:
    assert len(REGIONS) == 34
    assert sum(len(cities) for cities in REGIONS.values()) > 330
    assert sum(len(districts) for cities in REGIONS.values() for districts in cities.values()) > 2_800
