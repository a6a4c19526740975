"""Merging what goes to one door, and letting the warehouse start."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ..inventory import service as inventory
from ..kernel.errors import DomainError, IllegalTransition
from ..kernel.uow import UnitOfWork
from ..orders.states import Step
from .api import FoState
from .service import HOLDER, Fo, _end, blocked, fo_lines, held, release
from .states import INSIDE

_log = logging.getLogger("orderyard.fulfillment")


def refusals(one: Fo, other: Fo) -> list[str]:
    """Every reason why two fulfillment orders must not become one parcel; none means they may.

    Address equality is the merge key's: the privacy token where there is one, the whole text otherwise.
    """
    reasons = []
    if one.shop_id != other.shop_id:
        reasons.append("different_shop")
    if not one.merge_key or one.merge_key != other.merge_key:
        reasons.append("different_address")
    if one.currency != other.currency:
        reasons.append("different_currency")
    if one.cod != other.cod:
        reasons.append("payment_type_differs")
    if one.warehouse_id != other.warehouse_id:
        reasons.append("different_warehouse")
    if any(fo.state in INSIDE or fo.state in (FoState.SHIPPED, FoState.DELIVERED) for fo in (one, other)):
        reasons.append("already_in_warehouse")
    if any(fo.state is FoState.CANCELLED for fo in (one, other)):
        reasons.append("cancelled")
    if one.sealed or other.sealed:
        reasons.append("sealed")
    return reasons


def merge(uow: UnitOfWork, fo_ids: Sequence[int], because: str) -> int:
    """Put fulfillment orders into the earliest of them, which keeps its number; its id. DomainError lists every refusal."""
    ids = sorted(set(fo_ids))
    if len(ids) < 2:
        raise DomainError("a merge takes at least two fulfillment orders", remedy="choose another one too")
    fos = held(uow, ids)
    into = fos[ids[0]]
    for fo_id in ids[1:]:
        other = fos[fo_id]
        if reasons := refusals(into, other):
            raise DomainError(f"{into.number} and {other.number} cannot be merged: {', '.join(reasons)}")
        if other.state is not into.state or into.state not in (FoState.PLANNED, FoState.ALLOCATED):
            raise DomainError(
                f"{into.number} is {into.state}, {other.number} is {other.state}",
                remedy="both must be planned or both allocated",
            )
    uow.db.change(
        "UPDATE fulfillment_order SET paid_at = (SELECT MIN(paid_at) FROM fulfillment_order WHERE id IN "
        f"({','.join('?' * len(ids))})) WHERE id = ?",
        (*ids, into.id),
    )
    for fo_id in ids[1:]:
        taken: dict[int, int] = {}
        for line in fo_lines(uow, fo_id):
            same = uow.db.row("SELECT id FROM fo_line WHERE fo_id = ? AND line_id = ?", (into.id, line.line_id))
            if same is None:
                uow.db.change("UPDATE fo_line SET fo_id = ? WHERE id = ?", (into.id, line.id))
            else:
                uow.db.change(
                    "UPDATE fo_line SET quantity = quantity + ?, reserved = reserved + ? WHERE id = ?",
                    (line.quantity, line.reserved, same[0]),
                )
                taken[line.id] = same[0]
                uow.db.change("DELETE FROM fo_line WHERE id = ?", (line.id,))
        inventory.hand_over(uow, HOLDER, taken)
        _end(uow, fos[fo_id], "merged_into", f"{into.number}: {because}", into.id)
    uow.note("merged", "fulfillment_order", into.id, because, {"from": [fos[fo_id].number for fo_id in ids[1:]]})
    return into.id


def release_ready(uow: UnitOfWork) -> list[int]:
    """Merge what can go together, then release every allocated fulfillment order that nothing stops; their ids.

    One that a hold stops stays as it is, and so do those it could have been merged with only because of it.
    """
    rows = uow.db.rows("SELECT id FROM fulfillment_order WHERE state = 'allocated' ORDER BY paid_at, id")
    ready = [row[0] for row in rows if not blocked(uow, row[0], Step.RELEASE)]
    groups: dict[tuple[object, ...], list[int]] = {}
    for fo in (held(uow, ready) if ready else {}).values():
        if fo.state is not FoState.ALLOCATED:
            continue  # another process let it out while we waited for its row
        key: tuple[object, ...] = (fo.shop_id, fo.merge_key, fo.currency, fo.cod, fo.warehouse_id)
        if fo.sealed or not fo.merge_key:
            key = (fo.id,)
        groups.setdefault(key, []).append(fo.id)
    released = []
    for ids in groups.values():
        together = _let_out(uow, ids)
        found = [together] if together or len(ids) == 1 else [_let_out(uow, [fo_id]) for fo_id in ids]
        released += [fo_id for fo_id in found if fo_id]
    return released


def _let_out(uow: UnitOfWork, ids: Sequence[int]) -> int | None:
    """Merge and release these; None when a plugin objects, which leaves them as they were and keeps nobody else."""
    try:
        with uow.attempt():
            fo_id = merge(uow, ids, "same buyer and address") if len(ids) > 1 else ids[0]
            release(uow, fo_id, "nothing stops it")
            return fo_id
    except IllegalTransition as error:
        _log.info("%s", error)
        return None
