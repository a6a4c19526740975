"""Counters change only beside a move or a reservation, and never below what was promised."""

from __future__ import annotations

import pytest

from orderyard.core.catalog.service import meet_listings
from orderyard.core.inventory import service as inventory
from orderyard.core.inventory.api import Place
from orderyard.core.inventory.published import published
from orderyard.core.kernel.errors import DomainError, Duplicate, StockShort
from orderyard.core.testing.builders import House


def level(house: House, warehouse: str, code: str) -> int:
    row = house.db.row(
        "SELECT id FROM stock_level WHERE warehouse_id = ? AND sku_id = ?",
        (house.warehouses[warehouse], house.items[code].sku_id),
    )
    assert row is not None
    return int(row[0])


def worth(house: House, code: str) -> int:
    return int(house.db.rows("SELECT SUM(value) FROM stock_level WHERE sku_id = ?", (house.items[code].sku_id,))[0][0])


def test_a_receipt_moves_goods_in_at_cost(house: House) -> None:
    house.receive("SH", TEE=5, CAP=2)
    house.receive("SH", TEE=5)
    assert (house.levels("TEE"), worth(house, "TEE")) == ({"SH": (10, 0)}, 30010)
    assert house.ledger() == {"inventory": 33010, "payable": -33010}
    moves = house.db.rows(
        "SELECT source, target, quantity, cost FROM stock_move WHERE sku_id = ?", (house.items["TEE"].sku_id,)
    )
    assert [tuple(row) for row in moves] == [("supplier", "stock", 5, 15005), ("supplier", "stock", 5, 15005)]
    house.prove()


def test_the_same_receipt_is_booked_once(house: House) -> None:
    house.receive("SH", key="DN-1", TEE=5)
    with pytest.raises(Duplicate, match="delivery to SH: DN-1 was booked already"):
        house.receive("SH", key="DN-1", TEE=5)
    assert house.levels("TEE") == {"SH": (5, 0)}
    house.prove()


def test_the_same_receipt_with_other_goods_in_it_is_still_the_same(house: House) -> None:
    house.receive("SH", key="DN-1", CAP=5)
    with pytest.raises(Duplicate):
        house.receive("SH", key="DN-1", TEE=5)
    assert house.levels("TEE") == {}


def test_one_sku_may_stand_twice_on_a_receipt(house: House) -> None:
    tee = house.items["TEE"].sku_id
    with house.work() as uow:
        receipts = [inventory.Receipt(tee, 2, 100), inventory.Receipt(tee, 3, 200)]
        inventory.receive(uow, house.warehouses["SH"], receipts, source=Place.OPENING, document=1, key="O1", text="opening")
    assert (house.levels("TEE"), worth(house, "TEE")) == ({"SH": (5, 0)}, 800)
    house.prove()


@pytest.mark.parametrize(("units", "cost"), [(0, 1), (-1, 1), (1, -1)])
def test_an_impossible_receipt_is_refused(house: House, units: int, cost: int) -> None:
    receipts = [inventory.Receipt(house.items["TEE"].sku_id, units, cost)]
    with pytest.raises(DomainError), house.work() as uow:
        inventory.receive(uow, 1, receipts, source=Place.SUPPLIER, document=1, key="X", text="x")
    assert house.levels("TEE") == {}


def test_an_empty_receipt_is_refused_by_name(house: House) -> None:
    with pytest.raises(DomainError, match="nothing"), house.work() as uow:
        inventory.receive(uow, 1, [], source=Place.SUPPLIER, document=1, key="X", text="x")


def test_a_receipt_serves_those_who_wait_in_order_of_payment(house: House) -> None:
    ids = house.place(*[house.order(("TEE", 2)) for _ in range(3)])
    assert [house.card(order_id).status for order_id in ids] == ["to_ship"] * 3
    house.receive("SH", TEE=5)
    states = [house.fo_state(house.fos(order_id)[0]) for order_id in ids]
    assert states == ["allocated", "allocated", "planned"]
    assert house.levels("TEE") == {"SH": (5, 5)}
    [row] = house.db.rows("SELECT reserved FROM fo_line WHERE order_id = ?", (ids[2],))
    assert row[0] == 1
    house.receive("SH", TEE=1)
    assert house.fo_state(house.fos(ids[2])[0]) == "allocated"
    house.prove()


