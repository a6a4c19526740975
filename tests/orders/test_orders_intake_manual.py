"""Orders that staff enter: what they cost, whose they are, what the history says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orderyard.core.catalog.prices import Price, set_price_list
from orderyard.core.catalog.promotions import Offer, PromotionKind, set_promotion
from orderyard.core.customers.service import set_price_group
from orderyard.core.kernel.errors import DomainError, Duplicate
from orderyard.core.kernel.values import Address
from orderyard.core.orders.api import HoldCode, OrderCard, OrderStatus, OrderType, PaymentState
from orderyard.core.orders.freight import Template, Zone, set_freight_template
from orderyard.core.orders.manual import HandLine, HandOrder, enter, quote, return_goods_arrived
from orderyard.core.testing.builders import AT, House, door

KILO = Zone((), 1000, 1200, 1000, 200)


def typed(*lines: HandLine, **more: Any) -> HandOrder:
    return HandOrder(**({"shop": "cn", "lines": lines or (HandLine("TEE", 1),), "receiver": door()} | more))


def entered(house: House, order: HandOrder) -> OrderCard:
    with house.work() as uow:
        order_id = enter(uow, order)
    return house.card(order_id)


def history(house: House, order_id: int, action: str) -> list[str]:
    rows = house.db.rows(
        "SELECT because FROM audit WHERE kind = 'order' AND document = ? AND action = ? ORDER BY id", (order_id, action)
    )
    return [row[0] for row in rows]


def test_a_paid_order_goes_the_whole_road(house: House) -> None:
    house.receive("SH", TEE=5, CAP=5)
    card = entered(house, typed(HandLine("TEE", 2), HandLine("CAP", 1), paid=True))
    assert (card.status, card.payment, card.total.text, card.paid.text) == (
        OrderStatus.TO_SHIP,
        PaymentState.PAID,
        "247.00",
        "247.00",
    )
    assert (card.type, card.external_number, house.levels("TEE")) == (OrderType.NORMAL, card.number, {"SH": (5, 2)})
    house.prove()


def test_an_unpaid_order_waits_for_its_money(house: House) -> None:
    card = entered(house, typed())
    assert (card.status, card.payment) == (OrderStatus.PENDING_PAYMENT, PaymentState.UNPAID)


def test_cash_on_delivery_does_not_wait(house: House) -> None:
    card = entered(house, typed(cod=True))
    assert (card.status, card.payment) == (OrderStatus.TO_SHIP, PaymentState.COD_PENDING)


def test_skus_come_by_barcode_too_and_kits_whole(house: House) -> None:
    house.db.change("UPDATE sku SET barcode = '690' WHERE code = 'SET'")
    card = entered(house, typed(HandLine("690", 1)))
    assert [(line.sku, line.quantity, line.amount.minor) for line in card.lines] == [
        ("SET", 1, 19900), ("TEE", 2, 15952), ("CAP", 1, 3948),
    ]  # fmt: skip
    house.prove()


def test_totals_and_freight_are_computed_before_it_is_entered(house: House) -> None:
    with house.work() as uow:
        set_freight_template(uow, "cn", Template(KILO))
        set_promotion(uow, Offer("ten", PromotionKind.AMOUNT_OFF, 1000, 10_000), "CNY")
    order = typed(HandLine("TEE", 11))
    said = quote(house.db, house.system.installation.merchant, order, AT)
    assert (said.goods, said.freight, said.promotion, said.promoted) == (107_900, 1400, "ten", 1000)
    card = entered(house, order)
    assert (card.total.minor, card.freight.minor) == (said.total, said.freight)
    assert history(house, card.id, "promotion") == ["ten"]


def test_a_customer_s_group_decides_the_price(house: House) -> None:
    first = entered(house, typed())
    with house.work() as uow:
        set_price_list(uow, "vip", "CNY", [Price("TEE", 8000)], group="vip")
        set_price_group(uow, first.customer_id, "vip")
    assert entered(house, typed()).total.minor == 8000
    assert entered(house, typed(receiver=door(2), customer_id=first.customer_id)).total.minor == 8000
    assert entered(house, typed(receiver=door(3))).total.minor == 9900


def test_the_caller_is_known_again_by_telephone(house: House) -> None:
    first = entered(house, typed(phone="138 0013 8000", receiver=door(1)))
    again = entered(house, typed(phone="１３８００１３８０００", receiver=door(2)))
    other = entered(house, typed(receiver=door(3)))
    assert first.customer_id == again.customer_id != other.customer_id


def test_an_override_stands_in_the_history(house: House) -> None:
    order = typed(HandLine("TEE", 1, 8000), HandLine("CAP", 1, 4900), discount=500, freight=300)
    assert order.overrides
    assert not typed().overrides
    card = entered(house, order)
    assert (card.total.minor, card.freight.minor) == (8000 + 4900 - 500 + 300, 300)
    assert history(house, card.id, "price overridden") == ["TEE: 99.00 → 80.00"]
    assert history(house, card.id, "discount") == ["5.00"]
    assert history(house, card.id, "freight overridden") == ["no template → 3.00"]
    house.prove()


def test_an_override_serves_where_no_list_has_a_price(house: House) -> None:
    card = entered(house, typed(HandLine("TEE", 1, 1900), shop="us", receiver=door(1, phone="+8613800000001")))
    assert card.total.text == "19.00"
    assert history(house, card.id, "price overridden") == ["TEE: no price → 19.00"]


def test_a_reship_costs_nothing_and_names_what_it_makes_good(house: House) -> None:
    house.receive("SH", TEE=5)
    first = entered(house, typed(paid=True))
    card = entered(house, typed(type=OrderType.RESHIP, origin=first.number))
    assert (card.type, card.total.minor, card.status) == (OrderType.RESHIP, 0, OrderStatus.TO_SHIP)
    assert house.db.rows("SELECT order_id, origin_id FROM order_link") == [(card.id, first.id)]
    assert history(house, first.id, "reship") == [f"made good by order {card.id}"]
    house.prove()


def test_an_exchange_waits_for_the_goods_that_come_back(house: House) -> None:
    house.receive("SH", TEE=5, CAP=5)
    first = entered(house, typed(paid=True))
    card = entered(house, typed(HandLine("CAP", 1), type=OrderType.EXCHANGE, origin=first.number))
    assert house.holds(card.id) == [HoldCode.AWAITING_RETURN_ITEMS]
    with house.work() as uow:
        return_goods_arrived(uow, card.id, "all there")
    assert house.holds(card.id) == []
    with pytest.raises(DomainError, match="waits for no goods"), house.work() as uow:
        return_goods_arrived(uow, card.id, "again")
    at_once = entered(house, typed(HandLine("CAP", 1), type=OrderType.EXCHANGE, origin=first.number, goods_first=False))
    assert house.holds(at_once.id) == []


@pytest.mark.parametrize("type_", [OrderType.PRESALE, OrderType.WHOLESALE])
def test_other_types_are_priced_like_any_order(house: House, type_: OrderType) -> None:
    card = entered(house, typed(HandLine("TEE", 20), type=type_))
    assert (card.type, card.total.minor) == (type_, 20 * 9900)
    assert house.card(card.id).type is type_


def test_a_known_number_or_form_makes_no_second_order(house: House) -> None:
    card = entered(house, typed(number="T-77", key="f1"))
    assert card.external_number == "T-77"
    by_form = entered(house, typed(key="f1"))
    assert by_form.external_number == by_form.number
    for order in (typed(number="T-77"), typed(key="f1"), typed(number=" T-77 ")):
        with pytest.raises(Duplicate):
            entered(house, order)
    entered(house, typed(number="T-77", shop="cn2"))


@pytest.mark.parametrize(
    ("order", "says"),
    [
        (typed(HandLine("GHOST", 1)), "no SKU GHOST"),
        (replace(typed(), lines=()), "needs lines"),
        (typed(HandLine("TEE", 0)), "quantity of TEE is 0"),
        (typed(HandLine("TEE", -1)), "quantity of TEE is -1"),
        (typed(HandLine("TEE", 2_000_000_000)), "no more than"),
        (typed(HandLine("TEE", 1, -1)), "cannot cost -1"),
        (typed(HandLine("TEE", 1_000_000, 10**12)), "more than can be booked"),
        (typed(discount=-1), "discount of -0.01"),
        (typed(discount=9901), "discount of 99.01"),
        (typed(freight=-1), "freight cannot be -1"),
        (typed(shop="nowhere"), "no shop nowhere"),
        (typed(customer_id=99), "no customer 99"),
        (typed(origin="SO00000001"), "makes nothing good"),
        (typed(type=OrderType.RESHIP), "needs the order it makes good"),
        (typed(type=OrderType.EXCHANGE, origin="SO99999999"), "no order 'SO99999999'"),
        (typed(cod=True, paid=True), "cash on delivery"),
        (typed(receiver=door(1, phone="12345")), "'12345' is no telephone number of CN"),
        (typed(receiver=door(1, phone="138****8000")), "phone is masked"),
        (typed(receiver=door(1, detail="路" * 401)), "detail 401 characters"),
        (typed(receiver=door(1, name="a\x00b")), "cannot be printed"),
        (typed(receiver=door(1, country="China")), "no country"),
        (typed(message="!" * 2001), "message 2001 characters"),
        (typed(number="1" * 101), "too long"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(house: House, order: HandOrder, says: str) -> None:
    with pytest.raises(DomainError, match=says):
        entered(house, order)
    assert house.db.rows("SELECT 1 FROM sales_order") == []
    assert house.db.rows("SELECT 1 FROM customer") == []


def test_another_shop_s_order_is_not_made_good_here(house: House) -> None:
    first = entered(house, typed(shop="cn2"))
    with pytest.raises(DomainError, match="another shop"):
        entered(house, typed(type=OrderType.RESHIP, origin=first.number))


def test_an_excluded_region_needs_a_freight_from_a_person(house: House) -> None:
    with house.work() as uow:
        set_freight_template(uow, "cn", Template(KILO, excluded=("西藏",)))
    far = Address(province="西藏自治区", city="拉萨市", detail="某路1号", name="某某", phone="13800000001")
    with pytest.raises(DomainError, match="sends nothing to"):
        entered(house, typed(receiver=far))
    assert entered(house, typed(receiver=far, freight=5000)).freight.minor == 5000
