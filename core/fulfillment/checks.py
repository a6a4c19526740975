"""Proof that fulfillment orders carry exactly what orders still owe, and hold exactly what stock keeps for them."""

from __future__ import annotations

from ..kernel.checks import Check, RowCheck
from .states import FETCHED

_OPEN = "('planned','allocated','released','picking','picked','packed')"
_FULL = "('allocated','released','picking','picked','packed')"
_SENT = "('shipped','delivered','returning','returned')"

# Units of every order line in open and in sent fulfillment orders, and what the open ones have reserved.
_CARRIED = f"""
WITH carried AS (
  SELECT x.line_id, x.order_id,
    CAST(SUM(CASE WHEN f.state IN {_OPEN} THEN x.quantity ELSE 0 END) AS BIGINT) AS open,
    CAST(SUM(CASE WHEN f.state IN {_SENT} THEN x.quantity ELSE 0 END) AS BIGINT) AS sent,
    CAST(SUM(CASE WHEN f.state IN {_OPEN} THEN x.reserved ELSE 0 END) AS BIGINT) AS reserved
  FROM fo_line x JOIN fulfillment_order f ON f.id = x.fo_id GROUP BY x.line_id, x.order_id
)
"""
_LINE = "FROM order_line l JOIN sales_order o ON o.id = l.order_id LEFT JOIN carried c ON c.line_id = l.id"
_LINE_PLACE = "order_line {id} ({number} line {no})"
_FO_LINE = "FROM fo_line x JOIN fulfillment_order f ON f.id = x.fo_id"
_FO_LINE_PLACE = "fo_line {id} ({number})"
_FO_PLACE = "fulfillment_order {id} ({number})"

open_units = RowCheck(
    "fulfillment orders carry every open unit once",
    f"{_CARRIED} SELECT l.id, o.number, l.no, l.quantity - l.cancelled - l.shipped AS owed, COALESCE(c.open, 0) AS planned"
    f" {_LINE} WHERE NOT l.kit AND l.sku_id IS NOT NULL AND o.id IN (SELECT order_id FROM carried)"
    " AND o.review = 'passed' AND o.finance_review IN ('','passed')"
    " AND COALESCE(c.open, 0) <> l.quantity - l.cancelled - l.shipped ORDER BY l.id",
    _LINE_PLACE,
    "{owed} units are still owed, but open fulfillment orders carry {planned}",
    "route {number} again",
)

sent_units = RowCheck(
    "shipped units were sent by a fulfillment order",
    f"{_CARRIED} SELECT l.id, o.number, l.no, l.shipped, l.shipped_externally, COALESCE(c.sent, 0) AS sent {_LINE}"
    " WHERE NOT l.kit AND l.shipped <> COALESCE(c.sent, 0) + l.shipped_externally ORDER BY l.id",
    _LINE_PLACE,
    "{shipped} shipped, {shipped_externally} of them elsewhere, but fulfillment orders sent {sent}",
    "look at the parcels of {number}",
)

reserved_units = RowCheck(
    "an order line's reserved follows its fulfillment orders",
    f"{_CARRIED} SELECT l.id, o.number, l.no, l.reserved, COALESCE(c.reserved, 0) AS held {_LINE}"
    " WHERE NOT l.kit AND l.reserved <> COALESCE(c.reserved, 0) ORDER BY l.id",
    _LINE_PLACE,
    "reserved {reserved}, but its open fulfillment orders hold {held}",
    "set the counter to what the fulfillment orders hold",
)

line_orders = RowCheck(
    "a fulfillment line carries units of one order line",
    f"SELECT x.id, f.number, x.line_id, x.order_id, x.sku_id {_FO_LINE} LEFT JOIN order_line l ON l.id = x.line_id"
    " WHERE l.id IS NULL OR l.kit OR l.order_id <> x.order_id OR l.sku_id IS NULL OR l.sku_id <> x.sku_id"
    " OR x.quantity <= 0 OR x.reserved < 0 OR x.reserved > x.quantity ORDER BY x.id",
    _FO_LINE_PLACE,
    "carries SKU {sku_id} for line {line_id} of order {order_id}, which is not that line, or counts impossibly",
    "cancel {number} and route its orders again",
)

