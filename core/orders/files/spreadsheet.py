"""XLSX files that strangers made: looked over before they are read, and read by a child process that may die of them.

`python -m orderyard.core.orders.files.spreadsheet` is that child: the file on its standard input, one JSON list of texts a
row on its standard output. Where the system can limit a process's memory and time it does; the checks before hold anywhere.
"""

from __future__ import annotations

import datetime
import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO

from ...kernel.errors import DomainError

MOST_PARTS = 2000
MOST_UNPACKED = 256 * 1024 * 1024
MOST_RATIO = 200
MOST_TEXT = 96 * 1024 * 1024
"""Bytes that all rows may make: a text that a million cells share counts a million times."""
MOST_CELLS = 8_000_000
"""In the rectangle that is read, whether something stands in them or not."""
MEMORY = 768 * 1024 * 1024
SECONDS = 60

_REMEDY = "open it in the program it came from and save it anew as .xlsx or CSV"
_CHUNK = 1024 * 1024
# A sheet is read as a rectangle, so one lonely cell far out costs as much as all those between: rows from 200,000 on, and
# columns from CA on.
_FAR_OUT = re.compile(rb"""r\s*=\s*["'](?:[A-Za-z]{0,3}(?:[2-9]\d{5}|\d{7,})|(?:[A-Za-z]{3,}|[C-Zc-z][A-Za-z])\d)""")
_DOCTYPE = re.compile(rb"<!DOCTYPE|<!ENTITY", re.IGNORECASE)
_OVERLAP = 64


def look_over(data: bytes) -> None:
    """Refuse what is no workbook, or one made to hurt: too many parts, too much inside, entities, cells far out."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            infos = parts.infolist()
            if "xl/workbook.xml" not in {info.filename for info in infos}:
                raise DomainError("this is no Excel workbook", remedy=_REMEDY)
            if len(infos) > MOST_PARTS:
                raise DomainError(f"the workbook has {len(infos)} parts, at most {MOST_PARTS} are read", remedy=_REMEDY)
            unpacked = sum(info.file_size for info in infos)
            packed = sum(info.compress_size for info in infos)
            if unpacked > MOST_UNPACKED:
                raise DomainError(
                    f"the workbook unpacks to {unpacked // 1024 // 1024} MB", remedy="split it into several files"
                )
            if unpacked > _CHUNK and unpacked > packed * MOST_RATIO:
                raise DomainError("the workbook unpacks to far more than it should", remedy=_REMEDY)
            for info in infos:
                if info.filename.lower().endswith((".xml", ".rels", ".vml")):
                    with parts.open(info) as part:
                        _scan(part, sheet=info.filename.startswith("xl/worksheets/"))
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError, RuntimeError, OSError, ValueError):
        raise DomainError("this is no Excel workbook, or a broken or locked one", remedy=_REMEDY) from None


def _scan(part: Any, *, sheet: bool) -> None:
    tail = b""
    while block := part.read(_CHUNK):
        text = tail + block
        if _DOCTYPE.search(text):
            raise DomainError("the workbook declares entities, which no spreadsheet does", remedy=_REMEDY)
        if sheet and _FAR_OUT.search(text):
            raise DomainError("the sheet has a cell beyond row 199,999 or column BZ", remedy="delete what stands far out")
        tail = text[-_OVERLAP:]


def read_rows(data: bytes) -> Iterator[list[str]]:
    """The rows of the first visible sheet as texts, from its first row on; raises DomainError for what cannot be read."""
    look_over(data)
    try:
        child = subprocess.run(  # noqa: S603
            [sys.executable, "-m", __name__], input=data, capture_output=True, timeout=2 * SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise DomainError("the workbook takes too long to read", remedy=_REMEDY) from None
    if child.returncode == 3:
        raise DomainError(child.stderr.decode(errors="replace").strip(), remedy=_REMEDY)
    if child.returncode:
        raise DomainError("the workbook is broken, or needs more memory than is good", remedy=_REMEDY)
    for line in io.BytesIO(child.stdout):
        yield json.loads(line)


def as_text(value: object) -> str:
    """A cell as text. A number with more than 15 digits has lost some already and comes out as 1.23E+18, to be refused."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else format(value, ".15G")
    if isinstance(value, int):
        return str(value) if abs(value) < 10**15 else format(float(value), ".15G")
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ")
    return str(value)


def _write(data: bytes, out: BinaryIO) -> str:
    """The child's work; what is wrong with the file, or nothing."""
    from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        seen = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet
        ]
        if not seen:
            return "the workbook has no visible sheet"
        sheet = book.get_sheet_by_name(seen[0])
        left, (last_row, last_column) = (sheet.start or (0, 0))[1], sheet.end or (0, 0)
        if (last_row + 1) * (last_column + 1) > MOST_CELLS:
            return f"the sheet is {last_row + 1} rows by {last_column + 1} columns large"
        # The rows come from the first on, but their cells only from the first column in use on.
        written, blank = 0, [""] * left
        for row in sheet.iter_rows():
            line = json.dumps(blank + [as_text(cell) for cell in row], ensure_ascii=False).encode() + b"\n"
            written += len(line)
            if written > MOST_TEXT:
                return "the workbook holds more text than a file of orders"
            out.write(line)
    except CalamineError as error:
        return f"the workbook cannot be read: {error}"
    return ""


def _limit() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    _limit()
    if wrong := _write(sys.stdin.buffer.read(), sys.stdout.buffer):
        print(wrong, file=sys.stderr)
        sys.exit(3)
