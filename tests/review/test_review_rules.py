"""The built-in rules, each by its parameters, at its limits, on what is masked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest

from orderyard.core.kernel.errors import DomainError
from orderyard.core.kernel.values import Address, Money
from orderyard.core.orders.api import HoldCode, LineCard, OrderCard, OrderStatus, PaymentState, ReviewState
from orderyard.core.review.api import Facts, InformedRule, ReviewRule, Verdict
from orderyard.core.review.rules import (
    AddressWords,
    AmountLimit,
    Blacklist,
    CompleteAddress,
    OrdersPerPhone,
    PriceShare,
    Words,
    defaults,
)
from orderyard.core.testing.builders import AT, door


def card(*, total: str = "99.00", to: Address | None = None, lines: tuple[LineCard, ...] = (), **more: str) -> OrderCard:
    money = Money.of(total, more.pop("currency", "CNY"))
    return OrderCard(
        id=1, number="SO00000001", shop="cn", external_number="T1", status=OrderStatus.PENDING_REVIEW,
        review=ReviewState.PENDING, payment=PaymentState.PAID, customer_id=1, receiver=to or door(), lines=lines,
        freight=Money.zero(money.currency), total=money, paid=money, refunded=Money.zero(money.currency), cod=False,
        placed_at=AT, paid_at=AT, message=more.get("message", ""), memo=more.get("memo", ""),
    )  # fmt: skip


def line(sku: str, quantity: int, amount: int, unit_price: int = 9900, kit_line: int | None = None) -> LineCard:
    return LineCard(1, sku, sku, quantity, Money(unit_price, "CNY"), Money(amount, "CNY"), 0, 0, 0, kit_line)


def made(rule: type[ReviewRule], **settings: str) -> ReviewRule:
    return rule(defaults(rule, settings))


def verdict(rule: type[ReviewRule], order: OrderCard, facts: Facts | None = None, **settings: str) -> Verdict:
    one = made(rule, **settings)
    return one.judge_with(order, facts or Facts()) if isinstance(one, InformedRule) else one.judge(order)


@pytest.mark.parametrize(("total", "passed"), [("99.99", True), ("100.00", False), ("100.01", False)])
def test_an_amount_equal_to_the_limit_goes_to_people(total: str, passed: bool) -> None:
    assert verdict(AmountLimit, card(total=total), CNY="100.00").passed is passed


def test_every_currency_has_its_own_limit() -> None:
    assert not verdict(AmountLimit, card(total="5000", currency="JPY"), JPY="5000").passed
    assert verdict(AmountLimit, card(total="5000", currency="JPY"), CNY="1.00").passed
    assert verdict(AmountLimit, card(total="9000.00"), CNY="").passed


@pytest.mark.parametrize(
    ("part", "empty", "settings", "passed"),
    [
        ("province", {"province": ""}, {}, False),
        ("city", {"province": "浙江省", "city": ""}, {}, False),
        ("no city in a municipality", {"province": "上海市", "city": ""}, {}, True),
        ("district", {"district": ""}, {}, False),
        ("a town stands for a district", {"district": "", "town": "长安镇"}, {}, True),
        ("street", {"detail": " "}, {}, False),
        ("name", {"name": ""}, {}, False),
        ("no telephone", {"phone": ""}, {}, False),
        ("a landline", {"phone": "021-62345678"}, {}, False),
        ("a landline where none is asked", {"phone": "021-62345678"}, {"parts": "province, street"}, True),
        ("a platform's number", {"phone": "13800138000-1234"}, {}, True),
        ("with blanks and country code", {"phone": "+86 138 0013 8000"}, {}, True),
        ("district where none is asked", {"district": ""}, {"parts": "province、city、street、mobile"}, True),
    ],
)
def test_an_address_in_china_is_complete(part: str, empty: dict[str, str], settings: dict[str, str], passed: bool) -> None:
    assert verdict(CompleteAddress, card(to=door(**empty)), **settings).passed is passed, part


def test_masked_text_with_a_live_token_is_complete() -> None:
    hidden = {"name": "林**", "phone": "138****0000", "detail": "**", "district": "", "masked": True}
    assert verdict(CompleteAddress, card(to=door(**hidden, privacy_token="oaid", token_owner="tb"))).passed
    assert not verdict(CompleteAddress, card(to=door(**hidden))).passed


def test_abroad_the_country_decides_what_is_needed() -> None:
    there = Address(country="US", city="Boston", detail="1 Main St", name="Ann", phone="+1 617 555 0100")
    assert verdict(CompleteAddress, card(to=there)).passed


def test_a_message_or_memo_is_read_by_people_unless_it_is_not_asked() -> None:
    assert verdict(Words, card(message="快点", memo=" ")).reason == "message: 快点"
    assert verdict(Words, card(message="快点", memo="易碎")).reason == "message: 快点; memo: 易碎"
    assert verdict(Words, card(message="快点"), message="no").passed


def test_words_are_found_in_the_address_however_it_is_written() -> None:
    found = verdict(AddressWords, card(to=door(detail="菜鸟 驿站 2号")), words="自提，驿站")
    assert (found.passed, found.reason) == (False, "the address says 驿站")
    assert verdict(AddressWords, card(to=door(detail="菜鸟驿站"))).passed


def test_what_is_masked_passes_with_a_note() -> None:
    found = verdict(AddressWords, card(to=door(detail="**", masked=True)), words="驿站")
    assert found.passed
    assert "masked" in found.reason


@pytest.mark.parametrize(("count", "passed"), [(2, True), (3, False), (4, False)])
def test_the_order_that_makes_it_too_many_is_held(count: int, passed: bool) -> None:
    facts = Facts(by_phone={timedelta(hours=12): count})
    assert verdict(OrdersPerPhone, card(), facts, limit="3", hours="12").passed is passed


def test_a_masked_telephone_number_is_not_counted() -> None:
    found = verdict(OrdersPerPhone, card(), Facts(), limit="3")
    assert found.passed
    assert found.reason == "the telephone number is masked or missing; nothing was counted"


@pytest.mark.parametrize(("amount", "passed"), [(9901, True), (9900, False), (9000, False)])
def test_a_unit_sold_at_its_share_of_the_list_price_goes_to_people(amount: int, passed: bool) -> None:
    facts = Facts(list_prices={"TEE": Money(9900, "CNY")})
    assert verdict(PriceShare, card(lines=(line("TEE", 2, amount),)), facts, percent="50").passed is passed


def test_gifts_and_components_have_no_price_to_compare() -> None:
    lines = (line("TEE", 1, 0, unit_price=0), line("CAP", 1, 1, kit_line=7))
    facts = Facts(list_prices={"TEE": Money(9900, "CNY"), "CAP": Money(9900, "CNY")})
    assert verdict(PriceShare, card(lines=lines), facts, percent="50") == Verdict(True)


def test_a_sku_without_a_list_price_passes_with_a_note() -> None:
    found = verdict(PriceShare, card(lines=(line("TEE", 1, 100),)), Facts(), percent="50")
    assert (found.passed, found.reason) == (True, "no list price in CNY: TEE")


def test_the_blacklist_says_which_entry_it_was() -> None:
    found = verdict(Blacklist, card(), Facts(blacklisted=("telephone number +8613800000001 (fraud)",)))
    assert (found.passed, found.reason) == (False, "telephone number +8613800000001 (fraud)")
    assert verdict(Blacklist, card(), Facts(not_looked_at=("address",))).reason == "masked: address"


def test_idle_rules_want_nothing() -> None:
    for rule in (OrdersPerPhone, PriceShare):
        one = made(rule)
        assert isinstance(one, InformedRule)
        assert not one.wants
        assert one.judge(card()) == Verdict(True)


@pytest.mark.parametrize(
    ("rule", "settings", "what"),
    [
        (AmountLimit, {"CNY": "many"}, "'many' is not an amount"),
        (AmountLimit, {"CNY": "1.234"}, "more digits"),
        (AmountLimit, {"XYZ": "1"}, "no setting 'XYZ'"),
        (CompleteAddress, {"parts": "province, planet"}, "no part 'planet'"),
        (OrdersPerPhone, {"limit": "1"}, "number of orders is '1'"),
        (OrdersPerPhone, {"limit": "3", "hours": "-1"}, "number of hours is '-1'"),
        (PriceShare, {"percent": "half"}, "share of the list price is 'half'"),
        (Words, {"loud": "yes"}, "no setting 'loud'"),
    ],
)
def test_settings_that_make_no_sense_are_refused(rule: type[ReviewRule], settings: Mapping[str, str], what: str) -> None:
    with pytest.raises(DomainError, match=what) as refused:
        made(rule, **settings).check()
    assert refused.value.remedy


def test_every_rule_says_what_it_opens() -> None:
    assert Blacklist.hold is HoldCode.BLACKLIST
    assert OrdersPerPhone.hold is HoldCode.FRAUD_RISK
    assert PriceShare.hold is HoldCode.PRICE_LOW
