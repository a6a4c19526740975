"""Word of touched stock from one process to another.

Processes that do the work hear of their own changes by themselves. One that only serves pages leaves a row for each SKU it
touched, after its own commit; whoever works takes the rows away. A word that is lost costs a minute: the whole round looks at
everything.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..kernel.db import marks
from ..kernel.uow import Installation


def leave(installation: Installation, sku_ids: Iterable[int]) -> None:
    """Let others know that the stock of these changed."""
    rows = [(sku_id,) for sku_id in sorted(set(sku_ids))]
    if rows:
        with installation.unit_of_work("automatic") as uow:
            uow.db.insert("stock_hint", ("sku_id",), rows, conflict="(sku_id) DO NOTHING")


def take(installation: Installation) -> set[int]:
    """What others left, which is ours now."""
    with installation.db.connection():
        found = [row[0] for row in installation.db.rows("SELECT sku_id FROM stock_hint ORDER BY sku_id")]
    if not found:
        return set()
    with installation.unit_of_work("automatic") as uow:
        gone = uow.db.rows(f"DELETE FROM stock_hint WHERE sku_id IN ({marks(found)}) RETURNING sku_id", found)
    return {row[0] for row in gone}
