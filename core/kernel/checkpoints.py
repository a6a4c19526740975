"""SQLite's write-ahead log, folded back into the database by a thread of its own, so that no command waits for it."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import AbstractContextManager, closing, suppress
from pathlib import Path
from typing import ClassVar


class Checkpoints:
    """Folds back what the log holds now and then, and lets it start anew when it has grown.

    Most of that happens while writers go on; then, for the little that came meanwhile, the process's own writers wait, so
    that the next one begins at the front of the file again. The file keeps its size, because writing over it is cheaper than
    making it longer. Where a reader needs the old log, the next look does it.
    """

    EMERGENCY: ClassVar[int] = 20_000
    """Pages in the log at which a writer folds it back by itself: this thread is behind, or not there."""
    _EVERY = 64
    """Transactions between two looks."""
    _ENOUGH = 2_000
    """Pages in the log with which it starts anew."""
    KEPT: ClassVar[int] = 64 * 1024 * 1024
    """Bytes of the file that stay, when a long reader made it longer."""

    def __init__(self, path: Path, writing: AbstractContextManager[object]) -> None:
        self._path = path
        self._writing = writing
        self._transactions = 0
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def committed(self) -> None:
        """A transaction is through."""
        self._transactions += 1
        if self._transactions % self._EVERY:
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

    def _serve(self) -> None:
        with closing(sqlite3.connect(self._path, isolation_level=None, timeout=0)) as db:
            while True:
                self._wake.wait()
                self._wake.clear()
                if self._stopping:
                    return
                self.fold_back(db)

    def fold_back(self, db: sqlite3.Connection) -> None:
        """One look at the log; nothing where somebody else is folding it back this very moment."""
        with suppress(sqlite3.OperationalError):
            [(_, pages, _)] = db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            if pages >= self._ENOUGH:
                with self._writing:
                    db.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
