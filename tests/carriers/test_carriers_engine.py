"""Every released parcel gets one waybill, whatever gets lost on the way; what a carrier says moves parcels forward only."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from orderyard.core.carriers.api import TrackingEvent, TrackingState
from orderyard.core.fulfillment.service import ship
from orderyard.core.kernel.errors import (
    CredentialsRefused,
    DomainError,
    OutcomeUnknown,
    RemoteRejected,
    RemoteUnavailable,
)
from orderyard.core.kernel.transport import Delivery
from orderyard.core.kernel.values import Money
from orderyard.core.orders import service as orders
from orderyard.core.outbox.service import retry
from orderyard.core.testing.builders import AT, codes

if TYPE_CHECKING:
    from conftest import Yard


def released(yard: Yard, **more: Any) -> int:
    yard.house.receive("SH", TEE=9)
    [order_id] = yard.house.place(yard.house.order(("TEE", 2), **more))
    [fo_id] = yard.house.fos(order_id)
    yard.house.release(fo_id)
    return fo_id


def waybills(yard: Yard) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in yard.house.db.rows("SELECT key, number, state FROM waybill ORDER BY id")]


def drain(yard: Yard, minutes: int = 0) -> None:
    yard.house.environment.moment += timedelta(minutes=minutes)
    yard.house.system.worker.drain()


def test_a_release_books_a_waybill_with_its_label(yard: Yard) -> None:
    released(yard, freight=500, cod=True)
    drain(yard)
    assert waybills(yard) == [("FO00000001", "VAN-FO00000001", "issued")]
    [booking] = yard.depot.bookings
    assert (booking.receiver.detail, booking.sender.province, booking.weight_g) == ("某路1号", "上海市", 200)
    assert (booking.cod, booking.remark) == (Money(20300, "CNY"), "FO00000001")
    label = yard.house.system.carriers.label(1)
    assert (label.media_type, label.content[:4]) == ("application/pdf", b"%PDF")


def test_a_prepaid_parcel_collects_nothing(yard: Yard) -> None:
    released(yard)
    drain(yard)
    assert yard.depot.bookings[0].cod is None


@pytest.mark.parametrize("lost", [True, False])
def test_an_unknown_outcome_is_looked_up_by_our_key_and_booked_once(yard: Yard, lost: bool) -> None:
    yard.depot.lost = lost
    yard.depot.errors["book"] = [OutcomeUnknown("no answer")]
    released(yard)
    drain(yard)
    assert waybills(yard)[0][2] == "requested"
    yard.depot.lost = False
    drain(yard, 1)
    assert yard.depot.asked == (["book", "find"] if lost else ["book", "find", "book"])
    assert (waybills(yard)[0][2], len(yard.depot.booked)) == ("issued", 1)


def test_a_refusal_holds_the_parcel_and_a_later_success_lets_it_go(yard: Yard) -> None:
    yard.depot.errors["book"] = [RemoteRejected("out of reach")]
    fo_id = released(yard)
    drain(yard)
    assert codes(yard.house.holds(fo_id, "fo")) == ["waybill_error"]
    [(task, error)] = yard.house.db.rows("SELECT id, error FROM task WHERE state = 'parked'")
    assert error == "out of reach"
    with yard.house.work() as uow:
        retry(uow, task)
    drain(yard)
    assert (yard.house.holds(fo_id, "fo"), waybills(yard)[0][2]) == ([], "issued")


def test_an_unreachable_carrier_is_asked_again_later(yard: Yard) -> None:
    yard.depot.errors["book"] = [RemoteUnavailable("down"), RemoteUnavailable("down")]
    released(yard)
    for _ in range(3):
        drain(yard, 1)
    assert waybills(yard)[0][2] == "issued"


def test_refused_credentials_pause_the_connection_and_the_work_waits(yard: Yard) -> None:
    yard.depot.errors["book"] = [CredentialsRefused("expired")]
    released(yard)
    drain(yard)
    drain(yard, 60)
    assert yard.house.system.carriers.active() == []
    assert yard.depot.asked == ["book"]
    assert yard.house.db.rows("SELECT state, message FROM connection") == [("paused", "expired")]


def cancelled(yard: Yard) -> None:
    with yard.house.work() as uow:
        orders.cancel(uow, 1, None, "buyer")


def test_a_cancelled_parcel_gives_its_number_back(yard: Yard) -> None:
    released(yard)
    drain(yard)
    cancelled(yard)
    drain(yard)
    assert (yard.depot.cancelled, waybills(yard)[0][2]) == ([waybills(yard)[0][1]], "voided")


def test_a_parcel_cancelled_before_it_was_booked_leaves_no_live_number(yard: Yard) -> None:
    released(yard)
    cancelled(yard)
    drain(yard)
    assert waybills(yard)[0][2] == "voided"
    assert sorted(yard.depot.booked.values()) == sorted(yard.depot.cancelled)


@pytest.mark.parametrize("lost", [True, False])
def test_a_parcel_cancelled_while_it_is_booked_leaves_no_live_number(yard: Yard, lost: bool) -> None:
    """Another worker gives it up, and asks the carrier to forget it, before the carrier knows it."""
    released(yard)

    def meanwhile() -> None:
        cancelled(yard)
        yard.house.system.worker.drain()
        if lost:
            raise OutcomeUnknown("no answer")

    yard.depot.meanwhile = meanwhile
    drain(yard)
    drain(yard, 60)
    assert waybills(yard)[0][2] == "voided"
    assert sorted(yard.depot.booked.values()) == sorted(yard.depot.cancelled) == ["VAN-FO00000001"]


def test_what_parcels_collect_at_the_door_adds_up_to_what_their_order_costs(yard: Yard) -> None:
    house = yard.house
    house.receive("SH", TEE=2)
    house.receive("GZ", TEE=1)
    [order_id] = house.place(house.order(house.line("TEE", 3, 10000), freight=500, cod=True))
    for fo_id in house.fos(order_id):
        house.release(fo_id)
    drain(yard)
    parts = [booking.cod for booking in yard.depot.bookings]
    assert len(parts) > 1
    assert sum(part.minor for part in parts if part) == 10500


def test_a_number_that_cannot_be_given_back_is_shown_to_a_person(yard: Yard) -> None:
    released(yard)
    drain(yard)
    yard.depot.errors["cancel"] = [RemoteRejected("already picked up")]
    cancelled(yard)
    drain(yard)
    assert waybills(yard)[0][2] == "void_failed"
    assert yard.house.db.rows("SELECT error FROM task WHERE state = 'parked'") == [("already picked up",)]


def sent(yard: Yard) -> str:
    fo_id = released(yard)
    drain(yard)
    yard.house.pack(fo_id)
    with yard.house.work() as uow:
        ship(uow, fo_id)
    return str(waybills(yard)[0][1])


def event(number: str, place: int, state: TrackingState) -> TrackingEvent:
    return TrackingEvent(f"e{place}", number, AT + timedelta(hours=place), state, "c", f"text {place}")


def test_tracking_moves_forward_only_and_counts_each_event_once(yard: Yard) -> None:
    number = sent(yard)
    yard.depot.events = [
        event(number, 2, TrackingState.IN_TRANSIT),
        event(number, 1, TrackingState.PICKED_UP),
        event(number, 3, TrackingState.UNKNOWN),
    ]
    carriers = yard.house.system.carriers
    assert (carriers.track_all(), carriers.track_all()) == (3, 0)
    assert yard.house.db.rows("SELECT tracking FROM waybill") == [("in_transit",)]
    yard.depot.events.append(event(number, 4, TrackingState.DELIVERED))
    assert carriers.track_all() == 1
    assert yard.house.fo_state(1) == "delivered"
    assert carriers.track_all() == 0
    yard.house.prove()


def test_a_push_of_the_carrier_is_kept_and_answered_in_its_words(yard: Yard) -> None:
    number = sent(yard)
    yard.depot.events = [event(number, 1, TrackingState.DELIVERED), event("somebody else's", 1, TrackingState.DELIVERED)]
    for _ in range(2):
        assert yard.house.system.carriers.receive("van-1", Delivery({}, b"")) == b'{"ok": 1}'
    assert yard.house.fo_state(1) == "delivered"
    assert yard.house.db.rows("SELECT COUNT(*) FROM tracking") == [(1,)]


@pytest.mark.parametrize("error", [RemoteUnavailable("down"), ZeroDivisionError("bug"), CredentialsRefused("expired")])
def test_a_carrier_in_trouble_waits_its_turn(yard: Yard, error: Exception) -> None:
    sent(yard)
    yard.depot.errors["track 1"] = [error]
    assert yard.house.system.carriers.track_all() == 0
    assert bool(yard.house.system.carriers.active()) is not isinstance(error, CredentialsRefused)


def test_a_waybill_without_a_label_says_so(yard: Yard) -> None:
    released(yard)
    with pytest.raises(DomainError, match="waybill 1 has no label"):
        yard.house.system.carriers.label(1)
