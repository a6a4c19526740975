"""How many statements the hot paths take: the number is a promise, and grows with nothing but the tables touched."""

from __future__ import annotations

from collections.abc import Callable

from orderyard.core.fulfillment.service import ship
from orderyard.core.testing.builders import House, door

INTAKE = 20
TEN_TOGETHER = 4
SHIPPING = 25


def statements(house: House, work: Callable[[], object]) -> list[str]:
    """What `work` sends to the database, transaction marks left out."""
    seen: list[str] = []
    house.db.observers.append(seen.append)
    work()
    house.db.observers.clear()
    return seen


def stocked(house: House) -> House:
    for warehouse in house.warehouses:
        house.receive(warehouse, TEE=50, CAP=50, MUG=50)
    return house


def test_a_paid_order_of_three_lines_is_taken_in_whole(house: House) -> None:
    stocked(house)
    draft = house.order(("TEE", 1), ("CAP", 2), ("MUG", 1))
    sent = statements(house, lambda: house.place(draft))
    assert house.card(1).status == "to_ship"
    assert house.fo_state(house.fos(1)[0]) == "allocated"
    assert len(house.db.rows("SELECT 1 FROM ledger_entry WHERE kind = 'order'")) == 1
    assert len(sent) <= INTAKE, "\n".join(sent)


def test_ten_orders_together_take_hardly_more(house: House) -> None:
    stocked(house)
    one = len(statements(house, lambda: house.place(house.order(("TEE", 1), ("CAP", 2), ("MUG", 1)))))
    drafts = [house.order(("TEE", 1), ("CAP", 2), ("MUG", 1)) for _ in range(10)]
    ten = statements(house, lambda: house.place(*drafts))
    assert len(ten) <= one + TEN_TOGETHER, "\n".join(ten)


def test_shipping_a_parcel(house: House) -> None:
    stocked(house)
    [order_id] = house.place(house.order(("TEE", 1), ("CAP", 2), ("MUG", 1), to=door(1)))
    [fo_id] = house.fos(order_id)
    house.release(fo_id)
    house.label(fo_id)
    house.pack(fo_id)

    def leave() -> None:
        with house.work() as uow:
            ship(uow, fo_id)

    sent = statements(house, leave)
    assert house.fo_state(fo_id) == "shipped"
    assert len(sent) <= SHIPPING, "\n".join(sent)
