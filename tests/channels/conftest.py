"""The merchant with a channel on paper."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from orderyard.core.testing.databases import Databases
from orderyard.core.testing.paper import Shop, open_shop

Open = Callable[..., Shop]


@pytest.fixture
def open_paper(databases: Databases, tmp_path: Path) -> Iterator[Open]:
    """Opens the merchant with its paper channel, whose ability a test may set lower."""
    with ExitStack() as stack:
        yield lambda **ability: stack.enter_context(open_shop(databases, tmp_path, **ability))


@pytest.fixture
def shop(open_paper: Open) -> Shop:
    return open_paper()