held_lines = RowCheck(
    "a fulfillment line's reserved follows its reservations",
    f"""
WITH kept AS (
  SELECT holder, CAST(SUM(quantity) AS BIGINT) AS held FROM reservation WHERE kind = 'fo_line' AND state = 'held'
  GROUP BY holder
)
SELECT x.id, f.number, f.state, x.reserved, COALESCE(k.held, 0) AS held {_FO_LINE} LEFT JOIN kept k ON k.holder = x.id
WHERE x.reserved <> COALESCE(k.held, 0) ORDER BY x.id
""",
    _FO_LINE_PLACE,
    "reserved {reserved} ({state}), but its reservations hold {held}",
    "release the reservations and plan {number} again",
)

holders = RowCheck(
    "a reservation's holder exists and needs that SKU there",
    "SELECT r.id, r.holder, r.state, r.quantity, v.sku_id AS sku, v.warehouse_id AS warehouse FROM reservation r"
    " JOIN stock_level v ON v.id = r.level_id LEFT JOIN fo_line x ON x.id = r.holder"
    " LEFT JOIN fulfillment_order f ON f.id = x.fo_id WHERE r.kind = 'fo_line' AND r.state <> 'released'"
    " AND (x.id IS NULL OR x.sku_id <> v.sku_id OR f.warehouse_id IS NULL OR f.warehouse_id <> v.warehouse_id) ORDER BY r.id",
    "reservation {id} (fo_line {holder})",
    "{state}: {quantity} units of SKU {sku} in warehouse {warehouse} for a fulfillment line that is not there or needs others",
    "release it",
)

full = RowCheck(
    "what is past planning is fully reserved",
    f"SELECT x.id, f.number, f.state, x.reserved, x.quantity {_FO_LINE} WHERE f.state IN {_FULL} AND x.reserved <> x.quantity"
    " ORDER BY x.id",
    _FO_LINE_PLACE,
    "{reserved} of {quantity} reserved although {number} is {state}",
    "move {number} back to planned",
)

closed = RowCheck(
    "what has left or was cancelled reserves nothing",
    f"SELECT x.id, f.number, f.state, x.reserved {_FO_LINE} WHERE f.state NOT IN {_OPEN} AND x.reserved <> 0 ORDER BY x.id",
    _FO_LINE_PLACE,
    "still reserves {reserved} although {number} is {state}",
    "release its reservations",
)

states = RowCheck(
    "fulfillment orders are in a known state",
    "SELECT f.id, f.number, f.state, f.cancel_reason FROM fulfillment_order f"
    f" WHERE f.state NOT IN {_OPEN} AND f.state NOT IN {_SENT} AND f.state <> 'cancelled'"
    f" OR f.warehouse_id IS NULL AND f.state NOT IN ('planned','cancelled')"
    " OR f.state = 'cancelled' AND f.cancel_reason = '' OR f.state <> 'cancelled' AND f.cancel_reason <> '' ORDER BY f.id",
    _FO_PLACE,
    "is {state} (cancel reason {cancel_reason!r}), without a warehouse or with a reason that does not fit",
    "look at the history of {number}",
)

empty = RowCheck(
    "a fulfillment order that goes on has lines",
    "SELECT f.id, f.number, f.state FROM fulfillment_order f LEFT JOIN fo_line x ON x.fo_id = f.id"
    " WHERE f.state <> 'cancelled' AND x.id IS NULL ORDER BY f.id",
    _FO_PLACE,
    "is {state} and carries nothing",
    "cancel it",
)

live_waybills = RowCheck(
    "one live waybill at most",
    "SELECT f.id, f.number, COUNT(w.id) AS live, MIN(w.number) AS one, MAX(w.number) AS other FROM fulfillment_order f"
    " JOIN waybill w ON w.fo_id = f.id WHERE w.state IN ('requested','issued','used') GROUP BY f.id, f.number"
    " HAVING COUNT(w.id) > 1 ORDER BY f.id",
    _FO_PLACE,
    "has {live} live waybills, among them {one!r} and {other!r}",
    "void all but the one on the parcel",
)

used_waybills = RowCheck(
    "what was sent has one used waybill",
    "SELECT f.id, f.number, f.state, COUNT(w.id) AS used FROM fulfillment_order f"
    f" LEFT JOIN waybill w ON w.fo_id = f.id AND w.state = 'used' AND w.number <> '' WHERE f.state IN {_SENT} AND NOT {FETCHED}"
    " GROUP BY f.id, f.number, f.state HAVING COUNT(w.id) <> 1 ORDER BY f.id",
    _FO_PLACE,
    "is {state} with {used} used waybills",
    "enter the number on the parcel",
)

