"""What an order that we take ourselves costs: prices by list, one promotion, a discount shared to the fen, freight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ..catalog.lookup import Bulk, bulk_of
from ..catalog.prices import prices_of
from ..catalog.promotions import Offer, best_offer, offers_of
from ..catalog.queries import Item, ShopFacts
from ..kernel.apportion import apportion
from ..kernel.db import Database
from ..kernel.errors import DomainError
from ..kernel.values import Address, Money, quantity
from .api import OrderType
from .freight import Load, Template, Unit, fee, template_of


class Unpriced(DomainError):
    """An order cannot be priced; `about` is the field that stands in the way: `sku`, `quantity`, `discount` or `province`."""

    def __init__(self, what: str, about: str, *, remedy: str) -> None:
        super().__init__(what, remedy=remedy)
        self.about = about


FREE = frozenset({OrderType.RESHIP, OrderType.EXCHANGE})
"""What makes good costs nothing, unless somebody says a price."""

HIGHEST = 10**15
"""Minor units; more than any order costs, and exact in every place where amounts go."""


@dataclass(frozen=True, slots=True)
class WantedLine:
    """Units of one SKU; a price, or the amount of the whole line, only where somebody said one. Minor units."""

    item: Item
    quantity: int
    unit_price: int | None = None
    amount: int | None = None

    @property
    def by_list(self) -> bool:
        return self.unit_price is None and self.amount is None


@dataclass(frozen=True, slots=True)
class WantedOrder:
    """What a price is asked for; `group` is the customer's."""

    lines: tuple[WantedLine, ...]
    to: Address
    at: datetime
    group: str = ""
    type: OrderType = OrderType.NORMAL
    discount: int = 0
    """Off the whole order, on top of a promotion."""
    freight: int | None = None


@dataclass(frozen=True, slots=True)
class PricedLine:
    """`amount` is what is paid for the whole line; `listed` is the unit price by list, None where no list has one."""

    item: Item
    quantity: int
    unit_price: int
    amount: int
    listed: int | None


@dataclass(frozen=True, slots=True)
class PricedOrder:
    """Prices, and where they come from; amounts in minor units."""

    lines: tuple[PricedLine, ...]
    freight: int
    promotion: str
    """Code of the one the order got, else empty."""
    promoted: int
    """What it took off."""
    discount: int
    freight_by_template: int | None
    """What the shop's template would ask; None without one, or where it sends nothing."""

    @property
    def goods(self) -> int:
        return sum(line.amount for line in self.lines)

    @property
    def total(self) -> int:
        return self.goods + self.freight


