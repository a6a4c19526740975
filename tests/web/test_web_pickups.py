"""Goods handed over by page: the queue, the code, the counter sale that the books cannot follow, the pickup nobody wants."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from orderyard.app import System
from orderyard.core.catalog.queries import items_by_code, shop
from orderyard.core.customers.service import CustomerFacts
from orderyard.core.kernel.values import Address
from orderyard.core.orders.api import Reach
from orderyard.core.orders.intake import DraftLine, OrderDraft, place

Enter = Callable[..., Any]


def kept(system: System, number: str, units: int, reach: Reach = Reach.PICKUP, *, cod: bool = False, code: str = "4711") -> int:
    """So many mugs to change hands in the Shanghai warehouse; the order's id."""
    with system.installation.unit_of_work("test") as uow:
        item = items_by_code(uow.db, ["MUG-WHT"])["MUG-WHT"]
        [(warehouse,)] = uow.db.rows("SELECT id FROM warehouse WHERE code = 'SH'")
        draft = OrderDraft(
            shop(uow.db, 1), number, number, "channel", uow.now, uow.now, CustomerFacts(1, name="林晓"), Address(name="林晓"),
            (DraftLine(item.title, units, 6900, 6900 * units, item),), received=0 if cod else 6900 * units, payment_key=number,
            cod=cod, reach=reach, warehouse_id=warehouse, pickup_code=code,
        )  # fmt: skip
        [order_id] = place(uow, [draft])
    return order_id


def status(system: System, order_id: int) -> str:
    [(found,)] = system.installation.db.rows("SELECT status FROM sales_order WHERE id = ?", (order_id,))
    return str(found)


@pytest.fixture
def pickup(system: System) -> int:
    return kept(system, "ST-1", 1)


def test_the_code_brings_the_goods(enter: Enter, system: System, pickup: int) -> None:
    desk = enter("warehouse")
    page = desk.get(f"/orders/{pickup}").text
    assert "Picked up by the buyer" in page
    assert "4711" not in page  # the buyer brings the code, the page never tells it
    assert "ST-1" in desk.get("/pickups/").text
    refused = desk.post(f"/pickups/{pickup}/hand-over", page=f"/orders/{pickup}", code="4712")
    assert "not the code" in refused.text
    assert status(system, pickup) == "to_ship"
    desk.post(f"/pickups/{pickup}/hand-over", page=f"/orders/{pickup}", code="4711")
    assert status(system, pickup) == "completed"
    assert "The buyer has the goods." in desk.get(f"/orders/{pickup}").text
    assert "ST-1" not in desk.get("/pickups/").text
    assert system.verify() == []


def test_what_is_due_is_paid_at_the_counter(enter: Enter, system: System) -> None:
    order_id = kept(system, "ST-2", 1, cod=True)
    desk = enter("warehouse")
    assert "To be paid at pickup" in desk.get(f"/orders/{order_id}").text
    desk.post(f"/pickups/{order_id}/hand-over", page=f"/orders/{order_id}", code="4711", method="card")
    assert status(system, order_id) == "completed"
    assert system.installation.db.rows("SELECT amount, method FROM payment WHERE order_id = ?", (order_id,)) == [(6900, "card")]
    assert system.verify() == []


def test_a_counter_sale_the_books_cannot_follow_is_settled_by_a_person(enter: Enter, system: System) -> None:
    order_id = kept(system, "ST-3", 500, Reach.COUNTER)
    assert status(system, order_id) == "pending_review"  # over the amount limit, too
    desk = enter("admin")
    assert "ST-3" in desk.get("/pickups/?list=counter").text
    assert "counter sale" in desk.get("/").text
    desk.post(f"/orders/{order_id}/approve", page=f"/orders/{order_id}")
    desk.post(f"/pickups/{order_id}/hand-over", page=f"/orders/{order_id}")
    assert status(system, order_id) == "to_ship"  # too few in the books
    assert system.verify() == []


def test_nobody_comes(enter: Enter, system: System, clock: Any, pickup: int) -> None:
    clock.move(days=7)
    desk = enter("supervisor")
    assert "ST-1" in desk.get("/pickups/?list=late").text
    desk.post(f"/pickups/{pickup}/give-up", page=f"/orders/{pickup}", because="moved away")
    assert status(system, pickup) == "cancelled"
    page = desk.get(f"/orders/{pickup}").text
    assert "69.00 is to be given back" in page
    assert "/ledger/giving-back/" in page
    assert system.verify() == []


def test_who_only_looks_hands_nothing_over(enter: Enter, system: System, pickup: int) -> None:
    assert enter("viewer").post(f"/pickups/{pickup}/hand-over", page="/", code="4711").status_code == 403
    assert status(system, pickup) == "to_ship"


def test_a_prepared_pickup_is_no_parcel_to_ship(enter: Enter, system: System, pickup: int) -> None:
    desk = enter("warehouse")
    before = re.search(r"Ship (\d+) packed", desk.text("/"))
    with system.installation.unit_of_work("test") as uow:
        uow.db.change(
            "UPDATE fulfillment_order SET state = 'packed' WHERE id IN (SELECT fo_id FROM fo_line WHERE order_id = ?)",
            (pickup,),
        )
    after = re.search(r"Ship (\d+) packed", desk.text("/"))
    assert (before and before[0]) == (after and after[0])
