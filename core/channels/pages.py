"""Reads of connections, the inbox and write-backs for pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..kernel.db import Database, as_moment

PAGE = 50


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


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """What a platform was told about one parcel."""

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
    """All of them, the paused ones first."""
    return [
        ConnectionRow(*[*row[:7], _moment(row[7]), _moment(row[8])])
        for row in db.rows(
            "SELECT c.id, c.code, c.kind, c.adapter, COALESCE(s.title, ''), c.state, c.message, c.cursor, c.last_good_at "
            "FROM connection c LEFT JOIN shop s ON s.id = c.shop_id "
            "ORDER BY CASE WHEN c.state = 'paused' THEN 0 ELSE 1 END, c.kind, c.code"
        )
    ]


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


def unmapped_listings(db: Database) -> list[UnmappedListing]:
    return [
        UnmappedListing(*row)
        for row in db.rows(
            "SELECT g.id, s.title, g.item_id, g.variant_id, g.merchant_code, g.title FROM listing g "
            f"JOIN shop s ON s.id = g.shop_id WHERE g.sku_id IS NULL ORDER BY g.id DESC LIMIT {PAGE}"
        )
    ]


def notices(db: Database, order_id: int) -> list[NoticeRow]:
    return [
        NoticeRow(*[*row[:6], as_moment(row[6]), _moment(row[7])])
        for row in db.rows(
            "SELECT c.code, f.number, n.number, n.carrier_title, n.state, n.note, n.at, n.done_at FROM shipment_notice n "
            "JOIN connection c ON c.id = n.connection_id JOIN fulfillment_order f ON f.id = n.fo_id "
            "WHERE n.order_id = ? ORDER BY n.id",
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
