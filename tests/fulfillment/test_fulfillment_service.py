"""What a warehouse sends: addresses, merging, the steps to the door, and what is refused on the way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orderyard.core.fulfillment import service as fulfillment
from orderyard.core.fulfillment.release import merge, refusals, release_ready
from orderyard.core.kernel.errors import DomainError, IllegalTransition
from orderyard.core.orders import service as orders
from orderyard.core.orders.api import HoldCode
from orderyard.core.testing.builders import AT, House, codes, door


def fo_of(house: House, order_id: int) -> int:
    [fo_id] = house.fos(order_id)
    return fo_id


def address_of(house: House, fo_id: int) -> str:
    row = house.db.row(
        "SELECT a.detail FROM fulfillment_order f JOIN postal_address a ON a.id = f.address_id WHERE f.id = ?", (fo_id,)
    )
    assert row is not None
    return str(row[0])


# shipping


def test_shipping_takes_the_stock_books_the_cost_and_uses_the_waybill(house: House) -> None:
    house.receive("SH", TEE=5)
    [order_id] = house.place(house.order(("TEE", 2)))
    fo_id = fo_of(house, order_id)
    house.ship(fo_id)
    assert (house.fo_state(fo_id), house.card(order_id).status) == ("shipped", "shipped")
    assert house.levels("TEE") == {"SH": (3, 0)}
    assert house.db.row("SELECT state, number FROM waybill WHERE fo_id = ?", (fo_id,)) == ("used", f"SF{fo_id:06d}")
    assert house.ledger() == {
        "inventory": 9003,
        "payable": -15005,
        "cost_of_goods": 6002,
        "platform": 19800,
        "revenue": -17522,
        "output_tax": -2278,
    }
    house.prove()


def test_a_shipped_one_ships_only_once(house: House) -> None:
    house.receive("SH", TEE=5)
    [order_id] = house.place(house.order(("TEE", 2)))
    fo_id = fo_of(house, order_id)
    house.ship(fo_id)
    with pytest.raises(IllegalTransition, match="cannot go from shipped to shipped"), house.work() as uow:
        fulfillment.ship(uow, fo_id)
    assert house.levels("TEE") == {"SH": (3, 0)}
    house.prove()


def test_nothing_ships_without_a_waybill(house: House) -> None:
    house.receive("SH", TEE=5)
    [order_id] = house.place(house.order(("TEE", 2)))
    fo_id = fo_of(house, order_id)
    house.release(fo_id)
    house.pack(fo_id)
    with pytest.raises(DomainError, match="has no waybill yet"), house.work() as uow:
        fulfillment.ship(uow, fo_id)
    with house.work() as uow:
        fulfillment.waybill_failed(uow, 1, "the door is out of reach")
    with pytest.raises(DomainError, match=r"must not ship: waybill_error \(the door is out of reach\)"), house.work() as uow:
        fulfillment.ship(uow, fo_id)
    house.label(fo_id)
    with house.work() as uow:
        fulfillment.ship(uow, fo_id)
    house.prove()


def test_steps_are_taken_in_their_order(house: House) -> None:
    house.receive("SH", TEE=5)
    [order_id] = house.place(house.order(("TEE", 2)))
    fo_id = fo_of(house, order_id)
    for step in (fulfillment.start_picking, fulfillment.pick, fulfillment.pack, fulfillment.ship):
        with pytest.raises(IllegalTransition, match="from allocated"), house.work() as uow:
            step(uow, fo_id)
    with pytest.raises(DomainError, match="no fulfillment order 999"):
        house.release(999)


def test_an_incomplete_one_is_not_released(house: House) -> None:
    house.receive("SH", TEE=1)
    [order_id] = house.place(house.order(("TEE", 2)))
    with pytest.raises(DomainError, match=r"must not release: out_of_stock \(TEE\)"):
        house.release(fo_of(house, order_id))


def test_a_delivery_is_told_once(house: House) -> None:
    house.receive("SH", TEE=5)
    [order_id] = house.place(house.order(("TEE", 2)))
    fo_id = fo_of(house, order_id)
    house.ship(fo_id)
    for _ in range(2):
        with house.work("carrier:sf") as uow:
            fulfillment.deliver(uow, 1, "signed for")
    assert house.fo_state(fo_id) == "delivered"
    assert house.db.rows("SELECT COUNT(*) FROM audit WHERE action = 'shipped → delivered'") == [(1,)]
    house.prove()


def test_a_fulfillment_order_of_two_orders_ships_both(house: House) -> None:
    house.receive("SH", TEE=5)
    one, two = house.place(house.order(("TEE", 2), to=door(1)), house.order(("TEE", 1), to=door(1)))
    with house.work("automatic") as uow:
        assert release_ready(uow) == [fo_of(house, one)]
    assert fo_of(house, one) == fo_of(house, two)
    fo_id = fo_of(house, one)
    house.label(fo_id)
    house.pack(fo_id)
    with house.work() as uow:
        fulfillment.ship(uow, fo_id)
    assert [house.card(order_id).status for order_id in (one, two)] == ["shipped", "shipped"]
    assert house.db.rows("SELECT COUNT(*) FROM waybill") == [(1,)]
    house.prove()


# what is missing


def test_what_is_there_splits_off_what_is_missing_where_the_shop_wants_it(house: House) -> None:
    with house.work() as uow:
        uow.db.change("UPDATE shop SET ship_policy = 'what_is_there' WHERE code = 'cn2'")
    house.receive("SH", TEE=1, CAP=1)
    [order_id] = house.place(house.order(("TEE", 3), ("CAP", 1), shop="cn2"))
    there, missing = house.fos(order_id)
    assert (house.fo_state(there), house.fo_state(missing)) == ("allocated", "planned")
    house.ship(there)
    assert house.card(order_id).status == "to_ship"
    house.receive("SH", TEE=2)
    house.ship(missing)
    assert house.card(order_id).status == "shipped"
    assert sum(house.ledger(order_id).values()) == 0
    assert "advances" not in house.ledger(order_id)
    house.prove()


def test_complete_only_keeps_what_it_could_reserve(house: House) -> None:
    house.receive("SH", TEE=1, CAP=1)
    [order_id] = house.place(house.order(("TEE", 3), ("CAP", 1)))
    fo_id = fo_of(house, order_id)
    assert house.fo_state(fo_id) == "planned"
    assert (house.levels("TEE"), house.levels("CAP")) == ({"SH": (1, 1)}, {"SH": (1, 1)})
    [note] = house.db.rows("SELECT note FROM hold WHERE level = 'fo'")
    assert note == ("TEE",)
    house.prove()


def test_a_waiting_kit_takes_whole_sets_only(house: House) -> None:
    house.receive("SH", CAP=9)
    [order_id] = house.place(house.order(("SET", 2)))
    house.receive("SH", TEE=3)
    assert (house.levels("TEE"), house.levels("CAP")) == ({"SH": (3, 2)}, {"SH": (9, 1)})
    house.receive("SH", TEE=1)
    assert house.fo_state(fo_of(house, order_id)) == "allocated"
    house.prove()


def test_a_smaller_wish_frees_a_waiting_order(house: House) -> None:
    house.receive("SH", TEE=1)
    [order_id] = house.place(house.order(("TEE", 3)))
    with house.work() as uow:
        orders.cancel(uow, order_id, {house.line_ids(order_id)[0]: 2}, "buyer")
    assert (house.fo_state(fo_of(house, order_id)), house.holds(fo_of(house, order_id), "fo")) == ("allocated", [])
    house.prove()


def test_units_shipped_elsewhere_leave_the_fulfillment_order_and_free_their_stock(house: House) -> None:
    house.receive("SH", TEE=3)
    [order_id] = house.place(house.order(("TEE", 3)))
    fo_id = fo_of(house, order_id)
    with house.work("channel:cn") as uow:
        orders.record_shipped_elsewhere(uow, order_id, {house.line_ids(order_id)[0]: 2}, "E1")
    assert (house.fo_state(fo_id), house.levels("TEE")) == ("allocated", {"SH": (3, 1)})
    with house.work("channel:cn") as uow:
        orders.record_shipped_elsewhere(uow, order_id, {house.line_ids(order_id)[0]: 1}, "E2")
    assert (house.fo_state(fo_id), house.card(order_id).status) == ("cancelled", "shipped")
    assert house.levels("TEE") == {"SH": (3, 0)}
    house.prove()


@pytest.mark.parametrize(("stage", "reserved"), [("released", 0), ("picking", 3), ("packed", 3)])
def test_a_cancelled_order_takes_its_parcel_back_at_any_stage_and_gives_the_waybill_back(
    house: House, stage: str, reserved: int
) -> None:
    house.receive("SH", TEE=3)
    [order_id] = house.place(house.order(("TEE", 3)))
    fo_id = fo_of(house, order_id)
    house.release(fo_id)
    house.label(fo_id)
    if stage == "picking":
        with house.work() as uow:
            fulfillment.start_picking(uow, fo_id)
    elif stage == "packed":
        house.pack(fo_id)
    with house.work() as uow:
        orders.cancel(uow, order_id, None, "buyer")
    assert (house.fo_state(fo_id), house.levels("TEE")) == ("cancelled", {"SH": (3, reserved)})
    assert house.db.rows("SELECT COALESCE(SUM(quantity), 0) FROM putback WHERE state = 'open'") == [(reserved,)]
    assert house.db.rows("SELECT kind FROM task ORDER BY id") == [("book_waybill",), ("void_waybill",)]
    house.prove()


# addresses


def test_an_address_follows_while_nobody_works_on_it(house: House) -> None:
    house.receive("SH", TEE=3)
    [order_id] = house.place(house.order(("TEE", 1), to=door(1)))
    with house.work("channel:cn") as uow:
        orders.change_address(uow, order_id, door(2), "the buyer moved")
    fo_id = fo_of(house, order_id)
    assert (address_of(house, fo_id), house.holds(fo_id, "fo")) == ("某路2号", [])
    assert house.card(order_id).receiver.detail == "某路2号"
    house.ship(fo_id)


# merging


def test_a_merge_keeps_the_first_number_and_every_unit(house: House) -> None:
    house.receive("SH", TEE=5, CAP=5)
    one, two = house.place(house.order(("TEE", 1), to=door(1)), house.order(("TEE", 2), ("CAP", 1), to=door(1)))
    first, second = fo_of(house, one), fo_of(house, two)
    with house.work() as uow:
        assert merge(uow, [second, first], "same door") == first
    rows = house.db.rows("SELECT order_id, quantity, reserved FROM fo_line WHERE fo_id = ? ORDER BY id", (first,))
    assert [tuple(row) for row in rows] == [(one, 1, 1), (two, 2, 2), (two, 1, 1)]
    assert house.db.row("SELECT state, cancel_reason, became_id FROM fulfillment_order WHERE id = ?", (second,)) == (
        "cancelled",
        "merged_into",
        first,
    )
    house.prove()


def test_a_merged_one_queues_by_its_earliest_payment(house: House) -> None:
    late, early = AT + timedelta(hours=2), AT + timedelta(hours=1)
    [first] = house.place(house.order(("TEE", 1), to=door(1), paid_at=late))
    [other] = house.place(house.order(("TEE", 1), to=door(1), paid_at=AT))
    [between] = house.place(house.order(("TEE", 2), paid_at=early))
    with house.work() as uow:
        merge(uow, [fo_of(house, first), fo_of(house, other)], "same door")
    house.receive("SH", TEE=2)
    assert [house.fo_state(fo_of(house, one)) for one in (first, between)] == ["allocated", "planned"]
    house.prove()


def test_a_refusal_lists_all_its_reasons(house: House) -> None:
    house.receive("SH", TEE=9)
    house.receive("GZ", CAP=9)
    plain, other = house.place(house.order(("TEE", 1), to=door(1)), house.order(("CAP", 1), to=door(2), shop="us", cod=True))
    with house.work() as uow:
        uow.db.change("UPDATE fulfillment_order SET sealed = ? WHERE id = ?", (True, fo_of(house, other)))
        uow.db.change("UPDATE fulfillment_order SET state = 'picking' WHERE id = ?", (fo_of(house, plain),))
    everything = (
        "different_shop, different_address, different_currency, payment_type_differs, different_warehouse, "
        "already_in_warehouse, sealed"
    )
    with pytest.raises(DomainError, match=everything), house.work() as uow:
        merge(uow, [fo_of(house, plain), fo_of(house, other)], "")


def test_what_may_be_merged_has_no_refusal_and_masked_doors_prove_nothing(house: House) -> None:
    house.receive("SH", TEE=9)
    masked = door(1, masked=True, detail="某**")
    token = door(1, masked=True, detail="某**", privacy_token="oaid", token_owner="cn")
    ids = house.place(*[house.order(("TEE", 1), to=to) for to in (door(1), door(1), masked, masked, token, token)])
    with house.work() as uow:
        fos = fulfillment.held(uow, [fo_of(house, order_id) for order_id in ids])
    a, b, c, d, e, f = fos.values()
    assert (refusals(a, b), refusals(e, f)) == ([], [])
    assert (refusals(c, d), refusals(a, e)) == (["different_address"], ["different_address"])


def test_two_merged_ones_that_wait_are_served_together(house: House) -> None:
    one, two = house.place(house.order(("TEE", 1), to=door(1)), house.order(("SET", 1), to=door(1)))
    with house.work() as uow:
        fo_id = merge(uow, [fo_of(house, one), fo_of(house, two)], "same door")
    house.receive("SH", TEE=3, CAP=1)
    house.ship(fo_id)
    assert [house.card(order_id).status for order_id in (one, two)] == ["shipped", "shipped"]
    house.prove()


def test_cancelling_one_of_a_merged_pair_leaves_the_other(house: House) -> None:
    house.receive("SH", TEE=5)
    one, two = house.place(house.order(("TEE", 1), to=door(1)), house.order(("TEE", 2), to=door(1)))
    with house.work() as uow:
        fo_id = merge(uow, [fo_of(house, one), fo_of(house, two)], "same door")
    with house.work() as uow:
        orders.cancel(uow, one, None, "buyer")
    assert (house.fo_state(fo_id), house.levels("TEE")) == ("allocated", {"SH": (5, 2)})
    house.ship(fo_id)
    assert [house.card(order_id).status for order_id in (one, two)] == ["cancelled", "shipped"]
    house.prove()


# releasing


def test_ready_ones_are_merged_and_released_and_held_ones_stay(house: House) -> None:
    house.receive("SH", TEE=9)
    ids = house.place(*[house.order(("TEE", 1), to=door(number)) for number in (1, 1, 2, 1)])
    with house.work() as uow:
        orders.hold(uow, ids[1], HoldCode.MANUAL, "call first")
    fos = [fo_of(house, order_id) for order_id in ids]
    with house.work("automatic") as uow:
        assert release_ready(uow) == [fos[0], fos[2]]
    assert [house.fo_state(fo_id) for fo_id in fos] == ["released", "allocated", "released", "cancelled"]
    with house.work("automatic") as uow:
        assert release_ready(uow) == []
    house.prove()


def test_sealed_orders_and_masked_doors_travel_alone(house: House) -> None:
    house.receive("SH", TEE=9)
    masked = door(1, masked=True, detail="某**")
    ids = house.place(*[house.order(("TEE", 1), to=to) for to in (door(1), door(1), masked, masked)])
    with house.work() as uow:
        uow.db.change("UPDATE fulfillment_order SET sealed = ? WHERE id = ?", (True, fo_of(house, ids[0])))
    with house.work("automatic") as uow:
        assert len(release_ready(uow)) == 4


def test_one_objection_does_not_keep_the_others_from_the_warehouse(house: House) -> None:
    house.receive("SH", TEE=9)
    ids = house.place(*[house.order(("TEE", 1), to=door(number)) for number in (1, 2, 3, 3)])
    stubborn = {"FO00000001", "FO00000004"}

    def object_to(hook: str, question: object) -> list[str]:
        return ["ask my boss"] if getattr(question, "facts", {}).get("number") in stubborn else []

    house.system.installation.wiring.ask = object_to
    with house.work("automatic") as uow:
        released = release_ready(uow)
    assert [house.fo_state(fo_of(house, order_id)) for order_id in ids] == ["allocated", "released", "released", "allocated"]
    assert released == [fo_of(house, ids[1]), fo_of(house, ids[2])]
    house.prove()


def test_without_a_carrier_the_parcel_waits_for_a_person(house: House) -> None:
    house.receive("SH", TEE=9)
    with house.work() as uow:
        uow.db.change("UPDATE shop SET carrier = '' WHERE code = 'cn'")
    [order_id] = house.place(house.order(("TEE", 1)))
    fo_id = fo_of(house, order_id)
    house.release(fo_id)
    assert (house.fo_state(fo_id), codes(house.holds(fo_id, "fo"))) == ("released", ["no_carrier"])
    assert house.db.rows("SELECT 1 FROM waybill") == []
