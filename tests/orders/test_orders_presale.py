"""Presales by hand: what a deposit promises, what the balance settles, and what becomes of both when the window closes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from orderyard.core.inventory.published import published
from orderyard.core.kernel.errors import DomainError, IllegalTransition, StockShort
from orderyard.core.kernel.uow import UnitOfWork
from orderyard.core.ledger.service import close_period
from orderyard.core.orders import amendments
from orderyard.core.orders import service as orders
from orderyard.core.orders.api import HoldCode, OrderType, PresaleState
from orderyard.core.orders.changes import AddLine, Quantity
from orderyard.core.orders.manual import HandLine, HandOrder, enter
from orderyard.core.orders.presale import (
    TOGETHER,
    Terms,
    change_presale,
    close_presale,
    close_windows,
    give_back,
    open_presale,
    take_balance,
    take_deposit,
)
from orderyard.core.orders.service import PaymentFacts
from orderyard.core.testing.builders import AT, House, codes, door

FROM, UNTIL, SHIP = AT + timedelta(days=1), AT + timedelta(days=2), AT + timedelta(days=20)


def on_presale(house: House, sku: str = "TEE", cap: int = 10, shop: str = "cn", **terms: Any) -> int:
    """A presale with a window and a promised date; 20.00 a unit unless the terms say otherwise."""
    if "share" not in terms:
        terms.setdefault("deposit", 2000)
    given: dict[str, Any] = {"balance_from": FROM, "balance_until": UNTIL, "ship_by": SHIP} | terms
    with house.work() as uow:
        return open_presale(uow, house.shops[shop].id, house.items[sku].sku_id, Terms(cap, **given))


def ordered(house: House, *lines: tuple[str, int], deposit: int = 0, number: int = 1, **more: Any) -> int:
    """A presale order by hand, with its deposit paid or without any."""
    wanted = tuple(HandLine(sku, units) for sku, units in lines or (("TEE", 1),))
    given: dict[str, Any] = {"type": OrderType.PRESALE, "receiver": door(number), "deposit": deposit} | more
    with house.work() as uow:
        return enter(uow, HandOrder("cn", wanted, **given))


def balance(house: House, order_id: int, at: datetime, key: str = "B") -> bool:
    house.environment.moment = max(house.environment.moment, at)
    with house.work() as uow:
        return take_balance(uow, order_id, at=at, method="cash", key=f"{key}{order_id}")


def taken(house: House, sku: str = "TEE") -> tuple[int, int]:
    """(taken, cap) of the latest presale of a SKU."""
    row = house.db.row(
        "SELECT taken, cap FROM presale_cap WHERE sku_id = ? ORDER BY id DESC LIMIT 1", (house.items[sku].sku_id,)
    )
    assert row is not None
    return row[0], row[1]


def state(house: House, order_id: int) -> tuple[str, int, int]:
    row = house.db.row("SELECT state, deposit, forfeited FROM presale_order WHERE order_id = ?", (order_id,))
    assert row is not None
    return row[0], row[1], row[2]


def at_once(house: House, *jobs: Callable[[UnitOfWork], object]) -> list[Exception]:
    """Each job on a thread of its own, all starting together; what they were refused."""
    start, refused = threading.Barrier(len(jobs)), list[Exception]()

    def run(job: Callable[[UnitOfWork], object]) -> None:
        start.wait()
        try:
            house.system.installation.carry_out("person:ann", job)
        except DomainError as error:
            refused.append(error)
        house.db.release()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refused


# the terms


def test_a_deposit_may_be_a_share_of_the_price_to_the_fen(house: House) -> None:
    on_presale(house, "PEN", share=1500)
    assert house.db.rows("SELECT deposit FROM presale") == [(50,)]  # 15% of 3.33


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        ({"deposit": None}, "an amount or a share"),
        ({"deposit": 10, "share": 100}, "an amount or a share"),
        ({"share": 0}, r"0% \(of the price"),
        ({"share": 10_001}, r"100.01% \(of the price"),
        ({"deposit": -1}, "-0.01 for TEE"),
        ({"deposit": 9901}, "which costs 99.00"),
        ({"cap": 0}, "the cap is 0"),
        ({"balance_until": AT}, "over already"),
        ({"balance_from": UNTIL}, "ends before it begins"),
        ({"ship_by": AT}, "before anybody can have paid"),
    ],
)
def test_terms_that_cannot_be_kept_are_refused(house: House, terms: dict[str, Any], says: str) -> None:
    with pytest.raises(DomainError, match=says):
        on_presale(house, **terms)
    assert house.db.rows("SELECT COUNT(*) FROM presale_cap") == [(0,)]


def test_a_shop_has_one_open_presale_of_a_sku(house: House) -> None:
    first = on_presale(house)
    on_presale(house, "CAP")
    on_presale(house, shop="cn2")
    with pytest.raises(DomainError, match="TEE is on presale in cn already"):
        on_presale(house)
    with house.work() as uow:
        close_presale(uow, first)
    with pytest.raises(DomainError, match="the presale of TEE is closed"), house.work() as uow:
        close_presale(uow, first)
    on_presale(house)
    house.prove()


def test_two_who_open_the_same_presale_open_one(house: House) -> None:
    shop, sku = house.shops["cn"].id, house.items["TEE"].sku_id
    refused = at_once(house, *[lambda uow: open_presale(uow, shop, sku, Terms(5, deposit=100))] * 2)
    assert [error.what for error in refused if isinstance(error, DomainError)] == ["TEE is on presale in cn already"]
    house.prove()


def test_listings_show_what_is_left_of_the_cap_until_the_presale_closes(house: House) -> None:
    house.receive("SH", TEE=3)
    with house.work() as uow:
        shop = house.shops["cn"].id
        uow.db.insert("listing", ("shop_id", "item_id", "variant_id", "sku_id"), [(shop, "I", "", house.items["TEE"].sku_id)])
    presale = on_presale(house, cap=7)
    ordered(house, ("TEE", 2), deposit=4000)

    def shown() -> int:
        return published(house.db, house.shops["cn"].id)[0].wanted

    assert shown() == 5
    with house.work() as uow:
        close_presale(uow, presale)
    assert shown() == 3


# deposit and balance


def test_a_deposit_promises_units_and_the_balance_settles_the_order(house: House) -> None:
    house.receive("SH", TEE=5)
    on_presale(house)
    order_id = ordered(house, ("TEE", 2), deposit=4000)
    card = house.card(order_id)
    assert (card.status, card.payment, card.paid_at) == ("pending_payment", "deposit_paid", None)
    assert (codes(house.holds(order_id)), taken(house), house.fos(order_id)) == (["presale"], (2, 10), [])
    assert state(house, order_id) == (PresaleState.DEPOSIT_PAID, 4000, 0)
    house.prove()
    paid_at = FROM + timedelta(hours=1)
    assert balance(house, order_id, paid_at)
    assert not balance(house, order_id, paid_at)
    card = house.card(order_id)
    assert (card.status, card.payment, card.paid_at, card.paid.minor) == ("to_ship", "paid", paid_at, 19800)
    assert (house.holds(order_id), taken(house), state(house, order_id)[0]) == ([], (2, 10), PresaleState.BALANCE_PAID)
    [(ship_by,)] = house.db.rows("SELECT o.ship_by = p.ship_by FROM sales_order o CROSS JOIN presale p")
    assert ship_by
    house.ship(house.fos(order_id)[0])
    assert taken(house) == (2, 10)
    assert "other_income" not in house.ledger(order_id)
    house.prove()


def test_who_paid_the_balance_first_is_served_first(house: House) -> None:
    on_presale(house)
    early, late = (ordered(house, deposit=2000, number=number) for number in (1, 2))
    balance(house, late, FROM)
    balance(house, early, FROM + timedelta(minutes=1))
    assert codes(house.holds(house.fos(late)[0], "fo")) == ["out_of_stock"]
    house.receive("SH", TEE=1)
    assert (house.fo_state(house.fos(late)[0]), house.fo_state(house.fos(early)[0])) == ("allocated", "planned")


def test_a_deposit_may_come_after_the_order_and_only_whole(house: House) -> None:
    on_presale(house)
    order_id = ordered(house, ("TEE", 2))
    assert taken(house) == (0, 10)
    for amount, key, what in ((3999, "D1", "39.99, 40.00 is needed"), (0, "D2", "0.00, 40.00")):
        with pytest.raises(DomainError, match=what), house.work() as uow:
            take_deposit(uow, PaymentFacts(order_id, amount, AT, "cash", key))
    for expected in (True, False):
        with house.work() as uow:
            assert take_deposit(uow, PaymentFacts(order_id, 4000, AT, "cash", "D")) is expected
    with pytest.raises(DomainError, match="waits for no deposit"), house.work() as uow:
        take_deposit(uow, PaymentFacts(order_id, 4000, AT, "cash", "D3"))
    assert (taken(house), house.card(order_id).paid.minor) == ((2, 10), 4000)
    house.prove()


def test_a_deposit_is_never_more_than_the_goods_cost(house: House) -> None:
    on_presale(house, deposit=9000)
    with house.work() as uow:
        order_id = enter(
            uow, HandOrder("cn", (HandLine("TEE", 1, 5000),), door(), type=OrderType.PRESALE, deposit=5000, freight=300)
        )
    assert state(house, order_id) == (PresaleState.DEPOSIT_PAID, 5000, 0)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"deposit": 1999}, "19.99, 20.00 is needed"),
        ({"deposit": 2000, "type": OrderType.NORMAL}, "only a presale takes a deposit"),
        ({"deposit": 2000, "paid": True}, "only a presale takes a deposit"),
        ({"deposit": 2000, "cod": True}, "only a presale takes a deposit"),
        ({"deposit": -1}, "only a presale takes a deposit"),
    ],
)
def test_deposits_that_are_none_make_no_order(house: House, more: dict[str, Any], says: str) -> None:
    on_presale(house)
    with pytest.raises(DomainError, match=says):
        ordered(house, **more)
    assert house.db.rows("SELECT COUNT(*) FROM sales_order") == [(0,)]


def test_a_deposit_needs_a_presale(house: House) -> None:
    with pytest.raises(DomainError, match="on presale"):
        ordered(house, deposit=2000)
    order_id = ordered(house)
    with house.work() as uow:
        orders.receive_payment(uow, PaymentFacts(order_id, 2000, AT, "cash", "account"))
    assert house.db.rows("SELECT COUNT(*) FROM presale_order") == [(0,)]
    house.prove()


def test_everything_paid_at_once_counts_like_a_deposit(house: House) -> None:
    on_presale(house, cap=2)
    order_id = ordered(house, ("TEE", 2), paid=True)
    assert (taken(house), state(house, order_id)) == ((2, 2), (PresaleState.BALANCE_PAID, 0, 0))
    with pytest.raises(StockShort):
        ordered(house, paid=True, number=2)
    house.prove()


def test_a_kit_on_presale_is_promised_whole(house: House) -> None:
    on_presale(house, "SET", cap=3)
    order_id = ordered(house, ("SET", 2), deposit=4000)
    assert taken(house, "SET") == (2, 3)
    tee = house.line_ids(order_id)[0]
    with house.work() as uow:
        orders.cancel(uow, order_id, {tee: 2}, "one set less")
    assert taken(house, "SET") == (2, 3)  # its cap is still owed
    with house.work() as uow:
        orders.cancel(uow, order_id, {house.line_ids(order_id)[1]: 1}, "one set less")
    assert taken(house, "SET") == (1, 3)
    house.prove()


# the cap


def test_by_hand_nothing_is_promised_beyond_the_cap(house: House) -> None:
    on_presale(house, cap=3)
    ordered(house, ("TEE", 2), deposit=4000)
    with pytest.raises(StockShort, match="TEE: 2 wanted, 1 free"):
        ordered(house, ("TEE", 2), deposit=4000, number=2)
    waiting = ordered(house, ("TEE", 2), number=3)
    with pytest.raises(StockShort), house.work() as uow:
        take_deposit(uow, PaymentFacts(waiting, 4000, AT, "cash", "D"))
    assert (taken(house), house.card(waiting).paid.minor) == ((2, 3), 0)
    house.prove()


def test_two_want_the_last_unit_and_one_gets_it(house: House) -> None:
    on_presale(house, cap=1)
    waiting = [ordered(house, number=number) for number in (1, 2)]

    def deposit(order_id: int) -> Callable[[UnitOfWork], object]:
        return lambda uow: take_deposit(uow, PaymentFacts(order_id, 2000, AT, "cash", f"D{order_id}"))

    refused = at_once(house, *[deposit(order_id) for order_id in waiting])
    assert [type(error) for error in refused] == [StockShort]
    assert taken(house) == (1, 1)
    assert house.db.rows("SELECT COUNT(*) FROM presale_order") == [(1,)]
    house.prove()


def test_units_more_and_fewer_change_what_counts(house: House) -> None:
    on_presale(house, cap=4)
    order_id = ordered(house, ("TEE", 2), deposit=4000)

    def amend(change: Quantity | AddLine) -> None:
        with house.work() as uow:
            amendments.amend(uow, order_id, [change], "the buyer asked")

    amend(Quantity(1, 3))
    assert taken(house) == (3, 4)
    with pytest.raises(StockShort):
        amend(Quantity(1, 5))
    amend(Quantity(1, 1))
    assert taken(house) == (1, 4)
    amend(AddLine("TEE", 3))
    assert taken(house) == (4, 4)
    house.prove()


def test_a_cap_is_never_lowered_below_what_is_promised(house: House) -> None:
    presale = on_presale(house, cap=5)
    ordered(house, ("TEE", 2), deposit=4000)
    with house.work() as uow:
        change_presale(uow, presale, Terms(2, deposit=2000))
    with pytest.raises(DomainError, match="2 units are promised, the cap cannot be 1"), house.work() as uow:
        change_presale(uow, presale, Terms(1, deposit=2000))
    assert taken(house) == (2, 2)


# the window


def test_when_the_window_closes_the_deposit_is_other_income_once(house: House) -> None:
    on_presale(house)
    order_id = ordered(house, ("TEE", 2), deposit=4000)
    house.environment.moment = UNTIL
    assert house.system.close_balances() == []  # its last moment is in time
    house.environment.moment = UNTIL + timedelta(hours=5)
    assert (house.system.close_balances(), house.system.close_balances()) == ([order_id], [])
    card = house.card(order_id)
    assert (card.status, card.payment, card.paid.minor, card.refunded.minor) == ("cancelled", "deposit_paid", 4000, 0)
    assert (state(house, order_id), taken(house), house.holds(order_id)) == ((PresaleState.FORFEITED, 4000, 4000), (0, 10), [])
    assert house.ledger(order_id) == {"platform": 4000, "other_income": -4000}
    [(date, reason)] = house.db.rows(
        "SELECT e.date, o.cancel_reason FROM ledger_entry e JOIN sales_order o ON o.id = e.document "
        "WHERE e.ref LIKE '%-FORFEIT'"
    )
    assert (date, reason) == (house.system.installation.merchant.day(UNTIL), "balance_not_paid")
    house.prove()


def test_only_the_deposit_is_kept_of_what_was_paid_on_account(house: House) -> None:
    on_presale(house)
    order_id = ordered(house, deposit=2000)
    with house.work() as uow:
        orders.receive_payment(uow, PaymentFacts(order_id, 1001, AT, "cash", "account"))
    house.environment.moment = UNTIL + timedelta(seconds=1)
    house.system.close_balances()
    assert state(house, order_id) == (PresaleState.FORFEITED, 2000, 2000)
    ledger = house.ledger(order_id)
    assert (ledger["other_income"], ledger["advances"] + ledger["advances_tax"]) == (-2000, -1001)
    house.prove()
    with house.work() as uow:
        orders.refund(uow, PaymentFacts(order_id, 1001, uow.now, "cash", "back"))
    assert house.ledger(order_id) == {"platform": 2000, "other_income": -2000}
    house.prove()


def test_two_who_close_the_same_window_close_it_once(house: House) -> None:
    on_presale(house)
    ids = [ordered(house, deposit=2000, number=number) for number in range(1, 4)]
    house.environment.moment = UNTIL + timedelta(seconds=1)
    assert at_once(house, close_windows, close_windows) == []
    assert [state(house, order_id) for order_id in ids] == [(PresaleState.FORFEITED, 2000, 2000)] * 3
    assert house.ledger(*ids) == {"platform": 6000, "other_income": -6000}
    house.prove()


def test_the_balance_and_the_closing_of_its_window_at_once_leave_one_of_them(house: House) -> None:
    on_presale(house)
    order_id = ordered(house, deposit=2000)
    house.environment.moment = UNTIL + timedelta(seconds=1)
    refused = at_once(
        house,
        close_windows,
        lambda uow: take_balance(uow, order_id, at=UNTIL, method="cash", key="B"),
    )
    ended = state(house, order_id)[0]
    assert (ended, len(refused)) in ((PresaleState.FORFEITED, 1), (PresaleState.BALANCE_PAID, 0))
    house.prove()


def test_more_windows_than_go_into_one_transaction_all_close(house: House) -> None:
    on_presale(house, cap=TOGETHER + 2)
    ids = [ordered(house, deposit=2000, number=number) for number in range(1, TOGETHER + 3)]
    house.environment.moment = UNTIL + timedelta(seconds=1)
    assert house.system.close_balances() == ids
    assert taken(house) == (0, TOGETHER + 2)
    house.prove()


def test_the_balance_comes_neither_before_nor_after_its_window(house: House) -> None:
    on_presale(house)
    order_id = ordered(house, deposit=2000)
    with pytest.raises(DomainError, match="has not opened"):
        balance(house, order_id, FROM - timedelta(seconds=1))
    with pytest.raises(DomainError, match="has closed"):
        balance(house, order_id, UNTIL + timedelta(seconds=1))
    late = PaymentFacts(order_id, 7900, UNTIL + timedelta(seconds=1), "cash", "late")
    with pytest.raises(DomainError, match="came after its window"), house.work() as uow:
        orders.receive_payment(uow, late)
    assert house.card(order_id).paid.minor == 2000
    assert balance(house, order_id, UNTIL)  # written down late, paid in time
    assert state(house, order_id)[0] == PresaleState.BALANCE_PAID
    house.prove()


def test_money_after_the_window_is_owed_to_the_buyer(house: House) -> None:
    on_presale(house)
    order_id = ordered(house, deposit=2000)
    house.environment.moment = UNTIL + timedelta(days=1)
    house.system.close_balances()
    with pytest.raises(DomainError, match="has closed"):
        balance(house, order_id, house.environment.moment)
    with house.work() as uow:
        orders.receive_payment(uow, PaymentFacts(order_id, 7900, uow.now, "transfer", "late"))
    assert (house.card(order_id).status, state(house, order_id)) == ("cancelled", (PresaleState.FORFEITED, 2000, 2000))
    ledger = house.ledger(order_id)
    assert (ledger["other_income"], ledger["advances"] + ledger["advances_tax"]) == (-2000, -7900)
    house.prove()
    with house.work() as uow:
        orders.refund(uow, PaymentFacts(order_id, 7900, uow.now, "transfer", "back"))
    assert house.ledger(order_id) == {"platform": 2000, "other_income": -2000}
    house.prove()


def test_an_extended_window_waits_for_those_who_paid_a_deposit(house: House) -> None:
    presale = on_presale(house)
    order_id = ordered(house, deposit=2000)
    later = UNTIL + timedelta(days=5)
    with house.work() as uow:
        change_presale(uow, presale, Terms(10, deposit=3000, balance_until=later, ship_by=SHIP + timedelta(days=5)))
    house.environment.moment = later
    assert house.system.close_balances() == []
    assert state(house, order_id)[1] == 2000
    assert balance(house, order_id, later)
    [(same,)] = house.db.rows("SELECT o.ship_by = p.ship_by FROM sales_order o CROSS JOIN presale p")
    assert same
    house.prove()


def test_who_keeps_a_promise_after_the_presale_closed_pays_the_balance_as_agreed(house: House) -> None:
    presale = on_presale(house)
    order_id = ordered(house, deposit=2000)
    with house.work() as uow:
        close_presale(uow, presale)
    with pytest.raises(DomainError, match="on presale"):
        ordered(house, deposit=2000, number=2)
    assert balance(house, order_id, FROM)
    with house.work() as uow:
        orders.cancel(uow, order_id, None, "changed their mind")
    assert (taken(house), state(house, order_id)[0]) == ((0, 10), PresaleState.CANCELLED)
    house.prove()


def test_a_window_in_a_closed_month_is_booked_on_the_first_open_day(house: House) -> None:
    on_presale(house)
    order_id = ordered(house, deposit=2000)
    house.environment.moment = AT + timedelta(days=15)
    with house.work() as uow:
        close_period(uow, "2026-11")
    house.system.close_balances()
    assert house.db.rows("SELECT date FROM ledger_entry WHERE ref LIKE '%-FORFEIT'") == [("2026-12-01",)]
    assert state(house, order_id)[2] == 2000
    house.prove()


# given back


def test_a_deposit_given_back_ends_the_order_and_its_promise(house: House) -> None:
    on_presale(house)
    order_id = ordered(house, deposit=2000)
    for expected in (True, False):
        with house.work() as uow:
            assert give_back(uow, order_id, "the maker is late", method="cash", key="G") is expected
    card = house.card(order_id)
    assert (card.status, card.payment, card.refunded.minor) == ("cancelled", "refunded", 2000)
    assert (state(house, order_id), taken(house), house.ledger(order_id)) == ((PresaleState.CANCELLED, 2000, 0), (0, 10), {})
    house.environment.moment = UNTIL + timedelta(days=1)
    assert house.system.close_balances() == []
    house.prove()


def test_a_kept_deposit_given_back_is_taken_out_of_other_income(house: House) -> None:
    on_presale(house)
    order_id = ordered(house, deposit=2000)
    house.environment.moment = UNTIL + timedelta(seconds=1)
    house.system.close_balances()
    with house.work() as uow:
        orders.refund(uow, PaymentFacts(order_id, 501, uow.now, "cash", "some"))
    assert (state(house, order_id)[2], house.ledger(order_id)) == (1499, {"platform": 1499, "other_income": -1499})
    house.prove()
    with house.work() as uow:
        give_back(uow, order_id, "goodwill", method="cash", key="G")
    assert (state(house, order_id), house.ledger(order_id)) == ((PresaleState.FORFEITED, 2000, 0), {})
    house.prove()
    with pytest.raises(DomainError, match="gone back already"), house.work() as uow:
        give_back(uow, order_id, "again", method="cash", key="G2")


def test_a_deposit_refunded_before_leaves_nothing_to_keep(house: House) -> None:
    on_presale(house)
    order_id = ordered(house, deposit=2000)
    with house.work() as uow:
        orders.refund(uow, PaymentFacts(order_id, 2000, AT, "cash", "back"))
    house.environment.moment = UNTIL + timedelta(seconds=1)
    assert house.system.close_balances() == [order_id]
    assert (house.card(order_id).status, state(house, order_id)) == ("cancelled", (PresaleState.CANCELLED, 2000, 0))
    assert house.ledger(order_id) == {}
    house.prove()


def test_one_order_that_may_not_be_cancelled_stops_no_other(house: House) -> None:
    on_presale(house)
    first, second = (ordered(house, deposit=2000, number=number) for number in (1, 2))
    house.environment.moment = UNTIL + timedelta(seconds=1)
    wiring = house.system.installation.wiring
    before, number = wiring.ask, house.card(first).number

    def object_to(hook: str, question: Any) -> list[str]:
        return ["not this one"] if hook == "object_to_transition" and question.facts.get("number") == number else []

    wiring.ask = object_to
    assert house.system.close_balances() == [second]
    assert (state(house, first)[0], taken(house)) == (PresaleState.DEPOSIT_PAID, (1, 10))
    house.prove()
    with pytest.raises(IllegalTransition), house.work() as uow:
        orders.forfeit(uow, first, uow.now)
    wiring.ask = before
    assert house.system.close_balances() == [first]
    house.prove()


def test_normal_orders_of_the_same_sku_count_for_nothing(house: House) -> None:
    house.receive("SH", TEE=2)
    on_presale(house)
    [order_id] = house.place(house.order(("TEE", 2)))
    assert (house.card(order_id).status, taken(house)) == ("to_ship", (0, 10))
    assert house.db.rows("SELECT COUNT(*) FROM presale_order") == [(0,)]
    assert HoldCode.PRESALE not in house.holds(order_id)
