"""Kingdee KIS/K3: voucher files for 标准格式引入."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from orderyard.core.kernel.errors import DomainError
from orderyard.core.kernel.values import Money, SettingField, exponent
from orderyard.core.ledger.api import ExportFile, Journal, JournalEntry, LedgerExporter

from .charts import DETAILS, STANDARDS, Chart
from .checking import check
from .columns import COLUMNS, schema
from .rates import convert, rates
from .sheets import Cell, Row, as_csv, as_xlsx
from .texts import by_account, pairs, printable, setting

STANDARD = SettingField(
    "standard", "Accounting standard (会计准则)", required=False, default="enterprise", help=f"One of {', '.join(STANDARDS)}."
)
ACCOUNTS = SettingField(
    "kingdee_accounts",
    "Account codes (科目)",
    required=False,
    help="What differs, by role or role/shop: platform/tb=1012.01 其他货币资金-支付宝; payable=2202.01 应付快递",
)
DIVIDED = SettingField(
    "details",
    "Shops and carriers (核算项目)",
    required=False,
    default="item",
    help=f"One of {', '.join(DETAILS)}: as 核算项目, as sub-accounts listed in the account codes, or not told apart.",
)
NAMES = SettingField(
    "detail_names", "Names of shops and carriers", required=False, help="For the 核算项目: tb=淘宝旗舰店; SF=顺丰速运"
)
BASE = SettingField("base_currency", "Currency of the books (本位币)", required=False, default="CNY")
RATES = SettingField(
    "rates",
    "Exchange rates",
    required=False,
    help="USD=7.10; HKD=0.91. Empty: every foreign currency gets files of its own, in that currency.",
)
CURRENCIES = SettingField(
    "currencies", "Currency codes (币别)", required=False, help="Where Kingdee's own differ: USD=02 美元; EUR=03 欧元"
)
WORD = SettingField("voucher_word", "Voucher word (凭证字)", required=False, default="记")
PREPARER = SettingField("preparer", "Prepared by (制单)", required=False, default="OMS")
FIRST = SettingField("first_number", "First voucher number (凭证号)", required=False, default="1")
ROWS = SettingField(
    "rows_per_file",
    "Rows per file",
    required=False,
    default="60000",
    help="A longer period is split into several files between vouchers; older Kingdee versions read 65,535 rows at most.",
)

_CURRENCIES = {"CNY": ("RMB", "人民币"), "USD": ("USD", "美元"), "HKD": ("HKD", "港币"), "EUR": ("EUR", "欧元")}
_CURRENCIES |= {"GBP": ("GBP", "英镑"), "JPY": ("JPY", "日元"), "SGD": ("SGD", "新加坡元"), "AUD": ("AUD", "澳元")}
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_TEXT = 255


@dataclass(frozen=True, slots=True)
class _Posting:
    """One row's amounts: the line's own currency, and the currency of the books the file is for."""

    original: Money
    debit: Money
    credit: Money
    rate: Decimal


class KingdeeK3(LedgerExporter):
    """One voucher per entry, as a workbook and as the same rows in CSV.

    A red entry (红字) keeps its accounts and sides and carries negative amounts. Without rates each currency gets files of
    its own, for a book kept in it; with rates there is one set of files in the base currency.
    """

    name: ClassVar[str] = "kingdee_k3"
    title: ClassVar[str] = "Kingdee KIS/K3 vouchers (金蝶标准格式引入)"
    settings: ClassVar[tuple[SettingField, ...]] = (
        STANDARD,
        ACCOUNTS,
        DIVIDED,
        NAMES,
        BASE,
        RATES,
        CURRENCIES,
        WORD,
        PREPARER,
        FIRST,
        ROWS,
    )

    def __init__(self, settings: Mapping[str, str]) -> None:
        super().__init__(settings)
        self._chart = Chart(
            setting(settings, STANDARD),
            by_account(setting(settings, ACCOUNTS), ACCOUNTS.name),
            setting(settings, DIVIDED),
            pairs(setting(settings, NAMES), NAMES.name),
        )
        self._base = setting(settings, BASE)
        exponent(self._base)
        self._rates = rates(pairs(setting(settings, RATES), RATES.name), self._base)
        self._currencies = dict(_CURRENCIES)
        for currency, text in pairs(setting(settings, CURRENCIES), CURRENCIES.name).items():
            code, _, title = text.partition(" ")
            self._currencies[currency] = (code, title.strip() or code)
        self._word = setting(settings, WORD)
        self._preparer = setting(settings, PREPARER)
        self._first = _whole(setting(settings, FIRST), FIRST)
        self._rows = _whole(setting(settings, ROWS), ROWS)

    def export(self, journal: Journal) -> Sequence[ExportFile]:
        check(journal)
        files: list[ExportFile] = []
        for currency, entries in self._books(journal).items():
            name = f"kingdee-{journal.period}" + (f"-{currency}" if currency != self._base else "")
            parts = list(self._parts(currency, entries))
            for number, rows in enumerate(parts, 1):
                part = f"{name}-{number}" if len(parts) > 1 else name
                table: list[Row] = [[column.caption for column in COLUMNS], *rows]
                files.append(ExportFile(f"{part}.xlsx", _XLSX, as_xlsx([("Page1", table), ("t_Schema", schema())])))
                files.append(ExportFile(f"{part}.csv", "text/csv; charset=utf-8", as_csv(table)))
        return files

    def _books(self, journal: Journal) -> dict[str, list[JournalEntry]]:
        """The entries by the currency of the book they go to; the base currency's comes first, even empty."""
        books: dict[str, list[JournalEntry]] = {self._base: []}
        for entry in journal.entries:
            used = sorted({line.debit.currency for line in entry.lines})
            foreign = [currency for currency in used if currency not in self._rates]
            if len(self._rates) > 1 or len(used) > 1:
                if foreign:
                    raise DomainError(
                        f"entry {entry.ref} is in {foreign[0]}, which has no exchange rate",
                        remedy=f"add {foreign[0]}=… to the setting rates",
                    )
                books[self._base].append(entry)
            else:
                books.setdefault(used[0], []).append(entry)
        return {self._base: books.pop(self._base), **dict(sorted(books.items()))}

    def _parts(self, book: str, entries: Sequence[JournalEntry]) -> Iterator[list[Row]]:
        """The rows of each file; a voucher is never torn apart."""
        rows: list[Row] = []
        for number, entry in enumerate(entries, self._first):
            voucher = self._voucher(number, entry, book)
            if rows and len(rows) + len(voucher) > self._rows:
                yield rows
                rows = []
            rows += voucher
        yield rows

    def _voucher(self, number: int, entry: JournalEntry, book: str) -> list[Row]:
        if len(printable(entry.ref)) > _TEXT:
            raise DomainError(f"the reference {entry.ref[:40]}… is longer than {_TEXT} characters", remedy="shorten it")
        rows: list[Row] = []
        for index, (line, posting) in enumerate(zip(entry.lines, self._postings(entry, book), strict=True)):
            account, item = self._chart.find(line.account, entry.ref)
            code, title = self._currencies.get(posting.original.currency, (posting.original.currency,) * 2)
            cells: dict[str, Cell] = {
                "FDate": entry.date.isoformat(),
                "FYear": entry.date.year,
                "FPeriod": entry.date.month,
                "FGroupID": self._word,
                "FNumber": number,
                "FAccountNum": account.code,
                "FAccountName": account.name,
                "FCurrencyNum": code,
                "FCurrencyName": title,
                "FAmountFor": Decimal(posting.original.text),
                "FDebit": Decimal(posting.debit.text),
                "FCredit": Decimal(posting.credit.text),
                "FPreparerID": self._preparer,
                "FExplanation": printable(entry.text)[:_TEXT],
                "FQuantity": 0,
                "FUnitPrice": 0,
                "FReference": printable(entry.ref),
                "FTransDate": entry.date.isoformat(),
                "FAttachments": 0,
                "FSerialNum": number,
                "FExchangeRate": posting.rate,
                "FEntryID": index,
                "FItem": printable(str(item)) if item else "",
            }
            rows.append([cells.get(column.field, "") for column in COLUMNS])
        return rows

    def _postings(self, entry: JournalEntry, book: str) -> list[_Posting]:
        """The entry's lines in its order; each currency and side is converted as a whole, so both sides stay equal."""
        found: dict[int, _Posting] = {}
        for currency in sorted({line.debit.currency for line in entry.lines}):
            rate = Decimal(1) if currency == book else self._rates[currency]
            nothing = Money.zero(book)
            for is_debit in (True, False):
                chosen = [
                    (index, line.debit if is_debit else line.credit)
                    for index, line in enumerate(entry.lines)
                    if line.debit.currency == currency and bool(line.debit) == is_debit
                ]
                booked = convert([amount.minor for _, amount in chosen], rate, currency, book)
                for (index, amount), minor in zip(chosen, booked, strict=True):
                    own = Money(minor, book)
                    found[index] = _Posting(amount, own if is_debit else nothing, nothing if is_debit else own, rate)
        return [found[index] for index in range(len(entry.lines))]


def _whole(text: str, field: SettingField) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise DomainError(f"setting {field.name} is {text!r}", remedy="give a whole number of at least 1")
    return int(text)
