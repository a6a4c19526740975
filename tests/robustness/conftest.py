"""The merchant with a channel on paper; and the plumbing of a process that is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orderyard.app import System
from orderyard.core.testing.databases import Databases
from orderyard.core.testing.paper import Shop, open_shop

PROGRAM = Path(__file__).with_name("killed_road.py")
LONGEST = 120
"""Seconds after which a process that should have died is a failure."""


@pytest.fixture
def shop(databases: Databases, tmp_path: Path) -> Iterator[Shop]:
    with open_shop(databases, tmp_path) as opened:
        yield opened


Kill = Callable[[System, int], None]


@pytest.fixture
def killed() -> Kill:
    """Let another process do the work of this system until it is killed at its n-th write; then let its leases run out."""

    def run(system: System, writes: int) -> None:
        command = [sys.executable, str(PROGRAM), str(system.config.home), system.config.url, str(writes)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            try:
                _, said = process.communicate(timeout=LONGEST)
            finally:
                process.kill()
        assert process.returncode == -signal.SIGKILL, said
        with system.installation.db.write_transaction():
            long_ago = datetime(2000, 1, 1, tzinfo=UTC)
            system.installation.db.change("UPDATE task SET lease_until = ? WHERE state = 'leased'", (long_ago,))

    return run
