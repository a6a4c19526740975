"""Zones and bins: where units lie, and from where they leave."""

from __future__ import annotations

import pytest

from orderyard.core.inventory import places
from orderyard.core.inventory.api import Place, ZoneUse
from orderyard.core.inventory.service import Receipt, receive
from orderyard.core.kernel.errors import DomainError, Duplicate, StockShort

from .conftest import Stock


def move(stock: Stock, units: int, source: str, target: str, key: str = "M1") -> None:
    with stock.house.work("person:warehouse") as uow:
        places.move_bin(uow, stock.at("SH"), stock.sku("TEE"), units, source, target, key=key)


def test_a_receipt_into_a_bin_lies_there(stock: Stock) -> None:
    stock.bins()
    stock.receive("TEE", 5, bin="A1")
    stock.receive("TEE", 3)
    assert stock.lying("TEE") == {"A1": 5, "": 3}
    assert stock.lots("TEE") == {"": (8, 0)}


def test_one_receipt_may_fill_several_bins(stock: Stock) -> None:
    stock.bins()
    with stock.house.work() as uow:
        parts = [Receipt(stock.sku("TEE"), units, 100, code) for units, code in ((2, "A1"), (3, "B1"), (4, "A1"))]
        receive(uow, stock.at("SH"), parts, source=Place.SUPPLIER, document=1, key="R", text="R")
    assert stock.lying("TEE") == {"A1": 6, "B1": 3}
    assert stock.value("TEE") == 900


def test_putting_away_changes_bins_only(stock: Stock) -> None:
    stock.bins()
    stock.receive("TEE", 5)
    [order] = stock.house.place(stock.house.order(("TEE", 5)))
    move(stock, 4, "", "B1")
    move(stock, 3, "B1", "A2", "M2")
    assert stock.lying("TEE") == {"": 1, "A2": 3, "B1": 1}
    assert stock.lots("TEE") == {"": (5, 5)}
    assert stock.house.fo_state(stock.house.fos(order)[0]) == "allocated"


def test_a_bin_gives_no_more_than_it_has(stock: Stock) -> None:
    stock.bins()
    stock.receive("TEE", 5, bin="A1")
    stock.receive("TEE", 1)
    for units, source in ((6, "A1"), (2, ""), (1, "A2")):
        with pytest.raises(StockShort, match="count the bin"):
            move(stock, units, source, "B1")
    assert stock.lying("TEE") == {"": 1, "A1": 5}


@pytest.mark.parametrize(("source", "target"), [("A1", "A1"), ("A1", "Z9"), ("Z9", "A1")])
def test_bins_must_be_two_that_exist(stock: Stock, source: str, target: str) -> None:
    stock.bins()
    stock.receive("TEE", 5, bin="A1")
    with pytest.raises(DomainError):
        move(stock, 1, source, target)


def test_what_ships_leaves_packing_first_then_pick_bins_then_the_floor(stock: Stock) -> None:
    stock.bins()
    stock.receive("TEE", 2, bin="B1")
    stock.receive("TEE", 2, bin="A2")
    stock.receive("TEE", 1, bin="P1")
    stock.receive("TEE", 2)
    first, second = (stock.house.place(stock.house.order(("TEE", units)))[0] for units in (2, 3))
    stock.house.ship(stock.house.fos(first)[0])
    assert stock.lying("TEE") == {"A2": 1, "B1": 2, "": 2}
    stock.house.ship(stock.house.fos(second)[0])
    assert stock.lying("TEE") == {"": 2}


def test_the_cost_of_what_leaves_several_bins_loses_no_fen(stock: Stock) -> None:
    stock.bins()
    stock.receive("TEE", 3, bin="A1", cost=33)
    stock.receive("TEE", 3, cost=34)
    [order] = stock.house.place(stock.house.order(("TEE", 5)))
    stock.house.ship(stock.house.fos(order)[0])
    assert stock.value("TEE") == 201 - 201 * 5 // 6


def test_codes_are_once_in_a_warehouse(stock: Stock) -> None:
    stock.bins()
    stock.bins("GZ")
    with stock.house.work() as uow:
        zone = places.add_zone(uow, stock.at("SH"), "C", ZoneUse.RETURNS)
        for codes in (["A1"], ["C1", "C1"]):
            with pytest.raises(Duplicate):
                places.add_bins(uow, zone, codes)
        with pytest.raises(Duplicate):
            places.add_zone(uow, stock.at("SH"), "C")
        with pytest.raises(DomainError):
            places.add_bins(uow, zone, [" "])


def test_the_same_move_happens_once(stock: Stock) -> None:
    stock.bins()
    stock.receive("TEE", 5, bin="A1")
    move(stock, 1, "A1", "B1", "SAME")
    with pytest.raises(Duplicate):
        move(stock, 1, "A1", "B1", "SAME")
    assert stock.lying("TEE") == {"A1": 4, "B1": 1}
