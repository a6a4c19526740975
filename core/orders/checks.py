"""Proof of the promises: an order's counters, amounts, payments and derived states."""

from __future__ import annotations

from collections.abc import Iterator

from ..kernel.checks import LIMIT, Check, Finding, RowCheck
from ..kernel.db import Database
from ..kernel.uow import Merchant
from .api import FinanceState, ReviewState
from .money import LEFT
from .states import Units, came_back_whole, derive_payment, derive_status

_LINE = "FROM order_line l JOIN sales_order o ON o.id = l.order_id"
_LINE_PLACE = "order_line {id} ({number} line {no})"
_ORDER_PLACE = "sales_order {id} ({number})"

counters = RowCheck(
    "line counters fit the quantity",
    f"SELECT l.id, o.number, l.no, l.quantity, l.reserved, l.shipped, l.shipped_externally, l.cancelled, l.returned, l.bounced"
    f" {_LINE} WHERE l.quantity <= 0 OR l.reserved < 0 OR l.shipped < 0 OR l.cancelled < 0 OR l.returned < 0 OR l.bounced < 0"
    " OR l.reserved + l.shipped + l.cancelled > l.quantity OR l.returned > l.shipped OR l.bounced > l.returned"
    " OR l.shipped_externally < 0 OR l.shipped_externally > l.shipped ORDER BY l.id",
    _LINE_PLACE,
    "of {quantity}: {reserved} reserved, {shipped} shipped ({shipped_externally} elsewhere), {cancelled} cancelled,"
    " {returned} returned, {bounced} bounced",
    "compare {number} with its fulfillment orders",
)

kit_counters = RowCheck(
    "kit lines count nothing themselves",
    f"SELECT l.id, o.number, l.no {_LINE} WHERE l.kit AND (l.reserved <> 0 OR l.shipped <> 0 OR l.shipped_externally <> 0"
    " OR l.cancelled <> 0 OR l.returned <> 0 OR l.bounced <> 0) ORDER BY l.id",
    _LINE_PLACE,
    "is a kit line, but has counters that belong on its components",
    "set the kit line's counters to 0 and look at its components",
)

components = RowCheck(
    "components belong to a kit line",
    f"SELECT l.id, o.number, l.no, l.kit_line, l.quantity, l.per_kit, k.quantity AS kits {_LINE}"
    " LEFT JOIN order_line k ON k.order_id = l.order_id AND k.no = l.kit_line AND k.kit"
    " WHERE l.kit_line IS NOT NULL AND (k.id IS NULL OR l.kit OR l.quantity <> k.quantity * l.per_kit) ORDER BY l.id",
    _LINE_PLACE,
    "has {quantity} units, {per_kit} per kit, but kit line {kit_line} has {kits} kits",
    "look at the history of {number} for a changed quantity",
)

kit_amounts = RowCheck(
    "a kit's money is its components' money",
    f"SELECT l.id, o.number, l.no, l.amount, l.freight, COUNT(c.id) AS components,"
    " CAST(COALESCE(SUM(c.amount), 0) AS BIGINT) AS amounts, CAST(COALESCE(SUM(c.freight), 0) AS BIGINT) AS freights"
    f" {_LINE} LEFT JOIN order_line c ON c.order_id = l.order_id AND c.kit_line = l.no WHERE l.kit"
    " GROUP BY l.id, o.number, l.no, l.amount, l.freight"
    " HAVING COUNT(c.id) = 0 OR l.amount <> COALESCE(SUM(c.amount), 0) OR l.freight <> COALESCE(SUM(c.freight), 0)"
    " ORDER BY l.id",
    _LINE_PLACE,
    "costs {amount} + freight {freight}, but its {components} components {amounts} + {freights}",
    "share the kit's amount over its components again",
)

amounts = RowCheck(
    "an order's money is its lines' money",
    "SELECT o.id, o.number, o.goods, o.freight, o.total, CAST(COALESCE(SUM(l.amount), 0) AS BIGINT) AS amounts,"
    " CAST(COALESCE(SUM(l.freight), 0) AS BIGINT) AS freights"
    " FROM sales_order o LEFT JOIN order_line l ON l.order_id = o.id AND l.kit_line IS NULL"
    " GROUP BY o.id, o.number, o.goods, o.freight, o.total HAVING o.goods <> COALESCE(SUM(l.amount), 0)"
    " OR o.freight <> COALESCE(SUM(l.freight), 0) OR o.total <> o.goods + o.freight ORDER BY o.id",
    _ORDER_PLACE,
    "goods {goods} + freight {freight} = {total}, but its lines sum to {amounts} + {freights}",
    "compare {number} with the document it came from",
)

