"""The inbox: raw documents first, verdicts later; one bad order parks itself and the feed goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

import peewee

from ..catalog.queries import shop
from ..connections.service import ConnectionFacts
from ..kernel.db import Database, as_moment, marks
from ..kernel.errors import DomainError, OrderyardError, RemoteNotUnderstood, Stale, StockShort
from ..kernel.uow import Installation, UnitOfWork
from ..orders.intake import place
from ..outbox.service import NewTask, enqueue
from . import claims, translate
from .api import Channel, ChannelOrder, Claim, DocumentKind, ReportsClaims, check
from .service import FETCH

TRIES = 5
"""How often a document is tried again when another transaction was faster."""


SETTLED = timedelta(seconds=5)
"""Platforms count versions in whole seconds, and their clocks differ from ours: a document read so soon after its own
version may change once more under the same one, and is looked at again."""


def known_versions(db: Database, connection_id: int, kind: DocumentKind, documents: Iterable[str]) -> dict[str, datetime]:
    """The version in effect of each document, as far as there is one that need not be looked at again."""
    wanted = sorted(set(documents))
    if not wanted:
        return {}
    if kind is DocumentKind.ORDER:
        rows = db.rows(
            "SELECT d.external_id, d.version, i.received_at FROM channel_order d JOIN inbox i ON i.id = d.inbox_id "
            f"WHERE d.connection_id = ? AND d.external_id IN ({marks(wanted)})",
            [connection_id, *wanted],
        )
    else:
        rows = db.rows(
            "SELECT document, version, received_at FROM inbox WHERE connection_id = ? AND kind = ? AND verdict = 'effective' "
            f"AND document IN ({marks(wanted)}) ORDER BY version, id",
            [connection_id, kind, *wanted],
        )
    return {
        external_id: as_moment(version)
        for external_id, version, received_at in rows
        if as_moment(received_at) - as_moment(version) >= SETTLED
    }


def store(
    uow: UnitOfWork,
    connection_id: int,
    source: str,
    delivery_id: str,
    document: str,
    *,
    version: datetime | None = None,
    kind: DocumentKind = DocumentKind.ORDER,
    body: bytes | None = None,
    verdict: str = "",
    reason: str = "",
) -> int | None:
    """Keep a delivery or a polled document; its row, or None when it was kept before."""
    rows = uow.db.insert(
        "inbox",
        ("connection_id", "kind", "source", "delivery_id", "document", "version", "received_at", "body", "verdict", "reason"),
        [(connection_id, kind, source, delivery_id, document, version, uow.now, body, verdict, reason)],
        conflict="(connection_id, source, delivery_id) DO NOTHING",
        returning="id",
    )
    return int(rows[0][0]) if rows else None


def unread(uow: UnitOfWork, connection_id: int, delivery_id: str) -> int | None:
    """A polled document that was kept and never read, because whoever kept it was stopped in between; its row."""
    row = uow.db.row(
        "SELECT id FROM inbox WHERE connection_id = ? AND source = 'pull' AND delivery_id = ? AND verdict = ''",
        (connection_id, delivery_id),
    )
    return None if row is None else int(row[0])


def polled(kind: DocumentKind, external_id: str, version: datetime, body: bytes) -> str:
    """What a polled document is known by in the inbox: the same version with other content is another document."""
    named = external_id if kind is DocumentKind.ORDER else f"{kind}/{external_id}"
    return f"{named}@{version.isoformat()}#{hashlib.sha256(body).hexdigest()[:12]}"


def park(installation: Installation, inbox_id: int, reason: str, actor: str) -> None:
    """Set a document aside for a person, with its raw bytes and the reason."""
    # A reason may quote the document, and with it what no database keeps as text.
    plain = reason[:2000].encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
    with installation.unit_of_work(actor) as uow:
        uow.db.change("UPDATE inbox SET verdict = 'parked', reason = ? WHERE id = ?", (plain, inbox_id))


def take(
    installation: Installation,
    connection: ConnectionFacts,
    channel: Channel,
    inbox_id: int,
    body: bytes,
    kind: DocumentKind = DocumentKind.ORDER,
) -> tuple[str, int | None]:
    """Read one stored document and do what it says, in one unit of work; its verdict and order.

    Whatever is wrong with it parks it alone. Somebody else's faster transaction is no fault of the document: it is tried again.
    """
    actor = f"channel:{connection.code}"
    try:
        said_now = _read(channel, kind, body)
    except Exception as error:
        park(installation, inbox_id, said(error), actor)
        return "parked", None
    for attempt in range(1, TRIES + 1):
        try:
            with installation.unit_of_work(actor) as uow:
                if isinstance(said_now, Claim):
                    return _decide_claim(uow, connection, inbox_id, said_now, body)
                return _decide(uow, connection, channel, inbox_id, said_now, body)
        except (StockShort, Stale, peewee.IntegrityError, peewee.OperationalError) as error:
            if attempt == TRIES:
                park(installation, inbox_id, said(error), actor)
        except Exception as error:  # a number no column holds, half a character: the document's fault, whoever notices it
            park(installation, inbox_id, said(error), actor)
            break
    return "parked", None


def _read(channel: Channel, kind: DocumentKind, body: bytes) -> ChannelOrder | Claim:
    """What a document means; RemoteNotUnderstood for one that cannot be true."""
    if kind is DocumentKind.ORDER:
        order = channel.read(body)
        check(order)
        return order
    if not isinstance(channel, ReportsClaims):
        raise RemoteNotUnderstood(f"{channel.title} has no documents of the kind {kind}")
    claim = channel.read_claim(body)
    claims.check(claim)
    return claim


def order_missing(db: Database, connection_id: int, channel: ReportsClaims, body: bytes) -> str:
    """The platform's id of the order that a claim is about, while it is not here; empty when it is, or cannot be told."""
    try:
        claim = channel.read_claim(body)
    except Exception:
        return ""
    return "" if claims.order_of(db, connection_id, claim) else claim.order_external_id


