"""Proof of the money's book: balanced in itself, and telling the same story as the orders and the goods.

The ledger knows no other room; its checks read their tables by name, because two books prove each other only where they
were written apart.
"""

from __future__ import annotations

from ..kernel.checks import Check, RowCheck

_ENTRY_PLACE = "ledger_entry {id} ({ref})"

balanced = RowCheck(
    "every entry balances",
    "SELECT e.id, e.ref, COALESCE(p.currency, '') AS currency, CAST(COALESCE(SUM(p.debit), 0) AS BIGINT) AS debit,"
    " CAST(COALESCE(SUM(p.credit), 0) AS BIGINT) AS credit"
    " FROM ledger_entry e LEFT JOIN ledger_posting p ON p.entry_id = e.id GROUP BY e.id, e.ref, p.currency"
    " HAVING COUNT(p.id) = 0 OR SUM(p.debit) <> SUM(p.credit) ORDER BY e.id",
    _ENTRY_PLACE,
    "debit {debit} and credit {credit} {currency} in minor units, or it has no lines",
    "entries are never changed: find out who changed this one, and export nothing before it is mended",
)

sides = RowCheck(
    "every line has one side",
    "SELECT p.id, p.no, COALESCE(e.ref, '') AS ref, p.debit, p.credit, p.role FROM ledger_posting p"
    " LEFT JOIN ledger_entry e ON e.id = p.entry_id WHERE (p.debit = 0) = (p.credit = 0) OR e.id IS NULL ORDER BY p.id",
    "ledger_posting {id} ({ref} line {no})",
    "debit {debit}, credit {credit} on {role}: not exactly one side, or a line of no entry",
    "find out who changed this line",
)

whole = RowCheck(
    "the whole ledger balances",
    "SELECT p.currency, CAST(SUM(p.debit - p.credit) AS BIGINT) AS difference FROM ledger_posting p GROUP BY p.currency"
    " HAVING SUM(p.debit - p.credit) <> 0 ORDER BY p.currency",
    "all of {currency}",
    "debit exceeds credit by {difference} in minor units",
    "look for the entry that does not balance",
)

dates = RowCheck(
    "an entry stands in the period of its day",
    "SELECT e.id, e.ref, e.date, e.period FROM ledger_entry e WHERE SUBSTR(e.date, 1, 7) <> e.period ORDER BY e.id",
    _ENTRY_PLACE,
    "is dated {date} but stands in {period}",
    "find out who changed this entry",
)

reversals = RowCheck(
    "a reversal mirrors one entry, once",
    """
SELECT r.id, r.ref, r.reverses FROM ledger_entry r LEFT JOIN ledger_entry e ON e.ref = r.reverses
WHERE r.reverses <> '' AND (e.id IS NULL OR EXISTS (
  SELECT 1 FROM ledger_entry o WHERE o.reverses = r.reverses AND o.id < r.id
) OR EXISTS (
  SELECT 1 FROM ledger_posting p WHERE p.entry_id IN (e.id, r.id)
  GROUP BY p.role, p.detail, p.currency HAVING SUM(p.debit) <> 0 OR SUM(p.credit) <> 0
)) ORDER BY r.id
""",
    _ENTRY_PLACE,
    "reverses {reverses}, which does not exist, was reversed before, or is not its mirror image",
    "find out who changed one of the two",
)

# The two stories of each document's stock at cost: what its moves say, and what its entries say.
goods = RowCheck(
    "inventory follows the goods",
    """
WITH said AS (
  SELECT kind, document, cost AS moved, 0 AS booked FROM stock_move WHERE target IN ('stock','qc','defective','transit')
  UNION ALL
  SELECT kind, document, -cost, 0 FROM stock_move WHERE source IN ('stock','qc','defective','transit')
  UNION ALL
  SELECT e.kind, e.document, 0, p.debit - p.credit FROM ledger_posting p JOIN ledger_entry e ON e.id = p.entry_id
    WHERE p.role = 'inventory' AND p.currency = :currency
)
SELECT kind, document, CAST(SUM(moved) AS BIGINT) AS moved, CAST(SUM(booked) AS BIGINT) AS booked
FROM said GROUP BY kind, document HAVING SUM(moved) <> SUM(booked) ORDER BY kind, document
""",
    "{kind} {document}",
    "its goods changed stock by {moved} in minor units at cost, but its entries changed inventory by {booked}",
    "reverse the entry too many, or post the missing one",
)

inventory = RowCheck(
    "inventory is the value of stock",
    """
SELECT t.stock, t.book, t.other FROM (SELECT
  (SELECT CAST(COALESCE(SUM(value), 0) AS BIGINT) FROM stock_level)
    + (SELECT CAST(COALESCE(SUM(CASE WHEN target = 'transit' THEN cost ELSE -cost END), 0) AS BIGINT) FROM stock_move
      WHERE source = 'transit' OR target = 'transit') AS stock,
  (SELECT CAST(COALESCE(SUM(debit - credit), 0) AS BIGINT) FROM ledger_posting WHERE role = 'inventory'
    AND currency = :currency) AS book,
  (SELECT COUNT(*) FROM ledger_posting WHERE role = 'inventory' AND currency <> :currency) AS other
) t WHERE t.stock <> t.book OR t.other <> 0 ORDER BY 1
""",
    "account inventory",
    "stands at {book} in minor units, but stock and transit are worth {stock} ({other} lines in another currency than the"
    " merchant's)",
    "mend what the other checks name first",
)

