"""From the texts of a row to checked values, or to what is wrong in which cell."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from ...catalog.queries import ShopFacts
from ...customers.phones import masked
from ...kernel.errors import DomainError
from ...kernel.values import Address, Money
from ..api import OrderType
from ..receiver import receiver_problems, text_problem
from .columns import column_letter
from .reading import LONGEST_CELL

# Full-width digits, letters and blanks mean the plain ones in these; in names, addresses and messages they are kept.
_TECHNICAL = frozenset(
    "number line sku quantity price amount discount freight total received paid cod placed_at paid_at phone country postcode "
    "email buyer type".split()
)
_IDENTIFIERS = frozenset({"number", "line", "sku", "phone", "postcode", "buyer"})
_ROUNDED = re.compile(r"[+-]?\d(?:\.\d+)?E\+?\d+", re.IGNORECASE)
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_CURRENCY = re.compile(r"^(?:¥|￥|\$|CNY|RMB|USD)\s*|\s*(?:元|CNY|RMB|USD)$")
_YES = frozenset({"yes", "y", "true", "1", "是", "已付", "已付款", "已支付", "付款", "√", "✓"})
_NO = frozenset({"no", "n", "false", "0", "否", "未付", "未付款", "未支付", "待付款", "×", ""})
_TYPES = {
    "": OrderType.NORMAL, "普通": OrderType.NORMAL, "补发": OrderType.RESHIP, "换货": OrderType.EXCHANGE,
    "预售": OrderType.PRESALE, "批发": OrderType.WHOLESALE,
} | {str(kind): kind for kind in OrderType}  # fmt: skip
_MOMENT = re.compile(
    r"(?P<year>\d{4})(?:[-/.年])(?P<month>\d{1,2})(?:[-/.月])(?P<day>\d{1,2})日?"
    r"(?:[ T]+(?P<hour>\d{1,2})[:时](?P<minute>\d{1,2})(?:[:分](?P<second>\d{1,2})(?:\.\d+)?秒?)?分?)?"
    r"(?P<zone>Z|[+-]\d{2}:?\d{2})?"
)
_LONGEST_NUMBER = 100

# What belongs to the order and not to its lines: in later rows of the same order it is repeated or left empty.
ORDER_FIELDS = (
    "discount", "freight", "total", "received", "paid", "cod", "placed_at", "paid_at", "name", "phone", "country", "province",
    "city", "district", "town", "detail", "postcode", "company", "buyer", "email", "message", "memo", "type",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in one cell; `place` is the cell as a spreadsheet calls it, such as D7."""

    row: int
    place: str
    title: str
    text: str

    def __str__(self) -> str:
        return f"{self.place} {self.title}: {self.text}" if self.title else f"{self.place}: {self.text}"


@dataclass(frozen=True, slots=True)
class RowLine:
    """What a row says about a line of goods; amounts in minor units, None where the row says none."""

    row: int
    sku: str
    quantity: int
    price: int | None
    amount: int | None
    line: str


@dataclass(frozen=True, slots=True)
class RowHead:
    """What a row says about its order."""

    discount: int
    freight: int | None
    total: int | None
    received: int | None
    paid: bool | None
    cod: bool
    placed_at: datetime | None
    paid_at: datetime | None
    to: Address
    buyer: str
    email: str
    message: str
    memo: str
    type: OrderType


