"""Campaigns as staff keep them: entered with every mistake named, ended, and counted by link source."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from orderyard_channel_web.campaigns import campaign
from orderyard_channel_web.figures import figures

from orderyard.core.orders import service as orders

if TYPE_CHECKING:
    from conftest import Site

FIELDS = {
    "code": "spring", "connection": "web-1", "title": "Spring", "sku-0": "TEE", "sku-1": "SET", "price-1": "150", "most-1": "2",
    "cod": "y", "freight": "8", "country": "CN", "repeat_hours": "12", "opens_at": "2026-11-22T08:00",
}  # fmt: skip


def test_the_first_look_teaches_what_to_do(quick: Site) -> None:
    staff = quick.staff()
    assert "No campaigns yet" in staff.get("/x/channel_web/").text
    with quick.house.work() as uow:
        uow.db.change("DELETE FROM connection")
    assert "Make a connection of the channel" in staff.get("/x/channel_web/").text


def test_a_campaign_is_entered_and_takes_prices_and_names_from_the_catalogue(site: Site) -> None:
    staff = site.staff()
    answer = staff.post("/x/channel_web/new", staff.get("/x/channel_web/new").text, **FIELDS)
    assert answer.location == "/x/channel_web/campaigns/spring"
    kept = campaign(site.tables, "spring")
    assert kept is not None
    assert [(v.sku, v.title, v.price, v.most) for v in kept.variants] == [("TEE", "Tee", 9900, 0), ("SET", "Set", 15000, 2)]
    assert (kept.freight, kept.repeat_hours, kept.currency, kept.made_by) == (800, 12, "CNY", "admin")
    assert kept.opens_at == 1795305600  # eight in the morning in Shanghai
    page = staff.get("/x/channel_web/campaigns/spring", source="douyin").text
    assert "/x/channel_web/p/spring?s=douyin" in page
    assert "Nobody has opened the page yet" in page
    assert site.order(campaign="spring", source="douyin").status_code == 303


def test_a_campaign_is_changed_and_keeps_its_code_and_connection(quick: Site) -> None:
    quick.open()
    staff = quick.staff()
    page = staff.get("/x/channel_web/campaigns/tea/edit").text
    assert 'value="99.00"' in page
    staff.post("/x/channel_web/campaigns/tea/edit", page, **FIELDS | {"code": "other", "title": "New", "sku-1": ""})
    kept = campaign(quick.tables, "tea")
    assert kept is not None
    assert (kept.title, len(kept.variants), kept.made_by) == ("New", 1, "ann")
    assert campaign(quick.tables, "other") is None


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("code", "Spring Tea", "It stands in the address"),
        ("code", "tea", "There is a campaign with this code"),
        ("title", "", "Write what buyers read"),
        ("connection", "sf", "Choose a connection"),
        ("pictures", "http://x.example/a.jpg", "beginning with https://"),
        ("country", "C1", "Two letters"),
        ("cod", None, "Allow at least one way to pay"),
        ("prepaid", "y", "Say how to pay in advance"),
        ("pay_link", "javascript:alert(1)", "It begins with https://"),
        ("freight", "8.001", "Write an amount of CNY"),
        ("freight", "-1", "Write an amount of CNY"),
        ("repeat_hours", "x", "Write a whole number from 0"),
        ("closes_at", "2026-11-21T08:00", "It ends before it begins"),
        ("closes_at", "soon", "Write it as 2026-11-22T18:30."),
        ("sku-0", "NOTHING", "There is no SKU NOTHING"),
        ("sku-1", "TEE", "TEE stands here twice"),
        ("price-1", "cheap", "Write an amount of CNY"),
        ("most-1", "1.5", "Write a whole number from 0"),
    ],
)
def test_each_mistake_is_named_and_nothing_typed_is_lost(quick: Site, field: str, value: str | None, said: str) -> None:
    quick.open()
    staff = quick.staff()
    given = {name: text for name, text in (FIELDS | {field: value}).items() if text is not None}
    answer = staff.post("/x/channel_web/new", staff.get("/x/channel_web/new").text, **given)
    assert answer.status_code == 422
    assert said in answer.text
    if field != "price-1":
        assert 'value="150"' in answer.text
    assert campaign(quick.tables, "spring") is None


def test_without_any_sku_there_is_nothing_to_sell(quick: Site) -> None:
    staff = quick.staff()
    given = FIELDS | {"sku-0": "", "sku-1": ""}
    assert "Name at least one SKU" in staff.post("/x/channel_web/new", staff.get("/x/channel_web/new").text, **given).text


def test_a_campaign_ends_and_its_orders_go_on(quick: Site) -> None:
    quick.open()
    quick.order()
    staff = quick.staff()
    staff.post("/x/channel_web/campaigns/tea/end", staff.get("/x/channel_web/campaigns/tea").text)
    assert "takes no orders any more" in quick.browser().get("/x/channel_web/p/tea").text
    assert "Ended" in staff.get("/x/channel_web/campaigns/tea").text
    assert quick.house.fos(1)


def test_who_may_not_set_prices_only_looks(quick: Site) -> None:
    quick.open()
    viewer = quick.staff("viewer")
    page = viewer.get("/x/channel_web/campaigns/tea").text
    assert "/edit" not in page
    assert viewer.get("/x/channel_web/new").status_code == 403
    assert viewer.post("/x/channel_web/campaigns/tea/end", page).status_code == 403
    assert quick.browser().get("/x/channel_web/").status_code == 303


def test_each_link_source_is_counted_from_the_first_look_to_the_door(site: Site) -> None:
    site.open(repeat_hours=24)
    for n, source in enumerate(("douyin", "douyin", "wechat")):
        site.order(site.browser(f"10.0.0.{n}"), source=source, phone=f"1392441770{n + 1}", u_TEE=str(n + 1))
    site.browser().get("/x/channel_web/p/tea", s="douyin")
    site.browser().get("/x/channel_web/p/tea", s="not a source!")
    site.order(site.browser("10.0.0.9"), source="wechat", phone="13924417701")
    browser = site.browser()
    page = browser.get("/x/channel_web/p/tea", s="douyin").text
    assert browser.post("/x/channel_web/p/tea/started", page).status_code == 204
    [first] = site.house.fos(1)
    site.house.ship(first)
    with site.house.work() as uow:
        orders.cancel(uow, 2, {site.house.line_ids(2)[0]: 2}, "buyer")
    rows, whole = figures(site.tables, "tea", site.house.hosted("channel_web").desk("web-1"))
    assert [
        (row.source, row.viewed, row.started, row.ordered, row.units, row.amount, row.duplicate, row.shipped, row.cancelled)
        for row in rows
    ] == [
        ("douyin", 4, 3, 2, 3, 3 * 9900 + 1600, 0, 1, 1),
        ("wechat", 2, 2, 1, 3, 3 * 9900 + 800, 1, 0, 0),
        ("direct", 1, 0, 0, 0, 0, 0, 0, 0),
    ]
    assert (whole.viewed, whole.ordered, round(whole.conversion), round(whole.accepted)) == (7, 3, 43, 33)
    text = site.staff().get("/x/channel_web/campaigns/tea").text
    assert "<svg" in text
    assert "style=" not in re.sub(r"<link[^>]+>", "", text.partition("<main")[2])


def test_looking_at_the_page_from_the_console_is_not_counted(quick: Site) -> None:
    quick.open()
    staff = quick.staff()
    address = re.search(r'href="([^"]+preview=1)"', staff.get("/x/channel_web/campaigns/tea").text)
    assert address is not None
    assert staff.get(address[1]).status_code == 200
    assert quick.counts() == {}


def test_a_parcel_refused_at_the_door_counts_as_refused(quick: Site) -> None:
    quick.open()
    quick.order()
    [fo] = quick.house.fos(1)
    quick.house.ship(fo)
    with quick.house.work("carrier:sf") as uow:
        uow.db.change("UPDATE sales_order SET payment = 'cod_refused', status = 'cancelled'")
    _, whole = figures(quick.tables, "tea", quick.house.hosted("channel_web").desk("web-1"))
    assert (whole.shipped, whole.refused) == (0, 1)


def test_an_order_says_which_page_and_link_it_came_from(quick: Site) -> None:
    quick.open()
    quick.order(source="douyin")
    staff = quick.staff()
    staff.language = "zh"
    with quick.house.work() as uow:
        uow.db.change("UPDATE person SET language = 'zh'")
    text = staff.get("/orders/1").text
    assert "链接来源" in text
    assert re.search(r'<a href="/x/channel_web/campaigns/tea"[^>]*>Spring tea</a>', text)
    assert "<dd>douyin</dd>" in text
