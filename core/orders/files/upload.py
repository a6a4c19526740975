"""Taking in files of orders: rows are stored first, then made into orders, a few dozen in each transaction.

Whatever stops it, no order is half made and no row is lost: the next `step` goes on where the last one ended, and the same
file uploaded again finds its rows. A row that fails creates nothing and is judged again when the file is uploaded again.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import peewee

from ...catalog.queries import ShopFacts, shop, shop_named
from ...kernel.db import Database, as_json, to_json
from ...kernel.errors import DomainError, OrderyardError
from ...kernel.uow import Installation, Merchant, UnitOfWork
from ..intake import place
from ..pricing import Tariffs
from .columns import FileMapping, column_letter, fitted, places
from .drafts import MOST_LINES, Bundle, bundles, judge
from .reading import Table, read_table
from .rows import Problem, Sheet

ORDERS_AT_ONCE = 50
_ROWS_AT_ONCE = 2000
_SHOWN = 200
_TOLD_EVERY = 20


@dataclass(frozen=True, slots=True)
class Preview:
    """What would become of a file, with nothing written."""

    header: tuple[str, ...]
    sample: tuple[tuple[int, tuple[str, ...]], ...]
    """The first rows as they are read; of a wrong encoding they show nonsense."""
    encoding: str
    mapping: FileMapping
    rows: int
    orders: int
    duplicates: int
    """Rows whose number is stored already."""
    failed: int
    """Rows with a problem."""
    problems: tuple[Problem, ...]
    """The first of them."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a file has come, in rows; `orders` is how many they made."""

    file_id: int
    shop: str
    name: str
    state: str
    rows: int
    waiting: int
    done: int
    duplicates: int
    failed: int
    orders: int


@dataclass(frozen=True, slots=True)
class FailedRow:
    """A row that created nothing, and why: `D7 手机: …; …`."""

    no: int
    problem: str
    cells: tuple[str, ...]


def preview(
    db: Database, merchant: Merchant, shop_code: str, data: bytes, now: datetime, mapping: FileMapping | None = None
) -> Preview:
    """Judge every row of a file as `step` would, against what is there now; DomainError where it cannot be read at all."""
    table = read_table(data)
    facts = shop_named(db, shop_code)
    fit = fitted(table.header, mapping, remembered(db, facts.id))
    sheet = _sheet(facts, table.header, fit, now)
    stored: list[tuple[int, str]] = []
    numbers: dict[str, list[int]] = {}
    for seq, (no, cells) in enumerate(table.rows):
        stored.append((no, _packed(cells)))
        if number := sheet.number(cells):
            numbers.setdefault(number, []).append(seq)
    several = "line" in sheet.places
    apart = {number for number, at in numbers.items() if len(at) > 1 and (not several or at[-1] - at[0] + 1 > len(at))}
    tariffs = Tariffs.of(db, facts, merchant.currency)
    counted = {"orders": 0, "duplicates": 0, "failed": 0}
    problems: list[Problem] = []
    # Rows wait as text, which takes a tenth of the memory that lists take.
    whole = bundles(((no, json.loads(cells)) for no, cells in stored), sheet, apart)
    while chunk := list(itertools.islice(whole, 4 * ORDERS_AT_ONCE)):
        for judged in judge(db, sheet, tariffs, bool(fit.paid), chunk):
            if judged.draft is not None:
                counted["orders"] += 1
            elif judged.duplicate_of is not None:
                counted["duplicates"] += len(judged.bundle.rows)
            else:
                counted["failed"] += len(judged.bundle.rows)
                problems += judged.problems[: _SHOWN - len(problems)]
    sample = tuple((no, tuple(json.loads(cells))) for no, cells in stored[:20])
    return Preview(table.header, sample, table.encoding, fit, len(stored), problems=tuple(problems), **counted)


