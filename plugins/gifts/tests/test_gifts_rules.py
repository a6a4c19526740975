"""Rules: how they are read, and what each gives."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from orderyard_gifts import plugin
from orderyard_gifts.giving import describe, give
from orderyard_gifts.rules import read

from orderyard.core.kernel.values import Address, Money
from orderyard.core.orders.api import (
    Gift,
    NoGift,
    OrderCard,
    OrderStatus,
    PaymentState,
    ReviewState,
    SettledOrder,
)

AT = datetime(2026, 11, 11, 17, 0, tzinfo=UTC)
"""Already the 12th in Shanghai."""

CARD = OrderCard(
    1, "SO1", "tb", "T1", OrderStatus.PENDING_REVIEW, ReviewState.PENDING, PaymentState.PAID, 7, Address(), (),
    Money(0, "CNY"), Money(0, "CNY"), Money(0, "CNY"), Money(0, "CNY"), False, AT, AT, "", "",
)  # fmt: skip


def order(net: int = 0, currency: str = "CNY", given: dict[str, int] | None = None, mine: dict[str, int] | None = None,
          **units: int) -> SettledOrder:  # fmt: skip
    return SettledOrder(CARD, Money(net, currency), units, given or {}, mine or {})


def answers(order: SettledOrder, text: str) -> dict[str, tuple[str, int] | str]:
    rules, unread = read(text)
    return {
        one.rule: (one.sku, one.quantity) if isinstance(one, Gift) else one.why
        for one in give(order, rules, unread, ZoneInfo("Asia/Shanghai"))
    }


@pytest.mark.parametrize(
    ("net", "rule", "units"),
    [
        (19999, "amount 200 CNY -> MUG 1", 0),
        (20000, "amount 200 CNY -> MUG 1", 1),
        (59999, "amount 200.00 CNY -> MUG 2", 2),
        (59999, "amount 200 CNY -> MUG 2 each", 4),
        (60000, "amount 200 -> MUG 1 each", 3),
    ],
)
def test_an_amount_counts_from_exactly_so_much(net: int, rule: str, units: int) -> None:
    assert answers(order(net), f"a: {rule}") == ({"a": ("MUG", units)} if units else {})


def test_an_amount_in_another_currency_is_none() -> None:
    assert answers(order(10**6, "USD"), "a: amount 1 CNY -> MUG 1; b: amount 1 USD -> MUG 1") == {"b": ("MUG", 1)}


@pytest.mark.parametrize(
    ("units", "rule", "given"),
    [
        ({"TEE": 1}, "set TEE 1 + CAP 1 -> PEN 1", 0),
        ({"TEE": 3, "CAP": 2}, "set TEE 1 + CAP 1 -> PEN 1", 1),
        ({"TEE": 3, "CAP": 2}, "set TEE 1 + CAP 1 -> PEN 1 each", 2),
        ({"TEE": 5, "CAP": 2}, "set TEE 2 + CAP 1 -> PEN 3 each", 6),
        ({"TEE": 9}, "quantity TEE 10 -> PEN 1", 0),
        ({"TEE": 10}, "quantity TEE 10 -> PEN 1", 1),
        ({"TEE": 6, "CAP": 4}, "quantity TEE,CAP 10 -> PEN 1", 1),
        ({"TEE": 6, "CAP": 4}, "quantity TEE,TEE 10 -> PEN 1", 0),
        ({"TEE": 6, "CAP": 4, "MUG": 11}, "quantity * 10 -> PEN 1 each", 2),
    ],
)
def test_sets_and_quantities_count_what_was_bought(units: dict[str, int], rule: str, given: int) -> None:
    assert answers(order(**units), f"a: {rule}") == ({"a": ("PEN", given)} if given else {})


GROUP = "low: amount 100 -> PEN 1 group=g\nhigh: amount 300 -> MUG 1 group=g total=1\nother: amount 100 -> CAP 1"


def test_of_a_group_the_highest_gives() -> None:
    assert answers(order(30000), GROUP) == {
        "low": "high is higher in group g", "high": ("MUG", 1), "other": ("CAP", 1)
    }  # fmt: skip
    assert answers(order(29999), GROUP) == {"low": ("PEN", 1), "other": ("CAP", 1)}


def test_the_highest_of_a_group_is_not_replaced_when_its_limit_is_used_up() -> None:
    assert answers(order(30000, given={"high": 1}), GROUP) == {
        "low": "high is higher in group g", "high": "its limit in all leaves 0", "other": ("CAP", 1)
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "given", "mine", "units"),
    [
        ("per_order=3", {}, {}, 2),
        ("per_order=2", {}, {}, 2),
        ("per_customer=7", {"a": 50}, {"a": 3}, 4),
        ("total=100", {"a": 97}, {"a": 97}, 2),
        ("total=100 per_customer=5", {"a": 10}, {"a": 2}, 2),
    ],
)
def test_limits_are_in_units_and_leave_whole_portions(
    options: str, given: dict[str, int], mine: dict[str, int], units: int
) -> None:
    text = f"a: quantity TEE 1 -> PEN 2 each {options}"
    assert answers(order(TEE=5, given=given, mine=mine), text) == {"a": ("PEN", units)}


@pytest.mark.parametrize(("options", "says"), [("per_order=1", "per order leaves 1"), ("total=3", "in all leaves 0")])
def test_a_limit_that_leaves_no_portion_is_said(options: str, says: str) -> None:
    [why] = answers(order(TEE=1, given={"a": 5}), f"a: quantity TEE 1 -> PEN 2 {options}").values()
    assert says in str(why)


@pytest.mark.parametrize(
    ("options", "holds"),
    [
        ("shops=tb,dy", True), ("shops=dy", False), ("from=2026-11-12", True), ("from=2026-11-13", False),
        ("until=2026-11-12", True), ("until=2026-11-11", False),
    ],
)  # fmt: skip
def test_shops_and_days_of_the_merchant(options: str, holds: bool) -> None:
    assert bool(answers(order(TEE=1), f"a: quantity TEE 1 -> PEN 1 {options}")) == holds


def test_cash_on_delivery_counts_by_the_day_it_was_placed() -> None:
    card = replace(CARD, paid_at=None, cod=True)
    one = replace(order(TEE=1), card=card)
    assert answers(one, "a: quantity TEE 1 -> PEN 1 until=2026-11-12") == {"a": ("PEN", 1)}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("nonsense", "is no rule"),
        ("a: weight 5 -> MUG 1", "nobody knows the condition"),
        ("a: amount 5 XXX -> MUG 1", "unknown currency"),
        ("a: amount 0 CNY -> MUG 1", "more than 0"),
        ("a: amount 5 CNY -> MUG", "how many units"),
        ("a: amount 5 CNY -> MUG 0", "at least 1"),
        ("a: amount 5 CNY -> MUG 1 perorder=1", "nobody knows the option"),
        ("a: amount 5 CNY -> MUG 1 each=1", "nobody knows the option"),
        ("a: amount 5 CNY -> MUG 1 total=1 total=2", "twice"),
        ("a: amount 5 CNY -> MUG 1 from=yesterday", "is no day"),
        ("a: set TEE -> MUG 1", "number of units"),
        ("a: set * 1 -> MUG 1", "certain SKUs"),
        ("a: quantity TEE 1 + CAP 1 -> MUG 1", "one thing"),
    ],
)
def test_a_line_that_cannot_be_read_is_said_and_hurts_no_other(line: str, says: str) -> None:
    found = answers(order(TEE=1), f"{line}\nb: quantity TEE 1 -> PEN 1")
    assert found.pop("b") == ("PEN", 1)
    [why] = found.values()
    assert says in str(why)


def test_two_rules_of_one_name_and_groups_of_two_kinds_are_refused() -> None:
    rules, unread = read("a: amount 5 -> X 1\na: amount 6 -> X 1\nb: amount 5 -> X 1 group=g\nc: quantity X 5 -> X 1 group=g")
    assert [rule.name for rule in rules] == ["a"]
    assert [one.name for one in unread] == ["a", "b", "c"]


def test_comments_and_empty_lines_say_nothing() -> None:
    assert read("# later\n\n  \n") == ([], [])


def test_a_rule_is_described_in_words() -> None:
    [rule], _ = read("a: set TEE 2 + CAP 1 -> PEN 1 each group=g per_order=2 total=9 shops=tb from=2026-11-01 until=2026-11-02")
    assert describe(rule) == (
        "a: 1 PEN for each 2 of TEE and 1 of CAP, the highest of g, 2 an order, 9 in all, in tb, "
        "from 2026-11-01, until 2026-11-02"
    )
    assert rule.first_day == date(2026, 11, 1)


def test_the_hook_reads_its_settings() -> None:
    settings = {"rules": "a: quantity TEE 1 -> PEN 1", "timezone": "Asia/Shanghai"}
    assert plugin.amend_settled(order(TEE=1), settings) == [Gift("a", "PEN", 1)]
    assert plugin.amend_settled(order(TEE=1), settings | {"rules": "x"}) == [
        NoGift("line 1", "this rule cannot be read: 'x' is no rule: write `name: amount 200 CNY -> SKU 1`")
    ]