@dataclass(frozen=True)
class Tariffs:
    """Everything a shop says about prices, read once for any number of orders."""

    shop: ShopFacts
    currency: str
    """The merchant's own, in which SKUs carry their list price."""
    offers: tuple[Offer, ...] = ()
    template: Template | None = None

    @classmethod
    def of(cls, db: Database, shop: ShopFacts, currency: str) -> Tariffs:
        return cls(shop, currency, tuple(offers_of(db, shop)), template_of(db, shop.id))

    def price(self, db: Database, orders: Sequence[WantedOrder], *, compare: bool = False) -> list[PricedOrder | DomainError]:
        """Price orders; the refusal in place of each that cannot be priced. At most two statements for any number.

        With `compare` list prices are looked up for lines that have a price of their own, too.
        """
        wanted = {
            (order.group, line.item.sku_id, line.quantity)
            for order in orders
            for line in order.lines
            if compare or line.by_list
        }
        listed = prices_of(db, self.shop, self.currency, wanted)
        bulk: dict[int, Bulk] = {}
        if self.template is not None and self.template.unit is not Unit.PIECE:
            bulk = bulk_of(db, (line.item for order in orders for line in order.lines))
        return [self._priced(order, _Known(listed, bulk)) for order in orders]

    def _priced(self, order: WantedOrder, known: _Known) -> PricedOrder | DomainError:
        try:
            return self._price(order, known)
        except DomainError as error:
            return error

    def _price(self, order: WantedOrder, known: _Known) -> PricedOrder:
        if not order.lines:
            raise DomainError("an order needs lines", remedy="add at least one")
        prices = [self._unit(order, line, known) for line in order.lines]
        amounts = [
            price * line.quantity if line.amount is None else line.amount
            for line, price in zip(order.lines, prices, strict=True)
        ]
        if max(amounts) > HIGHEST:
            raise Unpriced("a line costs more than can be booked", "quantity", remedy="check price and quantity")
        promotion, promoted = "", 0
        ours = [line.by_list for line in order.lines]
        if order.type not in FREE:
            base = [amount if mine else 0 for amount, mine in zip(amounts, ours, strict=True)]
            if (found := best_offer(self.offers, sum(base), order.group, order.at)) is not None:
                promotion, promoted = found[0].code, found[1]
                amounts = _less(amounts, promoted, base)
        if order.discount < 0 or order.discount > sum(amounts):
            rest = Money(sum(amounts), self.shop.currency)
            off = Money(order.discount, self.shop.currency)
            raise Unpriced(f"a discount of {off} on goods of {rest}", "discount", remedy="give 0 up to that")
        amounts = _less(amounts, order.discount, amounts)
        carriage, by_template = self._freight(order, known, sum(amounts))
        return PricedOrder(
            tuple(
                PricedLine(
                    line.item, line.quantity, price, amount, known.listed.get((order.group, line.item.sku_id, line.quantity))
                )
                for line, price, amount in zip(order.lines, prices, amounts, strict=True)
            ),
            carriage,
            promotion,
            promoted,
            order.discount,
            by_template,
        )

    def _unit(self, order: WantedOrder, line: WantedLine, known: _Known) -> int:
        quantity(line.quantity, f"quantity of {line.item.code}")
        for said in (line.unit_price, line.amount):
            if said is not None and not 0 <= said <= HIGHEST:
                raise DomainError(f"{line.item.code} cannot cost {said}", remedy="give 0 or more, in minor units")
        if line.unit_price is not None:
            return line.unit_price
        if line.amount is not None:
            return line.amount // line.quantity
        if order.type in FREE:
            return 0
        price = known.listed.get((order.group, line.item.sku_id, line.quantity))
        if price is None:
            raise Unpriced(
                f"{line.item.code} has no price in shop {self.shop.code}",
                "sku",
                remedy="put it on a price list, or say the price",
            )
        return price

    def _freight(self, order: WantedOrder, known: _Known, goods: int) -> tuple[int, int | None]:
        if order.freight is not None and not 0 <= order.freight <= HIGHEST:
            raise DomainError(f"freight cannot be {order.freight}", remedy="give 0 or more, in minor units")
        if self.template is None or order.type in FREE:
            return order.freight or 0, None
        bulks = [(known.bulk.get(line.item.sku_id, Bulk(0, 0)), line.quantity) for line in order.lines]
        load = Load(
            goods,
            sum(count for _, count in bulks),
            sum(one.weight_g * count for one, count in bulks),
            sum(one.volume_cm3 * count for one, count in bulks),
        )
        try:
            by_template = fee(self.template, load, order.to)
        except DomainError as error:
            if order.freight is None:
                raise Unpriced(error.what, "province", remedy=error.remedy) from None
            return order.freight, None
        return (by_template if order.freight is None else order.freight), by_template


@dataclass(frozen=True)
class _Known:
    listed: dict[tuple[str, int, int], int] = field(default_factory=dict)
    bulk: dict[int, Bulk] = field(default_factory=dict)


def _less(amounts: Sequence[int], discount: int, weights: Sequence[int]) -> list[int]:
    """Amounts after a discount, shared by `weights`."""
    if not discount:
        return list(amounts)
    return [amount - share for amount, share in zip(amounts, apportion(discount, weights), strict=True)]