def store(
    installation: Installation, actor: str, shop_code: str, name: str, data: bytes, mapping: FileMapping | None = None
) -> int:
    """Write a file's rows down, thousands in each transaction; its id. Nothing is made of them before all are there.

    The same bytes for the same shop are the same file: what it made is kept, and what failed or never came so far is taken up.
    """
    table = read_table(data)
    digest = hashlib.sha256(data).hexdigest()
    with installation.unit_of_work(actor) as uow:
        facts = shop_named(uow.db, shop_code)
        fit = fitted(table.header, mapping, remembered(uow.db, facts.id))
        sheet = _sheet(facts, table.header, fit, uow.now)
        file_id = _opened(uow, facts, name, digest, table, fit)
    _keep_rows(installation, actor, file_id, table, sheet)
    with installation.unit_of_work(actor) as uow:
        _mark_repeated(uow, file_id, sheet)
        uow.db.change("UPDATE import_file SET state = 'running' WHERE id = ?", (file_id,))
    return file_id


def step(uow: UnitOfWork, file_id: int, size: int = ORDERS_AT_ONCE) -> int:
    """Make up to `size` orders of a file's next rows; how many rows that took, 0 when none waits.

    Two at the same file take turns: the file's own row is held until the transaction ends.
    """
    opened = _held(uow, file_id)
    if opened is None:
        return 0
    sheet, paid = opened
    chunk = _next(uow, file_id, sheet, size)
    if not chunk:
        uow.db.change("UPDATE import_file SET state = 'finished' WHERE id = ?", (file_id,))
        return 0
    tariffs = Tariffs.of(uow.db, sheet.shop, uow.merchant.currency)
    judged = judge(uow.db, sheet, tariffs, paid, [bundle for bundle, _ in chunk])
    made = iter(place(uow, [one.draft for one in judged if one.draft is not None]) if any(one.draft for one in judged) else ())
    marked: list[tuple[int, str, int | None, str]] = []
    for one, (_, ids) in zip(judged, chunk, strict=True):
        order_id = one.duplicate_of if one.draft is None else next(made)
        state = "done" if one.draft is not None else "failed" if order_id is None else "duplicate"
        marked += [(row_id, state, order_id, "; ".join(map(str, one.problems))) for row_id in ids]
    _mark(uow, marked)
    return len(marked)


def run(
    installation: Installation, file_id: int, tell: Callable[[Progress], None] | None = None, most: int | None = None
) -> Progress:
    """Go on with a file until no row waits, or for `most` transactions; `tell` hears how it goes.

    Where a plugin refuses an order, the others of its transaction are made one by one, and its rows fail with the reason.
    """
    with installation.db.connection():
        row = installation.db.row("SELECT actor FROM import_file WHERE id = ?", (file_id,))
    actor = "" if row is None else row[0]
    for turn in range(most) if most is not None else itertools.count():
        if not _advance(installation, actor, file_id):
            break
        if tell is not None and turn % _TOLD_EVERY == 0:
            with installation.db.connection():
                tell(progress(installation.db, file_id))
    with installation.db.connection():
        return progress(installation.db, file_id)


def unfinished(db: Database) -> list[int]:
    """Files of which a row may still wait, oldest first."""
    return [row[0] for row in db.rows("SELECT id FROM import_file WHERE state = 'running' ORDER BY id")]


def progress(db: Database, file_id: int) -> Progress:
    """How far a file has come; DomainError when there is none."""
    row = db.row("SELECT s.code, f.name, f.state FROM import_file f JOIN shop s ON s.id = f.shop_id WHERE f.id = ?", (file_id,))
    if row is None:
        raise DomainError(f"there is no file {file_id}", remedy="reload the list of files")
    counted = {
        state: (rows, orders)
        for state, rows, orders in db.rows(
            "SELECT state, COUNT(*), COUNT(DISTINCT order_id) FROM import_row WHERE file_id = ? GROUP BY state", (file_id,)
        )
    }
    rows = {state: counted.get(state, (0, 0))[0] for state in ("waiting", "done", "duplicate", "failed")}
    return Progress(
        file_id, row[0], row[1], row[2], sum(rows.values()), rows["waiting"], rows["done"], rows["duplicate"], rows["failed"],
        counted.get("done", (0, 0))[1],
    )  # fmt: skip


def files(db: Database, limit: int = 50) -> list[Progress]:
    """The newest files."""
    return [progress(db, row[0]) for row in db.rows("SELECT id FROM import_file ORDER BY id DESC LIMIT ?", (limit,))]


