"""What must be true of a journal before a single row of it is written."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from orderyard.core.kernel.errors import DomainError, Unbalanced
from orderyard.core.kernel.values import Money
from orderyard.core.ledger.api import AccountRef, Journal, JournalEntry, JournalLine

_PERIOD = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_VERIFY = "the ledger itself is wrong: run `orderyard verify` and do not import anything"

Balances = dict[tuple[AccountRef, str], int]
"""(account, currency) -> minor units, debit positive; zeros are left out."""


def first_and_next(period: str) -> tuple[date, date]:
    """First day of the period (`2026-11`) and first day after it."""
    match = _PERIOD.fullmatch(period)
    if match is None or match[1] == "0000":
        raise DomainError(f"{period!r} is not a period", remedy="write it as 2026-11")
    year, month = int(match[1]), int(match[2])
    return date(year, month, 1), date(year + month // 12, month % 12 + 1, 1)


def balances(amounts: Iterable[tuple[AccountRef, Money]]) -> Balances:
    """Amounts summed per account and currency."""
    sums: defaultdict[tuple[AccountRef, str], int] = defaultdict(int)
    for account, money in amounts:
        sums[account, money.currency] += money.minor
    return {key: minor for key, minor in sums.items() if minor}


def signed(line: JournalLine) -> Money:
    """The line's amount, debit positive."""
    return line.debit - line.credit


def check(journal: Journal) -> None:
    """Refuse a journal that does not reconcile, naming the entry or the account.

    Raises Unbalanced when an entry's debit and credit differ in some currency, or when opening balances and entries do not
    lead to the closing balances; DomainError for a reference twice, an entry outside the period, a line with both
    sides or none.
    """
    first, after = first_and_next(journal.period)
    seen: set[str] = set()
    for entry in journal.entries:
        if entry.ref in seen:
            raise DomainError(f"two entries carry the reference {entry.ref}", remedy=_VERIFY)
        seen.add(entry.ref)
        if not first <= entry.date < after:
            raise DomainError(f"entry {entry.ref} of {entry.date} lies outside {journal.period}", remedy=_VERIFY)
        _check_lines(entry)
    if not journal.closing:
        return
    moved = ((line.account, signed(line)) for entry in journal.entries for line in entry.lines)
    reached = balances([*journal.opening, *moved])
    stated = balances(journal.closing)
    for account, currency in sorted(reached.keys() | stated.keys(), key=lambda key: (key[0].role, key[0].detail, key[1])):
        was = Money(reached.get((account, currency), 0), currency)
        said = Money(stated.get((account, currency), 0), currency)
        if was != said:
            name = f"{account.role}/{account.detail}" if account.detail else account.role
            raise Unbalanced(f"{name} closes {journal.period} at {said}, but its entries lead to {was}", remedy=_VERIFY)


def _check_lines(entry: JournalEntry) -> None:
    if not entry.lines:
        raise DomainError(f"entry {entry.ref} has no lines", remedy=_VERIFY)
    sums: defaultdict[str, int] = defaultdict(int)
    for number, line in enumerate(entry.lines, 1):
        if line.debit.currency != line.credit.currency or bool(line.debit) == bool(line.credit):
            raise DomainError(f"line {number} of entry {entry.ref} needs exactly one of debit and credit", remedy=_VERIFY)
        sums[line.debit.currency] += signed(line).minor
    for currency, minor in sums.items():
        if minor:
            raise Unbalanced(f"entry {entry.ref}: debit and credit differ by {Money(minor, currency)}", remedy=_VERIFY)