def said(error: Exception) -> str:
    """An error in words; its class too, unless it is one of ours."""
    return str(error) if isinstance(error, OrderyardError) else f"{type(error).__name__}: {error}"


def _before(channel: Channel, body: bytes | None) -> ChannelOrder | None:
    """The version in effect until now; None when it cannot be read any more, and our own count must stand for it."""
    if not body:
        return None
    try:
        order = channel.read(bytes(body))
        check(order)
    except Exception:
        return None
    return order


def _decide(
    uow: UnitOfWork, connection: ConnectionFacts, channel: Channel, inbox_id: int, order: ChannelOrder, body: bytes
) -> tuple[str, int | None]:
    if (known := _known(uow, inbox_id)) is not None:
        return known
    row = uow.db.row(
        "SELECT d.id, d.version, d.order_id, i.body FROM channel_order d JOIN inbox i ON i.id = d.inbox_id "
        "WHERE d.connection_id = ? AND d.external_id = ?" + ("" if uow.db.sqlite else " FOR UPDATE OF d"),
        (connection.id, order.external_id),
    )
    order_id: int | None
    reason = ""
    if row is None:
        if connection.shop_id is None:
            raise DomainError(f"connection {connection.code} belongs to no shop", remedy="set its shop")
        facts = shop(uow.db, connection.shop_id)
        items = translate.items_of(uow, facts, order)
        where = translate.chosen_warehouse(uow, facts, order)
        verdict, order_id = "effective", place(uow, [translate.draft(facts, connection.code, order, items, where)])[0]
        uow.db.insert(
            "channel_order",
            ("connection_id", "external_id", "version", "state", "order_id", "inbox_id"),
            [(connection.id, order.external_id, order.version, order.state, order_id, inbox_id)],
        )
    else:
        order_id, version = row[2], as_moment(row[1])
        if order.version == version and bytes(row[3] or b"") == body:
            verdict = "duplicate"
        elif order.version < version:
            verdict = "stale"
        else:
            verdict = "effective"
            before = _before(channel, row[3])
            reason = ", ".join(translate.apply(uow, connection.code, row[2], order, before)) or "nothing to do"
            uow.db.change(
                "UPDATE channel_order SET version = ?, state = ?, inbox_id = ? WHERE id = ?",
                (order.version, order.state, inbox_id, row[0]),
            )
    _judged(uow, inbox_id, verdict, reason, order_id, order.version, order.external_id)
    return verdict, order_id


def _known(uow: UnitOfWork, inbox_id: int) -> tuple[str, int | None] | None:
    """The verdict on a document that somebody else read meanwhile; else None, and it is ours until the transaction ends."""
    row = uow.db.row("SELECT verdict, order_id FROM inbox WHERE id = ?" + ("" if uow.db.sqlite else " FOR UPDATE"), (inbox_id,))
    return (row[0], row[1]) if row is not None and row[0] else None


def _judged(
    uow: UnitOfWork, inbox_id: int, verdict: str, reason: str, order_id: int | None, version: datetime, document: str
) -> None:
    uow.db.change(
        "UPDATE inbox SET verdict = ?, reason = ?, order_id = ?, version = ?, document = ? WHERE id = ?",
        (verdict, reason, order_id, version, document, inbox_id),
    )


def _decide_claim(
    uow: UnitOfWork, connection: ConnectionFacts, inbox_id: int, claim: Claim, body: bytes
) -> tuple[str, int | None]:
    if (known := _known(uow, inbox_id)) is not None:
        return known
    order_id = claims.order_of(uow.db, connection.id, claim)
    if order_id is None:
        raise RemoteNotUnderstood(
            f"claim {claim.external_id} is about order {claim.order_external_id}, which is not here",
            remedy="pull that order, then replay this document",
        )
    row = uow.db.row(
        "SELECT version, body FROM inbox WHERE connection_id = ? AND kind = ? AND document = ? AND verdict = 'effective' "
        "ORDER BY version DESC, id DESC LIMIT 1",
        (connection.id, DocumentKind.CLAIM, claim.external_id),
    )
    verdict, reason = "effective", ""
    if row is not None and as_moment(row[0]) == claim.version and bytes(row[1] or b"") == body:
        verdict = "duplicate"
    elif row is not None and claim.version < as_moment(row[0]):
        verdict = "stale"
    else:
        reason = claims.follow(uow, connection.code, order_id, claim)
        # Money and units stand in the order's own document, which the claim may have changed.
        name = f"claim/{claim.external_id}@{claim.version.isoformat()}/{inbox_id}"
        look = store(uow, connection.id, "push", name, claim.order_external_id)
        if look is not None:
            enqueue(uow, [NewTask(FETCH, connection.code, f"fetch/{look}", {"inbox": look})])
    _judged(uow, inbox_id, verdict, reason, order_id, claim.version, claim.external_id)
    return verdict, order_id
