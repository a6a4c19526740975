"""Money, quantities and addresses refuse what they cannot mean."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderyard.core.kernel.errors import DomainError
from orderyard.core.kernel.values import Address, Money, exponent, quantity


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.30", "CNY", 1230),
        ("0.01", "USD", 1),
        ("-7.5", "CNY", -750),
        ("1000", "JPY", 1000),
        ("1.234", "KWD", 1234),
        ("1.2345", "CLF", 12345),
        (3, "CNY", 300),
        (Decimal("1E+2"), "CNY", 10000),
        ("0.30", "CNY", 30),
    ],
)
def test_money_is_read_from_decimal_text(text: str | int | Decimal, currency: str, minor: int) -> None:
    assert Money.of(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency"),
    [("0.001", "CNY"), ("0.5", "JPY"), ("", "CNY"), ("12,30", "CNY"), ("NaN", "CNY"), ("Infinity", "CNY"), ("1", "RMB")],
)
def test_what_is_no_amount_is_refused_and_never_rounded(text: str, currency: str) -> None:
    with pytest.raises(DomainError):
        Money.of(text, currency)


@pytest.mark.parametrize("minor", [1.0, "1", True, None])
def test_money_holds_whole_minor_units_only(minor: Any) -> None:
    with pytest.raises(DomainError, match="whole number"):
        Money(minor, "CNY")


@given(st.integers(-(10**15), 10**15), st.sampled_from(["CNY", "JPY", "KWD", "CLF"]))
def test_money_reads_back_what_it_writes(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert Money.of(money.text, currency) == money


def test_money_is_counted_in_one_currency() -> None:
    assert Money(1230, "CNY") + Money(70, "CNY") - Money(100, "CNY") == Money(1200, "CNY")
    assert -Money(5, "CNY") * 3 == Money(-15, "CNY")
    assert str(Money(5, "CNY")) == "0.05 CNY"
    assert not Money.zero("USD")
    with pytest.raises(DomainError, match="different currencies"):
        Money(1, "CNY") + Money(1, "USD")


def test_an_unknown_currency_is_named() -> None:
    assert [exponent(code) for code in ("CNY", "JPY", "BHD", "UYW")] == [2, 0, 3, 4]
    with pytest.raises(DomainError, match="unknown currency 'cny'"):
        exponent("cny")


@pytest.mark.parametrize("units", [0, -1, 1.0, "1", True, None, 1_000_000_001])
def test_a_quantity_is_a_whole_number_of_at_least_one(units: Any) -> None:
    with pytest.raises(DomainError, match="units of TEE"):
        quantity(units, "units of TEE")


def test_a_quantity_is_given_back() -> None:
    assert (quantity(1), quantity(1_000_000_000)) == (1, 1_000_000_000)


HOME = Address("CN", "上海市", "上海市", "", "", "某路 1 号", "", "Lin", "13800000000")


def test_addresses_merge_when_only_spaces_and_case_differ() -> None:
    same = Address("CN", "上海市", "上海市", "", "", "某路1号", "200000", "LIN", "138 0000 0000")
    other = Address("CN", "上海市", "上海市", "", "", "某路2号", "", "Lin", "13800000000")
    assert HOME.merge_key == same.merge_key != other.merge_key


def test_a_privacy_token_stands_for_the_receiver_of_its_owner() -> None:
    one = Address(detail="某**", masked=True, privacy_token="oaid1", token_owner="taobao/1")
    same = Address(detail="某***", masked=True, privacy_token="oaid1", token_owner="taobao/1")
    elsewhere = Address(detail="某**", masked=True, privacy_token="oaid1", token_owner="taobao/2")
    assert one.merge_key == same.merge_key != elsewhere.merge_key


def test_masked_text_without_a_token_proves_nothing() -> None:
    assert Address(detail="某**", name="林**", masked=True).merge_key == ""


@pytest.mark.parametrize(
    ("address", "missing"),
    [
        (HOME, ()),
        (Address(), ("name", "phone", "detail", "province", "city")),
        (Address(province="浙江省", district="西湖区", detail="1", name="a", phone="1"), ()),
        (Address(province="浙江省", city="杭州市", detail=" ", name="a", phone="1"), ("detail",)),
        (Address("US", detail="1 Main St", name="a", phone="1"), ("city",)),
        (Address("US", city="Boston", detail="1 Main St", name="a", phone="1"), ()),
        (
            Address(province="浙江省", city="杭州市", detail="某**", name="林**", phone="1**", masked=True, privacy_token="t"),
            (),
        ),
    ],
)
def test_completeness_is_per_country(address: Address, missing: tuple[str, ...]) -> None:
    assert address.missing() == missing
