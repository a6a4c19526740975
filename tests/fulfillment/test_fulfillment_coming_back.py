"""A parcel that reached nobody: goods at their cost, the order's end, and money that was never to come or goes back."""

from __future__ import annotations

import pytest

from orderyard.core.fulfillment import service as fulfillment
from orderyard.core.fulfillment.coming_back import came_back, turn_back
from orderyard.core.fulfillment.remittance import Handed, remit
from orderyard.core.inventory.api import Quality
from orderyard.core.kernel.errors import DomainError
from orderyard.core.orders import service as orders
from orderyard.core.orders.giving_back import due_back, give_back
from orderyard.core.testing.builders import House


def back(house: House, fo_id: int, quality: Quality = Quality.QC) -> None:
    with house.work("person:warehouse") as uow:
        came_back(uow, fo_id, quality=quality, because="refused at the door")


def test_what_nobody_paid_at_the_door_was_never_sold(house: House) -> None:
    house.receive("SH", TEE=5)
    before = house.ledger()
    [order_id] = house.place(house.order(("TEE", 3), cod=True))
    [fo_id] = house.fos(order_id)
    house.ship(fo_id)
    assert "cod_receivable" in house.ledger()
    back(house, fo_id, Quality.GOOD)
    card = house.card(order_id)
    assert (card.status, card.payment) == ("cancelled", "cod_refused")
    assert house.db.row("SELECT cancel_reason FROM sales_order WHERE id = ?", (order_id,)) == ("cod_refused",)
    assert house.ledger() == before
    assert house.levels("TEE") == {"SH": (5, 0)}
    house.prove()


def test_what_was_paid_in_advance_is_due_to_the_buyer(house: House) -> None:
    house.receive("SH", TEE=3)
    [order_id] = house.place(house.order(("TEE", 2), method="transfer"))
    [fo_id] = house.fos(order_id)
    house.ship(fo_id)
    back(house, fo_id)
    assert house.card(order_id).status == "cancelled"
    [due] = due_back(house.db)
    assert due.amount == house.card(order_id).paid
    with house.work() as uow:
        give_back(uow, order_id, "transfer")
    assert house.ledger().get("revenue") is None
    assert due_back(house.db) == []
    assert house.db.rows("SELECT on_hand FROM stock_level WHERE quality = 'qc'") == [(2,)]
    house.prove()


def test_one_parcel_of_two_comes_back_and_the_other_stays_sold(house: House) -> None:
    house.receive("SH", TEE=3)
    house.receive("GZ", CAP=3)
    [order_id] = house.place(house.order(("TEE", 1), ("CAP", 1), cod=True))
    first, second = house.fos(order_id)
    house.ship(first)
    house.ship(second)
    back(house, first)
    card = house.card(order_id)
    assert (card.status, card.payment) == ("shipped", "cod_pending")
    assert sorted(line.returned for line in card.lines) == [0, 1]
    house.prove()


def test_the_other_parcels_money_settles_an_order_of_which_one_parcel_came_back(house: House) -> None:
    house.receive("SH", TEE=3)
    house.receive("GZ", CAP=3)
    [order_id] = house.place(house.order(("TEE", 1), ("CAP", 1), freight=801, cod=True))
    first, second = house.fos(order_id)
    house.ship(first)
    house.ship(second)
    back(house, first)
    with house.work() as uow:
        due = orders.due(uow, order_id).minor
        done = remit(uow, "sf", "S1", [Handed(house.card(order_id).number, due)], house.environment.now())
    assert done.total == due
    assert house.card(order_id).payment == "cod_remitted"
    assert "cod_receivable" not in house.ledger()
    house.prove()


@pytest.mark.parametrize("told", [True, False])
def test_the_door_is_paid_when_the_last_parcel_on_its_way_turns_back(house: House, told: bool) -> None:
    house.receive("SH", TEE=3)
    house.receive("GZ", CAP=3)
    [order_id] = house.place(house.order(("TEE", 1), ("CAP", 1), cod=True))
    first, second = house.fos(order_id)
    waybills = {}
    for fo_id in (first, second):
        house.ship(fo_id)
        waybills[fo_id] = house.db.rows("SELECT id FROM waybill WHERE fo_id = ?", (fo_id,))[0][0]
    with house.work("carrier:sf") as uow:
        fulfillment.deliver(uow, waybills[first], "signed for")
    assert house.card(order_id).payment == "cod_pending"
    if told:
        with house.work("carrier:sf") as uow:
            turn_back(uow, waybills[second], "refused")
        assert house.card(order_id).payment == "cod_collected"
    back(house, second)
    assert house.card(order_id).payment == "cod_collected"
    house.prove()


def test_a_cancelled_unit_is_not_waited_for_at_the_door(house: House) -> None:
    house.receive("SH", PEN=3)
    [order_id] = house.place(house.order(house.line("PEN", 3, 10000), cod=True))
    with house.work() as uow:
        orders.cancel(uow, order_id, dict.fromkeys(house.line_ids(order_id), 1), "buyer")
    house.ship(house.fos(order_id)[0])
    with house.work() as uow:
        remit(uow, "sf", "S1", [Handed(house.card(order_id).number, 6667)], house.environment.now())
    assert house.card(order_id).payment == "cod_remitted"
    assert "cod_receivable" not in house.ledger()
    house.prove()


def test_it_comes_back_once_and_never_from_a_buyers_hands(house: House) -> None:
    house.receive("SH", TEE=3)
    [order_id] = house.place(house.order(("TEE", 1)))
    [fo_id] = house.fos(order_id)
    with pytest.raises(DomainError, match="on its way"):
        back(house, fo_id)
    house.ship(fo_id)
    back(house, fo_id)
    with pytest.raises(DomainError, match="returned"):
        back(house, fo_id)
    [order_id] = house.place(house.order(("TEE", 1)))
    [fo_id] = house.fos(order_id)
    house.ship(fo_id)
    with house.work() as uow:
        uow.db.change("UPDATE fulfillment_order SET state = 'delivered' WHERE id = ?", (fo_id,))
    with pytest.raises(DomainError, match="on its way"):
        back(house, fo_id)


def test_the_cost_comes_back_to_the_fen(house: House) -> None:
    house.receive("SH", TEE=1)
    with house.work() as uow:
        uow.db.change("UPDATE stock_level SET on_hand = on_hand")
    [order_id] = house.place(house.order(("TEE", 1), cod=True))
    [fo_id] = house.fos(order_id)
    worth = house.ledger()["inventory"]
    house.ship(fo_id)
    back(house, fo_id)
    assert house.ledger()["inventory"] == worth
    house.prove()
