"""Purchase orders by page: placed, received in parts, put off, and given up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orderyard.app import System

Enter = Callable[..., Any]
PAGE = "/stock/purchases/"
LINES = {"sku": ["TEE-BLK-M", "6900000000004", ""], "units": ["20", "6", ""], "cost": ["41.50", "", ""]}


def on_hand(system: System, sku: int) -> int:
    rows = system.installation.db.rows("SELECT SUM(on_hand) FROM stock_level WHERE sku_id = ? AND warehouse_id = 1", (sku,))
    return int(rows[0][0])


@pytest.fixture
def ordered(enter: Enter) -> Any:
    """A purchase of two SKUs, and somebody who may do everything with it."""
    browser = enter("supervisor")
    browser.post(f"{PAGE}suppliers", page=PAGE, code="KNIT", title="锦衣针织")
    fields = {"supplier": "1", "warehouse": "1", "due_on": "2026-11-20", "key": "p1"}
    assert "counted as incoming" in browser.post(PAGE, page=PAGE, **fields, **LINES).text
    return browser


def test_goods_are_ordered(ordered: Any, system: System) -> None:
    text = ordered.text(PAGE)
    assert "PO00000001" in text
    assert "late" in text
    rows = system.installation.db.rows("SELECT sku_id, quantity, unit_cost FROM purchase_line ORDER BY id")
    assert rows == [(1, 20, 4150), (5, 6, 0)]


def test_an_empty_list_teaches(enter: Enter) -> None:
    text = enter("supervisor").text(PAGE)
    assert "Nothing is on its way" in text
    assert "Add a supplier first" in text


def test_a_delivery_comes_in_parts(ordered: Any, enter: Enter, system: System) -> None:
    browser, before, caps = enter("warehouse"), on_hand(system, 1), on_hand(system, 5)
    page = f"{PAGE}1"
    assert 'value="20"' in browser.text(page)
    fields: dict[str, object] = {name: ["", ""] for name in ("bin", "lot", "expires_on", "serials", "cost")}
    fields |= {"units": ["8", "0"], "sku": ["1", "5"], "delivery": "DN 1"}
    browser.post(f"{page}/receive", page=page, **fields)
    assert on_hand(system, 1) == before + 8
    assert "alert-danger" in browser.post(f"{page}/receive", page=page, **fields).text
    assert on_hand(system, 1) == before + 8
    said = browser.post(f"{page}/receive", page=page, **(fields | {"units": ["13", "6"], "delivery": "DN 2"})).text
    assert "13 came, 12 are missing" in said
    said = browser.post(f"{page}/receive", page=page, **(fields | {"units": ["12", "6"], "delivery": "DN 2"})).text
    assert "Arrived in full" in said
    assert (on_hand(system, 1), on_hand(system, 5)) == (before + 20, caps + 6)
    assert "Nothing is on its way" in browser.text(PAGE)
    assert "PO00000001" in browser.text(f"{PAGE}?all=yes")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"due_on": "soon"}, "due date"),
        ({"supplier": ""}, "was not chosen"),
        ({"sku": ["NO-SUCH"], "units": ["1"], "cost": [""]}, "There is no SKU NO-SUCH"),
        ({"sku": ["SET-WINTER"], "units": ["1"], "cost": [""]}, "kit"),
        ({"sku": ["CAP-NVY"], "units": ["0"], "cost": [""]}, "quantity"),
        ({"sku": ["CAP-NVY"], "units": ["many"], "cost": [""]}, "whole number"),
        ({"sku": [""], "units": [""], "cost": [""]}, "nothing to order"),
        ({"key": "p1"}, "placed already"),
    ],
)
def test_a_purchase_that_cannot_be_is_refused(ordered: Any, system: System, fields: dict[str, object], said: str) -> None:
    right = {"supplier": "1", "warehouse": "1", "due_on": "2026-12-01", "key": "p2", **LINES}
    text = ordered.post(PAGE, page=PAGE, **(right | fields)).text
    assert "alert-danger" in text
    assert said in text
    assert system.installation.db.rows("SELECT COUNT(*) FROM purchase_order") == [(1,)]


def test_nothing_received_is_said(ordered: Any) -> None:
    fields: dict[str, object] = {name: [""] for name in ("cost", "bin", "lot", "expires_on", "serials")}
    said = ordered.post(f"{PAGE}1/receive", page=f"{PAGE}1", **fields, units=["0"], sku=["1"]).text
    assert "Nothing was received" in said


def test_it_is_put_off_and_given_up(ordered: Any) -> None:
    page = f"{PAGE}1"
    assert "due 2026-12-24" in ordered.post(f"{page}/postpone", page=page, due_on="2026-12-24", because="strike").text
    assert "needs a reason" in ordered.post(f"{page}/close", page=page, because=" ").text
    assert "The rest given up" in ordered.post(f"{page}/close", page=page, because="bankrupt").text
    assert ordered.get(f"{PAGE}4711").status_code == 404


def test_only_who_buys_orders_and_only_the_warehouse_receives(enter: Enter) -> None:
    for path in (PAGE, f"{PAGE}suppliers", f"{PAGE}1/close", f"{PAGE}1/postpone"):
        assert enter("warehouse").post(path).status_code == 403, path
    assert enter("reviewer").post(f"{PAGE}1/receive").status_code == 403
    assert 'name="code"' not in enter("viewer").text(PAGE)
    assert f'href="{PAGE}"' in enter("viewer").text("/stock/")
