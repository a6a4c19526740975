"""The database: one handle for SQLite and PostgreSQL, the two write transactions, fields that mean the same on both.

Models describe tables and serve ordinary reads; hot paths send fixed SQL through `Database.execute`, with `?` for
parameters on either engine.
"""

from __future__ import annotations

import functools
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import peewee
from playhouse.migrations import Runner
from playhouse.pool import PooledPostgresqlDatabase

from .errors import OrderyardError

proxy = peewee.DatabaseProxy()

_TEXT = "%Y-%m-%dT%H:%M:%S.%f+00:00"


def moment_text(moment: datetime) -> str:
    """Fixed-width UTC text, which sorts as time does; a naive moment is refused."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone")
    return moment.astimezone(UTC).strftime(_TEXT)


def as_moment(value: datetime | str) -> datetime:
    """A moment as either engine gives it back from fixed SQL."""
    return value.astimezone(UTC) if isinstance(value, datetime) else datetime.strptime(value, _TEXT).replace(tzinfo=UTC)


def as_json(value: Any) -> Any:
    """A JSON column as either engine gives it back from fixed SQL."""
    return json.loads(value) if isinstance(value, str) else value


def to_json(value: Any) -> str:
    """JSON as it is stored: Chinese as itself, so that both engines find a key by its name."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class MomentField(peewee.Field):
    """An aware moment; UTC always. `TIMESTAMPTZ` on PostgreSQL, fixed-width text on SQLite."""

    field_type = "MOMENT"

    def db_value(self, value: Any) -> Any:
        if isinstance(value, datetime):
            text = moment_text(value)
            return text if isinstance(_actual(self.model._meta.database), peewee.SqliteDatabase) else value
        return value

    def python_value(self, value: Any) -> Any:
        return None if value is None else as_moment(value)


JsonField = functools.partial(peewee.JSONField, dumps=to_json)


def _actual(database: Any) -> Any:
    return database.obj if isinstance(database, peewee.Proxy) else database


class Table(peewee.Model):
    """A table of the core, bound to whichever database the installation opened."""

    class Meta:
        database = proxy
        legacy_table_names = False


@functools.lru_cache(maxsize=4096)
def _pyformat(sql: str) -> str:
    return sql.replace("%", "%%").replace("?", "%s")


@functools.lru_cache(maxsize=4096)
def _values(columns: int, rows: int) -> str:
    one = "(" + ",".join("?" * columns) + ")"
    return ",".join([one] * rows)


