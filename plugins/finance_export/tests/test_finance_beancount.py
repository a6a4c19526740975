"""What Beancount makes of our files."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from beancount import loader
from beancount.core import data
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from orderyard_finance_export.bean import Beancount
from sample_ledger import TB, credit, debit, entry, journal, paid, refunded_in_red

from orderyard.core.kernel.errors import DomainError, Unbalanced
from orderyard.core.kernel.values import Money
from orderyard.core.ledger.api import AccountRef, Journal, JournalEntry, JournalLine, Role

OPENING = (
    (TB, Money.of("500.00", "CNY")),
    (AccountRef(Role.INVENTORY), Money.of("1000.00", "CNY")),
    (AccountRef(Role.OPENING), Money.of("-1500.00", "CNY")),
)


def text(of: Journal, **config: str) -> str:
    (file,) = Beancount(config).export(of)
    return file.content.decode()


def load(source: str) -> list[data.Directive]:
    """The entries, after Beancount accepted every one of them."""
    entries, errors, _ = loader.load_string(source)
    assert [error.message for error in errors] == []
    return list(entries)


def balances(entries: list[data.Directive]) -> dict[tuple[str, str], Decimal]:
    sums: dict[tuple[str, str], Decimal] = {}
    for one in entries:
        if isinstance(one, data.Transaction):
            for posting in one.postings:
                assert posting.units is not None
                assert posting.units.number is not None
                key = (posting.account, posting.units.currency)
                sums[key] = sums.get(key, Decimal(0)) + posting.units.number
    return {key: amount for key, amount in sums.items() if amount}


def test_beancount_reaches_the_closing_balances() -> None:
    ledger = journal(paid(), refunded_in_red(), opening=OPENING)
    assert balances(load(text(ledger))) == {
        ("Assets:Platform:Tb", "CNY"): Decimal("588.00"),
        ("Assets:Inventory", "CNY"): Decimal("1000.00"),
        ("Equity:Opening", "CNY"): Decimal("-1500.00"),
        ("Liabilities:Advances", "CNY"): Decimal("-95.58"),
        ("Liabilities:Advances-Tax", "CNY"): Decimal("-12.42"),
        ("Liabilities:Output-Tax", "CNY"): Decimal("2.30"),
        ("Income:Revenue", "CNY"): Decimal("17.70"),
    }


def test_bean_check_accepts_the_file(tmp_path: Path) -> None:
    path = tmp_path / "ledger.beancount"
    path.write_text(text(journal(paid(), refunded_in_red(), opening=OPENING)))
    check = subprocess.run([sys.executable, "-m", "beancount.scripts.check", path], capture_output=True, text=True)
    assert (check.returncode, check.stderr) == (0, "")


def test_one_fen_too_much_is_noticed() -> None:
    source = text(journal(paid(), opening=OPENING))
    assert "balance Assets:Platform:Tb  608.00 ~ 0 CNY" in source
    _, errors, _ = loader.load_string(source.replace("608.00 ~ 0 CNY", "608.01 ~ 0 CNY"))
    assert ["Balance failed" in error.message for error in errors] == [True]


def test_every_account_is_asserted_also_the_ones_back_at_zero() -> None:
    back = entry("SO1-BACK", 2, credit(TB, "108.00"), debit(AccountRef(Role.REVENUE), "108.00"))
    ledger = journal(paid(), back)
    assert "2026-12-01 balance Assets:Platform:Tb  0.00 ~ 0 CNY" in text(ledger)


def test_an_account_above_others_is_asserted_with_them() -> None:
    source = text(journal(paid(), paid("SO2-PAY", account=AccountRef(Role.PLATFORM))))
    assert "balance Assets:Platform  216.00 ~ 0 CNY" in source
    assert load(source)


def test_reference_and_reversal_are_links_and_metadata() -> None:
    found = [one for one in load(text(journal(paid(), refunded_in_red()))) if isinstance(one, data.Transaction)]
    assert [(sorted(one.links), one.meta["ref"]) for one in found] == [
        (["SO1-PAY"], "SO1-PAY"),
        (["SO1-RFD", "SO1-SHIP"], "SO1-RFD"),
    ]
    assert (set(found[1].tags), found[1].meta["reverses"]) == ({"reversal"}, "SO1-SHIP")


def test_a_reference_that_cannot_be_a_link_stays_metadata() -> None:
    (one,) = [one for one in load(text(journal(paid("订单 1")))) if isinstance(one, data.Transaction)]
    assert (sorted(one.links), one.meta["ref"]) == ([], "订单 1")


def test_several_currencies_live_in_one_file() -> None:
    yen = entry("JP-1", 3, debit(TB, "1080", "JPY"), credit(AccountRef(Role.REVENUE), "1080", "JPY"))
    source = text(journal(paid(), paid("SO2-PAY", "USD"), yen))
    assert "open Assets:Platform:Tb CNY,JPY,USD" in source
    assert "Assets:Platform:Tb  1080 JPY" in source
    assert balances(load(source))["Assets:Platform:Tb", "USD"] == Decimal("108.00")


def test_opening_balances_that_do_not_sum_to_zero_are_carried() -> None:
    source = text(journal(opening=OPENING[:1]))
    assert balances(load(source)) == {
        ("Assets:Platform:Tb", "CNY"): Decimal("500.00"),
        ("Equity:Carried-Forward", "CNY"): Decimal("-500.00"),
    }


def test_accounts_can_have_chinese_names() -> None:
    names = "platform=Assets:1012-其他货币资金; revenue=Income:6001-主营业务收入"
    sums = balances(load(text(journal(paid(), refunded_in_red()), beancount_accounts=names)))
    assert sums["Assets:1012-其他货币资金:Tb", "CNY"] == 88
    assert sums["Income:6001-主营业务收入", "CNY"] == Decimal("17.70")


def test_two_accounts_may_be_joined_on_purpose() -> None:
    joined = "advances=Liabilities:Buyers; advances_tax=Liabilities:Buyers"
    assert balances(load(text(journal(paid()), beancount_accounts=joined)))["Liabilities:Buyers", "CNY"] == -108


def test_two_shops_are_never_joined_by_accident() -> None:
    other = paid("SO2-PAY", account=AccountRef(Role.PLATFORM, "Tb"))
    with pytest.raises(DomainError, match=r"platform/Tb and platform/tb would both be Assets:Platform:Tb"):
        text(journal(paid(), other))
    assert load(text(journal(paid(), other), beancount_accounts="platform/Tb=Assets:Platform:Other"))


@pytest.mark.parametrize("name", ["支付宝", "Assets", "Assets:支付宝", "Assets:cash", "Cash:Box", "Assets:A b", "Assets:"])
def test_a_name_that_beancount_refuses_is_refused_as_a_setting(name: str) -> None:
    with pytest.raises(DomainError, match="beancount_accounts"):
        Beancount({"beancount_accounts": f"platform={name}"})


def test_an_unbalanced_entry_is_refused_by_name() -> None:
    with pytest.raises(Unbalanced, match="SO7"):
        text(journal(entry("SO7", 1, debit(TB, "10.01"), credit(AccountRef(Role.REVENUE), "10.00"))))


def test_an_empty_period_is_a_valid_file() -> None:
    assert load(text(journal())) == []


def test_a_december_is_asserted_in_the_next_year() -> None:
    (file,) = Beancount({}).export(journal(opening=OPENING, period="2026-12"))
    assert b"2027-01-01 balance" in file.content


DETAILS = st.text(min_size=1, max_size=6)
ACCOUNTS = st.one_of(
    st.sampled_from([AccountRef(role) for role in Role]),
    DETAILS.map(lambda detail: AccountRef(Role.PLATFORM, detail)),
)
AMOUNTS = st.integers(-(10**11), 10**11).filter(bool)


@st.composite
def balanced(draw: st.DrawFn, number: int) -> JournalEntry:
    currency = draw(st.sampled_from(["CNY", "USD", "JPY", "KWD"]))
    lines = []
    for account, minor, is_debit in draw(st.lists(st.tuples(ACCOUNTS, AMOUNTS, st.booleans()), min_size=1, max_size=5)):
        money, zero = Money(minor, currency), Money.zero(currency)
        lines.append(JournalLine(account, money, zero) if is_debit else JournalLine(account, zero, money))
    over = sum(line.debit.minor - line.credit.minor for line in lines)
    if over:
        lines.append(JournalLine(draw(ACCOUNTS), Money.zero(currency), Money(over, currency)))
    words = draw(st.text(max_size=30))
    return entry(f"E{number}", draw(st.integers(1, 30)), *lines, text=words)


@st.composite
def journals(draw: st.DrawFn) -> Journal:
    entries = [draw(balanced(number)) for number in range(draw(st.integers(0, 5)))]
    opening = draw(
        st.lists(st.tuples(ACCOUNTS, AMOUNTS.map(lambda minor: Money(minor, "CNY"))), max_size=4, unique_by=lambda one: one[0])
    )
    return journal(*sorted(entries, key=lambda one: one.date), opening=opening)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(journals())
def test_any_balanced_journal_is_accepted_with_its_closing_balances(ledger: Journal) -> None:
    try:
        source = text(ledger)
    except DomainError as error:
        assume("would both be" not in error.what)
        raise
    found = load(source)
    stated: Counter[str] = Counter()
    for _, money in ledger.closing:
        stated[money.currency] += abs(int(money.minor != 0))
    reached: Counter[str] = Counter()
    for (account, currency), amount in balances(found).items():
        reached[currency] += int(bool(amount) and account != "Equity:Carried-Forward")
    assert +reached == +stated
    assert source == text(ledger)


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=60))
def test_any_text_survives_on_one_line(words: str) -> None:
    one = entry("E1", 1, debit(TB, "1.00"), credit(AccountRef(Role.REVENUE), "1.00"), text=words)
    (found,) = [one for one in load(text(journal(one))) if isinstance(one, data.Transaction)]
    if words.isprintable():
        assert found.narration == words
