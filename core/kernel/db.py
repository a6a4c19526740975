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
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from enum import Enum
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import peewee
import psycopg
from playhouse.migrations import Runner
from playhouse.pool import PooledPostgresqlDatabase
from psycopg.types.numeric import Int8Dumper

from .checkpoints import Checkpoints
from .errors import OrderyardError
from .foresight import Foresight, at_once, read
from .foresight import Question as Question

proxy = peewee.DatabaseProxy()


@functools.lru_cache(maxsize=4096)
def moment_text(moment: datetime) -> str:
    """Fixed-width UTC text, which sorts as time does; a naive moment is refused."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def as_moment(value: datetime | str) -> datetime:
    """A moment as either engine gives it back from fixed SQL."""
    return value.astimezone(UTC) if isinstance(value, datetime) else datetime.fromisoformat(value)


def as_json(value: Any) -> Any:
    """A JSON column as either engine gives it back from fixed SQL."""
    return json.loads(value) if isinstance(value, str) else value


def marks(values: Sequence[object]) -> str:
    """As many parameter marks as there are values, for an IN list."""
    return ",".join("?" * len(values))


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def to_json(value: Any) -> str:
    """JSON as it is stored: Chinese as itself, so that both engines find a key by its name."""
    return _encode(value)


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


class _Bindings(dict[type, Callable[[Any], Any] | None]):
    """How SQLite keeps values of each type; None for those that sqlite3 binds without looking for an adapter."""

    def __missing__(self, kind: type) -> Callable[[Any], Any] | None:
        self[kind] = how = attrgetter("_value_") if issubclass(kind, Enum) else None
        return how


_bindings = _Bindings({str: None, int: None, type(None): None, float: None, bytes: None, bool: int, datetime: moment_text})


@functools.lru_cache(maxsize=4096)
def _numbered(sql: str) -> str:
    first, *rest = sql.split("?")
    return first + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))


@functools.lru_cache(maxsize=4096)
def _insert_text(table: str, columns: tuple[str, ...], rows: int, conflict: str, returning: str) -> str:
    one = "(" + ",".join("?" * len(columns)) + ")"
    sql = f"INSERT INTO {table} ({','.join(columns)}) VALUES {','.join([one] * rows)}"
    if conflict:
        sql += f" ON CONFLICT {conflict}"
    if returning:
        sql += f" RETURNING {returning}"
    return sql


class Rows(NamedTuple):
    """New rows of one table."""

    table: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    conflict: str = ""


class Change(NamedTuple):
    """An UPDATE or DELETE."""

    sql: str
    parameters: Sequence[Any]


@functools.lru_cache(maxsize=1024)
def _together(texts: tuple[str, ...]) -> str:
    """Several writes as one statement of PostgreSQL, which says how many rows each touched."""
    parts = ", ".join(f"w{place} AS ({sql} RETURNING 1)" for place, sql in enumerate(texts))
    return f"WITH {parts} SELECT {', '.join(f'(SELECT COUNT(*) FROM w{place})' for place in range(len(texts)))}"


class _Postgres(PooledPostgresqlDatabase):  # type: ignore[misc]
    """peewee's, with whole numbers always sent as the same type: a statement is prepared once, not once per magnitude."""

    def _connect(self) -> Any:
        connection = super()._connect()
        connection.adapters.register_dumper(int, Int8Dumper)
        connection.prepared_max = 500
        return connection


class _Local(threading.local):
    """What each thread knows about its own transaction."""

    def __init__(self) -> None:
        self.executing: Any = None
        """What its statements go through, while it lasts: a connection of SQLite, a cursor of PostgreSQL."""
        self.foreseen = Foresight()
        self.unwritten: tuple[tuple[str, ...], Callable[[], None]] | None = None


