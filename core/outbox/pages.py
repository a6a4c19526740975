"""Reads of tasks for pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..kernel.db import Database, as_moment

PAGE = 50


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A piece of outside work that gave up, with why and what to do."""

    id: int
    kind: str
    owner: str
    event: str
    """Name of the event it delivers, empty for an engine's own work."""
    key: str
    attempts: int
    due_at: datetime
    error: str
    remedy: str
    unsure: bool
    """The last attempt may have happened; trying again looks it up first."""


def parked(db: Database, before: int | None = None) -> tuple[list[TaskRow], int | None]:
    """One page, newest first, and the key of the next one."""
    rows = db.rows(
        "SELECT t.id, t.kind, t.owner, t.event, COALESCE(t.key, 'event:' || t.id), t.attempts, t.due_at, t.error, t.remedy, "
        "t.unsure FROM task t WHERE t.state = 'parked'"
        + ("" if before is None else " AND t.id < ?")
        + f" ORDER BY t.id DESC LIMIT {PAGE + 1}",
        [] if before is None else [before],
    )
    found = [
        TaskRow(id, kind, owner, event, key, attempts, as_moment(due), error, remedy, bool(unsure))
        for id, kind, owner, event, key, attempts, due, error, remedy, unsure in rows[:PAGE]
    ]
    return found, found[-1].id if len(rows) > PAGE else None
