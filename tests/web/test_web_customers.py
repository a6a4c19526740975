"""Customers by page: found, merged after a look at what moves, given prices, put on the blacklist."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orderyard.app import System

Enter = Callable[..., Any]


def one(system: System, sql: str, *parameters: object) -> Any:
    row = system.installation.db.row(sql, parameters)
    assert row is not None
    return row[0]


def test_customers_are_found_by_their_id_on_a_platform_or_name(enter: Enter) -> None:
    browser = enter("reviewer")
    assert browser.text("/customers/").count('href="/customers/') > 10
    assert '/customers/1"' in browser.text("/customers/?q=buyer1")
    assert "/customers/13" in browser.text("/customers/?q=Maya")
    assert "Nobody is known by that" in browser.text("/customers/?q=x%00%25_")


def test_a_long_list_has_a_next_page(enter: Enter, system: System) -> None:
    with system.installation.unit_of_work("test") as uow:
        rows = [(f"Ann {number:02d}", 1, uow.now) for number in range(60)]
        uow.db.insert("customer", ("name", "shop_id", "created_at"), rows)
    browser = enter("reviewer")
    first = browser.text("/customers/?q=Ann")
    after = first.split("after=")[1].split('"')[0]
    second = browser.text(f"/customers/?q=Ann&after={after}")
    assert "Ann 49" in first
    assert "Ann 50" not in first
    assert "Ann 50" in second
    assert "Ann 59" in second
    assert second.count("after=") == 1  # only where the choice of language comes back to


def test_a_customer_page_shows_orders_and_what_they_are_known_by(enter: Enter) -> None:
    text = enter("reviewer").text("/customers/1")
    assert "SO00000001" in text
    assert "buyer1" in text
    assert enter("reviewer").get("/customers/4711").status_code == 404
    assert enter("reviewer").get("/customers/of-order/3").location.endswith("/customers/3")
    assert "/customers/of-order/3" in enter("reviewer").text("/orders/3")


def test_two_customers_become_one_after_a_look(enter: Enter, system: System) -> None:
    browser = enter("reviewer")
    page = "/customers/1/merge?other=7"
    text = browser.text(page)
    assert "This would happen" in text
    assert "buyer7" in text
    assert one(system, "SELECT COUNT(*) FROM sales_order WHERE customer_id = 1") == 1
    assert "They are one customer now" in browser.post("/customers/1/merge", page=page, other="7").text
    assert one(system, "SELECT COUNT(*) FROM sales_order WHERE customer_id = 1") == 2
    assert "was merged into another one" in browser.text("/customers/7")
    assert "merged into 1 already" in browser.post("/customers/1/merge", page="/customers/1/merge", other="7").text
    assert system.verify() == []


@pytest.mark.parametrize("other", ["1", "4711", "x", ""])
def test_what_cannot_be_merged_is_refused(enter: Enter, system: System, other: str) -> None:
    browser = enter("reviewer")
    answer = browser.post("/customers/1/merge", page="/customers/1/merge", other=other)
    assert "alert-danger" in answer.text
    assert one(system, "SELECT COUNT(*) FROM customer WHERE merged_into IS NOT NULL") == 0
    assert browser.get(f"/customers/1/merge?other={other}").status_code == 200


def test_a_group_is_set_by_who_sets_prices(enter: Enter, system: System) -> None:
    browser = enter("supervisor")
    assert "prices of this group" in browser.post("/customers/2/group", page="/customers/2", group=" vip ").text
    assert one(system, "SELECT price_group FROM customer WHERE id = 2") == "vip"
    assert "more than 64" in browser.post("/customers/2/group", page="/customers/2", group="x" * 80).text
    assert enter("reviewer").post("/customers/2/group", group="vip").status_code == 403


def test_a_customer_is_put_on_the_blacklist(enter: Enter, system: System) -> None:
    browser = enter("supervisor")
    answer = browser.post("/customers/2/blacklist", page="/customers/2", sign="1", note="never pays")
    assert "On the blacklist" in answer.text
    assert one(system, "SELECT value FROM blacklist") == "buyer2"
    for sign in ("", "9", "0", "x"):
        refused = browser.post("/customers/2/blacklist", page="/customers/2", **({"sign": sign} if sign else {}))
        assert "alert-danger" in refused.text, sign
    assert enter("reviewer").post("/customers/2/blacklist", sign="1").status_code == 403


@pytest.mark.parametrize("role", ["warehouse", "finance", "viewer"])
def test_who_sees_buyers_masked_opens_no_customer(enter: Enter, role: str) -> None:
    for path in ("/customers/", "/customers/1", "/customers/1/merge", "/customers/of-order/1"):
        assert enter(role).get(path).status_code == 403, path
    assert 'href="/customers/"' not in enter(role).text("/")
