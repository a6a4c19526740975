"""Cash on delivery: owed by who collects, collected when it arrived, remitted when it is on our account."""

from __future__ import annotations

import pytest

from orderyard.core.fulfillment import service as fulfillment
from orderyard.core.fulfillment.merging import merge
from orderyard.core.fulfillment.remittance import Handed, remit
from orderyard.core.kernel.errors import DomainError
from orderyard.core.orders import service as orders
from orderyard.core.orders.service import PaymentFacts
from orderyard.core.testing.builders import AT, House, door


def sent(house: House, *lines: tuple[str, int], **more: object) -> tuple[int, str]:
    """An order that is cash on delivery, on its way; and its waybill number."""
    house.receive("SH", TEE=9, CAP=9)
    [order_id] = house.place(house.order(*lines, cod=True, paid=False, **more))  # type: ignore[arg-type]
    return order_id, house.ship(house.fos(order_id)[0])


def arrived(house: House, number: str) -> None:
    with house.work("worker") as uow:
        [(waybill,)] = uow.db.rows("SELECT id FROM waybill WHERE number = ?", (number,))
        fulfillment.deliver(uow, waybill, "delivered")


def handed(house: House, *rows: tuple[str, int], statement: str = "ST1") -> tuple[object, ...]:
    with house.work("person:finance") as uow:
        done = remit(uow, "sf", statement, [Handed(number, amount) for number, amount in rows], AT)
    return done.counted, done.known, dict(done.refused), done.total


def test_it_is_owed_collected_and_remitted(house: House) -> None:
    order_id, number = sent(house, ("TEE", 2))
    assert house.card(order_id).payment == "cod_pending"
    assert house.ledger(order_id) == {"cod_receivable": 19800, "revenue": -17522, "output_tax": -2278}
    arrived(house, number)
    assert house.card(order_id).payment == "cod_collected"
    house.prove()
    assert handed(house, (number, 19800)) == ((number,), (), {}, 19800)
    assert house.card(order_id).payment == "cod_remitted"
    assert house.ledger(order_id) == {"bank": 19800, "revenue": -17522, "output_tax": -2278}
    house.prove()


def test_a_statement_counts_once_and_each_row_by_itself(house: House) -> None:
    order_id, number = sent(house, ("TEE", 1))
    own = house.card(order_id).number
    counted, known, refused, total = handed(house, (own, 5000), ("SF404", 100), (number, 9900), (number, -1))
    assert (counted, known, total) == ((own,), (), 5000)
    assert isinstance(refused, dict)
    assert {name: text.split(":")[0] for name, text in refused.items()} == {
        "SF404": "nothing here has the number SF404",
        number: f"{number}",
    }
    assert handed(house, (own, 5000))[:2] == ((), (own,))
    assert handed(house, (own, 5000), statement="ST2")[2] == {
        own: f"order {own} owes 4900, and 5000 were handed over: ask the carrier about it"
    }
    assert handed(house, (own, 4900), statement="ST2")[0] == (own,)
    assert house.card(order_id).payment == "cod_remitted"
    house.prove()


def test_two_parcels_are_collected_when_both_arrived(house: House) -> None:
    house.receive("SH", TEE=1)
    house.receive("BJ", CAP=1)
    [order_id] = house.place(house.order(("TEE", 1), ("CAP", 1), cod=True, paid=False))
    numbers = [house.ship(fo_id) for fo_id in house.fos(order_id)]
    assert len(numbers) == 2
    arrived(house, numbers[0])
    assert house.card(order_id).payment == "cod_pending"
    arrived(house, numbers[1])
    assert house.card(order_id).payment == "cod_collected"
    house.prove()


def test_a_merged_parcel_wants_the_order_to_be_named(house: House) -> None:
    house.receive("SH", TEE=9)
    one, two = house.place(*[house.order(("TEE", 1), cod=True, paid=False, to=door(1)) for _ in range(2)])
    with house.work() as uow:
        into = merge(uow, [*house.fos(one), *house.fos(two)], "same door")
    number = house.ship(into)
    assert handed(house, (number, 19800))[2] == {
        number: f"parcel {number} holds 2 orders: write one row for each order, with the order's number"
    }
    rows = [(house.card(order_id).number, 9900) for order_id in (one, two)]
    assert handed(house, *rows)[3] == 19800
    house.prove()


def test_what_was_paid_otherwise_is_no_business_of_the_collector(house: House) -> None:
    house.receive("SH", TEE=9)
    [order_id] = house.place(house.order(("TEE", 1)))
    number = house.card(order_id).number
    assert handed(house, (number, 9900))[2] == {
        number: f"order {number} is not cash on delivery: check the number on the carrier's list"
    }
    with pytest.raises(DomainError, match="without a number"), house.work() as uow:
        remit(uow, "sf", " ", [], AT)


def test_money_that_goes_back_leaves_our_own_account(house: House) -> None:
    order_id, number = sent(house, ("TEE", 1))
    handed(house, (number, 9900))
    with house.work() as uow:
        orders.refund(uow, PaymentFacts(order_id, 1130, AT, "bank", "R1"))
    assert house.ledger(order_id) == {"bank": 8770, "revenue": -7761, "output_tax": -1009}
    assert house.card(order_id).payment == "partially_refunded"
    house.prove()
