"""Proof of what stands beside the counters: bins, lots, single pieces, counts and what is in transit."""

from __future__ import annotations

from ..kernel.checks import Check, RowCheck

_LEVEL = "JOIN warehouse w ON w.id = l.warehouse_id JOIN sku s ON s.id = l.sku_id"
_PLACE = "stock_level {id} ({warehouse} {sku} {lot} {quality})"

bins = RowCheck(
    "bins follow their moves",
    """
WITH flow AS (
  SELECT target_bin_id AS bin_id, sku_id, lot, CASE WHEN target = 'stock' THEN 'good' ELSE target END AS quality, quantity
    FROM stock_move WHERE target_bin_id IS NOT NULL
  UNION ALL
  SELECT source_bin_id, sku_id, lot, CASE WHEN source = 'stock' THEN 'good' ELSE source END, -quantity
    FROM stock_move WHERE source_bin_id IS NOT NULL
  UNION ALL
  SELECT x.bin_id, l.sku_id, l.lot, l.quality, -x.quantity FROM bin_level x JOIN stock_level l ON l.id = x.level_id
), summed AS (
  SELECT bin_id, sku_id, lot, quality, CAST(SUM(quantity) AS BIGINT) AS off FROM flow GROUP BY bin_id, sku_id, lot, quality
)
SELECT b.id, b.code AS bin, s.code AS sku, f.lot, f.quality, f.off FROM summed f JOIN bin b ON b.id = f.bin_id
JOIN sku s ON s.id = f.sku_id WHERE f.off <> 0 ORDER BY b.id, s.code, f.lot, f.quality
""",
    "bin {id} ({bin} {sku} {lot} {quality})",
    "its moves and what it is said to hold differ by {off} units",
    "count bin {bin}",
)

placed = RowCheck(
    "bins and floor make up the stock",
    "SELECT l.id, w.code AS warehouse, s.code AS sku, l.lot, l.quality, l.on_hand, l.placed, COALESCE(x.units, 0) AS units"
    f" FROM stock_level l {_LEVEL} LEFT JOIN (SELECT y.level_id, CAST(SUM(y.quantity) AS BIGINT) AS units,"
    " MIN(y.quantity) AS least, SUM(CASE WHEN b.warehouse_id = v.warehouse_id THEN 0 ELSE 1 END) AS abroad FROM bin_level y"
    " JOIN bin b ON b.id = y.bin_id JOIN stock_level v ON v.id = y.level_id GROUP BY y.level_id) x ON x.level_id = l.id"
    " WHERE l.placed <> COALESCE(x.units, 0) OR x.least < 0 OR x.abroad > 0 ORDER BY l.id",
    _PLACE,
    "{placed} of {on_hand} in bins, but its bins hold {units}, or one of them is in another warehouse",
    "count {sku} in {warehouse}",
)

# A lot's units over all places: what came from outside, less what left, is what lies in warehouses and is on its way.
conserved = RowCheck(
    "no unit of a lot comes from nowhere",
    """
WITH told AS (
  SELECT sku_id, lot, quantity FROM stock_move WHERE source NOT IN ('stock','qc','defective','transit')
    AND target IN ('stock','qc','defective','transit')
  UNION ALL
  SELECT sku_id, lot, -quantity FROM stock_move WHERE source IN ('stock','qc','defective','transit')
    AND target NOT IN ('stock','qc','defective','transit')
  UNION ALL
  SELECT sku_id, lot, -on_hand FROM stock_level
  UNION ALL
  SELECT sku_id, lot, received + lost - quantity FROM stock_transfer_line
), summed AS (
  SELECT sku_id, lot, CAST(SUM(quantity) AS BIGINT) AS off FROM told GROUP BY sku_id, lot
)
SELECT s.id, s.code AS sku, t.lot, t.off FROM summed t JOIN sku s ON s.id = t.sku_id WHERE t.off <> 0 ORDER BY s.id, t.lot
""",
    "sku {id} ({sku} {lot})",
    "came and went differ from what is there by {off} units",
    "mend what the other checks name first",
)

