"""The console in a real browser: the main job by hand, the content policy, and pages that fit their window."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask import Flask

from orderyard.app import System
from orderyard.core.web.server import Server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PASSWORD = "a quiet harbour"
PAGES = {
    "overview": "/",
    "orders": "/orders/",
    "order-review": "/orders/9",
    "order-kit": "/orders/7",
    "order-shipped": "/orders/1",
    "fulfillment": "/fulfillment/",
    "fulfillment-order": "/fulfillment/2",
    "held": "/orders/held/",
    "allocation": "/fulfillment/allocation/",
    "scan": "/fulfillment/4/scan",
    "merging": "/fulfillment/merging",
    "put-back": "/fulfillment/put-back",
    "pickups": "/pickups/",
    "stock": "/stock/",
    "sku": "/stock/skus/1",
    "listing": "/stock/listings/9",
    "counts": "/stock/counts",
    "transfers": "/stock/transfers",
    "as-of": "/stock/as-of?at=2026-11-22T12:00",
    "purchases": "/stock/purchases/",
    "low-stock": "/stock/low/",
    "bins": "/stock/bins/",
    "presales": "/presales/",
    "remittances": "/ledger/cod/",
    "giving-back": "/ledger/giving-back/",
    "rules": "/rules/",
    "customers": "/customers/",
    "customer": "/customers/1",
    "customer-merge": "/customers/1/merge?other=7",
    "set-up": "/set-up/",
    "shops": "/shops/",
    "shop": "/shops/1",
    "warehouses": "/warehouses/",
    "warehouse": "/warehouses/1",
    "skus": "/skus/",
    "sku-kit": "/skus/10",
    "sku-new": "/skus/new",
    "price-lists": "/prices/",
    "price-list-new": "/prices/new",
    "promotions": "/promotions/",
    "promotion-new": "/promotions/new",
    "freights": "/freight/",
    "freight": "/freight/1",
    "work": "/work/",
    "connections": "/connections/",
    "connection": "/connections/taobao-1",
    "connection-carrier": "/connections/pocket-1",
    "connection-new": "/connections/new",
    "document": "/inbox/1",
    "after-sales": "/after-sales/",
    "after-sale-new": "/orders/7/after-sale",
    "items-without-sku": "/listings/",
    "ledger": "/ledger/",
    "plugins": "/plugins/",
    "people": "/people/",
    "nothing-here": "/orders/4711",
}


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    server = Server(app, "127.0.0.1", 0, threads=4)
    server.start()
    yield server.address
    server.stop()


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    """A window that fails the test when the page breaks its own content policy or a script of it fails.

    It asks for `address` to be closed before the server is: a page that asks again would find nobody.
    """
    context = chromium.new_context(locale="zh-CN", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page
    context.close()
    assert [line for line in wrong if "404" not in line] == []


def sign_in(page: Page, address: str, login: str) -> None:
    page.goto(f"{address}/sign-in")
    page.fill("#login", login)
    page.fill("#password", PASSWORD)
    page.click("form.card button")
    page.wait_for_url(f"{address}/")


def width(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth"))


def test_a_reviewer_approves_an_order(page: Page, address: str, system: System) -> None:
    sign_in(page, address, "reviewer")
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    page.click("button[name=language][value=en]")
    assert page.locator("html").get_attribute("lang") == "en"
    page.click("a.rail-link >> text=Orders")
    page.click("a.nav-link >> text=To be reviewed")
    number = "SO00000009"
    page.click(f"text={number}")
    assert "This order waits for a decision" in page.inner_text("#decision")
    page.fill("form[action$=approve] input[name=because]", "known customer")
    page.click("#approve")
    assert "The order is approved" in page.inner_text(".alert")
    assert "To ship" in page.inner_text("h1")
    row = system.installation.db.row("SELECT status, review FROM sales_order WHERE number = ?", (number,))
    assert row == ("to_ship", "passed")


def test_a_scanner_opens_and_works_a_fulfillment_order(page: Page, address: str) -> None:
    sign_in(page, address, "warehouse")
    page.goto(f"{address}/fulfillment/?state=packed")
    waybill = page.inner_text("tbody td[data-label=运单] >> nth=0").split()[0]
    page.keyboard.type(waybill)  # nothing was clicked: the scan field has the focus
    page.keyboard.press("Enter")
    page.wait_for_url("**/fulfillment/*")
    page.click(".big-step")
    assert "已发货" in page.inner_text("h1")


def test_scans_while_picking_are_answered_where_the_eyes_are(page: Page, address: str) -> None:
    sign_in(page, address, "warehouse")
    page.goto(f"{address}/fulfillment/4/scan")
    for read, tone in (("6900000000006", "success"), ("4711", "danger"), ("BAG-CNV", "success")):
        page.keyboard.type(read)  # nothing is clicked between two scans
        page.keyboard.press("Enter")
        page.wait_for_selector(f".alert-{tone}")
        assert page.evaluate("document.activeElement.name") == "code"


def test_ticked_orders_bring_what_may_be_done_with_them(page: Page, address: str, system: System) -> None:
    sign_in(page, address, "reviewer")
    page.goto(f"{address}/orders/")
    assert not page.is_visible("#bulk")
    page.check("input[name=order][value='4']")
    page.fill("#bulk input[name=because]", "flood")
    page.click("#bulk .btn-primary")
    page.wait_for_selector(".alert-success")
    row = system.installation.db.row("SELECT note FROM hold WHERE level = 'order' AND document = 4 AND released_at IS NULL")
    assert row == ("flood",)
    page.check("[data-tick-all=order]")
    assert page.is_checked("input[name=order][value='9']")


def test_lists_refresh_themselves_and_keep_what_is_typed(page: Page, address: str, system: System) -> None:
    page.clock.install()
    sign_in(page, address, "reviewer")
    page.goto(f"{address}/orders/")
    page.fill("input[name=q]", "half a word")
    with system.installation.unit_of_work("test") as uow:
        uow.db.change("UPDATE sales_order SET buyer_name = '改名了' WHERE id = 13")
    page.clock.fast_forward(11_000)
    page.wait_for_selector("text=改名了")
    assert page.input_value("input[name=q]") == "half a word"


@pytest.mark.parametrize("wide", [1280, 390])
def test_no_page_is_wider_than_its_window(page: Page, address: str, wide: int) -> None:
    page.set_viewport_size({"width": wide, "height": 844})
    sign_in(page, address, "admin")
    too_wide = {}
    for name, path in PAGES.items():
        page.goto(f"{address}{path}")
        if (found := width(page)) > wide:
            too_wide[name] = found
    assert too_wide == {}


@pytest.mark.skipif("ORDERYARD_SCREENSHOTS" not in os.environ, reason="ORDERYARD_SCREENSHOTS names no folder for pictures")
def test_pictures_for_the_documentation(page: Page, address: str) -> None:
    folder = Path(os.environ["ORDERYARD_SCREENSHOTS"])
    folder.mkdir(parents=True, exist_ok=True)
    page.set_viewport_size({"width": 1280, "height": 840})
    page.goto(f"{address}/sign-in")
    page.screenshot(path=folder / "sign-in.png")
    sign_in(page, address, "admin")
    for name, path in PAGES.items():
        page.goto(f"{address}{path}")
        page.screenshot(path=folder / f"{name}.png", full_page=name.startswith("order-"))
    page.click("button[name=language][value=en]")
    for name in ("overview", "orders", "order-shipped"):
        page.goto(f"{address}{PAGES[name]}")
        page.screenshot(path=folder / f"{name}-en.png", full_page=name.startswith("order-"))
    page.set_viewport_size({"width": 390, "height": 844})
    for name in ("overview", "orders", "order-review", "fulfillment-order"):
        page.goto(f"{address}{PAGES[name]}")
        page.screenshot(path=folder / f"{name}-narrow.png")
