"""The work list: what waits, what is being done, what was parked and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..kernel.db import Database, as_json, as_moment


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One task as a person sees it."""

    id: int
    kind: str
    owner: str
    key: str
    state: str
    attempts: int
    due_at: datetime
    unsure: bool
    error: str
    remedy: str
    payload: Mapping[str, Any]
    event: str
    """The event's name, of a task that delivers one."""


def parked(db: Database, limit: int = 100) -> list[WorkItem]:
    """Tasks that a person must decide about, the latest first."""
    return work(db, states=("parked",), limit=limit)


def work(
    db: Database, *, states: tuple[str, ...] = ("parked", "leased", "due"), owner: str = "", limit: int = 100
) -> list[WorkItem]:
    """Tasks in these states, the latest first; of one owner when it is given."""
    marks = ",".join("?" * len(states))
    rows = db.rows(
        "SELECT t.id, t.kind, t.owner, COALESCE(t.key, 'event:' || t.id), t.state, t.attempts, t.due_at, t.unsure,"
        " t.error, t.remedy, t.payload, t.event FROM task t"
        f" WHERE t.state IN ({marks}){' AND t.owner = ?' if owner else ''} ORDER BY t.id DESC LIMIT ?",
        (*states, *((owner,) if owner else ()), limit),
    )
    return [
        WorkItem(id, kind, owner, key, state, attempts, as_moment(due), bool(unsure), error, remedy, as_json(payload), event)
        for id, kind, owner, key, state, attempts, due, unsure, error, remedy, payload, event in rows
    ]


def counts(db: Database) -> dict[str, int]:
    """How many tasks are in each state; a state without any is missing."""
    return {state: int(number) for state, number in db.rows("SELECT state, COUNT(*) FROM task GROUP BY state ORDER BY state")}
