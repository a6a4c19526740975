"""Every scenario beside this file, on both engines."""

from __future__ import annotations

from pathlib import Path

import pytest

from orderyard.core.testing.databases import Databases
from orderyard.core.testing.scenario.runner import play

FILES = sorted(Path(__file__).parent.glob("*.txt"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_everything_goes_as_the_file_says(path: Path, databases: Databases) -> None:
    failure = play(path, databases)
    assert failure is None, f"\n{failure}"
