"""The merchant with a channel on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orderyard.core.testing.databases import Databases
from orderyard.core.testing.paper import Shop, open_shop


@pytest.fixture
def shop(databases: Databases, tmp_path: Path) -> Iterator[Shop]:
    with open_shop(databases, tmp_path) as opened:
        yield opened
