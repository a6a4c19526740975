"""Presales on a platform: it takes deposit and balance and closes the window; its documents do here what staff do by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orderyard.core.catalog.service import map_listing
from orderyard.core.orders.api import OrderType
from orderyard.core.orders.presale import Terms, open_presale
from orderyard.core.testing.builders import codes
from orderyard.core.testing.paper import Shop, document, later


def on_presale(shop: Shop, cap: int = 5) -> None:
    house = shop.house
    with house.work() as uow:
        until = uow.now + timedelta(days=1)
        terms = Terms(cap, deposit=300, balance_until=until, ship_by=until + timedelta(days=9))
        open_presale(uow, house.shops["cn"].id, house.items["TEE"].sku_id, terms)


def standing(shop: Shop, external_id: str) -> tuple[str, str, int, int]:
    """State of the deposit, status of the order, deposit and what of it was kept."""
    [row] = shop.house.db.rows(
        "SELECT p.state, o.status, p.deposit, p.forfeited FROM presale_order p JOIN sales_order o ON o.id = p.order_id "
        "WHERE o.id = ?",
        (shop.order(external_id),),
    )
    return row


def taken(shop: Shop) -> int:
    return int(shop.house.db.rows("SELECT taken FROM presale_cap")[0][0])


@pytest.mark.parametrize("seen_before", [True, False])
def test_deposit_then_balance(shop: Shop, seen_before: bool) -> None:
    shop.house.receive("SH", TEE=5)
    on_presale(shop)
    order = document("T1", ("TEE", 2), paid=0, state="unpaid")
    if seen_before:
        shop.pull(order)
        assert shop.house.card(shop.order("T1")).type is OrderType.NORMAL
    order = later(order, paid=600, state="deposit_paid")
    shop.pull(order)
    order_id = shop.order("T1")
    card = shop.house.card(order_id)
    assert (card.type, card.status, card.paid_at, codes(shop.house.holds(order_id))) == (
        OrderType.PRESALE,
        "pending_payment",
        None,
        ["presale"],
    )
    assert (standing(shop, "T1"), taken(shop)) == (("deposit_paid", "pending_payment", 600, 0), 2)
    shop.house.environment.moment += timedelta(days=3)
    assert shop.house.system.close_balances() == []
    shop.pull(later(order, paid=2000, state="to_ship"))
    assert (standing(shop, "T1"), taken(shop)) == (("balance_paid", "to_ship", 600, 0), 2)
    assert (shop.house.holds(order_id), len(shop.house.fos(order_id))) == ([], 1)
    shop.house.prove()


def test_a_deposit_that_the_platform_keeps_is_other_income_once(shop: Shop) -> None:
    on_presale(shop)
    order = document("T1", ("TEE", 2), paid=600, state="deposit_paid")
    shop.pull(order)
    order = later(order, state="cancelled", deposit_kept=True)
    shop.pull(order)
    for memo in ("a", "b"):
        order = later(order, memo=memo)
        shop.pull(order)
    assert (standing(shop, "T1"), taken(shop)) == (("forfeited", "cancelled", 600, 600), 0)
    assert shop.house.ledger(shop.order("T1")) == {"platform": 600, "other_income": -600}
    shop.house.prove()


def test_a_deposit_kept_before_the_order_was_ever_seen_is_booked_too(shop: Shop) -> None:
    on_presale(shop)
    order = document("T1", ("TEE", 2), paid=600, state="cancelled", deposit_kept=True)
    order["lines"][0]["cancelled"] = 2
    shop.pull(order)
    assert (standing(shop, "T1"), taken(shop)) == (("forfeited", "cancelled", 600, 600), 0)
    assert shop.house.card(shop.order("T1")).payment == "deposit_paid"
    assert shop.house.ledger(shop.order("T1")) == {"platform": 600, "other_income": -600}
    shop.house.prove()


def test_a_cancelled_deposit_goes_back_and_is_no_income(shop: Shop) -> None:
    on_presale(shop)
    order = document("T1", ("TEE", 2), paid=600, state="deposit_paid")
    shop.pull(order)
    shop.pull(later(order, state="cancelled", refunded=600))
    assert (standing(shop, "T1"), taken(shop)) == (("cancelled", "cancelled", 600, 0), 0)
    assert shop.house.ledger(shop.order("T1")) == {}
    shop.house.prove()


def test_money_after_the_deposit_was_kept_is_owed_to_the_buyer(shop: Shop) -> None:
    on_presale(shop)
    order = document("T1", ("TEE", 2), paid=600, state="deposit_paid")
    shop.pull(order)
    order = later(order, state="cancelled", deposit_kept=True)
    shop.pull(order)
    order = later(order, paid=2000)
    shop.pull(order)
    ledger = shop.house.ledger(shop.order("T1"))
    assert (ledger["other_income"], ledger["advances"] + ledger["advances_tax"]) == (-600, -1400)
    shop.house.prove()
    shop.pull(later(order, refunded=1400))
    assert shop.house.ledger(shop.order("T1")) == {"platform": 600, "other_income": -600}
    shop.house.prove()


def test_what_is_sold_already_counts_beyond_the_cap(shop: Shop) -> None:
    on_presale(shop, cap=3)
    for number in (1, 2):
        shop.pull(document(f"T{number}", ("TEE", 2), paid=600, state="deposit_paid"))
    assert taken(shop) == 4
    [(order_id, told)] = shop.house.db.rows("SELECT document, because FROM audit WHERE action = 'presale over its cap'")
    assert (order_id, told) == (shop.order("T2"), "4 of 3")
    shop.house.prove()


def test_a_whole_payment_in_advance_counts_like_a_deposit(shop: Shop) -> None:
    on_presale(shop)
    shop.pull(document("T1", ("TEE", 2), presale=True))
    assert (standing(shop, "T1")[0], taken(shop)) == ("balance_paid", 2)
    shop.house.prove()


def test_an_item_that_is_mapped_later_counts_from_then_on(shop: Shop) -> None:
    on_presale(shop)
    shop.pull(document("T1", ("HAT", 2), paid=600, state="deposit_paid"))
    assert (standing(shop, "T1")[0], taken(shop)) == ("deposit_paid", 0)
    [(listing,)] = shop.house.db.rows("SELECT id FROM listing WHERE item_id = 'item-HAT'")
    with shop.house.work() as uow:
        map_listing(uow, listing, "TEE")
    assert taken(shop) == 2
    shop.house.prove()


def test_a_kept_deposit_of_an_order_that_goes_on_is_parked(shop: Shop) -> None:
    shop.pull(document("T1", ("TEE", 2), paid=600, state="deposit_paid", deposit_kept=True))
    [(reason,)] = shop.house.db.rows("SELECT reason FROM inbox WHERE verdict = 'parked'")
    assert "keeps a deposit, but is deposit_paid" in reason
