"""Goods handed over: once however often it is tried, whole or not at all, and never by the way of parcels."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from orderyard.core.fulfillment import handing, merging, replanning, split
from orderyard.core.fulfillment.release import release_ready
from orderyard.core.kernel.errors import DomainError
from orderyard.core.kernel.values import Address
from orderyard.core.orders import service as orders
from orderyard.core.orders.api import OrderStatus, Reach
from orderyard.core.testing.builders import House, door


def kept(house: House, units: int = 2, reach: Reach = Reach.PICKUP, **more: Any) -> int:
    """Shirts for somebody who comes to Shanghai with 4711."""
    where: dict[str, Any] = {"reach": reach, "warehouse_id": house.warehouses["SH"], "pickup_code": "4711"}
    [order_id] = house.place(house.order(("TEE", units), to=Address(name="Ann"), **(where | more)))
    return order_id


def give(house: House, order_id: int, code: str = "4711", method: str = "") -> bool:
    with house.work() as uow:
        return handing.hand_over(uow, order_id, code=code, method=method)


def test_two_hands_at_once_give_it_once(house: House) -> None:
    house.receive("SH", TEE=5)
    order_id = kept(house, cod=True, paid=False)

    def one(_: int) -> bool:
        return house.system.installation.carry_out(
            "person:ann", lambda uow: handing.hand_over(uow, order_id, code="4711", method="cash")
        )

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(one, range(2))) == [False, True]
    assert house.db.rows("SELECT amount, method FROM payment") == [(19800, "cash")]
    house.prove()


def test_what_is_unpaid_is_paid_reviewed_planned_and_given_in_one_go(house: House) -> None:
    house.receive("SH", TEE=5)
    order_id = kept(house, paid=False)
    assert house.card(order_id).status is OrderStatus.PENDING_PAYMENT
    with pytest.raises(DomainError, match="not paid"):
        give(house, order_id)
    assert give(house, order_id, method="card")
    assert house.card(order_id).status is OrderStatus.COMPLETED
    house.prove()


def test_paid_for_nothing_that_is_there_is_undone_with_the_payment(house: House) -> None:
    order_id = kept(house, paid=False)
    with pytest.raises(DomainError, match="too few"):
        give(house, order_id, method="cash")
    assert house.card(order_id).status is OrderStatus.PENDING_PAYMENT
    assert house.db.rows("SELECT 1 FROM payment") == []
    house.prove()


def test_what_is_given_at_the_counter_never_goes_to_the_warehouse(house: House) -> None:
    order_id = kept(house, reach=Reach.COUNTER)
    assert [code.value for code in house.holds(order_id)] == ["hand_over"]
    house.receive("SH", TEE=5)
    with house.work() as uow:
        assert release_ready(uow) == []
    assert give(house, order_id)
    assert house.holds(order_id) == []
    house.prove()


def test_a_pickup_stays_where_it_was_promised_alone_and_without_a_carrier(house: House) -> None:
    house.receive("SH", TEE=9)
    house.receive("BJ", TEE=9)
    first, second = kept(house), kept(house)
    with house.work() as uow:
        assert len(release_ready(uow)) == 2
    [fo], [other] = house.fos(first), house.fos(second)
    with house.work() as uow, pytest.raises(DomainError, match="different_address"):
        merging.merge(uow, [fo, other], "one bag")
    with house.work() as uow, pytest.raises(DomainError, match="picked up"):
        replanning.choose_carrier(uow, fo, "sf", "why not")
    with house.work() as uow:
        orders.change_address(uow, first, door(7, "北京市"), "moved")
    assert house.db.rows("SELECT number FROM waybill") == []
    third = kept(house)
    [fresh] = house.fos(third)
    with house.work() as uow, pytest.raises(DomainError, match="picked up where it is"):
        split.split_to_warehouse(uow, fresh, None, "BJ", "closer")
    house.prove()
    for order_id in (first, second, third):
        assert give(house, order_id)
    house.prove()


def test_units_cancelled_before_are_neither_given_nor_paid(house: House) -> None:
    house.receive("SH", TEE=5)
    order_id = kept(house, cod=True, paid=False)
    with house.work() as uow:
        [(line_id,)] = uow.db.rows("SELECT id FROM order_line WHERE order_id = ?", (order_id,))
        orders.cancel(uow, order_id, {line_id: 1}, "buyer")
    assert give(house, order_id, method="cash")
    assert house.db.rows("SELECT amount FROM payment") == [(9900,)]
    house.prove()