@dataclass(frozen=True)
class Sheet:
    """How the rows of one file are read: the column of each field, their titles, the shop's currency and time zone."""

    shop: ShopFacts
    header: Sequence[str]
    places: Mapping[str, int]
    country: str
    now: datetime

    def text(self, cells: Sequence[str], name: str) -> str:
        """A field's text, normalised; empty where the file has no such column."""
        place = self.places.get(name)
        if place is None or place >= len(cells):
            return ""
        return normalised(cells[place], technical=name in _TECHNICAL)

    def problem(self, row: int, name: str, text: str) -> Problem:
        place = self.places.get(name)
        if place is None:
            return Problem(row, f"row {row}", "", text)
        return Problem(row, f"{column_letter(place)}{row}", self.header[place], text)

    def number(self, cells: Sequence[str]) -> str:
        """The external number of a row; empty where it is missing or lost digits."""
        text = self.text(cells, "number")
        return "" if _ROUNDED.fullmatch(text) or len(text) > _LONGEST_NUMBER else text

    def line(self, row: int, cells: Sequence[str]) -> RowLine | list[Problem]:
        """The goods of a row, or everything wrong with them."""
        read = _Reading(self, row, cells)
        number = read.identifier("number", longest=_LONGEST_NUMBER)
        if not number and not read.problems:
            read.wrong("number", "is missing")
        extra = [cell for cell in cells[len(self.header) :] if cell.strip()]
        if extra:
            read.problems.append(Problem(row, f"row {row}", "", f"has {len(extra)} cells more than the header"))
        sku = read.identifier("sku", longest=200)
        if not sku and not any(problem.title == self.header[self.places["sku"]] for problem in read.problems):
            read.wrong("sku", "is missing")
        line = read.identifier("line", longest=_LONGEST_NUMBER)
        if "line" in self.places and not line:
            read.wrong("line", "is missing")
        found = RowLine(row, sku, read.quantity(), read.money("price"), read.money("amount"), line)
        return read.problems or found

    def head(self, row: int, cells: Sequence[str]) -> RowHead | list[Problem]:
        """The order of a row, or everything wrong with it."""
        read = _Reading(self, row, cells)
        to = read.receiver()
        found = RowHead(
            discount=read.money("discount") or 0,
            freight=read.money("freight"),
            total=read.money("total"),
            received=read.money("received"),
            paid=read.yes_or_no("paid"),
            cod=bool(read.yes_or_no("cod")),
            placed_at=read.moment("placed_at"),
            paid_at=read.moment("paid_at"),
            to=to,
            buyer=read.identifier("buyer", longest=200),
            email=read.words("email"),
            message=read.words("message"),
            memo=read.words("memo"),
            type=read.type(),
        )
        if found.cod and (found.paid or found.received):
            read.wrong("cod", "cash on delivery has not been paid yet")
        if found.type in (OrderType.RESHIP, OrderType.EXCHANGE):
            read.wrong("type", f"a {found.type} names the order it makes good; enter it by hand")
        return read.problems or found

    def contradictions(self, first: Sequence[str], row: int, cells: Sequence[str]) -> list[Problem]:
        """Where a further row of an order says something else about the order than its first row."""
        return [
            self.problem(row, name, f"says {said!r}, the order's first row says {self.text(first, name)!r}")
            for name in ORDER_FIELDS
            if name in self.places and (said := self.text(cells, name)) and said != self.text(first, name)
        ]


def normalised(text: str, *, technical: bool) -> str:
    """Text without what spreadsheets and people put around it; `technical` text has plain digits and letters only."""
    if technical:
        if not text.isascii():
            text = unicodedata.normalize("NFKC", text)
            text = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
        if text.startswith('="') and text.endswith('"'):
            text = text[2:-1]
        # An apostrophe in front and a tab behind keep a spreadsheet from taking a number for one.
        return text.strip().removeprefix("'").strip()
    return text.replace("\u3000", " ").replace("\xa0", " ").strip()


