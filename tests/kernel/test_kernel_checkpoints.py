"""The write-ahead log is folded back beside the writers, and its file is written over instead of growing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from orderyard.core.kernel.checkpoints import Checkpoints
from orderyard.core.kernel.db import Database


def opened(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = wal")
    db.execute("PRAGMA wal_autocheckpoint = 0")
    db.execute("CREATE TABLE IF NOT EXISTS t (a BLOB)")
    return db


def write(db: sqlite3.Connection, pages: int) -> None:
    db.execute("INSERT INTO t VALUES (zeroblob(?))", (pages * 4096,))


def test_a_grown_log_starts_anew_in_the_same_file_while_writers_wait_for_the_rest_only(tmp_path: Path) -> None:
    path, waited = tmp_path / "x.db", 0

    @contextmanager
    def writing() -> Iterator[None]:
        nonlocal waited
        waited += 1
        yield

    log = Path(f"{path}-wal")
    with closing(opened(path)) as db, closing(opened(path)) as other:
        checkpoints = Checkpoints(path, writing())
        write(db, 100)
        checkpoints.fold_back(other)
        assert waited == 0
        write(db, 3000)
        checkpoints.fold_back(other)
        assert waited == 1
        before = log.stat().st_size
        write(db, 2500)
        assert log.stat().st_size == before
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_reader_in_the_old_log_is_not_disturbed(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with closing(opened(path)) as db, closing(opened(path)) as other, closing(opened(path)) as reader:
        write(db, 3000)
        other.execute("PRAGMA busy_timeout = 0")
        reader.execute("BEGIN")
        assert reader.execute("SELECT COUNT(*) FROM t").fetchone() == (1,)
        write(db, 10)
        Checkpoints(path, closing(opened(path))).fold_back(other)
        assert reader.execute("SELECT COUNT(*) FROM t").fetchone() == (1,)
        reader.execute("COMMIT")
        assert reader.execute("SELECT COUNT(*) FROM t").fetchone() == (2,)


def test_what_a_long_reader_made_longer_is_given_back(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path}/x.db")
    with db.connection():
        assert db.row("PRAGMA journal_size_limit") == (Checkpoints.KEPT,)
    db.close()
