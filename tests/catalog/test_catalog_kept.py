"""Shops, SKUs and kits that people add and change, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orderyard.core.auth.pages import history
from orderyard.core.catalog import pages
from orderyard.core.catalog.prices import Price, set_price_list
from orderyard.core.catalog.promotions import Offer, PromotionKind, set_promotion
from orderyard.core.catalog.service import NewSku, Terms, add_shop, add_skus, change_shop
from orderyard.core.catalog.skus import SkuDetails, add_sku, change_sku, set_components
from orderyard.core.kernel.errors import DomainError, Duplicate
from orderyard.core.orders.currency import set_currency
from orderyard.core.testing.builders import House

TERMS = Terms("Flagship", "Europe/Berlin", 700, "what_is_there", 24)


def test_a_shop_trades_on_new_terms(house: House) -> None:
    with house.work() as uow:
        change_shop(uow, "cn", replace(TERMS, title="  Flagship "))
    found = next(row for row in pages.shops(house.db) if row.code == "cn")
    assert (found.title, found.timezone, found.tax_rate) == ("Flagship", "Europe/Berlin", 700)
    assert (found.ship_policy, found.ship_hours) == ("what_is_there", 24)
    assert history(house.db, [("shop", found.id)])[0].action == "terms changed"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"title": " "}, "title of the shop is empty"),
        ({"title": "x" * 201}, "more than 200 characters"),
        ({"title": "a\x00b"}, "cannot be seen"),
        ({"timezone": "Asia/Atlantis"}, "no time zone 'Asia/Atlantis'"),
        ({"tax_rate": 10_001}, "tax rate in basis points is 10001"),
        ({"tax_rate": -1}, "tax rate in basis points is -1"),
        ({"ship_policy": "soon"}, "no ship policy 'soon'"),
        ({"ship_hours": 0}, "hours until it ships is 0"),
    ],
)
def test_terms_that_cannot_be_are_refused(house: House, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(DomainError, match=said), house.work() as uow:
        change_shop(uow, "cn", replace(TERMS, **wrong))
    assert next(row for row in pages.shops(house.db) if row.code == "cn").title == "cn"


@pytest.mark.parametrize(
    ("code", "currency", "said"),
    [("cn", "CNY", "exists already"), (" ", "CNY", "is empty"), ("x" * 65, "CNY", "64 characters"), ("new", "XXX", "currency")],
)
def test_a_shop_that_cannot_be_is_not_opened(house: House, code: str, currency: str, said: str) -> None:
    with pytest.raises(DomainError, match=said), house.work() as uow:
        add_shop(uow, code, "New", currency)


def test_a_shop_changes_its_currency_only_while_nothing_has_a_price(house: House) -> None:
    with house.work() as uow:
        add_shop(uow, "typo", "Typo", "CNY")
        uow.db.change("UPDATE shop SET parcel_first = 600 WHERE code = 'typo'")
        set_currency(uow, "typo", "USD")
    assert [(row.currency, row.parcel_first) for row in pages.shops(house.db) if row.code == "typo"] == [("USD", 0)]
    with house.work() as uow:
        set_price_list(uow, "us-list", "USD", [Price("TEE", 1500)], shop="typo")
    with pytest.raises(DomainError, match="typo has a price list in USD"), house.work() as uow:
        set_currency(uow, "typo", "CNY")


def test_a_sku_is_added_found_and_changed(house: House) -> None:
    new = NewSku("TEA-50", "茉莉花茶 50g", "TEA", {"规格": "50g"}, "6901234567892", 2900, 60, 200)
    with house.work() as uow:
        sku_id = add_sku(uow, new)
    assert [row.code for row in pages.skus(house.db, "６９０１２３４５６７８９２")[0]] == ["TEA-50"]
    assert [row.code for row in pages.skus(house.db, "花茶")[0]] == ["TEA-50"]
    with house.work() as uow:
        change_sku(uow, "TEA-50", SkuDetails("Jasmine tea", barcode="690", price=3100, weight_g=55))
    found = pages.sku(house.db, sku_id)
    assert found is not None
    assert (found.title, found.barcode, found.price, found.weight_g, found.options) == ("Jasmine tea", "690", 3100, 55, {})
    assert [row.action for row in history(house.db, [("sku", sku_id)])] == ["details changed", "added"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"code": "TEE"}, "TEE exists already"),
        ({"code": " "}, "is empty"),
        ({"code": "x" * 65}, "more than 64"),
        ({"title": "x" * 201}, "more than 200"),
        ({"price": -1}, "price of NEW in minor units is -1"),
        ({"price": 10**16}, "price of NEW"),
        ({"weight_g": -5}, "weight of NEW"),
        ({"volume_cm3": 2**31}, "volume of NEW"),
        ({"barcode": "777"}, "OTHER has the barcode 777 already"),
        ({"barcode": "TEE"}, "TEE has the barcode TEE already"),
        ({"kit": {"GHOST": 1}}, "names SKU GHOST"),
        ({"kit": {"SET": 1}}, "is a kit itself"),
        ({"kit": {"TEE": 0}}, "units of TEE in kit NEW is 0"),
        ({"options": {"": "black"}}, "name of an option is empty"),
    ],
)
def test_a_sku_that_cannot_be_is_not_added(house: House, wrong: dict[str, Any], said: str) -> None:
    with house.work() as uow:
        add_skus(uow, [NewSku("OTHER", "Other", barcode="777")])
    with pytest.raises(DomainError, match=said), house.work() as uow:
        add_sku(uow, replace(NewSku("NEW", "New"), **wrong))
    assert "NEW" not in {row.code for row in pages.skus(house.db)[0]}


def test_a_kit_is_said_anew_and_orders_keep_what_they_hold(house: House) -> None:
    [order] = house.place(house.order(("SET", 1)))
    with house.work() as uow:
        set_components(uow, "SET", {"MUG": 3})
    [found] = [row for row in pages.skus(house.db)[0] if row.code == "SET"]
    assert [(one.code, one.quantity) for one in found.inside] == [("MUG", 3)]
    assert [code for _, code, _ in pages.kits_with(house.db, house.items["MUG"].sku_id)] == ["DUO", "SET"]
    rows = house.db.rows("SELECT per_kit FROM order_line WHERE order_id = ? AND kit_line IS NOT NULL ORDER BY no", (order,))
    assert rows == [(2,), (1,)]
    assert house.system.verify() == []


@pytest.mark.parametrize(
    ("code", "inside", "said"),
    [
        ("TEE", {"CAP": 1}, "TEE is no kit"),
        ("SET", {}, "SET has nothing in it"),
        ("SET", {"SET": 1}, "is a kit itself"),
        ("SET", {"TEE": -1}, "units of TEE in kit SET is -1"),
        ("GHOST", {"TEE": 1}, "no SKU GHOST"),
    ],
)
def test_a_kit_that_cannot_be_stays_as_it_was(house: House, code: str, inside: dict[str, int], said: str) -> None:
    with pytest.raises(DomainError, match=said), house.work() as uow:
        set_components(uow, code, inside)
    [found] = [row for row in pages.skus(house.db)[0] if row.code == "SET"]
    assert [(one.code, one.quantity) for one in found.inside] == [("TEE", 2), ("CAP", 1)]


def test_skus_come_page_by_page_in_order_of_code(house: House) -> None:
    with house.work() as uow:
        add_skus(uow, [NewSku(f"P{number:03d}", f"Post card {number}") for number in range(120)])
    pages_seen, after = [], ""
    while True:
        rows, after = pages.skus(house.db, "post card", after)
        pages_seen.append([row.code for row in rows])
        if not after:
            break
    assert [len(one) for one in pages_seen] == [50, 50, 20]
    assert [code for one in pages_seen for code in one] == [f"P{number:03d}" for number in range(120)]


def test_a_new_list_or_promotion_never_overwrites_one(house: House) -> None:
    offer = Offer("ten", PromotionKind.PERCENT_OFF, 1000)
    with house.work() as uow:
        set_price_list(uow, "vip", "CNY", [Price("TEE", 8800)], new=True)
        set_promotion(uow, offer, "CNY", new=True)
    with pytest.raises(Duplicate, match="price list vip exists already"), house.work() as uow:
        set_price_list(uow, "vip", "CNY", [], new=True)
    with pytest.raises(Duplicate, match="promotion ten exists already"), house.work() as uow:
        set_promotion(uow, offer, "CNY", new=True)
    assert [row.prices for row in pages.price_lists(house.db)] == [1]


@pytest.mark.parametrize(
    ("code", "price", "said"),
    [("x" * 65, 1, "more than 64"), ("vip", 10**16, "price of TEE in minor units"), ("a\nb", 1, "line ends")],
)
def test_a_price_list_that_cannot_be_is_refused(house: House, code: str, price: int, said: str) -> None:
    with pytest.raises(DomainError, match=said), house.work() as uow:
        set_price_list(uow, code, "CNY", [Price("TEE", price)])
    assert pages.price_lists(house.db) == []
