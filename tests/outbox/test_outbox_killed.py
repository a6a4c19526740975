"""A worker that is killed loses nothing and doubles nothing."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orderyard.core.kernel.uow import Installation
from orderyard.core.outbox.claims import Claimed
from orderyard.core.outbox.queries import counts
from orderyard.core.outbox.service import NewTask, enqueue
from orderyard.core.outbox.worker import Effect, Handler, Worker

PROGRAM = Path(__file__).with_name("killed_worker.py")


@pytest.fixture
def program() -> types.ModuleType:
    spec = importlib.util.spec_from_file_location("killed_worker", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def started(installation: Installation, folder: Path, where: str, lease: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, str(PROGRAM), installation.db.url, str(folder), where, str(lease)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def ask_for(installation: Installation, number: int) -> None:
    with installation.unit_of_work("test") as uow:
        enqueue(uow, [NewTask("book", "sf", f"book:sf:{each}") for each in range(number)])


def booked(installation: Installation) -> int:
    row = installation.db.row("SELECT COUNT(*) FROM audit WHERE action = 'booked'")
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_worker_killed_in_the_middle_of_a_call_leaves_one_effect(
    installation: Installation, program: types.ModuleType, tmp_path: Path, moment: str
) -> None:
    ask_for(installation, 5)
    with started(installation, tmp_path, f"book:sf:2 {moment}", 60) as process:
        assert process.stdout is not None
        assert [process.stdout.readline().strip() for _ in range(3)] == ["book:sf:0", "book:sf:1", "stopped"]
        process.kill()
    assert counts(installation.db) == {"done": 2, "leased": 3}

    outside, unsure = program.Outside(tmp_path), []

    def work(task: Claimed) -> Effect:
        unsure.append((task.key, task.unsure))
        effect: Effect = outside.make(task)
        return effect

    second = Worker(installation, {"book": Handler.each(work)})
    assert second.run_once() == 0, "the lease of the killed worker still holds"
    with installation.unit_of_work("a minute passes") as uow:
        uow.db.change(f"UPDATE task SET lease_until = {uow.db.clock_sql} WHERE state = 'leased'")
    second.drain()
    assert unsure == [("book:sf:2", True), ("book:sf:3", True), ("book:sf:4", True)]
    assert counts(installation.db) == {"done": 5}
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"book-sf-{number}" for number in range(5)]
    assert booked(installation) == 5


def test_workers_killed_again_and_again_lose_and_double_nothing(installation: Installation, tmp_path: Path) -> None:
    """Each is killed after some tasks, wherever it is by then: in a call, between two, in a transaction."""
    ask_for(installation, 150)
    for lines in (1, 7, 20, 31):
        with started(installation, tmp_path, "", 0) as process:
            assert process.stdout is not None
            for _ in range(lines):
                assert process.stdout.readline().startswith("book:sf:")
            process.kill()
    with started(installation, tmp_path, "", 0) as process:
        process.communicate()
    assert process.returncode == 0
    assert counts(installation.db) == {"done": 150}
    assert len(list(tmp_path.iterdir())) == 150
    assert booked(installation) == 150