early_waybills = RowCheck(
    "a waybill is used by what was sent",
    "SELECT w.id, w.number AS waybill, w.state, f.number, f.state AS fo_state FROM waybill w"
    f" JOIN fulfillment_order f ON f.id = w.fo_id WHERE w.state = 'used' AND f.state NOT IN {_SENT}"
    " OR w.state NOT IN ('requested','issued','used','voided','void_failed') OR w.state IN ('issued','used') AND w.number = ''"
    " ORDER BY w.id",
    "waybill {id} ({number} {waybill})",
    "is {state} although {number} is {fo_state}, or has no number",
    "look at the history of {number}",
)

fetched = RowCheck(
    "what is picked up waits alone where it was promised",
    "SELECT f.id, f.number, f.state, f.carrier, f.merge_key, MIN(o.number) AS ordered, COUNT(DISTINCT x.order_id) AS orders,"
    " (SELECT COUNT(*) FROM waybill w WHERE w.fo_id = f.id) AS waybills FROM fulfillment_order f"
    " JOIN fo_line x ON x.fo_id = f.id JOIN sales_order o ON o.id = x.order_id WHERE f.state <> 'cancelled'"
    " GROUP BY f.id, f.number, f.state, f.carrier, f.merge_key, f.warehouse_id"
    " HAVING SUM(CASE WHEN o.reach <> 'shipped' THEN 1 ELSE 0 END) > 0 AND (COUNT(DISTINCT x.order_id) > 1"
    " OR f.carrier <> '' OR f.merge_key <> '' OR (SELECT COUNT(*) FROM waybill w WHERE w.fo_id = f.id) > 0"
    " OR MIN(COALESCE(o.warehouse_id, 0)) <> f.warehouse_id OR MIN(o.reach) NOT IN ('pickup','counter')) ORDER BY f.id",
    _FO_PLACE,
    "carries {orders} orders, {ordered} among them, elsewhere than it was promised, or with a carrier or {waybills} waybills",
    "take {ordered} out of {number}, and hand it over where the buyer was told to come",
)

# What each sent fulfillment order took out of each warehouse: by its lines, by consumed reservations, and by moves.
sent_goods = RowCheck(
    "what was sent was reserved and moved",
    f"""
WITH said AS (
  SELECT f.id, x.sku_id, f.warehouse_id, x.quantity AS lines, 0 AS consumed, 0 AS moved {_FO_LINE} WHERE f.state IN {_SENT}
  UNION ALL
  SELECT f.id, v.sku_id, v.warehouse_id, 0, r.quantity, 0 FROM reservation r JOIN stock_level v ON v.id = r.level_id
    JOIN fo_line x ON x.id = r.holder JOIN fulfillment_order f ON f.id = x.fo_id
    WHERE r.kind = 'fo_line' AND r.state = 'consumed'
  UNION ALL
  SELECT m.document, m.sku_id, m.source_warehouse_id, 0, 0, m.quantity FROM stock_move m
    WHERE m.kind = 'fulfillment_order' AND m.source = 'stock' AND m.target = 'customer'
), summed AS (
  SELECT id, sku_id, warehouse_id, CAST(SUM(lines) AS BIGINT) AS lines, CAST(SUM(consumed) AS BIGINT) AS consumed,
    CAST(SUM(moved) AS BIGINT) AS moved FROM said GROUP BY id, sku_id, warehouse_id
)
SELECT t.id, COALESCE(f.number, '') AS number, s.code AS sku, t.lines, t.consumed, t.moved
FROM summed t JOIN sku s ON s.id = t.sku_id LEFT JOIN fulfillment_order f ON f.id = t.id
WHERE t.lines <> t.consumed OR t.consumed <> t.moved ORDER BY t.id, s.code
""",
    _FO_PLACE,
    "sent {lines} of {sku}, used up reservations for {consumed}, and moved {moved} out of stock",
    "book the missing move of {number}, or reverse the one too many",
)

