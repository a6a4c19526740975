"""An installation without anybody in it, on either database, with a clock that a test moves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from orderyard.core.kernel.db import Database
from orderyard.core.kernel.uow import Installation, Merchant, Wiring
from orderyard.core.migrations.registry import DIRECTORY, HISTORY
from orderyard.core.testing.databases import Databases


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
        self._tokens = 0

    def now(self) -> datetime:
        return self.at

    def token(self) -> str:
        self._tokens += 1
        return f"{self._tokens:032x}"

    def move(self, **amount: float) -> None:
        self.at += timedelta(**amount)


def prepare(url: str) -> None:
    db = Database(url)
    db.migrate(DIRECTORY, HISTORY)
    db.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def installation(databases: Databases, clock: Clock) -> Iterator[Installation]:
    url = databases.create(prepare)
    db = Database(url)
    yield Installation(Merchant(), db, clock, Wiring())
    db.close()
    databases.drop(url)
