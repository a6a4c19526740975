"""Payment, refund, cancelling and holds on orders that exist."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orderyard.core.catalog.service import map_listing, meet_listings
from orderyard.core.fulfillment import service as fulfillment
from orderyard.core.kernel.errors import DomainError, IllegalTransition
from orderyard.core.orders import service as orders
from orderyard.core.orders.api import HoldCode
from orderyard.core.orders.service import PaymentFacts
from orderyard.core.orders.states import Step
from orderyard.core.testing.builders import AT, House, codes, door


def test_a_payment_counts_once_under_its_key(house: House) -> None:
    [order_id] = house.place(house.order(("TEE", 1), paid=False))
    payment = PaymentFacts(order_id, 9900, AT, "alipay", "K1")
    with house.work() as uow:
        assert orders.receive_payment(uow, payment)
        assert not orders.receive_payment(uow, payment)
    assert house.card(order_id).paid.minor == 9900
    with pytest.raises(DomainError, match="no payment"), house.work() as uow:
        orders.receive_payment(uow, PaymentFacts(order_id, 0, AT, "alipay", "K2"))
    house.prove()


@pytest.mark.parametrize("paid_first", [1, 3333, 9899])
def test_tax_of_part_payments_sums_to_the_tax_of_the_whole(house: House, paid_first: int) -> None:
    [order_id] = house.place(house.order(("TEE", 1), paid=False))
    for amount, key in ((paid_first, "a"), (9900 - paid_first, "b")):
        with house.work() as uow:
            orders.receive_payment(uow, PaymentFacts(order_id, amount, AT, "x", key))
    assert house.ledger(order_id) == {"platform": 9900, "advances": -8761, "advances_tax": -1139}


def test_a_refund_of_a_mere_amount_cancels_nothing(house: House) -> None:
    house.receive("SH", TEE=5)
    [order_id] = house.place(house.order(("TEE", 2)))
    with house.work() as uow:
        assert orders.refund(uow, PaymentFacts(order_id, 500, AT, "x", "R1"))
        assert not orders.refund(uow, PaymentFacts(order_id, 500, AT, "x", "R1"))
    card = house.card(order_id)
    assert (card.status, card.payment, card.refunded.minor) == ("to_ship", "partially_refunded", 500)
    house.ship(house.fos(order_id)[0])
    assert house.ledger(order_id) == {"platform": 19300, "revenue": -17079, "output_tax": -2221}
    house.prove()


def test_a_refund_after_shipment_takes_revenue_back_in_red(house: House) -> None:
    house.receive("SH", TEE=5)
    [order_id] = house.place(house.order(("TEE", 1)))
    house.ship(house.fos(order_id)[0])
    with house.work() as uow:
        orders.refund(uow, PaymentFacts(order_id, 1130, AT, "x", "R1"))
    assert house.ledger(order_id) == {"platform": 8770, "revenue": -7761, "output_tax": -1009}
    house.prove()


def test_more_than_was_received_is_not_given_back(house: House) -> None:
    [order_id] = house.place(house.order(("TEE", 1)))
    with pytest.raises(DomainError, match="exceed the 9900 received"), house.work() as uow:
        orders.refund(uow, PaymentFacts(order_id, 9901, AT, "x", "R1"))
    with pytest.raises(DomainError, match="no refund"), house.work() as uow:
        orders.refund(uow, PaymentFacts(order_id, -1, AT, "x", "R1"))
    assert house.db.rows("SELECT 1 FROM payment WHERE key = 'R1'") == []


def test_cancelled_units_go_to_whoever_waits_in_order_of_payment_before_they_are_published(house: House) -> None:
    house.receive("SH", TEE=5)
    [first] = house.place(house.order(("TEE", 5)))
    late = AT + timedelta(hours=2)
    early = AT + timedelta(hours=1)
    [paid_late] = house.place(house.order(("TEE", 2), paid_at=late))
    [paid_early] = house.place(house.order(("TEE", 3), paid_at=early))
    assert [house.fo_state(house.fos(o)[0]) for o in (paid_late, paid_early)] == ["planned", "planned"]
    with house.work() as uow:
        orders.cancel(uow, first, {house.line_ids(first)[0]: 4}, "buyer")
    assert house.fo_state(house.fos(paid_early)[0]) == "allocated"
    assert house.holds(house.fos(paid_early)[0], "fo") == []
    waits = house.fos(paid_late)[0]
    assert (house.fo_state(waits), codes(house.holds(waits, "fo"))) == ("planned", ["out_of_stock"])
    assert house.levels("TEE") == {"SH": (5, 5)}
    assert (house.card(first).status, [line.cancelled for line in house.card(first).lines]) == ("to_ship", [4])
    house.prove()


def test_the_last_open_unit_cancels_the_order_with_its_reason(house: House) -> None:
    house.receive("SH", TEE=5)
    [order_id] = house.place(house.order(("TEE", 2)))
    [line] = house.line_ids(order_id)
    [fo_id] = house.fos(order_id)
    for _ in range(2):
        with house.work() as uow:
            orders.cancel(uow, order_id, {line: 1}, "buyer")
    assert house.card(order_id).status == "cancelled"
    assert house.db.row("SELECT cancel_reason FROM sales_order WHERE id = ?", (order_id,)) == ("buyer",)
    assert house.db.row("SELECT state, cancel_reason FROM fulfillment_order WHERE id = ?", (fo_id,)) == (
        "cancelled",
        "order_cancelled",
    )
    assert house.levels("TEE") == {"SH": (5, 0)}
    house.prove()


@pytest.mark.parametrize("units", [0, -1, 3])
def test_only_open_units_are_cancelled(house: House, units: int) -> None:
    house.receive("SH", TEE=5)
    [order_id] = house.place(house.order(("TEE", 2)))
    with pytest.raises(DomainError, match=f"{units} units to cancel, 2 open"), house.work() as uow:
        orders.cancel(uow, order_id, {house.line_ids(order_id)[0]: units}, "buyer")
    with pytest.raises(DomainError, match="no line 999"), house.work() as uow:
        orders.cancel(uow, order_id, {999: 1}, "buyer")
    with pytest.raises(DomainError, match="there is no order 999"), house.work() as uow:
        orders.cancel(uow, 999, None, "buyer")


def test_sent_units_are_never_cancelled(house: House) -> None:
    house.receive("SH", TEE=5)
    [order_id] = house.place(house.order(("TEE", 2)))
    house.ship(house.fos(order_id)[0])
    with house.work() as uow:
        orders.cancel(uow, order_id, None, "buyer")
    assert [line.cancelled for line in house.card(order_id).lines] == [0]


def test_one_of_two_kits_is_cancelled_component_by_component(house: House) -> None:
    house.receive("SH", TEE=4, CAP=2)
    [order_id] = house.place(house.order(("SET", 2)))
    tee, cap = house.line_ids(order_id)
    with house.work() as uow:
        orders.cancel(uow, order_id, {tee: 2, cap: 1}, "buyer")
    assert (house.levels("TEE"), house.levels("CAP")) == ({"SH": (4, 2)}, {"SH": (2, 1)})
    house.ship(house.fos(order_id)[0])
    assert house.card(order_id).status == "shipped"
    assert (house.levels("TEE"), house.levels("CAP")) == ({"SH": (2, 0)}, {"SH": (1, 0)})
    house.prove()


def test_a_line_s_share_of_money_follows_its_units_through_cancelling_and_shipping(house: House) -> None:
    """100.00 over three units: one is cancelled and refunded, two are sold for the rest."""
    house.receive("SH", PEN=5)
    [order_id] = house.place(house.order(house.line("PEN", 3, 10000)))
    [line] = house.line_ids(order_id)
    with house.work() as uow:
        orders.cancel(uow, order_id, {line: 1}, "refunded")
        orders.refund(uow, PaymentFacts(order_id, 3333, AT, "x", "R1"))
    house.ship(house.fos(order_id)[0])
    found = house.ledger(order_id)
    assert found["platform"] == 6667
    assert found["revenue"] + found["output_tax"] == -6667
    assert "advances" not in found
    house.prove()


def test_mapping_a_listing_lets_its_orders_go_on_a_kit_with_its_components(house: House) -> None:
    house.receive("SH", TEE=9, CAP=9)
    waiting = house.place(
        house.order(("X-SET", 1), ("TEE", 1), freight=100), house.order(("X-SET", 2)), house.order(("X-OTHER", 1), ("X-SET", 1))
    )
    with house.work() as uow:
        meet_listings(uow, house.shops["cn"].id, {("item-X-SET", ""): ("X-SET", "Set"), ("item-X-OTHER", ""): ("X-OTHER", "?")})
    [(listing,)] = house.db.rows("SELECT id FROM listing WHERE merchant_code = 'X-SET'")
    with house.work() as uow:
        map_listing(uow, listing, "SET")
    assert [house.card(order_id).status for order_id in waiting] == ["to_ship", "to_ship", "pending_review"]
    assert [codes(house.holds(order_id)) for order_id in waiting] == [[], [], ["sku_unmapped"]]
    assert house.levels("TEE") == {"SH": (9, 7)}
    lines = [(line.sku, line.quantity, line.amount.minor) for line in house.card(waiting[0]).lines]
    assert lines == [("SET", 1, 1000), ("TEE", 1, 9900), ("TEE", 2, 802), ("CAP", 1, 198)]
    for fo_id in [fo for order_id in waiting[:2] for fo in house.fos(order_id)]:
        house.ship(fo_id)
    house.prove()


def test_a_hold_opens_once_per_source_and_keeps_its_latest_words(house: House) -> None:
    [order_id] = house.place(house.order(("TEE", 1)))
    for words in ("first", "second"):
        with house.work() as uow:
            orders.hold(uow, order_id, HoldCode.MANUAL, words)
    with house.work() as uow:
        orders.hold(uow, order_id, HoldCode.MANUAL, "mine", source="rule")
    assert [tuple(row) for row in house.db.rows("SELECT note, source FROM hold WHERE code = 'manual' ORDER BY id")] == [
        ("second", "person"),
        ("mine", "rule"),
    ]


@pytest.mark.parametrize(
    ("code", "by_people"),
    [("manual", True), ("address_changed", True), ("upstream_changed", True), ("out_of_stock", False), ("sku_unmapped", False)],
)
def test_people_lift_only_what_people_lift(house: House, code: str, by_people: bool) -> None:
    [order_id] = house.place(house.order(("TEE", 1)))
    with house.work() as uow:
        orders.hold(uow, order_id, HoldCode(code), "because")
    [(hold_id,)] = house.db.rows("SELECT id FROM hold WHERE code = ? AND level = 'order'", (code,))
    if by_people:
        with house.work("person:bob") as uow:
            orders.lift_hold(uow, hold_id, "seen")
        assert house.db.row("SELECT released_by FROM hold WHERE id = ?", (hold_id,)) == ("person:bob",)
        with pytest.raises(DomainError, match="not open"), house.work() as uow:
            orders.lift_hold(uow, hold_id, "again")
    else:
        with pytest.raises(DomainError, match="lifts itself"), house.work() as uow:
            orders.lift_hold(uow, hold_id, "seen")


def test_an_order_s_hold_stops_all_its_fulfillment_orders(house: House) -> None:
    house.receive("SH", TEE=5)
    [order_id] = house.place(house.order(("TEE", 2)))
    [fo_id] = house.fos(order_id)
    with house.work() as uow:
        orders.hold(uow, order_id, HoldCode.MANUAL, "call the buyer")
        assert fulfillment.blocked(uow, fo_id, Step.SHIP) == [("manual", "call the buyer")]
    with pytest.raises(DomainError, match=r"must not release: manual \(call the buyer\)"):
        house.release(fo_id)
    with house.work() as uow:
        orders.lift(uow, order_id, HoldCode.MANUAL)
    house.release(fo_id)


def test_a_platform_may_close_a_deal_only_once(house: House) -> None:
    house.receive("SH", TEE=5)
    [order_id] = house.place(house.order(("TEE", 1)))
    with house.work() as uow:
        orders.complete(uow, order_id, AT, "too early")
    assert house.card(order_id).status == "to_ship"
    house.ship(house.fos(order_id)[0])
    assert house.card(order_id).status == "completed"
    with house.work() as uow:
        orders.complete(uow, order_id, AT + timedelta(days=1), "again")
    assert house.db.rows("SELECT COUNT(*) FROM sales_order WHERE version > 9") == [(0,)]
    house.prove()


def test_an_objection_of_a_plugin_stops_the_move_with_its_words(house: House) -> None:
    house.receive("SH", TEE=5)
    [order_id] = house.place(house.order(("TEE", 1)))
    [fo_id] = house.fos(order_id)
    house.system.installation.wiring.ask = lambda hook, question: ["not on a Sunday"] if question.target == "released" else []
    with pytest.raises(IllegalTransition, match="allocated to released: not on a Sunday"):
        house.release(fo_id)
    assert house.fo_state(fo_id) == "allocated"


def test_words_are_kept_as_the_platform_has_them(house: House) -> None:
    [order_id] = house.place(house.order(("TEE", 1), to=door(7)))
    with house.work() as uow:
        orders.set_words(uow, order_id, "请包好", "VIP")
    assert (house.card(order_id).message, house.card(order_id).memo) == ("请包好", "VIP")


def test_one_line_may_be_cancelled_twice_and_sent_elsewhere_in_one_command(house: House) -> None:
    house.receive("SH", TEE=9)
    [order_id] = house.place(house.order(("TEE", 6)))
    [line] = house.line_ids(order_id)
    with house.work("channel:cn") as uow:
        orders.cancel(uow, order_id, {line: 1}, "buyer")
        orders.record_shipped_elsewhere(uow, order_id, {line: 2}, "E1")
        orders.cancel(uow, order_id, {line: 1}, "buyer")
    assert house.levels("TEE") == {"SH": (9, 2)}
    house.prove()
