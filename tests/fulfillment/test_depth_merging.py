"""Merging and taking it back: refusals, candidates with their saving, windows, sealed orders, lineage."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orderyard.core.catalog.queries import shops
from orderyard.core.fulfillment import merging
from orderyard.core.fulfillment import service as fulfillment
from orderyard.core.fulfillment.release import release_ready
from orderyard.core.kernel.errors import DomainError
from orderyard.core.orders import holds
from orderyard.core.orders import service as orders
from orderyard.core.orders.api import HoldCode
from orderyard.core.testing.builders import House, codes, door


def twins(house: House, count: int = 2, **order: object) -> list[int]:
    """Fulfillment orders, one an order, all to the same door."""
    ids = house.place(*(house.order(("TEE", 1), to=door(1), **order) for _ in range(count)))
    return [fo_id for order_id in ids for fo_id in house.fos(order_id)]


def released(house: House) -> list[int]:
    with house.work("automatic") as uow:
        return release_ready(uow)


def waits(house: House, minutes: int, **costs: int) -> None:
    with house.work("person:boss") as uow:
        merging.set_merge_policy(uow, "cn", minutes=minutes, **costs)
    house.shops = {shop.code: shop for shop in shops(house.db)}


def test_released_ones_are_taken_back_and_labelled_together(house: House) -> None:
    house.receive("SH", TEE=9)
    first, second = twins(house)
    for fo_id in (first, second):
        house.release(fo_id)
        house.label(fo_id)
    with house.work() as uow:
        assert merging.merge(uow, [second, first], "same door") == first
    assert [house.fo_state(fo_id) for fo_id in (first, second)] == ["allocated", "cancelled"]
    assert house.db.rows("SELECT DISTINCT state FROM waybill") == [("voided",)]
    house.prove()
    house.release(first)
    house.label(first)
    house.pack(first)
    with house.work() as uow:
        fulfillment.ship(uow, first)
    house.prove()


def test_one_that_waits_for_stock_makes_the_parcel_wait(house: House) -> None:
    house.receive("SH", TEE=1)
    first, second = twins(house)
    with house.work() as uow:
        merging.merge(uow, [first, second], "same door")
    assert house.fo_state(first) == "planned"
    assert codes(house.holds(first, "fo")) == ["out_of_stock"]
    house.receive("SH", TEE=1)
    assert house.fo_state(first) == "allocated"
    house.prove()


def test_every_reason_against_a_merge_is_said(house: House) -> None:
    house.receive("SH", TEE=9)
    house.receive("GZ", TEE=9)
    one, two = house.place(
        house.order(("TEE", 1), to=door(1)),
        house.order(("TEE", 1), to=door(2, "广东省"), shop="us", cod=True),
    )
    [first], [second] = house.fos(one), house.fos(two)
    with house.work() as uow:
        merging.seal(uow, two, "a gift, it must be a parcel of its own")
    house.release(second)
    house.label(second)
    house.pack(second)
    with pytest.raises(DomainError) as refused, house.work() as uow:
        merging.merge(uow, [first, second], "try")
    assert refused.value.what == (
        "they cannot be merged: FO00000001 and FO00000002: different_shop, different_address, different_currency, "
        "payment_type_differs, different_warehouse, already_in_warehouse, sealed"
    )
    assert refused.value.remedy == "leave out what differs, or send them apart"


def test_a_merge_takes_two(house: House) -> None:
    with pytest.raises(DomainError, match="at least two"), house.work() as uow:
        merging.merge(uow, [1, 1], "alone")


# candidates


def test_candidates_say_what_they_save_and_what_is_in_the_way(house: House) -> None:
    waits(house, 0, first_kg=1000, next_kg=200)
    house.receive("SH", TEE=90)
    first, second, third = twins(house, 3)
    [fourth] = twins(house, 1, cod=True)
    with house.db.connection():
        [found] = merging.candidates(house.db)
    assert found.fo_ids == (first, second, third)
    assert found.parcels_saved == 2
    assert str(found.freight_saved) == "20.00 CNY", "three parcels of 100 g become one"
    assert [(one.one, one.other, one.reasons) for one in found.refused] == [
        ("FO00000001", f"FO{fourth:08d}", ("payment_type_differs",))
    ]


def test_heavy_parcels_save_less(house: House) -> None:
    assert merging.parcel_cost(1, 1000, 200) == 1000
    assert merging.parcel_cost(1000, 1000, 200) == 1000
    assert merging.parcel_cost(1001, 1000, 200) == 1200
    assert merging.parcel_cost(0, 1000, 200) == 1000


def test_without_prices_the_saving_is_parcels_only(house: House) -> None:
    house.receive("SH", TEE=9)
    twins(house)
    with house.db.connection():
        [found] = merging.candidates(house.db)
    assert (found.parcels_saved, found.freight_saved) == (1, None)


def test_the_same_customer_elsewhere_is_shown_with_the_reasons(house: House) -> None:
    house.receive("SH", TEE=9)
    same = house.order(("TEE", 1)).customer
    house.place(house.order(("TEE", 1), customer=same, to=door(1)), house.order(("TEE", 1), customer=same, to=door(2)))
    with house.db.connection():
        [found] = merging.candidates(house.db)
    assert found.numbers == ()
    assert [one.reasons for one in found.refused] == [("different_address",)]


def test_strangers_are_no_candidates(house: House) -> None:
    house.receive("SH", TEE=9)
    house.place(house.order(("TEE", 1)), house.order(("TEE", 1)))
    with house.db.connection():
        assert merging.candidates(house.db) == []


# windows


def test_a_parcel_waits_for_its_window_and_goes_when_it_is_over(house: House) -> None:
    waits(house, 30)
    house.receive("SH", TEE=9)
    [only] = twins(house, 1)
    assert codes(house.holds(only, "fo")) == ["merge_wait"]
    assert released(house) == []
    house.environment.moment += timedelta(minutes=29)
    assert released(house) == []
    house.environment.moment += timedelta(minutes=1)
    assert released(house) == [only]
    assert house.holds(only, "fo") == []
    house.prove()


def test_a_partner_ends_the_wait_of_both(house: House) -> None:
    waits(house, 30)
    house.receive("SH", TEE=9)
    [first] = twins(house, 1)
    house.environment.moment += timedelta(minutes=10)
    [second] = twins(house, 1)
    assert released(house) == [first]
    assert house.fo_state(second) == "cancelled"
    assert house.holds(first, "fo") == []
    house.prove()


def test_another_hold_keeps_a_waiting_parcel_out_of_the_merge(house: House) -> None:
    waits(house, 30)
    house.receive("SH", TEE=9)
    twins(house, 1)
    twins(house, 1)
    with house.work() as uow:
        holds.open_by_hand(uow, [1], HoldCode.MANUAL, "she calls back")
    assert released(house) == []
    house.prove()


def test_a_person_may_end_the_wait(house: House) -> None:
    waits(house, 30)
    house.receive("SH", TEE=9)
    [only] = twins(house, 1)
    with pytest.raises(DomainError, match="must not release: merge_wait"):
        house.release(only)
    [(hold_id,)] = house.db.rows("SELECT id FROM hold WHERE released_at IS NULL")
    with house.work() as uow:
        holds.lift_hold(uow, hold_id, "the courier is here")
    assert released(house) == [only]


def test_sealed_orders_neither_wait_nor_merge(house: House) -> None:
    waits(house, 30)
    house.receive("SH", TEE=9)
    first, second = twins(house)
    for order_id in (1, 2):
        with house.work() as uow:
            merging.seal(uow, order_id, "a gift")
    assert released(house) == [first, second]
    house.prove()


@pytest.mark.parametrize(("minutes", "first"), [(-1, 0), (0, -1)])
def test_a_policy_below_nothing_is_refused(house: House, minutes: int, first: int) -> None:
    with pytest.raises(DomainError, match="a negative time or price"), house.work() as uow:
        merging.set_merge_policy(uow, "cn", minutes=minutes, first_kg=first)
    with pytest.raises(DomainError, match="there is no shop 'moon'"), house.work() as uow:
        merging.set_merge_policy(uow, "moon", minutes=5)


# taking back


def test_a_merge_is_taken_back_until_it_is_packed(house: House) -> None:
    house.receive("SH", TEE=9)
    fos = twins(house, 3)
    with house.work() as uow:
        into = merging.merge(uow, fos, "same door")
    house.release(into)
    house.label(into)
    for step in (fulfillment.start_picking, fulfillment.pick):
        with house.work() as uow:
            step(uow, into)
    with house.work() as uow:
        made = merging.unmerge(uow, into, "they want to pick it up one by one")
    assert [house.fo_state(fo_id) for fo_id in [into, *made]] == ["picked"] * 3
    assert [len(house.fos(order_id)) for order_id in (1, 2, 3)] == [1, 1, 1]
    house.prove()
    with pytest.raises(DomainError, match="was not merged"), house.work() as uow:
        merging.unmerge(uow, into, "again")
    told = [(one.source, one.target, str(one.kind), one.undone) for one in merging.lineage(house.db, into)]
    name = fulfillment.fo_number
    assert told == [
        (name(fos[1]), name(into), "merged", True), (name(fos[2]), name(into), "merged", True),
        (name(into), name(made[0]), "unmerged", False), (name(into), name(made[1]), "unmerged", False),
    ]  # fmt: skip
    assert house.db.rows("SELECT became_id FROM fulfillment_order WHERE id = ?", (fos[1],)) == [(into,)]


def test_a_packed_parcel_stays_together(house: House) -> None:
    house.receive("SH", TEE=9)
    fos = twins(house)
    with house.work() as uow:
        into = merging.merge(uow, fos, "same door")
    house.release(into)
    house.label(into)
    house.pack(into)
    with pytest.raises(DomainError, match="is packed") as refused, house.work() as uow:
        merging.unmerge(uow, into, "too late")
    assert refused.value.remedy == "a merge can be taken back until the parcel is packed"


def test_units_cancelled_meanwhile_do_not_come_back(house: House) -> None:
    house.receive("SH", TEE=9)
    one, two = house.place(house.order(("TEE", 3), to=door(1)), house.order(("TEE", 3), to=door(1)))
    with house.work() as uow:
        into = merging.merge(uow, [*house.fos(one), *house.fos(two)], "same door")
    [line] = house.line_ids(two)
    with house.work() as uow:
        orders.cancel(uow, two, {line: 2}, "buyer")
    with house.work() as uow:
        [new] = merging.unmerge(uow, into, "apart")
    assert house.db.rows("SELECT quantity, reserved FROM fo_line WHERE fo_id = ?", (new,)) == [(1, 1)]
    house.prove()


# sealing


def test_an_order_in_a_shared_parcel_is_sealed_only_after_it_left(house: House) -> None:
    house.receive("SH", TEE=9)
    fos = twins(house)
    with house.work() as uow:
        into = merging.merge(uow, fos, "same door")
    with pytest.raises(DomainError, match="order SO00000002 shares FO00000001") as refused, house.work() as uow:
        merging.seal(uow, 2, "a gift")
    assert refused.value.remedy == "take the merge back first"
    with house.work() as uow:
        merging.unmerge(uow, into, "a gift")
    with house.work() as uow:
        merging.seal(uow, 2, "a gift")
    with pytest.raises(DomainError, match="is sealed already"), house.work() as uow:
        merging.seal(uow, 2, "a gift")
    assert len(released(house)) == 2
    with house.work() as uow:
        merging.unseal(uow, 2, "no gift")
    with pytest.raises(DomainError, match="is not sealed"), house.work() as uow:
        merging.unseal(uow, 2, "no gift")
    house.prove()
