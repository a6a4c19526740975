"""Reads of connections, the inbox and write-backs for pages: set-based, paged by key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..kernel.db import Database, as_moment
from ..kernel.matching import contains

PAGE = 50


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits on one connection: tasks by themselves and for a person, documents by themselves and for a person."""

    tasks: int = 0
    parked_tasks: int = 0
    unread: int = 0
    parked: int = 0

    @property
    def total(self) -> int:
        return self.tasks + self.parked_tasks + self.unread + self.parked

    @property
    def stuck(self) -> int:
        """Of these, what goes on only when a person does something."""
        return self.parked_tasks + self.parked


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """One account at a remote system, and whether it works."""

    id: int
    code: str
    kind: str
    adapter: str
    shop: str
    state: str
    message: str
    cursor: datetime | None
    last_good_at: datetime | None
    claims_cursor: datetime | None
    expires_at: datetime | None
    """When the access that was granted ends."""
    warn_from: datetime | None
    shop_id: int | None
    push_address: str
    """Where the platform pushes to, as far as we know."""
    backlog: Backlog

    def ends_soon(self, now: datetime) -> bool:
        """Whether people are to be warned that the grant ends, or has ended."""
        return self.warn_from is not None and self.warn_from <= now


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document from outside and what was made of it, without its body."""

    id: int
    connection: str
    kind: str
    source: str
    delivery_id: str
    document: str
    version: datetime | None
    received_at: datetime
    verdict: str
    """Empty until it is read."""
    reason: str
    order_id: int | None
    order: str
    """Its number, empty without one."""


@dataclass(frozen=True, slots=True)
class StockState:
    """How many of a shop's items have told and acknowledged stock figures; `paused` ones show 0."""

    items: int
    mapped: int
    acknowledged: int
    paused: int

    @property
    def untold(self) -> int:
        return self.mapped - self.acknowledged


@dataclass(frozen=True, slots=True)
class PlatformOrder:
    """Where an order of ours stands on a platform."""

    connection: str
    adapter: str
    external_id: str
    state: str
    version: datetime


@dataclass(frozen=True, slots=True)
class ParkedDocument:
    """A document from outside that could not be taken in."""

    id: int
    connection: str
    document: str
    received_at: datetime
    reason: str
    order_id: int | None


