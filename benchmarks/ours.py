"""Our side of every job, through the same service calls that channels, console and warehouse use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import listener

from orderyard.app import Config, System
from orderyard.core.catalog import service as catalog
from orderyard.core.catalog.queries import Item, ShopFacts, items_by_code, shop_named
from orderyard.core.customers.service import CustomerFacts
from orderyard.core.fulfillment import service as fulfillment
from orderyard.core.inventory import service as inventory
from orderyard.core.inventory.api import Place
from orderyard.core.kernel.uow import UnitOfWork
from orderyard.core.kernel.values import Address
from orderyard.core.orders.intake import DraftLine, OrderDraft, place
from orderyard.core.orders.pages import Filter, orders

PRODUCTS = 20
HOT = "HOT"
WAREHOUSES = (("BJ", "北京"), ("GZ", "广东"), ("SH", "上海"))
PLENTY = 100_000_000
FIRST = datetime(2026, 11, 1, tzinfo=UTC)
CODES = [f"SKU-{number:02}" for number in range(PRODUCTS)]


@dataclass
class House:
    """One merchant with 20 products in 3 warehouses, and a counter so that no two orders are the same."""

    system: System
    shop: ShopFacts
    items: Sequence[Item]
    hot: Item
    placed: int = 0

    def draft(self, no: int | None = None, items: Sequence[Item] | None = None) -> OrderDraft:
        """An order, by default the next one: a new customer, an address of its own, three lines, paid."""
        if no is None:
            no = self.placed = self.placed + 1
        chosen = items or [self.items[(no * 7 + place * 3) % PRODUCTS] for place in range(3)]
        at = FIRST + timedelta(seconds=no)
        name = f"Buyer {no % 97:02}"
        parts = tuple(
            DraftLine(item.title, units, item.price, item.price * units, item, f"{no}-{place}")
            for place, item in enumerate(chosen)
            for units in (1 if items else 1 + (no + place) % 2,)
        )
        return OrderDraft(
            shop=self.shop,
            external_id=f"B{no}",
            external_number=f"B{no}",
            source="channel",
            placed_at=at,
            paid_at=at,
            customer=CustomerFacts(self.shop.id, platform_id=f"buyer-{no}", name=name),
            receiver=Address(
                province=WAREHOUSES[no % 3][1],
                city="某市",
                district="某区",
                detail=f"某路{no}号",
                name=name,
                phone="13800000000",
            ),
            lines=parts,
            freight=800,
            received=sum(part.amount for part in parts) + 800,
            payment_key=f"P{no}",
        )

    def drafts(self, count: int) -> list[OrderDraft]:
        return [self.draft() for _ in range(count)]

    def intake(self, drafts: Sequence[OrderDraft], together: int = 1) -> list[int]:
        """Import, review, route and reserve, `together` of them in one transaction; their ids."""
        ids: list[int] = []
        for start in range(0, len(drafts), together):
            with self.system.installation.unit_of_work("channel:bench") as uow:
                ids += place(uow, drafts[start : start + together])
        return ids

    def pack(self, order_ids: Sequence[int]) -> list[int]:
        """Bring orders to the packing table, each with its waybill, so that only shipping is left; fulfillment orders."""
        db = self.system.installation.db
        fo_ids = []
        for order_id in order_ids:
            rows = db.rows("SELECT DISTINCT fo_id FROM fo_line WHERE order_id = ? ORDER BY fo_id", (order_id,))
            with self.system.installation.unit_of_work("person:bench") as uow:
                for (fo_id,) in rows:
                    _to_the_table(uow, fo_id)
                    fo_ids.append(fo_id)
        return fo_ids

    def ship(self, fo_ids: Sequence[int]) -> None:
        for fo_id in fo_ids:
            with self.system.installation.unit_of_work("person:bench") as uow:
                fulfillment.ship(uow, fo_id)

    def newest(self, name: str) -> int:
        """The orders page: the newest orders to ship of buyers whose name begins like that."""
        found, _ = orders(self.system.installation.db, Filter(status="to_ship", text=name, names=True))
        return len(found)

    def stock_up(self, units: int) -> None:
        """Put so many units of the hot product into the first warehouse."""
        with self.system.installation.unit_of_work("person:bench") as uow:
            row = uow.db.row("SELECT id FROM warehouse ORDER BY code LIMIT 1")
            assert row is not None
            receipts = [inventory.Receipt(self.hot.sku_id, units, 3000)]
            inventory.receive(uow, row[0], receipts, source=Place.SUPPLIER, document=1, key=f"HOT/{units}", text="hot")

    def hot_stock(self) -> tuple[int, int, int]:
        """Of the hot product: (on hand, reserved, units in reservations)."""
        row = self.system.installation.db.row(
            "SELECT SUM(l.on_hand), SUM(l.reserved), (SELECT COALESCE(SUM(r.quantity), 0) FROM reservation r "
            "JOIN stock_level x ON x.id = r.level_id WHERE x.sku_id = ? AND r.state = 'held') "
            "FROM stock_level l WHERE l.sku_id = ?",
            (self.hot.sku_id, self.hot.sku_id),
        )
        assert row is not None
        return int(row[0]), int(row[1]), int(row[2])

    def statements(self, work: object) -> int:
        """How many statements a piece of work takes."""
        assert callable(work)
        seen: list[str] = []
        observers = self.system.installation.db.observers
        observers.append(seen.append)
        try:
            work()
        finally:
            observers.remove(seen.append)
        return len(seen)

    def prove(self) -> None:
        """The books add up after all this."""
        if findings := self.system.verify():
            raise SystemExit(
                "bench: verify found: " + "; ".join(f"{one.check} {one.place}: {one.what}" for one in findings[:5])
            )


def _to_the_table(uow: UnitOfWork, fo_id: int) -> None:
    uow.db.change("UPDATE fulfillment_order SET state = 'packed' WHERE id = ? AND state = 'allocated'", (fo_id,))
    uow.db.insert(
        "waybill",
        ("fo_id", "carrier", "key", "number", "state", "tracking", "label_type", "answer", "requested_at"),
        [(fo_id, "sf", f"FO{fo_id}/1", f"SF{fo_id}", "issued", "", "", "", uow.now)],
    )


def found_house(url: str, home: Path) -> House:
    """A fresh merchant in an empty database."""
    system = _system(url, home)
    with system.installation.unit_of_work("person:bench") as uow:
        shop_id = catalog.add_shop(uow, "bench", "Bench", "CNY")
        skus = catalog.add_skus(uow, [catalog.NewSku(code, f"Thing {code}", price=9900) for code in [*CODES, HOT]])
        for code, region in WAREHOUSES:
            warehouse = inventory.add_warehouse(uow, code, code, [region])
            inventory.serve(uow, shop_id, [warehouse])
            receipts = [inventory.Receipt(skus[sku], PLENTY, 3000) for sku in CODES]
            inventory.receive(uow, warehouse, receipts, source=Place.OPENING, document=warehouse, key=f"OPEN/{code}", text=code)
    return _house(system)


def open_house(url: str, home: Path) -> House:
    """The merchant that is there already."""
    return _house(_system(url, home))


def _system(url: str, home: Path) -> System:
    return System(Config(home, url, plugins=("listener",), extra={"listener": listener}))


def _house(system: System) -> House:
    db = system.installation.db
    facts, items = shop_named(db, "bench"), items_by_code(db, [*CODES, HOT])
    return House(system, facts, [items[code] for code in CODES], items[HOT])
