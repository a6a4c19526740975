"""The plugin in a running house: gifts come, are left out, and are weighed again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from orderyard_gifts import plugin

from orderyard.core.host.service import save_settings
from orderyard.core.inventory.locks import lock
from orderyard.core.kernel.errors import DomainError
from orderyard.core.orders import service as orders
from orderyard.core.orders.api import OrderStatus
from orderyard.core.testing.builders import House, door, open_house
from orderyard.core.testing.databases import Databases

Shop = Callable[[str], House]


@pytest.fixture
def shop(databases: Databases, tmp_path: Path) -> Iterator[Shop]:
    """The small merchant with the plugin running by these rules."""
    with open_house(databases, tmp_path, plugins={"gifts": plugin}) as house:
        assert not house.system.plugins.faults

        def by_rules(text: str) -> House:
            with house.work() as uow:
                save_settings(uow, house.system.seal, plugin.manifest, {"rules": text})
            return house

        yield by_rules


def gifts(house: House, order_id: int) -> dict[str, int]:
    """Units of gifts that were or will be sent, by rule."""
    found: dict[str, int] = {}
    for line in house.card(order_id).lines:
        if line.gift and line.quantity > line.cancelled:
            assert (line.amount.minor, line.unit_price.minor) == (0, 0)
            found[line.gift] = found.get(line.gift, 0) + line.quantity - line.cancelled
    return found


def noted(house: House, order_id: int) -> str:
    rows = house.db.rows(
        "SELECT because, data FROM audit WHERE kind = 'order' AND document = ? AND action LIKE 'gift%'", (order_id,)
    )
    return "; ".join(f"{because} {data}" for because, data in rows)


def back(house: House, order_id: int, amount: int) -> None:
    with house.work() as uow:
        orders.refund(uow, orders.PaymentFacts(order_id, amount, uow.now, "platform", f"back/{order_id}/{amount}"))


def cancel(house: House, order_id: int, units: dict[int, int] | None) -> None:
    with house.work() as uow:
        orders.cancel(uow, order_id, units, "refunded")


AMOUNT = "a: amount 90 CNY -> MUG 1"
TIERS = "low: amount 50 CNY -> PEN 1 group=g\nhigh: amount 100 CNY -> MUG 1 group=g"


def test_a_settled_order_gets_its_gift_in_the_same_parcel(shop: Shop) -> None:
    house = shop(AMOUNT)
    house.receive("SH", TEE=5, MUG=5)
    [order_id] = house.place(house.order(("TEE", 1), freight=800))
    assert gifts(house, order_id) == {"gifts/a": 1}
    [fo] = house.fos(order_id)
    assert house.fo_state(fo) == "allocated"
    assert house.levels("MUG")["SH"] == (5, 1)
    assert house.card(order_id).total.minor == 9900 + 800
    house.prove()
    house.ship(fo)
    assert house.levels("MUG")["SH"] == (4, 0)
    house.prove()


def test_freight_earns_nothing_and_discounts_count(shop: Shop) -> None:
    house = shop("a: amount 99 CNY -> MUG 1")
    house.receive("SH", TEE=9, MUG=9)
    full, discounted = house.place(
        house.order(("TEE", 1), freight=100), house.order(house.line("TEE", 1, 9899), freight=5000)
    )
    assert (gifts(house, full), gifts(house, discounted)) == ({"gifts/a": 1}, {})
    house.prove()


def test_an_unpaid_order_gets_it_when_it_is_paid(shop: Shop) -> None:
    house = shop(AMOUNT)
    house.receive("SH", TEE=5, MUG=5)
    [order_id] = house.place(house.order(("TEE", 1), paid=False))
    assert gifts(house, order_id) == {}
    with house.work() as uow:
        orders.receive_payment(uow, orders.PaymentFacts(order_id, 9900, uow.now, "cash", "later"))
    assert gifts(house, order_id) == {"gifts/a": 1}
    house.prove()


def test_cash_on_delivery_is_settled_at_once(shop: Shop) -> None:
    house = shop(AMOUNT)
    house.receive("SH", TEE=5, MUG=5)
    [order_id] = house.place(house.order(("TEE", 1), cod=True))
    assert gifts(house, order_id) == {"gifts/a": 1}
    house.prove()


def test_a_gift_that_is_short_is_left_out_whole_and_noted(shop: Shop) -> None:
    house = shop("a: quantity TEE 1 -> MUG 3")
    house.receive("SH", TEE=5, MUG=2)
    [order_id] = house.place(house.order(("TEE", 1)))
    assert gifts(house, order_id) == {}
    assert "3 MUG wanted, 2 free" in noted(house, order_id)
    assert house.fo_state(house.fos(order_id)[0]) == "allocated"
    house.prove()


def test_what_is_paid_for_comes_before_a_gift_of_the_same_kind(shop: Shop) -> None:
    house = shop("a: quantity TEE 3 -> TEE 1")
    house.receive("SH", TEE=3)
    [order_id] = house.place(house.order(("TEE", 3)))
    assert gifts(house, order_id) == {}
    assert house.fo_state(house.fos(order_id)[0]) == "allocated"
    house.receive("SH", TEE=4)
    [order_id] = house.place(house.order(("TEE", 3)))
    assert gifts(house, order_id) == {"gifts/a": 1}
    house.prove()


def test_a_gift_that_was_there_when_it_was_given_and_is_not_when_it_is_planned_is_left_out(shop: Shop) -> None:
    house = shop(AMOUNT)
    house.receive("SH", TEE=9, MUG=1)
    held, quick = house.order(("TEE", 1), message="call me"), house.order(("MUG", 1))
    [waiting] = house.place(held)
    assert gifts(house, waiting) == {"gifts/a": 1}
    house.place(quick)  # takes the last mug while the other is looked at
    with house.work() as uow:
        orders.lift_review_holds(uow, [waiting], "read")
        orders.pass_review(uow, [waiting], "read")
    assert gifts(house, waiting) == {}
    assert "not enough in stock" in noted(house, waiting)
    assert house.fo_state(house.fos(waiting)[0]) == "allocated"
    assert house.holds(house.fos(waiting)[0], "fo") == []
    house.prove()


def test_gifts_are_given_in_the_order_of_payment(shop: Shop) -> None:
    house = shop(f"{AMOUNT} total=1")
    house.receive("SH", TEE=9, MUG=9)
    late, early = house.order(("TEE", 1)), house.order(("TEE", 1), paid_at=house.environment.moment - timedelta(minutes=1))
    late_id, early_id = house.place(late, early)
    assert (gifts(house, early_id), gifts(house, late_id)) == ({"gifts/a": 1}, {})
    assert "its limit in all leaves 0" in noted(house, late_id)
    house.prove()


def test_limits_count_per_customer_and_what_is_cancelled_counts_no_more(shop: Shop) -> None:
    house = shop(f"{AMOUNT} per_customer=1")
    house.receive("SH", TEE=9, MUG=9)
    buyer = house.order(("TEE", 1)).customer
    [first] = house.place(house.order(("TEE", 1), customer=buyer))
    [second] = house.place(house.order(("TEE", 1), customer=buyer))
    [stranger] = house.place(house.order(("TEE", 1)))
    assert [gifts(house, one) for one in (first, second, stranger)] == [{"gifts/a": 1}, {}, {"gifts/a": 1}]
    cancel(house, first, None)
    [third] = house.place(house.order(("TEE", 1), customer=buyer))
    assert gifts(house, third) == {"gifts/a": 1}
    house.prove()


def test_merging_parcels_gives_nothing_twice(shop: Shop) -> None:
    house = shop(AMOUNT)
    house.receive("SH", TEE=9, MUG=9)
    first, second = house.place(house.order(("TEE", 1), to=door(1)), house.order(("TEE", 1), to=door(1)))
    house.system.release()
    assert (gifts(house, first), gifts(house, second)) == ({"gifts/a": 1}, {"gifts/a": 1})
    house.prove()


def test_a_refund_before_shipment_takes_the_gift_back(shop: Shop) -> None:
    house = shop(AMOUNT)
    house.receive("SH", TEE=9, MUG=9)
    [order_id] = house.place(house.order(("TEE", 1)))
    back(house, order_id, 901)
    assert gifts(house, order_id) == {}
    assert house.levels("MUG")["SH"] == (9, 0)
    assert house.card(order_id).status is OrderStatus.TO_SHIP
    house.prove()


def test_a_refund_before_shipment_may_earn_a_lower_gift_instead(shop: Shop) -> None:
    house = shop(TIERS)
    house.receive("SH", TEE=9, CAP=9, MUG=9, PEN=9)
    [order_id] = house.place(house.order(("TEE", 1), ("CAP", 1)))
    assert gifts(house, order_id) == {"gifts/high": 1}
    cap = house.line_ids(order_id)[1]
    cancel(house, order_id, {cap: 1})
    back(house, order_id, 4900)
    assert gifts(house, order_id) == {"gifts/low": 1}
    assert all(house.fo_state(fo) == "allocated" for fo in house.fos(order_id))
    house.prove()
    for fo in house.fos(order_id):
        house.ship(fo)
    assert house.levels("PEN")["SH"] == (8, 0)
    house.prove()


def test_money_for_cancelled_units_is_not_counted_twice(shop: Shop) -> None:
    house = shop("a: amount 98 CNY -> MUG 1")
    house.receive("SH", TEE=9, CAP=9, MUG=9)
    [order_id] = house.place(house.order(("TEE", 1), ("CAP", 1), freight=1000))
    cap = house.line_ids(order_id)[1]
    cancel(house, order_id, {cap: 1})
    back(house, order_id, 4900)
    assert gifts(house, order_id) == {"gifts/a": 1}
    house.prove()


def test_a_cancelled_order_sends_no_gift(shop: Shop) -> None:
    house = shop(AMOUNT)
    house.receive("SH", TEE=9, MUG=9)
    [order_id] = house.place(house.order(("TEE", 1)))
    tee = house.line_ids(order_id)[0]
    cancel(house, order_id, {tee: 1})
    assert gifts(house, order_id) == {}
    assert house.card(order_id).status is OrderStatus.CANCELLED
    row = house.db.row("SELECT cancel_reason FROM sales_order WHERE id = ?", (order_id,))
    assert row == ("refunded",)
    house.prove()


def test_after_shipment_nothing_changes(shop: Shop) -> None:
    house = shop(AMOUNT)
    house.receive("SH", TEE=9, MUG=9)
    [order_id] = house.place(house.order(("TEE", 1)))
    house.ship(house.fos(order_id)[0])
    back(house, order_id, 9900)
    assert gifts(house, order_id) == {"gifts/a": 1}
    house.prove()


def test_new_rules_do_not_touch_what_is_settled(shop: Shop) -> None:
    house = shop("")
    house.receive("SH", TEE=9, MUG=9)
    [order_id] = house.place(house.order(("TEE", 1)))
    shop(AMOUNT)
    assert gifts(house, order_id) == {}
    house.prove()


def test_an_unknown_sku_or_a_kit_is_noted_and_stops_nobody(shop: Shop) -> None:
    house = shop("a: amount 1 CNY -> HAT 1\nb: amount 1 CNY -> SET 1\nc: hm -> PEN 1")
    house.receive("SH", TEE=9)
    [order_id] = house.place(house.order(("TEE", 1)))
    said = noted(house, order_id)
    assert "there is no SKU HAT" in said
    assert "SET is a kit" in said
    assert "cannot be read" in said
    assert house.fo_state(house.fos(order_id)[0]) == "allocated"
    house.prove()


def test_units_that_another_shop_has_locked_are_no_gift(shop: Shop) -> None:
    house = shop(AMOUNT)
    house.receive("SH", TEE=9, MUG=3)
    with house.work() as uow:
        lock(uow, house.shops["cn2"].id, house.items["MUG"].sku_id, house.warehouses["SH"], 3)
    [order_id] = house.place(house.order(("TEE", 1)))
    assert gifts(house, order_id) == {}
    house.prove()


def test_a_kit_counts_as_itself(shop: Shop) -> None:
    house = shop("a: quantity SET 2 -> PEN 1 each\nb: quantity TEE 1 -> PEN 1")
    house.receive("SH", TEE=9, CAP=9, PEN=9)
    [order_id] = house.place(house.order(("SET", 4)))
    assert gifts(house, order_id) == {"gifts/a": 2}
    house.prove()


def test_a_plugin_that_fails_stops_the_order_by_name(databases: Databases, tmp_path: Path) -> None:
    class Broken:
        manifest = plugin.manifest

        @staticmethod
        @plugin.hookimpl
        def amend_settled() -> None:
            raise RuntimeError("no idea")

    with open_house(databases, tmp_path, plugins={"gifts": Broken()}) as house:
        house.receive("SH", TEE=9)
        with pytest.raises(DomainError, match="plugin gifts failed at amend_settled: amend_settled: RuntimeError: no idea"):
            house.place(house.order(("TEE", 1)))
        assert house.db.row("SELECT COUNT(*) FROM sales_order") == (0,)


def test_without_the_plugin_no_order_costs_a_statement_more(house: House) -> None:
    house.receive("SH", TEE=9)
    seen: list[str] = []
    house.db.observers.append(seen.append)
    house.place(house.order(("TEE", 1)))
    assert not [sql for sql in seen if "gift" in sql]
