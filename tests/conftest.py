"""What holds for every test here."""

from __future__ import annotations

import gc

import pytest
from hypothesis import settings

# The same examples on every run, so that a red run is red for its change; `--hypothesis-profile=search` looks for new ones.
settings.register_profile("steady", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("search", deadline=None, print_blob=True, max_examples=1000)
settings.load_profile("steady")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Thousands of collected tests stay until the end: the collector need not go over them again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
