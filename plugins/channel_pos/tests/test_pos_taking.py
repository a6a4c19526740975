"""Sales handed in: each counts once whatever is sent again, by whomever at once; none stops another, none is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from orderyard_channel_pos import taking
from pos_sales import sale

from orderyard.core.connections.service import pause, resume
from orderyard.core.hosted.api import Desk
from orderyard.core.kernel.values import Money
from orderyard.core.testing.builders import House


def desk(house: House) -> Desk:
    return house.hosted("channel_pos").desk("pos-1")


def take(house: House, *sales: Any, overrides: bool = True) -> list[dict[str, Any]]:
    return taking.take(desk(house), sales, house.environment.now(), overrides=overrides)


def on_hand(house: House, sku: str) -> tuple[int, int]:
    [(units, reserved)] = house.db.rows(
        "SELECT SUM(l.on_hand), SUM(l.reserved) FROM stock_level l JOIN sku s ON s.id = l.sku_id WHERE s.code = ?", (sku,)
    )
    return int(units), int(reserved)


def orders(house: House) -> list[tuple[Any, ...]]:
    return house.db.rows("SELECT status, reach, payment FROM sales_order ORDER BY id")


def test_a_sale_is_taken_in_paid_and_handed_over_once(shop: House) -> None:
    [first] = take(shop, sale())
    assert (first["verdict"], first["waits"]) == ("effective", [])
    [again] = take(shop, sale())
    assert again == first
    assert orders(shop) == [("completed", "counter", "paid")]
    assert on_hand(shop, "TEE") == (8, 0)
    assert shop.db.rows("SELECT amount, method FROM payment") == [(19800, "cash")]
    assert shop.system.verify() == []


def test_one_bad_sale_stops_none_of_the_others(shop: House) -> None:
    answers = take(shop, sale(1), {"id": "x"}, "nonsense", sale(2, ("NOBODY", 1, 100)), sale(3, ("CAP", 1, 4900)))
    assert [one["verdict"] for one in answers] == ["effective", "parked", "parked", "effective", "effective"]
    assert "no id of a sale" in answers[1]["reason"]
    assert answers[3]["waits"] != []  # the thing it sold is unknown: kept, and a person maps it
    assert answers[4]["waits"] == []
    assert on_hand(shop, "CAP") == (9, 0)
    assert shop.system.verify() == []


def test_more_than_the_books_have_is_kept_and_waits(shop: House) -> None:
    [first] = take(shop, sale(1, ("TEE", 12, 9900)))
    assert first["verdict"] == "effective"
    assert "too few" in " ".join(first["waits"])
    assert on_hand(shop, "TEE") == (10, 10)  # kept for it: nobody else is promised what is gone
    shop.receive("SH", TEE=2)
    [row] = desk(shop).counter.waiting()
    assert desk(shop).counter.hand_over(row.order_id, "person:ann")
    [later] = take(shop, sale(1, ("TEE", 12, 9900)))
    assert later["waits"] == []
    assert on_hand(shop, "TEE") == (0, 0)
    assert shop.system.verify() == []


def test_two_uploads_of_the_same_batch_at_once(shop: House) -> None:
    batch = [sale(no, ("TEE", 1, 9900), ("CAP", 1, 4900)) for no in range(1, 6)]
    at, now = desk(shop), shop.environment.now()
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: taking.take(at, batch, now, overrides=True), range(3)))
    assert [[one["verdict"] for one in each] for each in answers] == [["effective"] * 5] * 3
    assert orders(shop) == [("completed", "counter", "paid")] * 5
    assert (on_hand(shop, "TEE"), on_hand(shop, "CAP")) == ((5, 0), (5, 0))
    assert shop.system.verify() == []


def test_the_last_ones_sold_at_two_tills_at_once(shop: House) -> None:
    at, now = desk(shop), shop.environment.now()
    whole = [[sale(no, ("TEE", 10, 9900))] for no in (1, 2)]
    with ThreadPoolExecutor(2) as pool:
        answers = [one for [one] in pool.map(lambda sales: taking.take(at, sales, now, overrides=True), whole)]
    assert [one["verdict"] for one in answers] == ["effective"] * 2
    assert sorted(bool(one["waits"]) for one in answers) == [False, True]  # the other one is kept, and waits for a person
    assert on_hand(shop, "TEE") == (0, 0)
    assert sorted(row[0] for row in orders(shop)) == ["completed", "to_ship"]
    assert shop.system.verify() == []


def test_a_paused_connection_takes_nothing_in_and_loses_nothing(quick: House) -> None:
    with quick.work() as uow:
        pause(uow, 1, "being counted")
    [told] = take(quick, sale())
    assert told["verdict"] == "refused"
    assert "paused" in told["reason"]
    with quick.work() as uow:
        resume(uow, 1)
    assert take(quick, sale())[0]["verdict"] == "effective"


def test_below_the_list_without_the_right_to_waits_for_a_person(quick: House) -> None:
    cheap = sale(1, ("TEE", 1, 100))
    [told] = take(quick, cheap, overrides=False)
    assert told["verdict"] == "effective"
    assert "sold below the list" in " ".join(told["waits"])
    [told] = take(quick, sale(2, ("TEE", 1, 100)), overrides=True)
    assert told["waits"] == []
    [told] = take(quick, sale(3), overrides=False)
    assert told["waits"] == []
    [told] = take(quick, sale(4, discount=1), overrides=False)
    assert "discount" in " ".join(told["waits"])


def test_a_pickup_waits_under_its_code_and_is_paid_when_it_goes(shop: House) -> None:
    take(shop, sale(1, kind="pickup", code="004711"), sale(2, ("CAP", 1, 4900), kind="pickup", method="", code="000815"))
    counter = desk(shop).counter
    assert [row.due.minor for row in counter.waiting()] == [0, 4900]
    [row] = counter.with_code(" 000815 ")
    assert row.ready
    assert counter.with_code("") == []
    assert counter.hand_over(row.order_id, "person:ann", code="000815", method="card")
    assert not counter.hand_over(row.order_id, "person:ann", code="000815")
    assert orders(shop)[1] == ("completed", "pickup", "cod_remitted")
    told = {one.method: (one.payments, one.received) for one in counter.takings("2026-11-22")}
    assert told == {"card": (1, Money(4900, "CNY")), "cash": (1, Money(19800, "CNY"))}
    assert shop.system.verify() == []


def test_a_pickup_that_nobody_wants_gives_goods_and_money_back(shop: House) -> None:
    take(shop, sale(1, kind="pickup", code="004711"))
    counter = desk(shop).counter
    [row] = counter.waiting()
    counter.give_up(row.order_id, "person:ann", "nobody came")
    assert on_hand(shop, "TEE") == (10, 0)
    assert [-one.due for one in counter.to_give_back()] == [Money(19800, "CNY")]
    counter.give_back(row.order_id, "person:ann", "cash")
    assert counter.to_give_back() == []
    assert [(one.received.minor, one.given_back.minor) for one in counter.takings("2026-11-22")] == [(19800, 19800)]
    assert shop.system.verify() == []


def test_who_says_nothing_about_themselves_is_one_customer(quick: House) -> None:
    take(quick, sale(1), sale(2, phone="13800000001", name="Ann"), sale(3), sale(4, phone="138 0000 0001"))
    rows = quick.db.rows("SELECT customer_id FROM sales_order ORDER BY id")
    assert rows[0] == rows[2]
    assert rows[1] == rows[3]
    assert rows[0] != rows[1]
