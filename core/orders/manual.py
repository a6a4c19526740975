"""Orders that staff enter by hand: on the telephone, at the counter, to make something good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import peewee

from ..catalog.lookup import items_named
from ..catalog.queries import ShopFacts, shop_named
from ..customers.queries import price_groups
from ..customers.service import CustomerFacts
from ..kernel.db import Database
from ..kernel.errors import DomainError, Duplicate
from ..kernel.uow import Merchant, UnitOfWork
from ..kernel.values import Address, Money
from .api import HoldCode, OrderType
from .intake import DraftLine, OrderDraft, place
from .presale import deposit_due
from .pricing import FREE, PricedOrder, Tariffs, WantedLine, WantedOrder
from .receiver import receiver_problems, text_problem
from .service import lift


@dataclass(frozen=True, slots=True)
class HandLine:
    """Units of a SKU, named by its code or barcode; a price in minor units only to override the list."""

    sku: str
    quantity: int
    unit_price: int | None = None


@dataclass(frozen=True, slots=True)
class HandOrder:
    """An order as it is typed in. Amounts in minor units of the shop's currency.

    The customer is picked by id, or recognised by telephone (the receiver's, unless another is given) and e-mail, or made.
    """

    shop: str
    lines: Sequence[HandLine]
    receiver: Address = field(default_factory=Address)
    type: OrderType = OrderType.NORMAL
    origin: str = ""
    """Number of the order that a reship or exchange makes good."""
    number: str = ""
    """What the customer calls it; without one it is known by our own number."""
    key: str = ""
    """Of the form it was typed into: the same key twice is the same order, not another one."""
    customer_id: int = 0
    name: str = ""
    phone: str = ""
    email: str = ""
    discount: int = 0
    """Off the whole order, on top of a promotion."""
    freight: int | None = None
    """Instead of what the shop's template asks."""
    paid: bool = False
    """Everything was paid already."""
    deposit: int = 0
    """Of a presale: so much was paid already, the rest comes later."""
    method: str = "cash"
    cod: bool = False
    message: str = ""
    memo: str = ""
    goods_first: bool = True
    """An exchange waits for the goods that come back."""

    @property
    def overrides(self) -> bool:
        """Whether somebody set a price, a discount or a freight; the caller asks whether they may."""
        return bool(self.discount) or self.freight is not None or any(line.unit_price is not None for line in self.lines)

    def facts(self, shop: ShopFacts) -> CustomerFacts:
        """Whose order it is, as far as it says."""
        to = self.receiver
        name, phone = self.name or to.name, self.phone or to.phone
        return CustomerFacts(shop.id, "", name.strip(), self.email.strip(), phone.strip(), to.country, self.customer_id)


def quote(db: Database, merchant: Merchant, order: HandOrder, at: datetime) -> PricedOrder:
    """What an order would cost, before it is entered; the same refusals as `enter`, and nothing is written."""
    return _price(db, merchant, shop_named(db, order.shop), order, at)


def enter(uow: UnitOfWork, order: HandOrder) -> int:
    """Make an order that somebody typed in; its id.

    Whether they may override prices is for the caller to ask (`order.overrides`); that they did stands in the history.
    """
    shop = shop_named(uow.db, order.shop)
    priced = _price(uow.db, uow.merchant, shop, order, uow.now)
    origin = _origin(uow, order, shop)
    number = order.number.strip()
    key = number or f"hand-{order.key or uow.environment.token()}"
    row = uow.db.row("SELECT number FROM sales_order WHERE shop_id = ? AND external_id = ?", (shop.id, key))
    if row is not None:
        raise Duplicate(f"order {number or row[0]} of shop {shop.code} is there already", remedy="look it up by its number")
    holds = {}
    if order.type is OrderType.EXCHANGE and order.goods_first:
        holds[HoldCode.AWAITING_RETURN_ITEMS] = f"goods of {order.origin} come back first"
    draft = OrderDraft(
        shop=shop,
        external_id=key,
        external_number=number,
        source="manual",
        placed_at=uow.now,
        paid_at=uow.now if order.paid else None,
        customer=order.facts(shop),
        receiver=order.receiver,
        lines=tuple(
            DraftLine(line.item.title, line.quantity, line.unit_price, line.amount, line.item, listing=("", "", line.item.code))
            for line in priced.lines
        ),
        freight=priced.freight,
        received=priced.total if order.paid else order.deposit,
        received_at=uow.now if order.deposit else None,
        method=order.method,
        payment_key=f"manual/{shop.code}/{key}",
        cod=order.cod,
        message=order.message,
        memo=order.memo,
        holds=holds,
        type=order.type,
    )
    try:
        [order_id] = place(uow, [draft])
    except peewee.IntegrityError:
        raise Duplicate(f"order {number} of shop {shop.code} came in just now", remedy="look it up") from None
    if order.deposit and (missing := deposit_due(uow, order_id)):
        whole = Money(order.deposit + missing, shop.currency).text
        raise DomainError(
            f"a deposit of {Money(order.deposit, shop.currency).text}, {whole} is needed",
            remedy="take the whole deposit, or enter the order unpaid",
        )
    if not number:
        known = "external_number = number" if order.key else "external_id = number, external_number = number"
        uow.db.change(f"UPDATE sales_order SET {known} WHERE id = ?", (order_id,))
    if origin is not None:
        uow.db.insert("order_link", ("order_id", "origin_id"), [(order_id, origin)])
        uow.note(order.type, "order", origin, f"made good by order {order_id}")
    _note_prices(uow, order_id, shop, order, priced)
    return order_id


def return_goods_arrived(uow: UnitOfWork, order_id: int, because: str) -> None:
    """What an exchange waited for has come back: it may go on."""
    if not lift(uow, order_id, HoldCode.AWAITING_RETURN_ITEMS):
        raise DomainError(f"order {order_id} waits for no goods", remedy="reload the order")
    uow.note("goods came back", "order", order_id, because)


def _price(db: Database, merchant: Merchant, shop: ShopFacts, order: HandOrder, at: datetime) -> PricedOrder:
    problems = receiver_problems(order.receiver)
    for part in ("message", "memo", "email", "name"):
        if problem := text_problem(part, getattr(order, part)):
            problems[part] = problem
    if problems:
        raise DomainError("; ".join(f"the order's {part} {problem}" for part, problem in problems.items()), remedy="correct it")
    if len(order.number) > 100 or len(order.lines) > 1000:
        raise DomainError("this is too long for one order", remedy="a number has at most 100 letters, an order 1000 lines")
    if order.cod and order.paid:
        raise DomainError("cash on delivery has not been paid yet", remedy="choose one of the two")
    if order.deposit and (order.type is not OrderType.PRESALE or order.deposit < 0 or order.paid or order.cod):
        raise DomainError(
            "only a presale takes a deposit, and the rest later", remedy="choose presale, or leave the deposit out"
        )
    items = items_named(db, (line.sku for line in order.lines))
    for line in order.lines:
        if line.sku not in items:
            raise DomainError(f"there is no SKU {line.sku}", remedy="look it up by name, code or barcode")
    [group] = price_groups(db, [order.facts(shop)])
    wanted = WantedOrder(
        tuple(WantedLine(items[line.sku], line.quantity, line.unit_price) for line in order.lines),
        order.receiver, at, group, order.type, order.discount, order.freight,
    )  # fmt: skip
    [priced] = Tariffs.of(db, shop, merchant.currency).price(db, [wanted], compare=True)
    if isinstance(priced, DomainError):
        raise priced
    return priced


def _origin(uow: UnitOfWork, order: HandOrder, shop: ShopFacts) -> int | None:
    if order.type not in FREE:
        if order.origin:
            raise DomainError(f"a {order.type} order makes nothing good", remedy="choose reship or exchange, or leave it out")
        return None
    row = uow.db.row("SELECT id, shop_id FROM sales_order WHERE number = ?", (order.origin.strip().upper(),))
    if row is None:
        raise DomainError(
            f"a {order.type} needs the order it makes good, and there is no order {order.origin!r}",
            remedy="give our number of it, such as SO00000012",
        )
    if row[1] != shop.id:
        raise DomainError(f"order {order.origin} is of another shop", remedy="choose the shop it came from")
    return int(row[0])


def _note_prices(uow: UnitOfWork, order_id: int, shop: ShopFacts, order: HandOrder, priced: PricedOrder) -> None:
    """What was overridden and what a promotion gave, for whoever asks later."""

    def text(minor: int) -> str:
        return Money(minor, shop.currency).text

    for wanted, line in zip(order.lines, priced.lines, strict=True):
        if wanted.unit_price is not None and line.unit_price != line.listed:
            before = "no price" if line.listed is None else text(line.listed)
            told = {"sku": line.item.code, "listed": line.listed, "price": line.unit_price}
            uow.note("price overridden", "order", order_id, f"{line.item.code}: {before} → {text(line.unit_price)}", told)
    if priced.promotion:
        uow.note("promotion", "order", order_id, priced.promotion, {"discount": priced.promoted})
    if priced.discount:
        uow.note("discount", "order", order_id, text(priced.discount), {"discount": priced.discount})
    if order.freight is not None and order.freight != priced.freight_by_template:
        before = "no template" if priced.freight_by_template is None else text(priced.freight_by_template)
        told = {"template": priced.freight_by_template, "freight": order.freight}
        uow.note("freight overridden", "order", order_id, f"{before} → {text(order.freight)}", told)
