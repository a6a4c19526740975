"""Open units that will not be sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from .api import UnitsCancelled
from .heads import Head, Line, lines_of, locked, write_head


def cancel(uow: UnitOfWork, order_id: int, units: Mapping[int, int] | None, reason: str) -> None:
    """Cancel open units by countable line id; None cancels all that are open. Sent units are never touched."""
    head = locked(uow, [order_id])[order_id]
    lines = lines_of(uow, [order_id])[order_id]
    by_id = {line.id: line for line in lines}
    wanted = {line.id: line.open for line in lines if line.open} if units is None else dict(units)
    for line_id, count in wanted.items():
        line = by_id.get(line_id)
        if line is None:
            raise DomainError(f"order {head.number} has no line {line_id}", remedy="reload the order")
        if not 0 < count <= line.open:
            raise DomainError(
                f"order {head.number}, line {line_id}: {count} units to cancel, {line.open} open",
                remedy="only units that are not sent and not cancelled yet can be cancelled",
            )
    if wanted:
        cancel_units(uow, head, lines, wanted, reason)


def cancel_units(uow: UnitOfWork, head: Head, lines: Sequence[Line], wanted: Mapping[int, int], reason: str) -> None:
    for line in lines:
        if count := wanted.get(line.id, 0):
            line.cancelled += count
            # Whoever reserved them lets go in the same transaction; until then the line must not promise them twice.
            uow.db.change(
                "UPDATE order_line SET cancelled = cancelled + ?, reserved = CASE WHEN reserved > quantity - shipped - "
                "cancelled - ? THEN quantity - shipped - cancelled - ? ELSE reserved END WHERE id = ?",
                (count, count, count, line.id),
            )
    if not any(line.open for line in lines) and not head.cancel_reason:
        head.cancel_reason = reason
    uow.note("cancelled units", "order", head.id, reason, {str(line_id): count for line_id, count in wanted.items()})
    uow.emit(UnitsCancelled(head.id, tuple(wanted.items()), reason))
    write_head(uow, head, lines, reason)
