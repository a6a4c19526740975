"""An empty installation on either database, its tasks, and how to look at them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orderyard.core.kernel.db import Database
from orderyard.core.kernel.uow import Installation, Merchant, Wiring
from orderyard.core.migrations.registry import DIRECTORY, HISTORY
from orderyard.core.testing.databases import Databases
from orderyard.core.testing.scripted import FixedEnvironment


def prepare(url: str) -> None:
    db = Database(url)
    db.migrate(DIRECTORY, HISTORY)
    db.close()


@pytest.fixture
def environment() -> FixedEnvironment:
    """A clock the test moves by hand."""
    return FixedEnvironment()


@pytest.fixture
def installation(databases: Databases, environment: FixedEnvironment) -> Iterator[Installation]:
    url = databases.create(prepare)
    db = Database(url)
    yield Installation(Merchant(), db, environment, Wiring())
    db.close()
    databases.drop(url)
