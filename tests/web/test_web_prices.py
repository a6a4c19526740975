"""Prices by page: lists, promotions, and freight with a look at what it comes to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orderyard.app import System
from orderyard.core.catalog.queries import shop
from orderyard.core.orders.freight import template_of

Enter = Callable[..., Any]
VIP = {"code": "vip", "title": "老客户价", "shop": "taobao", "group": "vip", "currency": "CNY"}
TEN = {"code": "ten", "kind": "percent_off", "value": "12.5", "currency": "CNY", "enabled": "y"}
ELSEWHERE = {
    "otherwise-first": "1000", "otherwise-first_fee": "12.00", "otherwise-next": "1000", "otherwise-next_fee": "6.00",
}  # fmt: skip
NEAR = {
    "regions": "上海, 浙江/杭州", "first": "1000", "first_fee": "8", "next": "1000", "next_fee": "2", "free_amount": "99",
    "free_pieces": "",
}  # fmt: skip
FREIGHT = {"unit": "weight", "further": "started", "excluded": "西藏", "rounding": ""} | ELSEWHERE | NEAR


def one(system: System, sql: str, *parameters: object) -> Any:
    row = system.installation.db.row(sql, parameters)
    assert row is not None
    return row[0]


def test_a_price_list_is_added_changed_and_removed(enter: Enter, system: System) -> None:
    browser = enter("supervisor")
    lines = "TEE-BLK-M\t89.00\r\nTEE-BLK-M\t1,079.00\t10\n\nCAP-NVY 49\nMUG-WHT; 59.00; 2"
    assert "The price list is there" in browser.post("/prices/new", page="/prices/new", **VIP, lines=lines).text
    found = system.installation.db.rows(
        "SELECT s.code, i.from_quantity, i.price FROM price_list_item i JOIN sku s ON s.id = i.sku_id ORDER BY i.id"
    )
    assert found == [("TEE-BLK-M", 1, 8900), ("TEE-BLK-M", 10, 107900), ("CAP-NVY", 1, 4900), ("MUG-WHT", 2, 5900)]
    assert "from 10 units on" in browser.text("/prices/1")
    assert "Saved" in browser.post("/prices/1", page="/prices/1", **VIP, lines="TEE-BLK-M, 88").text
    assert one(system, "SELECT price FROM price_list_item") == 8800
    assert "The list is gone" in browser.post("/prices/1/remove", page="/prices/1").text
    assert browser.get("/prices/1").status_code == 404


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"code": ""}, "needs a code"),
        ({"code": "x" * 70}, "more than 64"),
        ({"currency": "USD"}, "shop taobao trades in CNY, not in USD"),
        ({"currency": "RMB"}, "unknown currency"),
        ({"shop": "ghost"}, "no shop ghost"),
        ({"group": "x" * 70}, "more than 64"),
        ({"lines": "GHOST 1"}, "no SKU GHOST"),
        ({"lines": "TEE-BLK-M"}, "Line 1 is no price"),
        ({"lines": "\nTEE-BLK-M 1 2 3"}, "Line 2 is no price"),
        ({"lines": "TEE-BLK-M free"}, "is not an amount"),
        ({"lines": "TEE-BLK-M -1"}, "is negative"),
        ({"lines": "TEE-BLK-M 0.001"}, "more digits than CNY"),
        ({"lines": "TEE-BLK-M 1 0"}, "is 0"),
        ({"lines": "TEE-BLK-M 1 few"}, "whole number"),
        ({"lines": "TEE-BLK-M 1\nTEE-BLK-M 2"}, "stands twice"),
        ({"lines": "TEE-BLK-M " + "9" * 25}, "price of TEE-BLK-M"),
    ],
)
def test_a_price_list_that_cannot_be_stays_typed(enter: Enter, system: System, fields: dict[str, str], said: str) -> None:
    answer = enter("supervisor").post("/prices/new", page="/prices/new", **(VIP | {"lines": "TEE-BLK-M 1"} | fields))
    assert answer.status_code == 422
    assert said in answer.text
    assert one(system, "SELECT COUNT(*) FROM price_list") == 0


def test_a_new_list_never_overwrites_one(enter: Enter, system: System) -> None:
    browser = enter("supervisor")
    browser.post("/prices/new", page="/prices/new", **VIP, lines="TEE-BLK-M 89")
    answer = browser.post("/prices/new", page="/prices/new", **VIP, lines="TEE-BLK-M 1")
    assert "price list vip exists already" in answer.text
    assert one(system, "SELECT price FROM price_list_item") == 8900


def test_a_promotion_is_added_changed_and_switched_off(enter: Enter, system: System) -> None:
    browser = enter("supervisor")
    fields = TEN | {"minimum": "199", "starts_at": "2026-11-11T00:00", "ends_at": "2026-12-01T00:00", "title": "双十一"}
    assert "The promotion is there" in browser.post("/promotions/new", page="/promotions/new", **fields).text
    assert "Running" in browser.text("/promotions/")
    text = browser.text("/promotions/1")
    assert 'value="2026-11-11T00:00"' in text
    assert 'value="12.5"' in text
    changed = fields | {"kind": "amount_off", "value": "20"}
    del changed["enabled"]
    assert "Saved" in browser.post("/promotions/1", page="/promotions/1", **changed).text
    assert system.installation.db.rows("SELECT kind, value, minimum FROM promotion WHERE NOT enabled") == [
        ("amount_off", 2000, 19900)
    ]
    assert "Switched off" in browser.text("/promotions/")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"code": ""}, "needs a code"),
        ({"value": ""}, "percentage"),
        ({"value": "0"}, "takes nothing off"),
        ({"value": "-5"}, "takes nothing off"),
        ({"value": "101"}, "more than everything"),
        ({"kind": "gift"}, "The kind was not chosen"),
        ({"kind": "amount_off", "value": ""}, "takes nothing off"),
        ({"kind": "amount_off", "value": "1", "minimum": "-1"}, "takes nothing off"),
        ({"kind": "amount_off", "value": "9" * 25}, "in minor units"),
        ({"shop": "taobao", "currency": "USD"}, "trades in CNY, not in USD"),
        ({"starts_at": "2026-12-01T00:00", "ends_at": "2026-11-01T00:00"}, "ends before it starts"),
        ({"starts_at": "tomorrow"}, "is no moment"),
        ({"title": "x" * 300}, "more than 200"),
    ],
)
def test_a_promotion_that_cannot_be_stays_typed(enter: Enter, system: System, fields: dict[str, str], said: str) -> None:
    answer = enter("supervisor").post("/promotions/new", page="/promotions/new", **(TEN | fields))
    assert answer.status_code == 422
    assert said in answer.text
    assert one(system, "SELECT COUNT(*) FROM promotion") == 0


def test_freight_is_said_and_tried(enter: Enter, system: System) -> None:
    browser = enter("supervisor")
    assert "carriage costs nothing" in browser.text("/freight/1")
    assert "Saved" in browser.post("/freight/1", page="/freight/1", **FREIGHT).text
    template = template_of(system.installation.db, shop(system.installation.db, 1).id)
    assert template is not None
    assert (template.otherwise.first_fee, template.zones[0].next_fee, template.excluded) == (1200, 200, ("西藏",))
    ask = "/freight/1?try=y&weight=2300&province="
    assert "CN¥12.00" in browser.text(f"{ask}浙江&city=杭州市")
    assert "CN¥24.00" in browser.text(f"{ask}浙江&city=宁波市")
    assert "CN¥0.00" in browser.text(f"{ask}上海&goods=99")
    assert "sends nothing to 西藏" in browser.text(f"{ask}西藏自治区")
    assert "whole number" in browser.text("/freight/1?try=y&weight=heavy")
    assert browser.text("/freight/1").count("上海, 浙江/杭州") == 1


def test_a_template_keeps_its_roundings(enter: Enter, system: System) -> None:
    browser = enter("supervisor")
    browser.post("/freight/1", page="/freight/1", **(FREIGHT | {"rounding": "sf"}))
    kept = template_of(system.installation.db, 1)
    assert kept is not None
    assert [one.step for one in kept.roundings] == [100, 500, 1000]
    own = {"rounding": "own", "below": ["5000", ""], "step": ["10", "100"], "mode": ["up", "half_up"]}
    browser.post("/freight/1", page="/freight/1", **(FREIGHT | own))
    kept = template_of(system.installation.db, 1)
    assert kept is not None
    assert [(one.below, one.step, one.mode.value) for one in kept.roundings] == [(5000, 10, "up"), (0, 100, "half_up")]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"unit": "barrels"}, "What is counted was not chosen"),
        ({"further": ""}, "What is counted was not chosen"),
        ({"regions": ""}, "a zone names no region"),
        ({"regions": "x" * 70}, "more than 60"),
        ({"first": "-1"}, "negative or broken number"),
        ({"first": "a kilo"}, "whole number"),
        ({"first_fee": "8.005"}, "more digits than CNY"),
        ({"next": ""}, "does not say for how much more"),
        ({"otherwise-first_fee": "9" * 20}, "above"),
        ({"divisor": "-6000"}, "negative or broken number"),
        ({"rounding": "own", "step": "-1", "below": "", "mode": "up"}, "negative or broken number"),
        ({"rounding": "own", "step": "10", "below": "", "mode": "sideways"}, "How it is rounded was not chosen"),
    ],
)
def test_freight_that_cannot_be_stays_typed(enter: Enter, system: System, fields: dict[str, str], said: str) -> None:
    answer = enter("supervisor").post("/freight/1", page="/freight/1", **(FREIGHT | fields))
    assert answer.status_code == 422
    assert said in answer.text
    assert one(system, "SELECT COUNT(*) FROM freight_template") == 0


@pytest.mark.parametrize("path", ["/prices/", "/prices/new", "/promotions/", "/promotions/new", "/freight/", "/freight/1"])
def test_who_sets_no_prices_opens_none_of_it(enter: Enter, path: str) -> None:
    assert enter("reviewer").get(path).status_code == 403
    assert enter("finance").post(path, x="y").status_code in (403, 405)
