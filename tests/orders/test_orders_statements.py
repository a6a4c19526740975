"""How often the database is asked on the two ways that every order goes, and that nobody misses what was not written yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from orderyard.core.fulfillment import service as fulfillment
from orderyard.core.inventory import service as inventory
from orderyard.core.kernel.db import Change, Database, Question, Rows
from orderyard.core.orders.api import HoldCode
from orderyard.core.orders.intake import OrderDraft, place
from orderyard.core.testing.builders import House

MOST = 14
AT_INTAKE = {True: 14, False: 11}
"""On SQLite, where a statement writes to one table, and on PostgreSQL."""


@contextmanager
def counted(house: House) -> Iterator[list[str]]:
    """The statements that are sent meanwhile, without the transaction's own begin and end."""
    seen: list[str] = []
    house.db.observers.append(seen.append)
    try:
        yield seen
    finally:
        house.db.observers.remove(seen.append)


@pytest.fixture
def stocked(house: House) -> House:
    for code in ("BJ", "GZ", "SH"):
        house.receive(code, TEE=1000, CAP=1000, MUG=1000)
    return house


def drafts(house: House, count: int = 1) -> list[OrderDraft]:
    return [house.order(("TEE", 1), ("CAP", 2), ("MUG", 1), freight=800) for _ in range(count)]


def three_lines(house: House, count: int = 1) -> list[int]:
    return house.place(*drafts(house, count))


def test_an_import_with_review_routing_and_reservation_takes_few_statements(stocked: House) -> None:
    [draft] = drafts(stocked)
    with counted(stocked) as seen:
        [order_id] = stocked.place(draft)
    assert stocked.card(order_id).status == "to_ship"
    assert len(seen) <= AT_INTAKE[stocked.db.sqlite], "\n".join(seen)
    stocked.prove()


def test_many_orders_at_once_take_no_more_than_one(stocked: House) -> None:
    many = drafts(stocked, 50)
    with counted(stocked) as seen:
        ids = stocked.place(*many)
    assert len(seen) <= AT_INTAKE[stocked.db.sqlite], "\n".join(seen)
    assert all(stocked.fos(order_id) for order_id in ids)
    stocked.prove()


def test_shipping_takes_few_statements(stocked: House) -> None:
    [order_id] = three_lines(stocked)
    [fo_id] = stocked.fos(order_id)
    stocked.release(fo_id)
    stocked.label(fo_id)
    stocked.pack(fo_id)
    with counted(stocked) as seen, stocked.work() as uow:
        fulfillment.ship(uow, fo_id)
    assert len(seen) <= MOST, "\n".join(seen)
    stocked.prove()


def test_one_by_one_and_all_at_once_come_to_the_same(stocked: House) -> None:
    for _ in range(6):
        three_lines(stocked)
    alone = stocked.db.rows("SELECT warehouse_id, state, why FROM fulfillment_order ORDER BY id")
    reserved = stocked.levels("CAP")
    three_lines(stocked, 6)
    together = stocked.db.rows("SELECT warehouse_id, state FROM fulfillment_order ORDER BY id")[6:]
    assert [row[1] for row in together] == [row[1] for row in alone] == ["allocated"] * 6
    assert sum(kept for _, kept in stocked.levels("CAP").values()) == 2 * sum(kept for _, kept in reserved.values())


def test_an_order_in_the_same_transaction_is_there_for_whoever_looks(stocked: House) -> None:
    with stocked.work() as uow:
        [order_id] = place(uow, [stocked.order(("TEE", 1))])
        assert uow.db.row("SELECT status FROM sales_order WHERE id = ?", (order_id,)) == ("to_ship",)
        assert uow.db.row("SELECT reserved FROM order_line WHERE order_id = ?", (order_id,)) == (1,)


def test_a_batch_keeps_the_good_orders_when_one_is_held(stocked: House) -> None:
    held, unknown, good = stocked.place(
        stocked.order(("TEE", 1), message="please call first"),
        stocked.order(("HAT", 1)),
        stocked.order(("TEE", 1)),
    )
    assert stocked.holds(held) == [HoldCode.REVIEW_RULE]
    assert stocked.holds(unknown) == [HoldCode.SKU_UNMAPPED]
    assert stocked.card(good).status == "to_ship"
    assert stocked.fos(good)
    stocked.prove()


