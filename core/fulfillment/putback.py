"""归位: units that were taken from the shelf for something that is not sent; they stay reserved until they lie there again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..inventory import service as inventory
from ..inventory.api import Holder
from ..inventory.sharing import pass_on
from ..kernel.db import Database, as_moment
from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from .api import FoState

HOLDER = "putback"
"""Reservations of units on their way back are held by the task."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Units of a fulfillment order's line that somebody has in hand."""

    fo_id: int
    fo_line_id: int
    line_id: int
    warehouse_id: int | None
    quantity: int
    stage: FoState


def want(uow: UnitOfWork, taken: Taken, reason: str) -> int:
    """Ask for these units to be put back; the task's id. Their reservation goes from the fulfillment order to the task."""
    [(task_id, code)] = uow.db.rows(
        "INSERT INTO putback (fo_id, order_id, line_id, warehouse_id, sku_id, quantity, stage, reason, opened_at) "
        "SELECT ?, x.order_id, ?, ?, x.sku_id, ?, ?, ?, ? FROM fo_line x WHERE x.id = ? "
        "RETURNING id, (SELECT k.code FROM sku k WHERE k.id = sku_id)",
        (taken.fo_id, taken.line_id, taken.warehouse_id, taken.quantity, taken.stage, reason, uow.now, taken.fo_line_id),
    )
    pass_on(uow, ("fo_line", taken.fo_line_id), (HOLDER, int(task_id)), taken.quantity)
    uow.note("put-back wanted", "fulfillment_order", taken.fo_id, reason, {"sku": code, "units": taken.quantity})
    return int(task_id)


def put_back(uow: UnitOfWork, task_id: int, place: str = "") -> None:
    """Somebody put the units back (`place`: where); from now on they are free for whoever waits."""
    row = uow.db.row(
        "SELECT state, fo_id, quantity, closed_by FROM putback WHERE id = ?" + ("" if uow.db.sqlite else " FOR UPDATE"),
        (task_id,),
    )
    if row is None:
        raise DomainError(f"there is no put-back task {task_id}", remedy="reload the list of put-backs")
    state, fo_id, quantity, closed_by = row
    if state != "open":
        raise DomainError(f"put-back task {task_id} was done by {closed_by}", remedy="reload the list of put-backs")
    uow.db.change(
        "UPDATE putback SET state = 'done', place = ?, closed_at = ?, closed_by = ? WHERE id = ?",
        (place.strip(), uow.now, uow.actor, task_id),
    )
    inventory.release(uow, HOLDER, {task_id: None})
    uow.note("put back", "fulfillment_order", fo_id, place.strip(), {"units": quantity})


def put_back_all(uow: UnitOfWork, fo_id: int, place: str = "") -> int:
    """Everything of one fulfillment order lies on the shelf again; how many tasks that closed."""
    tasks = uow.db.rows("SELECT id FROM putback WHERE fo_id = ? AND state = 'open' ORDER BY id", (fo_id,))
    if not tasks:
        raise DomainError(f"fulfillment order {fo_id} has nothing to put back", remedy="reload the list of put-backs")
    for (task_id,) in tasks:
        put_back(uow, task_id, place)
    return len(tasks)


def holders(uow: UnitOfWork, task_ids: Sequence[int]) -> Mapping[int, Holder]:
    """What stock wants to know of tasks that hold units: they are in somebody's hands."""
    wanted = sorted(set(task_ids))
    rows = uow.db.rows(
        "SELECT p.id, f.number, p.opened_at FROM putback p JOIN fulfillment_order f ON f.id = p.fo_id "
        f"WHERE p.id IN ({','.join('?' * len(wanted))})",
        wanted,
    )
    return {task_id: Holder(f"put-back of {number}", as_moment(at), True) for task_id, number, at in rows}


@dataclass(frozen=True, slots=True)
class Task:
    """One line of the list."""

    id: int
    fo: str
    order: str
    warehouse: str
    sku: str
    title: str
    quantity: int
    stage: FoState
    """Where the units are likely to be: still with the picker, in the basket, in the parcel."""
    reason: str
    opened_at: datetime
    place: str
    closed_at: datetime | None
    closed_by: str


def tasks(db: Database, *, warehouse: str = "", done: bool = False, after: int = 0, limit: int = 50) -> list[Task]:
    """Units to be put back, the oldest first, or those that were; one page after this id."""
    given: list[object] = ["done" if done else "open", after]
    if warehouse:
        given.append(warehouse)
    rows = db.rows(
        "SELECT p.id, f.number, o.number, w.code, k.code, k.title, p.quantity, p.stage, p.reason, p.opened_at, p.place, "
        "p.closed_at, p.closed_by FROM putback p JOIN fulfillment_order f ON f.id = p.fo_id JOIN sales_order o "
        "ON o.id = p.order_id JOIN warehouse w ON w.id = p.warehouse_id JOIN sku k ON k.id = p.sku_id WHERE p.state = ? "
        f"AND p.id > ?{' AND w.code = ?' if warehouse else ''} ORDER BY p.id LIMIT {int(limit)}",
        given,
    )
    return [
        Task(
            id_, fo, order, code, sku, title, quantity, FoState(stage), reason, as_moment(opened), place,
            None if closed is None else as_moment(closed), by,
        )
        for id_, fo, order, code, sku, title, quantity, stage, reason, opened, place, closed, by in rows
    ]  # fmt: skip
