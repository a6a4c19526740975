"""What each event posts, once, in as few statements as one."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from orderyard.core.inventory.api import GoodsMoved, Place
from orderyard.core.kernel.errors import DomainError, Duplicate, Unbalanced
from orderyard.core.kernel.uow import Installation
from orderyard.core.kernel.values import Money
from orderyard.core.ledger.api import JournalEntry, Role
from orderyard.core.ledger.postings import Draft, credit, debit, mark, moved, returned, sold
from orderyard.core.ledger.queries import balances, entries_of, find_entry
from orderyard.core.ledger.service import post, reverse
from orderyard.core.orders.api import MoneyReceived, MoneyReturned, Sold

AT = datetime(2026, 11, 21, 16, 30, tzinfo=UTC)  # already the 22nd in Shanghai


def cny(minor: int) -> Money:
    return Money(minor, "CNY")


PAID = MoneyReceived(1, "SO00000001", "tb", "T20261122", AT, cny(10000), cny(1300))
SOLD = Sold(1, "SO00000001", "tb", "FO1", AT, cny(9000), cny(1000), cny(1300), "")
REFUND = MoneyReturned(1, "SO00000001", "tb", "R1", AT, cny(2000), cny(260), cny(0), cny(0))
GOODS = GoodsMoved("receipt/1", AT, Place.SUPPLIER, Place.STOCK, "receipt", 1, "RC1", cny(5000))


def tell(house: Installation, *events: Any) -> None:
    with house.unit_of_work("test") as uow:
        uow.emit(*events)


def told(entry: JournalEntry | Draft) -> list[str]:
    """`Dr platform/tb 113.00`, one for each line that says something."""
    lines: list[str] = []
    for line in (line for line in entry.lines if line.debit or line.credit):
        side, amount = ("Dr", line.debit) if line.debit else ("Cr", line.credit)
        account = f"{line.account.role}/{line.account.detail}" if line.account.detail else line.account.role
        lines.append(f"{side} {account} {amount.text}")
    return lines


def only(house: Installation, kind: str = "order", document: int = 1) -> JournalEntry:
    [entry] = entries_of(house.db, kind, document)
    return entry


def test_a_payment_is_an_advance_with_its_tax_apart(house: Installation) -> None:
    tell(house, PAID)
    assert told(only(house)) == ["Dr platform/tb 113.00", "Cr advances 100.00", "Cr advances_tax 13.00"]


def test_an_entry_has_a_legible_reference_and_the_merchants_own_day(house: Installation) -> None:
    tell(house, PAID)
    entry = only(house)
    assert entry.ref == "SO00000001-PAY-T20261122"
    assert entry.date.isoformat() == "2026-11-22"
    assert "SO00000001" in entry.text


def test_a_prepaid_sale_turns_the_advance_into_revenue_and_tax_due() -> None:
    assert told(sold(SOLD)) == [
        "Dr advances 100.00",
        "Dr advances_tax 13.00",
        "Cr revenue 90.00",
        "Cr freight_revenue 10.00",
        "Cr output_tax 13.00",
    ]


def test_a_sale_collected_at_the_door_is_owed_by_the_carrier() -> None:
    assert told(sold(replace(SOLD, collector="sf")))[0] == "Dr cod_receivable/sf 113.00"


def test_a_refund_before_shipment_gives_the_advance_back() -> None:
    assert told(returned(REFUND)) == ["Dr advances 20.00", "Dr advances_tax 2.60", "Cr platform/tb 22.60"]


def test_a_refund_after_shipment_is_red(house: Installation) -> None:
    nothing = cny(0)
    tell(house, replace(REFUND, advance_net=nothing, advance_tax=nothing, sale_net=cny(1000), sale_tax=cny(130)))
    assert told(only(house)) == ["Dr platform/tb -11.30", "Cr revenue -10.00", "Cr output_tax -1.30"]


def test_a_receipt_is_filed_under_its_document(house: Installation) -> None:
    tell(house, GOODS)
    assert told(only(house, "receipt")) == ["Dr inventory 50.00", "Cr payable 50.00"]
    assert only(house, "receipt").ref == "RECEIPT-receipt/1"


def test_a_refund_of_both_kinds_is_one_entry(house: Installation) -> None:
    tell(house, replace(REFUND, sale_net=cny(1000), sale_tax=cny(130)))
    assert len(only(house).lines) == 6


@pytest.mark.parametrize(
    ("source", "target", "lines"),
    [
        (Place.SUPPLIER, Place.STOCK, ["Dr inventory 50.00", "Cr payable 50.00"]),
        (Place.STOCK, Place.SUPPLIER, ["Dr inventory -50.00", "Cr payable -50.00"]),
        (Place.OPENING, Place.STOCK, ["Dr inventory 50.00", "Cr opening 50.00"]),
        (Place.STOCK, Place.CUSTOMER, ["Dr cost_of_goods 50.00", "Cr inventory 50.00"]),
        (Place.CUSTOMER, Place.STOCK, ["Dr cost_of_goods -50.00", "Cr inventory -50.00"]),
        (Place.CUSTOMER, Place.LOSS, ["Dr stock_loss 50.00", "Cr cost_of_goods 50.00"]),
        (Place.STOCK, Place.LOSS, ["Dr stock_loss 50.00", "Cr inventory 50.00"]),
        (Place.STOCK, Place.ADJUSTMENT, ["Dr stock_loss 50.00", "Cr inventory 50.00"]),
        (Place.ADJUSTMENT, Place.STOCK, ["Dr inventory 50.00", "Cr stock_loss 50.00"]),
    ],
)
def test_goods_are_booked_at_cost(source: Place, target: Place, lines: list[str]) -> None:
    draft = moved(replace(GOODS, source=source, target=target))
    assert draft is not None
    assert told(draft) == lines


def test_a_transfer_between_warehouses_books_nothing() -> None:
    assert moved(replace(GOODS, source=Place.STOCK)) is None


def test_a_way_that_no_rule_books_stops_the_unit_of_work(house: Installation) -> None:
    with pytest.raises(DomainError, match="from supplier to customer"):
        tell(house, PAID, replace(GOODS, target=Place.CUSTOMER))
    assert balances(house.db) == ()


@pytest.mark.parametrize(
    "event", [replace(PAID, net=cny(0), tax=cny(0)), replace(GOODS, cost=cny(0))], ids=["a payment", "goods"]
)
def test_nothing_posts_nothing(house: Installation, event: Any) -> None:
    tell(house, event)
    assert balances(house.db) == ()
    assert house.db.row("SELECT COUNT(*) FROM ledger_entry") == (0,)


def test_a_line_of_nothing_is_left_out(house: Installation) -> None:
    tell(house, replace(PAID, tax=cny(0)))
    assert told(only(house)) == ["Dr platform/tb 100.00", "Cr advances 100.00"]


def test_the_same_event_posts_once(house: Installation) -> None:
    tell(house, PAID, PAID)
    tell(house, PAID, replace(PAID, key="T2", order_id=2))
    assert len(entries_of(house.db, "order", 1)) == 1
    assert house.db.row("SELECT COUNT(*) FROM ledger_entry") == (2,)
    assert house.db.row("SELECT COUNT(*) FROM ledger_posting") == (6,)


def test_each_currency_balances_by_itself(house: Installation) -> None:
    tell(house, PAID, replace(PAID, key="u", net=Money(500, "USD"), tax=Money(0, "USD")))
    assert [money for account, money in balances(house.db) if account.role is Role.PLATFORM] == [cny(11300), Money(500, "USD")]


@pytest.mark.parametrize("count", [1, 50])
def test_the_ledger_costs_three_statements_a_batch(house: Installation, count: int) -> None:
    sent: list[str] = []
    house.db.observers.append(sent.append)
    tell(house, *(replace(PAID, key=f"T{n}", order_id=n) for n in range(count)))
    assert len(sent) == 3


def test_an_unbalanced_entry_is_refused_before_anything_is_written(house: Installation) -> None:
    sound = Draft("A", AT, "", "manual", 1, (debit(Role.PLATFORM, cny(5)), credit(Role.REVENUE, cny(5))))
    lame = Draft("B", AT, "", "manual", 1, (debit(Role.PLATFORM, cny(5)), credit(Role.REVENUE, Money(5, "USD"))))
    with house.unit_of_work("test") as uow, pytest.raises(Unbalanced, match=r"B.*0\.05 CNY"):
        post(uow, [sound, lame])
    assert balances(house.db) == ()


@pytest.mark.parametrize(
    ("key", "marked"),
    [
        ("FO00000012/SO00000001", "FO00000012/SO00000001"),
        ("支付宝 2026:77", r"2026-77-[0-9a-f]{10}"),
        ("付款", r"[0-9a-f]{10}"),
        ("x" * 60, r"x{24}-[0-9a-f]{10}"),
    ],
)
def test_a_reference_is_plain_whatever_the_key_is(key: str, marked: str) -> None:
    assert re.fullmatch(marked, mark(key))


def test_keys_that_look_alike_have_references_of_their_own() -> None:
    assert len({mark(key) for key in ("a:b", "a b", "a_b", "a-b", "a：b")}) == 5


def test_a_reversal_is_the_red_mirror_image(house: Installation) -> None:
    tell(house, PAID)
    with house.unit_of_work("person:ann") as uow:
        assert reverse(uow, only(house).ref, "booked on the wrong shop") == "SO00000001-PAY-T20261122-RED"
    _, red = entries_of(house.db, "order", 1)
    assert told(red) == ["Dr platform/tb -113.00", "Cr advances -100.00", "Cr advances_tax -13.00"]
    assert red.reverses == "SO00000001-PAY-T20261122"
    assert "wrong shop" in red.text
    assert balances(house.db) == ()


def test_an_entry_is_reversed_once(house: Installation) -> None:
    tell(house, PAID)
    with house.unit_of_work("test") as uow:
        reverse(uow, "SO00000001-PAY-T20261122", "wrong")
    with house.unit_of_work("test") as uow, pytest.raises(Duplicate, match="already reversed"):
        reverse(uow, "SO00000001-PAY-T20261122", "wrong")


def test_a_reversal_is_not_reversed(house: Installation) -> None:
    tell(house, PAID)
    with house.unit_of_work("test") as uow:
        red = reverse(uow, "SO00000001-PAY-T20261122", "wrong")
    with house.unit_of_work("test") as uow, pytest.raises(DomainError, match="a reversal itself"):
        reverse(uow, red, "wrong")


def test_an_unknown_entry_is_not_reversed(house: Installation) -> None:
    assert find_entry(house.db, "NONE") is None
    with house.unit_of_work("test") as uow, pytest.raises(DomainError, match="no ledger entry"):
        reverse(uow, "NONE", "")
