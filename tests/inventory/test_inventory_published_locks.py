"""Units that one shop has to itself, at every place where somebody might take them."""

from __future__ import annotations

import pytest

from orderyard.core.fulfillment import replanning
from orderyard.core.inventory import locks, service
from orderyard.core.inventory.api import LockMode, Quality
from orderyard.core.inventory.locks import lock, unlock
from orderyard.core.kernel.errors import DomainError, StockShort
from orderyard.core.orders import service as orders
from orderyard.core.testing.builders import House, door


def keep(house: House, shop: str, warehouse: str, units: int, mode: LockMode = LockMode.PLUS_SHARED, code: str = "TEE") -> int:
    with house.work() as uow:
        return lock(uow, house.shops[shop].id, house.items[code].sku_id, house.warehouses[warehouse], units, mode)


def kept(house: House, code: str = "TEE") -> dict[tuple[str, str], int]:
    with house.db.connection():
        return {(one.shop, one.warehouse): one.units for one in locks.locks(house.db, sku_id=house.items[code].sku_id)}


def sent_from(house: House, order_id: int) -> str:
    [fo_id] = house.fos(order_id)
    row = house.db.row(
        "SELECT w.code FROM fulfillment_order f JOIN warehouse w ON w.id = f.warehouse_id WHERE f.id = ?", (fo_id,)
    )
    assert row is not None
    return str(row[0])


def reserved(house: House, order_id: int) -> int:
    row = house.db.row("SELECT SUM(reserved) FROM order_line WHERE order_id = ?", (order_id,))
    assert row is not None
    return int(row[0])


def test_another_shop_gets_only_what_is_not_locked(house: House) -> None:
    house.receive("SH", TEE=10)
    keep(house, "cn", "SH", 7)
    [served, short] = house.place(house.order(("TEE", 3), shop="cn2"), house.order(("TEE", 1), shop="cn2"))
    assert (reserved(house, served), reserved(house, short)) == (3, 0)
    assert kept(house) == {("cn", "SH"): 7}
    house.prove()


def test_the_own_lock_goes_first_and_shrinks(house: House) -> None:
    house.receive("SH", TEE=10)
    keep(house, "cn", "SH", 4)
    house.place(house.order(("TEE", 3)))
    assert kept(house) == {("cn", "SH"): 1}
    house.place(house.order(("TEE", 3)))
    assert kept(house) == {("cn", "SH"): 0}
    assert house.levels("TEE")["SH"] == (10, 6)
    house.prove()


def test_an_order_goes_where_its_shop_has_units_of_its_own(house: House) -> None:
    house.receive("BJ", TEE=50)
    house.receive("SH", TEE=10)
    keep(house, "cn", "SH", 4)
    mine, others = house.place(
        house.order(("TEE", 3), to=door(1, "西藏")), house.order(("TEE", 3), to=door(2, "西藏"), shop="cn2")
    )
    assert [sent_from(house, one) for one in (mine, others)] == ["SH", "BJ"]
    assert kept(house) == {("cn", "SH"): 1}
    [last, shared] = house.place(*(house.order(("TEE", 1), to=door(no, "西藏")) for no in (3, 4)))
    assert [sent_from(house, one) for one in (last, shared)] == ["SH", "BJ"]  # its own are gone now
    house.prove()


def test_what_drew_on_the_lock_is_not_sent_elsewhere_when_it_is_routed_again(house: House) -> None:
    house.receive("SH", TEE=10)
    keep(house, "cn", "SH", 4)
    [order_id] = house.place(house.order(("TEE", 4), to=door(1, "西藏")))
    house.receive("BJ", TEE=50)
    [fo_id] = house.fos(order_id)
    with house.work() as uow:
        assert replanning.reroute(uow, fo_id, "look again") == [fo_id]
    assert (sent_from(house, order_id), kept(house)) == ("SH", {("cn", "SH"): 0})
    house.prove()


@pytest.mark.parametrize(("mode", "units"), [(LockMode.PLUS_SHARED, 10), (LockMode.ONLY, 4), (LockMode.ONLY_HERE, 4)])
def test_the_mode_says_what_the_shop_may_take_beside_its_own(house: House, mode: LockMode, units: int) -> None:
    house.receive("SH", TEE=10)
    keep(house, "cn", "SH", 4, mode)
    [fits] = house.place(house.order(("TEE", units)))
    [short] = house.place(house.order(("TEE", 1)))
    assert (reserved(house, fits), reserved(house, short)) == (units, 0)
    house.prove()


@pytest.mark.parametrize(("mode", "elsewhere"), [(LockMode.ONLY, 0), (LockMode.ONLY_HERE, 5)])
def test_only_reaches_every_warehouse_and_only_here_does_not(house: House, mode: LockMode, elsewhere: int) -> None:
    house.receive("SH", TEE=5)
    house.receive("GZ", TEE=5)
    keep(house, "cn", "SH", 0, mode)
    [order_id] = house.place(house.order(("TEE", 5)))
    assert reserved(house, order_id) == elsewhere
    house.prove()


def test_a_lock_takes_no_more_than_is_free_and_unlocked(house: House) -> None:
    house.receive("SH", TEE=10)
    house.place(house.order(("TEE", 3)))
    keep(house, "cn", "SH", 4)
    with pytest.raises(StockShort) as refused:
        keep(house, "cn2", "SH", 4)
    assert (refused.value.wanted, refused.value.free) == (4, 3)
    keep(house, "cn2", "SH", 3)
    house.prove()


