"""A house whose only listener is the ledger, on a fresh database of either engine, with a clock that tests set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from orderyard.core.inventory.api import GoodsMoved
from orderyard.core.kernel.db import Database
from orderyard.core.kernel.uow import Installation, Merchant, Wiring
from orderyard.core.ledger import service
from orderyard.core.migrations.registry import DIRECTORY, HISTORY
from orderyard.core.orders.api import MoneyReceived, MoneyReturned, Sold
from orderyard.core.testing.databases import Databases


@dataclass
class Clock:
    moment: datetime = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def token(self) -> str:
        return "0" * 32


def migrated(url: str) -> None:
    db = Database(url)
    db.migrate(DIRECTORY, HISTORY)
    db.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def house(databases: Databases, clock: Clock) -> Iterator[Installation]:
    url = databases.create(migrated)
    db = Database(url)
    wiring = Wiring()
    wiring.hear(MoneyReceived, service.hear_money_received)
    wiring.hear(MoneyReturned, service.hear_money_returned)
    wiring.hear(Sold, service.hear_sold)
    wiring.hear(GoodsMoved, service.hear_goods_moved)
    with db.connection():
        yield Installation(Merchant(), db, clock, wiring)
    db.close()
    databases.drop(url)