def failed_rows(db: Database, file_id: int, after: int = 0, limit: int = _SHOWN) -> list[FailedRow]:
    """Rows that created nothing, in the file's order, from below row `after` on."""
    rows = db.rows(
        "SELECT no, problem, cells FROM import_row WHERE file_id = ? AND state = 'failed' AND no > ? ORDER BY no LIMIT ?",
        (file_id, after, limit),
    )
    return [FailedRow(no, problem, tuple(json.loads(cells))) for no, problem, cells in rows]


def remembered(db: Database, shop_id: int) -> FileMapping | None:
    """The columns a shop's files had last time."""
    row = db.row("SELECT settings FROM import_mapping WHERE shop_id = ?", (shop_id,))
    return None if row is None else FileMapping.stored(as_json(row[0]))


def remember(uow: UnitOfWork, shop_id: int, mapping: FileMapping) -> None:
    """Keep the columns of a shop's files for next time."""
    uow.db.change(
        "INSERT INTO import_mapping (shop_id, settings) VALUES (?,?) ON CONFLICT (shop_id) DO UPDATE SET "
        "settings = excluded.settings",
        (shop_id, to_json(mapping.settings())),
    )


# the parts


def _packed(cells: Sequence[str]) -> str:
    return json.dumps(cells, ensure_ascii=False, separators=(",", ":"))


def _sheet(facts: ShopFacts, header: Sequence[str], mapping: FileMapping, now: datetime) -> Sheet:
    return Sheet(facts, tuple(header), places(header, mapping), mapping.country, now)


def _opened(uow: UnitOfWork, facts: ShopFacts, name: str, digest: str, table: Table, mapping: FileMapping) -> int:
    """The file's row, new or known; what a known one did not make is open again."""
    settings = to_json(mapping.settings())
    remember(uow, facts.id, mapping)
    written = uow.db.change(
        "INSERT INTO import_file (shop_id, name, digest, header, settings, state, actor, created_at) VALUES "
        "(?,?,?,?,?,'storing',?,?) ON CONFLICT (shop_id, digest) DO NOTHING",
        (facts.id, name[:200], digest, to_json(table.header), settings, uow.actor, uow.now),
    )
    [(file_id, before)] = uow.db.rows(
        "SELECT id, settings FROM import_file WHERE shop_id = ? AND digest = ?" + ("" if uow.db.sqlite else " FOR UPDATE"),
        (facts.id, digest),
    )
    if written:
        uow.note("file", "import_file", file_id, name)
        return int(file_id)
    if as_json(before) != json.loads(settings):
        # Other columns make other numbers and problems of the same rows; what is done stays done.
        uow.db.change("DELETE FROM import_row WHERE file_id = ? AND state <> 'done'", (file_id,))
    else:
        uow.db.change(
            "UPDATE import_row SET state = 'waiting', problem = '' WHERE file_id = ? AND state = 'failed'", (file_id,)
        )
    uow.db.change("UPDATE import_file SET state = 'storing', settings = ? WHERE id = ?", (settings, file_id))
    uow.note("file again", "import_file", file_id, name)
    return int(file_id)


def _keep_rows(installation: Installation, actor: str, file_id: int, table: Table, sheet: Sheet) -> None:
    with installation.db.connection():
        known = {row[0] for row in installation.db.rows("SELECT no FROM import_row WHERE file_id = ?", (file_id,))}
    fresh = ((no, cells) for no, cells in table.rows if no not in known)
    while chunk := list(itertools.islice(fresh, _ROWS_AT_ONCE)):
        with installation.unit_of_work(actor) as uow:
            uow.db.insert(
                "import_row",
                ("file_id", "no", "number", "cells", "state", "problem"),
                [(file_id, no, sheet.number(cells).replace("\x00", ""), _packed(cells), "waiting", "") for no, cells in chunk],
                conflict="(file_id, no) DO NOTHING",
            )


