"""What buyers paid us for units they do not get stands in a list until it is given back, once, to the fen."""

from __future__ import annotations

import pytest

from orderyard.core.kernel.errors import DomainError
from orderyard.core.orders import service as orders
from orderyard.core.orders.giving_back import due_back, give_back
from orderyard.core.testing.builders import House


def paid(house: House, *lines: tuple[str, int], method: str = "transfer") -> int:
    [order_id] = house.place(house.order(*lines, method=method))
    return order_id


def due(house: House) -> dict[int, str]:
    return {row.order_id: row.amount.text for row in due_back(house.db)}


def test_cancelled_units_are_due_until_their_money_went_back(house: House) -> None:
    house.receive("SH", TEE=9)
    whole, part = paid(house, ("TEE", 1)), paid(house, ("TEE", 3))
    assert due(house) == {}
    [line] = house.db.rows("SELECT id FROM order_line WHERE order_id = ?", (part,))
    with house.work() as uow:
        orders.cancel(uow, whole, None, "buyer")
        orders.cancel(uow, part, {line[0]: 1}, "buyer")
    assert list(due(house)) == [whole, part]
    for order_id in (whole, part):
        with house.work() as uow:
            told = give_back(uow, order_id, "transfer")
        with pytest.raises(DomainError, match="nothing of order"), house.work() as uow:
            give_back(uow, order_id, "transfer")
        card = house.card(order_id)
        assert card.refunded == told
    assert due(house) == {}
    house.prove()


def test_what_has_left_is_not_due_and_what_was_cancelled_before_is(house: House) -> None:
    house.receive("SH", TEE=1)
    order_id = paid(house, ("TEE", 3))
    [line] = house.db.rows("SELECT id FROM order_line WHERE order_id = ?", (order_id,))
    with house.work() as uow:
        orders.cancel(uow, order_id, {line[0]: 2}, "buyer")
    [fo_id] = house.fos(order_id)
    house.ship(fo_id)
    assert list(due(house)) == [order_id]
    with house.work() as uow:
        give_back(uow, order_id, "cash")
    assert due(house) == {}
    house.prove()


def test_a_platform_gives_back_what_a_platform_took(house: House) -> None:
    order_id = paid(house, ("TEE", 1), method="platform")
    with house.work() as uow:
        orders.cancel(uow, order_id, None, "buyer")
    assert due(house) == {}
    with pytest.raises(DomainError, match="a platform took the money"), house.work() as uow:
        give_back(uow, order_id, "transfer")


def test_the_way_it_went_back_is_said(house: House) -> None:
    order_id = paid(house, ("TEE", 1))
    with house.work() as uow:
        orders.cancel(uow, order_id, None, "buyer")
    with pytest.raises(DomainError, match="how the money went back"), house.work() as uow:
        give_back(uow, order_id, " ")
    assert list(due(house)) == [order_id]
