"""Splitting fulfillment orders, and what stays true: kits whole, reservations with their units, lineage written down."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from orderyard.core.fulfillment import service as fulfillment
from orderyard.core.fulfillment import split
from orderyard.core.fulfillment.merging import lineage
from orderyard.core.kernel.errors import DomainError
from orderyard.core.testing.builders import House, codes


def placed(house: House, *lines: tuple[str, int], **order: object) -> tuple[int, int, dict[str, int]]:
    """An order with one fulfillment order; both, and its lines by SKU code, kit lines among them."""
    [order_id] = house.place(house.order(*lines, **order))
    [fo_id] = house.fos(order_id)
    ids = dict(
        house.db.rows(
            "SELECT k.code, l.id FROM order_line l JOIN sku k ON k.id = l.sku_id WHERE l.order_id = ? ORDER BY l.no DESC",
            (order_id,),
        )
    )
    return order_id, fo_id, ids


def units(house: House, fo_id: int) -> dict[str, tuple[int, int]]:
    """(units, reserved) by SKU code."""
    rows = house.db.rows(
        "SELECT k.code, SUM(x.quantity), SUM(x.reserved) FROM fo_line x JOIN sku k ON k.id = x.sku_id WHERE x.fo_id = ? "
        "GROUP BY k.code ORDER BY k.code",
        (fo_id,),
    )
    return {row[0]: (int(row[1]), int(row[2])) for row in rows}


def warehouse(house: House, fo_id: int) -> str:
    [(code,)] = house.db.rows(
        "SELECT w.code FROM fulfillment_order f JOIN warehouse w ON w.id = f.warehouse_id WHERE f.id = ?", (fo_id,)
    )
    return str(code)


def test_units_are_split_off_with_what_is_reserved_for_them(house: House) -> None:
    house.receive("SH", TEE=5, CAP=1)
    order_id, fo_id, line = placed(house, ("TEE", 5), ("CAP", 1))
    with house.work() as uow:
        new = split.split_quantity(uow, fo_id, {line["TEE"]: 2}, "two parcels")
    assert house.fos(order_id) == [fo_id, new]
    assert units(house, fo_id) == {"CAP": (1, 1), "TEE": (3, 3)}
    assert units(house, new) == {"TEE": (2, 2)}
    assert [house.fo_state(one) for one in (fo_id, new)] == ["allocated", "allocated"]
    assert [(one.source, one.target, one.kind, one.quantity) for one in lineage(house.db, new)] == [
        (fulfillment.fo_number(fo_id), fulfillment.fo_number(new), "split", 2)
    ]
    house.prove()


def test_of_a_short_line_what_is_missing_goes_first(house: House) -> None:
    house.receive("SH", TEE=3)
    _, fo_id, line = placed(house, ("TEE", 5))
    with house.work() as uow:
        new = split.split_quantity(uow, fo_id, {line["TEE"]: 2}, "send what is there")
    assert (units(house, fo_id), house.fo_state(fo_id)) == ({"TEE": (3, 3)}, "allocated")
    assert (units(house, new), house.fo_state(new)) == ({"TEE": (2, 0)}, "planned")
    assert codes(house.holds(new, "fo")) == ["out_of_stock"]
    assert house.holds(fo_id, "fo") == []
    house.prove()
    house.receive("SH", TEE=2)
    assert house.fo_state(new) == "allocated"
    house.prove()


def test_what_is_missing_is_split_off_by_itself(house: House) -> None:
    house.receive("SH", TEE=3, CAP=1)
    _, fo_id, _ = placed(house, ("TEE", 5), ("CAP", 2))
    with house.work() as uow:
        new = split.split_missing(uow, fo_id, "send what is there")
    assert units(house, fo_id) == {"CAP": (1, 1), "TEE": (3, 3)}
    assert units(house, new) == {"CAP": (1, 0), "TEE": (2, 0)}
    with pytest.raises(DomainError, match="is allocated and misses nothing"), house.work() as uow:
        split.split_missing(uow, fo_id, "again")
    house.prove()


def test_lines_are_split_off_whole(house: House) -> None:
    house.receive("SH", TEE=9, CAP=9, MUG=9)
    _, fo_id, line = placed(house, ("TEE", 2), ("SET", 2), ("MUG", 1))
    with house.work() as uow:
        new = split.split_lines(uow, fo_id, [line["SET"], line["MUG"]], "the set goes by itself")
    assert units(house, fo_id) == {"TEE": (2, 2)}
    assert units(house, new) == {"CAP": (2, 2), "MUG": (1, 1), "TEE": (4, 4)}
    house.prove()


def test_kits_are_split_in_whole_sets(house: House) -> None:
    house.receive("SH", TEE=9, CAP=9)
    _, fo_id, line = placed(house, ("SET", 3))
    with house.work() as uow:
        new = split.split_quantity(uow, fo_id, {line["SET"]: 1}, "one set today")
    assert units(house, fo_id) == {"CAP": (2, 2), "TEE": (4, 4)}
    assert units(house, new) == {"CAP": (1, 1), "TEE": (2, 2)}
    house.prove()


def test_units_move_to_another_warehouse_and_are_reserved_there(house: House) -> None:
    house.receive("SH", TEE=5)
    house.receive("GZ", TEE=1)
    _, fo_id, line = placed(house, ("TEE", 3))
    with house.work() as uow:
        new = split.split_to_warehouse(uow, fo_id, {line["TEE"]: 2}, "GZ", "it is on its way to the south")
    assert (warehouse(house, fo_id), warehouse(house, new)) == ("SH", "GZ")
    assert house.levels("TEE") == {"GZ": (1, 1), "SH": (5, 1)}
    assert house.fo_state(new) == "planned"
    house.receive("GZ", TEE=1)
    assert house.fo_state(new) == "allocated"
    house.prove()


def test_a_whole_fulfillment_order_moves_and_keeps_its_number(house: House) -> None:
    house.receive("SH", TEE=5)
    house.receive("GZ", TEE=5)
    _, fo_id, _ = placed(house, ("TEE", 3))
    with house.work() as uow:
        assert split.split_to_warehouse(uow, fo_id, None, "GZ", "SH is closed") == fo_id
    assert (warehouse(house, fo_id), house.fo_state(fo_id)) == ("GZ", "allocated")
    assert house.levels("TEE") == {"GZ": (5, 3), "SH": (5, 0)}
    house.prove()


@pytest.mark.parametrize(
    ("state", "target", "what", "remedy"),
    [
        ("allocated", "XX", "warehouse 'XX' does not serve the shop", "these do: BJ, GZ, SH"),
        ("allocated", "SH", "is in SH already", "choose another warehouse"),
        ("released", "GZ", "is released", "only what is not released yet changes its warehouse"),
    ],
)
def test_a_warehouse_that_cannot_be_is_refused(house: House, state: str, target: str, what: str, remedy: str) -> None:
    house.receive("SH", TEE=5)
    _, fo_id, _ = placed(house, ("TEE", 3))
    if state == "released":
        house.release(fo_id)
    with pytest.raises(DomainError, match=what) as refused, house.work() as uow:
        split.split_to_warehouse(uow, fo_id, None, target, "because")
    assert refused.value.remedy == remedy


def test_after_release_each_part_has_a_waybill_of_its_own(house: House) -> None:
    house.receive("SH", TEE=5)
    order_id, fo_id, line = placed(house, ("TEE", 5))
    house.release(fo_id)
    house.label(fo_id)
    house.pack(fo_id)
    with house.work() as uow:
        new = split.split_quantity(uow, fo_id, {line["TEE"]: 2}, "it does not fit into one box")
    assert [house.fo_state(one) for one in (fo_id, new)] == ["packed", "packed"]
    house.label(new)
    for one in (fo_id, new):
        with house.work() as uow:
            fulfillment.ship(uow, one)
    assert house.card(order_id).status == "shipped"
    house.prove()


def test_a_part_of_a_cash_on_delivery_parcel_collects_less(house: House) -> None:
    house.receive("SH", TEE=5)
    _, fo_id, line = placed(house, ("TEE", 5), cod=True)
    house.release(fo_id)
    house.label(fo_id)
    with house.work() as uow:
        new = split.split_quantity(uow, fo_id, {line["TEE"]: 2}, "two boxes")
    states = house.db.rows("SELECT state FROM waybill WHERE fo_id = ? ORDER BY id", (fo_id,))
    assert states == [("voided",), ("requested",)]
    cod = [house.system.carriers.booking(one).cod for one in (fo_id, new)]
    assert [str(money) for money in cod] == ["297.00 CNY", "198.00 CNY"]
    house.prove()


@pytest.mark.parametrize(
    ("wanted", "what"),
    [
        ({}, "nothing is to be split off"),
        ({"TEE": 9}, "9 units of TEE, it has 2"),
        ({"TEE": 0}, "0 units of TEE"),
        ({"TEE": -1}, "-1 units of TEE"),
        ({"TEE": 2, "CAP": 1, "MUG": 1}, "nothing would stay behind"),
        ({"CAP": 1}, "the kit of line 2 would be torn apart"),
        ({"?": 1, "TEE": 5}, "line 99999 is not in it; 5 units of TEE, it has 2"),
    ],
)
def test_a_split_that_cannot_be_is_refused_with_every_reason(house: House, wanted: Mapping[str, int], what: str) -> None:
    house.receive("SH", TEE=9, CAP=9, MUG=9)
    [order_id] = house.place(house.order(("TEE", 2), house.line("DUO", 1)))
    [fo_id] = house.fos(order_id)
    rows = house.db.rows(
        "SELECT k.code, l.id, l.kit_line FROM order_line l JOIN sku k ON k.id = l.sku_id WHERE l.order_id = ? ORDER BY l.no",
        (order_id,),
    )
    single = next(row[1] for row in rows if row[0] == "TEE" and row[2] is None)
    parts = {row[0]: row[1] for row in rows if row[2] is not None}
    named = {"TEE": single, "CAP": parts["TEE"], "MUG": parts["MUG"], "?": 99999}
    with pytest.raises(DomainError, match=f"FO00000001 cannot be split: {what}") as refused, house.work() as uow:
        split.split_quantity(uow, fo_id, {named[name]: count for name, count in wanted.items()}, "because")
    assert refused.value.remedy == "correct the units, kits only whole"
    house.prove()


def test_what_has_left_is_not_split(house: House) -> None:
    house.receive("SH", TEE=5)
    _, fo_id, line = placed(house, ("TEE", 5))
    house.ship(fo_id)
    with pytest.raises(DomainError, match="it is shipped"), house.work() as uow:
        split.split_quantity(uow, fo_id, {line["TEE"]: 1}, "too late")
