"""Listings: why a shop shows its number, how much of the stock that is, and what is kept for one shop alone."""

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


@pytest.fixture
def listing(system: System) -> str:
    sql = "SELECT g.id FROM listing g JOIN sku s ON s.id = g.sku_id WHERE s.code = 'CAP-NVY' AND g.shop_id = 1"
    return f"/stock/listings/{one(system, sql)}"


def wanted(text: str) -> int:
    _, _, rest = text.partition("To be shown</dt>")
    return int(rest.partition('<dd class="total">')[2].partition("</dd>")[0].replace(",", ""))


def test_every_listing_says_why_it_shows_its_number(enter: Enter, system: System, listing: str) -> None:
    text = enter("viewer").text(listing)
    assert "Why this number" in text
    assert "上海仓" in text or "SH:" in text
    free = one(system, "SELECT SUM(on_hand - reserved) FROM stock_level WHERE sku_id = 5 AND quality = 'good'")
    assert wanted(text) == free
    assert 'name="percent"' not in text
    assert "there is no listing" in enter("viewer").get("/stock/listings/4711", follow_redirects=True).text


def test_the_stock_list_leads_to_each_listing(enter: Enter, listing: str) -> None:
    assert f'href="{listing}"' in enter("viewer").text("/stock/?q=CAP")


def test_shares_change_the_number(enter: Enter, listing: str) -> None:
    browser = enter("supervisor")
    before = wanted(browser.text(listing))
    said = browser.post(f"{listing}/shares", page=listing, percent="50", plus="1", maximum="")
    assert wanted(said.text) == before // 2 + 1
    said = browser.post(f"{listing}/shares", page=listing, percent="100", plus="-2", maximum="7")
    assert wanted(said.text) == 7
    assert wanted(browser.post(f"{listing}/pause", page=listing).text) == 0
    assert wanted(browser.post(f"{listing}/resume", page=listing).text) == 7


@pytest.mark.parametrize(
    ("step", "fields", "said"),
    [
        ("shares", {"percent": "half"}, "whole number"),
        ("shares", {"percent": "-1"}, "percent"),
        ("lock", {"sku": "5", "warehouse": "1", "units": "5", "mode": "mine"}, "was not chosen"),
        ("lock", {"sku": "5", "warehouse": "1", "units": "9999", "mode": "lock_only"}, "CAP-NVY"),
        ("lock", {"sku": "", "warehouse": "1", "units": "5", "mode": "lock_only"}, "was not chosen"),
        ("unlock", {"sku": "5"}, "no such lock"),
        ("safety", {"sku": "5", "warehouse": "1", "units": "-3"}, "safety"),
    ],
)
def test_what_cannot_be_is_refused(enter: Enter, listing: str, step: str, fields: dict[str, str], said: str) -> None:
    browser = enter("supervisor")
    before = wanted(browser.text(listing))
    text = browser.post(f"{listing}/{step}", page=listing, **fields).text
    assert "alert-danger" in text
    assert said in text
    assert wanted(text) == before


@pytest.mark.parametrize("mode", ["lock_plus_shared", "lock_only", "lock_only_here"])
def test_units_are_kept_for_the_shop(enter: Enter, system: System, listing: str, mode: str) -> None:
    browser = enter("supervisor")
    before = wanted(browser.text(listing))
    here = one(system, "SELECT on_hand - reserved FROM stock_level WHERE sku_id = 5 AND warehouse_id = 1 AND quality = 'good'")
    text = browser.post(f"{listing}/lock", page=listing, sku="5", warehouse="1", units="4", mode=mode).text
    assert "kept for the shop" in text
    assert wanted(text) == {"lock_plus_shared": before, "lock_only": 4, "lock_only_here": before - here + 4}[mode]
    other = one(system, "SELECT id FROM listing WHERE sku_id = 5 AND shop_id = 2")
    assert wanted(browser.text(f"/stock/listings/{other}")) == before - 4
    assert wanted(browser.post(f"{listing}/unlock", page=listing, sku="5").text) == before


def test_safety_stock_stays_back(enter: Enter, listing: str) -> None:
    browser = enter("supervisor")
    before = wanted(browser.text(listing))
    fields = {"sku": "5", "warehouse": "1"}
    assert wanted(browser.post(f"{listing}/safety", page=listing, units="6", **fields).text) == before - 6
    assert wanted(browser.post(f"{listing}/safety", page=listing, units="", **fields).text) == before


def test_a_kit_names_its_scarcest_component(enter: Enter, system: System) -> None:
    with system.installation.unit_of_work("test") as uow:
        uow.db.change("UPDATE listing SET sku_id = 10 WHERE id = 3")
    text = enter("viewer").text("/stock/listings/3")
    assert "in each kit" in text
    assert "the scarcest" in text


def test_only_who_manages_listings_changes_them(enter: Enter, listing: str) -> None:
    for step in ("shares", "pause", "lock", "unlock", "safety"):
        assert enter("warehouse").post(f"{listing}/{step}").status_code == 403, step


def test_the_page_speaks_chinese(enter: Enter, listing: str) -> None:
    text = enter("supervisor", "zh").text(listing)
    assert "这个数是怎么来的" in text
    assert "Keep units" not in text
