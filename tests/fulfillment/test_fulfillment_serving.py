"""Many that wait, served by one receipt: in order of payment, as if one by one, by a fixed number of statements."""

from __future__ import annotations

from datetime import timedelta

from orderyard.core.orders.api import HoldCode
from orderyard.core.testing.builders import AT, House


def wait(house: House, count: int, *lines: tuple[str, int]) -> list[int]:
    """Fulfillment orders that wait for stock, the last one paid first."""
    fos = []
    for place in range(count):
        [order_id] = house.place(house.order(*lines, paid_at=AT - timedelta(minutes=place)))
        fos += house.fos(order_id)
    return fos


def test_who_paid_first_is_served_first(house: House) -> None:
    fos = wait(house, 5, ("TEE", 2))
    house.receive("SH", TEE=7)
    assert [house.fo_state(fo_id) for fo_id in fos] == ["planned", "planned", "allocated", "allocated", "allocated"]
    assert [house.holds(fo_id, "fo") for fo_id in fos[1:3]] == [[HoldCode.OUT_OF_STOCK], []]
    assert house.levels("TEE")["SH"] == (7, 7)
    house.prove()


def test_each_moves_to_the_warehouse_that_has_all_of_it(house: House) -> None:
    fos = wait(house, 3, ("TEE", 1), ("CAP", 1))
    house.receive("GZ", CAP=5)
    house.receive("GZ", TEE=2)
    assert sorted(house.fo_state(fo_id) for fo_id in fos) == ["allocated", "allocated", "planned"]
    assert house.levels("TEE")["GZ"] == (2, 2)
    house.prove()


def test_kits_are_served_whole_while_single_goods_take_what_is_there(house: House) -> None:
    kits, caps = wait(house, 1, ("SET", 2)), wait(house, 1, ("CAP", 3))
    house.receive("SH", TEE=3, CAP=3)
    rows = house.db.rows("SELECT quantity, reserved FROM fo_line WHERE fo_id = ? ORDER BY quantity", (kits[0],))
    assert rows == [(2, 1), (4, 2)]
    assert house.db.rows("SELECT quantity, reserved FROM fo_line WHERE fo_id = ?", (caps[0],)) == [(3, 2)]
    house.prove()


def test_statements_do_not_grow_with_those_who_wait(house: House) -> None:
    counts = []
    house.receive("SH", MUG=1)
    house.place(house.order(("MUG", 1)))
    for count in (2, 20):
        wait(house, count, ("MUG", 1))
        seen: list[str] = []
        house.db.observers.append(seen.append)
        house.receive("SH", MUG=count)
        house.db.observers.remove(seen.append)
        counts.append(len(seen))
    assert counts[0] == counts[1]
    house.prove()


def test_a_kit_takes_nothing_of_what_a_line_before_it_took(house: House) -> None:
    house.receive("SH", CAP=1)
    [order_id] = house.place(house.order(("TEE", 1), ("SET", 1)))
    [fo_id] = house.fos(order_id)
    house.receive("SH", TEE=2)
    rows = house.db.rows(
        "SELECT k.code, f.reserved FROM fo_line f JOIN sku k ON k.id = f.sku_id WHERE f.fo_id = ? ORDER BY f.id", (fo_id,)
    )
    assert rows == [("TEE", 1), ("TEE", 0), ("CAP", 0)], "half a kit is no kit"
    house.prove()
    house.receive("SH", TEE=1)
    assert house.fo_state(fo_id) == "allocated"
    house.prove()
