"""Holds of many orders at once: opened and lifted from the orders list, lifted from the list of holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orderyard.app import System

Enter = Callable[..., Any]


def held(system: System, code: str = "manual") -> set[int]:
    sql = "SELECT document FROM hold WHERE level = 'order' AND code = ? AND released_at IS NULL"
    return {row[0] for row in system.installation.db.rows(sql, (code,))}


def test_ticked_orders_are_held_and_those_that_are_over_are_told(enter: Enter, system: System) -> None:
    browser = enter("reviewer")
    assert 'name="order" value="4"' in browser.text("/orders/")
    answer = browser.post("/orders/held/open", page="/orders/", order=["1", "4", "5"], code="manual", because="flood")
    assert "2 orders are held" in answer.text
    assert "SO00000001 is shipped" in answer.text
    assert {4, 5} <= held(system)
    assert 1 not in held(system)


def test_one_kind_of_hold_is_lifted_of_many_orders(enter: Enter, system: System) -> None:
    browser = enter("reviewer")
    browser.post("/orders/held/open", page="/orders/", order=["4", "5"], code="manual", because="flood")
    answer = browser.post("/orders/held/lift_orders", page="/orders/", order=["4", "5", "9"], code="manual", because="dry")
    assert "The holds of 2 orders are lifted" in answer.text
    assert "no open hold" in answer.text
    assert held(system) & {4, 5} == set()


def test_holds_are_lifted_from_their_list(enter: Enter, system: System) -> None:
    browser = enter("reviewer")
    text = browser.text("/orders/held/")
    assert "买家来电" in text
    rows = system.installation.db.rows("SELECT id, code FROM hold WHERE released_at IS NULL")
    by_code = {code: hold for hold, code in rows}
    assert f'name="hold" value="{by_code["manual"]}"' in text
    assert f'name="hold" value="{by_code["out_of_stock"]}"' not in text
    answer = browser.post("/orders/held/lift", page="/orders/held/", hold=[str(one) for one in by_code.values()], because="ok")
    assert "1 hold is lifted" in answer.text
    assert "lifts itself" in answer.text
    assert held(system) == set()


def test_the_list_is_narrowed_down(enter: Enter) -> None:
    browser = enter("viewer")
    assert "SCARF-RED" in browser.text("/orders/held/?code=out_of_stock")
    assert "买家来电" not in browser.text("/orders/held/?code=out_of_stock")
    assert "Nothing is held" in browser.text("/orders/held/?code=fraud_risk")
    assert 'type="checkbox"' not in browser.text("/orders/held/")


@pytest.mark.parametrize(
    ("path", "fields", "said"),
    [
        ("open", {"code": "manual", "because": "x"}, "Nothing is ticked"),
        ("open", {"order": "4", "code": "manual", "because": " "}, "needs a reason"),
        ("open", {"order": "4", "code": "out_of_stock", "because": "x"}, "opens itself"),
        ("open", {"order": "4", "code": "boredom", "because": "x"}, "was not chosen"),
        ("open", {"order": "4711", "code": "manual", "because": "x"}, "no order 4711"),
        ("open", {"order": "four", "code": "manual", "because": "x"}, "whole number"),
        ("lift_orders", {"order": "9", "code": "manual"}, "no open hold"),
        ("lift", {"because": "x"}, "Nothing is ticked"),
        ("lift", {"hold": "4711"}, "is not open"),
    ],
)
def test_what_cannot_be_is_refused(enter: Enter, system: System, path: str, fields: dict[str, str], said: str) -> None:
    before = held(system)
    text = enter("reviewer").post(f"/orders/held/{path}", page="/orders/", **fields).text
    assert "alert-danger" in text
    assert "alert-success" not in text
    assert said in text
    assert held(system) == before


def test_the_list_stays_as_it_was_filtered(enter: Enter) -> None:
    fields = {"order": "4", "code": "manual", "because": "x", "status": "to_ship", "shop": "1"}
    answer = enter("reviewer").post("/orders/held/open", page="/orders/", follow=False, **fields)
    assert answer.location == "/orders/?status=to_ship&shop=1"


def test_only_who_reviews_holds(enter: Enter) -> None:
    for path in ("open", "lift_orders", "lift"):
        assert enter("warehouse").post(f"/orders/held/{path}").status_code == 403, path
    assert 'name="order"' not in enter("warehouse").text("/orders/")
