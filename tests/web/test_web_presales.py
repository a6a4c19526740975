"""Presales by page: opening and closing one, deposits and balances of its orders, and who may do that."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from orderyard.app import System
from orderyard.core.kernel.values import Address
from orderyard.core.orders.api import OrderType
from orderyard.core.orders.manual import HandLine, HandOrder, enter

Enter = Callable[..., Any]

TERMS = {"cap": "5", "deposit": "20.00", "balance_from": "", "balance_until": "2030-01-01T20:00", "ship_by": "2030-02-01T00:00"}


def rows(system: System, sql: str) -> list[tuple[Any, ...]]:
    return system.installation.db.rows(sql)


def opened(enter_page: Enter, system: System, **terms: str) -> str:
    """The page of a presale of TEE-BLK-M in the first shop."""
    [(shop,)] = rows(system, "SELECT code FROM shop WHERE id = 1")
    [(sku,)] = rows(system, "SELECT code FROM sku WHERE id = 1")
    enter_page("supervisor").post("/presales/", page="/presales/", shop=shop, sku=sku, **(TERMS | terms))
    [(presale,)] = rows(system, "SELECT id FROM presale")
    return f"/presales/{presale}"


def ordered(system: System, units: int = 1, number: int = 1, **more: Any) -> int:
    [(shop,)] = rows(system, "SELECT code FROM shop WHERE id = 1")
    [(sku,)] = rows(system, "SELECT code FROM sku WHERE id = 1")
    to = Address(
        province="上海市", city="上海市", district="某区", detail=f"某路{number}号", name="测试", phone=f"1380000{number:04d}"
    )
    with system.installation.unit_of_work("person:test") as uow:
        return enter(uow, HandOrder(shop, (HandLine(sku, units),), to, type=OrderType.PRESALE, **more))


def test_a_presale_is_opened_changed_and_closed_by_page(enter: Enter, system: System) -> None:
    page = opened(enter, system, deposit="10%")
    assert rows(system, "SELECT c.cap, c.open, p.deposit > 0 FROM presale p JOIN presale_cap c ON c.id = p.cap_id") == [
        (5, 1, 1)
    ]
    browser = enter("supervisor")
    assert f'href="{page}"' in browser.text("/presales/")
    browser.post(f"{page}/change", page=page, **(TERMS | {"cap": "7", "deposit": "12.34"}))
    assert rows(system, "SELECT c.cap, p.deposit FROM presale p JOIN presale_cap c ON c.id = p.cap_id") == [(7, 1234)]
    text = browser.text(page)
    assert 'value="2030-01-01T20:00"' in text
    assert 'value="12.34"' in text
    assert "stays promised" in browser.post(f"{page}/close", page=page).text
    assert f'href="{page}"' not in browser.text("/presales/")
    assert f'href="{page}"' in browser.text("/presales/?which=closed")
    assert f"{page}/change" not in browser.text(page)


def test_deposits_and_balances_are_taken_on_its_page(enter: Enter, system: System) -> None:
    page = opened(enter, system)
    order_id = ordered(system, 2)
    browser = enter("reviewer")
    assert "No deposit yet" in browser.text(page)
    said = browser.post(f"{page}/orders/{order_id}/deposit", page=page, key="k1").text
    assert "its units are promised" in said
    assert "2 / 5" in said
    assert "counted" in browser.post(f"{page}/orders/{order_id}/deposit", page=page, key="k1").text
    assert rows(system, f"SELECT COUNT(*) FROM payment WHERE order_id = {order_id}") == [(1,)]
    assert "the order is settled" in browser.post(f"{page}/orders/{order_id}/balance", page=page, key="k2").text
    assert rows(system, f"SELECT received - total FROM sales_order WHERE id = {order_id}") == [(0,)]
    assert "waits for no balance" in browser.post(f"{page}/orders/{order_id}/balance", page=page, key="k3").text


def test_a_deposit_goes_back_with_a_reason(enter: Enter, system: System) -> None:
    page = opened(enter, system)
    order_id = ordered(system, deposit=2000)
    browser = enter("reviewer")
    assert "A reason is missing" in browser.post(f"{page}/orders/{order_id}/back", page=page, key="k", because=" ").text
    assert "given back" in browser.post(f"{page}/orders/{order_id}/back", page=page, key="k", because="too late").text
    assert rows(system, f"SELECT status, refunded FROM sales_order WHERE id = {order_id}") == [("cancelled", 2000)]


def test_what_was_kept_stands_on_the_page(enter: Enter, system: System, clock: Any) -> None:
    soon = (clock.now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    page = opened(enter, system, balance_until=soon, ship_by="")
    ordered(system, deposit=2000)
    clock.move(days=3)
    assert len(system.close_balances()) == 1
    text = enter("viewer").text(page)
    assert "Deposit forfeited" in text
    assert "¥20.00" in text


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"cap": "many"}, "whole number"),
        ({"cap": "0"}, "the cap is 0"),
        ({"deposit": "x%"}, "is no percentage"),
        ({"deposit": "0.001%"}, "is no percentage"),
        ({"deposit": "abc"}, "abc"),
        ({"balance_until": "tomorrow"}, "is no moment"),
        ({"balance_until": "2020-01-01T00:00"}, "over already"),
        ({"sku": "GHOST"}, "There is no SKU GHOST"),
    ],
)
def test_terms_that_cannot_be_read_are_refused(enter: Enter, system: System, fields: dict[str, str], says: str) -> None:
    [(shop,)] = rows(system, "SELECT code FROM shop WHERE id = 1")
    [(sku,)] = rows(system, "SELECT code FROM sku WHERE id = 1")
    wanted = {"shop": shop, "sku": sku} | TERMS | fields
    assert says in enter("supervisor").post("/presales/", page="/presales/", **wanted).text
    assert rows(system, "SELECT COUNT(*) FROM presale") == [(0,)]


def test_who_may_look_may_not_change(enter: Enter, system: System) -> None:
    page = opened(enter, system)
    ordered(system)
    text = enter("viewer").text(page)
    assert "<form" not in text.partition("<main")[2]
    assert enter("reviewer").post(f"{page}/close", page=page).status_code == 403
    assert enter("viewer").post(f"{page}/orders/1/deposit", page=page, key="k").status_code == 403
    assert "there is no presale" in enter("viewer").get("/presales/4711", follow_redirects=True).text


def test_both_pages_are_whole_in_chinese(enter: Enter, system: System) -> None:
    page = opened(enter, system)
    ordered(system, deposit=2000)
    for path in ("/presales/", page):
        text = enter("supervisor", "zh").text(path).partition("<main")[2]
        assert "预售" in text
        assert "Deposit" not in text
        assert "Balance" not in text
