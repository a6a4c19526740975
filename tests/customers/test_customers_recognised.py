"""Who is recognised again, and by what."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orderyard.core.customers.queries import find_customers
from orderyard.core.customers.service import CustomerFacts, recognise
from orderyard.core.kernel.errors import DomainError
from orderyard.core.kernel.uow import Installation

Order = Callable[..., int]


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ({"platform_id": "b1"}, {"platform_id": "b1", "phone": "13800138000"}),
        ({"email": "Lin@Example.com"}, {"email": " lin@example.com", "shop_id": 2}),
        ({"phone": "13800138000"}, {"phone": "+86 138 0013 8000", "shop_id": 2}),
        ({"phone": "(202) 555-0101", "region": "US"}, {"phone": "+12025550101"}),
        (
            {"platform_id": "b1", "phone": "13800138000"},
            {"platform_id": "other", "shop_id": 2, "phone": "１３８００１３８０００"},
        ),
    ],
)
def test_a_buyer_is_known_again(order: Order, first: dict[str, str], again: dict[str, str]) -> None:
    assert order(**first) == order(**again)


@pytest.mark.parametrize(
    ("first", "other"),
    [
        ({"platform_id": "b1"}, {"platform_id": "b1", "shop_id": 2}),
        ({"platform_id": "林**"}, {"platform_id": "林**"}),
        ({"email": "l**@example.com"}, {"email": "l**@example.com"}),
        ({"phone": "138****8000"}, {"phone": "138****8000"}),
        ({"phone": "13800138000-1234"}, {"phone": "13800138000-5678"}),
        ({"phone": "13800138000"}, {"phone": "13800138000-5678"}),
        ({"phone": "12345"}, {"phone": "12345"}),
        ({"name": "王芳"}, {"name": "王芳"}),
    ],
)
def test_strangers_stay_strangers(order: Order, first: dict[str, str], other: dict[str, str]) -> None:
    assert order(**first) != order(**other)


def test_the_surest_sign_decides(order: Order) -> None:
    by_id, by_phone = order(platform_id="b1"), order(phone="13800138000")
    assert order(platform_id="b1", phone="13800138000") == by_id
    assert order(phone="13800138000") == by_phone


def test_masked_values_are_not_even_kept(order: Order, house: Installation) -> None:
    customer = order(phone="138****8000", email="l**@example.com")
    assert house.db.row("SELECT email, phone FROM customer WHERE id = ?", (customer,)) == ("", "")
    assert house.db.rows("SELECT 1 FROM customer_identity") == []


def test_one_batch_knows_its_own(house: Installation) -> None:
    with house.unit_of_work("file") as uow:
        (first, second, third, fourth), _ = recognise(
            uow,
            [
                CustomerFacts(1, phone="13800138000"),
                CustomerFacts(1, phone="13900139000"),
                CustomerFacts(1, phone="+8613800138000", email="a@example.com"),
                CustomerFacts(1, email="a@example.com"),
            ],
        )
    assert first == third == fourth != second


def test_a_picked_customer_is_taken_and_learns(order: Order) -> None:
    customer = order(name="林静怡")
    assert order(id=customer, phone="13800138000") == customer
    assert order(phone="13800138000") == customer


def test_a_picked_customer_must_be_there(order: Order) -> None:
    with pytest.raises(DomainError, match="no customer 77"):
        order(id=77)


@pytest.mark.parametrize("text", ["138 0013 8000", "LIN@example.com", "林静", " 林静怡 "])
def test_staff_find_a_customer(order: Order, house: Installation, text: str) -> None:
    customer = order(name="林静怡", phone="13800138000", email="lin@example.com")
    order(name="王芳", phone="13900139000")
    assert [found.id for found in find_customers(house.db, text)] == [customer]


@pytest.mark.parametrize("text", ["", "  ", "静怡", "1380013", "%", "_"])
def test_staff_find_nobody_by_less(order: Order, house: Installation, text: str) -> None:
    order(name="林静怡", phone="13800138000")
    assert find_customers(house.db, text) == []
