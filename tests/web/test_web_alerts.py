"""Low stock by page: what is watched, what ran low, and a number on the first page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orderyard.app import System
from orderyard.core.inventory import alerts

Enter = Callable[..., Any]
PAGE = "/stock/low/"


def watched(system: System) -> list[tuple[Any, ...]]:
    return system.installation.db.rows("SELECT sku_id, warehouse_id, units FROM stock_threshold ORDER BY id")


def test_an_empty_list_teaches(enter: Enter) -> None:
    text = enter("supervisor").text(PAGE)
    assert "Nothing is watched" in text
    assert "What ran low" not in text


def test_what_is_low_is_told_at_once_and_counted_on_the_first_page(enter: Enter, system: System) -> None:
    browser = enter("supervisor")
    said = browser.post(PAGE, page=PAGE, sku="TEE-BLK-M", warehouse="1", units="100000").text
    assert "You will be told" in said
    assert "What ran low" in said
    assert watched(system) == [(1, 1, 100000)]
    assert f'href="{PAGE}"' in browser.text("/")
    assert ">1</strong>" in browser.text("/").split(f'href="{PAGE}"')[1][:200]


def test_the_same_place_again_changes_the_number(enter: Enter, system: System) -> None:
    browser = enter("supervisor")
    browser.post(PAGE, page=PAGE, sku="TEE-BLK-M", warehouse="", units="3")
    browser.post(PAGE, page=PAGE, sku="TEE-BLK-M", warehouse="", units="2")
    assert watched(system) == [(1, None, 2)]
    assert ">low<" not in browser.text(PAGE)


def test_nobody_is_told_any_more(enter: Enter, system: System) -> None:
    browser = enter("supervisor")
    browser.post(PAGE, page=PAGE, sku="TEE-BLK-M", warehouse="1", units="100000")
    assert "Nobody is told" in browser.post(f"{PAGE}1/drop", page=PAGE).text
    assert watched(system) == []
    assert alerts.low(system.installation.db) == 0
    assert "no such threshold" in browser.post(f"{PAGE}1/drop", page=PAGE).text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"sku": "NOPE"}, "There is no SKU NOPE"),
        ({"units": "0"}, "a threshold of 0 units"),
        ({"units": "many"}, "whole number"),
        ({"units": ""}, "whole number"),
        ({"warehouse": "99"}, "no warehouse 99"),
        ({"warehouse": "x"}, "whole number"),
    ],
)
def test_what_cannot_be_watched_is_refused(enter: Enter, system: System, fields: dict[str, str], said: str) -> None:
    given = {"sku": "TEE-BLK-M", "warehouse": "1", "units": "5"} | fields
    assert said in enter("supervisor").post(PAGE, page=PAGE, **given).text
    assert watched(system) == []


def test_whoever_may_not_buy_only_looks(enter: Enter) -> None:
    browser = enter("viewer")
    assert 'name="units"' not in browser.text(PAGE)
    assert browser.post(PAGE, sku="TEE-BLK-M", units="5").status_code == 403
    assert browser.post(f"{PAGE}1/drop").status_code == 403


def test_the_page_is_chinese_for_chinese_readers(enter: Enter) -> None:
    text = enter("supervisor", "zh").text(PAGE)
    assert "低库存" in text
    assert "Low stock" not in text
