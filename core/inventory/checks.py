"""Proof of the goods' book: every counter follows from the moves and reservations beside it."""

from __future__ import annotations

from ..kernel.checks import Check, RowCheck
from . import locks, purchasing
from .proofs import DEPTH_CHECKS

# Units and cost that the moves say are in each warehouse, lot and quality; what moves from bin to bin stays where it is.
_BOOK = """
WITH flow AS (
  SELECT target_warehouse_id AS warehouse_id, sku_id, lot, CASE WHEN target = 'stock' THEN 'good' ELSE target END AS quality,
    quantity, cost FROM stock_move WHERE target IN ('stock','qc','defective')
  UNION ALL
  SELECT source_warehouse_id, sku_id, lot, CASE WHEN source = 'stock' THEN 'good' ELSE source END, -quantity, -cost
    FROM stock_move WHERE source IN ('stock','qc','defective')
), book AS (
  SELECT warehouse_id, sku_id, lot, quality, CAST(SUM(quantity) AS BIGINT) AS units, CAST(SUM(cost) AS BIGINT) AS cost
  FROM flow GROUP BY warehouse_id, sku_id, lot, quality
)
"""
_SAME = "b.warehouse_id = l.warehouse_id AND b.sku_id = l.sku_id AND b.lot = l.lot AND b.quality = l.quality"
_LEVEL = "JOIN warehouse w ON w.id = l.warehouse_id JOIN sku s ON s.id = l.sku_id"
_PLACE = "stock_level {id} ({warehouse} {sku} {lot} {quality})"

on_hand = RowCheck(
    "stock follows its moves",
    f"{_BOOK} SELECT l.id, w.code AS warehouse, s.code AS sku, l.lot, l.quality, l.on_hand, COALESCE(b.units, 0) AS units"
    f" FROM stock_level l {_LEVEL} LEFT JOIN book b ON {_SAME} WHERE l.on_hand <> COALESCE(b.units, 0) ORDER BY l.id",
    _PLACE,
    "on hand {on_hand}, but its moves sum to {units}",
    "count {sku} in {warehouse}, then correct the counter, or book the missing move",
)

value = RowCheck(
    "stock value follows its moves",
    f"{_BOOK} SELECT l.id, w.code AS warehouse, s.code AS sku, l.lot, l.quality, l.value, COALESCE(b.cost, 0) AS cost"
    f" FROM stock_level l {_LEVEL} LEFT JOIN book b ON {_SAME} WHERE l.value <> COALESCE(b.cost, 0) ORDER BY l.id",
    _PLACE,
    "worth {value} in minor units, but its moves cost {cost}",
    "look for a move of {sku} whose cost was changed",
)

unlevelled = RowCheck(
    "moved stock has a level",
    f"{_BOOK} SELECT b.warehouse_id AS id, s.code AS sku, b.lot, b.quality, b.units, b.cost FROM book b"
    f" JOIN sku s ON s.id = b.sku_id LEFT JOIN stock_level l ON {_SAME}"
    " WHERE l.id IS NULL AND (b.units <> 0 OR b.cost <> 0) ORDER BY b.warehouse_id, s.code, b.lot, b.quality",
    "warehouse {id} ({sku} {lot} {quality})",
    "its moves leave {units} units worth {cost}, but there is no stock level",
    "restore the deleted stock level",
)

places = RowCheck(
    "moves go between places",
    "SELECT m.id, m.key, m.source, m.target FROM stock_move m WHERE m.quantity <= 0 OR m.cost < 0"
    " OR (m.source IN ('stock','qc','defective')) <> (m.source_warehouse_id IS NOT NULL)"
    " OR (m.target IN ('stock','qc','defective')) <> (m.target_warehouse_id IS NOT NULL)"
    " OR (m.source_bin_id IS NOT NULL AND m.source_warehouse_id IS NULL)"
    " OR (m.target_bin_id IS NOT NULL AND m.target_warehouse_id IS NULL)"
    " OR (m.source = m.target AND COALESCE(m.source_warehouse_id, 0) = COALESCE(m.target_warehouse_id, 0)"
    " AND (COALESCE(m.source_bin_id, 0) = COALESCE(m.target_bin_id, 0) OR m.cost <> 0))"
    " OR m.source NOT IN ('stock','qc','defective','transit','supplier','customer','opening','adjustment','loss')"
    " OR m.target NOT IN ('stock','qc','defective','transit','supplier','customer','opening','adjustment','loss')"
    " ORDER BY m.id",
    "stock_move {id} ({key})",
    "goes from {source} to {target} without naming two different places, or moves nothing",
    "moves are never changed: find out who changed this one",
)

reserved = RowCheck(
    "reserved follows the reservations",
    "SELECT l.id, w.code AS warehouse, s.code AS sku, l.lot, l.quality, l.reserved, COALESCE(h.held, 0) AS held"
    f" FROM stock_level l {_LEVEL} LEFT JOIN (SELECT level_id, CAST(SUM(quantity) AS BIGINT) AS held FROM reservation"
    " WHERE state = 'held' GROUP BY level_id) h ON h.level_id = l.id WHERE l.reserved <> COALESCE(h.held, 0) ORDER BY l.id",
    _PLACE,
    "reserved {reserved}, but held reservations sum to {held}",
    "release the reservations nobody needs, then correct the counter",
)

counters = RowCheck(
    "no stock is negative or promised twice",
    "SELECT l.id, w.code AS warehouse, s.code AS sku, l.lot, l.quality, l.on_hand, l.reserved, l.value, l.placed"
    f" FROM stock_level l {_LEVEL} WHERE l.on_hand < 0 OR l.reserved < 0 OR l.reserved > l.on_hand OR l.value < 0"
    " OR (l.on_hand = 0 AND l.value <> 0) OR l.placed < 0 OR l.placed > l.on_hand"
    " OR l.quality NOT IN ('good','qc','defective') OR (l.reserved > 0 AND l.quality <> 'good') ORDER BY l.id",
    _PLACE,
    "on hand {on_hand}, reserved {reserved}, worth {value}, {placed} in bins",
    "count {sku} in {warehouse}",
)

reservation_states = RowCheck(
    "reservations are held, consumed or released",
    "SELECT r.id, r.kind, r.holder, r.state, r.quantity FROM reservation r LEFT JOIN stock_level l ON l.id = r.level_id"
    " WHERE r.state NOT IN ('held','consumed','released') OR r.quantity <= 0 OR l.id IS NULL ORDER BY r.id",
    "reservation {id} ({kind} {holder})",
    "is {state} with {quantity} units, or names no stock level",
    "release it",
)

CHECKS: tuple[Check, ...] = (
    places, on_hand, value, unlevelled, reserved, counters, reservation_states, *DEPTH_CHECKS, *locks.CHECKS,
    *purchasing.CHECKS,
)  # fmt: skip
