"""What an order document means."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from orderyard_channel_woocommerce.adapter import WooCommerce

from orderyard.core.channels.api import ChannelOrder, TradeState, check
from orderyard.core.kernel.errors import RemoteNotUnderstood
from orderyard.core.kernel.values import Money
from orderyard.core.testing.scripted import ScriptedTransport

Json = dict[str, Any]
DE = {"first_name": "Ann", "last_name": "Ames", "company": "", "address_1": "Weg 3", "address_2": "2. Stock", "city": "Berlin",
      "state": "DE-BE", "postcode": "10115", "country": "DE", "phone": "+4930123456"}  # fmt: skip
EMPTY = dict.fromkeys(DE, "")


def line(number: int = 31, units: int = 2, total: str = "20.000000", tax: str = "0.000000", **changes: Any) -> Json:
    return {"id": number, "name": "Mug", "product_id": 8, "variation_id": 0, "quantity": units, "subtotal": total,
            "subtotal_tax": tax, "total": total, "total_tax": tax, "sku": "MUG", "meta_data": [], **changes}  # fmt: skip


def charge(total: str, tax: str = "0.000000") -> Json:
    return {"id": 41, "total": total, "total_tax": tax}


def order(**changes: Any) -> Json:
    return {
        "id": 4294967401, "number": "A-1001", "status": "processing", "currency": "EUR", "total": "20.00", "customer_id": 7,
        "date_created": "2026-11-21T16:00:00", "date_created_gmt": "2026-11-21T08:00:00",
        "date_modified": "2026-11-21T16:05:00", "date_modified_gmt": "2026-11-21T08:05:00",
        "date_paid_gmt": "2026-11-21T08:01:00", "date_completed_gmt": None, "payment_method": "stripe", "customer_note": "",
        "billing": {**DE, "email": "ann@example.com"}, "shipping": EMPTY, "meta_data": [], "line_items": [line()],
        "shipping_lines": [], "fee_lines": [], "refunds": [], **changes,
    }  # fmt: skip


def refund(at: str, units: dict[int, int], number: int = 51) -> Json:
    entries = [
        {"id": 60 + place, "quantity": -count, "meta_data": [{"id": 1, "key": "_refunded_item_id", "value": str(of)}]}
        for place, (of, count) in enumerate(units.items())
    ]
    return {"id": number, "date_created_gmt": at, "line_items": entries}


def told(number: str, lines: str) -> Json:
    return {"id": 1, "key": f"_orderyard_parcel_{number}", "value": lines}


def read(document: Json, *refunds: Json, **settings: str) -> ChannelOrder:
    body = json.dumps({"order": document, "refunds": list(refunds)}).encode()
    found = WooCommerce(settings, ScriptedTransport()).read(body)
    check(found)
    return found


def test_a_plain_order() -> None:
    found = read(order())
    assert (found.external_id, found.number, found.state) == ("4294967401", "A-1001", TradeState.TO_SHIP)
    assert (found.placed_at, found.paid_at) == (datetime(2026, 11, 21, 8, tzinfo=UTC), datetime(2026, 11, 21, 8, 1, tzinfo=UTC))
    assert (found.paid, found.total) == (Money(2000, "EUR"), Money(2000, "EUR"))
    assert (found.buyer.external_id, found.buyer.name, found.buyer.email) == ("7", "Ann Ames", "ann@example.com")
    assert (found.receiver.country, found.receiver.province, found.receiver.detail) == ("DE", "DE-BE", "Weg 3, 2. Stock")


# Money


@pytest.mark.parametrize(
    ("currency", "total", "minor"),
    [("JPY", "1200", 1200), ("EUR", "12.34", 1234), ("KWD", "12.345", 12345), ("JPY", "1200.00", 1200)],
)
def test_a_currency_has_its_own_number_of_decimals(currency: str, total: str, minor: int) -> None:
    found = read(order(currency=currency, total=total, line_items=[line(units=1, total=total)]))
    assert (found.total, found.lines[0].amount, found.lines[0].unit_price) == (Money(minor, currency),) * 3


@pytest.mark.parametrize("total", ["12.345", "1e3", "", "NaN", " 12", "12,00"])
def test_an_amount_the_currency_cannot_hold_is_not_understood(total: str) -> None:
    with pytest.raises(RemoteNotUnderstood):
        read(order(total=total))


def test_prices_as_numbers_are_not_understood() -> None:
    with pytest.raises(RemoteNotUnderstood, match="not text"):
        read(order(total=20.0))


def test_tax_is_part_of_what_the_buyer_pays() -> None:
    lines = [line(31, 3, "30.000000", "6.000000"), line(32, 1, "5.000000", "1.000000")]
    found = read(order(line_items=lines, shipping_lines=[charge("4.000000", "0.800000")], total="46.80"))
    assert [entry.amount.minor for entry in found.lines] == [3600, 600]
    assert (found.freight.minor, found.lines[0].unit_price.minor) == (480, 1200)


def test_what_rounding_leaves_is_shared_so_that_the_parts_are_the_whole() -> None:
    # Three lines of 3.335 with tax, which the shop added up before it rounded.
    lines = [line(number, 1, "2.779167", "0.555833") for number in (31, 32, 33)]
    found = read(order(line_items=lines, total="10.01"))
    assert sorted(entry.amount.minor for entry in found.lines) == [333, 334, 334]
    assert found.freight.minor == 0
    fewer = read(order(line_items=lines, total="9.99"))
    assert [entry.amount.minor for entry in fewer.lines] == [333, 333, 333]


def test_parts_further_from_the_total_than_rounding_are_not_understood() -> None:
    with pytest.raises(RemoteNotUnderstood, match="20"):
        read(order(total="20.05"))


def test_a_fee_is_freight_and_a_negative_one_a_discount() -> None:
    fees = [charge("2.500000"), charge("-3.000000")]
    lines = [line(31, 1, "20.000000"), line(32, 1, "10.000000")]
    found = read(order(line_items=lines, fee_lines=fees, total="29.50"))
    assert [entry.amount.minor for entry in found.lines] == [1800, 900]
    assert found.freight.minor == 250
    assert [entry.unit_price.minor for entry in found.lines] == [2000, 1000]


def test_a_coupon_lowers_the_amount_and_not_the_unit_price() -> None:
    found = read(order(line_items=[line(units=2, total="15.000000", subtotal="20.000000")], total="15.00"))
    assert (found.lines[0].unit_price.minor, found.lines[0].amount.minor) == (1000, 1500)


def test_a_free_order_is_an_order() -> None:
    found = read(order(line_items=[line(total="0.000000")], total="0.00"))
    assert (found.state, found.total.minor) == (TradeState.TO_SHIP, 0)


# States


@pytest.mark.parametrize(
    ("status", "paid", "method", "state", "held"),
    [
        ("pending", False, "stripe", TradeState.UNPAID, False),
        ("failed", False, "stripe", TradeState.UNPAID, False),
        ("checkout-draft", False, "stripe", TradeState.UNPAID, False),
        ("on-hold", False, "bacs", TradeState.UNPAID, False),
        ("on-hold", True, "stripe", TradeState.TO_SHIP, True),
        ("on-hold", False, "cod", TradeState.TO_SHIP, True),
        ("pending", False, "cod", TradeState.TO_SHIP, True),
        ("processing", True, "stripe", TradeState.TO_SHIP, False),
        ("processing", False, "cod", TradeState.TO_SHIP, False),
        ("completed", True, "stripe", TradeState.SHIPPED, False),
        ("cancelled", True, "stripe", TradeState.CANCELLED, False),
        ("refunded", True, "stripe", TradeState.CANCELLED, False),
        ("trash", True, "stripe", TradeState.TO_SHIP, True),
        ("trash", False, "stripe", TradeState.UNPAID, False),
    ],
)
def test_a_status_says_what_may_ship(status: str, paid: bool, method: str, state: TradeState, held: bool) -> None:
    moment = "2026-11-21T08:01:00" if paid else None
    found = read(order(status=status, date_paid_gmt=moment, payment_method=method))
    assert (found.state, bool(found.held), found.cod) == (state, held, method == "cod")
    assert found.paid.minor == (2000 if paid else 0)


@pytest.mark.parametrize("status", ["packing", "", "wc-processing"])
def test_a_status_of_the_shops_own_is_not_understood(status: str) -> None:
    with pytest.raises(RemoteNotUnderstood, match="status"):
        read(order(status=status))


def test_the_settings_say_what_the_shops_own_statuses_equal() -> None:
    own = "packing=processing, wc-delivered=completed"
    assert read(order(status="packing"), statuses=own).state is TradeState.TO_SHIP
    assert read(order(status="delivered"), statuses=own).state is TradeState.SHIPPED


def test_cash_on_delivery_is_never_the_platforms_money() -> None:
    done = "2026-11-21T09:00:00"
    back = [{"id": 51, "reason": "", "total": "-20.00"}]
    given = order(status="completed", payment_method="cod", date_completed_gmt=done, date_paid_gmt=done, refunds=back)
    found = read(given, refund("2026-11-22T09:00:00", {31: 1}))
    assert (found.cod, found.paid.minor, found.refunded.minor, found.paid_at) == (True, 0, 0, None)
    assert read(order(payment_method="pay_at_door"), cod_methods="cod, Pay_at_door").cod


# Refunds


def test_units_refunded_before_shipment_are_cancelled() -> None:
    given = order(refunds=[{"id": 51, "reason": "", "total": "-10.000000"}])
    found = read(given, refund("2026-11-21T08:04:00", {31: 1}))
    assert (found.lines[0].cancelled, found.lines[0].shipped, found.refunded.minor) == (1, 0, 1000)
    assert found.state is TradeState.TO_SHIP


def test_a_refunded_amount_alone_cancels_nothing() -> None:
    given = order(refunds=[{"id": 51, "reason": "", "total": "-5.00"}])
    found = read(given, refund("2026-11-21T08:04:00", {}))
    assert (found.lines[0].cancelled, found.refunded.minor) == (0, 500)


@pytest.mark.parametrize(("at", "cancelled", "shipped"), [("2026-11-21T08:30:00", 1, 1), ("2026-11-21T10:00:00", 0, 2)])
def test_units_refunded_after_completion_came_back(at: str, cancelled: int, shipped: int) -> None:
    given = order(
        status="completed", date_completed_gmt="2026-11-21T09:00:00", refunds=[{"id": 51, "reason": "", "total": "-10.00"}]
    )
    found = read(given, refund(at, {31: 1}))
    assert (found.lines[0].cancelled, found.lines[0].shipped, found.state) == (cancelled, shipped, TradeState.SHIPPED)


def test_a_shipped_order_refunded_whole_has_still_shipped() -> None:
    given = order(
        status="refunded", date_completed_gmt="2026-11-21T09:00:00", refunds=[{"id": 51, "reason": "", "total": "-20.00"}]
    )
    found = read(given, refund("2026-11-22T09:00:00", {31: 2}))
    assert (found.lines[0].cancelled, found.lines[0].shipped, found.state) == (0, 2, TradeState.SHIPPED)
    assert found.refunded == found.paid == found.total


def test_a_document_without_its_refunds_is_not_understood() -> None:
    with pytest.raises(RemoteNotUnderstood, match="refunds"):
        read(order(refunds=[{"id": 51, "reason": "", "total": "-10.00"}]))


# Parcels


def test_parcels_that_were_told_are_shipped() -> None:
    lines = [line(31, 2, "20.000000"), line(32, 1, "5.000000")]
    found = read(order(line_items=lines, total="25.00", meta_data=[told("SF1", "31=1,32=1"), told("SF2", "31=1")]))
    assert ([entry.shipped for entry in found.lines], found.state) == ([2, 1], TradeState.SHIPPED)
    part = read(order(line_items=lines, total="25.00", meta_data=[told("SF1", "31=1")]))
    assert ([entry.shipped for entry in part.lines], part.state) == ([1, 0], TradeState.PARTLY_SHIPPED)


@pytest.mark.parametrize("value", ["", "31", "31=", "31=1;32=1", 7, None, {"31": 1}])
def test_a_parcel_somebody_changed_is_not_understood(value: object) -> None:
    with pytest.raises(RemoteNotUnderstood):
        read(order(meta_data=[{"id": 1, "key": "_orderyard_parcel_SF1", "value": value}]))


# People


def test_two_guests_are_two_buyers() -> None:
    one, other = read(order(customer_id=0)), read(order(customer_id=0, id=4294967402))
    assert one.buyer.external_id != other.buyer.external_id
    assert one.buyer.email == other.buyer.email


def test_the_shipping_address_comes_before_the_billing_one() -> None:
    name, place = {"first_name": "小满", "last_name": "林"}, {"city": "杭州市", "state": "CN12", "country": "CN"}
    china = {**EMPTY, **name, **place, "address_1": "文一西路969号", "address_2": "余杭区"}
    found = read(order(shipping=china)).receiver
    assert (found.name, found.province, found.city, found.district) == ("林小满", "浙江省", "杭州市", "余杭区")
    assert found.phone == DE["phone"]
    assert found.missing() == ()


@pytest.mark.parametrize(
    ("state", "name"), [("CN1", "云南省"), ("CN2", "北京市"), ("CN20", "广东省"), ("CN32", "新疆维吾尔自治区")]
)
def test_chinas_provinces_have_names(state: str, name: str) -> None:
    assert read(order(shipping={**DE, "country": "CN", "state": state})).receiver.province == name


def test_a_memo_is_a_custom_field_of_text() -> None:
    meta = [{"id": 1, "key": "memo", "value": ["no text"]}, {"id": 2, "key": "memo", "value": "老顾客"}]
    assert read(order(meta_data=meta)).memo == "老顾客"
    assert read(order(meta_data=meta), memo_meta="other").memo == ""


def test_a_line_without_a_product_is_its_own_listing() -> None:
    found = read(order(line_items=[line(product_id=0, sku=None)])).lines[0].listing
    assert (found.item_id, found.variant_id, found.merchant_code) == ("line 31", "", "")


def test_a_byte_order_mark_is_no_fault() -> None:
    body = b"\xef\xbb\xbf" + json.dumps({"order": order(), "refunds": []}).encode()
    assert WooCommerce({}, ScriptedTransport()).read(body).number == "A-1001"


@pytest.mark.parametrize(
    "changes",
    [
        {"line_items": [line() | {"quantity": 1.5}]},
        {"line_items": None},
        {"date_created_gmt": "yesterday"},
        {"id": -1},
        {"currency": "XXX"},
        {"billing": None},
        {"customer_note": "half \ud83d"},
        {"meta_data": {}},
    ],
    ids=["decimal units", "no lines", "no time", "negative id", "currency", "no billing", "half a character", "meta"],
)
def test_what_cannot_be_read_for_certain_is_not_understood(changes: Json) -> None:
    with pytest.raises(RemoteNotUnderstood):
        read(order(**changes))
