"""The same rows as CSV and as XLSX, byte for byte equal whenever the rows are."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import xlsxwriter  # type: ignore[import-untyped]

from orderyard.core.kernel.errors import DomainError

Cell = str | int | Decimal
Row = Sequence[Cell]

_FORMULA_STARTS = ("=", "+", "-", "@")
# XlsxWriter stamps a workbook with the current time unless it is told another.
_STAMP = datetime(2000, 1, 1, tzinfo=UTC)


def guarded(text: str) -> str:
    """Text that no spreadsheet takes for a formula: one that starts like one gets an apostrophe before it."""
    return f"'{text}" if text.lstrip().startswith(_FORMULA_STARTS) else text


def as_csv(rows: Sequence[Row]) -> bytes:
    """UTF-8 with a byte order mark, which Excel and Kingdee need to see that it is UTF-8; lines end with CR LF."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(
        [guarded(cell) if isinstance(cell, str) else str(cell) for cell in row] for row in rows
    )
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(sheets: Sequence[tuple[str, Sequence[Row]]]) -> bytes:
    """A workbook: text as text (never a formula, a link or a number), numbers as numbers with their own digits."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        book.set_properties({"created": _STAMP})
        text = book.add_format({"num_format": "@"})
        digits: dict[int, object] = {}
        for name, rows in sheets:
            sheet = book.add_worksheet(name)
            for y, row in enumerate(rows):
                for x, cell in enumerate(row):
                    if isinstance(cell, str):
                        if cell:
                            sheet.write_string(y, x, guarded(cell), text)
                        continue
                    places = _places(cell)
                    if places not in digits:
                        digits[places] = book.add_format({"num_format": f"0.{'0' * places}" if places else "0"})
                    sheet.write_number(y, x, _binary(cell), digits[places])
    return file.getvalue()


def _places(number: int | Decimal) -> int:
    exponent = Decimal(number).as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0


def _binary(number: int | Decimal) -> float:
    """The cell's value; a spreadsheet keeps 15 significant digits, so an amount with more is refused rather than bent."""
    if len(Decimal(number).normalize().as_tuple().digits) > 15:
        raise DomainError(f"{number} has more digits than a spreadsheet keeps", remedy="split the entry")
    return float(number)