def test_a_waiting_order_with_nothing_yet_moves_to_the_warehouse_that_can_serve_it_whole(house: House) -> None:
    [order_id] = house.place(house.order(("TEE", 2), ("CAP", 1)))
    house.receive("BJ", TEE=2, CAP=1)
    [fo_id] = house.fos(order_id)
    assert house.fo_state(fo_id) == "allocated"
    assert house.db.row("SELECT warehouse_id FROM fulfillment_order WHERE id = ?", (fo_id,)) == (house.warehouses["BJ"],)
    house.prove()


def test_only_free_units_are_written_off(house: House) -> None:
    house.receive("SH", TEE=5)
    house.place(house.order(("TEE", 3)))
    tee = level(house, "SH", "TEE")
    with pytest.raises(StockShort, match="3 wanted, 2 free"), house.work() as uow:
        inventory.write_off(uow, tee, 3, key="L1", because="torn")
    with house.work() as uow:
        inventory.write_off(uow, tee, 2, key="L1", because="torn")
    with pytest.raises(Duplicate, match="L1"), house.work() as uow:
        inventory.write_off(uow, tee, 1, key="L1", because="torn")
    with pytest.raises(DomainError, match="no stock level 999"), house.work() as uow:
        inventory.write_off(uow, 999, 1, key="L2", because="torn")
    assert house.levels("TEE") == {"SH": (3, 3)}
    assert house.ledger()["stock_loss"] == 6002
    house.prove()


def test_value_leaves_with_the_units_and_no_fen_stays_behind(house: House) -> None:
    house.receive("SH", PEN=1)
    with house.work() as uow:
        receipts = [inventory.Receipt(house.items["PEN"].sku_id, 2, 33)]
        inventory.receive(uow, house.warehouses["SH"], receipts, source=Place.SUPPLIER, document=1, key="B", text="b")
    for order_id in house.place(*[house.order(("PEN", 1)) for _ in range(3)]):
        house.ship(house.fos(order_id)[0])
    costs = [row[0] for row in house.db.rows("SELECT cost FROM stock_move WHERE target = 'customer' ORDER BY id")]
    assert costs == [55, 55, 56]
    assert worth(house, "PEN") == 0
    house.prove()


def test_more_is_never_reserved_than_is_free(house: House) -> None:
    house.receive("SH", TEE=2)
    with house.work() as uow:
        [tee] = inventory.lock_levels(uow, [house.items["TEE"].sku_id], [house.shops["cn"].id])
    with pytest.raises(StockShort), house.work() as uow:
        inventory.reserve(uow, [inventory.Want("fo_line", 1, tee, 2), inventory.Want("fo_line", 2, tee, 1)])
    assert house.levels("TEE") == {"SH": (2, 0)}
    assert house.db.rows("SELECT 1 FROM reservation") == []


def test_what_is_published_follows_the_formula(house: House) -> None:
    shop = house.shops["cn"].id
    house.receive("SH", TEE=10, CAP=3)
    house.receive("GZ", TEE=4)
    with house.work() as uow:
        codes = ("TEE", "CAP", "SET", "MUG", "GHOST")
        meet_listings(uow, shop, {(code, ""): (code, code) for code in codes})
        inventory.serve(uow, shop, [house.warehouses["GZ"]], safety=5)
    wanted = {one.merchant_code: one.wanted for one in published(house.db, shop)}
    assert wanted == {"TEE": 10, "CAP": 3, "SET": 3, "MUG": 0}
    house.place(house.order(("TEE", 5)))
    with house.work() as uow:
        uow.db.change("UPDATE listing SET percent = 50, plus = 1, maximum = 2 WHERE merchant_code = 'CAP'")
        uow.db.change("UPDATE listing SET paused = ? WHERE merchant_code = 'MUG'", (True,))
    wanted = {one.merchant_code: one.wanted for one in published(house.db, shop)}
    assert wanted == {"TEE": 5, "CAP": 2, "SET": 2, "MUG": 0}
    only = [one.merchant_code for one in published(house.db, shop, [house.items["TEE"].sku_id])]
    assert sorted(only) == ["SET", "TEE"]
    assert published(house.db, shop, []) == []
