"""A small ledger for the tests of both formats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime

from orderyard.core.kernel.values import Money
from orderyard.core.ledger.api import AccountRef, Journal, JournalEntry, JournalLine, Role

TB = AccountRef(Role.PLATFORM, "tb")


def debit(account: AccountRef, amount: str, currency: str = "CNY") -> JournalLine:
    return JournalLine(account, Money.of(amount, currency), Money.zero(currency))


def credit(account: AccountRef, amount: str, currency: str = "CNY") -> JournalLine:
    return JournalLine(account, Money.zero(currency), Money.of(amount, currency))


def entry(ref: str, day: int, *lines: JournalLine, text: str = "买家付款", reverses: str = "") -> JournalEntry:
    posted = datetime(2026, 11, day, 9, 30, tzinfo=UTC)
    return JournalEntry(ref, date(2026, 11, day), posted, text, lines, reverses)


def journal(
    *entries: JournalEntry, opening: Sequence[tuple[AccountRef, Money]] = (), closing: bool = True, period: str = "2026-11"
) -> Journal:
    """The entries as a period; its closing balances are what opening and entries lead to."""
    sums: Counter[tuple[AccountRef, str]] = Counter()
    for account, money in opening:
        sums[account, money.currency] += money.minor
    for one in entries:
        for line in one.lines:
            sums[line.account, line.debit.currency] += line.debit.minor - line.credit.minor
    ends = tuple((account, Money(minor, currency)) for (account, currency), minor in sums.items())
    return Journal("Acme", period, entries, tuple(opening), ends if closing else ())


def paid(ref: str = "SO1-PAY", currency: str = "CNY", account: AccountRef = TB) -> JournalEntry:
    return entry(
        ref,
        1,
        debit(account, "108.00", currency),
        credit(AccountRef(Role.ADVANCES), "95.58", currency),
        credit(AccountRef(Role.ADVANCES_TAX), "12.42", currency),
    )


def refunded_in_red(ref: str = "SO1-RFD", reverses: str = "SO1-SHIP") -> JournalEntry:
    return entry(
        ref,
        8,
        debit(TB, "-20.00"),
        credit(AccountRef(Role.REVENUE), "-17.70"),
        credit(AccountRef(Role.OUTPUT_TAX), "-2.30"),
        text="部分退款",
        reverses=reverses,
    )
