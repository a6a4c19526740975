"""Stock as of any moment, and the moves behind a number."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orderyard.core.inventory import adjusting
from orderyard.core.inventory.api import Quality
from orderyard.core.inventory.history import as_of, explain
from orderyard.core.inventory.transfers import Load, send
from orderyard.core.kernel.errors import DomainError

from .conftest import Stock

TODAY = "2026-11-22"


def test_stock_as_of_any_moment_follows_the_moves(stock: Stock) -> None:
    start = stock.house.environment.moment
    stock.receive("TEE", 5, cost=100)
    stock.house.environment.moment += timedelta(hours=1)
    [order] = stock.house.place(stock.house.order(("TEE", 2)))
    stock.house.ship(stock.house.fos(order)[0])
    stock.house.environment.moment += timedelta(hours=1)
    with stock.house.work() as uow:
        adjusting.change_quality(uow, stock.at("SH"), stock.sku("TEE"), 1, Quality.GOOD, Quality.QC, key="Q")
    seen = []
    with stock.house.db.connection():
        for hours in (-1, 0, 1, 2):
            then = as_of(stock.house.db, start + timedelta(hours=hours), sku_ids=[stock.sku("TEE")])
            seen.append([(one.warehouse, one.quality, one.units, one.value) for one in then])
        elsewhere = as_of(stock.house.db, start + timedelta(days=1), warehouse_ids=[stock.at("GZ")])
    assert seen == [
        [],
        [("SH", "good", 5, 500)],
        [("SH", "good", 3, 300)],
        [("SH", "good", 2, 200), ("SH", "qc", 1, 100)],
    ]
    assert elsewhere == []


def test_a_number_is_explained_by_its_moves_and_promises(stock: Stock) -> None:
    stock.track("MUG", lots=True, min_life_days=30)
    stock.bins()
    stock.receive("MUG", 5, lot="A", good_until="2027-06-30", bin="A1")
    stock.receive("MUG", 2, lot="OLD", good_until="2026-11-30")
    [order] = stock.house.place(stock.house.order(("MUG", 2)))
    with stock.house.work() as uow:
        adjusting.adjust(uow, stock.at("SH"), stock.sku("MUG"), -1, reason="broken", key="X", lot="A")
        send(uow, stock.at("SH"), stock.at("GZ"), [Load(stock.sku("MUG"), 1, "A")], key="T")
    with stock.house.db.connection():
        told = explain(stock.house.db, stock.sku("MUG"), stock.at("SH"), TODAY, name=lambda kind, ids: {ids[0]: "FO1"})
        there = explain(stock.house.db, stock.sku("MUG"), stock.at("GZ"), TODAY)
    assert (told.good, told.reserved, told.quarantined, told.expired, told.available) == (5, 2, 0, 2, 1)
    assert [(step.change, step.after, step.source, step.target, step.reason) for step in told.steps] == [
        (-1, 5, "stock", "transit", ""),
        (-1, 6, "stock", "adjustment", "broken"),
        (2, 7, "supplier", "stock", ""),
        (5, 5, "supplier", "stock", ""),
    ]
    assert told.steps[-1].bins == ("", "A1")
    assert [(one.number, one.lot, one.units) for one in told.promises] == [("FO1", "A", 2)]
    assert (there.good, there.incoming, there.steps) == (0, 1, ())
    assert stock.house.fos(order)


def test_moves_come_in_pages_with_their_running_sum(stock: Stock) -> None:
    for _ in range(5):
        stock.receive("TEE", 1)
    with stock.house.db.connection():
        first = explain(stock.house.db, stock.sku("TEE"), stock.at("SH"), TODAY, page=2)
        second = explain(stock.house.db, stock.sku("TEE"), stock.at("SH"), TODAY, page=2, before=first.more)
        last = explain(stock.house.db, stock.sku("TEE"), stock.at("SH"), TODAY, page=2, before=second.more)
    assert [[step.after for step in page.steps] for page in (first, second, last)] == [[5, 4], [3, 2], [1]]
    assert last.more is None


def test_what_is_counted_is_said_to_be(stock: Stock) -> None:
    stock.receive("TEE", 5)
    stock.count("TEE")
    with stock.house.db.connection():
        told = explain(stock.house.db, stock.sku("TEE"), stock.at("SH"), TODAY)
    assert (told.good, told.quarantined, told.available) == (5, 5, 0)


def test_there_must_be_something_to_explain(stock: Stock) -> None:
    with pytest.raises(DomainError), stock.house.db.connection():
        explain(stock.house.db, 999, stock.at("SH"), TODAY)