# Components may be cancelled or sent elsewhere one by one; what is left of such a kit travels as single goods, for ever.
whole_kits = RowCheck(
    "kits travel whole",
    f"""
WITH untouched AS (
  SELECT order_id, kit_line, COUNT(*) AS parts FROM order_line WHERE kit_line IS NOT NULL GROUP BY order_id, kit_line
  HAVING SUM(cancelled) = 0 AND SUM(shipped_externally) = 0
), carried AS (
  SELECT MIN(x.id) AS id, x.fo_id, f.number, x.order_id, l.kit_line, COUNT(*) AS parts, MIN(x.quantity / l.per_kit) AS fewest,
    MAX((x.quantity + l.per_kit - 1) / l.per_kit) AS most {_FO_LINE} JOIN order_line l ON l.id = x.line_id
  WHERE l.kit_line IS NOT NULL AND f.state <> 'cancelled' GROUP BY x.fo_id, f.number, x.order_id, l.kit_line
)
SELECT c.id, c.number, c.kit_line, c.parts, c.fewest, c.most, o.number AS ordered FROM carried c
JOIN untouched e ON e.order_id = c.order_id AND e.kit_line = c.kit_line JOIN sales_order o ON o.id = c.order_id
WHERE c.fewest <> c.most OR c.parts <> e.parts ORDER BY c.id
""",
    _FO_LINE_PLACE,
    "carries {parts} components of kit line {kit_line} of {ordered}, enough for {fewest} to {most} kits",
    "split {number} so that it carries whole kits",
)

holds = RowCheck(
    "a fulfillment order's holds belong to one",
    "SELECT h.id, h.code, h.document FROM hold h LEFT JOIN fulfillment_order f ON f.id = h.document"
    " WHERE h.level = 'fo' AND f.id IS NULL OR h.level NOT IN ('fo','order') ORDER BY h.id",
    "hold {id} ({code})",
    "stops fulfillment order {document}, which does not exist",
    "delete the hold",
)

taken_back = RowCheck(
    "what went back to review is planned nowhere",
    f"{_CARRIED} SELECT l.id, o.number, l.no, o.review, c.open {_LINE} WHERE o.review IN ('withdrawn','rejected')"
    " AND c.open > 0 ORDER BY l.id",
    _LINE_PLACE,
    "the review of {number} is {review}, but open fulfillment orders carry {open}",
    "cancel these fulfillment orders",
)

putbacks = RowCheck(
    "what is to be put back stays reserved until it is",
    """
WITH kept AS (
  SELECT holder, CAST(SUM(quantity) AS BIGINT) AS held FROM reservation WHERE kind = 'putback' AND state = 'held'
  GROUP BY holder
)
SELECT p.id, f.number, p.state, p.quantity, COALESCE(k.held, 0) AS held FROM putback p
JOIN fulfillment_order f ON f.id = p.fo_id LEFT JOIN kept k ON k.holder = p.id
WHERE COALESCE(k.held, 0) <> CASE WHEN p.state = 'open' THEN p.quantity ELSE 0 END OR p.state NOT IN ('open','done')
  OR p.state = 'done' AND (p.closed_at IS NULL OR p.closed_by = '')
ORDER BY p.id
""",
    "putback {id} ({number})",
    "is {state} with {quantity} units, but its reservations hold {held}",
    "close the task, or release its reservations",
)

lost_putbacks = RowCheck(
    "units on their way back have a task",
    "SELECT r.id, r.holder, r.quantity FROM reservation r LEFT JOIN putback p ON p.id = r.holder"
    " WHERE r.kind = 'putback' AND r.state = 'held' AND p.id IS NULL ORDER BY r.id",
    "reservation {id} (putback {holder})",
    "holds {quantity} units for a task that is not there",
    "release it",
)

lineage = RowCheck(
    "lineage leads from one fulfillment order to another",
    "SELECT l.id, l.kind, l.quantity, a.number, a.state, b.number AS target FROM fo_lineage l"
    " LEFT JOIN fulfillment_order a ON a.id = l.source_id LEFT JOIN fulfillment_order b ON b.id = l.target_id"
    " LEFT JOIN order_line x ON x.id = l.line_id"
    " WHERE a.id IS NULL OR b.id IS NULL OR x.id IS NULL OR l.source_id = l.target_id OR l.quantity <= 0"
    " OR l.kind NOT IN ('merged','unmerged','split','rerouted')"
    " OR l.kind IN ('merged','rerouted') AND a.state <> 'cancelled' ORDER BY l.id",
    "fo_lineage {id} ({number})",
    "says that {quantity} units were {kind} into {target}, which cannot be: it is {state}",
    "look at the history of {number}",
)

CHECKS: tuple[Check, ...] = (
    states, empty, line_orders, open_units, sent_units, reserved_units, held_lines, holders, full, closed, sent_goods,
    whole_kits, live_waybills, used_waybills, early_waybills, fetched, holds, taken_back, putbacks, lost_putbacks, lineage,
)  # fmt: skip
