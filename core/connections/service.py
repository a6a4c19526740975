"""Commands on connections: accounts at remote systems, with secrets sealed, that can be paused and resumed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
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


_COLUMNS = "id, code, kind, adapter, shop_id, settings, state, cursor"


def _facts(row: tuple[Any, ...]) -> ConnectionFacts:
    cursor = None if row[7] is None else as_moment(row[7])
    return ConnectionFacts(row[0], row[1], row[2], row[3], row[4], row[5], row[6], cursor)


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
    """A new connection to a remote system; its id. Unknown settings are refused."""
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
