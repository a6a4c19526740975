"""Low stock is told once when it happens and once when it is over, however many transactions touch it meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from orderyard.core.inventory import alerts
from orderyard.core.inventory.alerts import Threshold
from orderyard.core.inventory.api import LowStock, LowStockCleared
from orderyard.core.kernel.errors import DomainError
from orderyard.core.orders import service as orders
from orderyard.core.testing.builders import House

from .conftest import Stock


@pytest.fixture
def told(house: House) -> list[object]:
    """Every alert that a unit of work told, in order."""
    heard: list[object] = []
    house.system.installation.wiring.hear((LowStock, LowStockCleared), lambda uow, events: heard.extend(events))
    return heard


def watch(house: House, code: str, units: int, warehouse: str = "") -> int:
    with house.work() as uow:
        return alerts.set_threshold(uow, house.items[code].sku_id, units, house.warehouses[warehouse] if warehouse else None)


def sell(house: House, *lines: tuple[str, int]) -> int:
    [order_id] = house.place(house.order(*lines))
    house.system.watch_changed()
    return order_id


def short(events: Sequence[object]) -> list[tuple[str, str, str, int]]:
    return [
        (type(event).name, event.sku, event.warehouse, event.available)
        for event in events
        if isinstance(event, LowStock | LowStockCleared)
    ]


def open_alerts(house: House) -> list[tuple[str, str, int, int]]:
    with house.db.connection():
        return [(one.sku, one.warehouse, one.units, one.available) for one in alerts.alerts(house.db) if one.cleared_at is None]


def test_it_fires_below_and_not_at_the_threshold(house: House, told: list[object]) -> None:
    house.receive("SH", TEE=10)
    watch(house, "TEE", 5)
    sell(house, ("TEE", 5))
    assert open_alerts(house) == []
    sell(house, ("TEE", 1))
    assert open_alerts(house) == [("TEE", "", 5, 4)]
    assert short(told) == [("low_stock", "TEE", "", 4)]
    house.prove()


def test_it_fires_once_however_low_it_gets(house: House, told: list[object]) -> None:
    house.receive("SH", TEE=10)
    watch(house, "TEE", 5)
    for _ in range(5):
        sell(house, ("TEE", 2))
    assert short(told) == [("low_stock", "TEE", "", 4)]
    assert open_alerts(house) == [("TEE", "", 5, 4)]


def test_it_clears_at_the_threshold_and_fires_again_below(house: House, told: list[object]) -> None:
    house.receive("SH", TEE=4)
    watch(house, "TEE", 5)
    house.receive("SH", TEE=1)
    house.system.watch_changed()
    order_id = sell(house, ("TEE", 1))
    with house.work() as uow:
        orders.cancel(uow, order_id, None, "changed their mind")
    house.system.watch_changed()
    assert short(told) == [
        ("low_stock", "TEE", "", 4), ("low_stock_cleared", "TEE", "", 5),
        ("low_stock", "TEE", "", 4), ("low_stock_cleared", "TEE", "", 5),
    ]  # fmt: skip
    assert [event.alert_id for event in told if isinstance(event, LowStock | LowStockCleared)] == [1, 1, 2, 2]
    assert open_alerts(house) == []
    house.prove()


def test_one_warehouse_may_be_low_while_all_together_are_not(house: House, told: list[object]) -> None:
    house.receive("SH", TEE=3)
    house.receive("GZ", TEE=10)
    watch(house, "TEE", 5)
    watch(house, "TEE", 5, "SH")
    watch(house, "TEE", 5, "GZ")
    assert short(told) == [("low_stock", "TEE", "SH", 3)]
    house.receive("SH", TEE=2)
    house.system.watch_changed()
    assert short(told)[1:] == [("low_stock_cleared", "TEE", "SH", 5)]


def test_what_is_low_already_is_told_when_it_is_watched(house: House, told: list[object]) -> None:
    watch(house, "MUG", 1)
    assert short(told) == [("low_stock", "MUG", "", 0)]


def test_another_number_moves_the_threshold(house: House, told: list[object]) -> None:
    house.receive("SH", TEE=6)
    first = watch(house, "TEE", 5)
    assert watch(house, "TEE", 8) == first
    assert watch(house, "TEE", 7) == first  # still low, and told already
    watch(house, "TEE", 6)
    assert short(told) == [("low_stock", "TEE", "", 6), ("low_stock_cleared", "TEE", "", 6)]
    assert house.db.row("SELECT COUNT(*) FROM stock_threshold") == (1,)


def test_what_nobody_watches_any_more_is_cleared(house: House, told: list[object]) -> None:
    threshold = watch(house, "TEE", 5)
    with house.work() as uow:
        alerts.drop_threshold(uow, threshold)
    assert short(told) == [("low_stock", "TEE", "", 0), ("low_stock_cleared", "TEE", "", 0)]
    assert house.system.watch() == 0
    with house.db.connection():
        assert alerts.thresholds(house.db, "2026-11-22") == []
        assert [(one.sku, one.cleared_at is None) for one in alerts.alerts(house.db)] == [("TEE", False)]
    with pytest.raises(DomainError, match="no such threshold"), house.work() as uow:
        alerts.drop_threshold(uow, threshold)
    house.prove()


def test_only_what_can_be_sold_is_available(stock: Stock, told: list[object]) -> None:
    stock.track("TEE", lots=True, min_life_days=30)
    stock.receive("TEE", 4, lot="OLD", good_until="2026-12-01")
    stock.receive("TEE", 6, lot="NEW", good_until="2027-12-01")
    watch(stock.house, "TEE", 7)
    assert short(told) == [("low_stock", "TEE", "", 6)]


def test_a_lot_that_grows_too_old_is_missed_by_the_whole_round(stock: Stock, told: list[object]) -> None:
    stock.track("TEE", lots=True, min_life_days=30)
    stock.receive("TEE", 6, lot="L", good_until="2027-01-01")
    watch(stock.house, "TEE", 1)
    stock.house.environment.moment += timedelta(days=60)
    assert stock.house.system.watch() == 1
    assert short(told) == [("low_stock", "TEE", "", 0)]


def test_a_count_is_no_shortage(stock: Stock, told: list[object]) -> None:
    stock.receive("TEE", 6)
    watch(stock.house, "TEE", 5)
    count = stock.count("TEE")
    stock.house.system.watch()
    assert told == []
    stock.found(count, "TEE", 2)
    stock.close(count)
    stock.house.system.watch_changed()
    assert short(told) == [("low_stock", "TEE", "", 2)]


def test_changes_of_other_skus_are_no_reason_to_write(house: House) -> None:
    house.receive("SH", TEE=4, CAP=9)
    watch(house, "TEE", 5)
    house.system.watch()
    seen: list[str] = []
    sell(house, ("CAP", 1))
    house.db.observers.append(seen.append)
    assert house.system.watch_changed() == 0  # heard of already
    assert house.system.watch(frozenset({house.items["CAP"].sku_id})) == 0
    house.db.observers.remove(seen.append)
    assert [sql.split()[0] for sql in seen] == ["SELECT"]


def test_orders_are_asked_nothing_for_it(house: House) -> None:
    house.receive("SH", TEE=40)
    sell(house, ("TEE", 1))

    def statements() -> int:
        draft = house.order(("TEE", 1))
        seen: list[str] = []
        house.db.observers.append(seen.append)
        house.place(draft)
        house.db.observers.remove(seen.append)
        return len(seen)

    before = statements()
    watch(house, "TEE", 39)
    assert statements() == before


def test_two_that_look_at_once_tell_it_once(house: House, told: list[object]) -> None:
    house.receive("SH", TEE=10, CAP=10)
    watch(house, "TEE", 5)
    watch(house, "CAP", 5)
    house.place(house.order(("TEE", 6), ("CAP", 6)))
    ready = threading.Barrier(4)
    failures: list[BaseException] = []

    def look() -> None:
        try:
            ready.wait(30)
            house.system.watch()
        except BaseException as error:
            failures.append(error)
        finally:
            house.db.release()

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(short(told)) == [("low_stock", "CAP", "", 4), ("low_stock", "TEE", "", 4)]
    assert sorted(open_alerts(house)) == [("CAP", "", 5, 4), ("TEE", "", 5, 4)]


def test_the_history_of_the_sku_says_when_and_how_little(house: House) -> None:
    house.receive("SH", TEE=4)
    watch(house, "TEE", 5, "SH")
    house.receive("SH", TEE=5)
    house.system.watch_changed()
    rows = house.db.rows(
        "SELECT action, because, actor FROM audit WHERE kind = 'sku' AND document = ? AND action LIKE 'low%' ORDER BY id",
        (house.items["TEE"].sku_id,),
    )
    assert rows == [
        ("low stock", "TEE in SH: 4 available, wanted 5", "person:ann"),
        ("low stock cleared", "TEE in SH: 9 available, wanted 5", "automatic"),
    ]


@pytest.mark.parametrize("units", [0, -1, True, 10**10])
def test_a_threshold_is_a_number_of_units(house: House, units: int) -> None:
    with pytest.raises(DomainError, match="a threshold of"):
        watch(house, "TEE", units)


def test_kits_and_unknown_places_are_refused(house: House) -> None:
    with pytest.raises(DomainError, match="watch its components"):
        watch(house, "SET", 5)
    with pytest.raises(DomainError, match="no warehouse 99"), house.work() as uow:
        alerts.set_threshold(uow, house.items["TEE"].sku_id, 5, 99)


def test_a_threshold_says_how_it_stands(house: House) -> None:
    house.receive("SH", TEE=4, CAP=9)
    watch(house, "CAP", 5)
    watch(house, "TEE", 5, "SH")
    with house.db.connection():
        low, fine = alerts.thresholds(house.db, "2026-11-22")
        assert alerts.low(house.db) == 1
    tee, cap = house.items["TEE"], house.items["CAP"]
    fired = house.environment.moment
    assert low == Threshold(2, tee.sku_id, "TEE", "Tee", house.warehouses["SH"], "SH", 5, 4, 1, fired)
    assert fine == Threshold(1, cap.sku_id, "CAP", "Cap", None, "", 5, 9, None, None)
    assert not low.crossed
    assert not fine.crossed
    assert replace(fine, available=4).crossed
    assert replace(low, available=5).crossed
