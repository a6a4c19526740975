"""Files of orders as tables of texts: CSV in UTF-8 or GB18030, and XLSX."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from ...kernel.errors import DomainError
from .spreadsheet import read_rows

MOST_BYTES = 100 * 1024 * 1024
MOST_ROWS = 199_999
MOST_COLUMNS = 78
LONGEST_CELL = 4000


@dataclass(frozen=True)
class Table:
    """A file's header, and its rows as (row number as a spreadsheet counts, texts); blank rows are left out."""

    header: tuple[str, ...]
    rows: Iterator[tuple[int, list[str]]]
    encoding: str
    """`utf-8`, `utf-16`, `gb18030` or `xlsx`; of a text that is neither, GB18030 makes nonsense, which a preview shows."""


def read_table(data: bytes) -> Table:
    """The table in a file, whatever it is called; DomainError says what is wrong with it."""
    if not data.strip():
        raise DomainError("the file is empty", remedy="choose another file")
    if len(data) > MOST_BYTES:
        raise DomainError(f"the file has {len(data) // 1024 // 1024} MB", remedy="split it into several files")
    if data.startswith(b"PK\x03\x04"):
        rows, encoding = read_rows(data), "xlsx"
    elif data.startswith(b"\xd0\xcf\x11\xe0"):
        raise DomainError("this is an old or a locked Excel file", remedy="save it as .xlsx without a password, or as CSV")
    else:
        rows, encoding = _csv(data)
    numbered = ((no, row) for no, row in enumerate(rows, 1) if any(cell.strip() for cell in row))
    first = next(numbered, None)
    if first is None:
        raise DomainError("the file has no rows", remedy="choose another file")
    header = ["".join(letter for letter in cell if letter.isprintable()).strip() for cell in first[1]]
    while header and not header[-1]:
        header.pop()
    if len(header) > MOST_COLUMNS:
        raise DomainError(f"the file has {len(header)} columns", remedy=f"keep at most {MOST_COLUMNS}")
    return Table(tuple(header), _bounded(numbered), encoding)


def _bounded(rows: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    for count, (no, row) in enumerate(rows, 1):
        if count > MOST_ROWS:
            raise DomainError(f"the file has more than {MOST_ROWS:,} rows", remedy="split it into several files")
        yield no, [cell if len(cell) <= LONGEST_CELL else cell[: LONGEST_CELL + 1] for cell in row]


def _csv(data: bytes) -> tuple[Iterator[list[str]], str]:
    text, encoding = _decoded(data)
    first = text[: text.find("\n")] if "\n" in text else text
    delimiter = max(",\t;", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)

    def rows() -> Iterator[list[str]]:
        for count in itertools.count(1):
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise DomainError(
                    f"row {count} cannot be read: {error}", remedy="look for a quotation mark that is never closed"
                ) from None
            yield row

    return rows(), encoding


def _decoded(data: bytes) -> tuple[str, str]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16"), "utf-16"
        except UnicodeDecodeError:
            raise DomainError("the text of this file is broken", remedy="save it anew as CSV in UTF-8") from None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding), encoding.removesuffix("-sig")
        except UnicodeDecodeError:
            continue
    raise DomainError("this file is neither text in UTF-8 or GB18030 nor an Excel workbook", remedy="save it as CSV or .xlsx")