@pytest.mark.parametrize(
    "statement", ["SELECT COUNT(*) FROM warehouse", "DELETE FROM audit", "WITH w AS (SELECT 1) SELECT * FROM w"]
)
def test_rows_held_back_are_written_before_anything_could_miss_them(house: House, statement: str) -> None:
    written: list[str] = []
    with house.db.write_transaction():
        house.db.hold_back(("warehouse",), lambda: written.append("now"))
        house.db.row("SELECT COUNT(*) FROM shop")
        assert not written
        house.db.execute(statement)
        assert written == ["now"]


def test_what_is_held_back_crosses_no_savepoint(house: House) -> None:
    db = house.db
    written: list[str] = []
    with db.write_transaction():
        db.hold_back(("warehouse",), lambda: written.append("now"))
        with db.savepoint():
            assert written == ["now"]


def _held_back_and_failed(db: Database, written: list[str]) -> None:
    db.hold_back(("warehouse",), lambda: written.append("now"))
    raise LookupError


def test_what_is_held_back_is_undone_with_its_savepoint(house: House) -> None:
    db = house.db
    written: list[str] = []
    with db.write_transaction():
        with pytest.raises(LookupError), db.savepoint():
            _held_back_and_failed(db, written)
        db.row("SELECT COUNT(*) FROM warehouse")
    assert not written


def test_a_foreseen_answer_is_dropped_when_its_table_is_written_to(house: House) -> None:
    db = house.db
    titles = Question("SELECT title FROM warehouse WHERE code = ?", ("SH",), 1)
    shops = Question("SELECT COUNT(*) FROM shop", (), 1)
    with db.write_transaction():
        db.foresee(titles, shops)
        db.change("UPDATE warehouse SET title = 'Elsewhere' WHERE code = 'SH'")
        assert db.row(titles.sql, titles.parameters) == ("Elsewhere",)
        assert db.row(shops.sql) == (3,)


def test_a_foreseen_answer_keeps_its_order_and_is_given_once(house: House) -> None:
    db = house.db
    codes = Question("SELECT code FROM warehouse ORDER BY code DESC", (), 1)
    shops = Question("SELECT id, code FROM shop ORDER BY code DESC", (), 2)
    with db.write_transaction():
        db.foresee(codes, shops)
        with counted(house) as seen:
            assert db.rows(codes.sql) == [("SH",), ("GZ",), ("BJ",)]
            assert [row[1] for row in db.rows(shops.sql)] == ["us", "cn2", "cn"]
            asked = len(seen)
            db.rows(codes.sql)
        assert asked == (0 if db.sqlite else 2)
        assert len(seen) == asked + 1


def test_writes_travel_together_and_say_what_they_touched(house: House) -> None:
    db = house.db
    with db.write_transaction(), counted(house) as seen:
        counts = db.together(
            Rows("warehouse", ("code", "title", "regions", "address"), [("X1", "", "[]", "{}"), ("X2", "", "[]", "{}")]),
            Rows("warehouse", ("code",), []),
            Change("UPDATE shop SET title = ? WHERE code = ?", ("Nobody", "none")),
            Change("UPDATE shop SET title = ? WHERE currency = ?", ("Home", "CNY")),
        )
    assert counts == [2, 0, 0, 2]
    assert len(seen) == (3 if db.sqlite else 1)


def test_a_short_level_takes_the_whole_reservation_back(stocked: House) -> None:
    with stocked.work() as uow:
        [level, *_] = inventory.lock_levels(uow, [stocked.items["TEE"].sku_id], [stocked.shops["cn"].id])
    with stocked.work() as uow:
        inventory.write_off(uow, level.lots[0][0], 1000, key="GONE", because="burnt")
    wants = [inventory.Want("test", 1, level, 1)]
    with pytest.raises(Exception, match="faster"), stocked.work() as uow:
        inventory.reserve(uow, wants)
    assert stocked.db.row("SELECT COUNT(*) FROM reservation") == (0,)
