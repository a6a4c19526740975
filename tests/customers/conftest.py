"""A shop with a warehouse, and orders that bring their customers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orderyard.app import Config, System
from orderyard.core.catalog import service as catalog
from orderyard.core.catalog.queries import items_by_code, shop
from orderyard.core.customers.service import CustomerFacts
from orderyard.core.kernel.db import Database
from orderyard.core.kernel.uow import Installation
from orderyard.core.kernel.values import Address
from orderyard.core.migrations.registry import DIRECTORY, HISTORY
from orderyard.core.orders.intake import DraftLine, OrderDraft, place
from orderyard.core.testing.databases import Databases
from orderyard.core.testing.scripted import FixedEnvironment, ScriptedTransport

Order = Callable[..., int]


def prepare(url: str) -> None:
    db = Database(url)
    db.migrate(DIRECTORY, HISTORY)
    db.close()


@pytest.fixture
def system(databases: Databases, tmp_path: Path) -> Iterator[System]:
    url = databases.create(prepare)
    made = System(Config(tmp_path, url), environment=FixedEnvironment(), transport=ScriptedTransport())
    with made.installation.unit_of_work("person:ann") as uow:
        catalog.add_shop(uow, "tb", "Taobao", "CNY")
        catalog.add_shop(uow, "hk", "Hong Kong", "HKD")
        catalog.add_skus(uow, [catalog.NewSku("TEE", "Tee", price=9900)])
    yield made
    made.close()
    databases.drop(url)


@pytest.fixture
def house(system: System) -> Installation:
    return system.installation


@pytest.fixture
def order(house: Installation) -> Order:
    """Place an unpaid order of one tee for a buyer; its customer."""
    made = 0

    def give(**facts: str | int) -> int:
        nonlocal made
        made += 1
        with house.unit_of_work("channel:tb") as uow:
            tee = items_by_code(uow.db, ["TEE"])["TEE"]
            buyer = CustomerFacts(**{"shop_id": 1, **facts})  # type: ignore[arg-type]  # named as the fields are
            [order_id] = place(
                uow,
                [
                    OrderDraft(
                        shop(uow.db, buyer.shop_id), f"N{made}", f"N{made}", "channel", uow.now, None, buyer, Address(),
                        (DraftLine("Tee", 1, 9900, 9900, tee),),
                    )
                ],
            )  # fmt: skip
            [(customer,)] = uow.db.rows("SELECT customer_id FROM sales_order WHERE id = ?", (order_id,))
        return int(customer)

    return give
