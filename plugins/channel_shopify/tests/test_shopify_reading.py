"""What order documents mean."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from orderyard_channel_shopify.adapter import Shopify

from orderyard.core.channels.api import ChannelOrder, TradeState, check
from orderyard.core.kernel.errors import RemoteNotUnderstood
from orderyard.core.kernel.values import Money
from orderyard.core.testing.scripted import ScriptedTransport

Document = dict[str, Any]
Change = Callable[[Document], object]

TEE = "gid://shopify/LineItem/866550311766439020"
MUG = "gid://shopify/LineItem/141249953214522974"


def bag(amount: str, currency: str = "USD") -> Document:
    return {"shopMoney": {"amount": amount, "currencyCode": currency}}


def line(identity: str, sku: str, units: int, price: str, **more: Any) -> Document:
    return {
        "id": identity,
        "name": f"Item {sku}",
        "sku": sku,
        "quantity": units,
        "currentQuantity": units,
        "unfulfilledQuantity": units,
        "requiresShipping": True,
        "product": {"id": "gid://shopify/Product/8600000000001"},
        "variant": {"id": "gid://shopify/ProductVariant/47000000000001"},
        "originalUnitPriceSet": bag(price),
        "discountAllocations": [],
        "taxLines": [],
        **more,
    }


def order() -> Document:
    """Two tees at 10.00 less 4.00, a mug at 20.00, shipping 5.00, and 3.00 of tax on top of it all: 44.00."""
    return {
        "id": "gid://shopify/Order/820982911946154508",
        "name": "#1001",
        "createdAt": "2026-11-21T08:00:05Z",
        "updatedAt": "2026-11-21T08:00:06Z",
        "processedAt": "2026-11-21T08:00:02Z",
        "cancelledAt": None,
        "closedAt": None,
        "edited": False,
        "displayFinancialStatus": "PAID",
        "displayFulfillmentStatus": "UNFULFILLED",
        "currencyCode": "USD",
        "taxesIncluded": False,
        "paymentGatewayNames": ["shopify_payments"],
        "note": "Leave at the door",
        "email": "sam.sample@example.com",
        "phone": None,
        "customAttributes": [{"key": "gift", "value": None}, {"key": "memo", "value": "regular"}],
        "customer": {"id": "gid://shopify/Customer/115310627314723954", "displayName": "Sam Sample"},
        "shippingAddress": {
            "name": "Sam Sample",
            "company": None,
            "address1": "1 Example Street",
            "address2": "Apt 2",
            "city": "Ottawa",
            "province": "Ontario",
            "provinceCode": "ON",
            "zip": "K1A 0A1",
            "countryCodeV2": "CA",
            "phone": "+15555550100",
        },
        "totalPriceSet": bag("44.0"),
        "totalReceivedSet": bag("44.00"),
        "totalRefundedSet": bag("0.0"),
        "totalTipReceivedSet": bag("0.0"),
        "originalTotalDutiesSet": None,
        "originalTotalAdditionalFeesSet": None,
        "shippingLines": {"nodes": [{"discountedPriceSet": bag("5.00"), "taxLines": [{"priceSet": bag("0.40")}]}]},
        "transactions": [{"kind": "SALE", "status": "SUCCESS", "processedAt": "2026-11-21T08:00:04Z"}],
        "fulfillments": [],
        "refunds": [],
        "lineItems": {
            "pageInfo": {"hasNextPage": False, "endCursor": None},
            "nodes": [
                line(
                    TEE,
                    "TEE-BLU-M",
                    2,
                    "10.00",
                    discountAllocations=[{"allocatedAmountSet": bag("1.50")}, {"allocatedAmountSet": bag("2.50")}],
                    taxLines=[{"priceSet": bag("0.70")}, {"priceSet": bag("0.50")}],
                ),
                line(MUG, "MUG", 1, "20.00", taxLines=[{"priceSet": bag("1.40")}]),
            ],
        },
    }


def connection(*nodes: Document, more: bool = False) -> Document:
    return {"pageInfo": {"hasNextPage": more}, "nodes": list(nodes)}


def parcel(status: str, **units: int) -> Document:
    entries = [{"quantity": count, "lineItem": {"id": {"tee": TEE, "mug": MUG}[name]}} for name, count in units.items()]
    return {"status": status, "fulfillmentLineItems": connection(*entries)}


def refund(restock: str, **units: int) -> Document:
    entries = [
        {"quantity": count, "restockType": restock, "lineItem": {"id": {"tee": TEE, "mug": MUG}[name]}}
        for name, count in units.items()
    ]
    return {"refundLineItems": connection(*entries)}


def read(document: Document, **settings: str) -> ChannelOrder:
    channel = Shopify({"shop": "demo.myshopify.com", **settings}, ScriptedTransport())
    return channel.read(json.dumps(document).encode())


def changed(**fields: Any) -> Document:
    return {**order(), **fields}


def with_lines(*changes: Document, **fields: Any) -> Document:
    """The order with these fields of its lines changed, in their order."""
    document = changed(**fields)
    for node, change in zip(document["lineItems"]["nodes"], changes, strict=False):
        node.update(change)
    return document


def test_an_order_is_read_whole() -> None:
    found = read(order())
    check(found)
    assert (found.external_id, found.number, found.currency) == ("gid://shopify/Order/820982911946154508", "#1001", "USD")
    assert (found.state, found.cod) == (TradeState.TO_SHIP, False)
    assert found.placed_at == datetime(2026, 11, 21, 8, 0, 5, tzinfo=UTC)
    assert found.paid_at == datetime(2026, 11, 21, 8, 0, 4, tzinfo=UTC)
    assert (found.total, found.paid, found.refunded) == (Money(4400, "USD"), Money(4400, "USD"), Money(0, "USD"))
    assert (found.message, found.memo) == ("Leave at the door", "regular")
    assert (found.buyer.external_id, found.buyer.name) == ("gid://shopify/Customer/115310627314723954", "Sam Sample")
    assert (found.buyer.email, found.buyer.phone) == ("sam.sample@example.com", "+15555550100")
    assert (found.receiver.country, found.receiver.province, found.receiver.postcode) == ("CA", "ON", "K1A 0A1")
    assert (found.receiver.detail, found.receiver.missing()) == ("1 Example Street, Apt 2", ())


def test_ids_beyond_two_to_the_53_stay_whole() -> None:
    assert [line.external_id for line in read(order()).lines] == [TEE, MUG]


def test_a_line_is_what_the_buyer_pays_after_every_discount_and_with_its_tax() -> None:
    found = read(order())
    assert [line.unit_price.text for line in found.lines] == ["10.00", "20.00"]
    assert [line.amount.text for line in found.lines] == ["17.20", "21.40"]
    assert found.freight.text == "5.40"


def test_included_tax_only_explains_the_price() -> None:
    found = read(changed(taxesIncluded=True, totalPriceSet=bag("41.00")))
    check(found)
    assert [line.amount.text for line in found.lines] == ["16.00", "20.00"]
    assert found.freight.text == "5.00"


def test_tips_duties_and_fees_travel_with_the_freight() -> None:
    found = read(
        changed(
            totalTipReceivedSet=bag("2.00"),
            originalTotalDutiesSet=bag("3.00"),
            originalTotalAdditionalFeesSet=bag("1.00"),
            totalPriceSet=bag("50.00"),
        )
    )
    check(found)
    assert found.freight.text == "11.40"


def test_a_total_that_does_not_come_out_is_refused_by_the_check() -> None:
    with pytest.raises(RemoteNotUnderstood, match="is not lines plus freight"):
        check(read(changed(totalPriceSet=bag("43.99"))))


def test_an_edited_order_owes_what_its_lines_say() -> None:
    found = read(with_lines({"currentQuantity": 1, "unfulfilledQuantity": 1}, edited=True, totalPriceSet=bag("35.40")))
    check(found)
    assert found.total.text == "44.00"
    assert [line.cancelled for line in found.lines] == [1, 0]


def test_a_yen_amount_has_no_minor_digits() -> None:
    document = json.loads(json.dumps(order()).replace('"USD"', '"JPY"'))
    document.update(taxesIncluded=True, totalPriceSet=bag("45.0", "JPY"))
    for node in document["lineItems"]["nodes"]:
        node["discountAllocations"] = []
    assert read(document).total == Money(45, "JPY")


@pytest.mark.parametrize(
    ("financial", "state"),
    [
        ("PAID", TradeState.TO_SHIP),
        ("PARTIALLY_REFUNDED", TradeState.TO_SHIP),
        ("REFUNDED", TradeState.TO_SHIP),
        ("PENDING", TradeState.UNPAID),
        ("AUTHORIZED", TradeState.UNPAID),
        ("EXPIRED", TradeState.UNPAID),
        ("VOIDED", TradeState.UNPAID),
        ("PARTIALLY_PAID", TradeState.DEPOSIT_PAID),
        (None, TradeState.UNPAID),
    ],
)
def test_the_money_says_whether_an_order_may_ship(financial: str | None, state: TradeState) -> None:
    found = read(changed(displayFinancialStatus=financial))
    assert found.state is state
    assert (found.paid_at is not None) == (state is TradeState.TO_SHIP)


def test_cash_on_delivery_may_ship_unpaid() -> None:
    found = read(
        changed(
            displayFinancialStatus="PENDING",
            paymentGatewayNames=["Cash on Delivery (COD)"],
            totalReceivedSet=bag("0.00"),
            transactions=[{"kind": "SALE", "status": "PENDING", "processedAt": "2026-11-21T08:00:04Z"}],
        )
    )
    assert (found.cod, found.state, found.paid_at, found.paid.minor) == (True, TradeState.TO_SHIP, None, 0)


def test_an_order_paid_by_card_as_well_is_not_cash_on_delivery() -> None:
    assert not read(changed(paymentGatewayNames=["Cash on Delivery (COD)", "shopify_payments"])).cod


def test_a_shop_may_name_its_own_cash_on_delivery_gateway() -> None:
    document = changed(paymentGatewayNames=["Nachnahme"], displayFinancialStatus="PENDING")
    assert not read(document).cod
    assert read(document, cod_gateways="Cash on Delivery (COD), nachnahme").cod


@pytest.mark.parametrize(
    ("status", "held"),
    [
        ("ON_HOLD", "on hold in Shopify"),
        ("SCHEDULED", "Shopify has it scheduled for a later day"),
        ("UNFULFILLED", ""),
        ("IN_PROGRESS", ""),
    ],
)
def test_an_order_that_must_not_ship_yet_says_why(status: str, held: str) -> None:
    found = read(changed(displayFulfillmentStatus=status))
    assert (found.held, found.state) == (held, TradeState.TO_SHIP)


def test_a_hold_is_told_with_its_reasons() -> None:
    reasons: tuple[list[str], ...] = (["High risk of fraud"], ["Awaiting payment", "High risk of fraud"], [])
    work = [{"status": "ON_HOLD", "fulfillmentHolds": [{"displayReason": reason} for reason in names]} for names in reasons]
    found = read(changed(displayFulfillmentStatus="ON_HOLD", fulfillmentOrders={"nodes": work}))
    assert found.held == "on hold in Shopify: High risk of fraud, Awaiting payment"


def test_a_hold_that_has_nothing_left_to_stop_is_none() -> None:
    assert read(changed(displayFulfillmentStatus="ON_HOLD", cancelledAt="2026-11-21T09:00:00Z")).held == ""


def test_a_free_order_counts_as_paid_when_it_was_processed() -> None:
    assert read(changed(transactions=[])).paid_at == datetime(2026, 11, 21, 8, 0, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("document", "cancelled", "shipped", "state"),
    [
        pytest.param(
            with_lines({}, {"currentQuantity": 0, "unfulfilledQuantity": 0}, refunds=[refund("CANCEL", mug=1)]),
            [0, 1],
            [0, 0],
            TradeState.TO_SHIP,
            id="a line refunded before shipment",
        ),
        pytest.param(
            with_lines(refunds=[refund("CANCEL", mug=1)]), [0, 1], [0, 0], TradeState.TO_SHIP, id="the refund alone says so"
        ),
        pytest.param(
            with_lines({}, {"currentQuantity": 0}, refunds=[refund("NO_RESTOCK", mug=1)]),
            [0, 1],
            [0, 0],
            TradeState.TO_SHIP,
            id="refunded before shipment without restocking",
        ),
        pytest.param(
            with_lines(displayFinancialStatus="PARTIALLY_REFUNDED", totalRefundedSet=bag("5.00"), refunds=[refund("CANCEL")]),
            [0, 0],
            [0, 0],
            TradeState.TO_SHIP,
            id="a mere amount cancels nothing",
        ),
        pytest.param(
            with_lines(
                {"currentQuantity": 0, "unfulfilledQuantity": 0},
                {"currentQuantity": 0, "unfulfilledQuantity": 0},
                refunds=[refund("CANCEL", tee=2, mug=1)],
            ),
            [2, 1],
            [0, 0],
            TradeState.CANCELLED,
            id="all refunded before shipment",
        ),
        pytest.param(
            with_lines(cancelledAt="2026-11-21T09:00:00Z"), [2, 1], [0, 0], TradeState.CANCELLED, id="cancelled by the shop"
        ),
        pytest.param(
            with_lines({"unfulfilledQuantity": 1}, fulfillments=[parcel("SUCCESS", tee=1)]),
            [0, 0],
            [1, 0],
            TradeState.PARTLY_SHIPPED,
            id="one unit gone",
        ),
        pytest.param(
            with_lines(
                {"unfulfilledQuantity": 1, "currentQuantity": 1},
                fulfillments=[parcel("SUCCESS", tee=1)],
                refunds=[refund("RETURN", tee=1)],
            ),
            [0, 0],
            [1, 0],
            TradeState.PARTLY_SHIPPED,
            id="what was returned cancels nothing that is still to ship",
        ),
        pytest.param(
            with_lines(
                {"unfulfilledQuantity": 0},
                {"unfulfilledQuantity": 0},
                fulfillments=[parcel("SUCCESS", tee=2), parcel("CANCELLED", tee=2), parcel("OPEN", mug=1)],
            ),
            [0, 0],
            [2, 1],
            TradeState.SHIPPED,
            id="all gone",
        ),
        pytest.param(
            with_lines(
                {"unfulfilledQuantity": 0},
                {"unfulfilledQuantity": 0},
                fulfillments=[parcel("SUCCESS", tee=2, mug=1)],
                closedAt="2026-11-22T00:00:00Z",
            ),
            [0, 0],
            [2, 1],
            TradeState.COMPLETED,
            id="all gone and closed",
        ),
        pytest.param(
            with_lines(
                {"unfulfilledQuantity": 0},
                {"unfulfilledQuantity": 0, "currentQuantity": 0},
                fulfillments=[parcel("SUCCESS", tee=2)],
                refunds=[refund("CANCEL", mug=1)],
            ),
            [0, 1],
            [2, 0],
            TradeState.SHIPPED,
            id="one line gone, the other taken back",
        ),
        pytest.param(
            with_lines({"requiresShipping": False, "unfulfilledQuantity": 0}),
            [0, 0],
            [0, 0],
            TradeState.TO_SHIP,
            id="what needs no shipping is not cancelled",
        ),
    ],
)
def test_units_are_shipped_cancelled_or_open(
    document: Document, cancelled: list[int], shipped: list[int], state: TradeState
) -> None:
    found = read(document)
    check(found)
    assert [line.cancelled for line in found.lines] == cancelled
    assert [line.shipped for line in found.lines] == shipped
    assert found.state is state


@pytest.mark.parametrize(
    "later",
    [
        {"transactions": order()["transactions"] * 2},
        {"fulfillments": [parcel("SUCCESS", tee=1)]},
        {"cancelledAt": "2026-11-21T08:00:06Z"},
        {"closedAt": "2026-11-21T08:00:06Z"},
        {"edited": True},
        {"updatedAt": "2026-11-21T08:00:07Z"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_change_within_the_same_second_is_a_newer_version(later: Document) -> None:
    assert read(changed(**later)).version > read(order()).version


def test_a_guest_is_nobody_elses_customer() -> None:
    first, second = read(changed(customer=None)), read(changed(customer=None, id="gid://shopify/Order/2"))
    assert first.buyer.external_id != second.buyer.external_id
    assert first.buyer.name == "Sam Sample"


def test_an_address_the_app_may_not_see_is_empty() -> None:
    found = read(changed(shippingAddress=None))
    assert (found.receiver.country, found.receiver.name) == ("", "")
    assert "name" in found.receiver.missing()


def test_a_chinese_province_is_a_name_and_a_second_line_may_be_the_district() -> None:
    address = {
        **order()["shippingAddress"],
        "countryCodeV2": "CN",
        "province": "浙江",
        "provinceCode": "ZJ",
        "city": "杭州",
        "address1": "文一西路969号",
        "address2": "余杭区",
    }
    found = read(changed(shippingAddress=address)).receiver
    assert (found.province, found.district, found.detail) == ("浙江", "余杭区", "文一西路969号")
    found = read(changed(shippingAddress={**address, "address2": "3幢 2单元"})).receiver
    assert (found.district, found.detail) == ("", "文一西路969号, 3幢 2单元")


def test_a_custom_line_is_a_listing_of_its_own() -> None:
    listing = read(with_lines({"product": None, "variant": None, "sku": None})).lines[0].listing
    assert (listing.item_id, listing.variant_id, listing.merchant_code) == (TEE, "", "")


def fixed(*path: str | int, value: Any) -> Change:
    def change(document: Document) -> None:
        place: Any = document
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(fixed("displayFinancialStatus", value="HALF_PAID"), id="a new financial status"),
        pytest.param(fixed("displayFulfillmentStatus", value="FULFILLMENT_NOT_REQUIRED"), id="a new fulfillment status"),
        pytest.param(fixed("fulfillments", value=[parcel("TELEPORTED", tee=1)]), id="a new status of a fulfillment"),
        pytest.param(fixed("refunds", value=[refund("BURNT", tee=1)]), id="a new kind of restocking"),
        pytest.param(fixed("currencyCode", value="XBT"), id="an unknown currency"),
        pytest.param(fixed("totalPriceSet", value=bag("44.00", "CAD")), id="another currency"),
        pytest.param(fixed("totalPriceSet", "shopMoney", "amount", value="44.001"), id="too many digits"),
        pytest.param(fixed("totalPriceSet", "shopMoney", "amount", value="lots"), id="no amount"),
        pytest.param(fixed("totalPriceSet", "shopMoney", "amount", value=44.0), id="a binary fraction"),
        pytest.param(fixed("totalPriceSet", value=None), id="no total"),
        pytest.param(fixed("createdAt", value="2026-11-21T08:00:05"), id="a time without zone"),
        pytest.param(fixed("updatedAt", value="yesterday"), id="no time"),
        pytest.param(fixed("lineItems", "pageInfo", "hasNextPage", value=True), id="half of the lines"),
        pytest.param(fixed("lineItems", "nodes", 0, "quantity", value="2"), id="a quantity as text"),
        pytest.param(fixed("lineItems", "nodes", 0, "quantity", value=True), id="a quantity that is true"),
        pytest.param(fixed("lineItems", "nodes", 0, value=None), id="a line that is null"),
        pytest.param(fixed("note", value="a\x00b"), id="a NUL"),
        pytest.param(fixed("note", value="\ud800"), id="half a character"),
        pytest.param(fixed("id", value=820982911946154508), id="an id as number"),
    ],
)
def test_what_cannot_be_read_for_certain_is_not_understood(change: Change) -> None:
    document = copy.deepcopy(order())
    change(document)
    with pytest.raises(RemoteNotUnderstood):
        read(document)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(fixed("lineItems", "nodes", value=[]), id="no lines"),
        pytest.param(fixed("lineItems", "nodes", 0, "quantity", value=-2), id="a negative quantity"),
        pytest.param(fixed("fulfillments", value=[parcel("SUCCESS", tee=3)]), id="more shipped than ordered"),
    ],
)
def test_what_cannot_be_true_is_refused_before_it_is_stored(change: Change) -> None:
    document = copy.deepcopy(order())
    change(document)
    with pytest.raises(RemoteNotUnderstood):
        check(read(document))