lots = RowCheck(
    "levels of lots follow their lots",
    "SELECT l.id, w.code AS warehouse, s.code AS sku, l.lot, l.quality, l.sell_by, COALESCE(x.expires_on, '') AS expires_on"
    f" FROM stock_level l {_LEVEL} LEFT JOIN lot x ON x.sku_id = l.sku_id AND x.code = l.lot LEFT JOIN sku_tracking t"
    " ON t.sku_id = l.sku_id WHERE (l.lot <> '' AND x.id IS NULL)"
    " OR (l.on_hand > 0 AND (l.lot <> '') <> COALESCE(t.lots, FALSE))"
    " OR (COALESCE(x.expires_on, '') = '' AND l.sell_by <> '9999-12-31')"
    " OR (COALESCE(x.expires_on, '') <> '' AND (l.sell_by > x.expires_on"
    " OR (COALESCE(t.min_life_days, 0) = 0) <> (l.sell_by = x.expires_on))) ORDER BY l.id",
    _PLACE,
    "may be promised until {sell_by}, but its lot is good until {expires_on!r}, or is not there, or should not be",
    "set the tracking of {sku} again",
)

pieces = RowCheck(
    "every piece with a number is counted once",
    "SELECT l.id, w.code AS warehouse, s.code AS sku, l.lot, l.quality, l.on_hand, COALESCE(p.pieces, 0) AS pieces"
    f" FROM stock_level l {_LEVEL} LEFT JOIN sku_tracking t ON t.sku_id = l.sku_id LEFT JOIN (SELECT level_id,"
    " COUNT(*) AS pieces FROM serial WHERE level_id IS NOT NULL GROUP BY level_id) p ON p.level_id = l.id"
    " WHERE COALESCE(p.pieces, 0) <> CASE WHEN COALESCE(t.serials, FALSE) THEN l.on_hand ELSE 0 END ORDER BY l.id",
    _PLACE,
    "{on_hand} on hand, but {pieces} serial numbers",
    "count {sku} in {warehouse}, piece by piece",
)

lives = RowCheck(
    "a piece is where its last move took it",
    """
SELECT p.id, s.code AS sku, p.code, p.place, COALESCE(m.target, 'nowhere') AS target FROM serial p
JOIN sku s ON s.id = p.sku_id
LEFT JOIN serial_move x ON x.id = (SELECT MAX(y.id) FROM serial_move y WHERE y.serial_id = p.id)
LEFT JOIN stock_move m ON m.id = x.move_id LEFT JOIN stock_level l ON l.id = p.level_id
WHERE m.id IS NULL OR m.target <> p.place OR m.sku_id <> p.sku_id
  OR (p.place IN ('stock','qc','defective')) <> (l.id IS NOT NULL)
  OR (l.id IS NOT NULL AND (l.sku_id <> p.sku_id OR l.warehouse_id <> m.target_warehouse_id OR l.lot <> m.lot
    OR l.quality <> CASE WHEN p.place = 'stock' THEN 'good' ELSE p.place END))
  OR (p.holder_kind <> '') <> (p.holder IS NOT NULL) OR (p.holder IS NOT NULL AND p.place <> 'stock')
ORDER BY p.id
""",
    "serial {id} ({sku} {code})",
    "is in {place}, but its last move went to {target}",
    "look for the piece, then adjust it out and in",
)

scans = RowCheck(
    "a scanned piece is of what its holder reserved",
    """
SELECT MIN(p.id) AS id, MIN(p.code) AS code, p.holder_kind AS kind, p.holder, COUNT(*) AS pieces,
  MIN(COALESCE(r.units, 0)) AS units FROM serial p LEFT JOIN (
  SELECT kind, holder, level_id, CAST(SUM(quantity) AS BIGINT) AS units FROM reservation WHERE state = 'held'
  GROUP BY kind, holder, level_id
) r ON r.kind = p.holder_kind AND r.holder = p.holder AND r.level_id = p.level_id
WHERE p.holder IS NOT NULL GROUP BY p.holder_kind, p.holder, p.level_id
HAVING COUNT(*) > MIN(COALESCE(r.units, 0)) ORDER BY 1
""",
    "serial {id} ({code})",
    "{pieces} pieces are scanned for {kind} {holder}, which holds {units} units there",
    "take the pieces out again",
)

