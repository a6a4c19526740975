"""Corrections of stock in both directions, what they cost, and losses."""

from __future__ import annotations

import pytest

from orderyard.core.inventory import adjusting, service
from orderyard.core.inventory.api import Quality
from orderyard.core.inventory.queries import available
from orderyard.core.kernel.errors import DomainError, Duplicate, StockShort

from .conftest import Stock


def adjust(
    stock: Stock, change: int, *, cost: int | None = None, key: str = "A1", reason: str = "found", code: str = "TEE"
) -> None:
    with stock.house.work() as uow:
        adjusting.adjust(uow, stock.at("SH"), stock.sku(code), change, reason=reason, key=key, unit_cost=cost)


def level(stock: Stock, code: str = "TEE", warehouse: str = "SH") -> int:
    row = stock.house.db.row(
        "SELECT id FROM stock_level WHERE sku_id = ? AND warehouse_id = ? AND quality = 'good'",
        (stock.sku(code), stock.at(warehouse)),
    )
    assert row
    return int(row[0])


def test_more_comes_in_at_the_average_cost(stock: Stock) -> None:
    stock.receive("TEE", 3, cost=100)
    stock.receive("TEE", 1, cost=202)
    adjust(stock, 2)
    assert stock.value("TEE") == 502 + 502 * 2 // 4
    assert stock.house.ledger()["stock_loss"] == -251


def test_more_comes_in_at_the_cost_that_is_given(stock: Stock) -> None:
    stock.receive("TEE", 1, cost=100)
    adjust(stock, 2, cost=7)
    assert stock.value("TEE") == 114


def test_what_has_no_average_here_costs_what_it_costs_elsewhere_then_what_it_cost_last(stock: Stock) -> None:
    stock.receive("TEE", 2, cost=100, warehouse="GZ")
    adjust(stock, 1)
    assert stock.value("TEE") == 300
    stock.receive("CAP", 2, cost=70)
    with stock.house.work() as uow:
        service.write_off(uow, level(stock, "CAP"), 2, key="W", because="burnt")
    adjust(stock, 3, code="CAP", key="A2")
    assert stock.value("CAP") == 210
    adjust(stock, 1, code="MUG", key="A3")
    assert stock.value("MUG") == 0


def test_fewer_go_out_at_the_average_cost(stock: Stock) -> None:
    stock.receive("TEE", 3, cost=100)
    stock.receive("TEE", 1, cost=50)
    adjust(stock, -1, reason="broken")
    assert stock.value("TEE") == 350 - 350 // 4
    assert stock.house.ledger()["stock_loss"] == 87


@pytest.mark.parametrize(
    ("change", "reason", "cost"),
    [
        (0, "x", None),
        (1, " ", None),
        (1, "x" * 501, None),
        (1, "x", -1),
        (-1, "x", 5),
        (True, "x", None),
        (2_000_000_000, "x", None),
    ],
)
def test_a_correction_has_a_size_and_a_reason(stock: Stock, change: int, reason: str, cost: int | None) -> None:
    stock.receive("TEE", 3)
    with pytest.raises(DomainError):
        adjust(stock, change, reason=reason, cost=cost)


def test_the_same_correction_happens_once(stock: Stock) -> None:
    stock.receive("TEE", 3)
    adjust(stock, 1)
    with pytest.raises(Duplicate):
        adjust(stock, 1)
    assert stock.lots("TEE") == {"": (4, 0)}


def test_no_more_goes_out_than_there_is(stock: Stock) -> None:
    stock.receive("TEE", 3)
    with pytest.raises(StockShort, match="4 wanted, 3 free"):
        adjust(stock, -4)
    with pytest.raises(StockShort, match="never been"):
        adjust(stock, -1, code="CAP")


def test_a_loss_of_promised_units_is_refused_with_the_documents_that_hold_them(stock: Stock) -> None:
    stock.receive("TEE", 5)
    first, second = stock.house.place(stock.house.order(("TEE", 2)), stock.house.order(("TEE", 1)))
    names = [f"FO{stock.house.fos(order)[0]:08d}" for order in (first, second)]
    with (
        pytest.raises(StockShort, match=rf"4 wanted, 2 free: held by {names[0]} \(2\), {names[1]} \(1\)"),
        stock.house.work() as uow,
    ):
        service.write_off(uow, level(stock), 4, key="W", because="burnt")
    with stock.house.work() as uow:
        service.write_off(uow, level(stock), 2, key="W", because="burnt")
    assert stock.lots("TEE") == {"": (3, 3)}


def test_only_good_units_are_promised(stock: Stock) -> None:
    stock.receive("TEE", 5)
    with stock.house.work() as uow:
        adjusting.change_quality(uow, stock.at("SH"), stock.sku("TEE"), 2, Quality.GOOD, Quality.QC, key="Q1")
        adjusting.change_quality(uow, stock.at("SH"), stock.sku("TEE"), 1, Quality.QC, Quality.DEFECTIVE, key="Q2")
        adjusting.change_quality(uow, stock.at("SH"), stock.sku("TEE"), 1, Quality.QC, Quality.GOOD, key="Q3")
    [free] = available(stock.house.db, "2026-11-22", [stock.sku("TEE")])
    assert (free.on_hand, free.available) == (4, 4)
    assert stock.value("TEE") == 500
    assert "stock_loss" not in stock.house.ledger()


def test_units_that_turn_out_good_go_to_those_who_wait(stock: Stock) -> None:
    stock.receive("TEE", 2, quality=Quality.QC)
    [order] = stock.house.place(stock.house.order(("TEE", 2)))
    assert stock.house.fo_state(stock.house.fos(order)[0]) == "planned"
    with stock.house.work() as uow:
        adjusting.change_quality(uow, stock.at("SH"), stock.sku("TEE"), 2, Quality.QC, Quality.GOOD, key="Q1")
    assert stock.house.fo_state(stock.house.fos(order)[0]) == "allocated"


def test_promised_units_keep_their_quality(stock: Stock) -> None:
    stock.receive("TEE", 2)
    [order] = stock.house.place(stock.house.order(("TEE", 2)))
    with pytest.raises(StockShort, match=f"FO{stock.house.fos(order)[0]:08d}"), stock.house.work() as uow:
        adjusting.change_quality(uow, stock.at("SH"), stock.sku("TEE"), 1, Quality.GOOD, Quality.DEFECTIVE, key="Q1")


def test_defective_units_are_written_off(stock: Stock) -> None:
    stock.receive("TEE", 2, quality=Quality.DEFECTIVE)
    [(defective,)] = stock.house.db.rows("SELECT id FROM stock_level WHERE quality = 'defective'")
    with stock.house.work() as uow:
        service.write_off(uow, defective, 2, key="W", because="scrapped")
    assert stock.house.ledger() == {"payable": -200, "stock_loss": 200}


def test_kits_are_never_in_stock_themselves(stock: Stock) -> None:
    with pytest.raises(DomainError, match="kit"):
        adjust(stock, 1, code="SET")
