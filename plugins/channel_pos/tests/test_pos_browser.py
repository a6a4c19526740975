"""The counter in a real browser, by keyboard: selling, keeping, printing; and without a network, from reload to one order."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask

from orderyard.app import create_app
from orderyard.core.testing.builders import House
from orderyard.core.web.server import Server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PASSWORD = "a quiet harbour"


class Line:
    """The server at one address, and the network to it."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self._server: Server | None = None

    def up(self) -> None:
        self._server = Server(self._app, "127.0.0.1", self.port, threads=4)
        self._server.start()

    def down(self) -> None:
        if self._server is not None:
            self._server.stop()
        self._server = None


@pytest.fixture
def line(quick: House) -> Iterator[Line]:
    line = Line(create_app(quick.system))
    line.up()
    yield line
    line.down()


@pytest.fixture
def page(chromium: Browser, line: Line) -> Iterator[Page]:
    """Signed in as the supervisor, on the counter, which has put everything aside for later."""
    context = chromium.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    sign_in(page, line, "boss")
    page.goto(f"{line.address}/x/channel_pos/")
    page.wait_for_selector("[data-settled=yes]")
    yield page
    context.close()
    assert wrong == []


def sign_in(page: Page, line: Line, login: str) -> None:
    page.goto(f"{line.address}/sign-in")
    page.fill("#login", login)
    page.fill("#password", PASSWORD)
    page.click("form.card button")
    page.wait_for_url(f"{line.address}/")
    page.click("button[name=language][value=en]")


def keys(page: Page, *typed: str) -> None:
    for one in typed:
        page.keyboard.type(one) if len(one) > 1 and one not in ("Enter", "F8", "F9") else page.keyboard.press(one)


def settled(page: Page) -> None:
    page.wait_for_selector("#counter[data-waiting='0']", state="attached")


def orders(house: House) -> list[tuple[Any, ...]]:
    return house.db.rows("SELECT status, reach, total FROM sales_order ORDER BY id")


def test_three_shirts_by_keyboard_alone(page: Page, quick: House) -> None:
    keys(page, "6900000000017", "Enter", "2*6900000000017", "Enter")
    assert page.inner_text("#total") == "CN¥297.00"
    keys(page, "Enter", "200", "Enter")
    assert "are missing" in page.inner_text("#change")
    keys(page, "300", "Enter")  # what was typed is selected, and is typed over
    assert "POS-" in page.inner_text("#receipt")
    assert "CN¥3.00" in page.inner_text("#receipt")
    page.emulate_media(media="print")
    assert not page.is_visible("#next")
    assert page.is_visible(".paper")
    page.emulate_media(media="screen")
    keys(page, "Enter")
    assert page.evaluate("document.activeElement.id") == "scan"
    settled(page)
    assert orders(quick) == [("completed", "counter", 29700)]
    assert quick.system.verify() == []


def test_a_name_leads_to_what_is_like_it_and_a_price_may_be_changed(page: Page, quick: House) -> None:
    keys(page, "ca", "Enter", "Enter")  # the first of what is like it has the focus
    price = page.locator("#lines input[aria-label=Price]")
    price.fill("40.00")
    price.press("Enter")
    assert page.inner_text("#total") == "CN¥40.00"
    keys(page, "4711", "Enter")
    assert "Nothing here has the code 4711" in page.inner_text("#note")
    page.select_option("#method", "微信")
    page.click("#pay")
    settled(page)
    assert quick.db.rows("SELECT amount, method FROM payment") == [(4000, "微信")]


def test_kept_for_pickup_and_handed_over_by_its_code(page: Page, quick: House, line: Line) -> None:
    keys(page, "TEE", "Enter", "F8")
    keys(page, "13800000001")
    page.check("#later")
    page.click("#pay")
    code = page.inner_text(".code")
    assert page.is_visible(".bars")
    settled(page)
    page.goto(f"{line.address}/x/channel_pos/pos-1/pickups")
    keys(page, "000000", "Enter")
    page.wait_for_selector(".alert-danger")
    keys(page, code, "Enter")
    page.wait_for_selector("text=Take CN¥99.00 and hand over")
    keys(page, "Enter")
    page.wait_for_selector(".alert-success")
    assert orders(quick) == [("completed", "pickup", 9900)]
    page.goto(f"{line.address}/x/channel_pos/pos-1/shift")
    assert "CN¥299.00" in page.inner_text("main")  # what lay there in the morning, and this
    assert quick.system.verify() == []


def test_without_a_network_nothing_stops_and_everything_counts_once(page: Page, quick: House, line: Line) -> None:
    line.down()
    page.reload()
    page.wait_for_selector("#counter[data-status=offline]")
    keys(page, "6900000000017", "Enter", "Enter", "100", "Enter")
    assert "POS-" in page.inner_text("#receipt")
    page.reload()  # the machine was switched off and on again
    page.wait_for_selector("#counter[data-waiting='1']")
    assert "Kept here until the network is back" in page.inner_text("#outbox")
    keys(page, "CAP", "Enter", "Enter", "100", "Enter", "Enter")
    page.wait_for_selector("#counter[data-waiting='2']")
    assert orders(quick) == []
    line.up()
    page.evaluate("window.dispatchEvent(new Event('online'))")
    settled(page)
    page.reload()
    page.wait_for_selector("#counter[data-status=online]")
    assert orders(quick) == [("completed", "counter", 9900), ("completed", "counter", 4900)]
    assert quick.system.verify() == []


def test_what_a_person_must_settle_stays_on_the_till_until_they_did(page: Page, quick: House) -> None:
    keys(page, "12*MUG", "Enter", "F9", "1000", "Enter")
    page.wait_for_selector("#waiting >> text=the books wait for a person")
    assert "too few" in page.inner_text("#waiting")
    quick.receive("SH", MUG=2)
    desk = quick.hosted("channel_pos").desk("pos-1")
    [row] = desk.counter.waiting()
    desk.counter.hand_over(row.order_id, "person:ann")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    settled(page)
    assert orders(quick) == [("completed", "counter", 34800)]


def test_no_page_is_wider_than_its_window(page: Page, line: Line) -> None:
    keys(page, "TEE", "Enter", "SET", "Enter")
    for path in ("", "pickups", "shift"):
        if path:
            page.goto(f"{line.address}/x/channel_pos/pos-1/{path}")
        for wide in (1280, 390):
            page.set_viewport_size({"width": wide, "height": 844})
            assert page.evaluate("document.documentElement.scrollWidth") <= wide, path
