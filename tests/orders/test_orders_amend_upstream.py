"""What a platform edits after the order is here: applied before picking, kept for a person from then on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from orderyard.core.catalog.service import map_listing
from orderyard.core.channels.api import (
    Ability,
    Buyer,
    Channel,
    ChannelLine,
    ChannelOrder,
    Confirmed,
    DocumentKind,
    ListingRef,
    Page,
    Shipment,
    TradeState,
    Window,
)
from orderyard.core.channels.inbox import polled, store, take
from orderyard.core.connections.service import connection
from orderyard.core.fulfillment import service as fulfillment
from orderyard.core.kernel.errors import DomainError
from orderyard.core.kernel.values import Money
from orderyard.core.orders import amendments
from orderyard.core.orders import service as orders
from orderyard.core.orders.api import AmendmentState, OrderStatus
from orderyard.core.orders.changes import Price, Quantity
from orderyard.core.testing.builders import AT, PRICES, House, codes, door


class Paper(Channel):
    """A platform whose documents are what a test writes down."""

    name: ClassVar[str] = "paper"
    title: ClassVar[str] = "Paper"
    ability: ClassVar[Ability] = Ability(timedelta(days=1))

    def pull(self, window: Window, cursor: str | None = None) -> Page:
        return Page((), None)

    def fetch(self, external_id: str) -> bytes:
        return b""

    def confirm_shipment(self, shipment: Shipment, key: str) -> Confirmed:
        return Confirmed()

    def find_shipment(self, shipment: Shipment) -> Confirmed | None:
        return None

    def read(self, body: bytes) -> ChannelOrder:
        told = json.loads(body)
        lines = tuple(
            ChannelLine(
                external_id=f"L-{code}", listing=ListingRef(f"item-{code}", "", code), title=code.title(), quantity=quantity,
                unit_price=Money(PRICES.get(code, 1000), "CNY"), amount=Money(amount, "CNY"), cancelled=gone, shipped=0,
            )
            for code, quantity, amount, gone in told["lines"]
        )  # fmt: skip
        freight = Money(told["freight"], "CNY")
        total = sum((line.amount for line in lines), freight)
        return ChannelOrder(
            external_id="T1", number="T1", version=AT + timedelta(minutes=told["version"]),
            state=TradeState(told["state"]), placed_at=AT, paid_at=AT, currency="CNY",
            lines=lines, freight=freight, total=total, paid=Money(told["paid"], "CNY"),
            refunded=Money(told["refunded"], "CNY"), buyer=Buyer("buyer1"), receiver=door(told["door"]), memo=told["memo"],
        )  # fmt: skip


@dataclass
class Platform:
    """One order on the platform, told again after each change."""

    house: House
    lines: dict[str, tuple[int, int, int]] = field(default_factory=lambda: {"TEE": (3, 29700, 0)})
    """(quantity, amount, cancelled) by SKU code."""
    told: dict[str, Any] = field(default_factory=dict)
    version: int = 0

    def say(self, lines: Mapping[str, tuple[int, int, int]] | None = None, **more: Any) -> str:
        """Tell the document as it is now; what was made of it, in words."""
        self.version += 10
        self.house.environment.moment = AT + timedelta(minutes=self.version + 5)
        self.lines |= lines or {}
        self.lines = {code: line for code, line in self.lines.items() if line[0]}
        self.told |= more
        first: dict[str, Any] = {"freight": 0, "state": "to_ship", "paid": 29700, "refunded": 0, "door": 1, "memo": ""}
        document = first | self.told | {
            "version": self.version, "lines": [(code, *line) for code, line in self.lines.items()],
        }  # fmt: skip
        body = json.dumps(document).encode()
        installation = self.house.system.installation
        with installation.unit_of_work("channel:paper") as uow:
            inbox = store(uow, 1, "pull", polled(DocumentKind.ORDER, "T1", AT, body), "T1", body=body)
        assert inbox is not None
        facts = connection(self.house.db, "paper")
        verdict, _ = take(installation, facts, Paper({}, self.house.system.transport), inbox, body)
        [(reason,)] = self.house.db.rows("SELECT reason FROM inbox WHERE id = ?", (inbox,))
        assert verdict == "effective", reason
        self.house.prove()
        return str(reason)


@pytest.fixture
def platform(house: House) -> Platform:
    house.receive("SH", TEE=20, CAP=20, MUG=20)
    with house.work("founder") as uow:
        uow.db.insert(
            "connection", ("code", "kind", "adapter", "shop_id"), [("paper", "channel", "paper", house.shops["cn"].id)]
        )
    made = Platform(house)
    made.say()
    return made


def lines(house: House) -> list[tuple[int, int, int, int]]:
    """(no, quantity, cancelled, amount)."""
    return house.db.rows("SELECT no, quantity, cancelled, amount FROM order_line WHERE order_id = 1 ORDER BY no")


def start_picking(house: House) -> int:
    [fo_id] = house.fos(1)
    house.release(fo_id)
    house.label(fo_id)
    with house.work() as uow:
        fulfillment.start_picking(uow, fo_id)
    return fo_id


def states(house: House) -> Sequence[str]:
    with house.db.connection():
        return [row.state.value for row in amendments.amendments(house.db, 1)]


def test_a_smaller_quantity_is_a_cancellation(platform: Platform) -> None:
    house = platform.house
    assert platform.say({"TEE": (2, 19800, 0)}) == "edited"
    assert lines(house) == [(1, 3, 1, 29700)]
    assert house.levels("TEE") == {"SH": (20, 2)}
    with house.db.connection():
        assert amendments.sums(house.db, 1).refund_due == 9900
    assert platform.say(refunded=9900) == "refunded"
    with house.db.connection():
        assert amendments.sums(house.db, 1).refund_due == 0
    assert states(house) == ["applied"]


def test_the_platforms_price_wins_to_the_fen(platform: Platform) -> None:
    house = platform.house
    platform.say({"TEE": (2, 19799, 0)})
    with house.db.connection():
        assert amendments.sums(house.db, 1).worth == 19799
    assert platform.say({"TEE": (2, 15000, 0)}, freight=500) == "edited"
    with house.db.connection():
        assert amendments.sums(house.db, 1).worth == 15500


def test_more_units_for_the_same_money_cost_the_same(platform: Platform) -> None:
    house = platform.house
    assert platform.say({"TEE": (4, 29700, 0)}) == "edited"
    assert lines(house) == [(1, 4, 0, 29700)]
    assert house.holds(1) == []
    assert platform.say({"TEE": (2, 29700, 0)}) == "edited"
    with house.db.connection():
        assert amendments.sums(house.db, 1).worth == 29700


def test_more_units_after_a_cancellation_cost_what_the_platform_says(platform: Platform) -> None:
    """They come on a line of their own, at the unit price; the first line carries the rest."""
    house = platform.house
    platform.say({"TEE": (3, 29700, 1)})
    assert platform.say({"TEE": (5, 40000, 1)}, paid=40000) == "paid, edited"
    assert [row[:3] for row in lines(house)] == [(1, 3, 1), (2, 2, 0)]
    with house.db.connection():
        assert amendments.sums(house.db, 1).worth == 32000


def test_a_larger_quantity_waits_for_its_payment(platform: Platform) -> None:
    house = platform.house
    assert platform.say({"TEE": (5, 49500, 0)}) == "edited"
    assert lines(house) == [(1, 5, 0, 49500)]
    assert codes(house.holds(1)) == ["awaiting_payment"]
    platform.say(paid=49500)
    assert house.holds(1) == []
    assert house.levels("TEE") == {"SH": (20, 5)}


def test_lines_come_and_go(platform: Platform) -> None:
    house = platform.house
    assert platform.say({"CAP": (1, 4900, 0)}, paid=34600) == "paid, edited"
    assert house.levels("CAP") == {"SH": (20, 1)}
    assert platform.say({"TEE": (0, 0, 0)}) == "edited"
    assert lines(house) == [(1, 3, 3, 29700), (2, 1, 0, 4900)]
    assert house.levels("TEE") == {"SH": (20, 0)}
    platform.say({"CAP": (0, 0, 0), "MUG": (1, 2900, 0)})
    assert house.levels("MUG") == {"SH": (20, 1)}
    assert house.levels("CAP") == {"SH": (20, 0)}


def test_a_new_line_of_an_unknown_item_waits_to_be_mapped(platform: Platform) -> None:
    house = platform.house
    platform.say({"HAT": (1, 1000, 0)}, paid=30700)
    assert codes(house.holds(1)) == ["sku_unmapped"]
    [(listing,)] = house.db.rows("SELECT id FROM listing WHERE merchant_code = 'HAT'")
    with house.work() as uow:
        map_listing(uow, listing, "MUG")
    assert house.holds(1) == []
    assert house.levels("MUG") == {"SH": (20, 1)}
    house.prove()


def test_what_staff_changed_here_is_not_undone_by_another_edit(platform: Platform) -> None:
    house = platform.house
    with house.work() as uow:
        amendments.amend(uow, 1, [Price(1, 9000)], "a regular")
        orders.change_address(uow, 1, door(5), "she moved")
    assert platform.say(memo="wrap it") == "words changed"
    assert lines(house) == [(1, 3, 0, 27000)]
    assert house.card(1).receiver == door(5)


def test_what_staff_cancelled_is_not_cancelled_twice(platform: Platform) -> None:
    house = platform.house
    with house.work() as uow:
        amendments.amend(uow, 1, [Quantity(1, 2)], "on the telephone")
    platform.say({"TEE": (3, 29700, 1)})
    assert lines(house) == [(1, 3, 1, 29700)]
    platform.say({"TEE": (3, 29700, 2)})
    assert lines(house) == [(1, 3, 2, 29700)]


def test_a_trade_that_is_over_cancels_everything(platform: Platform) -> None:
    house = platform.house
    platform.say({"TEE": (4, 39600, 0)}, paid=39600)
    with house.work() as uow:
        amendments.amend(uow, 1, [Quantity(1, 6)], "staff added two")
    platform.say(state="cancelled")
    assert house.card(1).status is OrderStatus.CANCELLED


# from picking on


def test_from_picking_on_an_edit_waits_for_a_person(platform: Platform) -> None:
    house = platform.house
    fo_id = start_picking(house)
    assert platform.say({"TEE": (2, 19800, 0)}) == "edit waits"
    assert lines(house) == [(1, 3, 0, 29700)]
    assert codes(house.holds(1)) == ["upstream_changed"]
    assert house.db.rows("SELECT note FROM hold WHERE code = 'upstream_changed'") == [("line 1: 2 units",)]
    with pytest.raises(DomainError, match="must not pick: upstream_changed"), house.work() as uow:
        fulfillment.pick(uow, fo_id)
    with house.db.connection():
        [row] = amendments.amendments(house.db, 1)
    with house.work("person:bob") as uow:
        amendments.apply(uow, row.id)
    assert house.holds(1) == []
    assert house.db.rows("SELECT quantity, state FROM putback") == [(1, "open")]
    house.prove()


def test_a_person_may_drop_it(platform: Platform) -> None:
    house = platform.house
    start_picking(house)
    platform.say({"TEE": (2, 19800, 0)})
    with house.db.connection():
        [row] = amendments.amendments(house.db, 1)
    with house.work("person:bob") as uow:
        amendments.drop(uow, row.id, "the buyer takes all three")
    assert house.holds(1) == []
    assert lines(house) == [(1, 3, 0, 29700)]
    assert platform.say(memo="x") == "words changed", "it is not brought up again"


def test_a_second_edit_takes_the_first_in(platform: Platform) -> None:
    house = platform.house
    start_picking(house)
    platform.say({"TEE": (2, 19800, 0)})
    platform.say({"TEE": (1, 9900, 0)})
    assert states(house) == ["dropped", "waiting"]
    with house.db.connection():
        last = amendments.amendments(house.db, 1)[-1]
    with house.work() as uow:
        amendments.apply(uow, last.id)
    assert lines(house) == [(1, 3, 2, 29700)]
    house.prove()


def test_an_edit_taken_back_waits_no_more(platform: Platform) -> None:
    house = platform.house
    start_picking(house)
    platform.say({"TEE": (2, 29700, 0)})
    assert platform.say({"TEE": (3, 29700, 0)}) == "edit taken back"
    assert house.holds(1) == []
    assert states(house) == [AmendmentState.DROPPED]


def test_a_price_taken_back_waits_no_more(platform: Platform) -> None:
    house = platform.house
    start_picking(house)
    assert platform.say({"TEE": (3, 25000, 0)}) == "edit waits"
    platform.say({"TEE": (3, 24000, 0)})
    assert house.db.rows("SELECT note FROM hold WHERE released_at IS NULL")[0][0].endswith("line 1: costs 24000")
    assert platform.say({"TEE": (3, 29700, 0)}) == "edit taken back"
    assert house.holds(1) == []
    assert lines(house) == [(1, 3, 0, 29700)]


def test_what_is_refunded_is_cancelled_at_any_time(platform: Platform) -> None:
    house = platform.house
    start_picking(house)
    assert platform.say({"TEE": (3, 29700, 1)}, refunded=9900) == "units cancelled, refunded"
    assert lines(house) == [(1, 3, 1, 29700)]
    assert house.db.rows("SELECT quantity FROM putback") == [(1,)]


def test_after_shipping_another_address_is_too_late(platform: Platform) -> None:
    house = platform.house
    house.ship(house.fos(1)[0])
    assert platform.say(door=9) == "address changed too late"
    rows = house.db.rows("SELECT because FROM audit WHERE action = 'address changed on the platform'")
    assert rows == [("too late; ask the carrier to intercept SF000001",)]
    assert house.card(1).receiver == door(1)


def test_another_address_before_that_is_followed(platform: Platform) -> None:
    house = platform.house
    assert platform.say(door=9) == "address changed"
    assert house.card(1).receiver == door(9)
    assert states(house) == ["applied"]
