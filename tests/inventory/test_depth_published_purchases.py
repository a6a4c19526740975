"""Goods that suppliers owe: ordered, late, come in parts, or never."""

from __future__ import annotations

import pytest

from orderyard.core.inventory import purchasing
from orderyard.core.inventory.purchasing import Arrival, Expected, Ordered, PurchaseState
from orderyard.core.kernel.errors import DomainError, Duplicate
from orderyard.core.testing.builders import House


def order(house: House, due_on: str = "2026-12-01", key: str = "P1", cost: int = 3000, **units: int) -> int:
    with house.work() as uow:
        row = uow.db.row("SELECT id FROM supplier WHERE code = 'MILL'")
        supplier = row[0] if row else purchasing.add_supplier(uow, "MILL", "The mill")
        lines = [Ordered(house.items[code].sku_id, count, cost) for code, count in units.items()]
        return purchasing.place_purchase(uow, supplier, house.warehouses["SH"], lines, due_on, key=key)


def come(house: House, purchase_id: int, key: str = "D1", cost: int | None = None, **units: int) -> None:
    with house.work() as uow:
        arrivals = [Arrival(house.items[code].sku_id, count, cost) for code, count in units.items()]
        purchasing.receive_purchase(uow, purchase_id, arrivals, key=key)


def owed(house: House, due_before: str = "") -> list[tuple[str, str, int, str]]:
    with house.db.connection():
        rows: list[Expected] = purchasing.expected(house.db, due_before=due_before)
    return [(row.number, row.sku, row.missing, row.due_on) for row in rows]


def test_a_purchase_is_owed_until_everything_came(house: House) -> None:
    purchase = order(house, TEE=10, CAP=5)
    assert owed(house) == [("PO00000001", "CAP", 5, "2026-12-01"), ("PO00000001", "TEE", 10, "2026-12-01")]
    come(house, purchase, "D1", TEE=4)
    assert owed(house) == [("PO00000001", "CAP", 5, "2026-12-01"), ("PO00000001", "TEE", 6, "2026-12-01")]
    come(house, purchase, "D2", TEE=6, CAP=5)
    assert owed(house) == []
    assert purchasing.states(house.db, [purchase]) == {purchase: PurchaseState.RECEIVED}
    assert house.levels("TEE") == {"SH": (10, 0)}
    house.prove()


def test_units_cost_what_was_agreed_or_what_the_delivery_says(house: House) -> None:
    purchase = order(house, TEE=10)
    come(house, purchase, "D1", TEE=4)
    come(house, purchase, "D2", cost=3500, TEE=2)
    assert house.db.row("SELECT value FROM stock_level") == (4 * 3000 + 2 * 3500,)
    assert house.ledger()["inventory"] == 19000
    house.prove()


def test_whoever_waits_is_served_by_a_delivery(house: House) -> None:
    [waiting] = house.place(house.order(("TEE", 3)))
    come(house, order(house, TEE=10), TEE=4)
    assert house.fo_state(house.fos(waiting)[0]) == "allocated"
    house.prove()


def test_what_was_due_before_today_is_overdue(house: House) -> None:
    order(house, "2026-11-20", "P1", TEE=1)
    order(house, "2026-11-22", "P2", CAP=1)
    with house.db.connection():
        assert [row.number for row in purchasing.overdue(house.db, "2026-11-22")] == ["PO00000001"]
        assert [row.number for row in purchasing.overdue(house.db, "2026-11-23")] == ["PO00000001", "PO00000002"]
    with house.work() as uow:
        purchasing.postpone(uow, 1, "2026-12-24", "the mill burned")
    with house.db.connection():
        assert [row.number for row in purchasing.overdue(house.db, "2026-11-23")] == ["PO00000002"]


def test_what_does_not_come_is_owed_no_more(house: House) -> None:
    purchase = order(house, TEE=10)
    come(house, purchase, TEE=4)
    with house.work() as uow:
        purchasing.close_purchase(uow, purchase, "the mill is bankrupt")
    assert owed(house) == []
    with pytest.raises(DomainError, match="is closed"):
        come(house, purchase, "D2", TEE=1)
    house.prove()


def test_more_than_was_ordered_is_refused(house: House) -> None:
    purchase = order(house, TEE=10)
    come(house, purchase, TEE=4)
    with pytest.raises(DomainError, match="7 came, 6 are missing"):
        come(house, purchase, "D2", TEE=7)
    with pytest.raises(DomainError, match="CAP was not ordered"):
        come(house, purchase, "D2", CAP=1)
    assert house.levels("TEE") == {"SH": (4, 0)}


def test_the_same_delivery_counts_once(house: House) -> None:
    purchase = order(house, TEE=10)
    come(house, purchase, "D1", TEE=4)
    with pytest.raises(Duplicate):
        come(house, purchase, "D1", TEE=4)
    assert owed(house) == [("PO00000001", "TEE", 6, "2026-12-01")]
    with pytest.raises(Duplicate):
        order(house, TEE=10)
    house.prove()


@pytest.mark.parametrize(
    ("units", "due_on", "says"),
    [
        ({}, "2026-12-01", "nothing to order"),
        ({"TEE": 0}, "2026-12-01", "at least 1"),
        ({"SET": 1}, "2026-12-01", "is a kit"),
        ({"TEE": 1}, "tomorrow", "write it as"),
    ],
)
def test_a_purchase_that_cannot_be_is_refused(house: House, units: dict[str, int], due_on: str, says: str) -> None:
    with pytest.raises(DomainError, match=says):
        order(house, due_on, **units)
