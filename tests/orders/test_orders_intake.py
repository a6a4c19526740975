"""Orders come into being whole: lines, kits and money to the fen, holds for what nobody knows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from orderyard.core.customers.service import CustomerFacts
from orderyard.core.fulfillment import service as fulfillment
from orderyard.core.kernel.errors import DomainError
from orderyard.core.kernel.values import Money
from orderyard.core.orders import service as orders
from orderyard.core.orders.api import HoldCode, OrderStatus, PaymentState, ReviewState
from orderyard.core.orders.service import PaymentFacts
from orderyard.core.review.service import approve
from orderyard.core.testing.builders import AT, House, codes


def cny(minor: int) -> Money:
    return Money(minor, "CNY")


def test_a_paid_order_is_reviewed_routed_and_reserved_at_once(house: House) -> None:
    house.receive("SH", TEE=5)
    [order_id] = house.place(house.order(("TEE", 2), freight=1000))
    card = house.card(order_id)
    assert (card.number, card.status, card.review, card.payment) == ("SO00000001", "to_ship", "passed", "paid")
    assert (card.total, card.paid, card.freight) == (cny(20800), cny(20800), cny(1000))
    [fo_id] = house.fos(order_id)
    assert house.fo_state(fo_id) == "allocated"
    assert house.levels("TEE") == {"SH": (5, 2)}
    house.prove()


def test_a_kit_s_money_goes_to_its_components_by_list_value_to_the_fen(house: House) -> None:
    house.receive("SH", TEE=9, CAP=9)
    # 199.00 and 3.33 freight over TEE 2 × 99.00 and CAP 49.00: 15953.4… / 3946.5…, and 266.9… / 66.0…
    [order_id] = house.place(house.order(("SET", 1), freight=333))
    rows = house.db.rows(
        "SELECT kit, kit_line, per_kit, quantity, amount, freight, reserved FROM order_line WHERE order_id = ? ORDER BY no",
        (order_id,),
    )
    assert [(bool(row[0]), *row[1:]) for row in rows] == [
        (True, None, 1, 1, 19900, 333, 0),
        (False, 1, 2, 2, 15952, 267, 2),
        (False, 1, 1, 1, 3948, 66, 1),
    ]
    card = house.card(order_id)
    assert [(line.sku, line.kit_line) for line in card.lines] == [
        ("SET", None),
        ("TEE", card.lines[0].id),
        ("CAP", card.lines[0].id),
    ]
    house.prove()


def test_freight_follows_the_lines_amounts_and_a_gift_takes_none(house: House) -> None:
    house.receive("SH", TEE=9, CAP=9, PEN=9)
    [order_id] = house.place(house.order(("TEE", 1), ("CAP", 1), house.line("PEN", 1, 0), freight=1001))
    rows = house.db.rows("SELECT amount, freight FROM order_line WHERE order_id = ? ORDER BY no", (order_id,))
    assert [tuple(row) for row in rows] == [(9900, 670), (4900, 331), (0, 0)]


def test_the_payment_is_booked_net_of_the_tax_inside_each_line(house: House) -> None:
    [order_id] = house.place(house.order(("TEE", 1), ("PEN", 1), freight=50))
    # Line by line: 9948 holds 1144 of tax, 335 holds 39.
    assert house.ledger(order_id) == {"platform": 10283, "advances": -9100, "advances_tax": -1183}
    house.prove()


def test_an_unknown_item_holds_the_order_and_is_named(house: House) -> None:
    house.receive("SH", TEE=5)
    [order_id] = house.place(house.order(("TEE", 1), ("GHOST-404", 1)))
    assert (house.card(order_id).status, codes(house.holds(order_id))) == ("pending_review", ["sku_unmapped"])
    [(note,)] = house.db.rows("SELECT note FROM hold")
    assert note == "GHOST-404"
    assert house.levels("TEE") == {"SH": (5, 0)}
    house.prove()


def test_an_unpaid_order_waits_and_goes_on_when_it_is_paid(house: House) -> None:
    house.receive("SH", TEE=5)
    [order_id] = house.place(house.order(("TEE", 2), paid=False))
    assert (house.card(order_id).status, house.card(order_id).payment) == ("pending_payment", "unpaid")
    assert house.levels("TEE") == {"SH": (5, 0)}
    with house.work() as uow:
        assert orders.receive_payment(uow, PaymentFacts(order_id, 5000, AT, "alipay", "part"))
    assert (house.card(order_id).status, house.card(order_id).payment) == ("pending_payment", "deposit_paid")
    later = AT + timedelta(hours=1)
    for _ in range(2):
        with house.work() as uow:
            orders.receive_payment(uow, PaymentFacts(order_id, 14800, later, "alipay", "rest"))
    card = house.card(order_id)
    assert (card.status, card.payment, card.paid, card.paid_at) == ("to_ship", "paid", cny(19800), later)
    assert house.levels("TEE") == {"SH": (5, 2)}
    house.prove()


def test_a_free_order_is_settled_from_the_start(house: House) -> None:
    house.receive("SH", PEN=5)
    [order_id] = house.place(house.order(house.line("PEN", 1, 0), paid=False))
    assert (house.card(order_id).status, house.card(order_id).payment) == ("to_ship", "paid")
    house.prove()


def test_cash_on_delivery_needs_no_payment_and_becomes_revenue_when_it_ships(house: House) -> None:
    house.receive("SH", TEE=5)
    [order_id] = house.place(house.order(("TEE", 1), cod=True, freight=500))
    assert (house.card(order_id).status, house.card(order_id).payment) == ("to_ship", "cod_pending")
    assert house.ledger(order_id) == {}
    house.ship(house.fos(order_id)[0])
    assert house.ledger(order_id) == {
        "cod_receivable": 10400,
        "revenue": -8761,
        "freight_revenue": -443,
        "output_tax": -1196,
    }
    with house.work() as uow:
        orders.receive_payment(uow, PaymentFacts(order_id, 10400, AT, "sf", "cod"))
    assert house.card(order_id).payment is PaymentState.COD_REMITTED
    house.prove()


def test_an_order_that_was_refunded_before_we_saw_it_is_cancelled_and_its_money_went_through(house: House) -> None:
    house.receive("SH", TEE=5)
    draft = house.order(house.line("TEE", 1, cancelled=1), refunded=9900, cancel_reason="refunded")
    [order_id] = house.place(draft)
    card = house.card(order_id)
    assert (card.status, card.payment, card.paid, card.refunded) == ("cancelled", "refunded", cny(9900), cny(9900))
    assert house.ledger(order_id) == {}
    assert house.fos(order_id) == []
    house.prove()


def test_units_shipped_elsewhere_before_we_saw_the_order_move_no_stock(house: House) -> None:
    house.receive("SH", TEE=5)
    [order_id] = house.place(house.order(house.line("TEE", 3, shipped=1)))
    assert house.card(order_id).status is OrderStatus.TO_SHIP
    assert [(line.quantity, line.shipped) for line in house.card(order_id).lines] == [(3, 1)]
    assert house.levels("TEE") == {"SH": (5, 2)}
    [fo_id] = house.fos(order_id)
    house.ship(fo_id)
    assert (house.card(order_id).status, house.levels("TEE")) == ("shipped", {"SH": (3, 0)})
    house.prove()


def test_an_order_shipped_elsewhere_in_full_is_shipped_and_sold(house: House) -> None:
    [order_id] = house.place(house.order(house.line("TEE", 1, shipped=1)))
    assert house.card(order_id).status is OrderStatus.SHIPPED
    assert house.ledger(order_id) == {"platform": 9900, "revenue": -8761, "output_tax": -1139}
    house.prove()


@pytest.mark.parametrize("paid", [True, False])
def test_an_order_shipped_elsewhere_in_part_can_still_be_approved_and_sent(house: House, paid: bool) -> None:
    house.receive("SH", TEE=5)
    [order_id] = house.place(house.order(house.line("TEE", 2, shipped=1), message="wrap it", paid=paid))
    assert (house.card(order_id).status, house.card(order_id).review) == ("to_ship", "pending")
    if not paid:
        with pytest.raises(DomainError, match="not paid"), house.work() as uow:
            approve(uow, order_id, "read")
        with house.work() as uow:
            orders.receive_payment(uow, PaymentFacts(order_id, 19800, AT, "alipay", "all"))
    assert house.fos(order_id) == []
    assert codes(house.holds(order_id)) == ["review_rule"]
    with house.work() as uow:
        approve(uow, order_id, "read")
    [fo_id] = house.fos(order_id)
    house.ship(fo_id)
    assert (house.card(order_id).status, house.card(order_id).review) == ("shipped", ReviewState.PASSED)
    house.prove()


def test_money_paid_after_everything_was_shipped_elsewhere_becomes_revenue(house: House) -> None:
    [order_id] = house.place(house.order(house.line("TEE", 1, shipped=1), paid=False))
    with house.work() as uow:
        orders.receive_payment(uow, PaymentFacts(order_id, 9900, AT, "alipay", "late"))
    assert house.ledger(order_id) == {"platform": 9900, "revenue": -8761, "output_tax": -1139}
    house.prove()


def test_a_buyer_is_recognised_again_by_platform_id_or_e_mail(house: House) -> None:
    cn, us = house.shops["cn"].id, house.shops["us"].id
    facts = [
        CustomerFacts(cn, "b1", "Lin"),
        CustomerFacts(cn, "b1", "Lin", "lin@example.com"),
        CustomerFacts(us, "b1", "Grace", "grace@example.com"),
        CustomerFacts(us, "b2", "Grace M", "GRACE@example.com"),
    ]
    ids = house.place(*[house.order(("TEE", 1), customer=fact) for fact in facts])
    customers = [house.card(order_id).customer_id for order_id in ids]
    assert [customers.index(customer) for customer in customers] == [0, 0, 2, 2]
    [again] = house.place(house.order(("TEE", 1), customer=CustomerFacts(us, "", "Lin", "lin@example.com")))
    assert house.card(again).customer_id == customers[0]


@pytest.mark.parametrize(
    ("lines", "more", "what"),
    [
        ([], {}, "no lines"),
        ([("TEE", 0)], {}, "quantity of Tee is 0"),
        ([("TEE", -2)], {}, "quantity of Tee is -2"),
        ([("TEE", 1)], {"freight": -1}, "negative amount"),
    ],
)
def test_an_impossible_order_is_refused_and_nothing_is_written(
    house: House, lines: list[tuple[str, int]], more: dict[str, Any], what: str
) -> None:
    drafts = [house.order(("CAP", 1)), house.order(*lines, **more)]
    with pytest.raises(DomainError, match=what):
        house.place(*drafts)
    assert house.db.rows("SELECT 1 FROM sales_order UNION ALL SELECT 1 FROM customer") == []


def test_ten_orders_placed_together_are_what_they_are_one_by_one(house: House) -> None:
    """Set-based or one after the other: the same allocations, of scarce stock too."""
    house.receive("SH", TEE=4, CAP=2)
    house.receive("GZ", TEE=3, MUG=1)

    def wanted() -> list[tuple[tuple[str, int], ...]]:
        return [(("TEE", 2), ("CAP", 1)), (("SET", 1),), (("DUO", 1),), (("TEE", 3),), (("MUG", 1),)]

    def outcome(ids: list[int]) -> list[object]:
        return [
            [(house.fo_state(fo), house.db.rows("SELECT warehouse_id, sku_id, quantity, x.reserved FROM fulfillment_order f "
              "JOIN fo_line x ON x.fo_id = f.id WHERE f.id = ? ORDER BY x.sku_id", (fo,))) for fo in house.fos(order_id)]
            for order_id in ids
        ]  # fmt: skip

    together = house.place(*[house.order(*lines) for lines in wanted()])
    first = outcome(together)
    house.prove()
    for order_id in together:
        with house.work() as uow:
            orders.cancel(uow, order_id, None, "buyer")
    assert house.levels("TEE") == {"GZ": (3, 0), "SH": (4, 0)}
    single = [house.place(house.order(*lines))[0] for lines in wanted()]
    assert outcome(single) == first
    house.prove()


def test_holds_given_with_the_draft_stop_the_release_only(house: House) -> None:
    house.receive("SH", TEE=5)
    [order_id] = house.place(house.order(("TEE", 1), holds={HoldCode.PLATFORM_HOLD: "group not full"}))
    [fo_id] = house.fos(order_id)
    assert house.fo_state(fo_id) == "allocated"
    with pytest.raises(DomainError, match="must not release: platform_hold"), house.work() as uow:
        fulfillment.release(uow, fo_id, "")
