"""What the simulated shop knows: items, stock, orders, fulfillment orders, fulfillments, money."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from orderyard.core.testing.simulator import BuyerOrder, ShopItem


@dataclass(slots=True)
class Place:
    """A location of the shop."""

    id: str
    name: str
    active: bool = True
    online: bool = True


@dataclass(slots=True)
class Item:
    """A product with its one variant; `available` per location is what buyers see."""

    sku: str
    title: str
    price: int
    barcode: str
    product: str
    variant: str
    inventory: str
    available: dict[str, int]
    options: str = ""
    """The variant's title; empty for the one variant of a product without options."""
    status: str = "ACTIVE"


@dataclass(slots=True)
class Line:
    """A line of an order; `discount` is its share of the order's discount."""

    id: str
    item: Item
    units: int
    discount: int = 0
    taken_back: int = 0
    shipped: int = 0
    returned: int = 0
    """Refunded after it had left."""

    @property
    def left(self) -> int:
        return self.units - self.taken_back - self.shipped


@dataclass(slots=True)
class WorkLine:
    """A line of a fulfillment order."""

    id: str
    line: Line
    total: int
    remaining: int


@dataclass(slots=True)
class Work:
    """A fulfillment order: what one location is to send."""

    id: str
    place: Place
    lines: list[WorkLine]
    status: str = "OPEN"
    reason: str = ""


@dataclass(slots=True)
class Parcel:
    """A fulfillment."""

    id: str
    at: datetime
    company: str
    numbers: list[str]
    urls: list[str]
    lines: list[tuple[str, Line, int]]
    status: str = "SUCCESS"


@dataclass(slots=True)
class Transaction:
    id: str
    kind: str
    status: str
    gateway: str
    at: datetime
    amount: int


@dataclass(slots=True)
class Refund:
    id: str
    at: datetime
    amount: int
    lines: list[tuple[str, Line, int]]
    restock: str = "CANCEL"


@dataclass(slots=True)
class ReturnLine:
    """Units of a parcel's line that a buyer wants to send back; without a parcel's line they are of no order."""

    id: str
    of: tuple[str, Line, int] | None
    units: int
    reason: str
    note: str = ""
    fee: int = 0
    refunded: int = 0
    disposed: list[tuple[str, str, int]] = field(default_factory=list)
    """Id, what became of them, units."""


@dataclass(slots=True)
class Return:
    """What a buyer wants to send back, and how far that has come."""

    id: str
    name: str
    order: Order
    at: datetime
    lines: list[ReturnLine]
    status: str = "REQUESTED"
    approved: datetime | None = None
    closed: datetime | None = None
    declined: tuple[str, str] | None = None
    tracking: tuple[str, str] | None = None
    exchange: bool = False
    shipping_fee: int = 0
    refunds: list[Refund] = field(default_factory=list)


@dataclass(slots=True)
class Order:
    id: str
    number: int
    placed: BuyerOrder
    customer: str
    gateway: str
    created: datetime
    updated: datetime
    lines: list[Line]
    work: list[Work]
    cancelled: datetime | None = None
    cancelling: tuple[datetime, bool, bool] | None = None
    """When it will be cancelled, whether the money then goes back, and the goods into stock."""
    edited: bool = False
    attributes: dict[str, str] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    parcels: list[Parcel] = field(default_factory=list)
    pushes: int = 0

    @property
    def goods(self) -> int:
        return sum(line.item.price * line.units - line.discount for line in self.lines)

    @property
    def total(self) -> int:
        return self.goods + self.placed.freight

    @property
    def received(self) -> int:
        return sum(entry.amount for entry in self.transactions if entry.kind == "SALE" and entry.status == "SUCCESS")

    @property
    def refunded(self) -> int:
        return sum(refund.amount for refund in self.refunds)

    @property
    def financial(self) -> str:
        if self.received == 0 and self.total > 0:
            return "PENDING"
        if self.refunded == 0:
            return "PAID"
        return "REFUNDED" if self.refunded >= self.total else "PARTIALLY_REFUNDED"

    @property
    def fulfillment(self) -> str:
        shipped, left = sum(line.shipped for line in self.lines), sum(line.left for line in self.lines)
        if shipped:
            return "PARTIALLY_FULFILLED" if left else "FULFILLED"
        return "ON_HOLD" if self.work and all(entry.status == "ON_HOLD" for entry in self.work) else "UNFULFILLED"


