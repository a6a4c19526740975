"""Receivers that turned out to be the same person at the same door."""

from __future__ import annotations

from collections.abc import Iterable

from ..kernel.db import marks
from ..kernel.uow import UnitOfWork
from .merging import EARLY
from .states import quoted


def share_door(uow: UnitOfWork, merge_keys: Iterable[str], because: str) -> list[int]:
    """What goes to these doors and is not being picked may travel together from now on; the fulfillment orders touched."""
    into, *others = sorted(set(merge_keys))
    if not others:
        return []
    touched = [
        row[0]
        for row in uow.db.rows(
            f"SELECT id FROM fulfillment_order WHERE state IN ({quoted(EARLY)}) AND merge_key IN ({marks(others)}) ORDER BY id"
            + ("" if uow.db.sqlite else " FOR UPDATE"),
            others,
        )
    ]
    if touched:
        places = marks(touched)
        uow.db.change(
            "UPDATE postal_address SET merge_key = ? WHERE id IN "
            f"(SELECT address_id FROM fulfillment_order WHERE id IN ({places}))",
            [into, *touched],
        )
        uow.db.change(
            f"UPDATE fulfillment_order SET merge_key = ?, version = version + 1 WHERE id IN ({places})", [into, *touched]
        )
    for fo_id in touched:
        uow.note("same door", "fulfillment_order", fo_id, because)
    return touched