@dataclass(frozen=True, slots=True)
class UnmappedListing:
    """A channel's item nobody has given a SKU yet."""

    id: int
    shop: str
    item_id: str
    variant_id: str
    merchant_code: str
    title: str
    by_code: str
    """The SKU whose code is the seller's code, empty without one."""
    by_barcode: str
    """The only SKU whose barcode is the seller's code."""


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """What a platform was told about one parcel."""

    id: int
    order_id: int
    order: str
    connection: str
    fo_number: str
    number: str
    carrier: str
    state: str
    note: str
    at: datetime
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits for people, each counted to at most 100."""

    documents: int
    tasks: int
    listings: int
    paused: int

    @property
    def total(self) -> int:
        return self.documents + self.tasks + self.listings + self.paused


def connections(db: Database) -> list[ConnectionRow]:
    """All of them with their backlogs, the paused ones first; three statements."""
    return _connections(db, "", [])


def connection_row(db: Database, code: str) -> ConnectionRow | None:
    """One of them by its code."""
    return next(iter(_connections(db, "WHERE c.code = ?", [code])), None)


def connections_to_mend(db: Database, now: datetime) -> list[ConnectionRow]:
    """Those that are paused, and those whose access ends soon; one statement, so without their backlogs."""
    return [
        _connection(row, Backlog())
        for row in db.rows(
            f"{_CONNECTION} WHERE c.state = 'paused' OR c.warn_from <= ? {_ORDER}", (now,)
        )
    ]  # fmt: skip


_CONNECTION = (
    "SELECT c.id, c.code, c.kind, c.adapter, COALESCE(s.title, ''), c.state, c.message, c.cursor, c.last_good_at, "
    "c.claims_cursor, c.expires_at, c.warn_from, c.shop_id, c.push_address FROM connection c "
    "LEFT JOIN shop s ON s.id = c.shop_id"
)
_ORDER = "ORDER BY CASE WHEN c.state = 'paused' THEN 0 ELSE 1 END, c.kind, c.code"


def _connection(row: tuple[Any, ...], backlog: Backlog) -> ConnectionRow:
    return ConnectionRow(*[*row[:7], *[_moment(value) for value in row[7:12]], *row[12:], backlog])


def _connections(db: Database, where: str, given: list[str]) -> list[ConnectionRow]:
    tasks: dict[tuple[str, bool], int] = {
        (owner, bool(parked)): int(count)
        for owner, parked, count in db.rows(
            "SELECT owner, CASE WHEN state = 'parked' THEN 1 ELSE 0 END AS stuck, COUNT(*) FROM task "
            "WHERE state IN ('due', 'leased', 'parked') GROUP BY owner, stuck"
        )
    }
    documents: dict[tuple[int, str], int] = {
        (connection, verdict): int(count)
        for connection, verdict, count in db.rows(
            "SELECT connection_id, verdict, COUNT(*) FROM inbox WHERE verdict IN ('', 'parked') GROUP BY connection_id, verdict"
        )
    }

    def backlog(id_: int, code: str) -> Backlog:
        mine = [tasks.get((code, stuck), 0) for stuck in (False, True)]
        return Backlog(*mine, *[documents.get((id_, verdict), 0) for verdict in ("", "parked")])

    return [_connection(row, backlog(row[0], row[1])) for row in db.rows(f"{_CONNECTION} {where} {_ORDER}", given)]


_DOCUMENT = (
    "SELECT i.id, c.code, i.kind, i.source, i.delivery_id, i.document, i.version, i.received_at, i.verdict, i.reason, "
    "i.order_id, COALESCE(o.number, '') FROM inbox i JOIN connection c ON c.id = i.connection_id "
    "LEFT JOIN sales_order o ON o.id = i.order_id WHERE "
)


def documents(
    db: Database, connection_id: int, verdict: str | None = None, before: int | None = None
) -> tuple[list[DocumentRow], int | None]:
    """One page of what came in through a connection, newest first, and the key of the next one; `verdict` narrows it."""
    where, given = "i.connection_id = ?", list[Any]([connection_id])
    if verdict is not None:
        where += " AND i.verdict = ?"
        given.append(verdict)
    if before is not None:
        where += " AND i.id < ?"
        given.append(before)
    rows = db.rows(f"{_DOCUMENT}{where} ORDER BY i.id DESC LIMIT {PAGE + 1}", given)
    found = [_document(row) for row in rows[:PAGE]]
    return found, found[-1].id if len(rows) > PAGE else None


def document(db: Database, inbox_id: int) -> tuple[DocumentRow, bytes | None] | None:
    """One document with its raw body, None for the body of one that was only hinted at."""
    row = db.row(f"{_DOCUMENT}i.id = ?", (inbox_id,))
    if row is None:
        return None
    [(body,)] = db.rows("SELECT body FROM inbox WHERE id = ?", (inbox_id,))
    return _document(row), None if body is None else bytes(body)


def _document(row: tuple[Any, ...]) -> DocumentRow:
    return DocumentRow(*[*row[:6], _moment(row[6]), as_moment(row[7]), *row[8:]])


def parked_documents(db: Database, before: int | None = None) -> tuple[list[ParkedDocument], int | None]:
    """One page, newest first, and the key of the next one."""
    rows = db.rows(
        "SELECT i.id, c.code, i.document, i.received_at, i.reason, i.order_id FROM inbox i JOIN connection c "
        "ON c.id = i.connection_id WHERE i.verdict = 'parked'"
        + ("" if before is None else " AND i.id < ?")
        + f" ORDER BY i.id DESC LIMIT {PAGE + 1}",
        [] if before is None else [before],
    )
    found = [ParkedDocument(*[*row[:3], as_moment(row[3]), *row[4:]]) for row in rows[:PAGE]]
    return found, found[-1].id if len(rows) > PAGE else None


def parked_document(db: Database, inbox_id: int) -> tuple[str, bytes] | None:
    """A stored document's id at its platform and its raw body, whatever its verdict."""
    row = db.row("SELECT document, body FROM inbox WHERE id = ?", (inbox_id,))
    return None if row is None else (row[0], b"" if row[1] is None else bytes(row[1]))


def unmapped_listings(
    db: Database, shop_id: int | None = None, text: str = "", before: int | None = None
) -> tuple[list[UnmappedListing], int | None]:
    """One page, newest first, and the key of the next one; `text` may stand anywhere in the seller's code or the title."""
    parts, given = ["g.sku_id IS NULL"], list[Any]()
    if shop_id is not None:
        parts.append("g.shop_id = ?")
        given.append(shop_id)
    if text:
        found = [contains(db, column, text) for column in ("g.merchant_code", "g.title")]
        parts.append(f"(g.item_id = ? OR {' OR '.join(condition for condition, _ in found)})")
        given += [text, *(value for _, values in found for value in values)]
    if before is not None:
        parts.append("g.id < ?")
        given.append(before)
    rows = db.rows(
        "SELECT g.id, s.title, g.item_id, g.variant_id, g.merchant_code, g.title, COALESCE(k.code, ''), "
        "COALESCE((SELECT MIN(b.code) FROM sku b WHERE b.barcode = g.merchant_code AND g.merchant_code <> '' "
        "HAVING COUNT(*) = 1), '') FROM listing g JOIN shop s ON s.id = g.shop_id "
        "LEFT JOIN sku k ON k.code = g.merchant_code AND g.merchant_code <> '' "
        f"WHERE {' AND '.join(parts)} ORDER BY g.id DESC LIMIT {PAGE + 1}",
        given,
    )
    listings = [UnmappedListing(*row) for row in rows[:PAGE]]
    return listings, listings[-1].id if len(rows) > PAGE else None


