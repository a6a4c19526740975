"""Stock by hand: receipts, adjustments, transfers, counts, and the moves behind a number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orderyard.app import System

Enter = Callable[..., Any]
TEE = "/stock/skus/1"


def one(system: System, sql: str, *parameters: object) -> Any:
    row = system.installation.db.row(sql, parameters)
    assert row is not None
    return row[0]


def on_hand(system: System, warehouse: int = 1, sku: int = 1) -> int:
    sql = "SELECT COALESCE(SUM(on_hand), 0) FROM stock_level WHERE warehouse_id = ? AND sku_id = ?"
    return int(one(system, sql, warehouse, sku))


def test_a_number_is_explained_by_its_moves(enter: Enter) -> None:
    text = enter("viewer").text(f"{TEE}?warehouse=1")
    assert "Opening → Stock" in text
    assert "Moves behind this number" in text
    assert 'name="units"' not in text
    assert 'name="warehouse" value="1"' in enter("warehouse").text(f"{TEE}?warehouse=1")
    assert "FO0000" in enter("viewer").text("/stock/skus/5?warehouse=1")
    assert "never in stock itself" in enter("viewer").text("/stock/skus/10")
    assert enter("viewer").get("/stock/skus/4711").status_code == 404


def test_the_words_are_those_of_each_reader(enter: Enter) -> None:
    assert "次品" in enter("warehouse", "zh").text(TEE)
    assert "次品" not in enter("warehouse", "en").text(TEE)


def test_goods_are_received_once_for_one_form(enter: Enter, system: System) -> None:
    browser, before = enter("warehouse"), on_hand(system)
    fields = {"warehouse": "1", "units": "5", "cost": "41.50", "key": "delivery-1", "because": "DN 77"}
    assert "Received" in browser.post(f"{TEE}/receive", page=TEE, **fields).text
    assert "booked already" in browser.post(f"{TEE}/receive", page=TEE, **fields).text
    assert on_hand(system) == before + 5


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"units": "0"}, "quantity"),
        ({"units": "five"}, "whole number"),
        ({"units": ""}, "whole number"),
        ({"warehouse": ""}, "was not chosen"),
        ({"bin": "Z-9"}, "there is no bin"),
        ({"cost": "cheap"}, "not an amount"),
        ({"quality": "shiny"}, "was not chosen"),
    ],
)
def test_a_receipt_that_cannot_be_is_refused(enter: Enter, system: System, fields: dict[str, str], said: str) -> None:
    before = on_hand(system)
    answer = enter("warehouse").post(f"{TEE}/receive", page=TEE, **({"warehouse": "1", "units": "5", "key": "k"} | fields))
    assert said in answer.text
    assert on_hand(system) == before


def test_stock_is_adjusted_inspected_and_told_apart(enter: Enter, system: System) -> None:
    browser, before = enter("warehouse"), on_hand(system)
    browser.post(f"{TEE}/adjust", page=TEE, warehouse="1", units="-2", because="moths", key="a")
    assert on_hand(system) == before - 2
    assert "without a reason" in browser.post(f"{TEE}/adjust", page=TEE, warehouse="1", units="-2", key="b").text
    said = browser.post(f"{TEE}/quality", page=TEE, warehouse="1", units="1", quality="good", target="defective", key="c")
    assert "another quality" in said.text
    assert one(system, "SELECT on_hand FROM stock_level WHERE sku_id = 1 AND quality = 'defective'") == 1
    assert "alert-danger" in browser.post(f"{TEE}/track", page=TEE, warehouse="1", lots="y").text


def test_a_piece_tells_its_life(enter: Enter, system: System) -> None:
    browser, scarf = enter("warehouse"), "/stock/skus/9"
    browser.post(f"{scarf}/track", page=scarf, warehouse="1", serials_apart="y")
    fields = {"warehouse": "1", "units": "2", "serials": "S-1, S-2", "key": "p"}
    assert "Received" in browser.post(f"{scarf}/receive", page=scarf, **fields).text
    assert "Supplier → Stock" in browser.text(f"{scarf}?warehouse=1&serial=S-2").partition("The life of a piece")[2]
    assert "was never here" in browser.text(f"{scarf}?warehouse=1&serial=S-9")
    assert "The life of a piece" not in browser.text(TEE)


def test_a_lot_that_is_recalled_names_who_gets_it(enter: Enter, system: System) -> None:
    browser, scarf = enter("warehouse"), "/stock/skus/9"
    browser.post(f"{scarf}/track", page=scarf, warehouse="1", lots="y", min_life_days="30")
    fields = {"warehouse": "1", "units": "4", "lot": "L-7", "expires_on": "2027-06-30", "key": "l"}
    text = browser.post(f"{scarf}/receive", page=scarf, **fields).text
    assert "good until 2027-06-30" in text
    text = browser.text(f"{scarf}?warehouse=1&lot=L-7")
    assert "SO00000012" in text
    assert "still here: stop it" in text
    assert "Nobody got anything" in browser.text(f"{scarf}?warehouse=1&lot=L-8")


def test_goods_go_to_another_warehouse_and_arrive(enter: Enter, system: System) -> None:
    browser = enter("warehouse")
    assert "No transfers yet" in browser.text("/stock/transfers")
    fields = {"source": "1", "target": "3", "sku": ["CAP-NVY", ""], "units": ["4", ""], "lot": ["", ""], "key": "t1"}
    assert "on their way" in browser.post("/stock/transfers", page="/stock/transfers", **fields).text
    there = on_hand(system, 3, 5)
    browser.post("/stock/transfers/1/receive", page="/stock/transfers", units="3", sku="5", lot="")
    assert on_hand(system, 3, 5) == there + 3
    assert "received already" in browser.post("/stock/transfers/1/receive", page="/stock/transfers").text
    fields["sku"] = ["NO-SUCH", ""]
    assert "There is no SKU NO-SUCH" in browser.post("/stock/transfers", page="/stock/transfers", **fields).text


def test_a_count_books_what_differs(enter: Enter, system: System) -> None:
    browser = enter("warehouse")
    assert "Nothing was ever counted" in browser.text("/stock/counts")
    browser.post("/stock/counts", page="/stock/counts", warehouse="3", skus="CAP-NVY", blind="y")
    before = on_hand(system, 3, 5)
    assert ">?<" in browser.text("/stock/counts/1")
    refused = browser.post("/stock/counts/1/close", page="/stock/counts/1")
    assert "not counted" in refused.text
    browser.post("/stock/counts/1/enter", page="/stock/counts/1", sku="CAP-NVY", units=str(before + 1))
    assert "what differed is booked" in browser.post("/stock/counts/1/close", page="/stock/counts/1").text
    assert on_hand(system, 3, 5) == before + 1


def test_a_count_is_cancelled(enter: Enter, system: System) -> None:
    browser = enter("warehouse")
    browser.post("/stock/counts", page="/stock/counts", warehouse="1", skus="CAP-NVY")
    assert "nothing is booked" in browser.post("/stock/counts/1/cancel", page="/stock/counts/1", because="fire drill").text
    assert "There is no SKU" in browser.post("/stock/counts", page="/stock/counts", warehouse="1", skus="XX").text


def test_stock_is_shown_as_it_was(enter: Enter) -> None:
    browser = enter("viewer")
    assert "TEE-BLK-M" in browser.text("/stock/as-of?at=2026-11-22T12:00")
    assert "Nothing was on hand then" in browser.text("/stock/as-of?at=2020-01-01T00:00")
    assert "is no moment" in browser.text("/stock/as-of?at=noon")
    assert "Choose a moment" in browser.text("/stock/as-of")


def test_only_the_warehouse_touches_stock(enter: Enter) -> None:
    for path in (f"{TEE}/receive", f"{TEE}/adjust", "/stock/transfers", "/stock/counts", "/stock/counts/1/close"):
        assert enter("reviewer").post(path).status_code == 403, path
