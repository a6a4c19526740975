"""Rules look at every order; people decide about what the rules held."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from orderyard.core.catalog.prices import Price, set_price_list
from orderyard.core.catalog.service import map_listing, meet_listings
from orderyard.core.kernel.db import as_json
from orderyard.core.kernel.errors import DomainError, IllegalTransition
from orderyard.core.orders import service as orders
from orderyard.core.orders.api import HoldCode, OrderCard
from orderyard.core.review.api import ReviewRule, Verdict
from orderyard.core.review.rules import BUILT_IN, AmountLimit, CompleteAddress, KnownSkus, defaults
from orderyard.core.review.service import Reviewer, approve, reject, set_rule
from orderyard.core.testing.builders import House, codes, door


@pytest.mark.parametrize(
    ("given", "hold", "reason"),
    [
        ({}, "", ""),
        ({"message": "请周末送"}, "review_rule", "message: 请周末送"),
        ({"memo": "VIP"}, "review_rule", "memo: VIP"),
        ({"message": " ", "memo": "\n"}, "", ""),
        ({"lines": (("TEE", 50),)}, "", ""),
        ({"lines": (("TEE", 51),)}, "review_rule", "total 5049.00 CNY is not below 5000.00"),
        ({"lines": (("TEE", 10),), "shop": "us"}, "", ""),
        ({"lines": (("TEE", 11),), "shop": "us"}, "review_rule", "total 1089.00 USD is not below 1000.00"),
        ({"to": door(1, phone="")}, "address_invalid", "missing: phone"),
        ({"to": door(1, masked=True, privacy_token="t", token_owner="cn", detail="**")}, "", ""),
        ({"lines": (("GHOST", 1),)}, "sku_unmapped", "GHOST"),
    ],
)
def test_each_built_in_rule_holds_what_it_is_for(house: House, given: dict[str, Any], hold: str, reason: str) -> None:
    more = {name: value for name, value in given.items() if name != "lines"}
    [order_id] = house.place(house.order(*given.get("lines", [("TEE", 1)]), **more))
    assert codes(house.holds(order_id)) == ([hold] if hold else [])
    assert house.card(order_id).status == ("pending_review" if hold else "to_ship")
    if hold:
        assert house.db.rows("SELECT note FROM hold WHERE level = 'order'") == [(reason,)]
    house.prove()


def test_the_limit_itself_is_held(house: House) -> None:
    [below, at] = house.place(house.order(house.line("TEE", 1, 499999)), house.order(house.line("TEE", 1, 500000)))
    assert (house.holds(below), codes(house.holds(at))) == ([], ["review_rule"])


def test_an_order_carries_every_reason_and_the_history_every_answer(house: House) -> None:
    house.place(house.order(("TEE", 60), message="hurry", to=door(1, name="")))
    rows = house.db.rows("SELECT code, source FROM hold WHERE level = 'order' ORDER BY code, source")
    assert [tuple(row) for row in rows] == [
        ("address_invalid", "complete_address"),
        ("review_rule", "amount_limit"),
        ("review_rule", "words"),
    ]
    [(data,)] = house.db.rows("SELECT data FROM audit WHERE action = 'reviewed'")
    assert as_json(data) == {
        "known_skus": "passed",
        "complete_address": "missing: name",
        "amount_limit": "total 5940.00 CNY is not below 5000.00",
        "words": "message: hurry",
        "orders_per_phone": "passed",
        "price_share": "passed",
        "address_words": "passed",
        "blacklist": "passed",
    }


def test_approval_lifts_what_the_rules_held_and_the_order_goes_on(house: House) -> None:
    house.receive("SH", TEE=99)
    [order_id] = house.place(house.order(("TEE", 60), message="hurry"))
    with house.work("person:ann") as uow:
        approve(uow, order_id, "known buyer")
    assert (house.card(order_id).status, house.holds(order_id)) == ("to_ship", [])
    assert house.levels("TEE") == {"SH": (99, 60)}
    with pytest.raises(DomainError, match="is to_ship"), house.work() as uow:
        approve(uow, order_id, "twice")
    house.prove()


def test_what_nobody_knows_cannot_be_approved(house: House) -> None:
    [order_id] = house.place(house.order(("GHOST", 1), message="hurry"))
    with pytest.raises(DomainError, match="nobody knows Ghost"), house.work() as uow:
        approve(uow, order_id, "")


def test_an_unpaid_order_cannot_be_approved(house: House) -> None:
    [order_id] = house.place(house.order(("TEE", 1), paid=False))
    with pytest.raises(DomainError, match="is pending_payment"), house.work() as uow:
        approve(uow, order_id, "")


def test_a_rejected_order_is_cancelled_with_a_reason_and_for_good(house: House) -> None:
    house.receive("SH", TEE=99)
    [order_id] = house.place(house.order(("TEE", 60)))
    with pytest.raises(DomainError, match="needs a reason"), house.work() as uow:
        reject(uow, order_id, "  ")
    with house.work() as uow:
        reject(uow, order_id, "a reseller")
    card = house.card(order_id)
    assert (card.status, card.review, card.lines[0].cancelled) == ("cancelled", "rejected", 60)
    assert house.db.rows("SELECT cancel_reason FROM sales_order") == [("review_rejected",)]
    assert house.holds(order_id) == []
    with pytest.raises(IllegalTransition, match="from rejected to rejected"), house.work() as uow:
        reject(uow, order_id, "again")
    with pytest.raises(DomainError, match="is cancelled"), house.work() as uow:
        approve(uow, order_id, "after all")
    house.prove()


def test_what_has_passed_is_not_rejected(house: House) -> None:
    [order_id] = house.place(house.order(("TEE", 1)))
    with pytest.raises(IllegalTransition, match="from passed to rejected"), house.work() as uow:
        reject(uow, order_id, "too late")


def test_a_mapped_item_is_reviewed_by_the_other_rules_too(house: House) -> None:
    [order_id] = house.place(house.order(("GHOST", 1), message="hurry"))
    with house.work() as uow:
        meet_listings(uow, house.shops["cn"].id, {("item-GHOST", ""): ("GHOST", "Ghost")})
        [(listing,)] = uow.db.rows("SELECT id FROM listing")
        map_listing(uow, listing, "TEE")
    assert (house.card(order_id).status, codes(house.holds(order_id))) == ("pending_review", ["review_rule"])
    with house.work() as uow:
        approve(uow, order_id, "read")
    assert house.card(order_id).status == "to_ship"


def test_a_mended_order_passes_when_it_is_asked_again(house: House) -> None:
    [order_id] = house.place(house.order(("TEE", 1), message="hurry"))
    with house.work() as uow:
        orders.set_words(uow, order_id, "", "")
        house.system.reviewer.again(uow, [order_id])
    assert (house.card(order_id).status, house.holds(order_id)) == ("to_ship", [])
    house.prove()


class Grumpy(ReviewRule):
    name: ClassVar[str] = "grumpy"
    title: ClassVar[str] = "Grumpy"
    hold: ClassVar[HoldCode] = HoldCode.FRAUD_RISK

    def judge(self, order: OrderCard) -> Verdict:
        raise ZeroDivisionError("no mood")


def test_a_rule_that_raises_holds_the_order_with_its_error(house: House) -> None:
    [order_id] = house.place(house.order(("TEE", 1)))
    reviewer = Reviewer([Grumpy({})])
    [judged] = reviewer.judge(house.card(order_id))
    assert (judged.hold, judged.verdict.passed, judged.verdict.reason) == (
        "fraud_risk",
        False,
        "rule failed: ZeroDivisionError: no mood",
    )


def test_a_merchant_sets_the_rules(house: House) -> None:
    with house.work() as uow:
        set_rule(uow, "words", enabled=False, settings={})
        set_rule(uow, "amount_limit", enabled=True, settings={"CNY": "100.00"})
    reviewer = Reviewer.from_settings(house.db, {"grumpy": Grumpy})
    by_name: Mapping[str, ReviewRule] = {rule.name: rule for rule in reviewer.rules}
    assert set(by_name) == {rule.name for rule in BUILT_IN} - {"words"} | {"grumpy"}
    assert by_name["amount_limit"].config == {"CNY": "100.00", "USD": "1000.00"}


def test_an_unknown_setting_of_a_rule_is_refused() -> None:
    assert defaults(AmountLimit, {"EUR": "1"})["EUR"] == "1", "a limit may be set for any currency"
    with pytest.raises(DomainError, match="has no setting 'limit': it has: CNY, USD, shops"):
        defaults(AmountLimit, {"limit": "1"})
    with pytest.raises(DomainError, match="it has: shops"):
        defaults(KnownSkus, {"x": "1"})
    assert {rule.hold for rule in BUILT_IN if rule is CompleteAddress} == {HoldCode.ADDRESS_INVALID}


def test_prices_are_held_against_what_the_shops_own_list_says(house: House) -> None:
    with house.work() as uow:
        set_rule(uow, "price_share", enabled=True, settings={"percent": "50"})
        set_price_list(uow, "us", "USD", [Price("TEE", 4000)], shop="us")
    [cheap] = house.place(house.order(house.line("TEE", 1, 1500), shop="us"))
    [fair] = house.place(house.order(house.line("TEE", 1, 3000), shop="us"))
    assert [codes(house.holds(order_id)) for order_id in (cheap, fair)] == [["price_low"], []]
