"""Customers who turn out to be one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orderyard.app import System
from orderyard.core.customers.queries import customer, find_customers, price_groups
from orderyard.core.customers.service import CustomerFacts, merge, set_price_group
from orderyard.core.kernel.errors import DomainError
from orderyard.core.kernel.uow import Installation

Order = Callable[..., int]


def merged(house: Installation, keep: int, *others: int) -> None:
    with house.unit_of_work("person:ann") as uow:
        merge(uow, keep, others)


def test_orders_and_signs_go_to_whoever_is_kept(order: Order, system: System) -> None:
    keep, other, third = order(platform_id="b1"), order(phone="13800138000", name="林静怡"), order(email="lin@example.com")
    order(phone="13800138000")
    merged(system.installation, keep, other, third)
    assert system.installation.db.rows("SELECT customer_id, COUNT(*) FROM sales_order GROUP BY customer_id") == [(keep, 4)]
    assert order(phone="13800138000") == order(email="lin@example.com") == keep
    assert system.verify() == []


def test_what_the_kept_one_does_not_say_comes_from_the_others(order: Order, house: Installation) -> None:
    keep, other, third = order(name="林"), order(name="林静怡", phone="13800138000"), order(email="lin@example.com")
    with house.unit_of_work("person:ann") as uow:
        set_price_group(uow, third, "vip")
    merged(house, keep, other, third)
    card = customer(house.db, keep)
    assert (card.name, card.phone, card.email) == ("林", "13800138000", "lin@example.com")
    assert price_groups(house.db, [CustomerFacts(1, phone="13800138000"), CustomerFacts(1, id=keep)]) == ["vip", "vip"]


def test_whoever_asks_for_a_merged_one_gets_the_kept_one(order: Order, house: Installation) -> None:
    first, second, third = order(name="一"), order(name="二"), order(name="三")
    merged(house, second, third)
    merged(house, first, second)
    assert [customer(house.db, one).id for one in (first, second, third)] == [first] * 3
    assert find_customers(house.db, "三") == []


def test_history_says_it_on_every_side(order: Order, house: Installation) -> None:
    keep, other = order(), order()
    merged(house, keep, other)
    rows = house.db.rows(
        "SELECT kind, document, because FROM audit WHERE action IN ('merged', 'customer') ORDER BY kind, document"
    )
    assert rows == [
        ("customer", keep, "took over others"),
        ("customer", other, f"into customer {keep}"),
        ("order", 2, f"merged into customer {keep}"),
    ]


@pytest.mark.parametrize(
    ("keep", "others", "says"),
    [
        (1, (), "not with itself"),
        (1, (1,), "not with itself"),
        (1, (9,), "no customer 9"),
        (9, (1,), "no customer 9"),
        (1, (3,), "customer 3 was merged into 2"),
        (3, (1,), "customer 3 was merged into 2"),
    ],
)
def test_a_wrong_merge_is_refused(order: Order, house: Installation, keep: int, others: tuple[int, ...], says: str) -> None:
    for name in "一二三":
        order(name=name)
    merged(house, 2, 3)
    with pytest.raises(DomainError, match=says):
        merged(house, keep, *others)


def test_a_merged_customer_cannot_be_picked_or_grouped(order: Order, house: Installation) -> None:
    keep, other = order(), order()
    merged(house, keep, other)
    with pytest.raises(DomainError, match=f"merged into {keep}"):
        order(id=other)
    with pytest.raises(DomainError, match="no customer"), house.unit_of_work("person:ann") as uow:
        set_price_group(uow, other, "vip")


@pytest.mark.parametrize(
    ("harm", "check"),
    [
        ("UPDATE customer SET merged_into = 77 WHERE id = 2", "a merged customer points at one who is there"),
        ("UPDATE customer SET merged_into = 2 WHERE id = 1", "a merged customer points at one who is there"),
        ("UPDATE customer_identity SET customer_id = 2 WHERE customer_id = 1", "nobody is recognised as a merged customer"),
        ("UPDATE sales_order SET customer_id = 2 WHERE id = 1", "nobody's orders stay with a merged customer"),
    ],
)
def test_verify_names_what_was_left_behind(order: Order, system: System, harm: str, check: str) -> None:
    merged(system.installation, order(phone="13800138000"), order(email="lin@example.com"))
    assert system.verify() == []
    with system.installation.db.connection():
        system.installation.db.execute(harm)
    assert check in {finding.check for finding in system.verify()}
