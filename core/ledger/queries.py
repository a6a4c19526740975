"""Reading the ledger: journals for the export, balances, one document's entries, periods."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ..kernel.db import Database, as_moment
from ..kernel.errors import DomainError
from ..kernel.uow import Merchant
from ..kernel.values import Money
from .api import AccountRef, Journal, JournalEntry, JournalLine, Role

Balances = tuple[tuple[AccountRef, Money], ...]
"""Debit positive, without zeros, in the order of the roles."""

_ORDER = list(Role)
_ENTRIES = """
SELECT e.id, e.ref, e.date, e.posted_at, e.text, e.reverses, e.kind, e.document, p.role, p.detail, p.currency, p.debit, p.credit
FROM ledger_entry e JOIN ledger_posting p ON p.entry_id = e.id
WHERE {where} ORDER BY e.date, e.id, p.no
"""


@dataclass(frozen=True, slots=True)
class FiledEntry:
    """An entry's row: the document it is filed under, and what the outside sees of it."""

    id: int
    kind: str
    document: int
    entry: JournalEntry


@dataclass(frozen=True, slots=True)
class PeriodCard:
    """One month of the ledger; open while `closed_at` is None."""

    code: str
    entries: int
    closed_at: datetime | None


def journal(db: Database, merchant: Merchant, period: str) -> Journal:
    """All entries of a month (`2026-11`) and the balances before and after them; a month without entries is empty.

    The closing balances are the opening ones and these very entries, so an entry posted meanwhile tears nothing apart.
    """
    try:
        date.fromisoformat(f"{period}-01")
    except ValueError:
        raise DomainError(f"{period!r} is not a period", remedy="write it as 2026-11") from None
    opening = _balances(db, "e.period < ?", (period,))
    entries = _entries(db, "e.period = ?", (period,))
    moved = [(line.account, line.debit - line.credit) for filed in entries for line in filed.entry.lines]
    return Journal(merchant.name, period, tuple(filed.entry for filed in entries), opening, _summed([*opening, *moved]))


def balances(db: Database, period: str | None = None) -> Balances:
    """What every account stands at: today, or at the end of a month."""
    return _balances(db, "1 = 1", ()) if period is None else _balances(db, "e.period <= ?", (period,))


def entries_of(db: Database, kind: str, document: int) -> tuple[JournalEntry, ...]:
    """The entries filed under one document: `("order", 12)`, or the kind and document of a goods movement."""
    return tuple(filed.entry for filed in _entries(db, "e.kind = ? AND e.document = ?", (kind, document)))


def find_entry(db: Database, ref: str) -> FiledEntry | None:
    """One entry by its reference."""
    return next(iter(_entries(db, "e.ref = ?", (ref,))), None)


def periods(db: Database) -> tuple[PeriodCard, ...]:
    """Every month with entries or a closing, oldest first."""
    rows = db.rows(
        "SELECT c.code, COUNT(e.id), p.closed_at"
        " FROM (SELECT code FROM ledger_period UNION SELECT period FROM ledger_entry) c"
        " LEFT JOIN ledger_period p ON p.code = c.code LEFT JOIN ledger_entry e ON e.period = c.code"
        " GROUP BY c.code, p.closed_at ORDER BY c.code"
    )
    return tuple(PeriodCard(code, count, None if closed is None else as_moment(closed)) for code, count, closed in rows)


def _entries(db: Database, where: str, parameters: Sequence[Any]) -> list[FiledEntry]:
    heads: dict[int, tuple[Any, ...]] = {}
    lines: defaultdict[int, list[JournalLine]] = defaultdict(list)
    for entry_id, *head, role, detail, currency, debit, credit in db.rows(_ENTRIES.format(where=where), parameters):
        heads[entry_id] = tuple(head)
        lines[entry_id].append(JournalLine(AccountRef(Role(role), detail), Money(debit, currency), Money(credit, currency)))
    found = []
    for entry_id, (ref, day, posted_at, text, reverses, kind, document) in heads.items():
        posted = as_moment(posted_at)
        entry = JournalEntry(ref, date.fromisoformat(day), posted, text, tuple(lines[entry_id]), reverses)
        found.append(FiledEntry(entry_id, kind, document, entry))
    return found


def _balances(db: Database, where: str, parameters: Sequence[Any]) -> Balances:
    rows = db.rows(
        "SELECT p.role, p.detail, p.currency, CAST(SUM(p.debit - p.credit) AS BIGINT)"
        " FROM ledger_posting p JOIN ledger_entry e ON e.id = p.entry_id"
        f" WHERE {where} GROUP BY p.role, p.detail, p.currency",
        parameters,
    )
    return _summed((AccountRef(Role(role), detail), Money(minor, currency)) for role, detail, currency, minor in rows)


def _summed(amounts: Iterable[tuple[AccountRef, Money]]) -> Balances:
    sums: defaultdict[tuple[AccountRef, str], int] = defaultdict(int)
    for account, money in amounts:
        sums[account, money.currency] += money.minor
    found = [(account, Money(minor, currency)) for (account, currency), minor in sums.items() if minor]
    return tuple(sorted(found, key=lambda one: (_ORDER.index(one[0].role), one[0].detail, one[1].currency)))
