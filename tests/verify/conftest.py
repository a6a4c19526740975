"""A small merchant with an order in every situation, sound until a test damages it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from orderyard.core.aftersales import service as aftersales
from orderyard.core.aftersales.api import AfterSaleType, Wanted
from orderyard.core.catalog import service as catalog
from orderyard.core.catalog.queries import items_by_code, shop
from orderyard.core.customers import service as customers
from orderyard.core.customers.api import CustomersMerged
from orderyard.core.customers.service import CustomerFacts
from orderyard.core.fulfillment import replanning, split
from orderyard.core.fulfillment import service as fulfillment
from orderyard.core.inventory import alerts, counts, locks, places, purchasing, serials, tracking, transfers
from orderyard.core.inventory import service as inventory
from orderyard.core.inventory.api import GoodsMoved, Place, StockFreed
from orderyard.core.kernel.db import Database
from orderyard.core.kernel.uow import Installation, Merchant, UnitOfWork, Wiring
from orderyard.core.kernel.values import Address
from orderyard.core.ledger import service as ledger
from orderyard.core.migrations.registry import DIRECTORY, HISTORY
from orderyard.core.orders import amendments, presale, promised
from orderyard.core.orders import service as orders
from orderyard.core.orders.api import (
    DepositForfeited,
    DepositPaid,
    Gift,
    MoneyReceived,
    MoneyReturned,
    OrderSettled,
    OrderType,
    ReviewPassed,
    ReviewWithdrawn,
    SettledOrder,
    Sold,
    UnitsCancelled,
    UnitsShippedElsewhere,
)
from orderyard.core.orders.changes import Quantity
from orderyard.core.orders.gifts import Gifts
from orderyard.core.orders.intake import DraftLine, OrderDraft, place
from orderyard.core.orders.ownership import take_over
from orderyard.core.testing.databases import Databases

AT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


class StillClock:
    def now(self) -> datetime:
        return AT

    def token(self) -> str:
        return "0" * 32


def give(order: SettledOrder) -> list[Gift]:
    return [Gift("pen", "PEN", 1)] if order.card.id == 13 else []


def open_house(url: str) -> Installation:
    wiring = Wiring()
    gifts = Gifts(lambda: {"gifts": give})
    wiring.hear(DepositPaid, promised.hear_deposit)
    wiring.hear(DepositForfeited, promised.hear_forfeited)
    wiring.hear(OrderSettled, promised.hear_settled)
    wiring.hear(OrderSettled, gifts.hear_settled)
    wiring.hear(CustomersMerged, take_over)
    wiring.hear(CustomersMerged, gifts.hear_merged)
    wiring.hear(ReviewPassed, fulfillment.route)
    wiring.hear(UnitsCancelled, fulfillment.let_go)
    wiring.hear(UnitsCancelled, promised.hear_changed)
    wiring.hear(UnitsShippedElsewhere, fulfillment.let_go)
    wiring.hear(ReviewWithdrawn, replanning.hear_withdrawn)
    wiring.hear(StockFreed, fulfillment.offer)
    wiring.hear(MoneyReceived, ledger.hear_money_received)
    wiring.hear(MoneyReturned, ledger.hear_money_returned)
    wiring.hear(DepositForfeited, ledger.hear_forfeited)
    wiring.hear(Sold, ledger.hear_sold)
    wiring.hear(GoodsMoved, ledger.hear_goods_moved)
    return Installation(Merchant(), Database(url), StillClock(), wiring)


def live_through_everything(url: str) -> None:
    """Orders SO00000001 … 17, each in another situation."""
    house = open_house(url)
    house.db.migrate(DIRECTORY, HISTORY)
    with house.unit_of_work("person:ann") as uow:
        found(uow)
    with house.unit_of_work("channel:tb") as uow:
        ordered(uow)
    with house.unit_of_work("person:ann") as uow:
        orders.pass_review(uow, [1, 2, 3, 5, 6, 8, 9], "checked")
    for order_id in (1, 3):
        with house.unit_of_work("person:bob") as uow:
            sent(uow, order_id)
    with house.unit_of_work("person:bob") as uow:
        released(uow, 2)
    with house.unit_of_work("channel:tb") as uow:
        orders.refund(uow, orders.PaymentFacts(1, 700, AT, "platform", "P1/late"))
        orders.cancel(uow, 6, None, "refunded")
        orders.refund(uow, orders.PaymentFacts(6, 9900, AT, "platform", "P6/back"))
        [(line,)] = uow.db.rows("SELECT id FROM order_line WHERE order_id = 8")
        orders.record_shipped_elsewhere(uow, 8, {line: 1}, "elsewhere")
    with house.unit_of_work("person:ann") as uow:
        [(level,)] = uow.db.rows(
            "SELECT l.id FROM stock_level l JOIN sku s ON s.id = l.sku_id JOIN warehouse w ON w.id = l.warehouse_id"
            " WHERE s.code = 'TEE' AND w.code = 'GZ'"
        )
        inventory.write_off(uow, level, 1, key="LOSS1", because="torn")
    with house.unit_of_work("person:bob") as uow:
        kept_in_depth(uow)
    changed_in_depth(house)
    shared_in_depth(house)
    sold_ahead(house)
    asked_after(house)
    house.db.close()


def found(uow: UnitOfWork) -> None:
    shop_id = catalog.add_shop(uow, "tb", "Taobao", "CNY")
    skus = catalog.add_skus(
        uow,
        [
            catalog.NewSku("TEE", "Tee", price=9900),
            catalog.NewSku("CAP", "Cap", price=4900),
            catalog.NewSku("SET", "Summer set", price=19900, kit={"TEE": 2, "CAP": 1}),
        ],
    )
    for code, place_ in (("SH", "上海"), ("GZ", "广东")):
        warehouse = inventory.add_warehouse(uow, code, code, [place_])
        inventory.serve(uow, shop_id, [warehouse])
        receipts = [inventory.Receipt(skus["TEE"], 20, 3001), inventory.Receipt(skus["CAP"], 10, 1500)]
        inventory.receive(uow, warehouse, receipts, source=Place.OPENING, document=warehouse, key=f"OPEN/{code}", text=code)


def ordered(uow: UnitOfWork) -> None:
    """1 sent, with a kit and freight; 2 released; 3 sent, paid at the door; 4 unpaid; 5 waits for stock; 6 refunded;
    7 of an unknown SKU; 8 sent elsewhere in part; 9 allocated, with a kit."""
    items = items_by_code(uow.db, ["TEE", "CAP", "SET"])
    shop_facts = shop(uow.db, 1)

    def line(code: str, count: int, amount: int) -> DraftLine:
        return DraftLine(code, count, amount // count, amount, items.get(code), external_id=f"L-{code}")

    wanted: list[tuple[list[DraftLine], int, bool, bool]] = [
        ([line("TEE", 2, 19800), line("SET", 1, 19900)], 1000, True, False),
        ([line("TEE", 3, 29700)], 0, True, False),
        ([line("CAP", 1, 4900)], 500, False, True),
        ([line("CAP", 1, 4900)], 0, False, False),
        ([line("CAP", 100, 490000)], 0, True, False),
        ([line("TEE", 1, 9900)], 0, True, False),
        ([line("HAT", 1, 2900)], 0, True, False),
        ([line("CAP", 2, 9800)], 0, True, False),
        ([line("SET", 2, 39800)], 0, True, False),
    ]
    drafts = []
    for no, (lines, freight, paid, cod) in enumerate(wanted, 1):
        total = sum(one.amount for one in lines) + freight
        drafts.append(
            OrderDraft(
                shop=shop_facts,
                external_id=f"T{no}",
                external_number=f"T{no}",
                source="channel",
                placed_at=AT,
                paid_at=AT if paid else None,
                customer=CustomerFacts(1, platform_id=f"buyer{no}"),
                receiver=Address(province="上海", city="上海市", detail=f"某路{no}号", name=f"测试{no}", phone="13800000000"),
                lines=tuple(lines),
                freight=freight,
                received=total if paid else 0,
                payment_key=f"P{no}",
                cod=cod,
            )
        )
    assert place(uow, drafts) == list(range(1, 10))


def kept_in_depth(uow: UnitOfWork) -> None:
    """TEA lies in bin A1 by lots, one of them promised, some on its way to GZ and some lost there; of the pieces of POT one
    is scanned; MUG is being counted."""
    skus = catalog.add_skus(uow, [catalog.NewSku(code, code.title(), price=9900) for code in ("TEA", "POT", "MUG")])
    here, there = (row[0] for row in uow.db.rows("SELECT id FROM warehouse ORDER BY id"))
    tracking.track(uow, skus["TEA"], lots=True, min_life_days=30)
    tracking.track(uow, skus["POT"], serials=True)
    places.add_bins(uow, places.add_zone(uow, here, "A"), ["A1", "A2"])
    receipts = [
        inventory.Receipt(skus["TEA"], 5, 100, "A1", "L1", "2027-06-30"),
        inventory.Receipt(skus["TEA"], 4, 100, "", "L2", "2027-12-31"),
        inventory.Receipt(skus["POT"], 2, 700, serials=("S1", "S2")),
        inventory.Receipt(skus["MUG"], 3, 50),
    ]
    inventory.receive(uow, here, receipts, source=Place.SUPPLIER, document=9, key="DEEP", text="DEEP")
    load = transfers.Load(skus["TEA"], 1, "L2")
    done = transfers.send(uow, here, there, [transfers.Load(skus["TEA"], 2, "L2")], key="T1")
    transfers.receive_transfer(uow, done, [load])
    transfers.send(uow, here, there, [load], key="T2")
    for code in ("TEA", "POT"):
        [level] = [one for one in inventory.lock_levels(uow, [skus[code]], [1]) if one.warehouse.id == here]
        inventory.reserve(uow, [inventory.Want("basket", 1, level, 1)])
    serials.scan(uow, "basket", 1, skus["POT"], "S1")
    counts.open_count(uow, here, sku_ids=[skus["MUG"]])


def tees(uow: UnitOfWork, no: int, count: int) -> OrderDraft:
    return OrderDraft(
        shop=shop(uow.db, 1),
        external_id=f"T{no}",
        external_number=f"T{no}",
        source="channel",
        placed_at=AT,
        paid_at=AT,
        customer=CustomerFacts(1, platform_id=f"buyer{no}"),
        receiver=Address(province="上海", city="上海市", detail=f"某路{no}号", name=f"测试{no}", phone="13800000000"),
        lines=(DraftLine("TEE", count, 9900, 9900 * count, items_by_code(uow.db, ["TEE"])["TEE"], external_id="L-TEE"),),
        received=9900 * count,
        payment_key=f"P{no}",
    )


def changed_in_depth(house: Installation) -> None:
    """Orders 10 … 12: one is split, one is cancelled in part while it is picked and amended, one is back in review."""
    with house.unit_of_work("channel:tb") as uow:
        drafts = [tees(uow, no, count) for no, count in ((10, 3), (11, 2), (12, 1))]
        assert place(uow, drafts) == [10, 11, 12]
    with house.unit_of_work("person:ann") as uow:
        orders.pass_review(uow, [10, 11, 12], "checked")
    with house.unit_of_work("person:ann") as uow:
        [(fo_id, line)] = uow.db.rows("SELECT fo_id, line_id FROM fo_line WHERE order_id = 10")
        split.split_quantity(uow, fo_id, {line: 1}, "two parcels")
        fulfillment.start_picking(uow, released(uow, 11))
    with house.unit_of_work("person:ann") as uow:
        amendments.amend(uow, 11, [Quantity(1, 1)], "one is enough")
        orders.withdraw_review(uow, 12, "wrong colour")


def shared_in_depth(house: Installation) -> None:
    """PEN was bought: KEY1 … 3 came in full, came in part, were given up; the shop has some to itself, and it is low.
    Order 13 has a gift, and its customer turned out to be the one of order 12."""
    with house.unit_of_work("person:ann") as uow:
        pen = catalog.add_skus(uow, [catalog.NewSku("PEN", "Pen", price=900)])["PEN"]
        [(there,)] = uow.db.rows("SELECT id FROM warehouse WHERE code = 'GZ'")
        supplier = purchasing.add_supplier(uow, "ACME", "Acme")
        one, two, three = (
            purchasing.place_purchase(uow, supplier, there, [purchasing.Ordered(pen, 2, 150)], "2026-12-01", key=f"KEY{no}")
            for no in (1, 2, 3)
        )
        purchasing.receive_purchase(uow, one, [purchasing.Arrival(pen, 2)], key="CAME1")
        purchasing.receive_purchase(uow, two, [purchasing.Arrival(pen, 1)], key="CAME2")
        purchasing.close_purchase(uow, three, "the supplier has none")
        locks.lock(uow, 1, pen, there, 2)
        alerts.set_threshold(uow, pen, 100, there)
    with house.unit_of_work("channel:tb") as uow:
        assert place(uow, [tees(uow, 13, 1)]) == [13]
    with house.unit_of_work("person:ann") as uow:
        orders.pass_review(uow, [13], "checked")
        twelve, thirteen = (
            row[0] for row in uow.db.rows("SELECT customer_id FROM sales_order WHERE id IN (12, 13) ORDER BY id")
        )
        customers.merge(uow, twelve, [thirteen])


def sold_ahead(house: Installation) -> None:
    """Orders 14 … 17 are of presales: 14 and 15 wait for the balance, 15 with a kit; 16 lost its deposit, 17 paid at once."""
    with house.unit_of_work("person:ann") as uow:
        skus = items_by_code(uow.db, ["TEE", "SET"])
        for item in skus.values():
            presale.open_presale(uow, 1, item.sku_id, presale.Terms(5, deposit=1000))
        later = {"paid_at": None, "received_at": AT, "received": 2000, "type": OrderType.PRESALE}
        kit = DraftLine("SET", 2, 19900, 39800, skus["SET"], external_id="L-SET")
        drafts = [
            replace(tees(uow, 14, 2), **later),
            replace(tees(uow, 15, 1), **later | {"lines": (kit,)}),
            replace(tees(uow, 16, 1), **later),
            replace(tees(uow, 17, 1), type=OrderType.PRESALE),
        ]
        assert place(uow, drafts) == [14, 15, 16, 17]
    with house.unit_of_work("channel:tb") as uow:
        assert orders.forfeit(uow, 16, AT) == 2000


def asked_after(house: Installation) -> None:
    """Two wishes about order 1, which was sent: the first is over, the second waits for an answer."""
    with house.unit_of_work("person:ann") as uow:
        [(line,)] = uow.db.rows("SELECT id FROM order_line WHERE order_id = 1 AND no = 1")
        wanted = [Wanted(line, 1)]
        over = aftersales.request(uow, 1, AfterSaleType.RETURN_REFUND, wanted, "too small")
        aftersales.cancel(uow, over, "they keep it")
        aftersales.request(uow, 1, AfterSaleType.RETURN_REFUND, wanted, "too small after all")


def released(uow: UnitOfWork, order_id: int) -> int:
    """The order's fulfillment order, with the waybill `SF<order id>`."""
    [(fo_id,)] = uow.db.rows("SELECT DISTINCT fo_id FROM fo_line WHERE order_id = ?", (order_id,))
    fulfillment.release(uow, fo_id, "checked")
    [(waybill,)] = uow.db.insert(
        "waybill",
        ("fo_id", "carrier", "key", "number", "state", "tracking", "label_type", "answer", "requested_at"),
        [(fo_id, "sf", f"FO{fo_id}/1", "", "requested", "", "", "", AT)],
        returning="id",
    )
    fulfillment.issue_waybill(uow, waybill, f"SF{order_id}", "", None, "")
    return int(fo_id)