class _Reading:
    """One row on its way, and what was wrong with it so far."""

    def __init__(self, sheet: Sheet, row: int, cells: Sequence[str]) -> None:
        self.sheet, self.row, self.cells = sheet, row, cells
        self.problems: list[Problem] = []

    def wrong(self, name: str, text: str) -> None:
        self.problems.append(self.sheet.problem(self.row, name, text))

    def words(self, name: str) -> str:
        text = self.sheet.text(self.cells, name)
        if len(text) > LONGEST_CELL:
            self.wrong(name, f"more than {LONGEST_CELL} characters")
            return ""
        if problem := text_problem(name, text):
            self.wrong(name, problem)
        return text

    def identifier(self, name: str, *, longest: int) -> str:
        text = self.sheet.text(self.cells, name)
        if name in _IDENTIFIERS and _ROUNDED.fullmatch(text):
            self.wrong(
                name, f"{text} is a number whose last digits are lost; format the column as text in the program it is from"
            )
            return ""
        if len(text) > longest or not text.isprintable():
            self.wrong(
                name,
                f"is longer than {longest} characters" if len(text) > longest else "has a character that cannot be printed",
            )
            return ""
        return text

    def quantity(self) -> int:
        text = self.sheet.text(self.cells, "quantity")
        plain = text.replace(",", "") if _THOUSANDS.fullmatch(text) else text
        plain = re.sub(r"\.0+$", "", plain)
        if not re.fullmatch(r"[+-]?\d{1,12}", plain):
            self.wrong("quantity", f"{text!r} is no whole number" if text else "is missing")
            return 0
        if not 1 <= int(plain) <= 1_000_000_000:
            self.wrong("quantity", f"{text} is not between 1 and 1,000,000,000")
        return int(plain)

    def money(self, name: str) -> int | None:
        text = self.sheet.text(self.cells, name)
        if not text:
            return None
        plain = _CURRENCY.sub("", text)
        plain = plain.replace(",", "") if _THOUSANDS.fullmatch(plain) else plain
        if not re.fullmatch(r"[+-]?\d{1,15}(?:\.\d{0,15})?", plain):
            self.wrong(name, f"{text!r} is no amount; write it as 12.30")
            return None
        try:
            minor = Money.of(plain, self.sheet.shop.currency).minor
        except DomainError as error:
            self.wrong(name, error.what)
            return None
        if minor < 0:
            self.wrong(name, f"{text} is negative")
            return None
        return minor

    def yes_or_no(self, name: str) -> bool | None:
        text = self.sheet.text(self.cells, name).casefold()
        if name not in self.sheet.places or (name == "paid" and not text):
            return None
        if text in _YES or text in _NO:
            return text in _YES
        self.wrong(name, f"{text!r} is neither yes nor no")
        return None

    def moment(self, name: str) -> datetime | None:
        text = self.sheet.text(self.cells, name)
        if not text:
            return None
        plain = re.sub(r"^(\d{4})(\d{2})(\d{2})(?=$|[ T])", r"\1-\2-\3", text)
        parts = _MOMENT.fullmatch(plain)
        try:
            if parts is None:
                raise ValueError
            numbers = [int(parts[part] or 0) for part in ("year", "month", "day", "hour", "minute", "second")]
            local = datetime(*numbers, tzinfo=ZoneInfo(self.sheet.shop.timezone))  # type: ignore[arg-type, misc]
            if parts["zone"]:
                local = datetime.fromisoformat(f"{local.replace(tzinfo=None).isoformat()}{parts['zone']}")
        except ValueError:
            self.wrong(name, f"{text!r} is no date; write it as 2026-11-22 or 2026-11-22 12:30:00")
            return None
        if local.year < 2000 or local > self.sheet.now + timedelta(days=1):
            self.wrong(name, f"{text} is not a moment of this business")
            return None
        return local

    def type(self) -> OrderType:
        text = self.sheet.text(self.cells, "type").casefold()
        if text not in _TYPES:
            self.wrong("type", f"{text!r} is no type of order; there are {', '.join(OrderType)}")
        return _TYPES.get(text, OrderType.NORMAL)

    def receiver(self) -> Address:
        sheet = self.sheet
        read = {
            name: sheet.text(self.cells, name)
            for name in ("province", "city", "district", "town", "detail", "postcode", "name", "phone", "company")
        }
        country = sheet.text(self.cells, "country").upper() or sheet.country
        known_country = "CN" if country in ("中国", "CHINA") else country
        to = Address(known_country, **read)  # type: ignore[arg-type]  # nothing in `read` is `masked`
        for name in ("postcode", "phone"):
            self.identifier(name, longest=LONGEST_CELL)
        problems = receiver_problems(to)
        for name in ("name", "phone", "detail"):
            if not read[name]:
                problems[name] = "is missing"
            elif (name == "name" and masked(read[name])) or (name == "detail" and "*" in read[name]):
                problems[name] = "is masked"
        known = {problem.place for problem in self.problems}
        for name, text in problems.items():
            problem = sheet.problem(self.row, name, text)
            if problem.place not in known:
                self.problems.append(problem)
        return to