_as_peewee = peewee.__exception_wrapper__  # type: ignore[attr-defined]
"""Re-raises a driver's error as peewee's of the same name, whichever the driver is."""


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
        self._write: AbstractContextManager[object] = threading.RLock() if self.sqlite else nullcontext()
        self._immediate = ("IMMEDIATE",) if self.sqlite else ()
        self._local = _Local()
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
                    "wal_autocheckpoint": Checkpoints.EMERGENCY,
                    "journal_size_limit": Checkpoints.KEPT,
                    "cache_size": -32_768,
                },
                field_types={"MOMENT": "TEXT"},
                cached_statements=1000,
            )
            self._checkpoints = Checkpoints(self.path, self._write)
        elif parts.scheme in ("postgresql", "postgres"):
            self.path = Path()
            self.engine = _Postgres(
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
        """The cursor of one statement, good until the next; aware datetimes and booleans go in as the engine wants them."""
        local = self._local
        if local.unwritten is not None or local.foreseen.answers:
            self._look_after(sql)
        for observer in self.observers:
            observer(sql)
        try:
            executing = local.executing or self._executing()
            if self.sqlite:
                given = [value if (bind := _bindings[value.__class__]) is None else bind(value) for value in parameters]
                return executing.execute(sql, given)
            return executing.execute(_numbered(sql), parameters)
        except (sqlite3.Error, psycopg.Error):
            with _as_peewee:
                raise

    def _executing(self) -> Any:
        connection = self.engine.connection()
        return connection if self.sqlite else psycopg.RawCursor(connection)

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        foreseen = self._local.foreseen
        if foreseen.answers and (answer := foreseen.take(sql, parameters)) is not None:
            return answer
        found: list[tuple[Any, ...]] = self.execute(sql, parameters).fetchall()
        return found

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        foreseen = self._local.foreseen
        if foreseen.answers and (answer := foreseen.take(sql, parameters)) is not None:
            return answer[0] if answer else None
        found: tuple[Any, ...] | None = self.execute(sql, parameters).fetchone()
        return found

    def change(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """How many rows an UPDATE, DELETE or INSERT touched."""
        return int(self.execute(sql, parameters).rowcount)

    def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, returning: str = "", conflict: str = ""
    ) -> list[tuple[Any, ...]]:
        """Write many rows with as few statements as the engine allows; the `returning` columns of each, in their order."""
        if (count := len(rows)) * len(columns) > self._CHUNK:
            step = self._CHUNK // len(columns)
            parts = (rows[start : start + step] for start in range(0, count, step))
            return [row for part in parts for row in self.insert(table, columns, part, returning=returning, conflict=conflict)]
        if not count:
            return []
        cursor = self.execute(_insert_text(table, tuple(columns), count, conflict, returning), list(chain.from_iterable(rows)))
        return cursor.fetchall() if returning else []

    def together(self, *writes: Rows | Change) -> list[int]:
        """Writes of which none reads what another one writes, in the order of their references; how many rows each touched.

        PostgreSQL gets them as one statement, and so in one round trip.
        """
        if self.sqlite or sum(len(w.rows) * len(w.columns) for w in writes if isinstance(w, Rows)) > self._CHUNK:
            return [self._one(write) for write in writes]
        counts = [0] * len(writes)
        texts: list[str] = []
        parameters: list[Any] = []
        places: list[int] = []
        for place, write in enumerate(writes):
            if isinstance(write, Change):
                texts.append(write.sql)
                parameters += write.parameters
            elif write.rows:
                texts.append(_insert_text(write.table, tuple(write.columns), len(write.rows), write.conflict, ""))
                parameters += chain.from_iterable(write.rows)
            else:
                continue
            places.append(place)
        if texts:
            for place, count in zip(places, self.row(_together(tuple(texts)), parameters) or (), strict=True):
                counts[place] = count
        return counts

    def _one(self, write: Rows | Change) -> int:
        if isinstance(write, Change):
            return self.change(write.sql, write.parameters)
        self.insert(write.table, write.columns, write.rows, conflict=write.conflict)
        return len(write.rows)

    def foresee(self, *questions: Question) -> None:
        """Ask now what will be asked soon in this transaction: on SQLite all in one statement, whose answers wait.

        Whoever asks one of them gets the answer without another statement. An answer is dropped when a table that its
        question names is written to, so nobody ever gets a stale one. On PostgreSQL, where reads lock, nothing is asked ahead.
        """
        if not self.sqlite or len(questions) < 2:
            return
        text, parameters = at_once(questions)
        self._local.foreseen.keep(questions, self.execute(text, parameters))

    def hold_back(self, tables: Sequence[str], write: Callable[[], None]) -> None:
        """Rows that are complete in memory are written by `write` as late as possible, because they may still change.

        That is before the next statement, unless this only reads other tables: nobody ever misses them.
        """
        self._local.unwritten = (tuple(tables), write)

    def write_back(self) -> None:
        """Write now what was held back, if it still is."""
        if self._local.unwritten is not None:
            _, write = self._local.unwritten
            self._local.unwritten = None
            write()

    def _settle_reads_and_writes(self) -> None:
        """Nothing foreseen or held back crosses the edge of what may be undone by itself."""
        self.write_back()
        self._local.foreseen.answers.clear()

    def _look_after(self, sql: str) -> None:
        """Before a statement: write what it could miss, drop answers it would make stale."""
        local, statement = self._local, read(sql)
        if local.unwritten is not None and (statement.writes != "" or not statement.words.isdisjoint(local.unwritten[0])):
            self.write_back()
        if statement.writes != "":
            local.foreseen.written(statement.writes)

    def take_ids(self, **wanted: int) -> dict[str, list[int]]:
        """Ids for rows that are about to be written, so many of each table; only inside a write transaction.

        With them a document and everything that points at it can be written without asking back.
        """
        given: dict[str, list[int]] = {}
        names = [name for name, count in wanted.items() if count > 0]
        if not names:
            return {name: [] for name in wanted}
        if self.sqlite:
            tops = self.row(self.next_ids(names).sql)
            for name, top in zip(names, tops or (), strict=True):
                given[name] = list(range(top + 1, top + 1 + wanted[name]))
        else:
            text = " UNION ALL ".join(
                f"SELECT {place}, nextval('{name}_id_seq') FROM generate_series(1, {int(wanted[name])})"
                for place, name in enumerate(names)
            )
            for place, taken in self.rows(text):
                given.setdefault(names[place], []).append(taken)
        return {name: given.get(name, []) for name in wanted}

    @staticmethod
    def next_ids(names: Sequence[str]) -> Question:
        """What `take_ids` asks SQLite about these tables."""
        return Question(f"SELECT {','.join(f'(SELECT COALESCE(MAX(id),0) FROM {name})' for name in names)}", (), len(names))

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
        local = self._local
        if local.executing is not None:
            raise OrderyardError(
                "a unit of work is already open on this thread", remedy="pass it on instead of opening another"
            )
        with self._write, self.engine.atomic(*self._immediate):
            local.executing = self._executing()
            try:
                yield
            finally:
                local.executing = local.unwritten = None
                local.foreseen.answers.clear()
        if self.sqlite:
            self._checkpoints.committed()

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part of a transaction that may fail by itself."""
        self._settle_reads_and_writes()
        try:
            with self.engine.savepoint():
                yield
                self._settle_reads_and_writes()
        except BaseException:
            # What was foreseen or held back inside is undone with it.
            self._local.unwritten = None
            self._local.foreseen.answers.clear()
            raise

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
        if self.sqlite:
            self._checkpoints.stop()
        else:
            self.engine.close_all()

    @contextmanager
    def undone(self) -> Iterator[None]:
        """A part of a transaction that is taken back at its end, whatever it wrote."""
        self._settle_reads_and_writes()
        with self.engine.savepoint() as savepoint:
            yield
            self._settle_reads_and_writes()
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
            with runner.migrator.migration_context(atomic=False), self.engine.atomic(*self._immediate):
                before = set(self.engine.get_tables())
                applied = runner.up()
                check(frozenset(before ^ set(self.engine.get_tables())))
            return applied
