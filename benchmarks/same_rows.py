"""The price of the rows: the statements that ours sends for a job, sent again by a bare driver with nothing of ours around.

They are recorded once, at a twin of the measured house, and sent to a second twin that stands where the first one stood: the
same texts, the same values, the same transactions, for orders that are new to it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from measuring import Took, timed
from ours import House
from psycopg.types.numeric import Int8Dumper

Transaction = list[tuple[str, Sequence[Any]]]


@dataclass
class _Tape:
    """Stands where a driver's connection or cursor stands, and keeps what goes through."""

    through: Any
    kept: Transaction = field(default_factory=list)

    def execute(self, sql: str, values: Sequence[Any]) -> Any:
        self.kept.append((sql, values))
        return self.through.execute(sql, values)


def recorded(house: House, work: Callable[[], object]) -> list[Transaction]:
    """What each transaction of a piece of work sends, as its driver gets it."""
    db = house.system.installation.db
    found: list[Transaction] = []
    plain: Callable[[], Any] = db._executing

    def taped() -> _Tape:
        tape = _Tape(plain())
        found.append(tape.kept)
        return tape

    # The tape goes in where the driver is called, which the database offers nobody else.
    db._executing = taped  # type: ignore[method-assign]
    work()
    db._executing = plain  # type: ignore[method-assign]
    return [transaction for transaction in found if transaction]


class SameRows:
    """The recorded transactions of a job, and the database that they go to, so many each turn."""

    def __init__(self, transactions: Sequence[Transaction], house: House) -> None:
        self._left = iter(transactions)
        house.system.close()
        url = house.system.installation.db.url
        self._begin, self._send = _sqlite(url) if url.startswith("sqlite:") else _postgres(url)

    def send(self, transactions: int, count: int) -> Took:
        """The next so many transactions, which are so many of the job."""
        mine = [next(self._left) for _ in range(transactions)]
        return timed(lambda: self._all(mine), count)

    def _all(self, transactions: Sequence[Transaction]) -> None:
        send = self._send
        for transaction in transactions:
            with self._begin():
                for sql, values in transaction:
                    cursor = send(sql, values)
                    if cursor.description:
                        cursor.fetchall()


_Driver = tuple[Callable[[], Any], Callable[[str, Sequence[Any]], Any]]


def _sqlite(url: str) -> _Driver:
    db = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=60, cached_statements=1000)
    for pragma in ("journal_mode = wal", "synchronous = normal", "foreign_keys = 1", "secure_delete = 1"):
        db.execute(f"PRAGMA {pragma}")

    @contextmanager
    def transaction() -> Iterator[None]:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("COMMIT")

    return transaction, db.execute


def _postgres(url: str) -> _Driver:
    db = psycopg.connect(url)
    db.adapters.register_dumper(int, Int8Dumper)
    db.prepared_max = 500
    return db.transaction, psycopg.RawCursor(db).execute
