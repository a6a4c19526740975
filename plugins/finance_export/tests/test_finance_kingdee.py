"""What Kingdee would read from our files."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st
from orderyard_finance_export.kingdee import KingdeeK3
from orderyard_finance_export.rates import convert
from sample_ledger import TB, credit, debit, entry, journal, paid, refunded_in_red

from orderyard.core.kernel.errors import DomainError, Unbalanced
from orderyard.core.kernel.values import Money
from orderyard.core.ledger.api import AccountRef, ExportFile, Journal, JournalEntry, JournalLine, Role

OUR_RULES = """skip 1
fields date,,,word,no,acct,acctname,,,orig,dr,cr,maker,,,,,,,description
date-format %Y-%m-%d
account1 %acct
amount1-in %dr
amount1-out %cr
account2 suspense
code %word-%no
"""


def rows(file: ExportFile) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"), newline="")))


def export(of: Journal, **settings: str) -> dict[str, ExportFile]:
    return {file.name: file for file in KingdeeK3(settings).export(of)}


def test_a_voucher_is_numbered_and_its_lines_count_from_zero() -> None:
    table = rows(export(journal(paid(), refunded_in_red()))["kingdee-2026-11.csv"])
    assert [(row["凭证号"], row["分录序号"], row["科目代码"]) for row in table] == [
        ("1", "0", "1012"),
        ("1", "1", "2205.01"),
        ("1", "2", "2205.02"),
        ("2", "0", "1012"),
        ("2", "1", "6001.01"),
        ("2", "2", "2221.01.05"),
    ]
    assert table[0]["参考信息"] == "SO1-PAY"
    assert (table[0]["凭证日期"], table[0]["会计年度"], table[0]["会计期间"]) == ("2026-11-01", "2026", "11")


def test_a_red_entry_is_negative_on_its_own_side() -> None:
    table = rows(export(journal(refunded_in_red()))["kingdee-2026-11.csv"])
    assert [(row["借方"], row["贷方"], row["原币金额"]) for row in table] == [
        ("-20.00", "0.00", "-20.00"),
        ("0.00", "-17.70", "-17.70"),
        ("0.00", "-2.30", "-2.30"),
    ]


def test_the_workbook_holds_the_same_rows_as_the_csv() -> None:
    files = export(journal(paid(), refunded_in_red()))
    book = openpyxl.load_workbook(io.BytesIO(files["kingdee-2026-11.xlsx"].content))
    assert book.sheetnames == ["Page1", "t_Schema"]
    head, *body = book["Page1"].iter_rows(values_only=True)
    table = rows(files["kingdee-2026-11.csv"])
    assert list(head) == list(table[0])
    for cells, row in zip(body, table, strict=True):
        for cell, text in zip(cells, row.values(), strict=True):
            if isinstance(cell, (int, float)):
                assert Decimal(str(cell)) == Decimal(text)
            else:
                assert (cell or "") == text
    amounts = {head[index]: cell for index, cell in enumerate(body[0])}
    assert isinstance(amounts["借方"], (int, float))
    assert isinstance(amounts["科目代码"], str)


def test_the_schema_sheet_describes_every_column_of_the_first() -> None:
    book = openpyxl.load_workbook(io.BytesIO(export(journal())["kingdee-2026-11.xlsx"].content))
    head, *lines = [[cell or "" for cell in line] for line in book["t_Schema"].iter_rows(values_only=True)]
    fields = [dict(zip(head, line, strict=True)) for line in lines]
    assert {"FType": "ClassInfo", "FKey": "ClassType", "FCaption": "VoucherData"}.items() <= fields[0].items()
    captions = [cell.value for cell in book["Page1"][1]]
    assert [field["FCaption"] for field in fields if field["FType"] == "FieldInfo"] == captions


def test_the_same_journal_gives_the_same_bytes() -> None:
    ledger = journal(paid(), refunded_in_red(), paid("SO9-PAY", "USD"))
    assert KingdeeK3({}).export(ledger) == KingdeeK3({}).export(ledger)


def test_a_shop_is_an_item_beside_the_account() -> None:
    table = rows(export(journal(paid()), detail_names="tb=淘宝旗舰店")["kingdee-2026-11.csv"])
    assert [row["核算项目"] for row in table] == ["客户---tb---淘宝旗舰店", "", ""]


def test_a_carrier_is_a_supplier() -> None:
    owed = entry("SO1-FRT", 2, debit(AccountRef(Role.STOCK_LOSS), "6.50"), credit(AccountRef(Role.PAYABLE, "SF"), "6.50"))
    assert rows(export(journal(owed))["kingdee-2026-11.csv"])[1]["核算项目"] == "供应商---SF---SF"


def test_an_account_of_the_merchant_replaces_the_standard_one() -> None:
    table = rows(export(journal(paid()), kingdee_accounts="platform/tb=1012.01 其他货币资金-支付宝")["kingdee-2026-11.csv"])
    assert (table[0]["科目代码"], table[0]["科目名称"], table[0]["核算项目"]) == ("1012.01", "其他货币资金-支付宝", "")


def test_sub_accounts_must_be_listed() -> None:
    with pytest.raises(DomainError, match=r"SO1-PAY: platform/tb has no account.*kingdee_accounts"):
        export(journal(paid()), details="account")


def test_the_small_standard_has_its_own_numbers() -> None:
    table = rows(export(journal(paid(), refunded_in_red()), standard="small")["kingdee-2026-11.csv"])
    assert {row["科目代码"] for row in table} == {"1012", "2203.01", "2203.02", "5001.01", "2221.01.05"}


def test_without_rates_each_currency_gets_its_own_book() -> None:
    files = export(journal(paid(), paid("SO2-PAY", "USD")))
    assert list(files) == [
        "kingdee-2026-11.xlsx",
        "kingdee-2026-11.csv",
        "kingdee-2026-11-USD.xlsx",
        "kingdee-2026-11-USD.csv",
    ]
    first = rows(files["kingdee-2026-11-USD.csv"])[0]
    assert (first["币别代码"], first["原币金额"], first["借方"], first["汇率"]) == ("USD", "108.00", "108.00", "1")
    assert first["凭证号"] == "1"


def test_with_rates_everything_is_in_one_book_and_still_balances() -> None:
    files = export(journal(paid(), paid("SO2-PAY", "USD")), rates="USD=7.1049")
    assert list(files) == ["kingdee-2026-11.xlsx", "kingdee-2026-11.csv"]
    table = [row for row in rows(files["kingdee-2026-11.csv"]) if row["参考信息"] == "SO2-PAY"]
    assert [(row["币别代码"], row["原币金额"], row["汇率"]) for row in table] == [
        ("USD", "108.00", "7.1049"),
        ("USD", "95.58", "7.1049"),
        ("USD", "12.42", "7.1049"),
    ]
    assert sum(Decimal(row["借方"]) for row in table) == sum(Decimal(row["贷方"]) for row in table) == Decimal("767.33")


def test_a_currency_without_a_rate_is_refused_once_rates_are_used() -> None:
    with pytest.raises(DomainError, match=r"SO2-PAY is in USD, which has no exchange rate: add USD="):
        export(journal(paid(), paid("SO2-PAY", "USD")), rates="HKD=0.91")


def test_an_entry_in_two_currencies_needs_rates() -> None:
    both = entry("X-1", 3, *paid().lines, *paid(currency="USD").lines)
    with pytest.raises(DomainError, match="X-1 is in USD"):
        export(journal(both))
    table = rows(export(journal(both), rates="USD=7.10")["kingdee-2026-11.csv"])
    assert [row["币别代码"] for row in table] == ["RMB", "RMB", "RMB", "USD", "USD", "USD"]


def test_kingdees_own_currency_codes_can_be_told() -> None:
    table = rows(export(journal(paid(currency="USD")), currencies="USD=02 美元")["kingdee-2026-11-USD.csv"])
    assert (table[0]["币别代码"], table[0]["币别名称"]) == ("02", "美元")


@pytest.mark.parametrize("text", ["=1+1", "+86", "-cmd", "@SUM(A1)", " =1"])
def test_text_that_looks_like_a_formula_is_disarmed(text: str) -> None:
    files = export(journal(entry("=SO1", 1, debit(TB, "1.00"), credit(AccountRef(Role.REVENUE), "1.00"), text=text)))
    row = rows(files["kingdee-2026-11.csv"])[0]
    assert (row["凭证摘要"], row["参考信息"]) == (f"'{text}", "'=SO1")
    page = openpyxl.load_workbook(io.BytesIO(files["kingdee-2026-11.xlsx"].content))["Page1"]
    assert {cell.data_type for line in page.iter_rows() for cell in line} <= {"s", "n"}


def test_text_stays_on_one_line_and_inside_its_column() -> None:
    one = entry("SO1", 1, debit(TB, "1.00"), credit(AccountRef(Role.REVENUE), "1.00"), text="a\r\nb\x00" + "长" * 300)
    text = rows(export(journal(one))["kingdee-2026-11.csv"])[0]["凭证摘要"]
    assert text.startswith("a  b 长")
    assert len(text) == 255


def test_a_long_period_is_split_between_vouchers() -> None:
    files = export(journal(*[paid(f"SO{number}-PAY") for number in range(1, 4)]), rows_per_file="7")
    assert [name for name in files if name.endswith(".csv")] == ["kingdee-2026-11-1.csv", "kingdee-2026-11-2.csv"]
    assert [row["凭证号"] for row in rows(files["kingdee-2026-11-2.csv"])] == ["3", "3", "3"]


def test_an_amount_that_a_spreadsheet_would_bend_is_refused() -> None:
    huge = entry("SO1", 1, debit(TB, "12345678901234.56"), credit(AccountRef(Role.REVENUE), "12345678901234.56"))
    with pytest.raises(DomainError, match="more digits than a spreadsheet keeps"):
        export(journal(huge))


def test_an_unbalanced_entry_is_refused_by_name() -> None:
    with pytest.raises(Unbalanced, match=r"SO7: debit and credit differ by 0\.01 CNY"):
        export(journal(entry("SO7", 1, debit(TB, "10.01"), credit(AccountRef(Role.REVENUE), "10.00"))))


def test_an_entry_balanced_only_across_currencies_is_refused() -> None:
    with pytest.raises(Unbalanced, match="SO8"):
        export(journal(entry("SO8", 1, debit(TB, "10.00"), credit(AccountRef(Role.REVENUE), "10.00", "USD"))), rates="USD=1")


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (journal(paid(), paid()), "two entries carry the reference SO1-PAY"),
        (journal(paid(), period="2026-10"), "lies outside 2026-10"),
        (journal(period="2026-13"), "is not a period"),
        (journal(entry("SO1", 1)), "SO1 has no lines"),
        (journal(entry("SO1", 1, JournalLine(TB, Money(5, "CNY"), Money(5, "CNY")))), "exactly one of debit and credit"),
        (journal(entry("SO1", 1, JournalLine(TB, Money(0, "CNY"), Money(0, "CNY")))), "exactly one of debit and credit"),
    ],
    ids=["reference twice", "other period", "no period", "no lines", "both sides", "no side"],
)
def test_a_journal_that_cannot_be_true_is_refused(broken: Journal, message: str) -> None:
    with pytest.raises(DomainError, match=message):
        export(broken)


def test_closing_balances_that_the_entries_do_not_reach_are_refused() -> None:
    good = journal(paid())
    (account, money), *others = good.closing
    wrong = Journal(good.merchant, good.period, good.entries, (), ((account, money + Money(1, "CNY")), *others))
    with pytest.raises(Unbalanced, match=r"platform/tb closes 2026-11 at 108\.01 CNY, but its entries lead to 108\.00 CNY"):
        export(wrong)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("standard", "ifrs"),
        ("details", "some"),
        ("base_currency", "RMB"),
        ("rates", "USD=0"),
        ("rates", "USD=seven"),
        ("rates", "XXY=1"),
        ("rates", "USD=7;USD=8"),
        ("kingdee_accounts", "cash=1001 现金"),
        ("kingdee_accounts", "platform=1012"),
        ("kingdee_accounts", "platform"),
        ("first_number", "0"),
        ("rows_per_file", "many"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(DomainError):
        KingdeeK3({name: value})


@given(
    st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=12),
    st.decimals("0.0001", "999", places=4),
    st.sampled_from(["USD", "JPY", "KWD"]),
)
def test_converted_shares_sum_to_the_converted_sum(minors: list[int], rate: Decimal, currency: str) -> None:
    shares = convert(minors, rate, currency, "CNY")
    assert sum(shares) == sum(convert([sum(minors)], rate, currency, "CNY"))
    for share, minor in zip(shares, minors, strict=True):
        assert abs(share - convert([minor], rate, currency, "CNY")[0]) <= 1


@pytest.mark.parametrize("whose", ["ours", "vendor's"])
def test_hledger_reads_the_csv_and_finds_our_balances(whose: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if shutil.which("hledger") is None:
        pytest.skip("hledger is not installed")
    rules = tmp_path / "k3.rules"
    if whose == "ours":
        rules.write_text(OUR_RULES)
    else:
        rules.write_bytes((request.getfixturevalue("vendor") / "hledger-rules" / "k3.rules").read_bytes())
    ledger = journal(paid(), refunded_in_red(), paid("SO2-PAY"))
    (tmp_path / "k3.csv").write_bytes(export(ledger)["kingdee-2026-11.csv"].content)
    said = subprocess.run(
        ["hledger", "-f", tmp_path / "k3.csv", "--rules-file", rules, "bal", "--flat", "-E", "-O", "csv"],
        capture_output=True,
        check=True,
        text=True,
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin:/usr/local/bin"},
    )
    found = {line[0].split(" ")[0]: Decimal(line[1] or 0) for line in list(csv.reader(io.StringIO(said.stdout)))[1:]}
    balances = {code: amount for code, amount in found.items() if code[0].isdigit()}
    assert balances == {
        "1012": Decimal("196.00"),
        "2205.01": Decimal("-191.16"),
        "2205.02": Decimal("-24.84"),
        "6001.01": Decimal("17.70"),
        "2221.01.05": Decimal("2.30"),
    }
    assert found["suspense"] == 0


def test_the_vendor_ledger_gives_the_vendor_rows(vendor: Path) -> None:
    entries: list[JournalEntry] = []
    own: dict[str, str] = {}
    for voucher in json.loads((vendor / "neutral_journal.json").read_text()):
        lines = []
        for line in voucher["entries"]:
            own[f"platform/{line['account']}"] = f"{line['account']} {line['name']}"
            ref = AccountRef(Role.PLATFORM, line["account"])
            lines.append(JournalLine(ref, Money.of(line["debit"], "CNY"), Money.of(line["credit"], "CNY")))
        day = date.fromisoformat(voucher["date"])
        posted = datetime(day.year, day.month, day.day, tzinfo=UTC)
        entries.append(JournalEntry(voucher["ref"], day, posted, voucher["narration"], tuple(lines)))
    ledger = journal(*entries, period="2026-03")
    accounts = ";".join(f"{key}={value}" for key, value in own.items())
    ours = rows(export(ledger, kingdee_accounts=accounts)["kingdee-2026-03.csv"])
    theirs = list(csv.DictReader(io.StringIO((vendor / "k3_voucher.csv").read_text("utf-8-sig"))))
    assert ours == theirs
    ends: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in ours:
        ends[row["科目代码"]] += Decimal(row["借方"]) - Decimal(row["贷方"])
    expected = json.loads((vendor / "expected_balances.json").read_text())
    assert ends == {code: Decimal(amount) for code, amount in expected.items()}
