"""盘点: nothing of what is counted is promised, and what differs is booked when the count is closed."""

from __future__ import annotations

import pytest

from orderyard.core.inventory import counts
from orderyard.core.inventory.queries import available
from orderyard.core.kernel.errors import DomainError, Duplicate, IllegalTransition, StockShort

from .conftest import Stock


def free(stock: Stock, code: str = "TEE") -> int:
    return sum(one.available for one in available(stock.house.db, "2026-11-22", [stock.sku(code)]))


def sheet(stock: Stock, count: int) -> list[tuple[str, str, str, int | None, int | None]]:
    with stock.house.db.connection():
        return [(one.sku, one.lot, one.bin, one.expected, one.counted) for one in counts.sheet(stock.house.db, count)]


def test_what_is_counted_is_promised_to_nobody_until_then(stock: Stock) -> None:
    stock.receive("TEE", 5)
    [before] = stock.house.place(stock.house.order(("TEE", 2)))
    count = stock.count("TEE")
    [order] = stock.house.place(stock.house.order(("TEE", 1)))
    assert free(stock) == 0
    assert stock.house.fo_state(stock.house.fos(order)[0]) == "planned"
    assert stock.house.fo_state(stock.house.fos(before)[0]) == "allocated"
    stock.house.prove()
    stock.found(count, "TEE", 5)
    assert stock.close(count) == 0
    assert stock.house.fo_state(stock.house.fos(order)[0]) == "allocated"
    assert free(stock) == 2


def test_other_warehouses_go_on(stock: Stock) -> None:
    stock.receive("TEE", 2)
    stock.receive("TEE", 2, warehouse="GZ")
    stock.count("TEE")
    stock.house.place(stock.house.order(("TEE", 2)))
    assert stock.lots("TEE", "GZ") == {"": (2, 2)}


def test_differences_are_booked_in_both_directions(stock: Stock) -> None:
    stock.receive("TEE", 5, cost=100)
    stock.receive("CAP", 5, cost=10)
    count = stock.count("TEE", "CAP")
    stock.found(count, "TEE", 7)
    stock.found(count, "CAP", 2)
    assert stock.close(count) == 5
    assert (stock.lots("TEE"), stock.lots("CAP")) == ({"": (7, 0)}, {"": (2, 0)})
    assert stock.house.ledger()["stock_loss"] == -200 + 30


def test_a_blind_count_hides_the_book_until_it_is_closed(stock: Stock) -> None:
    stock.receive("TEE", 5)
    count = stock.count("TEE", blind=True)
    stock.found(count, "TEE", 4)
    assert sheet(stock, count) == [("TEE", "", "", None, 4)]
    stock.close(count)
    assert sheet(stock, count) == [("TEE", "", "", 5, 4)]
    other = stock.count("TEE")
    assert sheet(stock, other) == [("TEE", "", "", 4, None)]


def test_what_leaves_after_it_was_counted_is_not_missed_twice(stock: Stock) -> None:
    stock.receive("TEE", 5)
    [order] = stock.house.place(stock.house.order(("TEE", 2)))
    count = stock.count("TEE")
    stock.found(count, "TEE", 4)
    stock.house.ship(stock.house.fos(order)[0])
    stock.receive("TEE", 3)
    stock.house.prove()
    assert stock.close(count) == 1
    assert stock.lots("TEE") == {"": (5, 0)}


def test_what_leaves_before_it_is_counted_is_not_expected(stock: Stock) -> None:
    stock.receive("TEE", 5)
    [order] = stock.house.place(stock.house.order(("TEE", 2)))
    count = stock.count("TEE")
    stock.house.ship(stock.house.fos(order)[0])
    stock.found(count, "TEE", 3)
    assert stock.close(count) == 0


def test_counting_below_what_is_promised_takes_it_from_the_latest(stock: Stock) -> None:
    stock.receive("TEE", 4)
    first, second = stock.house.place(stock.house.order(("TEE", 2)), stock.house.order(("TEE", 2)))
    count = stock.count("TEE")
    stock.found(count, "TEE", 3)
    stock.close(count)
    assert stock.house.fo_state(stock.house.fos(first)[0]) == "allocated"
    assert stock.house.fo_state(stock.house.fos(second)[0]) == "planned"
    assert stock.lots("TEE") == {"": (3, 3)}


def test_what_moved_between_bins_is_no_loss(stock: Stock) -> None:
    stock.bins()
    stock.receive("TEE", 5, bin="A1")
    stock.receive("TEE", 2)
    [order] = stock.house.place(stock.house.order(("TEE", 7)))
    count = stock.count("TEE")
    stock.found(count, "TEE", 1, bin="A1")
    stock.found(count, "TEE", 3, bin="B1")
    stock.found(count, "TEE", 3)
    assert stock.close(count) == 0
    assert stock.lying("TEE") == {"": 3, "A1": 1, "B1": 3}
    assert stock.house.fo_state(stock.house.fos(order)[0]) == "allocated"
    assert "stock_loss" not in stock.house.ledger()


def test_a_bin_is_counted_with_all_that_lies_in_it(stock: Stock) -> None:
    stock.bins()
    stock.receive("TEE", 5, bin="A1")
    stock.receive("TEE", 4, bin="B1")
    stock.receive("CAP", 2, bin="A1")
    with stock.house.work() as uow:
        count = counts.open_count(uow, stock.at("SH"), bins=["A1"])
    assert sheet(stock, count) == [("CAP", "", "A1", 2, None), ("TEE", "", "A1", 5, None)]
    assert (free(stock, "TEE"), free(stock, "CAP")) == (0, 0)
    stock.found(count, "TEE", 4, bin="A1")
    stock.found(count, "CAP", 2, bin="A1")
    stock.found(count, "MUG", 1, bin="A1")
    assert free(stock, "MUG") == 0
    stock.close(count)
    assert (stock.lying("TEE"), stock.lying("MUG")) == ({"A1": 4, "B1": 4}, {"A1": 1})


