"""Proving the books: what a check is, and what it finds. `orderyard verify` runs those of every room."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from .db import Database
from .uow import Merchant

LIMIT = 20
"""So many bad rows are named by one check; the first of them is what a person mends."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One row that does not add up."""

    check: str
    place: str
    """Table and id, and what people call the row: `stock_level 12 (SH TEE-M)`."""
    what: str
    remedy: str


Check = Callable[[Database, Merchant], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class RowCheck:
    """A check that is one statement: it selects the rows that break the rule, and their columns fill the sentences.

    `sql` names all its columns, ends with ORDER BY and has no LIMIT; a `:currency` in it is the merchant's own.
    """

    name: str
    sql: str
    place: str
    what: str
    remedy: str

    def __call__(self, db: Database, merchant: Merchant) -> Iterator[Finding]:
        parts = self.sql.split(":currency")
        cursor = db.execute(f"{'?'.join(parts)} LIMIT {LIMIT}", [merchant.currency] * (len(parts) - 1))
        columns = [column[0] for column in cursor.description]
        for row in cursor.fetchall():
            told = dict(zip(columns, row, strict=True))
            yield Finding(self.name, self.place.format(**told), self.what.format(**told), self.remedy.format(**told))


def findings(db: Database, merchant: Merchant, checks: Iterable[Check]) -> Iterator[Finding]:
    """What the checks find, in their order; nothing when the books are sound."""
    for check in checks:
        yield from check(db, merchant)
