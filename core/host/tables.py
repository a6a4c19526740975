"""A plugin's own tables: it reads and writes those that carry its name, in plain SQL, and no others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..kernel.db import Database
from ..kernel.errors import DomainError
from ..kernel.uow import Installation

# Whatever may stand before a table's name, but for `DO UPDATE` of a conflict and `FOR UPDATE` of a lock.
_NAMES = re.compile(r"\b(?:FROM|JOIN|INTO|(?<!\bDO )(?<!\bFOR )UPDATE)\b\s*(\S*)", re.IGNORECASE)
_COMMAS = re.compile(
    r"\b(?:FROM|JOIN)\s+[A-Za-z_0-9]+(?:\s+(?:AS\s+)?(?!WHERE\b|ON\b|JOIN\b)[A-Za-z_0-9]+)?\s*,", re.IGNORECASE
)
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_QUOTES = frozenset("'\"`;$[")


class SqlTables:
    """`Tables` of one plugin."""

    def __init__(self, installation: Installation, slug: str) -> None:
        self._installation = installation
        self._slug = slug

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._installation.db.connection():
            return _Within(self._installation.db, self._slug).rows(sql, parameters)

    def row(self, sql: str, parameters: Sequence[object] = ()) -> tuple[Any, ...] | None:
        with self._installation.db.connection():
            return _Within(self._installation.db, self._slug).row(sql, parameters)

    @contextmanager
    def write(self) -> Iterator[_Within]:
        with self._installation.unit_of_work(f"plugin:{self._slug}") as uow:
            yield _Within(uow.db, self._slug)


class _Within:
    """`TableWriter` of one plugin."""

    def __init__(self, db: Database, slug: str) -> None:
        self._db = db
        self._slug = slug

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return self._db.rows(self._own(sql, "SELECT"), parameters)

    def row(self, sql: str, parameters: Sequence[object] = ()) -> tuple[Any, ...] | None:
        return self._db.row(self._own(sql, "SELECT"), parameters)

    def change(self, sql: str, parameters: Sequence[object] = ()) -> int:
        return self._db.change(self._own(sql, "UPDATE", "DELETE"), parameters)

    def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, conflict: str = "", returning: str = ""
    ) -> list[tuple[Any, ...]]:
        self._named(table)
        for column in columns:
            if not _PLAIN.fullmatch(column):
                raise DomainError(f"plugin {self._slug} names a column {column!r}", remedy="letters, digits and _")
        for part in (conflict, returning):
            self._own(f"INSERT {part}", "INSERT")
        return self._db.insert(table, columns, rows, conflict=conflict, returning=returning)

    def _named(self, table: str) -> None:
        if not _PLAIN.fullmatch(table) or not table.lower().startswith(f"{self._slug}_"):
            raise DomainError(
                f"plugin {self._slug} asks for the table {table!r}", remedy=f"its own tables are named {self._slug}_…"
            )

    def _own(self, sql: str, *verbs: str) -> str:
        """The statement, when it is one of these verbs and names tables of this plugin only."""
        if (sql.split(None, 1) or [""])[0].upper() not in verbs:
            raise DomainError(f"plugin {self._slug} sends {sql[:40]!r}", remedy=f"begin with {' or '.join(verbs)}")
        if not _QUOTES.isdisjoint(sql) or "--" in sql or "/*" in sql:
            raise DomainError(
                f"plugin {self._slug} sends a statement with quotes, comments or semicolons",
                remedy="give values as parameters, for which ? stands",
            )
        if _COMMAS.search(sql):
            raise DomainError(f"plugin {self._slug} joins tables with a comma", remedy="write JOIN … ON …")
        for found in _NAMES.finditer(sql):
            name = found[1].strip("(),")
            if name and not found[1].startswith("("):
                self._named(name)
        return sql
