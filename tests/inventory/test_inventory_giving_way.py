"""Units that were promised and are not there: who gives way, where to, and what becomes of the rest."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orderyard.core.fulfillment.service import start_picking
from orderyard.core.inventory import adjusting
from orderyard.core.kernel.errors import StockShort
from orderyard.core.orders.api import HoldCode

from .conftest import Stock


def lose(stock: Stock, units: int, code: str = "TEE", lot: str = "", key: str = "X") -> None:
    with stock.house.work("person:bob") as uow:
        adjusting.adjust(uow, stock.at("SH"), stock.sku(code), -units, reason="gone", key=key, lot=lot)


def ordered(stock: Stock, *units: int, code: str = "TEE") -> list[int]:
    """Orders paid an hour apart; their fulfillment orders."""
    fos = []
    for count in units:
        stock.house.environment.moment += timedelta(hours=1)
        [order] = stock.house.place(stock.house.order((code, count)))
        fos += stock.house.fos(order)
    return fos


def states(stock: Stock, fos: list[int]) -> list[str]:
    return [stock.house.fo_state(fo) for fo in fos]


def reserved(stock: Stock, fos: list[int]) -> list[int]:
    return [row[0] for fo in fos for row in stock.house.db.rows("SELECT reserved FROM fo_line WHERE fo_id = ?", (fo,))]


def test_what_is_free_goes_first(stock: Stock) -> None:
    stock.receive("TEE", 5)
    fos = ordered(stock, 2, 2)
    lose(stock, 1)
    assert states(stock, fos) == ["allocated", "allocated"]
    assert stock.lots("TEE") == {"": (4, 4)}


def test_the_latest_payment_gives_way_first(stock: Stock) -> None:
    stock.receive("TEE", 6)
    fos = ordered(stock, 2, 2, 2)
    lose(stock, 3)
    assert states(stock, fos) == ["allocated", "planned", "planned"]
    assert reserved(stock, fos) == [2, 1, 0]
    assert [stock.house.holds(fo, "fo") for fo in fos] == [[], [HoldCode.OUT_OF_STOCK], [HoldCode.OUT_OF_STOCK]]
    assert stock.lots("TEE") == {"": (3, 3)}
    stock.receive("TEE", 1, key="AGAIN")
    assert states(stock, fos) == ["allocated", "allocated", "planned"]


def test_one_whose_goods_lie_in_another_warehouse_goes_on_from_there(stock: Stock) -> None:
    stock.receive("TEE", 2)
    fos = ordered(stock, 2)
    stock.receive("TEE", 2, warehouse="GZ")
    lose(stock, 2)
    assert states(stock, fos) == ["allocated"]
    assert stock.lots("TEE", "GZ") == {"": (2, 2)}


def test_promises_move_to_other_lots_of_the_warehouse_the_earliest_payment_first(stock: Stock) -> None:
    stock.track("MUG", lots=True)
    stock.receive("MUG", 4, lot="A", good_until="2027-01-31")
    fos = ordered(stock, 2, 2, code="MUG")
    stock.receive("MUG", 3, lot="B", good_until="2027-06-30")
    lose(stock, 4, "MUG", "A")
    assert states(stock, fos) == ["allocated", "planned"]
    assert reserved(stock, fos) == [2, 1]
    assert stock.lots("MUG") == {"B": (3, 3)}


def test_a_released_one_is_taken_back_with_its_waybill(stock: Stock) -> None:
    stock.receive("TEE", 2)
    [fo] = ordered(stock, 2)
    stock.house.release(fo)
    stock.house.label(fo)
    with stock.house.work() as uow:
        start_picking(uow, fo)
    lose(stock, 1)
    assert stock.house.fo_state(fo) == "planned"
    assert stock.house.db.rows("SELECT kind FROM task WHERE kind = 'void_waybill'")


def test_what_is_in_a_basket_cannot_give_way(stock: Stock) -> None:
    stock.receive("TEE", 4)
    early, late = ordered(stock, 2, 2)
    stock.house.release(late)
    stock.house.label(late)
    stock.house.pack(late)
    lose(stock, 2)
    assert states(stock, [early, late]) == ["planned", "packed"]
    with pytest.raises(StockShort, match=f"FO{late:08d}"):
        lose(stock, 1, key="Y")


def test_a_kit_loses_its_component_and_waits(stock: Stock) -> None:
    stock.receive("TEE", 2)
    stock.receive("CAP", 1)
    [order] = stock.house.place(stock.house.order(("SET", 1)))
    [fo] = stock.house.fos(order)
    lose(stock, 1, "CAP")
    assert stock.house.fo_state(fo) == "planned"
    assert sorted(reserved(stock, [fo])) == [0, 2]


def test_the_history_says_who_gave_way_and_why(stock: Stock) -> None:
    stock.receive("TEE", 2)
    [fo] = ordered(stock, 2)
    lose(stock, 1)
    rows = stock.house.db.rows(
        "SELECT action, because FROM audit WHERE kind = 'fulfillment_order' AND document = ? ORDER BY id", (fo,)
    )
    assert ("allocated → planned", "gone: TEE (1) lost") in rows