def test_units_given_back_return_to_the_lock_after_the_shared_ones(house: House) -> None:
    house.receive("SH", TEE=10)
    keep(house, "cn", "SH", 4)
    [order_id] = house.place(house.order(("TEE", 6)))
    [line_id] = house.line_ids(order_id)
    with house.work() as uow:
        orders.cancel(uow, order_id, {line_id: 3}, "buyer")
    assert kept(house) == {("cn", "SH"): 1}
    with house.work() as uow:
        orders.cancel(uow, order_id, None, "buyer")
    assert kept(house) == {("cn", "SH"): 4}
    assert house.levels("TEE")["SH"] == (10, 0)
    house.prove()


def test_what_was_taken_from_a_lock_that_ended_is_shared_when_it_comes_back(house: House) -> None:
    house.receive("SH", TEE=10)
    keep(house, "cn", "SH", 4, LockMode.ONLY)
    [order_id] = house.place(house.order(("TEE", 4)))
    with house.work() as uow:
        assert unlock(uow, house.shops["cn"].id, house.items["TEE"].sku_id) == 0
    with house.work() as uow:
        orders.cancel(uow, order_id, None, "buyer")
    [other] = house.place(house.order(("TEE", 10), shop="cn2"))
    assert reserved(house, other) == 10
    house.prove()


def test_a_lock_that_ends_serves_whoever_waits(house: House) -> None:
    house.receive("SH", TEE=5)
    keep(house, "cn", "SH", 5)
    [waiting] = house.place(house.order(("TEE", 5), shop="cn2"))
    assert reserved(house, waiting) == 0
    with house.work() as uow:
        assert unlock(uow, house.shops["cn"].id, house.items["TEE"].sku_id, house.warehouses["SH"]) == 5
    assert reserved(house, waiting) == 5
    house.prove()


def test_a_smaller_lock_serves_whoever_waits(house: House) -> None:
    house.receive("SH", TEE=5)
    keep(house, "cn", "SH", 5)
    [waiting] = house.place(house.order(("TEE", 2), shop="cn2"))
    keep(house, "cn", "SH", 3)
    assert (reserved(house, waiting), kept(house)) == (2, {("cn", "SH"): 3})
    house.prove()


def test_two_shops_in_one_run_are_served_as_if_one_by_one(house: House) -> None:
    house.receive("SH", TEE=10)
    keep(house, "cn", "SH", 4)
    keep(house, "cn2", "SH", 4, LockMode.ONLY)
    first, second, third = house.place(
        house.order(("TEE", 5)), house.order(("TEE", 4), shop="cn2"), house.order(("TEE", 2), shop="cn")
    )
    assert [reserved(house, one) for one in (first, second, third)] == [5, 4, 1]
    assert house.levels("TEE")["SH"] == (10, 10)
    house.prove()


def test_what_is_lost_is_lost_to_the_lock_too(house: House) -> None:
    house.receive("SH", TEE=10)
    keep(house, "cn", "SH", 6)
    keep(house, "cn2", "SH", 4)
    [(level,)] = house.db.rows("SELECT id FROM stock_level WHERE sku_id = ?", (house.items["TEE"].sku_id,))
    with house.work() as uow:
        service.write_off(uow, level, 5, key="torn", because="torn")
    assert kept(house) == {("cn", "SH"): 5, ("cn2", "SH"): 0}
    house.prove()


def test_what_ships_leaves_the_lock_as_it_is(house: House) -> None:
    house.receive("SH", TEE=10)
    keep(house, "cn", "SH", 4)
    [order_id] = house.place(house.order(("TEE", 3)))
    house.ship(house.fos(order_id)[0])
    assert kept(house) == {("cn", "SH"): 1}
    house.prove()


def test_a_kit_draws_on_the_locks_of_its_components(house: House) -> None:
    house.receive("SH", TEE=10, CAP=10)
    keep(house, "cn", "SH", 5, LockMode.ONLY)
    [order_id] = house.place(house.order(("SET", 2)))
    assert (reserved(house, order_id), kept(house)) == (6, {("cn", "SH"): 1})
    house.prove()


def test_locks_of_lots_are_kept_in_the_first_to_expire(house: House) -> None:
    from orderyard.core.inventory import tracking
    from orderyard.core.inventory.api import Place
    from orderyard.core.inventory.service import Receipt, receive

    tee = house.items["TEE"].sku_id
    with house.work() as uow:
        tracking.track(uow, tee, lots=True)
        lots = [Receipt(tee, 3, 1, "", lot, day, Quality.GOOD) for lot, day in (("L2", "2027-06-01"), ("L1", "2027-01-01"))]
        receive(uow, house.warehouses["SH"], lots, source=Place.SUPPLIER, document=1, key="lots", text="")
    keep(house, "cn", "SH", 4)
    [other] = house.place(house.order(("TEE", 3), shop="cn2"))
    [own] = house.place(house.order(("TEE", 3)))
    # Six units, four of them locked: the other shop finds the two of the later lot.
    assert (reserved(house, other), reserved(house, own), kept(house)) == (2, 3, {("cn", "SH"): 1})
    house.prove()


@pytest.mark.parametrize(
    ("units", "code", "says"), [(-1, "TEE", "whole number"), (1, "SET", "components"), (1, "TEE", "no more than")]
)
def test_a_lock_that_cannot_be_is_refused(house: House, units: int, code: str, says: str) -> None:
    with pytest.raises(DomainError, match=says):
        keep(house, "cn", "SH", units, code=code)


def test_an_order_without_locks_costs_no_statement_more(house: House) -> None:
    house.receive("SH", TEE=10, CAP=10)

    def statements() -> int:
        seen: list[str] = []
        house.db.observers.append(seen.append)
        house.place(house.order(("TEE", 1), ("CAP", 1)))
        house.db.observers.remove(seen.append)
        return len(seen)

    before = statements()
    house.receive("SH", MUG=5)
    keep(house, "cn2", "SH", 2, code="MUG")
    assert statements() == before <= 19
