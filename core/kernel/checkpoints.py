"""SQLite's write-ahead log, folded back into the database by a thread of its own, so that no command waits for it."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import AbstractContextManager, closing, suppress
from pathlib import Path
from typing import ClassVar


class Checkpoints:
    """Looks at the log's size now and then, and works when it has grown.

    Most of it is folded back while writers go on; then, for the little that came meanwhile, the process's own writers wait,
    so that the log starts anew and its file does not grow for ever. Where a reader needs the old log, the next look does it.
    """

    EMERGENCY: ClassVar[int] = 20_000
    """Pages in the log at which a writer folds it back by itself: this thread is behind, or not there."""
    _EVERY = 64
    """Transactions between two looks."""
    _ENOUGH = 8 * 1024 * 1024

    def __init__(self, path: Path, writing: AbstractContextManager[object]) -> None:
        self._path = path
        self._log = path.with_name(f"{path.name}-wal")
        self._writing = writing
        self._transactions = 0
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def committed(self) -> None:
        """A transaction is through."""
        self._transactions += 1
        if self._transactions % self._EVERY or not self._grown():
            return
        if self._thread is None:
            self._stopping = False
            self._thread = threading.Thread(target=self._serve, name="checkpoints", daemon=True)
            self._thread.start()
        self._wake.set()

    def stop(self) -> None:
        """End the thread; it starts again when it is needed."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stopping = True
            self._wake.set()
            thread.join()

    def _grown(self) -> bool:
        with suppress(FileNotFoundError):
            return self._log.stat().st_size >= self._ENOUGH
        return False

    def _serve(self) -> None:
        with closing(sqlite3.connect(self._path, isolation_level=None, timeout=0)) as db:
            while True:
                self._wake.wait()
                self._wake.clear()
                if self._stopping:
                    return
                # Somebody else may be folding it back this very moment; then there is nothing to do.
                with suppress(sqlite3.OperationalError):
                    db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
                    with self._writing:
                        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
