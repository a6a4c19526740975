"""The task table as a ledger of leases: claim, begin, finish.

A lease runs by the database's clock, so that workers on several machines agree about it. Every write after the claim
names the claim's token: a worker that lost its lease writes nothing. When a task is due is told by the environment's
clock, which wrote it; a wrong clock there makes an attempt early or late and never double.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..kernel.db import Database, as_json


@dataclass(frozen=True, slots=True)
class Claimed:
    """A task in the hands of one worker. `payload` is the event's own when the task delivers one."""

    id: int
    kind: str
    owner: str
    key: str
    payload: Mapping[str, Any]
    attempts: int
    """How often it was begun, this time included."""
    unsure: bool
    """An earlier attempt may have happened: look it up by `key` before repeating it."""
    event: str = ""
    """The event's name."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tasks a worker can do now: their kinds, the owners to leave alone, the only owners of some kinds."""

    kinds: Collection[str]
    paused: Collection[str] = ()
    only: Mapping[str, Collection[str]] | None = None

    def sql(self) -> tuple[str, list[Any]]:
        text, given = _among("kind", self.kinds, ""), list(self.kinds)
        if self.paused:
            text += " AND " + _among("owner", self.paused, "NOT ")
            given += self.paused
        for kind, owners in (self.only or {}).items():
            text += f" AND (kind <> ? OR {_among('owner', owners, '')})"
            given += [kind, *owners]
        return text, given


def _among(column: str, values: Collection[str], negated: str) -> str:
    return f"{column} {negated}IN ({','.join('?' * len(values))})" if values else "1 = 0"


def claim(db: Database, wanted: Wanted, token: str, now: datetime, lease_seconds: int, limit: int) -> list[Claimed]:
    """Take up to `limit` due tasks for `lease_seconds`; nobody else gets them meanwhile. Opens its own transaction.

    A lease that ran out makes its task due again, and unsure: whoever held it may have got through.
    """
    those, given = wanted.sql()
    due = f"state = 'due' AND due_at <= ? AND {those}"
    expired = f"state = 'leased' AND lease_until <= {db.clock_sql}"
    found = db.row(
        f"SELECT EXISTS (SELECT 1 FROM task WHERE {due}), EXISTS (SELECT 1 FROM task WHERE {expired})", (now, *given)
    )
    if found is None or not any(found):
        return []
    skip = "" if db.sqlite else " FOR UPDATE SKIP LOCKED"
    with db.write_transaction():
        if found[1]:
            db.change(
                "UPDATE task SET state = 'due', token = '', lease_until = NULL, unsure = TRUE"
                f" WHERE id IN (SELECT id FROM task WHERE {expired}{skip})"
            )
        rows = db.rows(
            f"WITH picked AS MATERIALIZED (SELECT id AS picked_id FROM task WHERE {due} ORDER BY due_at, id LIMIT ?{skip})"
            f" UPDATE task SET state = 'leased', token = ?, lease_until = {db.later_sql(lease_seconds)}"
            " FROM picked WHERE id = picked_id RETURNING id, kind, owner, key, payload, attempts, unsure, event",
            (now, *given, limit, token),
        )
    return [
        Claimed(id, kind, owner, key or f"event:{id}", as_json(payload), attempts, bool(unsure), event)
        for id, kind, owner, key, payload, attempts, unsure, event in sorted(rows, key=lambda row: row[0])
    ]


def begin(db: Database, token: str, tasks: Sequence[Claimed], lease_seconds: int) -> set[int]:
    """Count an attempt for these and give all of the claim its full time again; which are still ours."""
    ids = [task.id for task in tasks]
    these = _among("id", [""] * len(ids), "")
    with db.write_transaction():
        rows = db.rows(
            f"UPDATE task SET lease_until = {db.later_sql(lease_seconds)},"
            f" attempts = attempts + CASE WHEN {these} THEN 1 ELSE 0 END"
            " WHERE token = ? AND state = 'leased' RETURNING id",
            (*ids, token),
        )
    return {row[0] for row in rows} & set(ids)


def finish(db: Database, token: str, ids: Sequence[int], now: datetime) -> int:
    """These are done; how many of them were still ours. Inside a write transaction."""
    return db.change(
        "UPDATE task SET state = 'done', done_at = ?, token = '', lease_until = NULL, unsure = FALSE, error = '', remedy = ''"
        f" WHERE {_among('id', [''] * len(ids), '')} AND token = ? AND state = 'leased'",
        (now, *ids, token),
    )


def put_back(
    db: Database, token: str, id: int, due_at: datetime, error: str, remedy: str, *, uncounted: int = 0, unsure: bool = False
) -> int:
    """Due again at that time. Once unsure, a task stays so until it is done. Inside a write transaction."""
    return db.change(
        "UPDATE task SET state = 'due', due_at = ?, token = '', lease_until = NULL, error = ?, remedy = ?,"
        " attempts = attempts - ?, unsure = (unsure OR ?) WHERE id = ? AND token = ? AND state = 'leased'",
        (due_at, error, remedy, uncounted, unsure, id, token),
    )


def park(db: Database, token: str, id: int, error: str, remedy: str, *, unsure: bool = False) -> int:
    """A person decides. Inside a write transaction."""
    return db.change(
        "UPDATE task SET state = 'parked', token = '', lease_until = NULL, error = ?, remedy = ?, unsure = (unsure OR ?)"
        " WHERE id = ? AND token = ? AND state = 'leased'",
        (error, remedy, unsure, id, token),
    )
