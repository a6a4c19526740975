"""Files made to hurt, or by programs that meant well."""

from __future__ import annotations

import base64
import io
import os
import re
import zipfile
from collections.abc import Callable

import pytest
from openpyxl import Workbook

from orderyard.core.kernel.errors import DomainError
from orderyard.core.orders.files.columns import FileMapping, column_letter, fitted, guessed, places
from orderyard.core.orders.files.reading import Table, read_table
from orderyard.core.orders.files.spreadsheet import as_text, look_over, read_rows

SHEET = "xl/worksheets/sheet1.xml"


def workbook(*rows: list[object]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


SMALL = workbook(["a", "b"], ["x", "y"])


def changed(data: bytes, part: str, change: Callable[[bytes], bytes], **more: bytes) -> bytes:
    """The workbook with one part rewritten and others added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after:
        for info in before.infolist():
            text = before.read(info)
            after.writestr(info.filename, change(text) if info.filename == part else text)
        for name, text in more.items():
            after.writestr(name, text)
    return out.getvalue()


def with_rows(xml: bytes) -> bytes:
    return changed(SMALL, SHEET, lambda text: text.replace(b"</sheetData>", xml + b"</sheetData>"))


def rows_of(table: Table) -> list[tuple[int, list[str]]]:
    return list(table.rows)


# workbooks


def test_the_first_visible_sheet_is_read_from_its_first_row_on() -> None:
    book = Workbook()
    book.active.title = "hidden"
    book.active.sheet_state = "hidden"
    shown = book.create_sheet("orders")
    shown["B3"], shown["C3"], shown["B5"], shown["C5"] = "number", "sku", "T1", 12
    out = io.BytesIO()
    book.save(out)
    table = read_table(out.getvalue())
    assert (table.header, table.encoding) == (("", "number", "sku"), "xlsx")
    assert rows_of(table) == [(5, ["", "T1", "12"])]


@pytest.mark.parametrize(
    "cell",
    [b'<c r="XFD3"><v>1</v></c>', b'<c r="CA3"><v>1</v></c>', b"<c r='zz3'><v>1</v></c>", b'<c r = "A200000"><v>1</v></c>'],
)
def test_a_cell_far_out_is_refused_before_the_sheet_is_read(cell: bytes) -> None:
    with pytest.raises(DomainError, match="beyond row 199,999 or column BZ"):
        look_over(with_rows(b'<row r="3">' + cell + b"</row>"))


def test_a_row_far_down_is_refused_too() -> None:
    with pytest.raises(DomainError, match="beyond row"):
        look_over(with_rows(b'<row r="1048576"><c><v>1</v></c></row>'))


def test_a_sheet_that_is_large_and_empty_is_refused() -> None:
    with pytest.raises(DomainError, match="rows by"):
        list(read_rows(with_rows(b'<row r="199000"><c r="BY199000"><v>1</v></c></row>')))


def test_cells_in_use_up_to_the_limits_are_read() -> None:
    assert len(list(read_rows(with_rows(b'<row r="19999"><c r="BZ19999"><v>1</v></c></row>')))) == 19_999


def test_entities_are_refused() -> None:
    doctype = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]>'
    with pytest.raises(DomainError, match="declares entities"):
        look_over(changed(SMALL, "xl/workbook.xml", lambda text: doctype + text))


def test_what_unpacks_to_far_too_much_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(DomainError, match="unpacks to far more"):
        look_over(changed(SMALL, "", bytes, **{"xl/media/x.bin": b"0" * 20_000_000}))
    with pytest.raises(DomainError, match="unpacks to 2"):
        look_over(changed(SMALL, "", bytes, **{"xl/media/x.bin": b"0" * 280_000_000}))


def test_too_many_parts_are_refused() -> None:
    with pytest.raises(DomainError, match="parts"):
        look_over(changed(SMALL, "", bytes, **{f"xl/media/{number}": b"" for number in range(2000)}))


def test_a_long_text_that_every_cell_shares_is_refused() -> None:
    shared = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>%s</t></si></sst>'
    kind = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
    cells = b"".join(b'<row r="%d"><c r="A%d" t="s"><v>0</v></c></row>' % (row, row) for row in range(1, 6000))
    data = changed(
        SMALL, SHEET, lambda text: re.sub(rb"<sheetData>.*</sheetData>", b"<sheetData>" + cells + b"</sheetData>", text)
    )
    data = changed(
        data,
        "xl/_rels/workbook.xml.rels",
        lambda text: text.replace(
            b"</Relationships>", b'<Relationship Id="s" Type="' + kind + b'" Target="sharedStrings.xml"/></Relationships>'
        ),
        **{"xl/sharedStrings.xml": shared % base64.b64encode(os.urandom(24_000))},
    )
    with pytest.raises(DomainError, match=r"more text than|more memory than"):
        list(read_rows(data))


@pytest.mark.parametrize(
    "data", [SMALL[:-60], b"PK\x03\x04 and nothing more", changed(SMALL, SHEET, lambda text: b"<worksheet")]
)
def test_a_broken_workbook_is_refused(data: bytes) -> None:
    with pytest.raises(DomainError, match=r"broken|no Excel workbook|cannot be read"):
        list(read_rows(data))


def test_another_archive_is_no_workbook() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("letter.txt", "dear")
    with pytest.raises(DomainError, match="no Excel workbook"):
        read_table(out.getvalue())


def test_an_old_or_locked_workbook_is_refused_with_advice() -> None:
    with pytest.raises(DomainError, match=r"save it as \.xlsx"):
        read_table(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x", "x"), (3.0, "3"), (3.5, "3.5"), (118.80000000000001, "118.8"), (0.1 + 0.2, "0.3"), (13800138000.0, "13800138000"),
        (999999999999999.0, "999999999999999"), (1e15, "1E+15"), (1.234567890123457e18, "1.23456789012346E+18"), (True, "TRUE"),
        (7, "7"), (10**18, "1E+18"),
    ],
)  # fmt: skip
def test_cells_become_text_as_a_spreadsheet_shows_them(value: object, text: str) -> None:
    assert as_text(value) == text


# text


@pytest.mark.parametrize("data", [b"", b"  \r\n \t", b",,,\n,,\n", workbook()])
def test_an_empty_file_is_refused(data: bytes) -> None:
    with pytest.raises(DomainError, match=r"empty|no rows"):
        read_table(data)


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\xff\xff", b"\xff\xfe\x00"])
def test_what_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(DomainError, match=r"neither text|is broken"):
        read_table(data)


def test_a_quotation_mark_that_is_never_closed_is_named() -> None:
    with pytest.raises(DomainError, match=r"row 3 cannot be read: .*field larger.*never closed"):
        rows_of(read_table(b"a,b\n1,2\n" + b'"' + b"x" * 200_000))


def test_more_rows_than_fit_are_refused() -> None:
    with pytest.raises(DomainError, match="more than 199,999 rows"):
        rows_of(read_table(b"a\n" + b"1\n" * 200_000))


def test_more_columns_than_fit_are_refused() -> None:
    with pytest.raises(DomainError, match="79 columns"):
        read_table(",".join("x" * 79).encode())


def test_a_cell_without_end_is_cut_to_what_is_refused_later() -> None:
    assert [len(row[0]) for _, row in rows_of(read_table(b"a\n" + b"x" * 9000))] == [4001]


# columns


@pytest.mark.parametrize(("place", "letter"), [(0, "A"), (25, "Z"), (26, "AA"), (77, "BZ"), (701, "ZZ"), (702, "AAA")])
def test_columns_are_called_as_a_spreadsheet_does(place: int, letter: str) -> None:
    assert column_letter(place) == letter


def test_titles_are_understood_however_they_are_written() -> None:
    header = ("Order_No", "＊ＳＫＵ：", "  QTY ", "收货人", "手机号", "收货地址", "行号")
    assert guessed(header) == {
        "number": "Order_No",
        "sku": "＊ＳＫＵ：",
        "quantity": "  QTY ",
        "name": "收货人",
        "phone": "手机号",
        "detail": "收货地址",
    }
    fit = fitted(header, FileMapping({"line": "行号"}), None)
    assert places(header, fit) == {"number": 0, "sku": 1, "quantity": 2, "name": 3, "phone": 4, "detail": 5, "line": 6}
    assert (fit.country, fit.paid) == ("CN", True)


def test_what_is_said_now_goes_before_what_was_remembered() -> None:
    known = FileMapping({"sku": "b", "price": "gone"}, "US", False)
    fit = fitted(("a", "b"), FileMapping({"sku": "a"}), known)
    assert (dict(fit.columns), fit.country, fit.paid) == ({"sku": "a"}, "US", False)
    assert fitted(("a", "b"), FileMapping(paid=True), known).paid is True
