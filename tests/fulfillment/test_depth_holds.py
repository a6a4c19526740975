"""Holds: each code stops its step and all later ones, on orders and on fulfillment orders; opened and lifted in bulk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from orderyard.core.fulfillment import service as fulfillment
from orderyard.core.fulfillment.release import release_ready
from orderyard.core.kernel.errors import DomainError
from orderyard.core.kernel.uow import UnitOfWork
from orderyard.core.orders import holds
from orderyard.core.orders import service as orders
from orderyard.core.orders.api import HoldCode, OrderStatus
from orderyard.core.orders.states import BY_PEOPLE, LIFTABLE, ORDER_OF_STEPS, STOPS, Step
from orderyard.core.review import decisions
from orderyard.core.testing.builders import House, codes

COMMANDS: dict[Step, tuple[str, Callable[[UnitOfWork, int], object]]] = {
    Step.RELEASE: ("allocated", lambda uow, fo_id: fulfillment.release(uow, fo_id, "test")),
    Step.PICK: ("released", fulfillment.start_picking),
    Step.PACK: ("picked", fulfillment.pack),
    Step.SHIP: ("packed", fulfillment.ship),
}
"""The state a fulfillment order must be in for a step, and the command behind it."""


def brought_to(house: House, state: str) -> tuple[int, int]:
    house.receive("SH", TEE=9)
    [order_id] = house.place(house.order(("TEE", 1)))
    [fo_id] = house.fos(order_id)
    if state != "allocated":
        house.release(fo_id)
        house.label(fo_id)
    for name, step in (("picked", fulfillment.start_picking), ("picked", fulfillment.pick), ("packed", fulfillment.pack)):
        if state in ("picked", "packed") and (name == "picked" or state == "packed"):
            with house.work() as uow:
                step(uow, fo_id)
    assert house.fo_state(fo_id) == state
    return order_id, fo_id


@pytest.mark.parametrize("level", ["order", "fo"])
@pytest.mark.parametrize("step", list(COMMANDS))
def test_the_whole_matrix(house: House, step: Step, level: str) -> None:
    """Every code against one step: it is refused, with the code and its note, exactly when the matrix says so."""
    state, command = COMMANDS[step]
    order_id, fo_id = brought_to(house, state)
    document = order_id if level == "order" else fo_id
    for code in HoldCode:
        with house.work() as uow:
            orders.hold(uow, document, code, "for the test", source="test", level=level)
        stops = ORDER_OF_STEPS.index(STOPS[code]) <= ORDER_OF_STEPS.index(step)
        if stops:
            with pytest.raises(DomainError) as refused, house.work() as uow:
                command(uow, fo_id)
            assert f"must not {step}: {code} (for the test)" in refused.value.what
            assert refused.value.remedy == "settle these holds first"
            assert house.fo_state(fo_id) == state
        else:
            with pytest.raises(_Undone), house.work() as uow:
                command(uow, fo_id)
                raise _Undone
        with house.work() as uow:
            uow.db.change("UPDATE hold SET released_at = ? WHERE source = 'test'", (uow.now,))
    house.prove()


class _Undone(Exception):
    """Takes back what a step did, so that the next code finds the same state."""


@pytest.mark.parametrize("code", HoldCode)
def test_review_passes_exactly_what_no_hold_stops(house: House, code: HoldCode) -> None:
    house.receive("SH", TEE=9)
    [order_id] = house.place(house.order(("TEE", 1), holds={code: "for the test"}))
    stops = STOPS[code] is Step.REVIEW
    assert house.card(order_id).status is (OrderStatus.PENDING_REVIEW if stops else OrderStatus.TO_SHIP)
    if stops and code is not HoldCode.SKU_UNMAPPED:
        with house.work() as uow:
            decisions.approve(uow, order_id, "looked at it")
        assert house.card(order_id).status is OrderStatus.TO_SHIP
        assert house.holds(order_id) == []
    house.prove()


def test_every_hold_says_what_it_waits_for() -> None:
    assert set(holds.LIFTS) == set(HoldCode)
    assert BY_PEOPLE < LIFTABLE


@pytest.mark.parametrize("code", HoldCode)
def test_people_lift_what_they_may_and_nothing_else(house: House, code: HoldCode) -> None:
    house.receive("SH", TEE=9)
    [order_id] = house.place(house.order(("TEE", 1)))
    with house.work() as uow:
        orders.hold(uow, order_id, code, "for the test", source="test")
    [(hold_id,)] = house.db.rows("SELECT id FROM hold")
    if code in LIFTABLE:
        with house.work() as uow:
            holds.lift_hold(uow, hold_id, "settled")
        assert house.holds(order_id) == []
    else:
        with pytest.raises(DomainError) as refused, house.work() as uow:
            holds.lift_hold(uow, hold_id, "settled")
        assert refused.value.what == f"hold {code} lifts itself"
        assert refused.value.remedy == f"it waits until {holds.LIFTS[code]}"
    house.prove()


# in bulk


def test_many_are_held_and_let_go_at_once(house: House) -> None:
    house.receive("SH", TEE=9)
    ids = house.place(*(house.order(("TEE", 1)) for _ in range(3)))
    house.ship(house.fos(ids[2])[0])
    with house.work() as uow:
        done = holds.open_by_hand(uow, [*ids, 999], HoldCode.MANUAL, "the label printer is broken")
    assert done.done == tuple(ids[:2])
    assert done.refused == {
        ids[2]: (f"order SO{ids[2]:08d} is shipped", "only what still has something to send can be held"),
        999: ("there is no order 999", "look it up by its number"),
    }
    with house.work("automatic") as uow:
        assert release_ready(uow) == []
    with house.work() as uow:
        lifted = holds.lift_of_orders(uow, ids, HoldCode.MANUAL, "it prints again")
    assert lifted.done == tuple(ids[:2])
    assert lifted.refused == {ids[2]: (f"order {ids[2]} has no open hold manual", "reload the page")}
    with house.work("automatic") as uow:
        assert len(release_ready(uow)) == 2
    house.prove()


def test_the_same_hold_twice_is_one_with_the_later_note(house: House) -> None:
    house.receive("SH", TEE=9)
    [order_id] = house.place(house.order(("TEE", 1)))
    for note in ("first", "second"):
        with house.work() as uow:
            holds.open_by_hand(uow, [order_id], HoldCode.MANUAL, note)
    assert house.db.rows("SELECT code, note FROM hold") == [("manual", "second")]


def test_lifting_many_tells_which_were_refused(house: House) -> None:
    house.receive("SH", TEE=1)
    first, second = house.place(house.order(("TEE", 1)), house.order(("TEE", 1)))
    with house.work() as uow:
        holds.open_by_hand(uow, [first, second], HoldCode.MANUAL, "why not")
    ids = {code: id_ for id_, code in house.db.rows("SELECT id, code FROM hold ORDER BY id DESC")}
    with house.work() as uow:
        done = holds.lift_many(uow, [ids["manual"], ids["out_of_stock"], 999], "enough")
    assert done.done == (ids["manual"],)
    assert done.refused == {
        ids["out_of_stock"]: ("hold out_of_stock lifts itself", "it waits until every unit is reserved"),
        999: ("hold 999 is not open", "reload the page"),
    }


@pytest.mark.parametrize("code", sorted(set(HoldCode) - BY_PEOPLE))
def test_people_open_only_what_people_judge(house: House, code: HoldCode) -> None:
    with pytest.raises(DomainError, match=f"hold {code} opens itself") as refused, house.work() as uow:
        holds.open_by_hand(uow, [1], code, "because")
    assert refused.value.remedy.startswith("people open: ")


def test_a_hold_needs_a_reason(house: House) -> None:
    with pytest.raises(DomainError, match="hold manual needs a reason"), house.work() as uow:
        holds.open_by_hand(uow, [1], HoldCode.MANUAL, " ")


# by themselves


def test_a_hold_with_an_end_lifts_when_it_has_come(house: House) -> None:
    house.receive("SH", TEE=9)
    [order_id] = house.place(house.order(("TEE", 1)))
    with house.work() as uow:
        orders.hold(uow, order_id, HoldCode.MANUAL, "until noon", until=uow.now + timedelta(hours=1))
    with house.work("automatic") as uow:
        assert (holds.lift_expired(uow), release_ready(uow)) == (0, [])
    house.environment.moment += timedelta(hours=1)
    with house.work("automatic") as uow:
        assert holds.lift_expired(uow) == 1
    assert house.holds(order_id) == []
    assert house.db.rows("SELECT released_by FROM hold") == [("automatic",)]


def test_what_is_cancelled_is_held_by_nothing(house: House) -> None:
    [order_id] = house.place(house.order(("TEE", 1), message="快点"))
    assert codes(house.holds(order_id)) == ["review_rule"]
    with house.work() as uow:
        orders.cancel(uow, order_id, None, "buyer")
    assert house.holds(order_id) == []
    house.prove()


# the page


def test_the_page_names_documents_ages_and_what_is_waited_for(house: House) -> None:
    house.receive("SH", TEE=1)
    first, second = house.place(house.order(("TEE", 1), message="快点"), house.order(("TEE", 2), shop="cn2"))
    with house.work() as uow:
        holds.open_by_hand(uow, [second], HoldCode.MANUAL, "she calls back")
    with house.db.connection():
        rows, more = holds.open_page(house.db)
        assert more is None
        assert [(row.level, row.number[:2], row.shop, row.code, row.stops, row.by_people) for row in rows] == [
            ("order", "SO", "cn", HoldCode.REVIEW_RULE, Step.REVIEW, False),
            ("fo", "FO", "cn2", HoldCode.OUT_OF_STOCK, Step.RELEASE, False),
            ("order", "SO", "cn2", HoldCode.MANUAL, Step.RELEASE, True),
        ]
        assert rows[2].lifts_when == "a person lifts it"
        assert [row.document for row in holds.open_page(house.db, code="review_rule")[0]] == [first]
        assert len(holds.open_page(house.db, shop_id=house.shops["cn2"].id)[0]) == 2
        assert [row.note for row in holds.open_page(house.db, source="person")[0]] == ["she calls back"]


def test_pages_follow_one_another(house: House) -> None:
    house.receive("SH", TEE=99)
    ids = house.place(*(house.order(("TEE", 1)) for _ in range(holds.PAGE + 3)))
    with house.work() as uow:
        holds.open_by_hand(uow, ids, HoldCode.MANUAL, "stocktaking")
    with house.db.connection():
        first, more = holds.open_page(house.db)
        second, end = holds.open_page(house.db, after=more)
    assert (len(first), len(second), end) == (holds.PAGE, 3, None)
    assert [row.document for row in [*first, *second]] == ids
