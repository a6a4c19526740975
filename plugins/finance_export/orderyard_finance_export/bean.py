"""Beancount: the period as a text file that `bean-check` accepts, with its closing balances asserted to the fen."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date
from typing import ClassVar

from orderyard.core.kernel.errors import DomainError
from orderyard.core.kernel.values import Money, SettingField, exponent
from orderyard.core.ledger.api import KINDS, AccountKind, AccountRef, ExportFile, Journal, JournalEntry, LedgerExporter, Role

from .checking import check, first_and_next, signed
from .kingdee import BASE
from .texts import by_account, printable, setting

NAMED = SettingField(
    "beancount_accounts",
    "Beancount accounts",
    required=False,
    help="What shall be called otherwise, by role or role/shop: platform/tb=Assets:1012-支付宝; revenue=Income:6001-收入",
)

_ROOTS = {
    AccountKind.ASSET: "Assets",
    AccountKind.LIABILITY: "Liabilities",
    AccountKind.EQUITY: "Equity",
    AccountKind.INCOME: "Income",
    AccountKind.EXPENSE: "Expenses",
}
CARRIED = "Equity:Carried-Forward"
"""The other side of opening balances that do not sum to zero by themselves."""

_LINK = re.compile(r"[A-Za-z0-9\-_/.]+")


class Beancount(LedgerExporter):
    """One file per period that stands by itself: opens its accounts, carries the opening balances in, asserts the closing."""

    name: ClassVar[str] = "beancount"
    title: ClassVar[str] = "Beancount"
    settings: ClassVar[tuple[SettingField, ...]] = (NAMED, BASE)

    def __init__(self, settings: Mapping[str, str]) -> None:
        super().__init__(settings)
        self._base = setting(settings, BASE)
        exponent(self._base)
        self._named = by_account(setting(settings, NAMED), NAMED.name)
        for name in self._named.values():
            root, _, rest = name.partition(":")
            if root not in _ROOTS.values() or not rest or not all(_well_formed(part) for part in rest.split(":")):
                raise DomainError(
                    f"setting {NAMED.name}: {name!r} is not a Beancount account",
                    remedy="start it with Assets, Liabilities, Equity, Income or Expenses, each part with a capital or a digit",
                )

    def export(self, journal: Journal) -> Sequence[ExportFile]:
        check(journal)
        first, after = first_and_next(journal.period)
        names = self._names(journal)
        lines = [f'option "title" {_quoted(f"{journal.merchant} {journal.period}")}']
        lines += [f'option "operating_currency" "{self._base}"', ""]
        opening = _summed((names[ref], money) for ref, money in journal.opening)
        carried = [-money for money in _summed(("", money) for _, money in journal.opening).values() if money]
        currencies: dict[str, set[str]] = {}
        for ref, money in _amounts(journal):
            currencies.setdefault(names[ref], set()).add(money.currency)
        refs: dict[str, list[AccountRef]] = {}
        for ref, name in names.items():
            refs.setdefault(name, []).append(ref)
        for name in sorted(currencies):
            lines.append(f"{first} open {name} {','.join(sorted(currencies[name]))}")
            lines.append(f"  role: {_quoted(' '.join(_key(ref) for ref in refs[name]))}")
        if carried:
            lines.append(f"{first} open {CARRIED}")
        if any(opening.values()):
            lines += ["", f'{first} * "Opening balances"']
            lines += [_posting(name, money) for (name, _), money in opening.items() if money]
            lines += [_posting(CARRIED, money) for money in carried]
        for entry in journal.entries:
            lines += ["", *_transaction(entry, names)]
        if journal.closing:
            lines += ["", *_assertions(after, _summed((names[ref], money) for ref, money in journal.closing), currencies)]
        text = "\n".join(lines) + "\n"
        return [ExportFile(f"orderyard-{journal.period}.beancount", "text/plain; charset=utf-8", text.encode())]

    def _names(self, journal: Journal) -> dict[AccountRef, str]:
        """Account -> name, in a fixed order; two details that would look alike are refused, never joined."""
        names: dict[AccountRef, str] = {}
        made: dict[str, AccountRef] = {}
        refs = {ref for ref, _ in _amounts(journal)}
        for ref in sorted(refs, key=lambda ref: (list(Role).index(ref.role), ref.detail)):
            named = self._named.get(ref)
            if named is None:
                named = self._named.get(AccountRef(ref.role)) or _default(ref.role)
                if ref.detail:
                    named = f"{named}:{_part(ref.detail)}"
                if made.get(named, ref) != ref:
                    raise DomainError(
                        f"{_key(made[named])} and {_key(ref)} would both be {named}",
                        remedy=f"name one of them in the setting {NAMED.name}",
                    )
            names[ref] = named
            made[named] = ref
        return names


def _amounts(journal: Journal) -> list[tuple[AccountRef, Money]]:
    moved = [(line.account, signed(line)) for entry in journal.entries for line in entry.lines]
    return [*journal.opening, *moved, *journal.closing]


def _default(role: Role) -> str:
    return f"{_ROOTS[KINDS[role]]}:{'-'.join(word.capitalize() for word in role.split('_'))}"


def _key(ref: AccountRef) -> str:
    return f"{ref.role}/{ref.detail}" if ref.detail else str(ref.role)


def _well_formed(part: str) -> bool:
    """beancount/core/account.py 3.2: letters, digits and hyphens, a capital or a digit first; so 1012-支付宝, not 支付宝."""
    if not part or not all(char == "-" or char.isalpha() or char.isdecimal() for char in part):
        return False
    return part[0].isdecimal() or unicodedata.category(part[0]) == "Lu"


def _part(detail: str) -> str:
    """A shop's or carrier's code as one part of an account name."""
    kept = "".join(char if char.isalpha() or char.isdecimal() else "-" for char in detail)
    raised = kept[:1].upper() + kept[1:]
    return raised if _well_formed(raised) else f"X-{kept}"


def _summed(amounts: Iterable[tuple[str, Money]]) -> dict[tuple[str, str], Money]:
    """(name, currency) -> sum, in the order of first appearance."""
    sums: dict[tuple[str, str], Money] = {}
    for name, money in amounts:
        sums[name, money.currency] = sums.get((name, money.currency), Money.zero(money.currency)) + money
    return sums


def _assertions(day: date, closing: Mapping[tuple[str, str], Money], currencies: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """One exact assertion per account and currency; of an account above others it states the sum, as Beancount reads it."""
    for name in sorted(currencies):
        under = [other for other in currencies if other == name or other.startswith(f"{name}:")]
        for currency in sorted(currencies[name]):
            total = Money.zero(currency)
            for other in under:
                total += closing.get((other, currency), Money.zero(currency))
            # Without a tolerance of its own, an assertion lets a difference of one fen pass.
            yield f"{day} balance {name}  {total.text} ~ 0 {currency}"


def _quoted(text: str) -> str:
    plain = printable(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'


def _posting(account: str, money: Money) -> str:
    return f"  {account}  {money.text} {money.currency}"


def _transaction(entry: JournalEntry, names: Mapping[AccountRef, str]) -> list[str]:
    """The reference is metadata, and a link too where it may be one, so a red entry hangs together with what it reverses."""
    links = "".join(f" ^{ref}" for ref in (entry.ref, entry.reverses) if _LINK.fullmatch(ref))
    head = f"{entry.date} * {_quoted(entry.text)}{links}" + (" #reversal" if entry.reverses else "")
    lines = [head, f"  ref: {_quoted(entry.ref)}", f'  posted: "{entry.posted_at.astimezone(UTC).isoformat()}"']
    if entry.reverses:
        lines.append(f"  reverses: {_quoted(entry.reverses)}")
    return lines + [_posting(names[line.account], signed(line)) for line in entry.lines]
