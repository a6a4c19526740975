"""Commands on what came in through channels."""

from __future__ import annotations

from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from ..outbox.service import NewTask, enqueue

FETCH = "fetch"
"""The kind of task that fetches the document a push hinted at, or reads a parked one again."""


def replay(uow: UnitOfWork, inbox_id: int) -> None:
    """Read a parked document again, after whatever was wrong has been mended."""
    row = uow.db.row(
        "SELECT c.code FROM inbox i JOIN connection c ON c.id = i.connection_id WHERE i.id = ? AND i.verdict = 'parked'",
        (inbox_id,),
    )
    if row is None:
        raise DomainError(f"document {inbox_id} is not parked", remedy="reload the work list")
    uow.db.change("UPDATE inbox SET verdict = '', reason = '' WHERE id = ?", (inbox_id,))
    enqueue(uow, [NewTask(FETCH, row[0], f"replay/{inbox_id}/{uow.environment.token()}", {"inbox": inbox_id})])
    uow.note("replayed", "inbox", inbox_id)
