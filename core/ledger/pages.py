"""Reads of the ledger for pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..kernel.db import Database
from ..kernel.values import Money

PAGE = 60


@dataclass(frozen=True, slots=True)
class PostingRow:
    role: str
    detail: str
    debit: Money
    credit: Money


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One entry as a page lists it."""

    id: int
    ref: str
    date: str
    text: str
    kind: str
    document: int
    postings: tuple[PostingRow, ...]


_SQL = (
    "SELECT e.id, e.ref, e.date, e.text, e.kind, e.document, p.role, p.detail, p.currency, p.debit, p.credit "
    "FROM {source} e JOIN ledger_posting p ON p.entry_id = e.id ORDER BY e.id{direction}, p.no"
)


def entries_of(db: Database, documents: Sequence[tuple[str, int]]) -> list[EntryRow]:
    """The entries filed under any of these documents (kind, id), oldest first; one statement."""
    by_kind: dict[str, list[int]] = {}
    for kind, document in documents:
        by_kind.setdefault(kind, []).append(document)
    if not by_kind:
        return []
    parts, given = [], []
    for kind, ids in by_kind.items():
        parts.append(f"(kind = ? AND document IN ({','.join('?' * len(ids))}))")
        given += [kind, *ids]
    source = f"(SELECT * FROM ledger_entry WHERE {' OR '.join(parts)})"
    return _gather(db.rows(_SQL.format(source=source, direction=""), given))


def entries(db: Database, period: str, before: int | None = None) -> tuple[list[EntryRow], int | None]:
    """One page of a month, newest first, and the key of the next one; one statement."""
    source = (
        "(SELECT * FROM ledger_entry WHERE period = ?"
        + ("" if before is None else " AND id < ?")
        + f" ORDER BY id DESC LIMIT {PAGE + 1})"
    )
    found = _gather(db.rows(_SQL.format(source=source, direction=" DESC"), [period] if before is None else [period, before]))
    return found[:PAGE], found[PAGE - 1].id if len(found) > PAGE else None


def _gather(rows: Sequence[tuple[Any, ...]]) -> list[EntryRow]:
    heads: dict[int, tuple[Any, ...]] = {}
    postings: dict[int, list[PostingRow]] = {}
    for row in rows:
        heads.setdefault(row[0], row[:6])
        role, detail, currency, debit, credit = row[6:]
        postings.setdefault(row[0], []).append(PostingRow(role, detail, Money(debit, currency), Money(credit, currency)))
    return [EntryRow(*[*head, tuple(postings[entry_id])]) for entry_id, head in heads.items()]