class Books:
    """The whole shop; its caller holds the lock."""

    def __init__(self) -> None:
        # Real order and line ids are beyond 2^53: whoever reads them as a JavaScript number corrupts them.
        self._ids: dict[str, Iterator[int]] = {
            "Order": itertools.count(820_982_911_946_154_508),
            "LineItem": itertools.count(866_550_311_766_439_020),
            "Customer": itertools.count(115_310_627_314_723_954),
        }
        self.main = Place("gid://shopify/Location/80000000001", "Main Warehouse")
        self.second = Place("gid://shopify/Location/80000000004", "Second Warehouse")
        self.places = [
            # First by name and useless for an online shop, and one that is closed: whoever takes "the first" is wrong.
            Place("gid://shopify/Location/80000000002", "Archive", online=False),
            Place("gid://shopify/Location/80000000003", "Closed Branch", active=False),
            self.main,
            self.second,
        ]
        self.items: dict[str, Item] = {}
        self.offered: set[str] = set()
        self.orders: dict[str, Order] = {}
        self.returns: dict[str, Return] = {}
        self.customers: dict[str, str] = {}
        self.answered: dict[str, tuple[str, dict[str, object]]] = {}
        self.confirmations = 0
        self.stock_updates = 0

    def gid(self, kind: str) -> str:
        numbers = self._ids.setdefault(kind, itertools.count(7_000_000_000_001))
        return f"gid://shopify/{kind}/{next(numbers)}"

    def offer(self, items: Iterable[ShopItem]) -> None:
        """These and no others; lines of older orders keep the items they were ordered as."""
        self.items.clear()
        self.offered.clear()
        for item in items:
            made = self.add(item.sku, item.title, item.price.minor, item.barcode)
            made.options = " / ".join((item.options or {}).values())
            self.offered.add(item.sku)

    def add(self, sku: str, title: str, price: int, barcode: str = "") -> Item:
        made = Item(
            sku,
            title,
            price,
            barcode,
            self.gid("Product"),
            self.gid("ProductVariant"),
            self.gid("InventoryItem"),
            {self.main.id: 0},
        )
        self.items[sku] = made
        return made

    def place(self, placed: BuyerOrder, at: datetime) -> Order:
        """A new order; an item nobody offered is one the merchant sells here and has told nobody about."""
        lines = [
            Line(self.gid("LineItem"), self.items.get(sku) or self.add(sku, f"Item {sku}", 1000), units)
            for sku, units in placed.lines
        ]
        _share(placed.discount, lines)
        work_lines = [WorkLine(self.gid("FulfillmentOrderLineItem"), line, line.units, line.units) for line in lines]
        gateway = "Cash on Delivery (COD)" if placed.cod else "shopify_payments" if placed.paid else "Bank Deposit"
        if placed.buyer not in self.customers:
            self.customers[placed.buyer] = self.gid("Customer")
        order = Order(
            id=self.gid("Order"),
            number=1001 + len(self.orders),
            placed=placed,
            customer=self.customers[placed.buyer],
            gateway=gateway,
            created=at,
            updated=at,
            lines=lines,
            work=[Work(self.gid("FulfillmentOrder"), self.main, work_lines)],
            attributes={"memo": placed.memo} if placed.memo else {},
        )
        status = "SUCCESS" if placed.paid and not placed.cod else "PENDING"
        order.transactions.append(Transaction(self.gid("OrderTransaction"), "SALE", status, gateway, at, order.total))
        for line in lines:  # a placed order commits stock: buyers see less at once
            line.item.available[self.main.id] -= line.units
        self.orders[order.id] = order
        return order

    def pay(self, order: Order, at: datetime) -> None:
        if order.received:
            raise ValueError(f"order #{order.number} is paid")
        order.transactions.append(Transaction(self.gid("OrderTransaction"), "SALE", "SUCCESS", order.gateway, at, order.total))
        order.updated = at

    def replace(self, order: Order, at: datetime, place: Place | None = None, *units: int) -> None:
        """Staff move what is open of an order to another place, or split so many units of each line off.

        As in the real shop the fulfillment orders are closed, and others with new ids take their places.
        """
        wanted = dict(zip((line.id for line in order.lines), units, strict=False))
        for work in [entry for entry in order.work if entry.status in ("OPEN", "IN_PROGRESS")]:
            work.status = "CLOSED"
            parts: tuple[list[WorkLine], list[WorkLine]] = ([], [])
            for entry in work.lines:
                apart = min(wanted.get(entry.line.id, 0), entry.remaining)
                for part, count in zip(parts, (apart, entry.remaining - apart), strict=True):
                    if count:
                        part.append(WorkLine(self.gid("FulfillmentOrderLineItem"), entry.line, count, count))
                entry.remaining = 0
            order.work += [Work(self.gid("FulfillmentOrder"), place or work.place, part) for part in parts if part]
        order.updated = at

    def edit(self, order: Order, at: datetime, changes: Mapping[str, int]) -> None:
        """More units are a line of their own, fewer are taken from those that are left; what was paid stays paid."""
        for sku, units in changes.items():
            if units > 0:
                line = Line(self.gid("LineItem"), self.items[sku], units)
                order.lines.append(line)
                order.work[-1].lines.append(WorkLine(self.gid("FulfillmentOrderLineItem"), line, units, units))
                line.item.available[self.main.id] -= units
                continue
            gone = -units
            for entry in [e for work in order.work for e in work.lines if e.line.item.sku == sku]:
                taken = min(gone, entry.remaining)
                entry.remaining -= taken
                entry.line.taken_back += taken
                entry.line.item.available[self.main.id] += taken
                gone -= taken
            if gone:
                raise ValueError(f"{gone} units of {sku} cannot be taken off order #{order.number}")
        order.edited, order.updated = True, at

    def settle(self, at: datetime) -> None:
        """Jobs in the background whose time has come are done."""
        for order in self.orders.values():
            if order.cancelling and order.cancelling[0] <= at:
                _, money, goods = order.cancelling
                order.cancelling = None
                self.cancel(order, at, money=money, goods=goods)

    def cancel(self, order: Order, at: datetime, *, money: bool, goods: bool) -> None:
        """The order is off; without its money going back it stays paid, as in the real shop."""
        if money and order.received > order.refunded:
            self.refund(order, at)
        for work in order.work:
            work.status = "CLOSED"
            for entry in work.lines:
                if goods:
                    entry.line.item.available[self.main.id] += entry.remaining
                entry.line.taken_back += entry.remaining
                entry.remaining = entry.total = 0
        order.cancelled = order.updated = at

    def refund(self, order: Order, at: datetime) -> None:
        """Money and goods back, whole, while nothing has shipped."""
        if not order.received or order.refunds or order.parcels or order.cancelled:
            raise ValueError(f"order #{order.number} is not a paid order of which nothing has shipped")
        lines = [(self.gid("RefundLineItem"), line, line.left) for line in order.lines if line.left]
        order.refunds.append(Refund(self.gid("Refund"), at, order.received, lines))
        order.transactions.append(
            Transaction(self.gid("OrderTransaction"), "REFUND", "SUCCESS", order.gateway, at, order.received)
        )
        for _, line, units in lines:
            line.taken_back += units
            line.item.available[self.main.id] += units
        for work in order.work:
            work.status = "CLOSED"
            for entry in work.lines:
                entry.remaining = 0
        order.updated = at


def _share(discount: int, lines: list[Line]) -> None:
    """The platform shares a discount by line value; what rounding leaves goes to the first lines."""
    worth = sum(line.item.price * line.units for line in lines)
    for line in lines:
        line.discount = discount * line.item.price * line.units // worth if worth else 0
    for line in itertools.islice(itertools.cycle(lines), discount - sum(line.discount for line in lines)):
        line.discount += 1
