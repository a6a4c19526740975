"""Amendments: quantities, lines, prices, discounts and addresses, with previews that are never wrong."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from orderyard.core.fulfillment import service as fulfillment
from orderyard.core.fulfillment.release import release_ready
from orderyard.core.fulfillment.split import split_missing
from orderyard.core.kernel.errors import DomainError, Stale
from orderyard.core.orders import amendments
from orderyard.core.orders import service as orders
from orderyard.core.orders.amending import amount_for
from orderyard.core.orders.amendments import FoEffect, StockEffect
from orderyard.core.orders.api import OrderStatus
from orderyard.core.orders.changes import (
    AddLine,
    Amount,
    Change,
    Discount,
    Freight,
    NewAddress,
    Price,
    Quantity,
    as_data,
    from_data,
)
from orderyard.core.orders.money import left
from orderyard.core.testing.builders import AT, House, codes, door


def amend(house: House, order_id: int, *changes: Change, because: str = "the buyer asked") -> int:
    with house.work() as uow:
        return amendments.amend(uow, order_id, changes, because)


def preview(house: House, order_id: int, *changes: Change) -> amendments.Preview:
    with house.work() as uow:
        return amendments.preview(uow, order_id, changes)


def refused(house: House, order_id: int, *changes: Change) -> DomainError:
    """Both the amendment and its preview are refused, with the same words."""
    with pytest.raises(DomainError) as first, house.work() as uow:
        amendments.preview(uow, order_id, changes)
    with pytest.raises(DomainError) as second, house.work() as uow:
        amendments.amend(uow, order_id, changes, "try")
    assert str(first.value) == str(second.value)
    house.prove()
    return second.value


def lines(house: House, order_id: int) -> list[tuple[int, int, int, int, int]]:
    """(no, quantity, cancelled, unit price, amount)."""
    return house.db.rows(
        "SELECT no, quantity, cancelled, unit_price, amount FROM order_line WHERE order_id = ? ORDER BY no", (order_id,)
    )


def total(house: House, order_id: int) -> tuple[int, int, int]:
    [row] = house.db.rows("SELECT goods, freight, total FROM sales_order WHERE id = ?", (order_id,))
    return row


def state(house: House) -> object:
    """Everything a preview must leave as it was."""
    tables = ("sales_order", "order_line", "fulfillment_order", "fo_line", "reservation", "stock_level", "hold", "audit",
              "task", "postal_address", "payment", "amendment", "putback", "waybill")  # fmt: skip
    return {table: house.db.rows(f"SELECT * FROM {table} ORDER BY id") for table in tables}


# quantities


def test_fewer_units_are_cancelled_and_their_share_of_the_discount_leaves_with_them(house: House) -> None:
    house.receive("SH", TEE=9)
    [order_id] = house.place(house.order(house.line("TEE", 3, 20000)))
    seen = preview(house, order_id, Quantity(1, 2))
    assert (seen.before.worth, seen.after.worth, seen.after.refund_due) == (20000, 13334, 6666)
    assert seen.stock == (StockEffect("TEE", (3, 2), (3, 2)),)
    assert seen.fos == (
        FoEffect("FO00000001", "allocated in SH: TEE 3, to 上海市上海市某路1号, 测试1",
                 "allocated in SH: TEE 2, to 上海市上海市某路1号, 测试1"),
    )  # fmt: skip
    amend(house, order_id, Quantity(1, 2))
    assert lines(house, order_id) == [(1, 3, 1, 9900, 20000)]
    with house.db.connection():
        money = amendments.sums(house.db, order_id)
    assert (money.worth, money.due, money.refund_due) == (13334, 0, 6666)
    assert house.levels("TEE") == {"SH": (9, 2)}
    house.prove()


def test_a_preview_leaves_no_trace(house: House) -> None:
    house.receive("SH", TEE=9, CAP=1)
    [order_id] = house.place(house.order(("TEE", 3)))
    before = state(house)
    preview(house, order_id, Quantity(1, 1), AddLine("CAP", 2), Freight(500), NewAddress(door(7)))
    assert state(house) == before
    house.prove()


def test_more_units_join_at_release_and_wait_for_their_payment(house: House) -> None:
    house.receive("SH", TEE=9)
    [order_id] = house.place(house.order(("TEE", 2)))
    seen = preview(house, order_id, Quantity(1, 5))
    assert (seen.after.due, seen.opened) == (29700, ("awaiting_payment",))
    amend(house, order_id, Quantity(1, 5))
    assert lines(house, order_id) == [(1, 5, 0, 9900, 49500)]
    assert len(house.fos(order_id)) == 2
    house.prove()
    with house.work("automatic") as uow:
        assert release_ready(uow) == []
    with house.work("cashier") as uow:
        orders.receive_payment(uow, orders.PaymentFacts(order_id, 29700, AT, "cash", "LATE"))
    assert house.holds(order_id) == []
    with house.work("automatic") as uow:
        [fo_id] = release_ready(uow)
    assert house.fos(order_id) == [fo_id]
    house.prove()


def test_more_of_a_line_that_was_cut_stands_on_a_line_of_its_own(house: House) -> None:
    house.receive("SH", TEE=9)
    [order_id] = house.place(house.order(house.line("TEE", 3, 20000)))
    amend(house, order_id, Quantity(1, 2))
    amend(house, order_id, Quantity(1, 4))
    assert lines(house, order_id) == [(1, 3, 1, 9900, 20000), (2, 2, 0, 9900, 19800)]
    house.prove()


def test_kits_are_changed_as_kits(house: House) -> None:
    house.receive("SH", TEE=20, CAP=20)
    [order_id] = house.place(house.order(house.line("SET", 3, 50001)))
    amend(house, order_id, Quantity(1, 2))
    assert [(row[1], row[2]) for row in lines(house, order_id)] == [(3, 0), (6, 2), (3, 1)]
    house.prove()
    amend(house, order_id, Price(1, 10000))
    with house.db.connection():
        assert amendments.sums(house.db, order_id).worth == 20000
    house.prove()
    assert "belongs to the kit of line 1" in str(refused(house, order_id, Quantity(2, 1)))


def test_more_kits_bring_more_components(house: House) -> None:
    house.receive("SH", TEE=20, CAP=20)
    [order_id] = house.place(house.order(("SET", 1)))
    amend(house, order_id, Quantity(1, 3))
    assert [(row[1], row[4]) for row in lines(house, order_id)] == [(3, 59700), (6, 47857), (3, 11843)]
    house.prove()


def test_a_line_taken_out_cancels_all_of_it(house: House) -> None:
    house.receive("SH", TEE=9, CAP=9)
    [order_id] = house.place(house.order(("TEE", 1), ("CAP", 2)))
    amend(house, order_id, Quantity(1, 0))
    assert house.levels("TEE") == {"SH": (9, 0)}
    amend(house, order_id, Quantity(2, 0))
    assert house.card(order_id).status is OrderStatus.CANCELLED
    house.prove()


def test_only_what_is_not_sent_can_be_taken_out(house: House) -> None:
    house.receive("SH", TEE=2, CAP=1)
    [order_id] = house.place(house.order(("TEE", 2), ("CAP", 2)))
    [fo_id] = house.fos(order_id)
    with house.work() as uow:
        split_missing(uow, fo_id, "send what is there")
    house.ship(fo_id)
    error = refused(house, order_id, Quantity(1, 1))
    assert (error.what, error.remedy) == (
        "order SO00000001, line 1: 2 units are sent, 1 wanted",
        "what has left comes back by a return",
    )
    error = refused(house, order_id, Price(2, 100))
    assert error.what == "order SO00000001, line 2: units are sent, the price stands"
    assert refused(house, order_id, Freight(100)).what == "order SO00000001: units are sent, the freight stands"
    amend(house, order_id, Quantity(2, 1))
    assert house.card(order_id).status is OrderStatus.SHIPPED
    house.prove()


# lines


def test_a_line_is_added_at_the_shops_price_or_at_another(house: House) -> None:
    house.receive("SH", TEE=9, CAP=9, MUG=9)
    [order_id] = house.place(house.order(("TEE", 1)))
    seen = preview(house, order_id, AddLine("CAP", 2), AddLine("MUG", 1, unit_price=100))
    assert seen.after.total == 9900 + 9800 + 100
    [effect] = seen.fos
    assert (effect.before, effect.after) == ("", "allocated in SH: CAP 2, MUG 1, to 上海市上海市某路1号, 测试1")
    amend(house, order_id, AddLine("CAP", 2), AddLine("MUG", 1, unit_price=100))
    assert total(house, order_id) == (19800, 0, 19800)
    assert house.levels("CAP") == {"SH": (9, 2)}
    house.prove()


def test_an_added_kit_brings_its_components(house: House) -> None:
    house.receive("SH", TEE=9, CAP=9)
    [order_id] = house.place(house.order(("TEE", 1)))
    amend(house, order_id, AddLine("SET", 1, amount=19901))
    assert [(row[1], row[4]) for row in lines(house, order_id)] == [(1, 9900), (1, 19901), (2, 15953), (1, 3948)]
    assert house.levels("TEE") == {"SH": (9, 3)}
    house.prove()


def test_an_order_under_review_is_judged_anew(house: House) -> None:
    house.receive("SH", TEE=99)
    [order_id] = house.place(house.order(("TEE", 60)))
    assert codes(house.holds(order_id)) == ["review_rule"]
    amend(house, order_id, Discount(150000))
    assert house.card(order_id).status is OrderStatus.TO_SHIP
    house.prove()


# prices


def test_a_discount_is_shared_over_what_is_not_sent_to_the_fen(house: House) -> None:
    house.receive("SH", TEE=9, CAP=9, PEN=9)
    [order_id] = house.place(house.order(("TEE", 1), ("CAP", 1), ("PEN", 1)))
    amend(house, order_id, Discount(1000))
    assert [row[4] for row in lines(house, order_id)] == [9900 - 654, 4900 - 324, 333 - 22]
    with house.db.connection():
        assert amendments.sums(house.db, order_id).refund_due == 1000
    house.prove()


def test_an_unpaid_order_that_becomes_cheap_enough_is_paid(house: House) -> None:
    house.receive("SH", TEE=9)
    [order_id] = house.place(house.order(("TEE", 1), paid=False))
    with house.work() as uow:
        orders.receive_payment(uow, orders.PaymentFacts(order_id, 9000, AT, "cash", "P"))
    assert house.card(order_id).status is OrderStatus.PENDING_PAYMENT
    amend(house, order_id, Discount(900))
    assert house.card(order_id).status is OrderStatus.TO_SHIP
    house.prove()


def test_freight_is_shared_anew(house: House) -> None:
    house.receive("SH", TEE=9, CAP=9)
    [order_id] = house.place(house.order(("TEE", 1), ("SET", 1), freight=1000))
    amend(house, order_id, Freight(0))
    assert total(house, order_id) == (29800, 0, 29800)
    house.prove()
    amend(house, order_id, Freight(700))
    assert total(house, order_id) == (29800, 700, 30500)
    house.prove()


def test_what_was_amended_ships_for_what_it_costs_now(house: House) -> None:
    house.receive("SH", TEE=9)
    [order_id] = house.place(house.order(house.line("TEE", 3, 20000)))
    amend(house, order_id, Quantity(1, 2), Discount(1334))
    with house.work() as uow:
        orders.refund(uow, orders.PaymentFacts(order_id, 8000, AT, "bank", "R"))
    house.ship(house.fos(order_id)[0])
    house.prove()
    books = house.ledger(order_id)
    assert books["revenue"] + books["output_tax"] == -12000


@pytest.mark.parametrize("worth", [0, 1, 9999, 10000, 12345])
@pytest.mark.parametrize(("quantity", "cancelled"), [(1, 0), (3, 1), (7, 6), (1000, 999), (10, 3)])
def test_there_is_an_amount_for_every_worth(worth: int, quantity: int, cancelled: int) -> None:
    amount = amount_for(worth, quantity, cancelled)
    assert left(amount, quantity, cancelled) == worth


# drafts


def test_a_draft_is_applied_as_it_was_previewed(house: House) -> None:
    house.receive("SH", TEE=9)
    [order_id] = house.place(house.order(("TEE", 3)))
    with house.work() as uow:
        amendment, seen = amendments.draft(uow, order_id, [Quantity(1, 1)], "she wants one only")
    assert lines(house, order_id)[0][2] == 0
    with house.work("person:bob") as uow:
        amendments.apply(uow, amendment)
    assert lines(house, order_id)[0][2] == 2
    with house.db.connection():
        [row] = amendments.amendments(house.db, order_id)
    assert (row.no, row.state, row.created_by, row.closed_by) == (1, "applied", "person:ann", "person:bob")
    assert row.changes == (Quantity(1, 1),)
    assert row.preview["after"]["refund_due"] == seen.after.refund_due == 19800
    with pytest.raises(DomainError, match="is applied"), house.work() as uow:
        amendments.apply(uow, amendment)
    house.prove()


def test_a_draft_whose_order_changed_is_stale(house: House) -> None:
    house.receive("SH", TEE=9)
    [order_id] = house.place(house.order(("TEE", 3)))
    with house.work() as uow:
        amendment, _ = amendments.draft(uow, order_id, [Quantity(1, 1)], "she wants one only")
    house.release(house.fos(order_id)[0])
    with pytest.raises(Stale, match="the order changed since it was previewed") as stale, house.work() as uow:
        amendments.apply(uow, amendment)
    assert stale.value.remedy == "look at the preview again"
    with house.work() as uow:
        amendments.drop(uow, amendment, "she changed her mind")
    with pytest.raises(DomainError, match="is dropped"), house.work() as uow:
        amendments.drop(uow, amendment, "again")
    house.prove()


def test_from_picking_on_a_preview_says_what_must_be_put_back(house: House) -> None:
    house.receive("SH", TEE=9)
    [order_id] = house.place(house.order(("TEE", 3)))
    [fo_id] = house.fos(order_id)
    house.release(fo_id)
    house.label(fo_id)
    with house.work() as uow:
        fulfillment.start_picking(uow, fo_id)
    seen = preview(house, order_id, Quantity(1, 1))
    assert seen.putbacks == 2
    amend(house, order_id, Quantity(1, 1))
    assert house.db.rows("SELECT quantity, stage, state FROM putback") == [(2, "picking", "open")]
    house.prove()


@pytest.mark.parametrize(
    ("changes", "what", "remedy"),
    [
        ([], "nothing is to be changed", "give at least one change"),
        ([Quantity(9, 1)], "order SO00000001 has no line 9", "it has: 1"),
        ([Quantity(1, -1)], "quantity of line 1 is -1", "give a whole number of at least 1"),
        ([Price(1, -1)], "an amount of -1", "give 0 or more, in minor units"),
        ([Price(1, 10**16)], "an amount of 10000000000000000", "give 0 or more, in minor units"),
        ([Amount(1, -5)], "an amount of -5", "give 0 or more, in minor units"),
        ([AddLine("NOPE", 1)], "there is no SKU 'NOPE'", "check the code or barcode, or add the SKU first"),
        ([AddLine("", 1)], "a new line needs a SKU", "name it by code or barcode"),
        ([AddLine("TEE", 0)], "quantity of TEE is 0", "give a whole number of at least 1"),
        ([Discount(0)], "a discount of 0", "give more than 0, in minor units"),
        ([Discount(9901)], "a discount of 9901 on 9900", "what is not sent must cost at least so much"),
        ([Freight(-1)], "an amount of -1", "give 0 or more, in minor units"),
    ],
)
def test_changes_that_cannot_be_are_refused(house: House, changes: Sequence[Change], what: str, remedy: str) -> None:
    house.receive("SH", TEE=9)
    [order_id] = house.place(house.order(("TEE", 1)))
    error = refused(house, order_id, *changes)
    assert what in error.what
    assert error.remedy == remedy


def test_an_order_that_is_over_is_not_amended(house: House) -> None:
    house.receive("SH", TEE=9)
    [order_id] = house.place(house.order(("TEE", 1)))
    house.ship(house.fos(order_id)[0])
    error = refused(house, order_id, Quantity(1, 2))
    assert (error.what, error.remedy) == (
        "order SO00000001 is shipped; nothing of it is open",
        "what has left is changed by an after-sale case",
    )
    error = refused(house, order_id, NewAddress(door(2)))
    assert (error.what, error.remedy) == (
        "order SO00000001 is shipped: its address stands",
        "ask the carrier to intercept SF000001",
    )


def test_changes_are_kept_as_they_were_made() -> None:
    changes: list[Change] = [
        NewAddress(door(3)), Quantity(1, 2), Price(1, 3), Amount(2, 4), AddLine("TEE", 5, 6), Discount(7), Freight(8),
    ]  # fmt: skip
    assert from_data(as_data(changes)) == changes
    with pytest.raises(DomainError, match="nobody knows the change 'magic'"):
        from_data([{"kind": "magic"}])
