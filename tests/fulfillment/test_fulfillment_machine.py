"""Anything people may do to orders and fulfillment orders, in any order: the books are sound after every step."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from orderyard.core.fulfillment import allocation, merging, putback, replanning, split
from orderyard.core.fulfillment import service as fulfillment
from orderyard.core.fulfillment.release import release_ready
from orderyard.core.kernel.errors import DomainError, OrderyardError
from orderyard.core.kernel.uow import UnitOfWork
from orderyard.core.orders import amendments, holds
from orderyard.core.orders import service as orders
from orderyard.core.orders.api import HoldCode
from orderyard.core.orders.changes import AddLine, Amount, Change, Discount, Freight, NewAddress, Price, Quantity
from orderyard.core.review import decisions
from orderyard.core.testing.builders import House, door, open_house
from orderyard.core.testing.databases import Databases

SKUS = ("TEE", "CAP", "SET", "DUO")
PLACES = (door(1), door(2), door(3, "广东省"))
any_number = st.integers(0, 10_000)
small = st.integers(1, 4)


class Commands(RuleBasedStateMachine):
    """Each rule is one command; a refusal is fine, as long as it says what to do and leaves no trace."""

    open: Callable[[], Any]

    def __init__(self) -> None:
        super().__init__()
        self.context = self.open()
        self.house: House = self.context.__enter__()
        self.keys = itertools.count(1)

    def teardown(self) -> None:
        self.context.__exit__(None, None, None)

    def do(self, command: Callable[[UnitOfWork], object]) -> None:
        try:
            with self.house.work() as uow:
                command(uow)
        except OrderyardError as error:
            if not (isinstance(error, DomainError) and error.what):
                raise AssertionError(f"not a refusal: {error!r}") from error

    def one(self, sql: str, number: int) -> Any:
        rows = self.house.db.rows(sql)
        return rows[number % len(rows)][0] if rows else 0

    def an_order(self, number: int) -> int:
        return int(self.one("SELECT id FROM sales_order ORDER BY id", number))

    def a_fo(self, number: int) -> int:
        return int(self.one("SELECT id FROM fulfillment_order WHERE state <> 'cancelled' ORDER BY id", number))

    # goods and orders

    @initialize()
    def stock(self) -> None:
        self.house.receive("SH", TEE=4, CAP=3, MUG=3)
        self.house.receive("GZ", TEE=2, CAP=2)

    @rule(where=st.sampled_from(["SH", "GZ"]), what=st.sampled_from(["TEE", "CAP", "MUG"]), units=small)
    def receive(self, where: str, what: str, units: int) -> None:
        self.house.receive(where, **{what: units})

    @rule(
        wanted=st.lists(st.tuples(st.sampled_from(SKUS), small), min_size=1, max_size=2, unique_by=lambda pair: pair[0]),
        to=st.sampled_from(PLACES), cod=st.booleans(), freight=st.sampled_from([0, 333]),
    )  # fmt: skip
    def order(self, wanted: list[tuple[str, int]], to: Any, cod: bool, freight: int) -> None:
        self.house.place(self.house.order(*wanted, to=to, cod=cod, freight=freight))

    @rule(order=any_number, amount=st.sampled_from([1, 100, 5000, 100000]))
    def pay(self, order: int, amount: int) -> None:
        key = f"K{next(self.keys)}"
        at = self.house.environment.moment
        self.do(lambda uow: orders.receive_payment(uow, orders.PaymentFacts(self.an_order(order), amount, at, "cash", key)))

    @rule(order=any_number, amount=st.sampled_from([1, 100, 5000]))
    def refund(self, order: int, amount: int) -> None:
        key = f"K{next(self.keys)}"
        at = self.house.environment.moment
        self.do(lambda uow: orders.refund(uow, orders.PaymentFacts(self.an_order(order), amount, at, "cash", key)))

    # people

    @rule(order=any_number, warehouse=st.sampled_from(["", "SH", "GZ", "BJ"]))
    def approve(self, order: int, warehouse: str) -> None:
        self.do(lambda uow: decisions.approve(uow, self.an_order(order), "fine", warehouse=warehouse))

    @rule(order=any_number)
    def withdraw(self, order: int) -> None:
        self.do(lambda uow: decisions.withdraw(uow, self.an_order(order), "wrong"))

    @rule(order=any_number, asked=st.booleans())
    def finance(self, order: int, asked: bool) -> None:
        self.do(lambda uow: decisions.ask_finance(uow, "cn", asked))
        self.do(lambda uow: decisions.approve_finance(uow, self.an_order(order)))

    @rule(order=any_number, code=st.sampled_from(sorted(HoldCode)))
    def hold(self, order: int, code: HoldCode) -> None:
        self.do(lambda uow: holds.open_by_hand(uow, [self.an_order(order)], code, "wait"))

    @rule(hold=any_number)
    def lift(self, hold: int) -> None:
        found = int(self.one("SELECT id FROM hold WHERE released_at IS NULL ORDER BY id", hold))
        self.do(lambda uow: holds.lift_hold(uow, found, "go on"))

    @rule(order=any_number, line=any_number, units=small, every=st.booleans())
    def cancel(self, order: int, line: int, units: int, every: bool) -> None:
        order_id = self.an_order(order)
        ids = self.house.line_ids(order_id)
        wanted = None if every or not ids else {ids[line % len(ids)]: units}
        self.do(lambda uow: orders.cancel(uow, order_id, wanted, "buyer"))

    @rule(order=any_number, sealed=st.booleans())
    def seal(self, order: int, sealed: bool) -> None:
        command = merging.seal if sealed else merging.unseal
        self.do(lambda uow: command(uow, self.an_order(order), "gift"))

    @rule(
        order=any_number, previewed=st.booleans(),
        changes=st.lists(
            st.one_of(
                st.builds(Quantity, st.integers(1, 5), st.integers(0, 5)),
                st.builds(Price, st.integers(1, 4), st.sampled_from([0, 1, 9900, 3333])),
                st.builds(Amount, st.integers(1, 4), st.sampled_from([0, 1, 10001])),
                st.builds(AddLine, st.sampled_from(SKUS), small),
                st.builds(Discount, st.sampled_from([1, 100, 7777])),
                st.builds(Freight, st.sampled_from([0, 1, 1000])),
                st.builds(NewAddress, st.sampled_from(PLACES)),
            ),
            min_size=1, max_size=3,
        ),
    )  # fmt: skip
    def amend(self, order: int, changes: list[Change], previewed: bool) -> None:
        order_id = self.an_order(order)

        def command(uow: UnitOfWork) -> None:
            if not previewed:
                amendments.amend(uow, order_id, changes, "asked")
                return
            seen = amendments.preview(uow, order_id, changes)
            amendments.amend(uow, order_id, changes, "asked")
            uow.settle()
            assert amendments.sums(uow.db, order_id) == seen.after, "a preview is never wrong"

        self.do(command)

    # planning

    @rule(fo=any_number, line=any_number, units=small)
    def split(self, fo: int, line: int, units: int) -> None:
        fo_id = self.a_fo(fo)
        rows = self.house.db.rows("SELECT line_id FROM fo_line WHERE fo_id = ? ORDER BY id", (fo_id,))
        if rows:
            wanted = {rows[line % len(rows)][0]: units}
            self.do(lambda uow: split.split_quantity(uow, fo_id, wanted, "two parcels"))

    @rule(fo=any_number, line=any_number)
    def split_line(self, fo: int, line: int) -> None:
        fo_id = self.a_fo(fo)
        rows = self.house.db.rows(
            "SELECT l.id FROM order_line l WHERE l.kit_line IS NULL AND l.order_id IN "
            "(SELECT order_id FROM fo_line WHERE fo_id = ?) ORDER BY l.id",
            (fo_id,),
        )
        if rows:
            self.do(lambda uow: split.split_lines(uow, fo_id, [rows[line % len(rows)][0]], "by itself"))

    @rule(fo=any_number)
    def split_missing(self, fo: int) -> None:
        self.do(lambda uow: split.split_missing(uow, self.a_fo(fo), "what is there"))

    @rule(fo=any_number, where=st.sampled_from(["SH", "GZ", "BJ"]), units=st.one_of(st.none(), small))
    def elsewhere(self, fo: int, where: str, units: int | None) -> None:
        fo_id = self.a_fo(fo)
        rows = self.house.db.rows("SELECT line_id FROM fo_line WHERE fo_id = ? ORDER BY id LIMIT 1", (fo_id,))
        wanted = None if units is None or not rows else {rows[0][0]: units}
        self.do(lambda uow: split.split_to_warehouse(uow, fo_id, wanted, where, "nearer"))

    @rule(one=any_number, other=any_number)
    def merge(self, one: int, other: int) -> None:
        self.do(lambda uow: merging.merge(uow, [self.a_fo(one), self.a_fo(other)], "same door"))

    @rule()
    def merge_candidates(self) -> None:
        with self.house.db.connection():
            found = merging.candidates(self.house.db)
        for candidate in found:
            if candidate.fo_ids:
                with self.house.work() as uow:  # what is proposed can be done
                    merging.merge(uow, candidate.fo_ids, "proposed")
                return

    @rule(fo=any_number)
    def unmerge(self, fo: int) -> None:
        self.do(lambda uow: merging.unmerge(uow, self.a_fo(fo), "apart"))

    @rule(fo=any_number)
    def reroute(self, fo: int) -> None:
        self.do(lambda uow: replanning.reroute(uow, self.a_fo(fo), "again"))

    @rule(policy=st.sampled_from(sorted(allocation.POLICIES)))
    def allocate(self, policy: str) -> None:
        with self.house.work() as uow:
            seen = allocation.preview(uow, policy)
            assert allocation.apply(uow, policy, token=seen.token) == seen

    # the warehouse

    @rule()
    def release(self) -> None:
        self.do(release_ready)

    @rule(fo=any_number)
    def label(self, fo: int) -> None:
        rows = self.house.db.rows("SELECT id FROM waybill WHERE state = 'requested' ORDER BY id")
        if rows:
            waybill = rows[fo % len(rows)][0]
            number = f"SF{next(self.keys)}"
            self.do(lambda uow: fulfillment.issue_waybill(uow, waybill, number, "", None, ""))

    @rule(fo=any_number, steps=st.integers(1, 4))
    def work(self, fo: int, steps: int) -> None:
        fo_id = self.a_fo(fo)
        for _ in range(steps):
            state = self.house.db.rows("SELECT state FROM fulfillment_order WHERE id = ?", (fo_id,))
            step = {
                "released": fulfillment.start_picking, "picking": fulfillment.pick, "picked": fulfillment.pack,
                "packed": fulfillment.ship,
            }.get(state[0][0] if state else "")  # fmt: skip
            if step is not None:
                self.do(lambda uow, step=step: step(uow, fo_id))  # type: ignore[misc]

    @rule(task=any_number)
    def put_back(self, task: int) -> None:
        found = int(self.one("SELECT id FROM putback WHERE state = 'open' ORDER BY id", task))
        self.do(lambda uow: putback.put_back(uow, found, "A1"))

    @invariant()
    def sound(self) -> None:
        self.house.prove()


def play(databases: Databases, tmp_path: Path, examples: int, steps: int) -> None:
    homes = itertools.count(1)

    class Here(Commands):
        @staticmethod
        def open() -> Any:  # type: ignore[override]
            home = tmp_path / str(next(homes))
            home.mkdir()
            return open_house(databases, home)

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Here,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )  # fmt: skip


@pytest.mark.parametrize("steps", [30])
def test_the_books_stay_sound_whatever_people_do(databases: Databases, tmp_path: Path, steps: int) -> None:
    play(databases, tmp_path, 6, steps)
