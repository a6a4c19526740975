"""Each kind of damage is named with the row it is in. A case is: what is done, which check speaks, of which row."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from orderyard.core.aftersales import checks as aftersales
from orderyard.core.customers import checks as customers
from orderyard.core.fulfillment import checks as fulfillment
from orderyard.core.inventory import checks as inventory
from orderyard.core.kernel.checks import LIMIT, Check, Finding, findings
from orderyard.core.kernel.uow import Installation
from orderyard.core.ledger import checks as ledger
from orderyard.core.orders import checks as orders

CHECKS: list[Check] = [
    *customers.CHECKS, *inventory.CHECKS, *orders.CHECKS, *fulfillment.CHECKS, *aftersales.CHECKS, *ledger.CHECKS,
]  # fmt: skip

LEVEL = (
    "stock_level WHERE sku_id = (SELECT id FROM sku WHERE code = 'TEE')"
    " AND warehouse_id = (SELECT id FROM warehouse WHERE code = 'SH')"
)
TEA = "stock_level WHERE lot = 'L1'"
POT = "stock_level WHERE sku_id = (SELECT id FROM sku WHERE code = 'POT')"
MUG = "stock_level WHERE sku_id = (SELECT id FROM sku WHERE code = 'MUG')"
IN_A1 = "stock_move WHERE target_bin_id IS NOT NULL"
SENT = "stock_transfer WHERE key = 'T2'"
ON_ITS_WAY = f"stock_transfer_line WHERE transfer_id = (SELECT id FROM {SENT})"
MOVE = "stock_move WHERE key = 'LOSS1'"
HELD = "reservation WHERE state = 'held' AND holder = (SELECT id FROM fo_line WHERE order_id = 2)"
SPENT = "reservation WHERE id = (SELECT MIN(id) FROM reservation WHERE state = 'consumed')"
SPENT_MOVE = "stock_move WHERE key = (SELECT 'reservation/' || MIN(id) FROM reservation WHERE state = 'consumed')"
KEPT = "stock_level WHERE id = (SELECT level_id FROM locked_units)"
GIFT = "order_line WHERE gift = 'gifts/pen'"
GONE = "customer WHERE merged_into IS NOT NULL"
LOW = "low_stock WHERE units = 100"
CAME = "purchase_order WHERE key = 'KEY1'"
MISSING = "purchase_order WHERE key = 'KEY2'"
PAID = "ledger_entry WHERE ref = 'SO00000001-PAY-P1'"
SOLD = "ledger_entry WHERE ref LIKE 'SO00000001-SALE-%'"


def order(no: int) -> str:
    return f"sales_order WHERE id = {no}"


def line(order_no: int, no: int = 1) -> str:
    return f"order_line WHERE order_id = {order_no} AND no = {no}"


def fo(order_no: int) -> str:
    return f"fulfillment_order WHERE id = (SELECT MIN(fo_id) FROM fo_line WHERE order_id = {order_no})"


def fo_line(order_no: int, no: int = 1) -> str:
    return f"fo_line WHERE line_id = (SELECT id FROM {line(order_no, no)})"


def lines_of(entry: str) -> str:
    return f"ledger_posting WHERE entry_id = (SELECT id FROM {entry})"


def ahead(order_no: int) -> str:
    return f"presale_line WHERE order_id = {order_no}"


def deposit(order_no: int) -> str:
    return f"presale_order WHERE order_id = {order_no}"


CAP = "presale_cap WHERE sku_id = (SELECT id FROM sku WHERE code = 'TEE')"


def with_change(row: str, change: str) -> str:
    """`table WHERE …` and `column = …` as an UPDATE."""
    table, where = row.split(" WHERE ", 1)
    return f"UPDATE {table} SET {change} WHERE {where}"


@dataclass(frozen=True)
class Damage:
    """`harm` is a change of `row`, or, starting in capitals, a statement of its own."""

    row: str
    harm: str
    check: str

    def statement(self) -> str:
        return self.harm if self.harm.split(" ")[0].isupper() else with_change(self.row, self.harm)


DAMAGES = [
    Damage(LEVEL, "on_hand = on_hand + 1", "stock follows its moves"),
    Damage(LEVEL, "value = value - 1", "stock value follows its moves"),
    Damage(LEVEL, "reserved = reserved + 1", "reserved follows the reservations"),
    Damage(LEVEL, "on_hand = -1", "no stock is negative or promised twice"),
    Damage(LEVEL, "reserved = on_hand + 1", "no stock is negative or promised twice"),
    Damage("warehouse WHERE code = 'SH'", f"DELETE FROM {LEVEL}", "moved stock has a level"),
    Damage(MOVE, "quantity = 0", "moves go between places"),
    Damage(MOVE, "source_warehouse_id = NULL", "moves go between places"),
    Damage(MOVE, "target = 'nowhere'", "moves go between places"),
    Damage(LEVEL, f"DELETE FROM {SPENT_MOVE}", "stock follows its moves"),
    Damage(HELD, "state = 'lost'", "reservations are held, consumed or released"),
    Damage(HELD, "level_id = 999", "reservations are held, consumed or released"),
    Damage(TEA, "placed = 99", "no stock is negative or promised twice"),
    Damage(TEA, "quality = 'nice'", "no stock is negative or promised twice"),
    Damage(IN_A1, "source = 'stock'", "moves go between places"),
    Damage(IN_A1, "target_bin_id = NULL, target_warehouse_id = NULL", "moves go between places"),
    Damage("bin WHERE code = 'A1'", with_change(IN_A1, "target_bin_id = NULL"), "bins follow their moves"),
    Damage("bin WHERE code = 'A1'", "UPDATE bin_level SET quantity = 6", "bins follow their moves"),
    Damage("bin WHERE code = 'A2'", "UPDATE bin_level SET bin_id = (SELECT id FROM bin WHERE code = 'A2')",
           "bins follow their moves"),
    Damage(TEA, "placed = 4", "bins and floor make up the stock"),
    Damage(TEA, "DELETE FROM bin_level", "bins and floor make up the stock"),
    Damage(TEA, "UPDATE bin SET warehouse_id = (SELECT id FROM warehouse WHERE code = 'GZ')",
           "bins and floor make up the stock"),
    Damage("sku WHERE code = 'TEA'", with_change(IN_A1, "quantity = 6"), "no unit of a lot comes from nowhere"),
    Damage("sku WHERE code = 'TEA'", with_change(IN_A1, "lot = 'L2'"), "no unit of a lot comes from nowhere"),
    Damage("sku WHERE code = 'TEA'", with_change(ON_ITS_WAY, "quantity = 2"), "no unit of a lot comes from nowhere"),
    Damage(TEA, "sell_by = '2027-07-01'", "levels of lots follow their lots"),
    Damage(TEA, "sell_by = '2027-06-30'", "levels of lots follow their lots"),
    Damage(TEA, "DELETE FROM lot WHERE code = 'L1'", "levels of lots follow their lots"),
    Damage(TEA, "UPDATE sku_tracking SET lots = FALSE", "levels of lots follow their lots"),
    Damage(LEVEL, "sell_by = '2027-06-30'", "levels of lots follow their lots"),
    Damage(POT, "DELETE FROM serial WHERE code = 'S2'", "every piece with a number is counted once"),
    Damage(POT, "UPDATE sku_tracking SET serials = FALSE", "every piece with a number is counted once"),
    Damage("serial WHERE code = 'S2'", "place = 'customer'", "a piece is where its last move took it"),
    Damage("serial WHERE code = 'S2'", f"level_id = (SELECT id FROM {LEVEL})", "a piece is where its last move took it"),
    Damage("serial WHERE code = 'S2'", "DELETE FROM serial_move", "a piece is where its last move took it"),
    Damage("serial WHERE code = 'S2'", "holder = 1", "a piece is where its last move took it"),
    Damage("serial WHERE code = 'S1'", "holder = 2", "a scanned piece is of what its holder reserved"),
    Damage("serial WHERE code = 'S1'", "UPDATE serial SET holder_kind = 'basket', holder = 1",
           "a scanned piece is of what its holder reserved"),
    Damage(MUG, "counting = FALSE", "what is being counted stands in an open count"),
    Damage(MUG, "UPDATE stock_count SET state = 'closed'", "what is being counted stands in an open count"),
    Damage(LEVEL, "counting = TRUE", "what is being counted stands in an open count"),
    Damage(SENT, "state = 'received'", "what is in transit was sent and has not arrived"),
    Damage(SENT, "state = 'lost'", "what is in transit was sent and has not arrived"),
    Damage(SENT, with_change(ON_ITS_WAY, "received = 1"), "what is in transit was sent and has not arrived"),
    Damage(SENT, with_change(ON_ITS_WAY, "cost = cost + 1"), "what is in transit was sent and has not arrived"),
    Damage("stock_transfer WHERE key = 'T1'", "UPDATE stock_transfer_line SET received = 2, lost = 0 WHERE transfer_id = 1",
           "what is in transit was sent and has not arrived"),
    Damage("stock_move WHERE key = 'TR00000002/1'", f"DELETE FROM {ON_ITS_WAY}", "only transfers go through transit"),
    Damage("stock_move WHERE key = 'TR00000002/1'", "kind = 'receipt'", "only transfers go through transit"),
    Damage(KEPT, "locked = locked + 1", "locked follows the locks"),
    Damage(KEPT, "UPDATE locked_units SET quantity = 3", "locked follows the locks"),
    Damage(KEPT, "DELETE FROM locked_units", "locked follows the locks"),
    Damage(KEPT, "locked = on_hand - reserved + 1", "what is locked is there and promised to nobody"),
    Damage(KEPT, "locked = -1", "what is locked is there and promised to nobody"),
    Damage(KEPT, "quality = 'defective'", "what is locked is there and promised to nobody"),
    Damage("locked_units WHERE quantity = 1", f"level_id = (SELECT id FROM {LEVEL})",
           "a lock keeps units of its own SKU and warehouse"),
    Damage("locked_units WHERE quantity = 1", "quantity = -1", "a lock keeps units of its own SKU and warehouse"),
    Damage("locked_units WHERE quantity = 1", "DELETE FROM stock_lock", "a lock keeps units of its own SKU and warehouse"),
    Damage("locked_units WHERE quantity = 1", "UPDATE stock_lock SET mode = 'nice'",
           "a lock keeps units of its own SKU and warehouse"),
    Damage(f"purchase_line WHERE purchase_id = (SELECT id FROM {MISSING})", "received = 2",
           "what came of a purchase is what its moves brought"),
    Damage(f"purchase_line WHERE purchase_id = (SELECT id FROM {MISSING})", "DELETE FROM stock_move WHERE key = 'CAME2'",
           "what came of a purchase is what its moves brought"),
    Damage(CAME, "state = 'open', closed_at = NULL", "a purchase is received when everything came"),
    Damage(CAME, "closed_at = NULL", "a purchase is received when everything came"),
    Damage(MISSING, "state = 'received', closed_at = ordered_at", "a purchase is received when everything came"),
    Damage("purchase_order WHERE key = 'KEY3'", "state = 'lost'", "a purchase is received when everything came"),
    Damage(LOW, "INSERT INTO low_stock (threshold_id, sku_id, warehouse_id, units, available, fired_at)"
           " SELECT threshold_id, sku_id, warehouse_id, units, available, fired_at FROM low_stock",
           "a threshold is told of once"),
    Damage(LOW, "threshold_id = NULL", "an alert is of a threshold that stands"),
    Damage(LOW, "DELETE FROM stock_threshold", "an alert is of a threshold that stands"),
    Damage(LOW, "UPDATE stock_threshold SET sku_id = 1", "an alert is of a threshold that stands"),
    Damage(LOW, "UPDATE stock_threshold SET warehouse_id = NULL", "an alert is of a threshold that stands"),
    Damage(LOW, "available = units", "an alert is of a threshold that stands"),
    Damage(LOW, "cleared_at = '2026-01-01T00:00:00.000000+00:00'", "an alert is of a threshold that stands"),
    Damage(GONE, "merged_into = 999", "a merged customer points at one who is there"),
    Damage(GONE, "merged_into = id", "a merged customer points at one who is there"),
    Damage("customer_identity WHERE value = 'buyer13'", f"customer_id = (SELECT id FROM {GONE})",
           "nobody is recognised as a merged customer"),
    Damage(order(13), f"customer_id = (SELECT id FROM {GONE})", "nobody's orders stay with a merged customer"),
    Damage(GIFT, "amount = 1", "gifts cost nothing"),
    Damage(GIFT, "unit_price = 1", "gifts cost nothing"),
    Damage(GIFT, "kit_line = 1", "gifts cost nothing"),
    Damage("gift_count WHERE customer = 0", "given = given + 1", "what rules gave follows the gift lines"),
    Damage("gift_count WHERE customer <> 0 AND given = 1",
           with_change(GIFT, "gift = 'gifts/hat'"),
           "what rules gave follows the gift lines"),
    Damage("gift_count WHERE customer <> 0 AND given = 1",
           with_change(GIFT, "cancelled = 1"),
           "what rules gave follows the gift lines"),
    Damage(line(2), "shipped = 9", "line counters fit the quantity"),
    Damage(line(1), "returned = shipped + 1", "line counters fit the quantity"),
    Damage(line(8), "shipped_externally = 2", "line counters fit the quantity"),
    Damage(line(1, 2), "cancelled = 1", "kit lines count nothing themselves"),
    Damage(line(1, 3), "quantity = 3", "components belong to a kit line"),
    Damage(line(1, 3), "kit_line = 9", "components belong to a kit line"),
    Damage(line(1, 2), with_change(line(1, 3), "amount = amount + 1"), "a kit's money is its components' money"),
    Damage(line(1, 2), with_change(line(1, 4), "freight = freight + 1"), "a kit's money is its components' money"),
    Damage(line(9, 1), "DELETE FROM order_line WHERE order_id = 9 AND kit_line = 1", "a kit's money is its components' money"),
    Damage(order(2), "goods = goods + 1", "an order's money is its lines' money"),
    Damage(order(3), "freight = freight + 1", "an order's money is its lines' money"),
    Damage(order(4), f"DELETE FROM {line(4)}", "an order's money is its lines' money"),
    Damage(order(1), "received = received + 1", "received and refunded follow the payments"),
    Damage(order(1), "DELETE FROM payment WHERE key = 'P1/late'", "received and refunded follow the payments"),
    Damage(order(5), "status = 'shipped'", "the status of an order is derived"),
    Damage(order(5), "review = 'dubious'", "the status of an order is derived"),
    Damage(order(4), "payment = 'paid'", "the payment of an order is derived"),
    Damage("hold WHERE code = 'sku_unmapped'", "document = 999", "an order's holds belong to an order"),
    Damage(fo(2), "state = 'lost'", "fulfillment orders are in a known state"),
    Damage(fo(2), "warehouse_id = NULL", "fulfillment orders are in a known state"),
    Damage(fo(2), "state = 'cancelled'", "fulfillment orders are in a known state"),
    Damage(fo(2), f"DELETE FROM {fo_line(2)}", "a fulfillment order that goes on has lines"),
    Damage(fo_line(2), "sku_id = 2", "a fulfillment line carries units of one order line"),
    Damage(fo_line(2), "order_id = 1", "a fulfillment line carries units of one order line"),
    Damage(line(2), with_change(fo_line(2), "quantity = 2"), "fulfillment orders carry every open unit once"),
    Damage(line(2), with_change(fo(2), "state = 'cancelled'"), "fulfillment orders carry every open unit once"),
    Damage(line(1), "shipped = 1", "shipped units were sent by a fulfillment order"),
    Damage(line(8), "shipped_externally = 0", "shipped units were sent by a fulfillment order"),
    Damage(line(2), "reserved = 1", "an order line's reserved follows its fulfillment orders"),
    Damage(fo_line(2), "reserved = 2", "a fulfillment line's reserved follows its reservations"),
    Damage(fo_line(2), f"DELETE FROM {HELD}", "a fulfillment line's reserved follows its reservations"),
    Damage(HELD, "holder = 999", "a reservation's holder exists and needs that SKU there"),
    Damage(HELD, f"level_id = (SELECT MAX(id) FROM stock_level WHERE sku_id = 1 AND id <> (SELECT id FROM {LEVEL}))",
           "a reservation's holder exists and needs that SKU there"),
    Damage(fo_line(2), "reserved = 2", "what is past planning is fully reserved"),
    Damage(fo_line(1), "reserved = 2", "what has left or was cancelled reserves nothing"),
    Damage(fo(1), with_change(SPENT, "quantity = quantity + 1"), "what was sent was reserved and moved"),
    Damage(fo(1), f"DELETE FROM {SPENT_MOVE}", "what was sent was reserved and moved"),
    Damage(fo_line(9, 2), "quantity = 3", "kits travel whole"),
    Damage(fo_line(9, 3), f"DELETE FROM {fo_line(9, 2)}", "kits travel whole"),
    Damage(fo(2), "INSERT INTO waybill (fo_id, carrier, key, number, state, tracking, label_type, answer, requested_at)"
           " SELECT fo_id, carrier, 'other', 'SF9', 'issued', '', '', '', requested_at FROM waybill WHERE number = 'SF2'",
           "one live waybill at most"),
    Damage(fo(1), f"DELETE FROM waybill WHERE fo_id = (SELECT id FROM {fo(1)})", "what was sent has one used waybill"),
    Damage(fo(2), with_change(order(2), "reach = 'pickup'"),
           "what is picked up waits alone where it was promised"),
    Damage("waybill WHERE number = 'SF2'", "state = 'used'", "a waybill is used by what was sent"),
    Damage("waybill WHERE number = 'SF2'", "number = ''", "a waybill is used by what was sent"),
    Damage("after_sale_line WHERE after_sale_id = 1", "quantity = 99", "an after-sale is about lines of its order"),
    Damage("after_sale_line WHERE after_sale_id = 1", "UPDATE after_sale SET order_id = 2 WHERE id = 1",
           "an after-sale is about lines of its order"),
    Damage("after_sale WHERE id = 1", "closed_at = NULL", "an after-sale that is over says when"),
    Damage("after_sale WHERE id = 2", "answer = 'agree'", "an after-sale that is over says when"),
    Damage("hold WHERE code = 'sku_unmapped'", "source = 'after_sale/1'", "an after-sale holds an order only while it is open"),
    Damage(order(1), "cod = TRUE", "what collectors handed over follows the payments"),
    Damage("hold WHERE level = 'fo'", "document = 999", "a fulfillment order's holds belong to one"),
    Damage(line(12), with_change(fo(12), "state = 'planned', cancel_reason = ''"),
           "what went back to review is planned nowhere"),
    Damage("putback WHERE order_id = 11", "quantity = 2", "what is to be put back stays reserved until it is"),
    Damage("putback WHERE order_id = 11", "state = 'done'", "what is to be put back stays reserved until it is"),
    Damage("reservation WHERE kind = 'putback'", "holder = 999", "units on their way back have a task"),
    Damage("fo_lineage WHERE kind = 'split'", "kind = 'merged'", "lineage leads from one fulfillment order to another"),
    Damage("fo_lineage WHERE kind = 'split'", "target_id = source_id", "lineage leads from one fulfillment order to another"),
    Damage("amendment WHERE order_id = 11", "state = 'lost'", "amendments are open, or closed by somebody"),
    Damage("amendment WHERE order_id = 11", "closed_at = NULL", "amendments are open, or closed by somebody"),
    Damage(order(10), "finance_review = 'pending'", "the status of an order is derived"),
    Damage(order(10), "finance_review = 'lost'", "the status of an order is derived"),
    Damage(CAP, "taken = taken - 1", "what is promised ahead follows the deposits"),
    Damage(CAP, f"DELETE FROM {ahead(14)}", "what is promised ahead follows the deposits"),
    Damage(CAP, f"UPDATE presale_cap SET sku_id = (SELECT sku_id FROM {CAP})", "what is promised ahead follows the deposits"),
    Damage(CAP, f"DELETE FROM presale WHERE cap_id = (SELECT id FROM {CAP})", "what is promised ahead follows the deposits"),
    Damage(ahead(14), "taken = 1", "deposits count what is still wanted"),
    Damage(ahead(14), "order_id = 15", "deposits count what is still wanted"),
    Damage(ahead(14), with_change(line(14), "sku_id = 2"), "deposits count what is still wanted"),
    Damage(ahead(14), f"DELETE FROM {deposit(14)}", "deposits count what is still wanted"),
    Damage(ahead(15), with_change("order_line WHERE order_id = 15 AND NOT kit", "cancelled = quantity"),
           "deposits count what is still wanted"),
    Damage(deposit(14), "state = 'balance_paid'", "deposits are waited for, paid up, kept or given back"),
    Damage(deposit(14), "state = 'cancelled'", "deposits are waited for, paid up, kept or given back"),
    Damage(deposit(14), "state = 'lost'", "deposits are waited for, paid up, kept or given back"),
    Damage(deposit(14), "forfeited = 1", "deposits are waited for, paid up, kept or given back"),
    Damage(deposit(14), "order_id = 999", "deposits are waited for, paid up, kept or given back"),
    Damage(deposit(16), "forfeited = 2001", "deposits are waited for, paid up, kept or given back"),
    Damage(deposit(17), "state = 'deposit_paid'", "deposits are waited for, paid up, kept or given back"),
    Damage(order(16), with_change(deposit(16), "forfeited = 1999"), "other income follows the deposits that were kept"),
    Damage(order(16), "DELETE FROM ledger_posting WHERE role = 'other_income'",
           "other income follows the deposits that were kept"),
    Damage(PAID, with_change(lines_of(PAID) + " AND no = 1", "debit = debit + 1"), "every entry balances"),
    Damage(PAID, f"DELETE FROM {lines_of(PAID)}", "every entry balances"),
    Damage(lines_of(PAID) + " AND no = 1", "credit = 1", "every line has one side"),
    Damage(lines_of(PAID) + " AND no = 1", f"DELETE FROM {PAID}", "every line has one side"),
    Damage(PAID, "period = '2026-10'", "an entry stands in the period of its day"),
    Damage(PAID, "reverses = 'NONE'", "a reversal mirrors one entry, once"),
    Damage(PAID, f"reverses = (SELECT ref FROM {SOLD})", "a reversal mirrors one entry, once"),
    Damage(order(2), with_change(PAID.replace('1', '2'), "document = 999"), "advances follow the orders"),
    Damage(order(2), "advance = advance - 1", "advances follow the orders"),
    Damage(order(2), "advance_tax = advance_tax + 1", "advances follow the orders"),
    Damage(order(2), f"DELETE FROM {lines_of(PAID.replace('1', '2'))}",
           "money at the platform follows the payments"),
    Damage(PAID.replace('1', '2'), "document = 999", "an order's entries belong to an order, in its currency"),
]  # fmt: skip


def found(house: Installation) -> list[Finding]:
    return list(findings(house.db, house.merchant, CHECKS))


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: f"{damage.check}: {damage.harm[:40]}")
def test_damage_is_named_with_its_row(house: Installation, damage: Damage) -> None:
    wanted = house.db.row(f"SELECT id FROM {damage.row}")
    assert wanted, f"there is no {damage.row} to damage"
    assert house.db.change(damage.statement()), "the statement damages nothing"
    places = [finding.place for finding in found(house) if finding.check == damage.check]
    row = f"{damage.row.split(' ')[0]} {wanted[0]} ("
    assert [place for place in places if place.startswith(row)], f"no {row}…) among {places}"


COST = "ledger_entry WHERE id = (SELECT MIN(id) FROM ledger_entry WHERE ref LIKE 'COST-%')"
OUT = f"{lines_of(COST)} AND no = 2"
LOSS = "ledger_entry WHERE ref = 'LOSS-LOSS1'"
OPENING = "ledger_entry WHERE ref = 'OPENING-OPEN/SH'"


@pytest.mark.parametrize(
    ("harm", "check", "place"),
    [
        (with_change(OUT, "credit = credit + 1"), "the whole ledger balances", "all of CNY"),
        (with_change(OUT, "credit = credit + 1"), "inventory is the value of stock", "account inventory"),
        (with_change(OUT, "currency = 'USD'"), "inventory is the value of stock", "account inventory"),
        (f"DELETE FROM {lines_of(LOSS)}", "inventory follows the goods", "write_off"),
        (with_change(OPENING, "document = 999"), "inventory follows the goods", "receipt 1"),
    ],
)  # fmt: skip
def test_damage_of_sums_is_named_by_its_account_or_document(house: Installation, harm: str, check: str, place: str) -> None:
    assert house.db.change(harm)
    assert [finding for finding in found(house) if finding.check == check and finding.place.startswith(place)]


def test_every_check_has_been_seen_to_speak(house: Installation) -> None:
    told = {damage.check for damage in DAMAGES}
    told |= {"the whole ledger balances", "inventory is the value of stock", "inventory follows the goods"}
    by_rows = {check.name for check in CHECKS if hasattr(check, "name")}
    assert by_rows <= told


def test_a_finding_says_what_is_wrong_and_what_to_do(house: Installation) -> None:
    house.db.change(with_change(LEVEL, "on_hand = 7"))
    [finding] = inventory.on_hand(house.db, house.merchant)
    assert finding.place.endswith("(SH TEE  good)")
    assert finding.what.startswith("on hand 7, but its moves sum to ")
    assert "TEE in SH" in finding.remedy


def test_a_check_names_the_first_rows_only(house: Installation) -> None:
    house.db.change("DELETE FROM ledger_posting")
    house.db.insert(
        "ledger_entry",
        ("ref", "date", "period", "posted_at", "text", "kind", "document", "reverses"),
        [(f"X{n}", "2026-11-22", "2026-11", house.environment.now(), "", "manual", n, "") for n in range(30)],
    )
    bad = list(ledger.balanced(house.db, house.merchant))
    assert len(bad) == LIMIT
    assert bad[0].place.startswith("ledger_entry 1 (")