payments = RowCheck(
    "received and refunded follow the payments",
    "SELECT o.id, o.number, o.received, o.refunded, COALESCE(p.came, 0) AS came, COALESCE(p.went, 0) AS went"
    " FROM sales_order o LEFT JOIN (SELECT order_id,"
    " CAST(SUM(CASE WHEN amount > 0 THEN amount ELSE 0 END) AS BIGINT) AS came,"
    " CAST(SUM(CASE WHEN amount < 0 THEN -amount ELSE 0 END) AS BIGINT) AS went FROM payment GROUP BY order_id) p"
    " ON p.order_id = o.id WHERE o.received <> COALESCE(p.came, 0) OR o.refunded <> COALESCE(p.went, 0)"
    " OR o.refunded > o.received ORDER BY o.id",
    _ORDER_PLACE,
    "received {received} and refunded {refunded}, but its payments are {came} and {went}",
    "compare the payments of {number} with the platform's bill",
)

holds = RowCheck(
    "an order's holds belong to an order",
    "SELECT h.id, h.code, h.document FROM hold h LEFT JOIN sales_order o ON o.id = h.document"
    " WHERE h.level = 'order' AND o.id IS NULL ORDER BY h.id",
    "hold {id} ({code})",
    "stops order {document}, which does not exist",
    "delete the hold",
)

owners = RowCheck(
    "nobody's orders stay with a merged customer",
    "SELECT o.id, o.number, c.id AS customer, c.merged_into FROM sales_order o JOIN customer c ON c.id = o.customer_id"
    " WHERE c.merged_into IS NOT NULL ORDER BY o.id",
    _ORDER_PLACE,
    "belongs to customer {customer}, who was merged into {merged_into}",
    "give {number} to customer {merged_into}",
)

gifts = RowCheck(
    "gifts cost nothing",
    f"SELECT l.id, o.number, l.no, l.gift, l.amount, l.freight {_LINE} WHERE l.gift <> '' AND (l.amount <> 0"
    " OR l.unit_price <> 0 OR l.freight <> 0 OR l.kit OR l.kit_line IS NOT NULL) ORDER BY l.id",
    _LINE_PLACE,
    "was given by {gift}, but costs {amount} + freight {freight}, or is part of a kit",
    "take the money off the line and share it over what was bought",
)

gift_counts = RowCheck(
    "what rules gave follows the gift lines",
    "SELECT c.id, t.source, t.customer, COALESCE(c.given, 0) AS given, t.units FROM ("
    " SELECT s.source, s.customer, CAST(SUM(s.units) AS BIGINT) AS units FROM ("
    "  SELECT l.gift AS source, 0 AS customer, l.quantity - l.cancelled AS units FROM order_line l WHERE l.gift <> ''"
    "  UNION ALL SELECT l.gift, o.customer_id, l.quantity - l.cancelled"
    "   FROM order_line l JOIN sales_order o ON o.id = l.order_id WHERE l.gift <> ''"
    "  UNION ALL SELECT g.source, g.customer, 0 FROM gift_count g"
    " ) s GROUP BY s.source, s.customer) t LEFT JOIN gift_count c ON c.source = t.source AND c.customer = t.customer"
    " WHERE COALESCE(c.given, 0) <> t.units ORDER BY t.source, t.customer",
    "gift_count {id} ({source} to {customer})",
    "{given} units are counted, but the gift lines sum to {units}",
    "correct the counter; until then the rule's limits are wrong",
)

amendments = RowCheck(
    "amendments are open, or closed by somebody",
    "SELECT a.id, a.no, a.state, a.order_id, COALESCE(o.number, '') AS number FROM amendment a LEFT JOIN sales_order o"
    " ON o.id = a.order_id WHERE o.id IS NULL OR a.state NOT IN ('draft','waiting','applied','dropped')"
    " OR a.state IN ('applied','dropped') AND (a.closed_at IS NULL OR a.closed_by = '')"
    " OR a.state IN ('draft','waiting') AND a.closed_at IS NOT NULL ORDER BY a.id",
    "amendment {id} ({number} no. {no})",
    "is {state}, with a closing that does not fit, or changes an order that does not exist",
    "look at the history of {number}",
)

presale_caps = RowCheck(
    "what is promised ahead follows the deposits",
    "SELECT c.id, k.code AS sku, s.code AS shop, c.taken, CAST(COALESCE(SUM(x.taken), 0) AS BIGINT) AS counted, b.open_caps"
    " FROM presale_cap c JOIN sku k ON k.id = c.sku_id JOIN shop s ON s.id = c.shop_id"
    " JOIN (SELECT shop_id, sku_id, CAST(SUM(CASE WHEN open THEN 1 ELSE 0 END) AS BIGINT) AS open_caps FROM presale_cap"
    "  GROUP BY shop_id, sku_id) b ON b.shop_id = c.shop_id AND b.sku_id = c.sku_id"
    " LEFT JOIN presale p ON p.cap_id = c.id LEFT JOIN presale_line x ON x.presale_id = p.id"
    " GROUP BY c.id, k.code, s.code, c.taken, b.open_caps"
    " HAVING c.taken <> COALESCE(SUM(x.taken), 0) OR COUNT(p.id) = 0 OR b.open_caps > 1 ORDER BY c.id",
    "presale_cap {id} ({shop} {sku})",
    "{taken} units are taken, but its orders count {counted}; {open_caps} caps of {sku} are open in {shop}",
    "correct the counter, or close all presales of {sku} but one; until then {shop} shows a wrong number",
)

