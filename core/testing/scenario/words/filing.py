"""Files of orders: the rows below the line become a real file, which is read as any other."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape

from ....kernel.errors import DomainError
from ....orders.files import upload
from ....orders.files.columns import FileMapping
from ..grammar import Form, Said
from ..world import Unmet, World, same


def _bytes(table: Sequence[Sequence[str]], encoding: str) -> bytes:
    if encoding == "xlsx":
        return _workbook(table)
    text = io.StringIO()
    csv.writer(text).writerows(table)
    return text.getvalue().encode("utf-8-sig" if encoding == "utf-8" else encoding)


_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_KINDS = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def _workbook(table: Sequence[Sequence[str]]) -> bytes:
    """The least that is a workbook: one sheet, every cell a text of its own."""
    cell = '<c t="inlineStr"><is><t xml:space="preserve">{}</t></is></c>'
    rows = "".join(f"<row>{''.join(cell.format(escape(text)) for text in row)}</row>" for row in table)
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_KINDS}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KINDS}.worksheet+xml"/></Types>',
        "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{_LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_SHEET}" xmlns:r="{_LINKS}"><sheets>'
        '<sheet name="orders" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{_LINKS}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_SHEET}"><sheetData>{rows}</sheetData></worksheet>',
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in parts.items():
            book.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')
    return packed.getvalue()


def _mapping(said: Said) -> FileMapping | None:
    columns = {part["name"]: part["text"] for part in said.all("columns")}
    paid = False if "unpaid" in said else None
    return FileMapping(columns, paid=paid) if columns or paid is not None else None


def _file(world: World, said: Said) -> bytes:
    """The file's content; a name said before without rows means the same bytes again."""
    if said.table:
        world.files[said["file"]] = _bytes(said.table, said.get("encoding", "utf-8"))
    if said["file"] not in world.files:
        raise DomainError(f"{said['file']} has no rows", remedy="write them below: | 订单号 | 商品编码 | 数量 |")
    return world.files[said["file"]]


def take(world: World, said: Said) -> None:
    installation = world.system.installation
    file_id = upload.store(installation, "person:staff", said["shop"], said["file"], _file(world, said), _mapping(said))
    world.documents["file", said["file"]] = file_id
    if "crash" in said:
        with installation.unit_of_work("person:staff") as uow:
            upload.step(uow, file_id, said.part("crash", "units"))
    else:
        upload.run(installation, file_id)


def go_on(world: World, said: Said) -> None:
    world.system.go_on_with_files()


def expect_preview(world: World, said: Said) -> None:
    installation = world.system.installation
    with installation.db.connection():
        found = upload.preview(
            installation.db, installation.merchant, said["shop"], _file(world, said), world.clock.now(), _mapping(said)
        )
    _counts(said, {"orders": found.orders, "duplicates": found.duplicates, "failed": found.failed})
    _problems(said, [str(problem) for problem in found.problems])


def _counts(said: Said, counts: dict[str, int]) -> None:
    for part, count in counts.items():
        if part in said:
            same(f"{said.part(part, 'units')} {part}", f"{count} {part}")


def _problems(said: Said, problems: Sequence[str]) -> None:
    for part in said.all("says"):
        if not any(part["text"].casefold() in problem.casefold() for problem in problems):
            raise Unmet(f"a problem {part['text']!r}", "; ".join(problems) or "no problem")


def expect_file(world: World, said: Said) -> None:
    db = world.system.installation.db
    found = upload.progress(db, world.document("file", said["file"]))
    counts = {"orders": found.orders, "duplicates": found.duplicates, "failed": found.failed, "waiting": found.waiting}
    _counts(said, counts)
    _problems(said, [row.problem for row in upload.failed_rows(db, found.file_id)])


_COLUMNS = {"columns*": "column <name> is <text>", "unpaid": "unpaid"}
_SAYS = {"orders": "<units> orders", "duplicates": "<units> duplicates", "failed": "<units> failed", "says*": "says <text>"}

FORMS: tuple[Form[World], ...] = (
    Form("upload <file> to <shop> [in <encoding>]",
         "A file of orders; its rows stand below, `| 订单号 | … |`, the titles first. Without rows, the same file again. "
         "`stops after` so many orders: the machine fails there.", take,
         {**_COLUMNS, "crash": "stops after <units> orders"}),
    Form("go on with files", "The round that takes up what was left.", go_on),
    Form("expect file <file>", "What became of its rows, and what is wrong with some.", expect_file,
         {**_SAYS, "waiting": "<units> waiting"}),
    Form("expect preview of file <file> for <shop> [in <encoding>]", "What would become of it.", expect_preview,
         {**_COLUMNS, **_SAYS}),
)  # fmt: skip
