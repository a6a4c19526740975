"""Carrying changes out on an order's lines and money, to the fen; fulfillment hears what to send more, less or elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..catalog.lookup import items_named
from ..catalog.prices import prices_of
from ..catalog.queries import Item, ShopFacts, shop
from ..kernel.apportion import apportion
from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from ..kernel.values import quantity as checked
from .api import HoldCode, OrderChanged, UnitsAdded
from .changes import AddLine, Amount, Change, Discount, Freight, NewAddress, Price, Quantity
from .holds import hold
from .money import left
from .service import cancel, change_address, recount

HIGHEST = 10**15


@dataclass
class _Line:
    """A row of order_line as it stands and will be written."""

    id: int
    no: int
    kit_line: int | None
    kit: bool
    per_kit: int
    sku_id: int | None
    title: str
    quantity: int
    unit_price: int
    amount: int
    freight: int
    shipped: int
    cancelled: int

    @property
    def wanted(self) -> int:
        return self.quantity - self.cancelled

    @property
    def worth(self) -> int:
        """What the wanted units cost, without freight."""
        return left(self.amount, self.quantity, self.cancelled)


class Amended:
    """One order while it is being changed."""

    def __init__(self, uow: UnitOfWork, order_id: int) -> None:
        self.uow = uow
        self.order_id = order_id
        row = uow.db.row(
            "SELECT number, shop_id, status, freight FROM sales_order WHERE id = ?" + ("" if uow.db.sqlite else " FOR UPDATE"),
            (order_id,),
        )
        if row is None:
            raise DomainError(f"there is no order {order_id}", remedy="look it up by its number")
        self.number, self.shop_id, self.status, self.freight = str(row[0]), int(row[1]), str(row[2]), int(row[3])
        self._shop: ShopFacts | None = None
        self._cancels: dict[int, int] = {}
        self._added = False
        self._money = False
        self.read()

    def read(self) -> None:
        self.lines = [
            _Line(id_, no, kit_line, bool(kit), per_kit, sku_id, title, count, price, amount, freight, shipped, cancelled)
            for (
                id_, no, kit_line, kit, per_kit, sku_id, title, count, price, amount, freight, shipped, cancelled,
            ) in self.uow.db.rows(
                "SELECT id, no, kit_line, kit, per_kit, sku_id, title, quantity, unit_price, amount, freight, shipped, "
                "cancelled FROM order_line WHERE order_id = ? ORDER BY no",
                (self.order_id,),
            )
        ]  # fmt: skip

    @property
    def shop(self) -> ShopFacts:
        if self._shop is None:
            self._shop = shop(self.uow.db, self.shop_id)
        return self._shop

    def change(self, changes: Sequence[Change], because: str) -> None:
        """Carry out every change, or none: a refusal names the order and the line."""
        if not changes:
            raise DomainError(f"order {self.number}: nothing is to be changed", remedy="give at least one change")
        if not any(line.shipped + line.cancelled < line.quantity for line in self.lines if not line.kit):
            self._refuse_ended(changes)
        for kind in (Quantity, Price, Amount, AddLine):
            for one in changes:
                if isinstance(one, kind):
                    self._one(one)
        if self._cancels:
            cancel(self.uow, self.order_id, self._cancels, "amended")
            self.read()
        for one in changes:
            if isinstance(one, Discount):
                self._discount(one)
        for one in changes:
            if isinstance(one, Freight):
                self._set_freight(one)
        if self._money or self._added:
            recount(self.uow, self.order_id, because)
        for one in changes:
            if isinstance(one, NewAddress):
                change_address(self.uow, self.order_id, one.address, because)
        if self._added:
            self.uow.emit(UnitsAdded((self.order_id,)))
        if self._money or self._added or self._cancels:
            self.uow.emit(OrderChanged((self.order_id,)))

    def _refuse_ended(self, changes: Sequence[Change]) -> None:
        if any(isinstance(one, NewAddress) for one in changes) and any(line.shipped for line in self.lines):
            change_address(self.uow, self.order_id, next(c.address for c in changes if isinstance(c, NewAddress)), "")
        raise DomainError(
            f"order {self.number} is {self.status}; nothing of it is open",
            remedy="what has left is changed by an after-sale case",
        )

    def _one(self, change: Quantity | Price | Amount | AddLine) -> None:
        if isinstance(change, AddLine):
            self._add(change)
            return
        line = next((line for line in self.lines if line.no == change.line), None)
        if line is None:
            known = ", ".join(str(one.no) for one in self.lines if one.kit_line is None)
            raise DomainError(f"order {self.number} has no line {change.line}", remedy=f"it has: {known}")
        if line.kit_line is not None:
            raise DomainError(
                f"order {self.number}: line {line.no} belongs to the kit of line {line.kit_line}", remedy="change the kit line"
            )
        if isinstance(change, Quantity):
            self._quantity(line, change.quantity)
        else:
            units = self._wanted(line)
            price = change.unit_price if isinstance(change, Price) else line.unit_price
            target = price * units if isinstance(change, Price) else change.amount
            self._refuse_sent(line, "price")
            self._refuse_sum(target)
            if isinstance(change, Price):
                self.uow.db.change("UPDATE order_line SET unit_price = ? WHERE id = ?", (price, line.id))
                line.unit_price = price
            self._set_worth(line, target)

    # units

    def _parts(self, line: _Line) -> list[_Line]:
        return [part for part in self.lines if part.kit_line == line.no]

    def _wanted(self, line: _Line) -> int:
        """Units that are wanted of a line; of a kit, whole kits."""
        return min((part.wanted // part.per_kit for part in self._parts(line)), default=0) if line.kit else line.wanted

    def _quantity(self, line: _Line, wanted: int) -> None:
        if wanted:
            checked(wanted, f"quantity of line {line.no}")
        parts = self._parts(line) if line.kit else [line]
        for part in parts:
            if wanted * part.per_kit < part.shipped:
                raise DomainError(
                    f"order {self.number}, line {part.no}: {part.shipped} units are sent, {wanted * part.per_kit} wanted",
                    remedy="what has left comes back by a return",
                )
        now = self._wanted(line)
        if wanted < now or (not wanted and any(part.wanted for part in parts)):
            for part in parts:
                if (fewer := part.wanted - wanted * part.per_kit) > 0:
                    self._cancels[part.id] = self._cancels.get(part.id, 0) + fewer
                    part.cancelled += fewer
        elif wanted > now:
            self._more(line, parts, wanted - now)

    def _more(self, line: _Line, parts: Sequence[_Line], units: int) -> None:
        """More of the same: on its own line where nothing of that has been sent or cancelled, else on a new one."""
        self._added = True
        if any(part.shipped or part.cancelled for part in parts):
            item = None if line.sku_id is None else self._item(line.sku_id)
            if item is None:
                raise DomainError(f"line {line.no}: nobody knows its SKU", remedy="map the item first")
            self._write_line(item, AddLine(item.code, units, line.unit_price, title=line.title))
            return
        self.uow.db.change("UPDATE order_line SET quantity = quantity + ? WHERE id = ?", (units, line.id))
        line.quantity += units
        for part in parts:
            if part is not line:
                self.uow.db.change(
                    "UPDATE order_line SET quantity = quantity + ? WHERE id = ?", (units * part.per_kit, part.id)
                )
                part.quantity += units * part.per_kit
        self._set_worth(line, line.amount + units * line.unit_price)

    def _item(self, sku_id: int) -> Item | None:
        row = self.uow.db.row("SELECT code FROM sku WHERE id = ?", (sku_id,))
        return None if row is None else items_named(self.uow.db, [row[0]]).get(row[0])

    def _add(self, change: AddLine) -> None:
        checked(change.quantity, f"quantity of {change.sku or change.title}")
        item = None
        if change.sku:
            item = items_named(self.uow.db, [change.sku]).get(change.sku)
            if item is None:
                raise DomainError(f"there is no SKU {change.sku!r}", remedy="check the code or barcode, or add the SKU first")
        elif not change.external_id:
            raise DomainError("a new line needs a SKU", remedy="name it by code or barcode")
        self._added = True
        self._write_line(item, change)
        if item is None:
            note = change.merchant_code or change.title
            hold(self.uow, self.order_id, HoldCode.SKU_UNMAPPED, note, source="channel")

    def _write_line(self, item: Item | None, change: AddLine) -> None:
        price = change.unit_price
        if price is None and change.amount is not None:
            price = change.amount // change.quantity
        if price is None and item is not None:
            wanted = ("", item.sku_id, change.quantity)
            price = prices_of(self.uow.db, self.shop, self.uow.merchant.currency, [wanted]).get(wanted)
        if price is None:
            raise DomainError(
                f"{change.sku or change.title} has no price in shop {self.shop.code}", remedy="say the unit price"
            )
        amount = price * change.quantity if change.amount is None else change.amount
        self._refuse_sum(price)
        self._refuse_sum(amount)
        no = max((line.no for line in self.lines), default=0) + 1
        rate, title = self.shop.tax_rate, change.title or ("" if item is None else item.title)
        kit = item is not None and item.kit
        rows: list[tuple[Any, ...]] = [
            (self.order_id, no, change.external_id, None, kit, 1, None if item is None else item.sku_id, change.item_id,
             change.variant_id, change.merchant_code, title, change.quantity, price, amount, 0, rate)
        ]  # fmt: skip
        if item is not None and kit:
            if not item.components:
                raise DomainError(f"kit {item.code} has no components", remedy="say what it is made of")
            shares = apportion(amount, [part.price * part.quantity for part in item.components])
            rows += [
                (self.order_id, no + place, change.external_id, no, False, part.quantity, part.sku_id, "", "", "", part.title,
                 part.quantity * change.quantity, part.price, mine, 0, rate)
                for place, (part, mine) in enumerate(zip(item.components, shares, strict=True), 1)
            ]  # fmt: skip
        self.uow.db.insert(
            "order_line",
            ("order_id", "no", "external_id", "kit_line", "kit", "per_kit", "sku_id", "item_id", "variant_id", "merchant_code",
             "title", "quantity", "unit_price", "amount", "freight", "tax_rate"),
            [(*row[:4], bool(row[4]), *row[5:]) for row in rows],
        )  # fmt: skip
        self.read()

    # money

    def _refuse_sum(self, amount: int) -> None:
        if not 0 <= amount <= HIGHEST:
            raise DomainError(f"order {self.number}: an amount of {amount}", remedy="give 0 or more, in minor units")

    def _refuse_sent(self, line: _Line, what: str) -> None:
        if any(part.shipped for part in ([line, *self._parts(line)] if line.kit else [line])):
            raise DomainError(
                f"order {self.number}, line {line.no}: units are sent, the {what} stands",
                remedy="give money back by an after-sale case, or change what is not sent on a line of its own",
            )

    def _set_worth(self, line: _Line, target: int) -> None:
        """The wanted units of a line cost so much from now on; a kit's money divides over its components by list value."""
        self._money = True
        self._refuse_sum(target)
        if line.kit:
            parts = self._parts(line)
            shares = apportion(target, [part.unit_price * part.per_kit for part in parts])
            for part, mine in zip(parts, shares, strict=True):
                self._set_amount(part, amount_for(mine, part.quantity, part.cancelled))
            self._set_amount(line, sum(part.amount for part in parts))
        else:
            self._set_amount(line, amount_for(target, line.quantity, line.cancelled))

    def _set_amount(self, line: _Line, amount: int) -> None:
        line.amount = amount
        self.uow.db.change("UPDATE order_line SET amount = ? WHERE id = ?", (amount, line.id))

    def _worth(self, line: _Line) -> int:
        return sum(part.worth for part in self._parts(line)) if line.kit else line.worth

    def _discount(self, change: Discount) -> None:
        if change.amount <= 0:
            raise DomainError(f"a discount of {change.amount}", remedy="give more than 0, in minor units")
        open_ = [
            line for line in self.lines
            if line.kit_line is None and not any(part.shipped for part in ([*self._parts(line)] if line.kit else [line]))
        ]  # fmt: skip
        worth = [self._worth(line) for line in open_]
        if change.amount > sum(worth):
            raise DomainError(
                f"order {self.number}: a discount of {change.amount} on {sum(worth)}",
                remedy="what is not sent must cost at least so much",
            )
        for line, before, less in zip(open_, worth, apportion(change.amount, worth), strict=True):
            if less:
                self._set_worth(line, before - less)

    def _set_freight(self, change: Freight) -> None:
        self._refuse_sum(change.amount)
        if any(line.shipped for line in self.lines):
            raise DomainError(
                f"order {self.number}: units are sent, the freight stands", remedy="give it back by an after-sale case"
            )
        self._money = True
        tops = [line for line in self.lines if line.kit_line is None and self._wanted(line)]
        shares = dict(
            zip([line.no for line in tops], apportion(change.amount, [self._worth(line) for line in tops]), strict=True)
        )
        for line in self.lines:
            if line.kit_line is not None:
                continue
            mine, parts = shares.get(line.no, 0), self._parts(line) if line.kit else [line]
            carriages = [
                amount_for(part_share, part.quantity, part.cancelled)
                for part, part_share in zip(
                    parts,
                    apportion(mine, [part.unit_price * part.per_kit for part in parts]) if line.kit else [mine],
                    strict=True,
                )
            ]
            for one, carriage in [*zip(parts, carriages, strict=True), *([(line, sum(carriages))] if line.kit else [])]:
                one.freight = carriage
                self.uow.db.change("UPDATE order_line SET freight = ? WHERE id = ?", (carriage, one.id))


def amount_for(worth: int, quantity: int, cancelled: int) -> int:
    """The line amount of which exactly `worth` is left without `cancelled` of `quantity` units.

    There always is one: with each fen more on the line, what is left grows by one fen or by none.
    """
    if not cancelled:
        return worth
    if cancelled >= quantity:
        return 0
    return worth * quantity // (quantity - cancelled)
