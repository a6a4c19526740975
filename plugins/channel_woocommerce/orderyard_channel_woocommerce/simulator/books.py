"""What the simulated shop knows: products and variations, orders, refunds, notes, trackings, webhooks."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from orderyard.core.testing.simulator import BuyerOrder, ShopItem


@dataclass(slots=True)
class Product:
    """A simple product, a variable one, or a variation (`parent` not 0); `stock` None where it is not managed."""

    id: int
    sku: str
    title: str
    price: int
    parent: int = 0
    options: tuple[tuple[str, str], ...] = ()
    variations: list[int] = field(default_factory=list)
    stock: int | None = 0
    type: str = "simple"

    @property
    def name(self) -> str:
        """As an order's line names it."""
        return f"{self.title} - {', '.join(value for _, value in self.options)}" if self.options else self.title


@dataclass(slots=True)
class Line:
    """A line of an order; amounts in major units, without tax, with six digits."""

    id: int
    product: Product
    units: int
    subtotal: Decimal
    subtotal_tax: Decimal
    total: Decimal
    total_tax: Decimal


@dataclass(slots=True)
class Charge:
    """A shipping line or a fee."""

    id: int
    title: str
    total: Decimal
    tax: Decimal


@dataclass(slots=True)
class Refund:
    id: int
    at: datetime
    amount: Decimal
    reason: str
    lines: list[tuple[int, Line, int]]
    """Its own line id, the order's line, units."""


@dataclass(slots=True)
class Note:
    id: int
    at: datetime
    text: str
    to_customer: bool


@dataclass(slots=True)
class Tracking:
    id: str
    provider: str
    number: str
    shipped: str


@dataclass(slots=True)
class Order:
    id: int
    placed: BuyerOrder
    customer: int
    method: str
    status: str
    created: datetime
    modified: datetime
    lines: list[Line]
    shipping: list[Charge]
    fees: list[Charge]
    total: Decimal
    inclusive: bool
    paid: datetime | None = None
    completed: datetime | None = None
    meta: dict[str, object] = field(default_factory=dict)
    refunds: list[Refund] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    trackings: list[Tracking] = field(default_factory=list)
    pushes: int = 0

    def becomes(self, status: str, at: datetime) -> None:
        """As WooCommerce does: being completed pays for cash on delivery, being processed for everything else."""
        self.status, self.modified = status, at
        settles = ("completed",) if self.method == "cod" else ("processing", "completed")
        if status in settles and self.paid is None:
            self.paid = at
        if status == "completed":
            self.completed = at


@dataclass(slots=True)
class Webhook:
    id: int
    topic: str
    address: str
    secret: str
    status: str = "active"


class Books:
    """The whole shop; its caller holds the lock."""

    def __init__(self, digits: int) -> None:
        self.unit = Decimal(1).scaleb(-digits)
        # WordPress counts everything that it stores as a post in one row; a shop of many years is beyond 2^32.
        self._posts = itertools.count(4_294_967_400)
        self._rows = itertools.count(71_001)
        self.products: dict[int, Product] = {}
        self.offered: dict[str, Product] = {}
        self.unoffered: dict[str, Product] = {}
        self.orders: dict[int, Order] = {}
        self.customers: dict[str, int] = {}
        self.webhooks: list[Webhook] = []
        self.confirmations = 0
        self.stock_updates = 0

    def post(self) -> int:
        return next(self._posts)

    def row(self) -> int:
        """An id of what stands inside an order."""
        return next(self._rows)

    def offer(self, items: Iterable[ShopItem]) -> None:
        """These and no others: items with options and one title are variations of one product."""
        self.products.clear()
        self.offered.clear()
        self.unoffered.clear()
        parents: dict[str, Product] = {}
        for item in items:
            made = Product(self.post(), item.sku, item.title, item.price.minor, options=tuple((item.options or {}).items()))
            if made.options:
                parent = parents.get(item.title)
                if parent is None:
                    parent = Product(self.post(), "", item.title, 0, stock=None, type="variable")
                    parents[item.title] = self.products[parent.id] = parent
                made.parent, made.type = parent.id, "variation"
                parent.variations.append(made.id)
            self.products[made.id] = self.offered[item.sku] = made

    def find(self, sku: str) -> Product:
        """An item nobody offered is one the merchant sells here and has told nobody about."""
        known = self.offered.get(sku) or self.unoffered.get(sku)
        if known is None:
            known = Product(self.post(), sku, f"Item {sku}", 1000)
            self.products[known.id] = self.unoffered[sku] = known
        return known
