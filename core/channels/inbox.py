"""The inbox: raw documents first, verdicts later; one bad order parks itself and the feed goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

import peewee

from ..catalog.queries import marks, shop
from ..connections.service import ConnectionFacts
from ..kernel.db import Database, as_moment
from ..kernel.errors import DomainError, OrderyardError, RemoteNotUnderstood, Stale, StockShort
from ..kernel.uow import Installation, UnitOfWork
from ..orders.intake import place
from . import translate
from .api import Channel, ChannelOrder, check

TRIES = 5
"""How often a document is tried again when another transaction was faster."""


SETTLED = timedelta(seconds=5)
"""Platforms count versions in whole seconds, and their clocks differ from ours: a document read so soon after its own
version may change once more under the same one, and is looked at again."""


def known_versions(db: Database, connection_id: int, documents: Iterable[str]) -> dict[str, datetime]:
    """The version in effect of each document, as far as there is one that need not be looked at again."""
    wanted = sorted(set(documents))
    if not wanted:
        return {}
    rows = db.rows(
        "SELECT d.external_id, d.version, i.received_at FROM channel_order d JOIN inbox i ON i.id = d.inbox_id "
        f"WHERE d.connection_id = ? AND d.external_id IN ({marks(wanted)})",
        [connection_id, *wanted],
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
    body: bytes | None = None,
    verdict: str = "",
    reason: str = "",
) -> int | None:
    """Keep a delivery or a polled document; its row, or None when it was kept before."""
    rows = uow.db.insert(
        "inbox",
        ("connection_id", "source", "delivery_id", "document", "version", "received_at", "body", "verdict", "reason"),
        [(connection_id, source, delivery_id, document, version, uow.now, body, verdict, reason)],
        conflict="(connection_id, source, delivery_id) DO NOTHING",
        returning="id",
    )
    return int(rows[0][0]) if rows else None


def polled(external_id: str, version: datetime, body: bytes) -> str:
    """What a polled document is known by in the inbox: the same version with other content is another document."""
    return f"{external_id}@{version.isoformat()}#{hashlib.sha256(body).hexdigest()[:12]}"


def park(installation: Installation, inbox_id: int, reason: str, actor: str) -> None:
    """Set a document aside for a person, with its raw bytes and the reason."""
    with installation.unit_of_work(actor) as uow:
        uow.db.change("UPDATE inbox SET verdict = 'parked', reason = ? WHERE id = ?", (reason[:2000], inbox_id))


def take(
    installation: Installation, connection: ConnectionFacts, channel: Channel, inbox_id: int, body: bytes
) -> tuple[str, int | None]:
    """Read one stored document and do what it says, in one unit of work; its verdict and order.

    Whatever is wrong with it parks it alone. Somebody else's faster transaction is no fault of the document: it is tried again.
    """
    actor = f"channel:{connection.code}"
    try:
        order = channel.read(body)
        check(order)
    except Exception as error:
        reason = str(error) if isinstance(error, OrderyardError) else f"{type(error).__name__}: {error}"
        park(installation, inbox_id, reason, actor)
        return "parked", None
    for attempt in range(1, TRIES + 1):
        try:
            with installation.unit_of_work(actor) as uow:
                return _decide(uow, connection, channel, inbox_id, order, body)
        except (StockShort, Stale, peewee.IntegrityError, peewee.OperationalError) as error:
            if attempt == TRIES:
                park(installation, inbox_id, str(error), actor)
        except (DomainError, RemoteNotUnderstood) as error:
            park(installation, inbox_id, str(error), actor)
            break
    return "parked", None


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
        verdict, order_id = "effective", place(uow, [translate.draft(facts, connection.code, order, items)])[0]
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
    uow.db.change(
        "UPDATE inbox SET verdict = ?, reason = ?, order_id = ?, version = ?, document = ? WHERE id = ?",
        (verdict, reason, order_id, order.version, order.external_id, inbox_id),
    )
    return verdict, order_id