def test_lines_nobody_counted_are_named(stock: Stock) -> None:
    stock.bins()
    stock.receive("TEE", 5, bin="A1")
    stock.receive("CAP", 5)
    count = stock.count("TEE", "CAP", "PEN")
    stock.found(count, "CAP", 4)
    with pytest.raises(DomainError, match=r"2 lines of PD00000. are not counted: TEE A1, PEN"):
        stock.close(count)
    assert stock.close(count, leave_uncounted=True) == 1
    assert (stock.lots("TEE"), stock.lots("CAP")) == ({"": (5, 0)}, {"": (4, 0)})


def test_a_second_answer_replaces_the_first(stock: Stock) -> None:
    stock.receive("TEE", 5)
    count = stock.count("TEE")
    for units in (3, 0, 5):
        stock.found(count, "TEE", units)
    assert stock.close(count) == 0


@pytest.mark.parametrize("units", [-1, True, 2_000_000_000])
def test_an_answer_is_a_number_of_units(stock: Stock, units: int) -> None:
    stock.receive("TEE", 5)
    count = stock.count("TEE")
    with pytest.raises(DomainError):
        stock.found(count, "TEE", units)


def test_one_sku_is_counted_once_at_a_time(stock: Stock) -> None:
    stock.receive("TEE", 5)
    stock.receive("CAP", 5)
    count = stock.count("TEE")
    other = stock.count("CAP")
    with pytest.raises(Duplicate, match="being counted in PD"):
        stock.count("TEE")
    with pytest.raises(Duplicate, match="being counted in PD"):
        stock.found(other, "TEE", 1)
    stock.count("TEE", warehouse="GZ")
    with stock.house.work() as uow:
        counts.cancel_count(uow, count, "not today")
    assert free(stock) == 5
    stock.count("TEE")


def test_a_closed_count_takes_no_answers(stock: Stock) -> None:
    stock.receive("TEE", 5)
    count = stock.count("TEE")
    stock.found(count, "TEE", 5)
    stock.close(count)
    with pytest.raises(IllegalTransition):
        stock.found(count, "TEE", 4)
    with pytest.raises(IllegalTransition):
        stock.close(count)
    with pytest.raises(DomainError):
        stock.close(999)


def test_nothing_is_no_count(stock: Stock) -> None:
    with pytest.raises(DomainError):
        stock.count()
    with pytest.raises(DomainError, match="kit"):
        stock.count("SET")


def test_while_counting_nothing_is_moved_away(stock: Stock) -> None:
    from orderyard.core.inventory.transfers import Load, send

    stock.receive("TEE", 5)
    stock.count("TEE")
    with pytest.raises(DomainError, match="being counted"), stock.house.work() as uow:
        send(uow, stock.at("SH"), stock.at("GZ"), [Load(stock.sku("TEE"), 1)], key="T")


def test_lots_are_counted_each_by_itself(stock: Stock) -> None:
    stock.track("MUG", lots=True)
    stock.receive("MUG", 3, lot="A", good_until="2027-01-31")
    stock.receive("MUG", 3, lot="B", good_until="2027-06-30")
    [order] = stock.house.place(stock.house.order(("MUG", 3)))
    count = stock.count("MUG")
    stock.found(count, "MUG", 1, lot="A")
    stock.found(count, "MUG", 4, lot="B")
    with pytest.raises(DomainError):
        stock.found(count, "MUG", 1)
    with pytest.raises(DomainError, match="no lot C"):
        stock.found(count, "MUG", 1, lot="C")
    stock.close(count)
    assert stock.lots("MUG") == {"A": (1, 1), "B": (4, 2)}
    assert stock.house.fo_state(stock.house.fos(order)[0]) == "allocated"


def test_an_empty_shelf_of_a_sku_with_lots_can_be_counted(stock: Stock) -> None:
    stock.track("MUG", lots=True)
    count = stock.count("MUG")
    stock.receive("MUG", 2, lot="A", good_until="2027-01-31")
    assert free(stock, "MUG") == 0
    stock.house.prove()
    assert stock.close(count) == 0
    assert free(stock, "MUG") == 2


def test_pieces_are_counted_by_their_numbers(stock: Stock) -> None:
    stock.track("PEN", serials=True)
    stock.receive("PEN", 3, serials=["S1", "S2", "S3"])
    count = stock.count("PEN")
    with pytest.raises(DomainError, match="scan each piece once"):
        stock.found(count, "PEN", 2)
    stock.found(count, "PEN", None, serials=["S1", "S9"])
    assert stock.close(count) == 3
    assert dict(stock.house.db.rows("SELECT code, place FROM serial")) == {
        "S1": "stock", "S2": "adjustment", "S3": "adjustment", "S9": "stock",
    }  # fmt: skip


def test_a_count_does_not_take_what_is_in_a_basket(stock: Stock) -> None:
    stock.receive("TEE", 2)
    [order] = stock.house.place(stock.house.order(("TEE", 2)))
    [fo] = stock.house.fos(order)
    stock.house.release(fo)
    stock.house.label(fo)
    stock.house.pack(fo)
    count = stock.count("TEE")
    stock.found(count, "TEE", 0)
    with pytest.raises(StockShort, match=f"FO{fo:08d}"):
        stock.close(count)
    stock.found(count, "TEE", 2)
    stock.close(count)
