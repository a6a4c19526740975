"""Everything at once in a process of its own, made to be killed: `python killed_road.py <home> <database> <writes>`.

Worker, rounds and warehouse run as they do in production, until the process has sent its `writes`-th INSERT or UPDATE: at that
very statement it is gone, whatever transaction is open and whatever a platform or carrier was just told.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import sys
import threading
from pathlib import Path

import peewee

from orderyard.app import Config, System
from orderyard.core.host.loading import entries
from orderyard.core.kernel.errors import DomainError
from orderyard.core.kernel.uow import Merchant
from orderyard.core.testing.demo.road import work_through


def main(home: str, database: str, writes: str) -> None:
    system = System(Config(Path(home), database, tuple(sorted(entries())), Merchant("有间茶铺", "CNY", "Asia/Shanghai")))
    counted = itertools.count(1)
    last = int(writes)

    def count(sql: str) -> None:
        if sql.startswith(("INSERT", "UPDATE")) and next(counted) >= last:
            os.kill(os.getpid(), signal.SIGKILL)

    system.installation.db.observers.append(count)
    stop = threading.Event()
    threading.Thread(target=system.serve, args=(stop,), daemon=True).start()
    while True:
        for name in ("pull", "release"):
            system.rounds.ask(name)
        with contextlib.suppress(DomainError, peewee.OperationalError):  # somebody was faster: the next round looks again
            work_through(system)
        stop.wait(0.1)


if __name__ == "__main__":
    main(*sys.argv[1:])