counting = RowCheck(
    "what is being counted stands in an open count",
    "SELECT l.id, w.code AS warehouse, s.code AS sku, l.lot, l.quality, l.counting"
    f" FROM stock_level l {_LEVEL} LEFT JOIN (SELECT x.sku_id, c.warehouse_id, MIN(c.id) AS count_id FROM stock_count_line x"
    " JOIN stock_count c ON c.id = x.count_id WHERE c.state = 'open' GROUP BY x.sku_id, c.warehouse_id) o"
    " ON o.sku_id = l.sku_id AND o.warehouse_id = l.warehouse_id"
    " WHERE l.counting <> (o.count_id IS NOT NULL) ORDER BY l.id",
    _PLACE,
    "is marked as being counted: {counting}; the open counts say otherwise",
    "open and cancel a count of {sku} in {warehouse}",
)

transit = RowCheck(
    "what is in transit was sent and has not arrived",
    """
WITH flow AS (
  SELECT document, sku_id, lot, quantity AS sent, 0 AS arrived, 0 AS lost, cost FROM stock_move
    WHERE kind = 'transfer' AND target = 'transit'
  UNION ALL
  SELECT document, sku_id, lot, 0, CASE WHEN target = 'loss' THEN 0 ELSE quantity END,
    CASE WHEN target = 'loss' THEN quantity ELSE 0 END, -cost FROM stock_move WHERE kind = 'transfer' AND source = 'transit'
), moved AS (
  SELECT document, sku_id, lot, CAST(SUM(sent) AS BIGINT) AS sent, CAST(SUM(arrived) AS BIGINT) AS arrived,
    CAST(SUM(lost) AS BIGINT) AS lost, CAST(SUM(cost) AS BIGINT) AS cost FROM flow GROUP BY document, sku_id, lot
), lines AS (
  SELECT x.transfer_id, x.sku_id, x.lot, CAST(SUM(x.quantity) AS BIGINT) AS sent, CAST(SUM(x.received) AS BIGINT) AS arrived,
    CAST(SUM(x.lost) AS BIGINT) AS lost, CAST(SUM(x.cost) AS BIGINT) AS cost FROM stock_transfer_line x
  GROUP BY x.transfer_id, x.sku_id, x.lot
)
SELECT t.id, t.state, s.code AS sku, l.lot, l.sent, l.arrived, l.lost FROM stock_transfer t
JOIN lines l ON l.transfer_id = t.id JOIN sku s ON s.id = l.sku_id
LEFT JOIN moved m ON m.document = t.id AND m.sku_id = l.sku_id AND m.lot = l.lot
WHERE COALESCE(m.sent, 0) <> l.sent OR COALESCE(m.arrived, 0) <> l.arrived OR COALESCE(m.lost, 0) <> l.lost
  OR (t.state = 'in_transit' AND (l.arrived + l.lost <> 0 OR COALESCE(m.cost, 0) <> l.cost))
  OR (t.state = 'received' AND (l.arrived + l.lost <> l.sent OR COALESCE(m.cost, 0) <> 0))
  OR t.state NOT IN ('in_transit','received') ORDER BY t.id, s.code, l.lot
""",
    "stock_transfer {id} ({sku} {lot})",
    "is {state}: {sent} sent, {arrived} received, {lost} lost, but its moves or their cost differ",
    "look at the moves of the transfer",
)

stray = RowCheck(
    "only transfers go through transit",
    "SELECT m.id, m.key, m.kind, m.document FROM stock_move m LEFT JOIN stock_transfer_line x ON m.kind = 'transfer'"
    " AND x.transfer_id = m.document AND x.sku_id = m.sku_id AND x.lot = m.lot"
    " WHERE (m.source = 'transit' OR m.target = 'transit') AND x.id IS NULL ORDER BY m.id",
    "stock_move {id} ({key})",
    "goes through transit for {kind} {document}, which sent nothing of that",
    "find out who deleted the transfer's line",
)

DEPTH_CHECKS: tuple[Check, ...] = (
    bins, placed, conserved, lots, pieces, lives, scans, counting, transit, stray,
)  # fmt: skip
