"""What a sale means: who bought, what is due, where it was given, and what is no sale at all."""

from __future__ import annotations

from typing import Any

import pytest
from orderyard_channel_pos.adapter import listed
from orderyard_channel_pos.document import read
from pos_sales import document, sale

from orderyard.core.channels.api import check
from orderyard.core.kernel.errors import RemoteNotUnderstood
from orderyard.core.kernel.values import Money
from orderyard.core.orders.api import Reach


def test_a_sale_is_paid_and_given_at_its_own_time() -> None:
    order = read(document(sale(7, ("TEE", 2, 9900), ("CAP", 1, 4900))))
    check(order)
    assert order.reach is Reach.COUNTER
    assert (order.warehouse, order.method, order.total, order.paid) == ("SH", "cash", Money(24700, "CNY"), Money(24700, "CNY"))
    assert order.placed_at == order.paid_at == order.version
    assert order.version.isoformat() == "2026-11-22T03:07:00.250000+00:00"
    assert order.buyer.external_id == "walk-in"
    assert order.number == "POS-0B9C4F7E00"


def test_a_till_whose_clock_is_ahead_sold_when_it_was_taken_in() -> None:
    order = read(document(sale(at="2031-01-01T00:00:00Z")))
    assert order.placed_at.isoformat() == "2026-11-22T04:00:00+00:00"
    assert order.version.year == 2031  # still the same sale when it is sent again


def test_a_pickup_without_a_method_is_paid_when_it_is_fetched() -> None:
    order = read(document(sale(kind="pickup", method="", code="004711", name="Ann", phone="13800000001")))
    check(order)
    assert order.reach is Reach.PICKUP
    assert order.cod
    assert order.paid_at is None
    assert (order.pickup_code, order.paid.minor) == ("004711", 0)
    assert (order.buyer.external_id, order.buyer.phone) == ("", "13800000001")


@pytest.mark.parametrize(
    ("discount", "amounts"), [(0, [100, 200, 1]), (1, [99, 200, 1]), (100, [66, 134, 1]), (300, [0, 0, 1]), (301, [0, 0, 0])]
)
def test_a_discount_is_shared_to_the_fen(discount: int, amounts: list[int]) -> None:
    order = read(document(sale(1, ("TEE", 1, 100), ("CAP", 2, 100), ("MUG", 1, 1), discount=discount)))
    check(order)
    assert [line.amount.minor for line in order.lines] == amounts
    assert order.total.minor == 301 - discount


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "../../etc"}, {"id": 7}, {"at": "2026-11-22T03:00:00"}, {"at": "yesterday"}, {"kind": "gift"}, {"method": ""},
        {"discount": 19801}, {"discount": -1}, {"lines": []}, {"lines": [{"sku": "TEE"}]}, {"name": None}, {"lines": "TEE"},
        {"lines": [{"sku": "TEE", "title": "", "quantity": 0, "price": 1, "amount": 0}]},
        {"lines": [{"sku": "TEE", "title": "", "quantity": 1.5, "price": 1, "amount": 1}]},
    ],
)  # fmt: skip
def test_what_is_no_sale_is_not_understood(wrong: dict[str, Any]) -> None:
    with pytest.raises(RemoteNotUnderstood):
        check(read(document(sale() | wrong)))


def test_settings_are_lists_with_commas_of_either_kind() -> None:
    assert listed("cash，card, ,微信") == ["cash", "card", "微信"]
