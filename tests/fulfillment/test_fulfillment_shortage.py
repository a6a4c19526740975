"""Whoever waits although there is stock is found by the round: the offer at the moment it became free passed them by."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from orderyard.core.fulfillment import service as fulfillment
from orderyard.core.inventory import tracking
from orderyard.core.inventory.api import Place, StockFreed
from orderyard.core.inventory.locks import lock
from orderyard.core.inventory.service import Receipt, receive
from orderyard.core.orders.api import HoldCode
from orderyard.core.testing.builders import House


@pytest.fixture
def deaf(house: House) -> House:
    """Nobody hears that stock became free, as when somebody else held it at that moment."""
    del house.system.installation.wiring.listeners[(StockFreed,)]
    house.system.installation.wiring.__post_init__()
    return house


def state(house: House, order_id: int) -> str:
    [fo_id] = house.fos(order_id)
    return house.fo_state(fo_id)


def test_who_was_passed_by_is_served_by_the_round(deaf: House) -> None:
    [order_id] = deaf.place(deaf.order(("TEE", 3), ("CAP", 1)))
    deaf.receive("SH", TEE=5, CAP=5)
    assert state(deaf, order_id) == "planned"
    [fo_id] = deaf.fos(order_id)
    assert deaf.system.offer() == [fo_id]
    assert state(deaf, order_id) == "allocated"
    assert deaf.holds(fo_id, "fo") == []
    assert deaf.system.offer() == []
    deaf.prove()


def test_the_round_serves_in_the_order_of_payment(deaf: House) -> None:
    moment = deaf.environment.moment
    late, early = deaf.place(
        deaf.order(("TEE", 3), paid_at=moment), deaf.order(("TEE", 3), paid_at=moment - timedelta(hours=1))
    )
    deaf.receive("SH", TEE=5)
    assert deaf.system.offer() == deaf.fos(early)
    assert (state(deaf, early), state(deaf, late)) == ("allocated", "planned")
    deaf.prove()


def test_what_is_still_short_keeps_its_hold_and_what_it_could_get(deaf: House) -> None:
    [order_id] = deaf.place(deaf.order(("TEE", 3), ("CAP", 1)))
    deaf.receive("SH", TEE=3)
    assert deaf.system.offer() == []
    [fo_id] = deaf.fos(order_id)
    assert deaf.levels("TEE")["SH"] == (3, 3)
    assert deaf.holds(fo_id, "fo") == [HoldCode.OUT_OF_STOCK]
    deaf.prove()


def test_units_that_another_shop_has_locked_are_no_reason_to_look(deaf: House) -> None:
    deaf.receive("SH", TEE=5)
    with deaf.work() as uow:
        lock(uow, deaf.shops["cn2"].id, deaf.items["TEE"].sku_id, deaf.warehouses["SH"], 5)
    [order_id] = deaf.place(deaf.order(("TEE", 1)))
    assert deaf.system.offer() == []
    assert state(deaf, order_id) == "planned"
    deaf.prove()


def test_units_that_the_shop_has_locked_for_itself_are_offered(deaf: House) -> None:
    [order_id] = deaf.place(deaf.order(("TEE", 2)))
    deaf.receive("SH", TEE=5)
    with deaf.work() as uow:
        lock(uow, deaf.shops["cn"].id, deaf.items["TEE"].sku_id, deaf.warehouses["SH"], 5)
    assert deaf.system.offer() == deaf.fos(order_id)
    assert state(deaf, order_id) == "allocated"
    deaf.prove()


def test_several_lots_together_are_enough(deaf: House) -> None:
    tee, sh = deaf.items["TEE"].sku_id, deaf.warehouses["SH"]
    with deaf.work() as uow:
        tracking.track(uow, tee, lots=True)
    [order_id] = deaf.place(deaf.order(("TEE", 2)))
    with deaf.work() as uow:
        receipts = [Receipt(tee, 1, 100, lot=lot, expires_on="2027-12-31") for lot in ("A", "B")]
        receive(uow, sh, receipts, source=Place.SUPPLIER, document=1, key="LOTS", text="two lots")
    assert deaf.system.offer() == deaf.fos(order_id)
    assert state(deaf, order_id) == "allocated"
    deaf.prove()


def test_an_offer_passes_by_whom_somebody_works_on_and_the_round_finds_them(house: House) -> None:
    [order_id] = house.place(house.order(("TEE", 2)))
    [fo_id] = house.fos(order_id)
    if house.db.sqlite:
        pytest.skip("one writer at a time: nobody is ever passed by")
    held, done = threading.Event(), threading.Event()

    def work_on_it() -> None:
        with house.work("person:bob") as uow:
            fulfillment.held(uow, [fo_id])
            held.set()
            assert done.wait(30)
        house.db.release()

    somebody = threading.Thread(target=work_on_it)
    somebody.start()
    assert held.wait(30)
    try:
        house.receive("SH", TEE=5)
        assert state(house, order_id) == "planned"
    finally:
        done.set()
        somebody.join()
    assert house.system.offer() == [fo_id]
    assert state(house, order_id) == "allocated"
    house.prove()