def _mark_repeated(uow: UnitOfWork, file_id: int, sheet: Sheet) -> None:
    """Numbers that stand in several rows: all of their rows fail, unless they are neighbouring lines of one order."""
    at = sheet.places["number"]
    if "line" in sheet.places:
        says = f"stands in several places, or in more than {MOST_LINES} rows"
        wrong = (
            "SELECT number FROM (SELECT number, ROW_NUMBER() OVER (ORDER BY no) AS seq FROM import_row WHERE file_id = ?) AS r "
            f"WHERE number <> '' GROUP BY number HAVING MAX(seq) - MIN(seq) + 1 > COUNT(*) OR COUNT(*) > {MOST_LINES}"
        )
    else:
        says = "stands in several rows"
        wrong = "SELECT number FROM import_row WHERE file_id = ? AND number <> '' GROUP BY number HAVING COUNT(*) > 1"
    uow.db.change(
        "UPDATE import_row SET state = 'failed', problem = CAST(? AS TEXT) || CAST(no AS TEXT) || CAST(? AS TEXT) || number || "
        f"CAST(? AS TEXT) WHERE file_id = ? AND state = 'waiting' AND number IN ({wrong})",
        (column_letter(at), f" {sheet.header[at]}: ", f" {says}", file_id, file_id),
    )


def _held(uow: UnitOfWork, file_id: int) -> tuple[Sheet, bool] | None:
    """The file's way of being read, with its row locked; None while it is being stored or after the last row."""
    row = uow.db.row(
        "SELECT shop_id, header, settings, state FROM import_file WHERE id = ?" + ("" if uow.db.sqlite else " FOR UPDATE"),
        (file_id,),
    )
    if row is None:
        raise DomainError(f"there is no file {file_id}", remedy="reload the list of files")
    if row[3] != "running":
        return None
    mapping = FileMapping.stored(as_json(row[2]))
    return _sheet(shop(uow.db, row[0]), as_json(row[1]), mapping, uow.now), bool(mapping.paid)


def _next(uow: UnitOfWork, file_id: int, sheet: Sheet, size: int) -> list[tuple[Bundle, list[int]]]:
    """The next whole bundles, with the ids of their rows."""
    # With a line column a bundle has up to MOST_LINES rows, and the last one read may go on below.
    for limit in (4 * size, MOST_LINES + 1) if "line" in sheet.places else (size,):
        rows = uow.db.rows(
            f"SELECT id, no, cells FROM import_row WHERE file_id = ? AND state = 'waiting' ORDER BY no LIMIT {limit}",
            (file_id,),
        )
        ids = {no: row_id for row_id, no, _ in rows}
        whole = list(bundles([(no, json.loads(cells)) for _, no, cells in rows], sheet))
        if "line" in sheet.places and len(rows) == limit:
            whole = whole[:-1]
        if whole:
            return [(bundle, [ids[no] for no, _ in bundle.rows]) for bundle in whole[:size]]
    return []


def _mark(uow: UnitOfWork, rows: Sequence[tuple[int, str, int | None, str]]) -> None:
    values = ",".join(["(?,?,?,?)"] * len(rows))
    uow.db.change(
        "UPDATE import_row SET state = v.column2, order_id = CAST(v.column3 AS BIGINT), problem = v.column4 "
        f"FROM (VALUES {values}) AS v WHERE import_row.id = v.column1",
        [value for row in rows for value in row],
    )


def _advance(installation: Installation, actor: str, file_id: int) -> bool:
    """One more transaction, or one for each order where one of them was refused; whether there was anything to do."""
    try:
        with installation.unit_of_work(actor) as uow:
            return step(uow, file_id) > 0
    except (OrderyardError, peewee.IntegrityError):
        pass
    for _ in range(ORDERS_AT_ONCE):
        try:
            with installation.unit_of_work(actor) as uow:
                if not step(uow, file_id, 1):
                    return True
        except OrderyardError as error:
            with installation.unit_of_work(actor) as uow:
                _refuse(uow, file_id, str(error))
        except peewee.IntegrityError:
            with installation.unit_of_work(actor) as uow:
                _refuse(uow, file_id, "the same order came in elsewhere at this moment; upload the file again")
    return True


def _refuse(uow: UnitOfWork, file_id: int, because: str) -> None:
    """The next order of a file was refused by somebody: its rows fail."""
    opened = _held(uow, file_id)
    for bundle, ids in _next(uow, file_id, opened[0], 1) if opened else []:
        problem = str(Problem(bundle.rows[0][0], f"row {bundle.rows[0][0]}", "", because))
        _mark(uow, [(row_id, "failed", None, problem) for row_id in ids])
