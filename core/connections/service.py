"""Commands on connections: accounts at remote systems, with secrets sealed, that can be paused and resumed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..host.sealing import Seal, place
from ..host.settings import complete, merged, opened, sealed
from ..kernel.db import Database, as_moment
from ..kernel.errors import DomainError, Duplicate
from ..kernel.uow import UnitOfWork
from ..kernel.values import SettingField
from ..outbox.service import resume as resume_tasks


@dataclass(frozen=True, slots=True)
class ConnectionFacts:
    """A connection as the engines use it; settings stay sealed until an adapter is made."""

    id: int
    code: str
    kind: str
    adapter: str
    shop_id: int | None
    sealed: str
    state: str
    cursor: datetime | None
    claims_cursor: datetime | None = None
    expires_at: datetime | None = None
    """When the access that was granted ends."""
    push_address: str = ""
    """Where the platform was told to push, empty while nobody said so."""


_COLUMNS = "id, code, kind, adapter, shop_id, settings, state, cursor, claims_cursor, expires_at, push_address"
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
RENEWING = timedelta(minutes=2)
"""So long one process has to renew a grant before another one tries."""

RENEW_BEFORE = timedelta(days=4)
"""A grant is renewed when a third of its life is left, but not sooner than this before its end."""

WARN_BEFORE = timedelta(days=3)
"""People are warned when a sixth of its life is left, not sooner than this: by then it should have been renewed."""


def _facts(row: tuple[Any, ...]) -> ConnectionFacts:
    cursor, claims_cursor, expires_at = (None if moment is None else as_moment(moment) for moment in row[7:10])
    id_, code, kind, adapter, shop_id, sealed_, state = row[:7]
    return ConnectionFacts(id_, code, kind, adapter, shop_id, sealed_, state, cursor, claims_cursor, expires_at, row[10])


def connections(db: Database, kind: str) -> list[ConnectionFacts]:
    """All connections of one kind, paused ones too, by code."""
    return [_facts(row) for row in db.rows(f"SELECT {_COLUMNS} FROM connection WHERE kind = ? ORDER BY code", (kind,))]


def connection(db: Database, code: str) -> ConnectionFacts:
    """One connection by its code; DomainError when there is none."""
    row = db.row(f"SELECT {_COLUMNS} FROM connection WHERE code = ?", (code,))
    if row is None:
        raise DomainError(f"there is no connection {code!r}", remedy="see the list of connections")
    return _facts(row)


def paused(db: Database) -> set[str]:
    """Codes of the connections whose work waits."""
    return {row[0] for row in db.rows("SELECT code FROM connection WHERE state = 'paused'")}


def settings_of(seal: Seal, facts: ConnectionFacts, fields: tuple[SettingField, ...]) -> dict[str, str]:
    """A connection's settings in the clear, defaults filled in; SettingsMissing names what is not set."""
    return complete(facts.code, fields, opened(seal, place("connection", facts.code, "settings"), facts.sealed))


def connect(
    uow: UnitOfWork,
    seal: Seal,
    *,
    code: str,
    kind: str,
    adapter: str,
    shop_id: int | None,
    fields: tuple[SettingField, ...],
    settings: Mapping[str, str],
) -> int:
    """A new connection to a remote system; its id. Unknown settings are refused.

    Its code stands in addresses, so it is made of what needs no quoting there.
    """
    if not _CODE.fullmatch(code):
        raise DomainError(
            f"{code!r} is no code of a connection",
            remedy="write up to 64 letters, digits, dots, dashes and underscores, such as taobao-1",
        )
    if uow.db.row("SELECT 1 FROM connection WHERE code = ?", (code,)):
        raise Duplicate(f"connection {code} exists already", remedy="choose another code")
    values = merged(code, fields, {}, settings)
    text = sealed(seal, place("connection", code, "settings"), values)
    [(connection_id,)] = uow.db.insert(
        "connection",
        ("code", "kind", "adapter", "shop_id", "settings", "state", "message"),
        [(code, kind, adapter, shop_id, text, "active", "")],
        returning="id",
    )
    uow.note("connected", "connection", connection_id, adapter)
    return int(connection_id)


