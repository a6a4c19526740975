"""What is set up by page: shops, warehouses, SKUs and kits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orderyard.app import System

Enter = Callable[..., Any]

TAOBAO = {
    "title": "云裳旗舰店", "currency": "CNY", "timezone": "Asia/Shanghai", "tax": "13", "ship_policy": "complete_only",
    "ship_hours": "48", "pickup_days": "7", "carrier": "sf", "merge_minutes": "0", "parcel_first": "0", "parcel_next": "",
}  # fmt: skip


def one(system: System, sql: str, *parameters: object) -> Any:
    row = system.installation.db.row(sql, parameters)
    assert row is not None
    return row[0]


def test_the_menu_leads_to_what_may_be_set_up(enter: Enter) -> None:
    assert 'href="/set-up/"' in enter("supervisor").text("/")
    text = enter("supervisor").text("/set-up/")
    assert 'href="/shops/"' in text
    assert 'href="/plugins/"' not in text
    assert 'href="/plugins/"' in enter("admin").text("/set-up/")
    assert 'href="/set-up/"' not in enter("reviewer").text("/")
    assert "Nothing here is yours to change" in enter("reviewer").text("/set-up/")


@pytest.mark.parametrize("path", ["/shops/", "/shops/1", "/warehouses/", "/warehouses/1", "/skus/", "/skus/1", "/skus/new"])
def test_who_sets_nothing_up_opens_none_of_it(enter: Enter, path: str) -> None:
    assert enter("reviewer").get(path).status_code == 403
    assert enter("warehouse").post(path, x="y").status_code in (403, 405)


def test_a_shop_is_added_and_changed(enter: Enter, system: System) -> None:
    browser = enter("supervisor")
    answer = browser.post("/shops/", page="/shops/", code="counter", title="门店", currency="cny", tax="8.25")
    assert "The shop is there" in answer.text
    assert "No warehouse serves it" in answer.text
    shop = one(system, "SELECT id FROM shop WHERE code = 'counter' AND tax_rate = 825")
    fields = TAOBAO | {"currency": "USD", "merge_minutes": "30", "parcel_first": "6.50", "finance_review": "y", "carrier": ""}
    assert "Saved" in browser.post(f"/shops/{shop}", page=f"/shops/{shop}", **fields).text
    found = system.installation.db.row(
        "SELECT title, currency, tax_rate, merge_minutes, parcel_first, finance_review FROM shop WHERE id = ?", (shop,)
    )
    assert found is not None
    assert tuple(found[:5]) == ("云裳旗舰店", "USD", 1300, 30, 650)
    assert found[5]


def test_saving_what_is_as_it_was_leaves_no_line_in_the_history(enter: Enter, system: System) -> None:
    browser = enter("supervisor")
    fields = TAOBAO | {"title": "云裳旗舰店（淘宝）"}
    browser.post("/shops/1", page="/shops/1", **fields)
    assert one(system, "SELECT COUNT(*) FROM audit WHERE kind = 'shop' AND actor = 'person:supervisor'") == 0


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"code": "taobao"}, "exists already"),
        ({"code": "", "title": "x"}, "is empty"),
        ({"title": "x" * 300}, "more than 200"),
        ({"currency": "RMB"}, "unknown currency"),
        ({"tax": "101"}, "from 0 to 10000"),
        ({"tax": "13.333"}, "at most two digits"),
        ({"tax": "NaN"}, "at most two digits"),
        ({"tax": "-1"}, "is -100"),
    ],
)
def test_a_shop_that_cannot_be_stays_typed(enter: Enter, system: System, fields: dict[str, str], said: str) -> None:
    given = {"code": "new", "title": "New shop", "currency": "CNY", "tax": "13"} | fields
    answer = enter("supervisor").post("/shops/", page="/shops/", **given)
    assert answer.status_code == 422
    assert said in answer.text
    assert one(system, "SELECT COUNT(*) FROM shop") == 2


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"currency": "USD"}, "shop taobao has orders in CNY"),
        ({"carrier": "pigeon"}, "There is no carrier pigeon"),
        ({"ship_hours": "soon"}, "whole number"),
        ({"ship_hours": "0"}, "hours until it ships is 0"),
        ({"merge_minutes": "-5"}, "negative time"),
        ({"merge_minutes": "99999999"}, "number of minutes is 99999999"),
        ({"parcel_first": "6.505"}, "more digits than CNY"),
        ({"parcel_first": "9" * 30}, "what a kilogram costs"),
        ({"timezone": "Mars"}, "no time zone"),
        ({"ship_policy": ""}, "no ship policy"),
    ],
)
def test_terms_that_cannot_be_change_nothing(enter: Enter, system: System, fields: dict[str, str], said: str) -> None:
    answer = enter("supervisor").post("/shops/1", page="/shops/1", **(TAOBAO | {"title": "Other"} | fields))
    assert answer.status_code == 422
    assert said in answer.text
    assert one(system, "SELECT title FROM shop WHERE id = 1") != "Other"


def test_a_warehouse_is_added_and_serves_shops(enter: Enter, system: System) -> None:
    browser = enter("supervisor")
    answer = browser.post("/warehouses/", page="/warehouses/", code="WH", title="武汉仓", regions="湖北，河南、江西")
    assert "The warehouse is there" in answer.text
    place = one(system, "SELECT id FROM warehouse WHERE code = 'WH'")
    fields = {"title": "武汉一仓", "regions": "湖北", "sender-name": "发货组", "serves-1": "y", "safety-1": "3"}
    assert "Saved" in browser.post(f"/warehouses/{place}", page=f"/warehouses/{place}", **fields).text
    rows = system.installation.db.rows("SELECT shop_id, safety FROM shop_warehouse WHERE warehouse_id = ?", (place,))
    assert rows == [(1, 3)]
    browser.post(f"/warehouses/{place}", page=f"/warehouses/{place}", title="武汉一仓", regions="湖北")
    assert one(system, "SELECT COUNT(*) FROM shop_warehouse WHERE warehouse_id = ?", place) == 0
    assert system.verify() == []


@pytest.mark.parametrize(
    ("path", "fields", "said"),
    [
        ("/warehouses/", {"code": "SH", "title": "x"}, "exists already"),
        ("/warehouses/", {"code": "", "title": "x"}, "is empty"),
        ("/warehouses/", {"code": "N", "title": "x", "regions": "上海, 上海"}, "stands twice"),
        ("/warehouses/", {"code": "N" * 70, "title": "x"}, "more than 64"),
        ("/warehouses/1", {"title": ""}, "is empty"),
        ("/warehouses/1", {"title": "x", "serves-1": "y", "safety-1": "-1", "serves-2": "y"}, "safety stock is -1"),
        ("/warehouses/1", {"title": "x", "serves-1": "y", "safety-1": "many", "serves-2": "y"}, "whole number"),
        ("/warehouses/1", {"title": "x", "serves-2": "y"}, "fulfillment orders of the shop wait"),
    ],
)
def test_a_warehouse_that_cannot_be_is_refused(
    enter: Enter, system: System, path: str, fields: dict[str, str], said: str
) -> None:
    answer = enter("supervisor").post(path, page=path, **fields)
    assert answer.status_code == 422
    assert said in answer.text
    assert one(system, "SELECT title FROM warehouse WHERE id = 1") == "上海仓"
    assert one(system, "SELECT COUNT(*) FROM warehouse") == 3


def test_a_sku_is_found_added_and_changed(enter: Enter, system: System) -> None:
    browser = enter("supervisor")
    assert "CAP-NVY" in browser.text("/skus/?q=6900000000004")
    assert "No SKU matches" in browser.text("/skus/?q=nothing-like-it")
    assert "TEE-BLK-M" in browser.text("/skus/found?part=TEE")
    fields = {
        "code": "TEA-50",
        "title": "茉莉花茶",
        "barcode": "777",
        "price": "29.00",
        "weight": "60",
        "option": "规格",
        "value": "50g",
    }
    answer = browser.post("/skus/new", page="/skus/new", **fields)
    assert "The SKU is there" in answer.text
    sku = one(system, "SELECT id FROM sku WHERE code = 'TEA-50' AND price = 2900 AND weight_g = 60")
    assert "Saved" in browser.post(f"/skus/{sku}", page=f"/skus/{sku}", title="Jasmine tea", price="31").text
    assert one(system, "SELECT title || price || barcode FROM sku WHERE id = ?", sku) == "Jasmine tea3100"


def test_a_kit_is_added_and_its_components_are_changed(enter: Enter, system: System) -> None:
    browser = enter("supervisor")
    fields = {"code": "SET-2", "title": "套装", "price": "99.00", "part": ["TEE-BLK-M", "6900000000004"], "units": ["2", ""]}
    assert "The SKU is there" in browser.post("/skus/new", page="/skus/new", **fields).text
    kit = one(system, "SELECT id FROM sku WHERE code = 'SET-2' AND kit")
    inside = "SELECT s.code, c.quantity FROM kit_component c JOIN sku s ON s.id = c.sku_id WHERE c.kit_id = ? ORDER BY c.id"
    assert system.installation.db.rows(inside, (kit,)) == [("TEE-BLK-M", 2), ("CAP-NVY", 1)]
    browser.post(f"/skus/{kit}", page=f"/skus/{kit}", title="套装", part="MUG-WHT", units="3")
    assert system.installation.db.rows(inside, (kit,)) == [("MUG-WHT", 3)]


@pytest.mark.parametrize(
    ("path", "fields", "said"),
    [
        ("/skus/new", {"code": "MUG-WHT", "title": "x"}, "exists already"),
        ("/skus/new", {"code": "NEW", "title": ""}, "is empty"),
        ("/skus/new", {"code": "NEW", "title": "x" * 300}, "more than 200"),
        ("/skus/new", {"code": "NEW", "title": "x", "barcode": "6900000000004"}, "has the barcode"),
        ("/skus/new", {"code": "NEW", "title": "x", "price": "-1"}, "is -100"),
        ("/skus/new", {"code": "NEW", "title": "x", "price": "cheap"}, "is not an amount"),
        ("/skus/new", {"code": "NEW", "title": "x", "weight": "-5"}, "weight of NEW"),
        ("/skus/new", {"code": "NEW", "title": "x", "weight": "1.5"}, "whole number"),
        ("/skus/new", {"code": "NEW", "title": "x", "volume": "99999999999"}, "volume of NEW"),
        ("/skus/new", {"code": "NEW", "title": "x", "part": "GHOST", "units": "1"}, "GHOST, which does not exist"),
        ("/skus/new", {"code": "NEW", "title": "x", "part": "SET-WINTER", "units": "1"}, "is a kit itself"),
        ("/skus/new", {"code": "NEW", "title": "x", "part": "MUG-WHT", "units": "0"}, "is 0"),
        ("/skus/new", {"code": "NEW", "title": "x", "part": ["MUG-WHT", "MUG-WHT"], "units": ["1", "2"]}, "stands twice"),
        ("/skus/new", {"code": "NEW", "title": "x", "option": ["a", "a"], "value": ["1", "2"]}, "Option a stands twice"),
        ("/skus/new", {"code": "NEW", "title": "x", "option": "", "value": "black"}, "name of an option is empty"),
        ("/skus/10", {"title": "x"}, "has nothing in it"),
        ("/skus/8", {"title": ""}, "is empty"),
    ],
)
def test_a_sku_that_cannot_be_stays_typed(enter: Enter, system: System, path: str, fields: dict[str, Any], said: str) -> None:
    before = system.installation.db.rows("SELECT id, code, title FROM sku ORDER BY id")
    answer = enter("supervisor").post(path, page=path, **fields)
    assert answer.status_code == 422
    assert said in answer.text
    assert system.installation.db.rows("SELECT id, code, title FROM sku ORDER BY id") == before
