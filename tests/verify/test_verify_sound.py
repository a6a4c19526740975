"""Sound books stay silent, whatever happened to the orders."""

from __future__ import annotations

from orderyard.core.customers import checks as customers
from orderyard.core.fulfillment import checks as fulfillment
from orderyard.core.inventory import checks as inventory
from orderyard.core.kernel.checks import findings
from orderyard.core.kernel.uow import Installation
from orderyard.core.ledger import checks as ledger
from orderyard.core.orders import checks as orders


def test_an_order_in_every_situation_verifies(house: Installation) -> None:
    checks = [*customers.CHECKS, *inventory.CHECKS, *orders.CHECKS, *fulfillment.CHECKS, *ledger.CHECKS]
    assert list(findings(house.db, house.merchant, checks)) == []


def test_the_situations_are_really_there(house: Installation) -> None:
    statuses = dict(house.db.rows("SELECT id, status FROM sales_order"))
    assert statuses == {
        1: "shipped", 2: "to_ship", 3: "shipped", 4: "pending_payment", 5: "to_ship", 6: "cancelled", 7: "pending_review",
        8: "to_ship", 9: "to_ship", 10: "to_ship", 11: "to_ship", 12: "pending_review", 13: "to_ship",
        14: "pending_payment", 15: "pending_payment", 16: "cancelled", 17: "pending_review",
    }  # fmt: skip
    states = {state for (state,) in house.db.rows("SELECT state FROM fulfillment_order")}
    assert states == {"planned", "allocated", "released", "picking", "shipped", "cancelled"}
    assert {state for (state,) in house.db.rows("SELECT state FROM reservation")} == {"held", "consumed", "released"}