def keep_grant(
    uow: UnitOfWork,
    seal: Seal,
    facts: ConnectionFacts,
    fields: tuple[SettingField, ...],
    settings: Mapping[str, str],
    expires_at: datetime | None,
) -> None:
    """Access that was given or renewed: its settings are kept beside the others, and the connection works again.

    A renewal that moves the end nowhere is tried again ever later, and the warning stays where it was.
    """
    row = uow.db.row(
        "SELECT settings, state, expires_at, warn_from FROM connection WHERE id = ?" + ("" if uow.db.sqlite else " FOR UPDATE"),
        (facts.id,),
    )
    if row is None:
        raise DomainError(f"there is no connection {facts.code}", remedy="see the list of connections")
    where = place("connection", facts.code, "settings")
    values = merged(facts.code, fields, opened(seal, where, row[0]), settings)
    renew_from = warn_from = None
    if expires_at is not None:
        life = expires_at - uow.now
        renew_from, warn_from = expires_at - min(RENEW_BEFORE, life / 3), expires_at - min(WARN_BEFORE, life / 6)
        if row[2] is not None and row[3] is not None and as_moment(row[2]) == expires_at:
            warn_from = as_moment(row[3])
    uow.db.change(
        "UPDATE connection SET settings = ?, expires_at = ?, renew_from = ?, warn_from = ?, renewing_until = NULL WHERE id = ?",
        (sealed(seal, where, values), expires_at, renew_from, warn_from, facts.id),
    )
    uow.note("access granted", "connection", facts.id, "" if expires_at is None else f"until {expires_at.isoformat()}")
    if row[1] != "active":
        resume(uow, facts.id)


def renewable(db: Database, connection_id: int, now: datetime) -> bool:
    """Whether its grant is to be renewed by now."""
    return db.row("SELECT 1 FROM connection WHERE id = ? AND renew_from <= ?", (connection_id, now)) is not None


def begin_renewal(uow: UnitOfWork, connection_id: int) -> bool:
    """Whether it falls to us to renew a grant whose time has come: of all that ask at once, to one."""
    return bool(
        uow.db.change(
            "UPDATE connection SET renewing_until = ? WHERE id = ? AND renew_from <= ? "
            "AND (renewing_until IS NULL OR renewing_until < ?)",
            (uow.now + RENEWING, connection_id, uow.now, uow.now),
        )
    )


def move_back(uow: UnitOfWork, connection_id: int, to: datetime) -> None:
    """Pull again from an earlier moment on; what is known already changes nothing. Forward is refused: it would skip."""
    row = uow.db.row(
        "SELECT code, cursor, claims_cursor FROM connection WHERE id = ?" + ("" if uow.db.sqlite else " FOR UPDATE"),
        (connection_id,),
    )
    if row is None:
        raise DomainError(f"there is no connection {connection_id}", remedy="reload the page")
    code, *cursors = row
    reached = [as_moment(cursor) for cursor in cursors if cursor is not None]
    if not reached:
        raise DomainError(f"connection {code} has not been pulled yet", remedy="pull it once first")
    if to >= max(reached):
        raise DomainError(
            f"connection {code} has been pulled until {max(reached).isoformat()}",
            remedy="give an earlier moment; nothing may be skipped",
        )
    uow.db.change(
        "UPDATE connection SET cursor = CASE WHEN cursor > ? THEN ? ELSE cursor END, claims_cursor = CASE WHEN "
        "claims_cursor > ? THEN ? ELSE claims_cursor END WHERE id = ?",
        (to, to, to, to, connection_id),
    )
    uow.note("moved back", "connection", connection_id, to.isoformat())


def pause(uow: UnitOfWork, connection_id: int, reason: str) -> None:
    """Nothing is sent or asked on this connection until somebody resumes it; its work waits."""
    uow.db.change("UPDATE connection SET state = 'paused', message = ? WHERE id = ?", (reason, connection_id))
    uow.note("paused", "connection", connection_id, reason)


def resume(uow: UnitOfWork, connection_id: int) -> None:
    """The connection works again; what waited for it is due at once."""
    row = uow.db.row("SELECT code FROM connection WHERE id = ?", (connection_id,))
    if row is None:
        raise DomainError(f"there is no connection {connection_id}", remedy="reload the page")
    uow.db.change("UPDATE connection SET state = 'active', message = '' WHERE id = ?", (connection_id,))
    resume_tasks(uow, row[0])
    uow.note("resumed", "connection", connection_id)
