"""A changed address, at each stage of the order's fulfillment orders."""

from __future__ import annotations

import pytest

from orderyard.core.fulfillment import merging, replanning
from orderyard.core.fulfillment import service as fulfillment
from orderyard.core.fulfillment.merging import lineage
from orderyard.core.kernel.errors import DomainError
from orderyard.core.orders import service as orders
from orderyard.core.testing.builders import House, codes, door

SOUTH = {"province": "广东省", "number": 7}


def placed(house: House, count: int = 1) -> list[int]:
    """Orders to one door in Shanghai, where there are goods; there are some in the south, too."""
    house.receive("SH", TEE=5)
    house.receive("GZ", TEE=5)
    return house.place(*(house.order(("TEE", 2), to=door(1)) for _ in range(count)))


def move(house: House, order_id: int, **where: object) -> None:
    with house.work() as uow:
        orders.change_address(uow, order_id, door(**(SOUTH | where)), "she moved")  # type: ignore[arg-type]


def fo(house: House, fo_id: int) -> tuple[str, str, str]:
    """State, warehouse, and the receiver's province."""
    [row] = house.db.rows(
        "SELECT f.state, w.code, a.province FROM fulfillment_order f JOIN warehouse w ON w.id = f.warehouse_id "
        "JOIN postal_address a ON a.id = f.address_id WHERE f.id = ?",
        (fo_id,),
    )
    return row


def waybills(house: House, fo_id: int) -> list[str]:
    return [row[0] for row in house.db.rows("SELECT state FROM waybill WHERE fo_id = ? ORDER BY id", (fo_id,))]


def voids(house: House) -> int:
    return int(house.db.rows("SELECT COUNT(*) FROM task WHERE kind = 'void_waybill'")[0][0])


def test_before_release_it_is_routed_anew_to_the_nearer_warehouse(house: House) -> None:
    [order_id] = placed(house)
    [before] = house.fos(order_id)
    move(house, order_id)
    [now] = house.fos(order_id)
    assert fo(house, now) == ("allocated", "GZ", "广东省")
    assert house.db.rows("SELECT state, cancel_reason FROM fulfillment_order WHERE id = ?", (before,)) == [
        ("cancelled", "rerouted")
    ]
    assert [(one.kind, one.quantity) for one in lineage(house.db, now)] == [("rerouted", 2)]
    assert house.levels("TEE") == {"GZ": (5, 2), "SH": (5, 0)}
    house.prove()


def test_where_routing_decides_as_before_the_number_stays(house: House) -> None:
    [order_id] = placed(house)
    [before] = house.fos(order_id)
    move(house, order_id, province="浙江省")
    assert house.fos(order_id) == [before]
    assert fo(house, before) == ("allocated", "SH", "浙江省")
    house.prove()


def test_what_waits_for_stock_is_routed_anew(house: House) -> None:
    house.receive("SH", TEE=1)
    [order_id] = house.place(house.order(("TEE", 2), to=door(1)))
    house.receive("GZ", CAP=1)
    move(house, order_id)
    [now] = house.fos(order_id)
    assert fo(house, now)[0] == "planned"
    house.prove()


def test_a_chosen_warehouse_stays_chosen(house: House) -> None:
    [order_id] = placed(house)
    with house.work() as uow:
        orders.choose_dispatch(uow, order_id, "", "SH")
    [before] = house.fos(order_id)
    move(house, order_id)
    assert house.fos(order_id) == [before]
    assert fo(house, before) == ("allocated", "SH", "广东省")


def test_released_it_is_taken_back_and_routed_anew(house: House) -> None:
    [order_id] = placed(house)
    [before] = house.fos(order_id)
    house.release(before)
    house.label(before)
    move(house, order_id)
    [now] = house.fos(order_id)
    assert fo(house, now) == ("allocated", "GZ", "广东省")
    assert waybills(house, before) == ["voided"]
    assert voids(house) == 1
    house.prove()


def test_released_and_staying_where_it_is_it_is_labelled_anew(house: House) -> None:
    [order_id] = placed(house)
    [fo_id] = house.fos(order_id)
    house.release(fo_id)
    house.label(fo_id)
    move(house, order_id, province="浙江省")
    assert fo(house, fo_id) == ("released", "SH", "浙江省")
    assert waybills(house, fo_id) == ["voided", "requested"]
    assert house.holds(fo_id, "fo") == []
    house.prove()


@pytest.mark.parametrize("state", ["picking", "picked", "packed"])
def test_from_picking_on_it_is_stopped_until_the_new_label_is_there(house: House, state: str) -> None:
    [order_id] = placed(house)
    [fo_id] = house.fos(order_id)
    house.release(fo_id)
    house.label(fo_id)
    for name, step in (("picking", fulfillment.start_picking), ("picked", fulfillment.pick), ("packed", fulfillment.pack)):
        with house.work() as uow:
            step(uow, fo_id)
        if name == state:
            break
    move(house, order_id)
    assert fo(house, fo_id) == (state, "SH", "广东省")
    assert waybills(house, fo_id) == ["voided", "requested"]
    assert codes(house.holds(fo_id, "fo")) == ["waybill_error"]
    house.prove()
    house.db.execute("UPDATE waybill SET number = 'OLD' WHERE state = 'voided'")
    house.label(fo_id)
    assert house.holds(fo_id, "fo") == []
    house.prove()


