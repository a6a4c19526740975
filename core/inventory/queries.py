"""Reads of stock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..kernel.db import Database, as_json


@dataclass(frozen=True, slots=True)
class ServingWarehouse:
    """A warehouse that serves a shop."""

    id: int
    code: str
    regions: tuple[str, ...]


def serving(db: Database, shop_ids: Iterable[int]) -> dict[int, list[ServingWarehouse]]:
    """The warehouses of each shop, by code."""
    wanted = sorted(set(shop_ids))
    if not wanted:
        return {}
    found: dict[int, list[ServingWarehouse]] = {shop_id: [] for shop_id in wanted}
    for shop_id, warehouse_id, code, regions in db.rows(
        "SELECT sw.shop_id, w.id, w.code, w.regions FROM shop_warehouse sw JOIN warehouse w ON w.id = sw.warehouse_id "
        f"WHERE sw.shop_id IN ({','.join('?' * len(wanted))}) ORDER BY w.code",
        wanted,
    ):
        found[shop_id].append(ServingWarehouse(warehouse_id, code, tuple(as_json(regions))))
    return found


@dataclass(frozen=True, slots=True)
class Published:
    """The number a listing should show, and what it came from."""

    listing_id: int
    item_id: str
    variant_id: str
    merchant_code: str
    wanted: int
    acknowledged: int | None
    base: int
    """What the shop could sell: over its warehouses, what is available beyond the safety stock."""


def published(db: Database, shop_id: int, sku_ids: Iterable[int] | None = None) -> list[Published]:
    """What every mapped listing of a shop should show now; with `sku_ids`, only those that these SKUs have a part in.

    shop_base = sum over the shop's warehouses of max(0, on_hand - reserved - safety) of good stock; a kit takes the
    scarcest component. Then clamp(floor(base * percent) + plus, 0, maximum), 0 while paused.
    """
    only = "" if sku_ids is None else ","
    wanted = [] if sku_ids is None else sorted(set(sku_ids))
    if sku_ids is not None and not wanted:
        return []
    if only:
        places = ",".join("?" * len(wanted))
        only = f" AND (g.sku_id IN ({places}) OR g.sku_id IN (SELECT kit_id FROM kit_component WHERE sku_id IN ({places})))"
    rows = db.rows(
        "SELECT g.id, g.item_id, g.variant_id, g.merchant_code, g.percent, g.plus, g.maximum, g.paused, g.published, "
        "COALESCE(c.sku_id, g.sku_id), COALESCE(c.quantity, 1), COALESCE((SELECT SUM(CASE WHEN l.on_hand - l.reserved > "
        "sw.safety THEN l.on_hand - l.reserved - sw.safety ELSE 0 END) FROM stock_level l JOIN shop_warehouse sw "
        "ON sw.warehouse_id = l.warehouse_id AND sw.shop_id = g.shop_id WHERE l.sku_id = COALESCE(c.sku_id, g.sku_id) "
        "AND l.quality = 'good'), 0) FROM listing g LEFT JOIN kit_component c ON c.kit_id = g.sku_id "
        f"WHERE g.shop_id = ? AND g.sku_id IS NOT NULL{only} ORDER BY g.item_id, g.variant_id, g.id",
        [shop_id, *wanted, *wanted] if only else [shop_id],
    )
    bases: dict[int, int] = {}
    kept: dict[int, tuple[object, ...]] = {}
    for row in rows:
        part = int(row[11]) // row[10]
        bases[row[0]] = min(bases.get(row[0], part), part)
        kept[row[0]] = row
    result = []
    for listing_id, row in kept.items():
        _, item_id, variant_id, code, percent, plus, maximum, paused, acknowledged = row[:9]
        number = max(0, bases[listing_id] * int(str(percent)) // 100 + int(str(plus)))
        if maximum is not None:
            number = min(number, int(str(maximum)))
        if paused:
            number = 0
        result.append(
            Published(
                listing_id, str(item_id), str(variant_id), str(code), number,
                None if acknowledged is None else int(str(acknowledged)), bases[listing_id],
            )
        )  # fmt: skip
    return result


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
