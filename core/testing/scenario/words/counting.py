"""Money as finance sees it: the ledger's balances and entries."""

from __future__ import annotations

from collections.abc import Iterable

from ....kernel.errors import DomainError
from ....kernel.values import Money
from ....ledger import queries as ledger
from ....ledger.api import AccountRef, Role
from ....ledger.service import close_period, reverse
from ..grammar import Form, Said
from ..world import Unmet, World


def close(world: World, said: Said) -> None:
    with world.work() as uow:
        close_period(uow, said["period"])


def undo(world: World, said: Said) -> None:
    with world.work() as uow:
        reverse(uow, said["name"], said["text"])


def _name(account: AccountRef) -> str:
    return f"{account.role.value}/{account.detail}" if account.detail else account.role.value


def _side(minor: int) -> str:
    return "credit" if minor < 0 else "debit"


def _shown(balances: Iterable[tuple[AccountRef, Money]]) -> dict[tuple[str, str], int]:
    """Debit positive, by account and currency; a role without detail stands for all its details too."""
    found: dict[tuple[str, str], int] = {}
    for account, money in balances:
        names = {_name(account), account.role.value}
        for name in names:
            key = name, money.currency
            found[key] = found.get(key, 0) + money.minor
    return {key: minor for key, minor in found.items() if minor}


def _compare(world: World, said: Said, balances: Iterable[tuple[AccountRef, Money]]) -> None:
    balances = list(balances)
    found = _shown(balances)
    whole = ", ".join(
        f"{_name(account)} {Money(abs(money.minor), money.currency)} {_side(money.minor)}" for account, money in balances
    )
    named: set[str] = set()
    for part in said.all("accounts"):
        role = part["role"]
        if role.partition("/")[0] not in set(Role):
            raise DomainError(f"the ledger has no account {role}", remedy=f"it has: {', '.join(Role)}")
        currency = part.get("currency", world.setting.merchant.currency)
        minor = world.money(part["amount"], currency)
        wanted = -minor if part.get("side") == "credit" else minor
        named.add(role)
        if found.get((role, currency), 0) != wanted:
            is_ = found.get((role, currency), 0)
            raise Unmet(
                f"{role} {part['amount']} {part.get('side', '')}".rstrip(),
                f"{role} {Money(abs(is_), currency)} {_side(is_)}; the whole: {whole or 'empty'}",
            )
    if "nothing else" in said:
        others = [_name(account) for account, _ in balances if not {_name(account), account.role.value} & named]
        if others:
            raise Unmet("nothing else", f"also {', '.join(others)}; the whole: {whole}")


def expect_ledger(world: World, said: Said) -> None:
    _compare(world, said, ledger.balances(world.system.installation.db, said.get("period")))


def expect_entries(world: World, said: Said) -> None:
    """What the entries of one order did together."""
    db = world.system.installation.db
    sums: dict[tuple[AccountRef, str], int] = {}
    for entry in ledger.entries_of(db, "order", world.order_id(said["order"])):
        for line in entry.lines:
            money = line.debit - line.credit
            sums[line.account, money.currency] = sums.get((line.account, money.currency), 0) + money.minor
    _compare(world, said, [(account, Money(minor, currency)) for (account, currency), minor in sums.items() if minor])


_ACCOUNTS = {"accounts*": "<role> <amount> [<side>] [in <currency>]", "nothing else": "nothing else"}

FORMS: tuple[Form[World], ...] = (
    Form("close period <period>", "A month of the ledger takes no more entries.", close),
    Form("reverse entry <name> because <text>", "An entry is cancelled by its red mirror image.", undo),
    Form("expect ledger [at the end of <period>]", "Balances to the fen; with `nothing else`, every other account stands at 0.",
         expect_ledger, _ACCOUNTS),
    Form("expect ledger of <order>", "What the entries of this order did together.", expect_entries, _ACCOUNTS),
)  # fmt: skip
