"""Anything may follow anything, and after every step the books add up."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from orderyard.core.catalog.service import map_listing
from orderyard.core.fulfillment import service as fulfillment
from orderyard.core.fulfillment.release import release_ready
from orderyard.core.inventory import service as inventory
from orderyard.core.kernel.errors import DomainError
from orderyard.core.orders import service as orders
from orderyard.core.orders.api import HoldCode
from orderyard.core.orders.service import PaymentFacts
from orderyard.core.review.service import approve, reject
from orderyard.core.testing.builders import AT, door
from orderyard.core.testing.databases import Databases
from orderyard.core.testing.paper import body, document, later, open_shop

SKUS = ("TEE", "CAP", "MUG")
PLACES = ("BJ", "GZ", "SH")
UNMAPPED = "GHOST"
CODES = st.sampled_from((*SKUS, "SET", "DUO", UNMAPPED))
BASKET = st.dictionaries(CODES, st.integers(1, 3), min_size=1, max_size=3).map(lambda lines: tuple(lines.items()))
ANY = st.integers(0, 10_000)
"""Chooses one of however many there are."""

NEXT: dict[str, Callable[..., None]] = {
    "released": fulfillment.start_picking,
    "picking": fulfillment.pick,
    "picked": fulfillment.pack,
    "packed": fulfillment.ship,
}


@contextmanager
def may_refuse() -> Iterator[None]:
    """A rule of the business may say no; then nothing was written, which the invariants see."""
    try:
        yield
    except DomainError:
        return


class Merchant(RuleBasedStateMachine):
    """A merchant to whom everything happens."""

    databases: ClassVar[Databases]

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        home = self.stack.enter_context(tempfile.TemporaryDirectory())
        self.shop = self.stack.enter_context(open_shop(self.databases, Path(home)))
        self.house = self.shop.house
        self.number = 0
        self.documents: list[dict[str, Any]] = []
        self.delivered: list[tuple[str, bytes]] = []
        self.received = dict.fromkeys(SKUS, 0)
        self.gone = dict.fromkeys(SKUS, 0)
        self.stack.enter_context(self.house.db.connection())

    def teardown(self) -> None:
        self.stack.close()

    def count(self) -> int:
        self.number += 1
        return self.number

    def ids(self, sql: str) -> list[int]:
        return [row[0] for row in self.house.db.rows(sql)]

    def one(self, sql: str, which: int) -> int:
        found = self.ids(sql)
        return found[which % len(found)] if found else 0

    def an_order(self, which: int) -> int:
        return self.one("SELECT id FROM sales_order ORDER BY id", which)

    def has_orders(self) -> bool:
        return self.house.db.row("SELECT 1 FROM sales_order") is not None

    # goods

    @initialize(units=st.lists(st.integers(0, 6), min_size=9, max_size=9))
    def opening(self, units: Sequence[int]) -> None:
        for place, some in zip(PLACES, (units[:3], units[3:6], units[6:]), strict=True):
            for code, count in zip(SKUS, some, strict=True):
                if count:
                    self.receive(place, code, count)

    @rule(place=st.sampled_from(PLACES), code=st.sampled_from(SKUS), units=st.integers(1, 6))
    def receive(self, place: str, code: str, units: int) -> None:
        self.house.receive(place, key=f"R{self.count()}", **{code: units})
        self.received[code] += units

    @rule(which=ANY, units=st.integers(1, 4))
    def write_off(self, which: int, units: int) -> None:
        rows = self.house.db.rows("SELECT l.id, s.code FROM stock_level l JOIN sku s ON s.id = l.sku_id ORDER BY l.id")
        if not rows:
            return
        level, code = rows[which % len(rows)]
        with may_refuse(), self.house.work() as uow:
            inventory.write_off(uow, level, units, key=f"W{self.count()}", because="broken")
            self.gone[code] += units

    # orders

    @rule(
        baskets=st.lists(BASKET, min_size=1, max_size=3),
        kind=st.sampled_from(("paid", "paid", "cod", "unpaid")),
        where=st.integers(1, 3),
        message=st.sampled_from(("", "", "hello")),
    )
    def place(self, baskets: list[tuple[tuple[str, int], ...]], kind: str, where: int, message: str) -> None:
        provinces = {1: "上海市", 2: "广东省", 3: "西藏"}
        self.house.place(
            *[
                self.house.order(
                    *lines,
                    paid=kind == "paid",
                    cod=kind == "cod",
                    to=door(where, provinces[where]),
                    message=message,
                    freight=101,
                )
                for lines in baskets
            ]
        )

    @precondition(has_orders)
    @rule(which=ANY, part=st.sampled_from((1, 2, 3)))
    def pay(self, which: int, part: int) -> None:
        order_id = self.an_order(which)
        card = self.house.card(order_id)
        if due := card.total.minor - card.paid.minor:
            with may_refuse(), self.house.work() as uow:
                orders.receive_payment(uow, PaymentFacts(order_id, max(1, due // part), AT, "test", f"pay{self.count()}"))

    @precondition(has_orders)
    @rule(which=ANY, amount=st.sampled_from((1, 333, 10_000)))
    def refund(self, which: int, amount: int) -> None:
        with may_refuse(), self.house.work() as uow:
            orders.refund(uow, PaymentFacts(self.an_order(which), amount, AT, "test", f"back{self.count()}"))

    @precondition(has_orders)
    @rule(which=ANY, yes=st.booleans())
    def review(self, which: int, yes: bool) -> None:
        order_id = self.one("SELECT id FROM sales_order WHERE review = 'pending' ORDER BY id", which)
        with may_refuse(), self.house.work() as uow:
            approve(uow, order_id, "read") if yes else reject(uow, order_id, "no")

    @precondition(has_orders)
    @rule(which=ANY, units=st.integers(1, 3))
    def cancel_some(self, which: int, units: int) -> None:
        line = self.one("SELECT id FROM order_line WHERE NOT kit AND quantity > shipped + cancelled ORDER BY id", which)
        row = self.house.db.row("SELECT order_id FROM order_line WHERE id = ?", (line,))
        if row is not None:
            with may_refuse(), self.house.work() as uow:
                orders.cancel(uow, row[0], {line: units}, "buyer")

    @precondition(has_orders)
    @rule(which=ANY)
    def cancel_all(self, which: int) -> None:
        with self.house.work() as uow:
            orders.cancel(uow, self.an_order(which), None, "buyer")

    @precondition(has_orders)
    @rule(which=ANY)
    def shipped_elsewhere(self, which: int) -> None:
        line = self.one("SELECT id FROM order_line WHERE NOT kit AND quantity > shipped + cancelled ORDER BY id", which)
        row = self.house.db.row("SELECT order_id FROM order_line WHERE id = ?", (line,))
        if row is not None:
            with self.house.work() as uow:
                orders.record_shipped_elsewhere(uow, row[0], {line: 1}, f"elsewhere{self.count()}")

    @precondition(has_orders)
    @rule(which=ANY, where=st.integers(1, 3))
    def move_house(self, which: int, where: int) -> None:
        with may_refuse(), self.house.work() as uow:
            orders.change_address(uow, self.an_order(which), door(where), "the buyer moved")

    @precondition(has_orders)
    @rule(which=ANY)
    def hold_or_lift(self, which: int) -> None:
        order_id = self.an_order(which)
        with self.house.work() as uow:
            if not orders.lift(uow, order_id, HoldCode.MANUAL):
                orders.hold(uow, order_id, HoldCode.MANUAL, "call first")

    @rule()
    def map_the_ghost(self) -> None:
        for listing in self.ids("SELECT id FROM listing WHERE sku_id IS NULL"):
            with self.house.work() as uow:
                map_listing(uow, listing, "DUO")

    # the platform

    @rule(lines=BASKET, unpaid=st.booleans())
    def upstream_order(self, lines: tuple[tuple[str, int], ...], unpaid: bool) -> None:
        more: dict[str, Any] = {"paid": 0, "state": "unpaid"} if unpaid else {}
        order = document(f"U{self.count()}", *lines, **more)
        self.documents.append(order)
        self.deliver(order)

    def deliver(self, order: dict[str, Any]) -> None:
        content = body(order)
        verdict = self.shop.take(f"d{self.count()}", order["id"], content)
        assert verdict == "effective", self.house.db.rows("SELECT reason FROM inbox ORDER BY id DESC LIMIT 1")
        self.delivered.append((order["id"], content))

    @precondition(lambda self: self.documents)
    @rule(which=ANY, line=ANY, what=st.sampled_from(("cancel", "ship", "both", "pay", "refund", "move", "ask", "end")))
    def upstream_change(self, which: int, line: int, what: str) -> None:
        place = which % len(self.documents)
        order = later(self.documents[place])
        order["lines"] = [dict(one) for one in order["lines"]]
        chosen = order["lines"][line % len(order["lines"])]
        for count in {"cancel": ["cancelled"], "ship": ["shipped"], "both": ["shipped", "cancelled"]}.get(what, []):
            if chosen["cancelled"] + chosen["shipped"] < chosen["quantity"]:
                chosen[count] += 1
        if what == "pay":
            order |= {"paid": order["total"], "state": "to_ship"}
        elif what == "refund":
            order["refunded"] = min(order["paid"], order["refunded"] + 250)
        elif what == "move":
            order["receiver"] = order["receiver"] | {"detail": f"某路{line % 3}号"}
        elif what == "ask":
            chosen["asked"] = not chosen["asked"]
        elif what == "end":
            order |= {"state": "cancelled", "refunded": order["paid"]}
        self.documents[place] = order
        self.deliver(order)

    @precondition(lambda self: self.delivered)
    @rule(which=ANY)
    def upstream_again(self, which: int) -> None:
        """An old document comes once more and changes nothing."""
        tables = ("sales_order", "order_line", "fo_line", "fulfillment_order", "reservation", "payment", "hold", "stock_level")

        def everything() -> list[Any]:
            return [self.house.db.rows(f"SELECT * FROM {table} ORDER BY id") for table in tables]

        external_id, content = self.delivered[which % len(self.delivered)]
        before = everything()
        assert self.shop.take(f"d{self.count()}", external_id, content) in ("duplicate", "stale")
        assert everything() == before

    # the warehouse

    @rule()
    def release(self) -> None:
        with self.house.work("automatic") as uow:
            release_ready(uow)
        for fo_id in self.ids("SELECT fo_id FROM waybill WHERE state = 'requested' ORDER BY fo_id"):
            self.house.label(fo_id)

    @rule(which=ANY, steps=st.integers(1, 4))
    def work_on(self, which: int, steps: int) -> None:
        states = ",".join(f"'{state}'" for state in NEXT)
        fo_id = self.one(f"SELECT id FROM fulfillment_order WHERE state IN ({states}) ORDER BY id", which)
        for _ in range(steps if fo_id else 0):
            if step := NEXT.get(self.house.fo_state(fo_id)):
                with may_refuse(), self.house.work("person:warehouse") as uow:
                    step(uow, fo_id)

    @rule(which=ANY)
    def arrive(self, which: int) -> None:
        waybill = self.one("SELECT id FROM waybill WHERE state = 'used' ORDER BY id", which)
        with self.house.work("carrier:sf") as uow:
            fulfillment.deliver(uow, waybill, "signed for")

    # what is always true

    @invariant()
    def the_books_add_up(self) -> None:
        self.house.prove()

    @invariant()
    def lines_count_right(self) -> None:
        wrong = self.house.db.rows(
            "SELECT * FROM order_line WHERE returned < 0 OR returned > shipped OR shipped + cancelled > quantity "
            "OR reserved < 0 OR reserved + shipped + cancelled > quantity"
        )
        assert wrong == []
        routed = self.house.db.rows(
            "SELECT l.id, l.quantity - l.cancelled - l.shipped, SUM(CASE WHEN f.state IN ('planned','allocated','released',"
            "'picking','picked','packed') THEN x.quantity ELSE 0 END) FROM order_line l JOIN fo_line x ON x.line_id = l.id "
            "JOIN fulfillment_order f ON f.id = x.fo_id GROUP BY l.id, l.quantity, l.cancelled, l.shipped"
        )
        assert [row for row in routed if row[1] != row[2]] == []

    @invariant()
    def goods_are_where_they_went(self) -> None:
        sent = dict(
            self.house.db.rows(
                "SELECT s.code, SUM(l.shipped - l.shipped_externally) FROM order_line l JOIN sku s ON s.id = l.sku_id "
                "WHERE NOT l.kit GROUP BY s.code"
            )
        )
        here = dict(
            self.house.db.rows("SELECT s.code, SUM(l.on_hand) FROM stock_level l JOIN sku s ON s.id = l.sku_id GROUP BY s.code")
        )
        for code in SKUS:
            assert self.received[code] == here.get(code, 0) + sent.get(code, 0) + self.gone[code], code

    @invariant()
    def nobody_waits_beside_free_stock(self) -> None:
        beside = self.house.db.rows(
            "SELECT f.number, s.code, v.on_hand - v.reserved FROM fulfillment_order f JOIN fo_line x ON x.fo_id = f.id "
            "JOIN order_line l ON l.id = x.line_id JOIN sku s ON s.id = x.sku_id "
            "JOIN stock_level v ON v.sku_id = x.sku_id AND v.warehouse_id = f.warehouse_id "
            "WHERE f.state = 'planned' AND l.kit_line IS NULL AND x.reserved < x.quantity AND v.on_hand > v.reserved"
        )
        assert beside == []


def test_whatever_happens_the_books_add_up(databases: Databases, request: Any) -> None:
    quick = "sqlite" in request.node.name
    machine = type("Merchant", (Merchant,), {"databases": databases})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=20 if quick else 5,
            stateful_step_count=40 if quick else 25,
            # A failing run is told as it was found: shrinking it takes minutes, and a minute is what this test may have.
            phases=(Phase.explicit, Phase.reuse, Phase.generate),
        ),
    )
