"""Orders typed in by hand: priced before they are made, made once, and refused with what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orderyard.app import System

Enter = Callable[..., Any]

TO = {
    "name": "周小雨", "phone": "13816620499", "province": "上海", "city": "上海市", "district": "徐汇区",
    "detail": "漕溪北路8号", "country": "CN", "shop": "taobao", "type": "normal",
}  # fmt: skip


def newest(system: System) -> Any:
    return system.installation.db.row("SELECT id, total, source, status, external_id FROM sales_order ORDER BY id DESC LIMIT 1")


def test_the_price_is_told_and_nothing_is_written(enter: Enter, system: System) -> None:
    before = newest(system)
    answer = enter("reviewer").post(
        "/orders/new",
        page="/orders/new",
        sku=["TEE-BLK-M", "6900000000004"],
        quantity=["2", ""],
        price=["", ""],
        do="price",
        **TO,
    )
    assert answer.status_code == 200
    assert "CN¥257.00" in answer.text
    assert "复古棒球帽" in answer.text
    assert newest(system) == before


def test_an_order_is_entered_once_for_one_form(enter: Enter, system: System) -> None:
    browser = enter("reviewer")
    fields = {"sku": "TEE-BLK-M", "quantity": "2", "price": "", "payment": "paid", "do": "enter", "key": "form-1", **TO}
    answer = browser.post("/orders/new", page="/orders/new", **fields)
    assert "The order is entered" in answer.text
    order, total, source, *_ = newest(system)
    assert (total, source) == (19800, "manual")
    again = browser.post("/orders/new", page="/orders/new", **fields)
    assert again.status_code == 422
    assert "is there already" in again.text
    assert newest(system)[0] == order


def test_a_name_that_means_one_sku_is_taken_and_one_that_means_many_is_asked_back(enter: Enter, system: System) -> None:
    browser = enter("reviewer")
    many = browser.post("/orders/new", page="/orders/new", sku="重磅纯棉", quantity="1", price="", do="enter", **TO)
    assert many.status_code == 422
    assert "TEE-WHT-M" in many.text
    assert "周小雨" in many.text
    one = browser.post("/orders/new", page="/orders/new", sku="棒球帽", quantity="1", price="", do="enter", **TO)
    assert "The order is entered" in one.text


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ({"sku": ""}, "The order has no lines"),
        ({"quantity": "two"}, "Write a whole number"),
        ({"quantity": "0"}, "quantity"),
        ({"shop": "ebay"}, "The shop was not chosen"),
        ({"phone": "12"}, "no telephone number"),
        ({"type": "reship", "origin": "SO99"}, "there is no order"),
        ({"deposit": "10.00"}, "only a presale takes a deposit"),
    ],
)
def test_what_cannot_be_is_refused_and_stays_typed(enter: Enter, system: System, field: dict[str, str], said: str) -> None:
    before = newest(system)
    given = {"sku": "CAP-NVY", "quantity": "1", "price": "", "do": "enter", **TO} | field
    answer = enter("reviewer").post("/orders/new", page="/orders/new", **given)
    assert answer.status_code == 422
    assert said in answer.text
    assert "漕溪北路8号" in answer.text
    assert newest(system) == before


def test_only_whoever_may_sets_prices(enter: Enter, system: System) -> None:
    given = {"sku": "CAP-NVY", "quantity": "1", "price": "40.00", "do": "enter", **TO}
    assert "may not set prices" in enter("reviewer").post("/orders/new", page="/orders/new", **given).text
    enter("supervisor").post("/orders/new", page="/orders/new", **given)
    assert newest(system)[1] == 4000


def test_a_known_customer_is_offered(enter: Enter) -> None:
    browser = enter("reviewer")
    answer = browser.post(
        "/orders/new", page="/orders/new", sku="", quantity="", price="", do="find", who="李思雨", shop="taobao"
    )
    assert 'name="customer" value="' in answer.text
    assert (
        "Nobody is known"
        in browser.post("/orders/new", page="/orders/new", sku="", do="find", who="无此人", shop="taobao").text
    )


def test_a_half_typed_sku_is_completed(enter: Enter) -> None:
    assert 'value="HOOD-GRY-L"' in enter("reviewer").text("/orders/new/skus?sku=hood")


def test_only_whoever_enters_orders_opens_the_form(enter: Enter) -> None:
    assert enter("warehouse").get("/orders/new").status_code == 403
    assert "/orders/new" not in enter("viewer").text("/orders/")
    assert "/orders/new" in enter("reviewer").text("/orders/")


def test_an_exchange_goes_on_when_its_goods_are_back(enter: Enter, system: System) -> None:
    browser = enter("reviewer")
    given = {
        "sku": "CAP-NVY",
        "quantity": "1",
        "price": "",
        "do": "enter",
        **TO,
        "type": "exchange",
        "origin": "SO00000001",
        "goods_first": "y",
    }
    browser.post("/orders/new", page="/orders/new", **given)
    order = newest(system)[0]
    assert "Awaiting returned items" in browser.text(f"/orders/{order}")
    answer = browser.post(f"/orders/{order}/goods-arrived", page=f"/orders/{order}", because="parcel opened")
    assert "the exchange goes on" in answer.text
