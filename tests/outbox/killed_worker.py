"""A worker in a process of its own, made to be killed: `python killed_worker.py <database> <folder> <where> <lease>`.

The outside is a folder: a task's effect there is one file, named by the task's key and made once. `where` says at which
task's key it stops for good and whether it has reached the outside by then (`book:sf:2 before`, `book:sf:2 after`); empty
never stops. Each task that reached the outside is a line on standard output.
"""

from __future__ import annotations

import sys
from pathlib import Path

from orderyard.core.kernel.clock import SystemEnvironment
from orderyard.core.kernel.db import Database
from orderyard.core.kernel.uow import Installation, Merchant, UnitOfWork, Wiring
from orderyard.core.outbox.claims import Claimed
from orderyard.core.outbox.worker import Effect, Handler, Worker


class Outside:
    """Made once per key; whoever is unsure looks first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self, task: Claimed) -> Effect:
        place = self.folder / task.key.replace(":", "-")
        if not (task.unsure and place.exists()):
            place.touch(exist_ok=False)

        def effect(uow: UnitOfWork) -> None:
            uow.note("booked", "task", task.id)

        return effect


def stop_for_good(say: str) -> None:
    print(say, flush=True)
    sys.stdin.read()


def main(url: str, folder: str, where: str, lease: str) -> None:
    installation = Installation(Merchant(), Database(url), SystemEnvironment(), Wiring())
    outside = Outside(Path(folder))
    key, _, moment = where.partition(" ")

    def work(task: Claimed) -> Effect:
        if task.key == key and moment == "before":
            stop_for_good("stopped")
        effect = outside.make(task)
        if task.key == key and moment == "after":
            stop_for_good("stopped")
        print(task.key, flush=True)
        return effect

    Worker(installation, {"book": Handler.each(work)}, lease_seconds=int(lease)).drain()


if __name__ == "__main__":
    main(*sys.argv[1:])
