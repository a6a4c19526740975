"""Reads of stock."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass

from ..kernel.db import Database, as_json


@dataclass(frozen=True, slots=True)
class ServingWarehouse:
    """A warehouse that serves a shop."""

    id: int
    code: str
    regions: tuple[str, ...]


@functools.lru_cache(maxsize=1024)
def home_regions(text: str) -> tuple[str, ...]:
    """A warehouse's regions, out of their column's text."""
    return tuple(as_json(text))


def serving(db: Database, shop_ids: Iterable[int]) -> dict[int, list[ServingWarehouse]]:
    """The warehouses of each shop, by code."""
    wanted = sorted(set(shop_ids))
    if not wanted:
        return {}
    found: dict[int, list[ServingWarehouse]] = {shop_id: [] for shop_id in wanted}
    for shop_id, warehouse_id, code, regions in db.rows(
        "SELECT sw.shop_id, w.id, w.code, CAST(w.regions AS TEXT) FROM shop_warehouse sw "
        f"JOIN warehouse w ON w.id = sw.warehouse_id WHERE sw.shop_id IN ({','.join('?' * len(wanted))}) ORDER BY w.code",
        wanted,
    ):
        found[shop_id].append(ServingWarehouse(warehouse_id, code, home_regions(regions)))
    return found


@dataclass(frozen=True, slots=True)
class Available:
    """What may be promised of a SKU in a warehouse, and what stands in the way of the rest."""

    sku_id: int
    warehouse_id: int
    on_hand: int
    reserved: int
    available: int


def available(db: Database, today: str, sku_ids: Iterable[int]) -> list[Available]:
    """Good units of SKUs by warehouse; available are those not reserved, not being counted, with enough life left today."""
    wanted = sorted(set(sku_ids))
    if not wanted:
        return []
    rows = db.rows(
        "SELECT sku_id, warehouse_id, CAST(SUM(on_hand) AS BIGINT), CAST(SUM(reserved) AS BIGINT), CAST(SUM(CASE WHEN counting "
        "OR sell_by < ? THEN 0 ELSE on_hand - reserved END) AS BIGINT) FROM stock_level WHERE quality = 'good' "
        f"AND sku_id IN ({','.join('?' * len(wanted))}) GROUP BY sku_id, warehouse_id ORDER BY sku_id, warehouse_id",
        [today, *wanted],
    )
    return [Available(row[0], row[1], int(row[2]), int(row[3]), int(row[4])) for row in rows]
