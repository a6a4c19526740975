"""Writing tasks: events for plugins, work for engines, and a person's decision about what was parked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..host.plugins import Plugins
from ..kernel.db import Rows, to_json
from ..kernel.errors import DomainError
from ..kernel.uow import Listener, UnitOfWork
from .payloads import event_types, to_payload

EVENT = "event"
"""The kind of task that delivers one event to one plugin."""


@dataclass(frozen=True, slots=True)
class NewTask:
    """Work for outside the transaction. `key` is our stable reference: the same work is asked for once."""

    kind: str
    owner: str
    """The connection or plugin it belongs to; while that is paused, the task waits."""
    key: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    due_at: datetime | None = None
    """Not before then; at once when None."""


def write(plugins: Plugins) -> Listener:
    """The last listener of a unit of work: one task for each event and each plugin that listens to it.

    One statement, whatever the number of events, and none when nobody listens.
    """
    names = {kind: name for name, kind in event_types().items()}

    def listener(uow: UnitOfWork, events: list[Any]) -> None:
        tasks: list[tuple[Any, ...]] = []
        for event in events:
            name = names.get(type(event))
            if name is not None and (slugs := plugins.listeners(f"on_{name}")):
                payload = to_json(to_payload(event))
                tasks += [(EVENT, slug, name, payload, uow.now) for slug in slugs]
        if tasks:
            uow.write_last(Rows("task", ("kind", "owner", "event", "payload", "due_at"), tasks))

    return listener


def enqueue(uow: UnitOfWork, tasks: Sequence[NewTask]) -> None:
    """Ask for work, to be done after the commit; a key that was asked for before is left as it is. One statement."""
    if tasks:
        rows = [(task.kind, task.owner, task.key, to_json(dict(task.payload)), task.due_at or uow.now) for task in tasks]
        uow.db.insert("task", ("kind", "owner", "key", "payload", "due_at"), rows, conflict="(key) DO NOTHING")


def retry(uow: UnitOfWork, task_id: int) -> None:
    """A person says that the reason is mended: do the parked task again, now and with all its attempts."""
    changed = uow.db.change(
        "UPDATE task SET state = 'due', due_at = ?, attempts = 0, error = '', remedy = '' WHERE id = ? AND state = 'parked'",
        (uow.now, task_id),
    )
    if not changed:
        raise DomainError(f"task {task_id} is not parked", remedy="reload the work list")
    uow.note("retry", "task", task_id)


def give_up(uow: UnitOfWork, task_id: int, because: str = "") -> None:
    """A person says that the parked task need not be done any more; the row stays, with its error."""
    changed = uow.db.change(
        "UPDATE task SET state = 'given_up', done_at = ? WHERE id = ? AND state = 'parked'", (uow.now, task_id)
    )
    if not changed:
        raise DomainError(f"task {task_id} is not parked", remedy="reload the work list")
    uow.note("give_up", "task", task_id, because)


def resume(uow: UnitOfWork, owner: str) -> int:
    """The owner works again: what waited for its next attempt is due now; how many tasks that was."""
    return uow.db.change(
        "UPDATE task SET due_at = ? WHERE owner = ? AND state = 'due' AND due_at > ? AND error <> ''", (uow.now, owner, uow.now)
    )
