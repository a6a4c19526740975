"""Lots with their last good day: the first to expire goes first, and none that is too old goes at all."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orderyard.core.fulfillment.scanning import recall, scan_lot
from orderyard.core.fulfillment.service import ship
from orderyard.core.inventory.api import Quality, StockChanged, StockFreed
from orderyard.core.kernel.errors import DomainError, IllegalTransition, StockShort
from orderyard.core.orders.api import HoldCode

from .conftest import Stock


@pytest.fixture
def tea(stock: Stock) -> Stock:
    """MUG is kept by lots and promised until 30 days before its last good day."""
    stock.track("MUG", lots=True, min_life_days=30)
    return stock


def later(stock: Stock, days: int) -> None:
    stock.house.environment.moment += timedelta(days=days)


def test_the_first_to_expire_is_promised_first(tea: Stock) -> None:
    tea.receive("MUG", 3, lot="NEW", good_until="2027-12-31")
    tea.receive("MUG", 3, lot="OLD", good_until="2027-03-31")
    tea.house.place(tea.house.order(("MUG", 4)))
    assert tea.lots("MUG") == {"OLD": (3, 3), "NEW": (3, 1)}


def test_a_lot_without_life_enough_is_promised_to_nobody(tea: Stock) -> None:
    tea.receive("MUG", 3, lot="EDGE", good_until="2026-12-22")
    tea.receive("MUG", 3, lot="SHORT", good_until="2026-12-21")
    [_, second] = tea.house.place(tea.house.order(("MUG", 3)), tea.house.order(("MUG", 1)))
    assert tea.lots("MUG") == {"EDGE": (3, 3), "SHORT": (3, 0)}
    assert tea.house.holds(tea.house.fos(second)[0], "fo") == [HoldCode.OUT_OF_STOCK]


def test_a_longer_remaining_life_counts_at_once(tea: Stock) -> None:
    tea.receive("MUG", 3, lot="L", good_until="2027-01-10")
    tea.track("MUG", lots=True, min_life_days=60)
    [order] = tea.house.place(tea.house.order(("MUG", 1)))
    assert tea.lots("MUG") == {"L": (3, 0)}
    assert tea.house.fo_state(tea.house.fos(order)[0]) == "planned"


def test_a_shorter_remaining_life_serves_whoever_waits(tea: Stock) -> None:
    tea.receive("MUG", 3, lot="L", good_until="2026-12-10")
    [order] = tea.house.place(tea.house.order(("MUG", 2)))
    [fo] = tea.house.fos(order)
    assert tea.house.fo_state(fo) == "planned"
    tea.track("MUG", lots=True, min_life_days=10)
    assert tea.house.fo_state(fo) == "allocated"
    assert tea.lots("MUG") == {"L": (3, 2)}
    assert tea.house.holds(fo, "fo") == []


def test_another_remaining_life_changes_what_is_shown_only_where_lots_are(tea: Stock) -> None:
    told: list[object] = []
    tea.house.system.installation.wiring.hear((StockChanged, StockFreed), lambda uow, events: told.extend(events))
    mug, tee = tea.sku("MUG"), tea.sku("TEE")
    tea.track("TEE", lots=True, min_life_days=5)  # no lot yet
    tea.receive("MUG", 3, lot="L", good_until="2026-12-10")
    told.clear()
    tea.track("MUG", lots=True, min_life_days=60)
    assert told == [StockChanged((mug,))]
    tea.track("MUG", lots=True, min_life_days=5)
    assert told == [StockChanged((mug,)), StockChanged((mug,)), StockFreed((mug,))]
    tea.track("MUG", lots=True, min_life_days=5)
    tea.track("TEE", lots=True, min_life_days=0)
    assert len(told) == 3
    assert tee not in {sku for event in told if isinstance(event, StockChanged) for sku in event.sku_ids}


def test_an_expired_lot_is_received_as_defective_only(tea: Stock) -> None:
    with pytest.raises(DomainError, match="was good until 2026-11-21"):
        tea.receive("MUG", 3, lot="L", good_until="2026-11-21")
    tea.receive("MUG", 3, lot="L", good_until="2026-11-21", quality=Quality.DEFECTIVE)
    assert tea.lots("MUG") == {}


@pytest.mark.parametrize(("lot", "day"), [("", ""), ("L", "31.12.2027"), ("L", "2027-02-30"), (" ", ""), ("x" * 65, "")])
def test_a_lot_needs_a_number_and_a_real_day(tea: Stock, lot: str, day: str) -> None:
    with pytest.raises(DomainError):
        tea.receive("MUG", 3, lot=lot, good_until=day)


def test_a_known_lot_keeps_its_day(tea: Stock) -> None:
    tea.receive("MUG", 3, lot="L", good_until="2027-12-31")
    tea.receive("MUG", 2, lot="L")
    with pytest.raises(DomainError, match="another day is another lot"):
        tea.receive("MUG", 2, lot="L", good_until="2028-01-01")
    assert tea.lots("MUG") == {"L": (5, 0)}


def test_a_sku_without_lots_takes_none(stock: Stock) -> None:
    with pytest.raises(DomainError, match="not kept by lots"):
        stock.receive("TEE", 1, lot="L")


def test_lots_cannot_be_told_apart_afterwards(stock: Stock) -> None:
    stock.receive("TEE", 1)
    with pytest.raises(DomainError, match="1 units of TEE"):
        stock.track("TEE", lots=True)


def test_lots_are_chosen_anew_at_release(tea: Stock) -> None:
    tea.receive("MUG", 2, lot="MID", good_until="2027-06-30")
    [order] = tea.house.place(tea.house.order(("MUG", 2)))
    tea.receive("MUG", 2, lot="EARLY", good_until="2027-03-31")
    assert tea.lots("MUG") == {"EARLY": (2, 0), "MID": (2, 2)}
    tea.house.release(tea.house.fos(order)[0])
    assert tea.lots("MUG") == {"EARLY": (2, 2), "MID": (2, 0)}


def test_what_grew_too_old_before_release_is_planned_anew(tea: Stock) -> None:
    tea.receive("MUG", 2, lot="L", good_until="2027-01-10")
    [order] = tea.house.place(tea.house.order(("MUG", 2)))
    [fo] = tea.house.fos(order)
    later(tea, 30)
    tea.house.release(fo)
    assert tea.house.fo_state(fo) == "planned"
    assert tea.house.holds(fo, "fo") == [HoldCode.OUT_OF_STOCK]
    assert tea.lots("MUG") == {"L": (2, 0)}
    tea.house.prove()
    tea.receive("MUG", 2, lot="N", good_until="2028-01-10")
    assert tea.house.fo_state(fo) == "allocated"


def test_a_whole_run_of_releases_leaves_out_what_grew_too_old(tea: Stock) -> None:
    tea.receive("MUG", 1, lot="L", good_until="2027-01-10")
    tea.receive("TEE", 1)
    old, fresh = tea.house.place(tea.house.order(("MUG", 1)), tea.house.order(("TEE", 1)))
    later(tea, 30)
    assert tea.house.system.release() == tea.house.fos(fresh)
    assert tea.house.fo_state(tea.house.fos(old)[0]) == "planned"


def test_an_expired_lot_does_not_ship(tea: Stock) -> None:
    tea.receive("MUG", 2, lot="L", good_until="2027-01-10")
    [order] = tea.house.place(tea.house.order(("MUG", 2)))
    [fo] = tea.house.fos(order)
    tea.house.release(fo)
    tea.house.label(fo)
    tea.house.pack(fo)
    later(tea, 60)
    with pytest.raises(DomainError, match="lot L was good until 2027-01-10"), tea.house.work() as uow:
        ship(uow, fo)


def test_scanning_another_valid_lot_swaps_it(tea: Stock) -> None:
    tea.receive("MUG", 2, lot="A", good_until="2027-06-30")
    tea.receive("MUG", 2, lot="B", good_until="2027-12-31")
    [order] = tea.house.place(tea.house.order(("MUG", 2)))
    [fo] = tea.house.fos(order)
    tea.house.release(fo)
    with tea.house.work("person:warehouse") as uow:
        assert scan_lot(uow, fo, tea.sku("MUG"), "B", 1) == "A"
    assert tea.lots("MUG") == {"A": (2, 1), "B": (2, 1)}
    with tea.house.work("person:warehouse") as uow:
        assert scan_lot(uow, fo, tea.sku("MUG"), "B") == "A"
        assert scan_lot(uow, fo, tea.sku("MUG"), "B") == ""
    assert tea.lots("MUG") == {"A": (2, 0), "B": (2, 2)}
    tea.house.prove()
    tea.house.label(fo)
    tea.house.pack(fo)
    with tea.house.work() as uow:
        ship(uow, fo)
    assert tea.lots("MUG") == {"A": (2, 0)}


def test_a_lot_that_is_not_there_too_old_or_taken_is_not_swapped_in(tea: Stock) -> None:
    tea.receive("MUG", 1, lot="A", good_until="2027-06-30")
    tea.receive("MUG", 1, lot="B", good_until="2027-12-31")
    tea.receive("MUG", 1, lot="OLD", good_until="2026-11-30")
    first, second = tea.house.place(tea.house.order(("MUG", 1)), tea.house.order(("MUG", 1)))
    [fo], [other] = tea.house.fos(first), tea.house.fos(second)
    with pytest.raises(IllegalTransition), tea.house.work() as uow:
        scan_lot(uow, fo, tea.sku("MUG"), "B")
    tea.house.release(fo)
    for lot, error, words in (
        ("NONE", DomainError, "not in this warehouse"),
        ("OLD", DomainError, "too short"),
        ("B", StockShort, f"FO{other:08d}"),
    ):
        with pytest.raises(error, match=words), tea.house.work() as uow:
            scan_lot(uow, fo, tea.sku("MUG"), lot)
    with pytest.raises(DomainError, match="pick list"), tea.house.work() as uow:
        scan_lot(uow, fo, tea.sku("TEE"), "B")


def test_a_recall_names_orders_and_customers(tea: Stock) -> None:
    tea.receive("MUG", 3, lot="BAD", good_until="2027-06-30")
    tea.receive("MUG", 3, lot="FINE", good_until="2027-12-31")
    orders = [tea.house.place(tea.house.order(("MUG", units)))[0] for units in (2, 2, 1)]
    waybill = tea.house.ship(tea.house.fos(orders[0])[0])
    with tea.house.db.connection():
        found = recall(tea.house.db, tea.sku("MUG"), "BAD")
    assert [(one.order_id, one.units, one.sent, one.waybill) for one in found] == [
        (orders[0], 2, True, waybill),
        (orders[1], 1, False, ""),
    ]
    assert found[0].customer_id == tea.house.card(orders[0]).customer_id
    assert recall(tea.house.db, tea.sku("MUG"), "NONE") == []
