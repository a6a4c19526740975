"""Commands on what came in through channels."""

from __future__ import annotations

from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from ..outbox.service import NewTask, enqueue
from .writeback import TELL

FETCH = "fetch"
"""The kind of task that fetches the document a push hinted at, or reads a parked one again."""


MEMO = "write_memo"
"""The kind of task that puts the seller's note on a platform's order."""

CANCEL = "cancel_order"
"""The kind of task that has a platform cancel an order."""


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


def dismiss(uow: UnitOfWork, inbox_id: int, because: str) -> None:
    """A person has dealt with a parked document otherwise; it is kept, and read no more."""
    if not because.strip():
        raise DomainError("a document is not given up without a reason", remedy="say what was done instead")
    if not uow.db.change(
        "UPDATE inbox SET verdict = 'dismissed', reason = ? WHERE id = ? AND verdict = 'parked'", (because.strip(), inbox_id)
    ):
        raise DomainError(f"document {inbox_id} is not parked", remedy="reload the work list")
    uow.note("dismissed", "inbox", inbox_id, because)


def resend(uow: UnitOfWork, notice_id: int, *, replaces: str = "") -> None:
    """Tell a platform about a parcel once more; with `replaces`, in the place of the number that stands there."""
    row = uow.db.row(
        "SELECT n.key, n.state, n.number, n.order_id, c.code, d.external_id FROM shipment_notice n "
        "JOIN connection c ON c.id = n.connection_id JOIN channel_order d ON d.order_id = n.order_id "
        "AND d.connection_id = n.connection_id WHERE n.id = ?",
        (notice_id,),
    )
    if row is None:
        raise DomainError(f"there is no write-back {notice_id}", remedy="reload the page")
    key, state, number, order_id, connection, external_id = row
    if state == "queued":
        raise DomainError(f"{number} is being told already", remedy="wait for the answer")
    if state == "done" and not replaces:
        raise DomainError(f"{number} was told already", remedy="name the number that stands there, if it is another one")
    if replaces == number:
        raise DomainError(f"{number} cannot stand in for itself", remedy="name the number that is to go")
    uow.db.change("UPDATE shipment_notice SET state = 'queued', note = '' WHERE id = ?", (notice_id,))
    again = f"{key}/{uow.environment.token()}"
    payload = {"external_id": external_id, "notice": key, "replaces": replaces}
    enqueue(uow, [NewTask(TELL, connection, again, payload)])
    uow.note("write-back again", "order", order_id, f"{number} instead of {replaces}" if replaces else number)


def cancel_there(uow: UnitOfWork, order_id: int, because: str) -> None:
    """Have the platforms cancel the whole order as well; what one refuses stands in the work list."""
    rows = uow.db.rows(
        "SELECT c.code, d.external_id FROM channel_order d JOIN connection c ON c.id = d.connection_id WHERE d.order_id = ?",
        (order_id,),
    )
    if not rows:
        raise DomainError(f"order {order_id} came from no platform", remedy="cancel it here; there is nobody to tell")
    tasks = [
        NewTask(CANCEL, code, f"cancel/{external_id}", {"external_id": external_id, "order": order_id, "because": because})
        for code, external_id in rows
    ]
    enqueue(uow, tasks)
    uow.note("cancellation asked for", "order", order_id, because)


def write_memo(uow: UnitOfWork, order_id: int, text: str, flag: str = "") -> None:
    """Keep the seller's note on the platform's order; a note of ours never counts as a memo in review."""
    rows = uow.db.rows(
        "SELECT c.code, d.external_id FROM channel_order d JOIN connection c ON c.id = d.connection_id WHERE d.order_id = ?",
        (order_id,),
    )
    if not rows:
        raise DomainError(f"order {order_id} came from no platform", remedy="write an internal note instead")
    enqueue(
        uow,
        [
            NewTask(
                MEMO, code, f"memo/{external_id}/{uow.environment.token()}",
                {"external_id": external_id, "order": order_id, "text": text, "flag": flag},
            )
            for code, external_id in rows
        ],
    )  # fmt: skip
    uow.note("memo asked for", "order", order_id, text)
