"""Our side of every job, through the same service calls that channels, console and warehouse use."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from orderyard.app import Config, System
from orderyard.core.catalog import service as catalog
from orderyard.core.catalog.queries import Item, ShopFacts, items_by_code, shop
from orderyard.core.customers.service import CustomerFacts
from orderyard.core.fulfillment import service as fulfillment
from orderyard.core.inventory import service as inventory
from orderyard.core.inventory.api import Place
from orderyard.core.kernel.uow import UnitOfWork
from orderyard.core.kernel.values import Address
from orderyard.core.orders.intake import DraftLine, OrderDraft, place

PRODUCTS = 20
WAREHOUSES = (("SH", "上海"), ("GZ", "广东"), ("BJ", "北京"))
NAMES = ("陈思远", "林晓岚", "周雨桐", "赵大勇", "吴佩珊", "Alex Reed", "王", "李")
PLENTY = 100_000_000
FIRST = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass
class House:
    """One merchant with 20 products in 3 warehouses, and a counter so that no two orders are the same."""

    system: System
    shop: ShopFacts
    items: Sequence[Item]
    placed: int = 0
    orders: list[int] = field(default_factory=list)

    def draft(self, lines: int = 3) -> OrderDraft:
        """The next order: a new customer, an address of its own, paid."""
        no = self.placed = self.placed + 1
        chosen = [self.items[(no * 7 + place * 3) % len(self.items)] for place in range(lines)]
        at = FIRST + timedelta(seconds=no)
        name = f"{NAMES[no % len(NAMES)]}{no % 97}"
        parts = tuple(
            DraftLine(item.title, 1 + (no + place) % 2, item.price, item.price * (1 + (no + place) % 2), item, f"{no}-{place}")
            for place, item in enumerate(chosen)
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
                province=WAREHOUSES[no % 3][1], city="某市", district="某区", detail=f"某路{no}号", name=name, phone="13800000000"
            ),
            lines=parts,
            freight=800,
            received=sum(part.amount for part in parts) + 800,
            payment_key=f"P{no}",
        )

    def intake(self, drafts: Sequence[OrderDraft]) -> list[int]:
        """Import, review, route and reserve, all in one transaction."""
        with self.system.installation.unit_of_work("channel:bench") as uow:
            return place(uow, drafts)

    def pack(self, order_ids: Sequence[int]) -> list[int]:
        """Bring orders to the packing table, each with its waybill, so that only shipping is left."""
        fo_ids = []
        for order_id in order_ids:
            with self.system.installation.unit_of_work("person:bench") as uow:
                rows = uow.db.rows("SELECT DISTINCT fo_id FROM fo_line WHERE order_id = ? ORDER BY fo_id", (order_id,))
                for (fo_id,) in rows:
                    _to_the_table(uow, fo_id)
                    fo_ids.append(fo_id)
        return fo_ids

    def ship(self, fo_id: int) -> None:
        with self.system.installation.unit_of_work("person:bench") as uow:
            fulfillment.ship(uow, fo_id)


def _to_the_table(uow: UnitOfWork, fo_id: int) -> None:
    uow.db.change("UPDATE fulfillment_order SET state = 'packed' WHERE id = ? AND state = 'allocated'", (fo_id,))
    uow.db.insert(
        "waybill",
        ("fo_id", "carrier", "key", "number", "state", "tracking", "label_type", "answer", "requested_at"),
        [(fo_id, "sf", f"FO{fo_id}/1", f"SF{fo_id}", "issued", "", "", "", uow.now)],
    )


def open_house(url: str, home: Path | None = None) -> House:
    """A fresh merchant in an empty database."""
    system = System(Config(home or Path(tempfile.mkdtemp(prefix="orderyard-bench-")), url))
    with system.installation.unit_of_work("person:bench") as uow:
        shop_id = catalog.add_shop(uow, "bench", "Bench", "CNY")
        codes = [f"SKU-{number:02}" for number in range(PRODUCTS)]
        skus = catalog.add_skus(uow, [catalog.NewSku(code, f"Thing {code}", price=9900) for code in codes])
        for code, region in WAREHOUSES:
            warehouse = inventory.add_warehouse(uow, code, code, [region])
            inventory.serve(uow, shop_id, [warehouse])
            receipts = [inventory.Receipt(skus[sku], PLENTY, 3000) for sku in codes]
            inventory.receive(uow, warehouse, receipts, source=Place.OPENING, document=warehouse, key=f"OPEN/{code}", text=code)
    with system.installation.unit_of_work("person:bench") as uow:
        facts, items = shop(uow.db, shop_id), items_by_code(uow.db, codes)
    return House(system, facts, [items[code] for code in codes])