_NOTICE = (
    "SELECT n.id, n.order_id, o.number, c.code, f.number, n.number, n.carrier_title, n.state, n.note, n.at, n.done_at "
    "FROM shipment_notice n JOIN connection c ON c.id = n.connection_id JOIN fulfillment_order f ON f.id = n.fo_id "
    "JOIN sales_order o ON o.id = n.order_id WHERE "
)


def notices(db: Database, order_id: int) -> list[NoticeRow]:
    """What platforms were told about the parcels of an order."""
    return [_notice(row) for row in db.rows(f"{_NOTICE}n.order_id = ? ORDER BY n.id", (order_id,))]


def notice(db: Database, notice_id: int) -> NoticeRow | None:
    row = db.row(f"{_NOTICE}n.id = ?", (notice_id,))
    return None if row is None else _notice(row)


def failed_notices(db: Database, connection_id: int, before: int | None = None) -> tuple[list[NoticeRow], int | None]:
    """One page of what a platform refused to be told, newest first, and the key of the next one."""
    rows = db.rows(
        f"{_NOTICE}n.connection_id = ? AND n.state = 'failed'"
        + ("" if before is None else " AND n.id < ?")
        + f" ORDER BY n.id DESC LIMIT {PAGE + 1}",
        [connection_id] if before is None else [connection_id, before],
    )
    found = [_notice(row) for row in rows[:PAGE]]
    return found, found[-1].id if len(rows) > PAGE else None


def _notice(row: tuple[Any, ...]) -> NoticeRow:
    return NoticeRow(*[*row[:9], as_moment(row[9]), _moment(row[10])])


def stock_state(db: Database, shop_id: int) -> StockState:
    """What a shop's items were told, counted in one statement."""
    [row] = db.rows(
        "SELECT COUNT(*), COUNT(sku_id), COALESCE(SUM(CASE WHEN sku_id IS NOT NULL AND published IS NOT NULL THEN 1 ELSE 0 "
        "END), 0), COALESCE(SUM(CASE WHEN paused THEN 1 ELSE 0 END), 0) FROM listing WHERE shop_id = ?",
        (shop_id,),
    )
    return StockState(*[int(count) for count in row])


def untold_listings(db: Database, shop_id: int, most: int = 10) -> list[tuple[int, str, str]]:
    """Some items whose shop has not acknowledged any figure: id, SKU, title."""
    return db.rows(
        "SELECT g.id, k.code, g.title FROM listing g JOIN sku k ON k.id = g.sku_id WHERE g.shop_id = ? "
        f"AND g.published IS NULL ORDER BY g.id LIMIT {int(most)}",
        (shop_id,),
    )


def platform_orders(db: Database, order_id: int) -> list[PlatformOrder]:
    """The documents of platforms that an order of ours came from."""
    return [
        PlatformOrder(*[*row[:4], as_moment(row[4])])
        for row in db.rows(
            "SELECT c.code, c.adapter, d.external_id, d.state, d.version FROM channel_order d JOIN connection c "
            "ON c.id = d.connection_id WHERE d.order_id = ? ORDER BY d.id",
            (order_id,),
        )
    ]


def waiting(db: Database) -> Waiting:
    """One statement."""
    [row] = db.rows(
        "SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM inbox WHERE verdict = 'parked' LIMIT 100) AS a), "
        "(SELECT COUNT(*) FROM (SELECT 1 FROM task WHERE state = 'parked' LIMIT 100) AS b), "
        "(SELECT COUNT(*) FROM (SELECT 1 FROM listing WHERE sku_id IS NULL LIMIT 100) AS c), "
        "(SELECT COUNT(*) FROM connection WHERE state = 'paused')"
    )
    return Waiting(*row)


def _moment(value: datetime | str | None) -> datetime | None:
    return None if value is None else as_moment(value)


def carriers(db: Database) -> list[str]:
    """Codes of the connections to carriers."""
    return [row[0] for row in db.rows("SELECT code FROM connection WHERE kind = 'carrier' ORDER BY code")]
