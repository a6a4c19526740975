"""Scarce units dealt by a policy, with a preview that is exactly what happens."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orderyard.core.fulfillment import allocation
from orderyard.core.inventory import locks
from orderyard.core.kernel.errors import DomainError, Stale
from orderyard.core.testing.builders import AT, House, codes


def waiting(house: House, *quantities: int, sku: str = "TEE") -> list[int]:
    """Fulfillment orders that want so many units, paid one after the other."""
    fos = []
    for quantity in quantities:
        house.environment.moment += timedelta(minutes=1)
        [order_id] = house.place(house.order((sku, quantity)))
        fos += house.fos(order_id)
    return fos


def reserved(house: House, fos: list[int]) -> list[int]:
    return [int(house.db.rows("SELECT SUM(reserved) FROM fo_line WHERE fo_id = ?", (fo_id,))[0][0]) for fo_id in fos]


def apply(house: House, policy: str, **more: str) -> allocation.Proposal:
    with house.work("person:boss") as uow:
        return allocation.apply(uow, policy, **more)


def preview(house: House, policy: str, **more: str) -> allocation.Proposal:
    with house.work("person:boss") as uow:
        return allocation.preview(uow, policy, **more)


def test_most_complete_orders_takes_from_one_that_waits_for_many(house: House) -> None:
    house.receive("SH", TEE=5)
    fos = waiting(house, 9, 2, 3)
    assert reserved(house, fos) == [5, 0, 0]
    seen = preview(house, "most_complete")
    assert seen.complete == (0, 2)
    assert [(one.before, one.after) for one in seen.outcomes] == [(5, 0), (0, 2), (0, 3)]
    assert seen.scarce == (("SH", "TEE", 14, 5),)
    assert reserved(house, fos) == [5, 0, 0], "a preview changes nothing"
    done = apply(house, "most_complete", token=seen.token)
    assert done == seen
    assert reserved(house, fos) == [0, 2, 3]
    assert [house.fo_state(fo_id) for fo_id in fos] == ["planned", "allocated", "allocated"]
    assert [codes(house.holds(fo_id, "fo")) for fo_id in fos] == [["out_of_stock"], [], []]
    house.prove()


def test_payment_order_gives_it_back(house: House) -> None:
    house.receive("SH", TEE=5)
    fos = waiting(house, 9, 2, 3)
    apply(house, "most_complete")
    apply(house, "payment")
    assert reserved(house, fos) == [5, 0, 0]
    assert [house.fo_state(fo_id) for fo_id in fos] == ["planned", "planned", "planned"]
    house.prove()


def test_what_nobody_can_complete_goes_by_payment(house: House) -> None:
    house.receive("SH", TEE=4)
    fos = waiting(house, 9, 3, 8)
    apply(house, "most_complete")
    assert reserved(house, fos) == [1, 3, 0]
    house.prove()


def test_the_earliest_deadline_is_served_first(house: House) -> None:
    house.receive("SH", TEE=3)
    fos = waiting(house, 3, 3)
    with house.work() as uow:
        allocation.promise(uow, 2, AT + timedelta(hours=2), "she travels tomorrow")
    apply(house, "deadline")
    assert reserved(house, fos) == [0, 3]
    assert [house.fo_state(fo_id) for fo_id in fos] == ["planned", "allocated"]
    house.prove()


def test_without_a_deadline_the_shops_time_after_payment_counts(house: House) -> None:
    house.receive("SH", TEE=3)
    fos = waiting(house, 3)
    house.db.execute("UPDATE shop SET ship_hours = 1 WHERE code = 'cn2'")
    house.environment.moment += timedelta(minutes=5)
    [late] = house.place(house.order(("TEE", 3), shop="cn2"))
    apply(house, "deadline")
    assert reserved(house, [*fos, *house.fos(late)]) == [0, 3]
    house.prove()


def test_released_parcels_keep_what_they_have(house: House) -> None:
    house.receive("SH", TEE=3)
    fos = waiting(house, 3, 1)
    house.release(fos[0])
    assert preview(house, "most_complete").changed == ()
    apply(house, "most_complete")
    assert reserved(house, fos) == [3, 0]
    house.prove()


def test_kits_are_dealt_whole(house: House) -> None:
    house.receive("SH", TEE=5, CAP=9)
    first = waiting(house, 3, sku="SET")
    second = waiting(house, 1)
    assert reserved(house, [*first, *second]) == [6, 1]
    apply(house, "payment")
    assert reserved(house, [*first, *second]) == [6, 1]
    apply(house, "most_complete")
    assert reserved(house, second) == [1]
    house.prove()


def test_only_one_warehouse_and_one_sku_if_told_so(house: House) -> None:
    house.receive("SH", TEE=1, CAP=1)
    tees, caps = waiting(house, 2, 1), waiting(house, 2, 1, sku="CAP")
    apply(house, "most_complete", sku="CAP", warehouse="SH")
    assert reserved(house, tees) == [1, 0]
    assert reserved(house, caps) == [0, 1]
    house.prove()


def test_a_preview_that_is_out_of_date_is_not_applied(house: House) -> None:
    house.receive("SH", TEE=5)
    fos = waiting(house, 9, 2)
    seen = preview(house, "most_complete")
    house.receive("SH", TEE=1)
    with pytest.raises(Stale, match="stock or orders changed since the preview"):
        apply(house, "most_complete", token=seen.token)
    assert reserved(house, fos) == [6, 0]


def test_where_nobody_waits_nothing_is_dealt(house: House) -> None:
    house.receive("SH", TEE=5)
    waiting(house, 2)
    assert preview(house, "payment").outcomes == ()
    assert apply(house, "payment").changed == ()


@pytest.mark.parametrize(
    ("policy", "more", "what", "remedy"),
    [
        ("luck", {}, "there is no allocation policy 'luck'", "there are: payment, deadline, most_complete"),
        ("payment", {"warehouse": "XX"}, "there is no warehouse 'XX'", "look up its code"),
        ("payment", {"sku": "MUG"}, "nobody waits for SKU 'MUG'", "check the code; units nobody wants are dealt to nobody"),
    ],
)
def test_what_does_not_exist_is_refused(house: House, policy: str, more: dict[str, str], what: str, remedy: str) -> None:
    house.receive("SH", TEE=1)
    waiting(house, 2)
    with pytest.raises(DomainError) as refused:
        apply(house, policy, **more)
    assert (refused.value.what, refused.value.remedy) == (what, remedy)


def test_what_a_shop_has_locked_is_not_dealt_to_others(house: House) -> None:
    house.receive("SH", TEE=5, CAP=3)
    with house.work() as uow:
        locks.lock(uow, house.shops["cn"].id, house.items["TEE"].sku_id, house.warehouses["SH"], 4)
    fos = waiting(house, 9, 2)
    [order_id] = house.place(house.order(("TEE", 3), shop="cn2"))
    fos += house.fos(order_id)
    before = reserved(house, fos)
    caps = waiting(house, 9, 2, sku="CAP")
    seen = apply(house, "most_complete")
    assert {one.number for one in seen.outcomes} == {
        number for (number,) in house.db.rows(f"SELECT number FROM fulfillment_order WHERE id IN ({caps[0]},{caps[1]})")
    }
    assert (reserved(house, fos), reserved(house, caps)) == (before, [1, 2])
    with pytest.raises(DomainError, match="TEE is locked for a shop"):
        preview(house, "payment", sku="TEE")
    house.prove()
