"""One command, one transaction: whole or not at all, and only one at a time on a thread."""

from __future__ import annotations

import threading

import peewee
import pytest

from orderyard.core.kernel.errors import DomainError, OrderyardError
from orderyard.core.kernel.uow import UnitOfWork, Wiring
from orderyard.core.orders.intake import place
from orderyard.core.testing.builders import House


def tables(house: House) -> dict[str, int]:
    """How many rows each table has that a command writes to."""
    names = ("sales_order", "order_line", "payment", "hold", "fulfillment_order", "fo_line", "reservation", "audit",
             "task", "ledger_entry", "ledger_posting", "customer", "postal_address", "stock_move")  # fmt: skip
    return {name: house.db.rows(f"SELECT COUNT(*) FROM {name}")[0][0] for name in names}


def test_a_second_unit_of_work_on_the_same_thread_is_refused_and_the_first_goes_on(house: House) -> None:
    with house.work() as uow:
        with pytest.raises(OrderyardError, match="already open"), house.work():
            pytest.fail("it was let in")
        uow.note("still here", "order", 1)
    assert house.db.rows("SELECT action FROM audit WHERE action = 'still here'") != []
    with house.work() as uow:
        uow.note("and again", "order", 1)


def test_another_thread_writes_after_the_first_or_beside_it(house: House) -> None:
    def write() -> None:
        with house.work() as uow:
            uow.note("from a thread", "order", 1)
        house.db.release()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert house.db.rows("SELECT COUNT(*) FROM audit WHERE action = 'from a thread'")[0][0] == 4


def test_an_error_leaves_no_trace(house: House) -> None:
    house.receive("SH", TEE=5)
    before, levels = tables(house), house.levels("TEE")

    def place_and_regret() -> None:
        with house.work() as uow:
            place(uow, [house.order(("TEE", 2)), house.order(("SET", 1), paid=False)])
            uow.settle()
            raise DomainError("changed my mind")

    with pytest.raises(DomainError, match="changed my mind"):
        place_and_regret()
    assert (tables(house), house.levels("TEE")) == (before, levels)
    assert len(house.place(house.order(("TEE", 5)))) == 1
    house.prove()


def test_a_listener_that_raises_undoes_the_whole_command(house: House) -> None:
    def refuse(uow: UnitOfWork, events: list[object]) -> None:
        raise DomainError("not while I am here")

    house.receive("SH", TEE=5)
    before = tables(house)
    wiring: Wiring = house.system.installation.wiring
    last, wiring.last = wiring.last, refuse
    with pytest.raises(DomainError, match="not while"):
        house.place(house.order(("TEE", 2)))
    wiring.last = last
    assert tables(house) == before
    assert house.levels("TEE") == {"SH": (5, 0)}


def test_events_that_go_round_in_circles_are_stopped(house: House) -> None:
    house.system.installation.wiring.hear(str, lambda uow, events: uow.emit(*events))
    with pytest.raises(OrderyardError, match="round in circles"), house.work() as uow:
        uow.emit("ping")


def test_the_hint_comes_after_the_commit_only(house: House) -> None:
    heard: list[object] = []
    house.system.installation.wiring.committed = heard.extend

    def emit_and_fail() -> None:
        with house.work() as uow:
            uow.emit(1)
            raise DomainError("no")

    with pytest.raises(DomainError, match="no"):
        emit_and_fail()
    assert heard == []
    with house.work() as uow:
        uow.emit(2)
        assert heard == []
    assert heard == [2]


def test_ids_are_never_given_out_twice(house: House) -> None:
    given: list[int] = []
    with house.work() as uow:
        given += uow.take_ids("fulfillment_order", 2, fo_line=3)
        given += uow.take_ids("fulfillment_order", 1)
        given += uow.take_ids("fulfillment_order", 5)
        lines = uow.take_ids("fo_line", 2) + uow.take_ids("fo_line", 4) + uow.take_ids("fo_line", 1)
    assert len(set(given)) == len(given) == 8
    assert len(set(lines)) == len(lines) == 7


def test_ids_given_out_go_on_after_rows_that_were_written_meanwhile(house: House) -> None:
    house.receive("SH", TEE=10, CAP=10)
    first = house.place(house.order(("TEE", 1)), house.order(("CAP", 1)))
    second = house.place(*[house.order(("TEE", 1)) for _ in range(3)])
    assert len({*first, *second}) == 5
    rows = house.db.rows("SELECT COUNT(*), COUNT(DISTINCT id) FROM fo_line")
    assert tuple(rows[0]) == (5, 5)
    house.prove()


def test_a_part_that_fails_by_itself_leaves_the_rest_of_the_command(house: House) -> None:
    heard: list[object] = []
    house.system.installation.wiring.committed = heard.extend

    def fail(uow: UnitOfWork) -> None:
        with uow.attempt():
            uow.db.change("UPDATE shop SET title = 'wrong'")
            uow.note("wrong", "shop", 1)
            uow.emit("wrong")
            raise DomainError("not this part")

    with house.work() as uow:
        uow.note("before", "shop", 1)
        uow.emit("before")
        with pytest.raises(DomainError, match="not this part"):
            fail(uow)
        with uow.attempt():
            uow.note("after", "shop", 1)
            uow.emit("after")
    assert heard == ["before", "after"]
    assert house.db.rows("SELECT 1 FROM shop WHERE title = 'wrong'") == []
    assert [row[0] for row in house.db.rows("SELECT action FROM audit WHERE kind = 'shop' ORDER BY id DESC LIMIT 2")] == [
        "after",
        "before",
    ]


def test_a_command_that_met_a_lock_is_carried_out_again_and_not_for_ever(house: House) -> None:
    installation = house.system.installation
    met: list[int] = []

    def command(uow: UnitOfWork) -> str:
        uow.note("tried", "order", 1)
        met.append(1)
        if len(met) < 3:
            raise peewee.OperationalError("deadlock detected")
        return "done"

    assert installation.carry_out("person:ann", command) == "done"
    assert house.db.rows("SELECT COUNT(*) FROM audit WHERE action = 'tried'") == [(1,)]


def test_a_lock_that_stays_is_said_in_the_end(house: House) -> None:
    tries: list[UnitOfWork] = []

    def command(uow: UnitOfWork) -> None:
        tries.append(uow)
        raise peewee.OperationalError("locked for ever")

    with pytest.raises(peewee.OperationalError, match="for ever"):
        house.system.installation.carry_out("person:ann", command)
    assert len(tries) == 5