def test_a_merged_one_is_taken_apart_first(house: House) -> None:
    one, two = placed(house, 2)
    with house.work() as uow:
        into = merging.merge(uow, [*house.fos(one), *house.fos(two)], "same door")
    house.release(into)
    house.label(into)
    move(house, two)
    assert house.fos(one) == [into]
    assert fo(house, into)[2] == "上海市"
    [apart] = house.fos(two)
    assert apart != into
    assert fo(house, apart)[1:] == ("GZ", "广东省")
    house.prove()


def test_a_packed_parcel_of_several_orders_waits_for_a_person(house: House) -> None:
    one, two = placed(house, 2)
    with house.work() as uow:
        into = merging.merge(uow, [*house.fos(one), *house.fos(two)], "same door")
    house.release(into)
    house.label(into)
    house.pack(into)
    move(house, two)
    assert codes(house.holds(into, "fo")) == ["address_changed"]
    assert fo(house, into)[2] == "上海市"
    with pytest.raises(DomainError, match="must not ship: address_changed"), house.work() as uow:
        fulfillment.ship(uow, into)
    house.prove()


def test_what_has_left_keeps_its_address_and_an_intercept_is_offered(house: House) -> None:
    [order_id] = placed(house)
    number = house.ship(house.fos(order_id)[0])
    with pytest.raises(DomainError, match="its address stands") as refused:
        move(house, order_id)
    assert refused.value.remedy == f"ask the carrier to intercept {number}"
    house.prove()


# labels and carriers


def test_a_number_that_the_carrier_keeps_stops_the_parcel(house: House) -> None:
    [order_id] = placed(house)
    [fo_id] = house.fos(order_id)
    house.release(fo_id)
    number = house.label(fo_id)
    move(house, order_id, province="浙江省")
    [(waybill,)] = house.db.rows("SELECT id FROM waybill WHERE number = ?", (number,))
    with house.work("carrier:sf") as uow:
        uow.db.change("UPDATE waybill SET state = 'void_failed' WHERE id = ?", (waybill,))
        fulfillment.waybill_not_given_back(uow, waybill)
    assert codes(house.holds(fo_id, "fo")) == ["waybill_error"]
    house.prove()


def test_another_carrier_makes_another_label(house: House) -> None:
    [order_id] = placed(house)
    [fo_id] = house.fos(order_id)
    house.release(fo_id)
    house.label(fo_id)
    with house.work() as uow:
        replanning.choose_carrier(uow, fo_id, "yto", "it is heavy")
    assert house.db.rows("SELECT carrier, state FROM waybill ORDER BY id") == [("sf", "voided"), ("yto", "requested")]
    house.prove()


def test_choosing_a_carrier_lifts_the_lack_of_one(house: House) -> None:
    [order_id] = placed(house)
    [fo_id] = house.fos(order_id)
    house.db.execute("UPDATE fulfillment_order SET carrier = ''")
    house.release(fo_id)
    assert codes(house.holds(fo_id, "fo")) == ["no_carrier"]
    with house.work() as uow:
        replanning.choose_carrier(uow, fo_id, "sf", "the usual one")
    assert house.holds(fo_id, "fo") == []
    assert waybills(house, fo_id) == ["requested"]
    with pytest.raises(DomainError, match="there is no carrier ''"), house.work() as uow:
        replanning.choose_carrier(uow, fo_id, "", "none")
    house.prove()


def test_only_what_is_released_is_labelled_anew(house: House) -> None:
    [order_id] = placed(house)
    [fo_id] = house.fos(order_id)
    with pytest.raises(DomainError, match="is allocated") as refused, house.work() as uow:
        replanning.label_anew(uow, fo_id, "it tore")
    assert refused.value.remedy == "only what is released and has not left can be labelled anew"
    house.release(fo_id)
    house.label(fo_id)
    with house.work() as uow:
        replanning.label_anew(uow, fo_id, "it tore")
    assert waybills(house, fo_id) == ["voided", "requested"]
    house.prove()


def test_what_somebody_works_on_is_not_routed_anew(house: House) -> None:
    [order_id] = placed(house)
    [fo_id] = house.fos(order_id)
    house.release(fo_id)
    with house.work() as uow:
        fulfillment.start_picking(uow, fo_id)
    with pytest.raises(DomainError, match="is picking") as refused, house.work() as uow:
        replanning.reroute(uow, fo_id, "why not")
    assert refused.value.remedy == "only what nobody works on can be routed anew"
