"""Whatever people do with stock, in whatever order: the books add up after every single step."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from orderyard.core.fulfillment import service as fulfillment
from orderyard.core.fulfillment.scanning import scan_lot, scan_serials
from orderyard.core.inventory import adjusting, counts, places, service, tracking, transfers
from orderyard.core.inventory.api import Place, Quality, ZoneUse
from orderyard.core.inventory.service import Receipt
from orderyard.core.kernel.errors import DomainError
from orderyard.core.kernel.uow import UnitOfWork
from orderyard.core.orders.service import cancel
from orderyard.core.testing.builders import House, open_house
from orderyard.core.testing.databases import Databases

SKUS = st.sampled_from(["TEE", "CAP", "MUG", "PEN"])
"""TEE and CAP are all alike, MUG is kept by lots, PEN by serial numbers; a SET is two TEE and a CAP."""
ORDERED = st.sampled_from(["TEE", "CAP", "MUG", "PEN", "SET"])
WAREHOUSES = st.sampled_from(["SH", "GZ"])
LOTS = st.sampled_from(["L1", "L2", "L3"])
DAYS = {"L1": "2027-01-15", "L2": "2027-03-31", "L3": "2027-12-31"}
BINS = st.sampled_from(["", "A1", "B1"])
UNITS = st.integers(1, 4)
ANY = st.integers(0, 30)
"""Which of the documents that there are."""

ON_HAND = "SELECT id FROM stock_level WHERE on_hand > 0 ORDER BY id"
PROMISED = "SELECT id FROM stock_level WHERE reserved > 0 ORDER BY id"
ALLOCATED = "SELECT id FROM fulfillment_order WHERE state = 'allocated' ORDER BY id"
PACKED = "SELECT id FROM fulfillment_order WHERE state = 'packed' ORDER BY id"
OPEN_COUNT = "SELECT id FROM stock_count WHERE state = 'open' ORDER BY id"
SENT = "SELECT id FROM stock_transfer WHERE state = 'in_transit' ORDER BY id"
ORDER = "SELECT id FROM sales_order WHERE status <> 'cancelled' ORDER BY id"


class Level(NamedTuple):
    """Units that lie somewhere."""

    sku_id: int
    warehouse_id: int
    lot: str
    quality: Quality
    on_hand: int
    id: int


def there_is(sql: str) -> Any:
    return precondition(lambda machine: machine.house.db.row(f"{sql} LIMIT 1") is not None)


class StockMachine(RuleBasedStateMachine):
    """What is refused leaves no trace; what is done keeps every invariant."""

    databases: Databases

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        home = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.house: House = self.stack.enter_context(open_house(self.databases, home))
        self.keys = 0

    def teardown(self) -> None:
        self.stack.close()

    def key(self) -> str:
        self.keys += 1
        return f"K{self.keys}"

    def sku(self, code: str) -> int:
        return self.house.items[code].sku_id

    def try_to(self, command: Callable[[UnitOfWork], Any]) -> Any:
        """Do it, or be refused; nothing else may happen."""
        self.house.environment.moment += timedelta(seconds=1)
        try:
            with self.house.work() as uow:
                return command(uow)
        except DomainError:
            return None

    def one(self, sql: str, at: int) -> int:
        rows = self.house.db.rows(sql)
        return int(rows[at % len(rows)][0])

    def level(self, at: int) -> Level:
        rows = self.house.db.rows(
            "SELECT sku_id, warehouse_id, lot, quality, on_hand, id FROM stock_level WHERE on_hand > 0 ORDER BY id"
        )
        row = rows[at % len(rows)]
        return Level(row[0], row[1], row[2], Quality(row[3]), row[4], row[5])

    def pieces(self, level: Level, units: int) -> tuple[str, ...]:
        """Numbers of that many pieces of a level; none for SKUs without."""
        rows = self.house.db.rows("SELECT code FROM serial WHERE level_id = ? ORDER BY id LIMIT ?", (level.id, units))
        return tuple(row[0] for row in rows)

    @initialize()
    def found(self) -> None:
        with self.house.work() as uow:
            tracking.track(uow, self.sku("MUG"), lots=True, min_life_days=30)
            tracking.track(uow, self.sku("PEN"), serials=True)
            for warehouse in ("SH", "GZ"):
                place = self.house.warehouses[warehouse]
                for code, use in (("A", ZoneUse.PICK), ("B", ZoneUse.STORAGE)):
                    places.add_bins(uow, places.add_zone(uow, place, code, use), [f"{code}1"])
        for code, lot, bin in (("TEE", "", ""), ("TEE", "", "A1"), ("CAP", "", ""), ("MUG", "L1", ""), ("MUG", "L2", "A1")):
            self.receive(code, 2, "SH", lot or "L1", bin, Quality.GOOD, 101)
        self.receive("PEN", 3, "SH", "L1", "", Quality.GOOD, 7)
        self.receive("TEE", 2, "GZ", "L1", "", Quality.GOOD, 50)

    # what people do

    @rule(code=SKUS, units=UNITS, warehouse=WAREHOUSES, lot=LOTS, bin=BINS, quality=st.just(Quality.GOOD), cost=ANY)
    def receive(self, code: str, units: int, warehouse: str, lot: str, bin: str, quality: Quality, cost: int) -> None:
        key = self.key()
        lots = {"lot": lot, "expires_on": DAYS[lot]} if code == "MUG" else {}
        serials = tuple(f"{key}-{no}" for no in range(units)) if code == "PEN" else ()
        receipt = Receipt(self.sku(code), units, cost, bin, quality=quality, serials=serials, **lots)
        place = self.house.warehouses[warehouse]
        self.try_to(
            lambda uow: service.receive(uow, place, [receipt], source=Place.SUPPLIER, document=self.keys, key=key, text=key)
        )

    @there_is(ON_HAND)
    @rule(at=ANY, change=st.integers(-4, 4).filter(bool), bin=BINS)
    def adjust(self, at: int, change: int, bin: str) -> None:
        key, level = self.key(), self.level(at)
        pen = level.sku_id == self.sku("PEN")
        new = tuple(f"{key}-{no}" for no in range(change)) if pen else ()
        serials = new if change > 0 else self.pieces(level, -change)
        self.try_to(
            lambda uow: adjusting.adjust(
                uow, level.warehouse_id, level.sku_id, change, reason="counted wrong", key=key, lot=level.lot,
                bin=bin if change > 0 else "", quality=level.quality, serials=serials,
            )
        )  # fmt: skip

    @there_is(ON_HAND)
    @rule(at=ANY, units=UNITS)
    def write_off(self, at: int, units: int) -> None:
        key, level = self.key(), self.level(at)
        self.try_to(
            lambda uow: service.write_off(uow, level.id, units, key=key, because="torn", serials=self.pieces(level, units))
        )

    @there_is(PROMISED)
    @rule(at=ANY, units=UNITS)
    def lose(self, at: int, units: int) -> None:
        """More is gone than was free."""
        key, level_id = self.key(), self.one(PROMISED, at)
        row = self.house.db.row(
            "SELECT sku_id, warehouse_id, lot, quality, on_hand, id, reserved FROM stock_level WHERE id = ?", (level_id,)
        )
        assert row
        level, gone = Level(*row[:3], Quality(row[3]), *row[4:6]), min(row[4], row[4] - row[6] + units)
        self.try_to(
            lambda uow: adjusting.adjust(
                uow, level.warehouse_id, level.sku_id, -gone, reason="gone", key=key, lot=level.lot,
                serials=self.pieces(level, gone),
            )
        )  # fmt: skip

    @rule(code=ORDERED, units=UNITS, other=ORDERED)
    def order(self, code: str, units: int, other: str) -> None:
        self.house.environment.moment += timedelta(seconds=1)
        lines = [(code, units)] if code == other else [(code, units), (other, 1)]
        self.house.place(self.house.order(*lines))

    @there_is(ORDER)
    @rule(at=ANY)
    def cancel(self, at: int) -> None:
        order = self.one(ORDER, at)
        self.try_to(lambda uow: cancel(uow, order, None, "buyer"))

    @there_is(ALLOCATED)
    @rule(at=ANY, to=st.sampled_from(["released", "packed", "shipped", "shipped"]), lot=LOTS)
    def work(self, at: int, to: str, lot: str) -> None:
        """The warehouse works on a fulfillment order as far as it gets."""
        fo = self.one(ALLOCATED, at)
        if not self.try_to(lambda uow: fulfillment.release(uow, fo, "a test wants it")):
            return
        self.house.label(fo)
        self.try_to(lambda uow: scan_lot(uow, fo, self.sku("MUG"), lot))
        if to == "released":
            return
        for step in (fulfillment.start_picking, fulfillment.pick, fulfillment.pack):
            self.try_to(lambda uow, step=step: step(uow, fo))  # type: ignore[misc]
        if to == "shipped":
            self.ship(fo)

    @there_is(PACKED)
    @rule(at=ANY)
    def ship_packed(self, at: int) -> None:
        self.ship(self.one(PACKED, at))

    def ship(self, fo: int) -> None:
        rows = self.house.db.rows(
            "SELECT p.code FROM serial p JOIN reservation r ON r.level_id = p.level_id AND r.state = 'held' JOIN fo_line x "
            "ON x.id = r.holder AND r.kind = 'fo_line' WHERE p.holder IS NULL AND x.fo_id = ? ORDER BY p.id",
            (fo,),
        )
        for code in dict.fromkeys(row[0] for row in rows):
            self.try_to(lambda uow, code=code: scan_serials(uow, fo, self.sku("PEN"), [code]))  # type: ignore[misc]
        self.try_to(lambda uow: fulfillment.ship(uow, fo))

    @rule(codes=st.sets(SKUS, min_size=1), warehouse=WAREHOUSES, bins=st.sampled_from([[], ["A1"]]), blind=st.booleans())
    def open_count(self, codes: set[str], warehouse: str, bins: list[str], blind: bool) -> None:
        skus = [] if bins else [self.sku(code) for code in sorted(codes)]
        place = self.house.warehouses[warehouse]
        self.try_to(lambda uow: counts.open_count(uow, place, sku_ids=skus, bins=bins, blind=blind))

    @there_is(OPEN_COUNT)
    @rule(at=ANY, offs=st.lists(st.integers(-2, 2), min_size=1, max_size=3))
    def enter_count(self, at: int, offs: list[int]) -> None:
        """Every line of a count is answered, some wrongly."""
        count = self.one(OPEN_COUNT, at)
        for place, line in enumerate(counts.sheet(self.house.db, count)):
            level = self.house.db.row(
                "SELECT l.id, l.on_hand - l.placed, x.quantity FROM stock_level l LEFT JOIN bin b ON b.warehouse_id = "
                "l.warehouse_id AND b.code = ? LEFT JOIN bin_level x ON x.level_id = l.id AND x.bin_id = b.id "
                "WHERE l.sku_id = ? AND l.lot = ? AND l.quality = ? "
                "AND l.warehouse_id = (SELECT warehouse_id FROM stock_count WHERE id = ?)",
                (line.bin, line.sku_id, line.lot, line.quality, count),
            )
            book = 0 if level is None else (level[2] or 0) if line.bin else level[1]
            units: int | None = max(0, book + offs[place % len(offs)])
            serials: tuple[str, ...] = ()
            if line.sku == "PEN" and level is not None:
                codes = [
                    row[0] for row in self.house.db.rows("SELECT code FROM serial WHERE level_id = ? ORDER BY id", (level[0],))
                ]
                units, serials = None, tuple(codes[: max(0, len(codes) + offs[0])]) + (self.key(),) * (offs[0] > 0)
            quality = Quality(line.quality)
            self.try_to(
                lambda uow, line=line, units=units, serials=serials, quality=quality: counts.enter_count(  # type: ignore[misc]
                    uow, count, line.sku_id, units, lot=line.lot, bin=line.bin, quality=quality, serials=serials
                )
            )

    @there_is(OPEN_COUNT)
    @rule(at=ANY, code=SKUS, lot=LOTS, units=UNITS)
    def find_more(self, at: int, code: str, lot: str, units: int) -> None:
        """Units lie where nobody expected them."""
        count, serials = self.one(OPEN_COUNT, at), (self.key(),) if code == "PEN" else ()
        wanted = None if serials else units
        lot = lot if code == "MUG" else ""
        self.try_to(lambda uow: counts.enter_count(uow, count, self.sku(code), wanted, lot=lot, bin="B1", serials=serials))

    @there_is(OPEN_COUNT)
    @rule(at=ANY, how=st.sampled_from(["close", "close what is counted", "close what is counted", "cancel"]))
    def end_count(self, at: int, how: str) -> None:
        count = self.one(OPEN_COUNT, at)
        if how == "cancel":
            self.try_to(lambda uow: counts.cancel_count(uow, count, "not today"))
        else:
            self.try_to(lambda uow: counts.close_count(uow, count, leave_uncounted=how != "close"))

    @there_is(ON_HAND)
    @rule(at=ANY, units=UNITS, named=st.booleans())
    def send(self, at: int, units: int, named: bool) -> None:
        key, level = self.key(), self.level(at)
        target = next(one for one in self.house.warehouses.values() if one != level.warehouse_id)
        load = transfers.Load(level.sku_id, units, level.lot if named else "", "", self.pieces(level, units))
        self.try_to(lambda uow: transfers.send(uow, level.warehouse_id, target, [load], key=key))

    @there_is(SENT)
    @rule(at=ANY, missing=st.integers(0, 2))
    def arrive(self, at: int, missing: int) -> None:
        transfer = self.one(SENT, at)
        loads = []
        for sku_id, units in self.house.db.rows(
            "SELECT sku_id, quantity FROM stock_transfer_line WHERE transfer_id = ?", (transfer,)
        ):
            rows = self.house.db.rows(
                "SELECT DISTINCT p.code FROM serial p JOIN serial_move x ON x.serial_id = p.id JOIN stock_move m "
                "ON m.id = x.move_id WHERE p.place = 'transit' AND p.sku_id = ? AND m.kind = 'transfer' AND m.document = ?",
                (sku_id, transfer),
            )
            if units > missing:
                pieces = tuple(row[0] for row in rows)[: units - missing]
                loads.append(transfers.Load(sku_id, units - missing, serials=pieces))
        self.try_to(lambda uow: transfers.receive_transfer(uow, transfer, loads if missing and loads else None))

    @there_is(ON_HAND)
    @rule(at=ANY, units=UNITS, out_of=BINS, into=BINS)
    def move_bin(self, at: int, units: int, out_of: str, into: str) -> None:
        key, level = self.key(), self.level(at)
        self.try_to(
            lambda uow: places.move_bin(
                uow, level.warehouse_id, level.sku_id, units, out_of, into, key=key, lot=level.lot, quality=level.quality
            )
        )

    @there_is(ON_HAND)
    @rule(at=ANY, units=UNITS, now=st.sampled_from(list(Quality)), bin=BINS)
    def inspect(self, at: int, units: int, now: Quality, bin: str) -> None:
        key, level = self.key(), self.level(at)
        self.try_to(
            lambda uow: adjusting.change_quality(
                uow, level.warehouse_id, level.sku_id, units, level.quality, now, key=key, lot=level.lot, to_bin=bin,
                serials=self.pieces(level, units),
            )
        )  # fmt: skip

    @rule(days=st.sampled_from([1, 20]))
    def wait(self, days: int) -> None:
        self.house.environment.moment += timedelta(days=days)

    @rule(days=st.integers(0, 90))
    def want_longer_life(self, days: int) -> None:
        self.try_to(lambda uow: tracking.track(uow, self.sku("MUG"), lots=True, min_life_days=days))

    @invariant()
    def books_add_up(self) -> None:
        self.house.prove()


def test_the_books_add_up_after_every_step(databases: Databases, request: pytest.FixtureRequest) -> None:
    machine = type("Machine", (StockMachine,), {"databases": databases})
    slow = "postgresql" in request.node.name
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=6 if slow else 20, stateful_step_count=40, suppress_health_check=list(HealthCheck), deadline=None
        ),
    )