advances = RowCheck(
    "advances follow the orders",
    """
WITH said AS (
  SELECT id, currency, advance, advance_tax AS tax, 0 AS booked, 0 AS booked_tax FROM sales_order
  UNION ALL
  SELECT e.document, p.currency, 0, 0, p.credit - p.debit, CASE WHEN p.role = 'advances_tax' THEN p.credit - p.debit ELSE 0 END
    FROM ledger_posting p JOIN ledger_entry e ON e.id = p.entry_id AND e.kind = 'order'
    WHERE p.role IN ('advances','advances_tax')
), summed AS (
  SELECT id, currency, CAST(SUM(advance) AS BIGINT) AS advance, CAST(SUM(tax) AS BIGINT) AS tax,
    CAST(SUM(booked) AS BIGINT) AS booked, CAST(SUM(booked_tax) AS BIGINT) AS booked_tax FROM said GROUP BY id, currency
)
SELECT t.id, COALESCE(o.number, '') AS number, t.currency, t.advance, t.tax, t.booked, t.booked_tax
FROM summed t LEFT JOIN sales_order o ON o.id = t.id
WHERE t.advance <> t.booked OR t.tax <> t.booked_tax OR t.advance < 0 OR t.tax < 0 OR t.tax > t.advance ORDER BY t.id
""",
    "sales_order {id} ({number})",
    "holds {advance} {currency} in advance, {tax} of it tax, but the ledger {booked} and {booked_tax} (minor units)",
    "compare the payments and shipments of {number} with its entries",
)

platform = RowCheck(
    "money at the platform follows the payments",
    """
WITH said AS (
  SELECT id, currency, received - refunded AS kept, 0 AS booked FROM sales_order WHERE NOT cod
  UNION ALL
  SELECT e.document, p.currency, 0, p.debit - p.credit FROM ledger_posting p
    JOIN ledger_entry e ON e.id = p.entry_id AND e.kind = 'order' WHERE p.role = 'platform'
    AND e.document NOT IN (SELECT id FROM sales_order WHERE cod)
), summed AS (
  SELECT id, currency, CAST(SUM(kept) AS BIGINT) AS kept, CAST(SUM(booked) AS BIGINT) AS booked FROM said GROUP BY id, currency
)
SELECT t.id, COALESCE(o.number, '') AS number, t.currency, t.kept, t.booked
FROM summed t LEFT JOIN sales_order o ON o.id = t.id WHERE t.kept <> t.booked ORDER BY t.id
""",
    "sales_order {id} ({number})",
    "keeps {kept} {currency} of its buyer's money, but the ledger shows {booked} (minor units)",
    "post the missing payment of {number}, or reverse the one too many",
)

collected = RowCheck(
    "what collectors handed over follows the payments",
    "SELECT o.id, o.number, o.currency, o.received, CAST(COALESCE(SUM(p.credit), 0) AS BIGINT) AS booked FROM sales_order o"
    " LEFT JOIN ledger_entry e ON e.kind = 'order' AND e.document = o.id"
    " LEFT JOIN ledger_posting p ON p.entry_id = e.id AND p.role = 'cod_receivable' WHERE o.cod"
    " GROUP BY o.id, o.number, o.currency, o.received HAVING o.received <> COALESCE(SUM(p.credit), 0) ORDER BY o.id",
    "sales_order {id} ({number})",
    "received {received} {currency} at the door, but the ledger shows {booked} handed over (minor units)",
    "post the missing remittance of {number}, or reverse the one too many",
)

forfeits = RowCheck(
    "other income follows the deposits that were kept",
    """
WITH said AS (
  SELECT o.id, o.currency, p.forfeited AS kept, 0 AS booked FROM presale_order p JOIN sales_order o ON o.id = p.order_id
  UNION ALL
  SELECT e.document, p.currency, 0, p.credit - p.debit FROM ledger_posting p
    JOIN ledger_entry e ON e.id = p.entry_id AND e.kind = 'order' WHERE p.role = 'other_income'
), summed AS (
  SELECT id, currency, CAST(SUM(kept) AS BIGINT) AS kept, CAST(SUM(booked) AS BIGINT) AS booked FROM said GROUP BY id, currency
)
SELECT t.id, COALESCE(o.number, '') AS number, t.currency, t.kept, t.booked
FROM summed t LEFT JOIN sales_order o ON o.id = t.id WHERE t.kept <> t.booked ORDER BY t.id
""",
    "sales_order {id} ({number})",
    "keeps {kept} {currency} of a forfeited deposit, but the ledger shows {booked} (minor units)",
    "compare the deposit of {number} with its entries",
)

filed = RowCheck(
    "an order's entries belong to an order, in its currency",
    "SELECT DISTINCT e.id, e.ref, e.document, p.currency FROM ledger_entry e JOIN ledger_posting p ON p.entry_id = e.id"
    " LEFT JOIN sales_order o ON o.id = e.document"
    " WHERE e.kind = 'order' AND (o.id IS NULL OR o.currency <> p.currency) ORDER BY e.id",
    _ENTRY_PLACE,
    "is in {currency} and filed under order {document}, which does not exist or has another currency",
    "reverse it",
)

CHECKS: tuple[Check, ...] = (
    balanced, sides, whole, dates, reversals, goods, inventory, advances, platform, collected, forfeits, filed,
)  # fmt: skip
