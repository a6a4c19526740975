"""Letting the warehouse start: what goes to one door goes together, what nothing stops goes out."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ..kernel.errors import IllegalTransition
from ..kernel.uow import UnitOfWork
from ..orders.api import HoldCode
from ..orders.holds import lift_expired
from ..orders.states import Step, codes_stopping
from .api import FoState
from .merging import merge as merge
from .merging import refusals as refusals
from .service import held, release

_log = logging.getLogger("orderyard.fulfillment")


def release_ready(uow: UnitOfWork) -> list[int]:
    """Merge what can go together, then release every allocated fulfillment order that nothing stops; their ids.

    One that a hold stops stays as it is, and so do those it could have been merged with only because of it. One that waits
    for a partner goes when the partner is there, or when its time is over.
    """
    lift_expired(uow)
    ids = [row[0] for row in uow.db.rows("SELECT id FROM fulfillment_order WHERE state = 'allocated' ORDER BY paid_at, id")]
    stopped = stopped_by(uow, ids, Step.RELEASE)
    able = [fo_id for fo_id in ids if stopped.get(fo_id, set()) <= {HoldCode.MERGE_WAIT}]
    groups: dict[tuple[object, ...], list[int]] = {}
    for fo in (held(uow, able) if able else {}).values():
        if fo.state is not FoState.ALLOCATED:
            continue  # another process let it out while we waited for its row
        key: tuple[object, ...] = (fo.shop_id, fo.merge_key, fo.currency, fo.cod, fo.warehouse_id)
        if fo.sealed or not fo.merge_key:
            key = (fo.id,)
        groups.setdefault(key, []).append(fo.id)
    released = []
    for together in groups.values():
        if len(together) == 1 and stopped.get(together[0]):
            continue
        gone = _let_out(uow, together)
        if gone is None and len(together) > 1:
            apart = [_let_out(uow, [fo_id]) for fo_id in together if not stopped.get(fo_id)]
            released += [fo_id for fo_id in apart if fo_id]
        elif gone:
            released.append(gone)
    return released


def _let_out(uow: UnitOfWork, ids: Sequence[int]) -> int | None:
    """Merge and release these; 0 when something stops them, None when a plugin objects, which leaves them as they were."""
    try:
        with uow.attempt():
            fo_id = merge(uow, ids, "same buyer and address") if len(ids) > 1 else ids[0]
            return fo_id if release(uow, fo_id, "nothing stops it") else 0
    except IllegalTransition as error:
        _log.info("%s", error)
        return None


def stopped_by(uow: UnitOfWork, fo_ids: Sequence[int], step: Step) -> dict[int, set[HoldCode]]:
    """Which open holds, their own and their orders', stop a step of these fulfillment orders; what none stops is absent."""
    found: dict[int, set[HoldCode]] = {}
    codes = codes_stopping(step)
    for start in range(0, len(fo_ids), 5_000):
        part = list(fo_ids[start : start + 5_000])
        places = ",".join("?" * len(part))
        for fo_id, code in uow.db.rows(
            f"SELECT h.document, h.code FROM hold h WHERE h.released_at IS NULL AND h.level = 'fo' "
            f"AND h.document IN ({places}) UNION SELECT x.fo_id, h.code FROM hold h JOIN fo_line x ON x.order_id = h.document "
            f"WHERE h.released_at IS NULL AND h.level = 'order' AND x.fo_id IN ({places})",
            [*part, *part],
        ):
            if code in codes:
                found.setdefault(fo_id, set()).add(HoldCode(code))
    return found