class Database:
    """One merchant's database. Thread-safe: each thread has its own connection."""

    _CHUNK = 20_000
    """Parameters in one statement; SQLite allows 32,766, PostgreSQL 65,535."""

    def __init__(self, url: str) -> None:
        """`sqlite:////absolute/path.db` or `postgresql://user:password@host:port/name`."""
        self.url = url
        parts = urlsplit(url)
        self.sqlite = parts.scheme == "sqlite"
        self.observers: list[Callable[[str], None]] = []
        self._write = threading.RLock()
        self._local = threading.local()
        self.engine: Any
        if self.sqlite:
            path = unquote(parts.path)
            self.path = Path(path[1:] if path.startswith("//") else path)
            self.engine = peewee.SqliteDatabase(
                str(self.path),
                pragmas={
                    "journal_mode": "wal",
                    "synchronous": "normal",
                    "foreign_keys": 1,
                    "busy_timeout": 30_000,
                    "secure_delete": 1,
                },
                field_types={"MOMENT": "TEXT"},
            )
        elif parts.scheme in ("postgresql", "postgres"):
            self.path = Path()
            self.engine = PooledPostgresqlDatabase(
                url,
                prefer_psycopg3=True,
                max_connections=64,
                stale_timeout=300,
                field_types={"MOMENT": "TIMESTAMPTZ"},
            )
        else:
            raise OrderyardError(f"unknown database {parts.scheme!r}", remedy="use sqlite:////path or postgresql://…")
        proxy.initialize(self.engine)

    # reading and writing

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """The cursor of one statement; aware datetimes and booleans go in as the engine wants them."""
        for observer in self.observers:
            observer(sql)
        if self.sqlite:
            given = [moment_text(value) if isinstance(value, datetime) else value for value in parameters]
            return self.engine.execute_sql(sql, given)
        return self.engine.execute_sql(_pyformat(sql), list(parameters))

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return list(self.execute(sql, parameters).fetchall())

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        found = self.execute(sql, parameters).fetchone()
        return None if found is None else tuple(found)

    def change(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """How many rows an UPDATE, DELETE or INSERT touched."""
        return int(self.execute(sql, parameters).rowcount)

    def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, returning: str = "", conflict: str = ""
    ) -> list[tuple[Any, ...]]:
        """Write many rows with as few statements as the engine allows; the `returning` columns of each, in their order."""
        result: list[tuple[Any, ...]] = []
        step = max(1, self._CHUNK // len(columns))
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            sql = f"INSERT INTO {table} ({','.join(columns)}) VALUES {_values(len(columns), len(part))}"
            if conflict:
                sql += f" ON CONFLICT {conflict}"
            if returning:
                sql += f" RETURNING {returning}"
            cursor = self.execute(sql, [value for row in part for value in row])
            if returning:
                result += cursor.fetchall()
        return result

    def take_ids(self, **wanted: int) -> dict[str, list[int]]:
        """Ids for rows that are about to be written, so many of each table; only inside a write transaction.

        With them a document and everything that points at it can be written without asking back.
        """
        given: dict[str, list[int]] = {}
        names = [name for name, count in wanted.items() if count > 0]
        if not names:
            return {name: [] for name in wanted}
        if self.sqlite:
            text = ",".join(f"(SELECT COALESCE(MAX(id),0) FROM {name})" for name in names)
            tops = self.execute(f"SELECT {text}").fetchone()
            for name, top in zip(names, tops, strict=True):
                given[name] = list(range(top + 1, top + 1 + wanted[name]))
        else:
            text = " UNION ALL ".join(
                f"SELECT {place}, nextval('{name}_id_seq') FROM generate_series(1, {int(wanted[name])})"
                for place, name in enumerate(names)
            )
            for place, taken in self.rows(text):
                given.setdefault(names[place], []).append(taken)
        return {name: given.get(name, []) for name in wanted}

    @property
    def clock_sql(self) -> str:
        """The database's own clock as an expression, comparable with a moment column."""
        return "strftime('%Y-%m-%dT%H:%M:%f000+00:00','now')" if self.sqlite else "now()"

    def later_sql(self, seconds: int) -> str:
        """The database's own clock plus some seconds."""
        if self.sqlite:
            return f"strftime('%Y-%m-%dT%H:%M:%f000+00:00','now','+{int(seconds)} seconds')"
        return f"now() + interval '{int(seconds)} seconds'"

    # transactions

    @contextmanager
    def write_transaction(self) -> Iterator[None]:
        """The only way to write: outermost, immediate, one writer of this process at a time on SQLite.

        A second one on the same thread is refused, because on either engine it would silently join the first.
        """
        if getattr(self._local, "writing", False):
            raise OrderyardError(
                "a unit of work is already open on this thread", remedy="pass it on instead of opening another"
            )
        if not self.sqlite:
            self._local.writing = True
            try:
                with self.engine.atomic():
                    yield
            finally:
                self._local.writing = False
            return
        with self._write:
            self._local.writing = True
            try:
                with self.engine.atomic("IMMEDIATE"):
                    yield
            finally:
                self._local.writing = False

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part of a transaction that may fail by itself."""
        with self.engine.savepoint():
            yield

    @contextmanager
    def connection(self) -> Iterator[None]:
        """A connection for this thread's piece of work, given back at the end."""
        opened = self.engine.connect(reuse_if_open=True)
        try:
            yield
        finally:
            if opened:
                self.engine.close()

    def release(self) -> None:
        """Give this thread's connection back."""
        if not self.engine.is_closed():
            self.engine.close()

    def close(self) -> None:
        """Give every connection back; the handle may be used again."""
        self.release()
        if not self.sqlite:
            self.engine.close_all()

    @contextmanager
    def undone(self) -> Iterator[None]:
        """A part of a transaction that is taken back at its end, whatever it wrote."""
        with self.engine.savepoint() as savepoint:
            yield
            savepoint.rollback()

    # schema

    @contextmanager
    def _migration_lock(self) -> Iterator[None]:
        """One process migrates at a time; the others wait and then find nothing to do."""
        if self.sqlite:
            guard = sqlite3.connect(f"{self.path}.migrating", timeout=120, isolation_level=None)
            try:
                guard.execute("BEGIN EXCLUSIVE")
                yield
            finally:
                guard.close()
        else:
            self.execute("SELECT pg_advisory_lock(7163742111)")
            try:
                yield
            finally:
                self.execute("SELECT pg_advisory_unlock(7163742111)")

    def migrate(self, directory: Path, history: str, check: Callable[[frozenset[str]], None] | None = None) -> list[str]:
        """Apply the pending migrations of one directory; their names.

        With `check` it is all of them or none: it hears the names of the tables that came or went, and raises to undo that.
        """
        with self.connection(), self._migration_lock():
            runner = Runner(self.engine, str(directory), table_name=history)
            if check is None:
                applied: list[str] = runner.up()
                return applied
            if all(migration.applied for migration in runner.status() if migration.path):
                return []
            # The outer context stops SQLite from cascading deletes, which works only outside of a transaction.
            immediate = ("IMMEDIATE",) if self.sqlite else ()
            with runner.migrator.migration_context(atomic=False), self.engine.atomic(*immediate):
                before = set(self.engine.get_tables())
                applied = runner.up()
                check(frozenset(before ^ set(self.engine.get_tables())))
            return applied