presale_lines = RowCheck(
    "deposits count what is still wanted",
    "SELECT t.id, t.number, t.no, t.taken, t.wanted FROM (SELECT x.id, o.number, l.no, x.taken,"
    " CASE WHEN l.kit THEN COALESCE((SELECT MAX((c.quantity - c.cancelled + c.per_kit - 1) / c.per_kit) FROM order_line c"
    "  WHERE c.order_id = l.order_id AND c.kit_line = l.no), 0) ELSE l.quantity - l.cancelled END AS wanted,"
    " CASE WHEN l.order_id = x.order_id AND l.kit_line IS NULL AND l.gift = '' AND q.id IS NOT NULL"
    "  AND EXISTS (SELECT 1 FROM presale p JOIN presale_cap c ON c.id = p.cap_id WHERE p.id = x.presale_id"
    "   AND c.shop_id = o.shop_id AND c.sku_id = l.sku_id) THEN 1 ELSE 0 END AS fits"
    " FROM presale_line x JOIN order_line l ON l.id = x.line_id JOIN sales_order o ON o.id = l.order_id"
    " LEFT JOIN presale_order q ON q.order_id = o.id) t WHERE t.taken <> t.wanted OR t.fits = 0 ORDER BY t.id",
    "presale_line {id} ({number} line {no})",
    "counts {taken} units, {wanted} are wanted; or it is of another order, shop or SKU, or of an order without a deposit",
    "look at the history of {number} for units cancelled or added",
)

presale_orders = RowCheck(
    "deposits are waited for, paid up, kept or given back",
    "SELECT p.id, COALESCE(o.number, '') AS number, p.state, p.deposit, p.forfeited, COALESCE(o.status, 'gone') AS status"
    " FROM presale_order p LEFT JOIN sales_order o ON o.id = p.order_id WHERE o.id IS NULL"
    " OR p.state NOT IN ('deposit_paid','balance_paid','forfeited','cancelled')"
    " OR p.state = 'deposit_paid' AND (o.paid_at IS NOT NULL OR o.status = 'cancelled')"
    " OR p.state = 'balance_paid' AND o.paid_at IS NULL"
    " OR p.state IN ('forfeited','cancelled') AND o.status <> 'cancelled'"
    " OR p.forfeited <> 0 AND p.state <> 'forfeited' OR p.forfeited < 0 OR p.deposit < 0"
    " OR p.forfeited > o.received - o.refunded ORDER BY p.id",
    "presale_order {id} ({number})",
    "is {state} with a deposit of {deposit}, of which {forfeited} were kept, but {number} is {status}",
    "look at the history and payments of {number}",
)

_STATES = f"""
SELECT o.id, o.number, o.status, o.payment, o.review, o.finance_review, o.received, o.refunded, o.cod, \
o.paid_at, o.completed_at, o.collected_at,
  CAST(COALESCE(SUM({LEFT}), 0) AS BIGINT),
  CAST(COALESCE(SUM(l.quantity - l.shipped - l.cancelled), 0) AS BIGINT), CAST(COALESCE(SUM(l.shipped), 0) AS BIGINT),
  CAST(COALESCE(SUM(l.bounced), 0) AS BIGINT)
FROM sales_order o LEFT JOIN order_line l ON l.order_id = o.id AND NOT l.kit
GROUP BY o.id, o.number, o.status, o.payment, o.review, o.finance_review, o.received, o.refunded, o.cod, \
o.paid_at, o.completed_at, o.collected_at
ORDER BY o.id
"""


def states(db: Database, merchant: Merchant) -> Iterator[Finding]:
    """Status and payment facet of every order against the same pure functions that wrote them."""
    named = 0
    for row in db.execute(_STATES):
        order_id, number, status, payment, review, finance, received, refunded, cod, paid_at, completed_at, *rest = row
        collected_at, worth, *sums = rest
        settled, place = paid_at is not None, f"sales_order {order_id} ({number})"
        if review in set(ReviewState) and finance in set(FinanceState):
            if review == ReviewState.PASSED and finance not in (FinanceState.NONE, FinanceState.PASSED):
                review = ReviewState.PENDING
            known = derive_status(
                Units(*sums), settled=settled, review=ReviewState(review), completed=completed_at is not None
            ).value
        else:
            known = f"nothing, since its review is {review!r} and finance's {finance!r}"
        facet = derive_payment(
            worth=worth,
            received=received,
            refunded=refunded,
            cod=bool(cod),
            settled=settled,
            collected=collected_at is not None,
            refused=came_back_whole(Units(*sums)),
        ).value
        for name, stored, derived in (("status", status, known), ("payment", payment, facet)):
            if stored != derived:
                named += 1
                yield Finding(
                    f"the {name} of an order is derived",
                    place,
                    f"{name} {stored}, but its lines, payments and review make it {derived}",
                    f"find out who wrote the {name} of {number}, then derive it again",
                )
        if named >= LIMIT:
            return


CHECKS: tuple[Check, ...] = (
    counters, kit_counters, components, kit_amounts, amounts, payments, holds, owners, gifts, gift_counts, amendments,
    presale_caps, presale_lines, presale_orders, states,
)  # fmt: skip
