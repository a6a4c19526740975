"""A small merchant for tests of any room: founded once for a session and engine, copied for each test.

`house` of the pytest plugin gives one on each engine. It starts with shops, SKUs, kits and warehouses and no stock; a test
says what it needs: `house.receive("SH", TEE=5)`, then `house.place(house.order(("TEE", 2)))`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...app import Config, System, create_app
from ..catalog.queries import Item, ShopFacts, items_by_code, shop_named, shops
from ..catalog.service import NewSku, add_shop, add_skus
from ..customers.service import CustomerFacts
from ..fulfillment import service as fulfillment
from ..inventory.api import Place
from ..inventory.service import Receipt, add_warehouse, receive, serve
from ..kernel.db import Database
from ..kernel.transport import Transport
from ..kernel.uow import UnitOfWork
from ..kernel.values import Address
from ..orders.api import HoldCode, OrderCard
from ..orders.intake import DraftLine, OrderDraft, place
from ..orders.queries import card
from ..web.hosting import PluginHouse
from ..web.services import services
from .databases import Databases
from .scripted import FixedEnvironment, ScriptedTransport

AT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
"""When everything happens, unless a test moves the clock."""

PRICES: Mapping[str, int] = {"TEE": 9900, "CAP": 4900, "MUG": 2900, "PEN": 333}
COSTS: Mapping[str, int] = {"TEE": 3001, "CAP": 1500, "MUG": 999, "PEN": 100}
KITS: Mapping[str, tuple[int, Mapping[str, int]]] = {"SET": (19900, {"TEE": 2, "CAP": 1}), "DUO": (10000, {"TEE": 1, "MUG": 1})}
"""Price, and units of each component."""
WAREHOUSES: Mapping[str, tuple[str, ...]] = {"BJ": ("北京", "河北"), "GZ": ("广东", "US"), "SH": ("上海", "浙江")}
"""The regions each is nearest to."""
SHOPS: Mapping[str, tuple[str, int]] = {"cn": ("CNY", 1300), "cn2": ("CNY", 1300), "us": ("USD", 0)}
"""Currency and tax rate; every warehouse serves every shop."""


def found(url: str) -> None:
    """Make the merchant in an empty database: a `prepare` for `Databases.create`."""
    with tempfile.TemporaryDirectory() as home:
        system = System(Config(Path(home), url), environment=FixedEnvironment(AT), transport=ScriptedTransport())
        with system.installation.unit_of_work("founder") as uow:
            new = [NewSku(code, code.title(), price=price, weight_g=100) for code, price in PRICES.items()]
            add_skus(uow, new + [NewSku(code, code.title(), price=price, kit=parts) for code, (price, parts) in KITS.items()])
            places = [add_warehouse(uow, code, code, regions) for code, regions in WAREHOUSES.items()]
            for code, (currency, rate) in SHOPS.items():
                shop_id = add_shop(uow, code, code, currency, tax_rate=rate)
                uow.db.change("UPDATE shop SET carrier = 'sf' WHERE id = ?", (shop_id,))
                serve(uow, shop_id, places)
        system.close()


def door(number: int = 1, province: str = "上海市", **parts: Any) -> Address:
    """A complete address; another number is another door."""
    whole: dict[str, Any] = {
        "country": "CN",
        "province": province,
        "city": province,
        "district": "某区",
        "detail": f"某路{number}号",
        "name": f"测试{number}",
        "phone": f"138{number:08d}",
    }
    return Address(**(whole | parts))


@dataclass
class House:
    """The merchant's running system, and what tests do with it again and again."""

    system: System
    environment: FixedEnvironment
    shops: dict[str, ShopFacts] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    warehouses: dict[str, int] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with self.db.connection():
            self.shops = {shop.code: shop for shop in shops(self.db)}
            self.items = items_by_code(self.db, [*PRICES, *KITS])
            self.warehouses = dict(self.db.rows("SELECT code, id FROM warehouse"))

    @property
    def db(self) -> Database:
        return self.system.installation.db

    def work(self, actor: str = "person:ann") -> AbstractContextManager[UnitOfWork]:
        """A unit of work of somebody."""
        return self.system.installation.unit_of_work(actor)

    def hosted(self, slug: str) -> PluginHouse:
        """What a plugin's own pages ask, without any page."""
        return PluginHouse(services(create_app(self.system)), slug, b"a key of tests")

    def _next(self, what: str) -> int:
        self._numbers[what] = self._numbers.get(what, 0) + 1
        return self._numbers[what]

    # what a test starts from

    def receive(self, warehouse: str, *, key: str = "", **units: int) -> None:
        """A supplier's delivery at known costs; whoever waits for it is served."""
        with self.work("person:warehouse") as uow:
            receive(
                uow,
                self.warehouses[warehouse],
                [Receipt(self.items[code].sku_id, count, COSTS[code]) for code, count in units.items()],
                source=Place.SUPPLIER,
                document=1,
                key=key or f"RCV{self._next('receipt')}",
                text=f"delivery to {warehouse}",
            )

    def line(self, code: str, quantity: int, amount: int | None = None, **more: Any) -> DraftLine:
        """A line at list price unless `amount` says what the buyer pays for all of it; an unknown code is unmapped."""
        item = self.items.get(code)
        price = 1000 if item is None else item.price
        whole = price * quantity if amount is None else amount
        listing = (f"item-{code}", "", code)
        return DraftLine(code.title(), quantity, price, whole, item, more.pop("external_id", f"L-{code}"), listing, **more)

    def order(
        self, *lines: tuple[str, int] | DraftLine, shop: str = "cn", paid: bool = True, to: Address | None = None, **more: Any
    ) -> OrderDraft:
        """An order of a buyer of its own, paid in full unless it says otherwise; `more` is OrderDraft's own."""
        number = self._next("order")
        made = tuple(one if isinstance(one, DraftLine) else self.line(*one) for one in lines)
        total = sum(one.amount for one in made) + more.get("freight", 0)
        cod = more.get("cod", False)
        whole: dict[str, Any] = {
            "shop": shop_named(self.db, shop),
            "external_id": f"T{number}",
            "external_number": f"T{number}",
            "source": "channel",
            "placed_at": self.environment.moment,
            "paid_at": self.environment.moment if paid and not cod else None,
            "customer": CustomerFacts(self.shops[shop].id, f"buyer{number}"),
            "receiver": to or door(number),
            "lines": made,
            "received": total if paid and not cod else 0,
            "payment_key": f"P{number}",
        }
        return OrderDraft(**(whole | more))

    def place(self, *drafts: OrderDraft) -> list[int]:
        """Make these orders in one unit of work; their ids."""
        with self.work("channel:cn") as uow:
            return place(uow, drafts)

    # the warehouse

    def fos(self, order_id: int) -> list[int]:
        """The fulfillment orders an order has units in, those that were cancelled left out."""
        rows = self.db.rows(
            "SELECT DISTINCT f.id FROM fulfillment_order f JOIN fo_line l ON l.fo_id = f.id WHERE l.order_id = ? "
            "AND f.state <> 'cancelled' ORDER BY f.id",
            (order_id,),
        )
        return [row[0] for row in rows]

    def release(self, fo_id: int) -> None:
        with self.work() as uow:
            fulfillment.release(uow, fo_id, "a test wants it")

    def label(self, fo_id: int) -> str:
        """The carrier gives the number that the release asked for."""
        row = self.db.row("SELECT id FROM waybill WHERE fo_id = ? AND state = 'requested'", (fo_id,))
        assert row is not None, f"nobody asked for a waybill of fulfillment order {fo_id}"
        number = f"SF{fo_id:06d}"
        with self.work("carrier:sf") as uow:
            fulfillment.issue_waybill(uow, row[0], number, "", None, "")
        return number

    def pack(self, fo_id: int) -> None:
        """Pick and pack what was released."""
        for step in (fulfillment.start_picking, fulfillment.pick, fulfillment.pack):
            with self.work("person:warehouse") as uow:
                step(uow, fo_id)

    def ship(self, fo_id: int) -> str:
        """Everything from allocated to shipped; the waybill's number."""
        self.release(fo_id)
        number = self.label(fo_id)
        self.pack(fo_id)
        with self.work("person:warehouse") as uow:
            fulfillment.ship(uow, fo_id)
        return number

    # what a test looks at

    def card(self, order_id: int) -> OrderCard:
        with self.db.connection():
            return card(self.db, order_id)

    def fo_state(self, fo_id: int) -> str:
        row = self.db.row("SELECT state FROM fulfillment_order WHERE id = ?", (fo_id,))
        assert row is not None
        return str(row[0])

    def holds(self, document: int, level: str = "order") -> list[HoldCode]:
        """Codes of what is open against an order (`fo`: a fulfillment order)."""
        rows = self.db.rows(
            "SELECT code FROM hold WHERE level = ? AND document = ? AND released_at IS NULL ORDER BY id", (level, document)
        )
        return [HoldCode(row[0]) for row in rows]

    def levels(self, code: str) -> dict[str, tuple[int, int]]:
        """(on hand, reserved) of a SKU by warehouse."""
        rows = self.db.rows(
            "SELECT w.code, l.on_hand, l.reserved FROM stock_level l JOIN warehouse w ON w.id = l.warehouse_id "
            "JOIN sku s ON s.id = l.sku_id WHERE s.code = ? ORDER BY w.code",
            (code,),
        )
        return {row[0]: (row[1], row[2]) for row in rows}

    def line_ids(self, order_id: int) -> list[int]:
        """Countable lines in their order, a kit's components among them."""
        return [
            row[0] for row in self.db.rows("SELECT id FROM order_line WHERE order_id = ? AND NOT kit ORDER BY no", (order_id,))
        ]

    def ledger(self, *order_ids: int) -> dict[str, int]:
        """Debit minus credit by account role; of entries about these orders only, when they are given."""
        only = f" AND e.kind = 'order' AND e.document IN ({','.join('?' * len(order_ids))})" if order_ids else ""
        rows = self.db.rows(
            "SELECT p.role, SUM(p.debit) - SUM(p.credit) FROM ledger_posting p JOIN ledger_entry e ON e.id = p.entry_id "
            f"WHERE 1 = 1{only} GROUP BY p.role",
            order_ids,
        )
        return {row[0]: int(row[1]) for row in rows if row[1]}

    def prove(self) -> None:
        """Every room's books add up."""
        found_ = self.system.verify()
        assert not found_, "\n".join(f"{one.check}: {one.place}: {one.what}" for one in found_)


@contextmanager
def open_house(
    databases: Databases,
    home: Path,
    *,
    transport: Transport | None = None,
    plugins: Mapping[str, object] | None = None,
) -> Iterator[House]:
    """The merchant in a database of its own, with these plugin modules by slug; gone afterwards."""
    url = databases.create(found)
    environment = FixedEnvironment(AT)
    given = dict(plugins or {})
    config = Config(home, url, tuple(given), extra=given)
    system = System(config, environment=environment, transport=transport or ScriptedTransport(moment=AT))
    try:
        yield House(system, environment)
    finally:
        system.close()
        databases.drop(url)


def codes(found_: Sequence[HoldCode]) -> list[str]:
    """Hold codes as text, for a comparison that reads well."""
    return [code.value for code in found_]
