"""Changing orders: cancelling, taking back, sealing, finance, and amendments that are looked at before they are applied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orderyard.app import System
from orderyard.core.review.decisions import ask_finance

Enter = Callable[..., Any]


def one(system: System, sql: str, *parameters: object) -> Any:
    row = system.installation.db.row(sql, parameters)
    assert row is not None
    return row[0]


def test_some_units_are_cancelled_and_then_the_rest(enter: Enter, system: System) -> None:
    browser = enter("reviewer")
    answer = browser.post("/orders/9/cancel", page="/orders/9", **{"units-2": "30"}, because="too many")
    assert "The units are cancelled" in answer.text
    assert one(system, "SELECT SUM(cancelled) FROM order_line WHERE order_id = 9") == 30
    browser.post("/orders/9/cancel", page="/orders/9", because="buyer left")
    assert one(system, "SELECT status FROM sales_order WHERE id = 9") == "cancelled"


def test_cancelling_a_kit_cancels_all_of_its_parts(enter: Enter, system: System) -> None:
    browser = enter("reviewer")
    to = {
        "name": "周小雨",
        "phone": "13816620499",
        "province": "上海",
        "city": "上海市",
        "district": "徐汇区",
        "detail": "漕溪北路8号",
    }
    fields = {"shop": "taobao", "sku": "SET-WINTER", "quantity": "2", "price": "", "payment": "paid", "do": "enter"}
    browser.post("/orders/new", page="/orders/new", **fields, **to)
    order = one(system, "SELECT MAX(id) FROM sales_order")
    browser.post(f"/orders/{order}/cancel", page=f"/orders/{order}", **{"units-1": "1"}, because="no box")
    rows = system.installation.db.rows(
        "SELECT per_kit, cancelled FROM order_line WHERE order_id = ? AND kit_line = 1", (order,)
    )
    assert rows
    assert all(per_kit == cancelled for per_kit, cancelled in rows)


@pytest.mark.parametrize(
    ("fields", "said"), [({"units-1": "99"}, "to cancel"), ({"units-1": "x"}, "whole number"), ({"because": ""}, "reason")]
)
def test_a_cancellation_that_cannot_be_is_refused(enter: Enter, fields: dict[str, str], said: str) -> None:
    assert said in enter("reviewer").post("/orders/9/cancel", page="/orders/9", **({"because": "x"} | fields)).text


def test_a_passed_order_is_taken_back_to_review_until_picking(enter: Enter, system: System) -> None:
    browser = enter("reviewer")
    assert "back in review" in browser.post("/orders/6/withdraw", page="/orders/6", because="wrong colour").text
    assert one(system, "SELECT review FROM sales_order WHERE id = 6") == "withdrawn"
    assert "Take it back to review" not in browser.text("/orders/6")
    assert "alert-danger" in browser.post("/orders/1/withdraw", page="/orders/1", because="late").text


def test_an_order_is_sealed_and_unsealed(enter: Enter, system: System) -> None:
    browser = enter("reviewer")
    browser.post("/orders/9/seal", page="/orders/9")
    assert one(system, "SELECT sealed FROM sales_order WHERE id = 9")
    assert "Let it be merged again" in browser.text("/orders/9")
    browser.post("/orders/9/unseal", page="/orders/9")
    assert not one(system, "SELECT sealed FROM sales_order WHERE id = 9")


def test_finance_decides_second_where_it_is_asked(enter: Enter, system: System) -> None:
    with system.installation.unit_of_work("setup") as uow:
        ask_finance(uow, "taobao", True)
    enter("reviewer").post("/orders/9/approve", page="/orders/9", because="fine")
    assert "Finance looks at it next" in enter("reviewer").text("/orders/9")
    assert enter("reviewer").post("/orders/9/finance/pass", page="/orders/9").status_code == 403
    answer = enter("finance").post("/orders/9/finance/pass", page="/orders/9", because="limit checked")
    assert "Finance passed it" in answer.text
    assert one(system, "SELECT status FROM sales_order WHERE id = 9") == "to_ship"


def test_approving_may_choose_the_warehouse(enter: Enter, system: System) -> None:
    enter("reviewer").post("/orders/8/approve", page="/orders/8", carrier="sf", warehouse="CD")
    found = one(
        system,
        "SELECT w.code FROM fulfillment_order f JOIN fo_line x ON x.fo_id = f.id JOIN warehouse w ON w.id = f.warehouse_id "
        "WHERE x.order_id = 8",
    )
    assert found == "CD"


def test_a_change_is_looked_at_first_and_then_applied(enter: Enter, system: System) -> None:
    browser = enter("supervisor")
    answer = browser.post("/orders/9/amend", page="/orders/9/amend", **{"quantity-2": "5"}, because="called us")
    assert "This would happen" in answer.text
    assert one(system, "SELECT SUM(cancelled) FROM order_line WHERE order_id = 9") == 0
    draft = one(system, "SELECT id FROM amendment WHERE order_id = 9 AND state = 'draft'")
    assert "The order is changed" in browser.post(f"/orders/9/amend/{draft}/apply", page="/orders/9/amend").text
    assert one(system, "SELECT SUM(cancelled) FROM order_line WHERE order_id = 9") == 35


def test_a_second_draft_takes_the_place_of_the_first(enter: Enter, system: System) -> None:
    browser = enter("supervisor")
    for count in ("5", "6"):
        browser.post("/orders/9/amend", page="/orders/9/amend", **{"quantity-2": count}, because="called us")
    assert one(system, "SELECT COUNT(*) FROM amendment WHERE order_id = 9 AND state = 'draft'") == 1
    draft = one(system, "SELECT id FROM amendment WHERE order_id = 9 AND state = 'draft'")
    assert "stays as it is" in browser.post(f"/orders/9/amend/{draft}/drop", page="/orders/9/amend", because="no").text


def test_a_new_address_reaches_the_order(enter: Enter, system: System) -> None:
    browser = enter("reviewer")
    fields = {"name": "李思雨", "phone": "13816620431", "detail": "衡山路1号", "because": "moved"}
    browser.post("/orders/6/amend", page="/orders/6/amend", **fields)
    draft = one(system, "SELECT id FROM amendment WHERE order_id = 6")
    browser.post(f"/orders/6/amend/{draft}/apply", page="/orders/6/amend")
    assert "衡山路1号" in browser.text("/orders/6")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Nothing is different"),
        ({"quantity-1": "many"}, "whole number"),
        ({"quantity-2": "5", "because": ""}, "No reason was given"),
        ({"sku": "NO-SUCH", "quantity": "1", "price": ""}, "NO-SUCH"),
        ({"price-1": "1.00"}, "may not set prices"),
    ],
)
def test_a_change_that_cannot_be_is_refused_and_stays_typed(
    enter: Enter, system: System, fields: dict[str, str], said: str
) -> None:
    answer = enter("reviewer").post("/orders/9/amend", page="/orders/9/amend", **({"because": "because I say so"} | fields))
    assert answer.status_code == 422
    assert said in answer.text
    assert system.installation.db.row("SELECT 1 FROM amendment") is None


def test_who_may_not_review_changes_nothing(enter: Enter) -> None:
    for path in ("/orders/9/cancel", "/orders/9/withdraw", "/orders/9/seal", "/orders/9/amend"):
        assert enter("warehouse").post(path, because="x").status_code == 403, path
    assert enter("viewer").get("/orders/9/amend").status_code == 403
    assert enter("reviewer").get("/orders/4711/amend").status_code == 404
