"""The order page in a real browser on a telephone's screen: chosen, added up, ordered; and without scripts all the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from orderyard_channel_web.campaigns import Campaign

from orderyard.core.web.server import Server

if TYPE_CHECKING:
    from conftest import Site
    from playwright.sync_api import Browser, Page

PAGES = ("p/tea", "find", "", "new", "campaigns/tea", "campaigns/tea/edit")


@pytest.fixture
def address(quick: Site) -> Iterator[str]:
    server = Server(quick.app, "127.0.0.1", 0, threads=4)
    server.start()
    yield server.address
    server.stop()


def opened(chromium: Browser, *, scripts: bool = True, width: int = 390) -> tuple[Page, list[str]]:
    """A window, and what went wrong in it."""
    context = chromium.new_context(locale="zh-CN", viewport={"width": width, "height": 844}, java_script_enabled=scripts)
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    return page, wrong


def test_a_buyer_orders_with_a_thumb(quick: Site, chromium: Browser, address: str) -> None:
    quick.open()
    page, wrong = opened(chromium)
    page.goto(f"{address}/x/channel_web/p/tea?s=douyin")
    page.wait_for_selector("select[name=province]")
    page.click("[data-step='1'] >> nth=0")
    page.click("[data-step='1'] >> nth=0")
    assert page.inner_text(".total output") == "¥206.00"
    page.fill("[name=name]", "王小明")
    page.fill("[name=phone]", "13924417702")
    page.select_option("[name=province]", "广东省")
    page.select_option("[name=city]", "深圳市")
    page.select_option("[name=district]", "南山区")
    page.fill("[name=detail]", "科技园南区高新南七道12号")
    quick.wait(30)
    page.click("form.order button.wide")
    page.wait_for_url("**/thanks/**")
    assert page.inner_text("h1") == "SO00000001"
    page.click("a.button.plain")
    page.wait_for_url("**/order/**")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.context.close()
    assert wrong == []
    assert quick.counts() == {"viewed": 1, "started": 1}
    assert quick.house.card(1).receiver.district == "南山区"


def test_a_buyer_orders_without_scripts(quick: Site, chromium: Browser, address: str) -> None:
    quick.open()
    page, _ = opened(chromium, scripts=False)
    page.goto(f"{address}/x/channel_web/p/tea")
    page.fill("[name=u-TEE]", "1")
    for name, text in (
        ("name", "王小明"),
        ("phone", "13924417702"),
        ("province", "广东"),
        ("city", "深圳"),
        ("district", "南山"),
    ):
        page.fill(f"[name={name}]", text)
    page.fill("[name=detail]", "科技园南区高新南七道12号")
    quick.wait(30)
    page.click("form.order button.wide")
    assert page.inner_text("h1") == "SO00000001"
    page.context.close()
    assert quick.house.card(1).receiver.province == "广东省"


def test_a_chosen_region_stays_after_a_mistake(quick: Site, chromium: Browser, address: str) -> None:
    quick.open(Campaign("tea", "web-1", "Tea", "CNY", variants=quick.open(code="other").variants))
    page, _ = opened(chromium)
    page.goto(f"{address}/x/channel_web/p/tea")
    page.wait_for_selector("select[name=province]")
    page.fill("[name=u-TEE]", "1")
    page.select_option("[name=province]", "湖北省")
    page.select_option("[name=city]", "武汉市")
    page.select_option("[name=district]", "武昌区")
    page.fill("[name=name]", "王小明")
    page.fill("[name=phone]", "123")
    page.fill("[name=detail]", "中山路1号201室")
    quick.wait(30)
    page.click("form.order button.wide")
    page.wait_for_selector("#w-phone")
    page.wait_for_selector("select[name=district]")
    assert [page.input_value(f"[name={name}]") for name in ("province", "city", "district")] == ["湖北省", "武汉市", "武昌区"]
    page.context.close()


def test_no_page_is_wider_than_a_telephone(quick: Site, chromium: Browser, address: str) -> None:
    quick.open()
    quick.order(source="douyin")
    staff = quick.staff()
    assert staff.get("/x/channel_web/").status_code == 200
    page, wrong = opened(chromium)
    page.goto(f"{address}/sign-in")
    page.fill("#login", "admin")
    page.fill("#password", "a quiet harbour")
    page.click("form.card button")
    page.wait_for_url(f"{address}/")
    wide = {}
    for path in PAGES:
        page.goto(f"{address}/x/channel_web/{path}")
        wide[path] = page.evaluate("document.documentElement.scrollWidth")
    page.context.close()
    assert {path: width for path, width in wide.items() if width > 390} == {}
    assert wrong == []
