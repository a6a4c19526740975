"""Zones and bins by page: made, filled from the floor, and looked into."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orderyard.app import System

Enter = Callable[..., Any]
PAGE = "/stock/bins/?warehouse=1"


@pytest.fixture
def shelves(enter: Enter) -> Any:
    """A picking area with two bins in the first warehouse, and its keeper."""
    browser = enter("warehouse")
    browser.post("/stock/bins/zones", page=PAGE, warehouse="1", code="A", use="pick", title="ground floor")
    browser.post("/stock/bins/zones/1/bins", page=PAGE, warehouse="1", codes="A-1, A-2")
    return browser


def lying(system: System) -> dict[str, int]:
    rows = system.installation.db.rows("SELECT b.code, x.quantity FROM bin_level x JOIN bin b ON b.id = x.bin_id")
    return dict(rows)


def test_a_warehouse_gets_zones_and_bins(shelves: Any) -> None:
    text = shelves.text(f"{PAGE}&zone=1")
    assert "Picking area" in text
    assert "A-2" in text
    assert "No zone yet" in shelves.text("/stock/bins/?warehouse=2")


def test_goods_are_put_away_and_found(shelves: Any, system: System) -> None:
    fields = {"warehouse": "1", "sku": "6900000000004", "units": "5", "from": "", "to": "A-1", "key": "k1"}
    assert "lies in A-1 now" in shelves.post("/stock/bins/move", page=PAGE, **fields).text
    assert lying(system) == {"A-1": 5}
    assert "CAP-NVY" in shelves.text(f"{PAGE}&bin=A-1")
    assert 'value="A-1"' in shelves.text(PAGE)  # what lies somewhere already is offered to lie there again
    shelves.post("/stock/bins/move", page=PAGE, **(fields | {"from": "A-1", "to": "A-2", "units": "", "key": "k2"}))
    assert lying(system) == {"A-1": 4, "A-2": 1}
    assert "The bin is empty" not in shelves.text(f"{PAGE}&bin=A-2")
    assert "There is no such bin here" in shelves.text(f"{PAGE}&bin=Z-9")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"sku": "XX"}, "There is no SKU XX"),
        ({"to": "Z-9"}, "there is no bin"),
        ({"to": ""}, "both bins are the same"),
        ({"units": "9999"}, "CAP-NVY"),
        ({"units": "few"}, "whole number"),
        ({"from": "A-2"}, "CAP-NVY"),
        ({"quality": "shiny"}, "was not chosen"),
    ],
)
def test_a_move_that_cannot_be_is_refused(shelves: Any, system: System, fields: dict[str, str], said: str) -> None:
    right = {"warehouse": "1", "sku": "CAP-NVY", "units": "5", "from": "", "to": "A-1", "key": "k"}
    text = shelves.post("/stock/bins/move", page=PAGE, **(right | fields)).text
    assert "alert-danger" in text
    assert said in text
    assert lying(system) == {}


def test_zones_and_bins_that_cannot_be_are_refused(shelves: Any) -> None:
    zone = {"warehouse": "1", "code": "A", "use": "pick"}
    assert "exists already" in shelves.post("/stock/bins/zones", page=PAGE, **zone).text
    assert "was not chosen" in shelves.post("/stock/bins/zones", page=PAGE, **(zone | {"code": "B", "use": "roof"})).text
    assert "exists already" in shelves.post("/stock/bins/zones/1/bins", page=PAGE, codes="A-3,A-3").text
    assert "No bin was named" in shelves.post("/stock/bins/zones/1/bins", page=PAGE, codes=" ").text


def test_only_the_warehouse_keeps_shelves(enter: Enter) -> None:
    for path in ("/stock/bins/zones", "/stock/bins/zones/1/bins", "/stock/bins/move"):
        assert enter("reviewer").post(path).status_code == 403, path
    assert "Add a zone" not in enter("viewer").text(PAGE)
    assert 'href="/stock/bins/"' in enter("viewer").text("/stock/")