def sent(uow: UnitOfWork, order_id: int) -> None:
    fo_id = released(uow, order_id)
    fulfillment.start_picking(uow, fo_id)
    fulfillment.pick(uow, fo_id)
    fulfillment.pack(uow, fo_id)
    fulfillment.ship(uow, fo_id)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def sound(request: pytest.FixtureRequest) -> Iterator[Installation]:
    """The merchant's database, with the engine's own guards against nonsense taken away."""
    databases: Databases = request.getfixturevalue(
        {"sqlite": "sqlite_databases", "postgresql": "postgres_databases"}[request.param]
    )
    url = databases.create(live_through_everything)
    house = open_house(url)
    db = house.db
    with db.connection():
        db.execute("DROP INDEX low_stock_open")
        if db.sqlite:
            db.execute("PRAGMA foreign_keys = OFF")
            db.execute("PRAGMA ignore_check_constraints = ON")
        else:
            db.execute("SET session_replication_role = replica")
            for table, name in db.rows(
                "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0"
            ):
                db.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        yield house
    db.close()
    databases.drop(url)


@contextmanager
def _undone(db: Database) -> Iterator[None]:
    with db.engine.atomic() as transaction:
        yield
        transaction.rollback()


@pytest.fixture
def house(sound: Installation) -> Iterator[Installation]:
    """The sound merchant; whatever the test does to it is undone."""
    with _undone(sound.db):
        yield sound
