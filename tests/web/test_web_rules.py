"""Review rules by page: settings, per shop, tried on past orders, the blacklist, and who reviews what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orderyard.app import System

Enter = Callable[..., Any]


def stored(system: System) -> dict[str, tuple[bool, str]]:
    rows = system.installation.db.rows("SELECT name, enabled, settings FROM review_rule_setting")
    return {row[0]: (bool(row[1]), str(row[2])) for row in rows}


def review_of(system: System, order: int) -> str:
    row = system.installation.db.row("SELECT review FROM sales_order WHERE id = ?", (order,))
    assert row is not None
    return str(row[0])


def test_a_limit_is_raised(enter: Enter, system: System) -> None:
    browser = enter("supervisor")
    assert review_of(system, 9) == "pending"
    fields = {"enabled": "y", "s-CNY": "90000.00", "s-USD": "1000.00"}
    assert "The rule is set" in browser.post("/rules/amount_limit/save", page="/rules/", **fields).text
    assert "90000.00" in stored(system)["amount_limit"][1]
    assert 'value="90000.00"' in browser.text("/rules/")


def test_a_rule_is_asked_once_more_for_one_shop(enter: Enter, system: System) -> None:
    browser = enter("supervisor")
    fields = {"enabled": "y", "s-CNY": "100.00", "s-shops": "taobao", "again": "taobao"}
    browser.post("/rules/amount_limit/again", page="/rules/", **fields)
    assert "taobao" in stored(system)["amount_limit/taobao"][1]
    assert "amount_limit" not in stored(system)
    assert "amount_limit/taobao" in browser.text("/rules/")
    refused = browser.post("/rules/amount_limit/again", page="/rules/", enabled="y", again="a/b")
    assert refused.status_code == 422
    assert "without a slash" in refused.text


def test_a_rule_is_tried_with_nothing_written(enter: Enter, system: System) -> None:
    browser = enter("supervisor")
    text = browser.post("/rules/amount_limit/try", page="/rules/", enabled="y", **{"s-CNY": "1.00", "days": "7"}).text
    assert "orders of these days" in text
    assert "Newly held:" in text
    assert "SO00000001" in text
    assert stored(system) == {}


@pytest.mark.parametrize(
    ("path", "fields", "said"),
    [
        ("amount_limit/save", {"enabled": "y", "s-CNY": "much"}, "much"),
        ("amount_limit/save", {"enabled": "y", "s-shops": "nowhere"}, "no shop nowhere"),
        ("nonsense/save", {"enabled": "y"}, "no review rule"),
        ("amount_limit/try", {"days": "0"}, "0 days"),
        ("amount_limit/try", {"days": "x"}, "whole number"),
        ("blacklist", {"kind": "phone", "values": ""}, "Nothing was given"),
        ("blacklist", {"kind": "phone", "values": "138****0431"}, "masked"),
        ("blacklist", {"kind": "shoe", "values": "42"}, "Nothing was given"),
        ("blacklist/4711/take-off", {}, "has no entry"),
        ("reviewers", {"login": "nobody"}, "no person"),
        ("reviewers", {"login": "reviewer", "limit": "-1"}, "more than 0"),
        ("reviewers/unassign", {"scope": "4711"}, "no reviewer scope"),
        ("finance", {"shop": "nowhere", "asked": "y"}, "no shop"),
    ],
)
def test_what_makes_no_sense_is_refused(enter: Enter, system: System, path: str, fields: dict[str, str], said: str) -> None:
    text = enter("supervisor").post(f"/rules/{path}", page="/rules/", **fields).text
    assert "alert-danger" in text
    assert said in text
    assert stored(system) == {}


def test_the_blacklist_grows_and_shrinks(enter: Enter, system: System) -> None:
    browser = enter("supervisor")
    assert "Nobody is on it" in browser.text("/rules/")
    said = browser.post("/rules/blacklist", page="/rules/", kind="phone", values="13816620431, 13924417702", note="chargebacks")
    assert "+8613816620431" in said.text
    rows = system.installation.db.rows("SELECT id FROM blacklist ORDER BY id")
    assert len(rows) == 2
    said = browser.post(f"/rules/blacklist/{rows[0][0]}/take-off", page="/rules/")
    assert "+8613816620431" not in said.text


def test_people_review_what_they_are_assigned(enter: Enter, system: System) -> None:
    browser = enter("supervisor")
    browser.post("/rules/reviewers", page="/rules/", login="reviewer", shop="taobao", limit="500")
    assert "below CN¥500.00" in browser.text("/rules/")
    refused = enter("reviewer").post("/orders/9/approve", page="/orders/9", because="fine")
    assert "alert-danger" in refused.text
    assert review_of(system, 9) != "passed"
    [(scope,)] = system.installation.db.rows("SELECT id FROM reviewer_scope")
    browser = enter("supervisor")
    assert "Nobody is assigned" in browser.post("/rules/reviewers/unassign", page="/rules/", scope=str(scope)).text


def test_finance_is_asked_by_shop(enter: Enter, system: System) -> None:
    enter("supervisor").post("/rules/finance", page="/rules/", shop="taobao", asked="y")
    [(asked,)] = system.installation.db.rows("SELECT finance_review FROM shop WHERE code = 'taobao'")
    assert asked


def test_only_who_manages_rules_sees_them(enter: Enter) -> None:
    for role in ("reviewer", "warehouse", "viewer"):
        assert enter(role).get("/rules/").status_code == 403
        assert enter(role).post("/rules/amount_limit/save").status_code == 403
    assert 'href="/rules/"' not in enter("reviewer").text("/")


def test_built_in_rules_speak_chinese(enter: Enter) -> None:
    text = enter("supervisor", "zh").text("/rules/")
    for words in ("金额上限", "地址完整", "同一电话的订单数", "用以往订单试算"):
        assert words in text
    assert "Amount limit" not in text
