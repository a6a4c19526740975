"""The two formulas, to the unit."""

from __future__ import annotations

import pytest
from orderyard_replenish.plans import Terms, balance, suggest
from orderyard_replenish.plugin import terms_of

from orderyard.core.inventory.api import SalesFigure, StockFigure
from orderyard.core.kernel.errors import DomainError

NONE = {"lead_days": "7", "safety_days": "3", "window_days": "30", "packs": "", "leads": ""}


def stock(**by_warehouse: int) -> list[StockFigure]:
    return [StockFigure("TEE", code, units, 0, units, 0) for code, units in by_warehouse.items()]


def sold(days: int = 10, **by_warehouse: int) -> list[SalesFigure]:
    return [SalesFigure("TEE", code, units, days) for code, units in by_warehouse.items()]


@pytest.mark.parametrize(
    ("units", "available", "incoming", "pack", "order"),
    [
        (20, 0, 0, 1, 20),  # 10 days × 2 a day
        (20, 15, 0, 1, 5),
        (20, 15, 5, 1, 0),
        (20, 15, 4, 1, 1),
        (20, 15, 4, 12, 12),
        (21, 0, 0, 1, 21),
        (1, 0, 0, 1, 1),  # a tenth a day
        (25, 0, 0, 12, 36),
        (24, 0, 0, 12, 24),
        (0, 0, 0, 12, 0),
    ],
)
def test_an_order_fills_up_lead_and_safety_days_in_whole_packs(
    units: int, available: int, incoming: int, pack: int, order: int
) -> None:
    figures = [StockFigure("TEE", "SH", available + 3, 3, available, 0), StockFigure("TEE", "GZ", 0, 0, 0, incoming)]
    found = suggest(figures, sold(SH=units), Terms(7, 3, 10, {"TEE": pack}))
    assert [one.units for one in found] == ([order] if order else [])


def test_sales_and_stock_of_all_warehouses_count_together() -> None:
    [one] = suggest(stock(SH=5, GZ=6), sold(SH=10, GZ=11), Terms())
    assert (one.units, str(one)) == (
        10, "TEE: order 10 (need 10: 10 days × 2.1 a day = 21, less 11 available and 0 incoming)"
    )  # fmt: skip


def test_a_sku_may_take_longer_than_the_others() -> None:
    [one] = suggest([], sold(SH=10), Terms(leads={"TEE": 27}, packs={"TEE": 20}))
    assert (one.units, one.days) == (40, 30)
    assert "packs of 20" in str(one)


def test_what_is_not_sold_is_not_ordered() -> None:
    assert suggest(stock(SH=0), [], Terms()) == []


@pytest.mark.parametrize(
    ("has", "sells", "moves"),
    [
        ({"SH": 40, "GZ": 12}, {"SH": 10, "GZ": 10}, [("SH", "GZ", 14)]),
        ({"SH": 30, "GZ": 0}, {"SH": 20, "GZ": 10}, [("SH", "GZ", 10)]),
        ({"SH": 10, "GZ": 10}, {"SH": 10, "GZ": 10}, []),
        ({"SH": 11, "GZ": 0}, {"SH": 10, "GZ": 10}, [("SH", "GZ", 5)]),  # 5.5 each, rounded down
        ({"SH": 10}, {"GZ": 10}, [("SH", "GZ", 10)]),  # nobody buys from Shanghai
        ({"SH": 0, "GZ": 0}, {"SH": 1, "GZ": 1}, []),
        ({"A": 30, "B": 10, "C": 0, "D": 0}, {"A": 1, "B": 1, "C": 1, "D": 1}, [("A", "C", 10), ("A", "D", 10)]),
        ({"A": 12, "B": 12, "C": 0}, {"A": 1, "B": 1, "C": 1}, [("A", "C", 4), ("B", "C", 4)]),
    ],
)
def test_every_warehouse_lasts_equally_long(
    has: dict[str, int], sells: dict[str, int], moves: list[tuple[str, str, int]]
) -> None:
    assert [(one.source, one.target, one.units) for one in balance(stock(**has), sold(**sells))] == moves


def test_a_move_says_why() -> None:
    [one] = balance(stock(SH=40, GZ=12), sold(days=10, SH=40, GZ=40))
    assert str(one) == "TEE: send 14 from SH to GZ (cover 6.5 days: SH has 40 of 26, GZ has 12 of 26)"


def test_nobody_gives_more_than_he_has_over_and_nothing_is_lost() -> None:
    has, sells = {"A": 7, "B": 5, "C": 1, "D": 0}, {"A": 3, "B": 1, "C": 5, "D": 2}
    after = dict(has)
    for one in balance(stock(**has), sold(**sells)):
        after[one.source] -= one.units
        after[one.target] += one.units
    assert sum(after.values()) == sum(has.values())
    assert all(units >= 13 * sells[code] // 11 for code, units in after.items())


def test_without_sales_nothing_moves() -> None:
    assert balance(stock(SH=10, GZ=0), []) == []


def test_settings_are_read_as_numbers() -> None:
    terms = terms_of(NONE | {"packs": "TEE=12; CAP = 6", "leads": "MUG=45", "lead_days": "0"})
    assert (terms.lead_days, terms.packs, terms.days("MUG")) == (0, {"TEE": 12, "CAP": 6}, 48)


@pytest.mark.parametrize(
    ("name", "text"), [("lead_days", "soon"), ("window_days", "0"), ("packs", "TEE"), ("packs", "TEE=0"), ("leads", "=3")]
)
def test_a_setting_that_is_no_number_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(DomainError, match=f"setting {name}"):
        terms_of(NONE | {name: text})
