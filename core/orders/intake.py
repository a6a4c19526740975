"""Orders coming into being: many at once, in a fixed number of statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..catalog.queries import Item, ShopFacts
from ..customers.service import CustomerFacts, keep_addresses, recognise
from ..kernel.apportion import apportion
from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from ..kernel.values import Address, Money, quantity
from .api import (
    HoldCode,
    LineCard,
    MoneyReceived,
    OrderCard,
    OrderPlaced,
    OrderSettled,
    OrderStatus,
    ReviewState,
)
from .money import tax_inside
from .service import PaymentFacts, open_holds, order_number, record_shipped_elsewhere, refund
from .states import Units, derive_payment, derive_status


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A line to be; `item` is None while nobody knows which SKU the channel's item is. Amounts in minor units."""

    title: str
    quantity: int
    unit_price: int
    amount: int
    item: Item | None
    external_id: str = ""
    listing: tuple[str, str, str] = ("", "", "")
    """(item id, variant id, merchant code)."""
    cancelled: int = 0
    shipped: int = 0


@dataclass(frozen=True, slots=True)
class OrderDraft:
    """An order to be, whatever it came from."""

    shop: ShopFacts
    external_id: str
    external_number: str
    source: str
    placed_at: datetime
    paid_at: datetime | None
    customer: CustomerFacts
    receiver: Address
    lines: tuple[DraftLine, ...]
    freight: int = 0
    received: int = 0
    refunded: int = 0
    method: str = "platform"
    payment_key: str = ""
    """Stable over repeats of the same document; the payment and refund are counted under it."""
    cod: bool = False
    message: str = ""
    memo: str = ""
    cancel_reason: str = ""
    holds: Mapping[HoldCode, str] = field(default_factory=dict)
    completed_at: datetime | None = None


@dataclass
class _Leaf:
    """One row of order_line on its way."""

    no: int
    draft: DraftLine
    sku_id: int | None
    code: str
    title: str
    quantity: int
    per_kit: int
    price: int
    amount: int
    freight: int
    kit: bool = False
    kit_line: int | None = None

    @property
    def cancelled(self) -> int:
        return 0 if self.kit else self.draft.cancelled * self.per_kit

    @property
    def shipped(self) -> int:
        return 0 if self.kit else self.draft.shipped * self.per_kit


def _check(draft: OrderDraft) -> None:
    if not draft.lines:
        raise DomainError(f"order {draft.external_number} has no lines", remedy="add at least one")
    for line in draft.lines:
        quantity(line.quantity, f"quantity of {line.title}")
        if line.amount < 0 or line.unit_price < 0:
            raise DomainError(f"order {draft.external_number}: {line.title} has a negative price", remedy="correct it")
    if draft.freight < 0 or draft.received < 0 or draft.refunded < 0:
        raise DomainError(f"order {draft.external_number} has a negative amount", remedy="correct it")


def _explode(draft: OrderDraft) -> list[_Leaf]:
    """The rows of an order: kits followed by their components, money shared to the fen by list value."""
    freights = apportion(draft.freight, [line.amount for line in draft.lines])
    rows: list[_Leaf] = []
    for line, freight in zip(draft.lines, freights, strict=True):
        item, no = line.item, len(rows) + 1
        kit = item is not None and item.kit
        rows.append(
            _Leaf(no, line, None if item is None else item.sku_id, "" if item is None else item.code, line.title,
                  line.quantity, 1, line.unit_price, line.amount, freight, kit)
        )  # fmt: skip
        if item is not None and kit:
            if not item.components:
                raise DomainError(f"kit {item.code} has no components", remedy="say what it is made of")
            weights = [part.price * part.quantity for part in item.components]
            amounts, carriages = apportion(line.amount, weights), apportion(freight, weights)
            for part, amount, carriage in zip(item.components, amounts, carriages, strict=True):
                units = quantity(part.quantity * line.quantity, f"units of {part.code}")
                rows.append(
                    _Leaf(len(rows) + 1, line, part.sku_id, part.code, part.title, units, part.quantity, part.price,
                          amount, carriage, kit_line=no)
                )  # fmt: skip
    return rows


_LINE_COLUMNS = (
    "order_id", "no", "external_id", "kit_line", "kit", "per_kit", "sku_id", "item_id", "variant_id", "merchant_code",
    "title", "quantity", "unit_price", "amount", "freight", "tax_rate", "reserved", "shipped", "shipped_externally",
    "cancelled", "returned", "bounced", "refunded",
)  # fmt: skip

_ORDER_COLUMNS = (
    "id", "number", "shop_id", "external_id", "external_number", "source", "status", "payment", "review", "customer_id",
    "address_id", "buyer_name", "currency", "goods", "freight", "total", "received", "refunded", "advance", "advance_tax",
    "cod", "sealed", "message", "memo", "placed_at", "paid_at", "completed_at", "cancel_reason", "version", "created_at",
)  # fmt: skip


def place(uow: UnitOfWork, drafts: Sequence[OrderDraft]) -> list[int]:
    """Make orders; their ids. The number of statements does not grow with the number of drafts.

    An order that is settled goes to review in the same unit of work; lines without a SKU hold it.
    """
    for draft in drafts:
        _check(draft)
    customers = recognise(uow, [draft.customer for draft in drafts])
    addresses = keep_addresses(uow, [draft.receiver for draft in drafts])
    exploded = [_explode(draft) for draft in drafts]
    # Routing, in the same unit of work, will want about one fulfillment order an order: one question for all ids.
    count = sum(len(rows) for rows in exploded)
    ids = uow.take_ids("sales_order", len(drafts), fulfillment_order=2 * len(drafts), fo_line=2 * count)
    heads: list[tuple[Any, ...]] = []
    lines, payments, holds = [], [], []
    facts: list[tuple[OrderStatus, int]] = []
    for draft, order_id, customer, address, rows in zip(drafts, ids, customers, addresses, exploded, strict=True):
        number = order_number(order_id)
        goods = sum(line.amount for line in draft.lines)
        total = goods + draft.freight
        leaves = [row for row in rows if not row.kit]
        open_units = sum(row.quantity - row.cancelled for row in leaves)
        paid_at = draft.placed_at if draft.cod else draft.paid_at
        if paid_at is None and not draft.cod and draft.received >= total:
            paid_at = draft.placed_at
        units = Units(open_units, 0, 0)
        status = derive_status(
            units, settled=paid_at is not None, review=ReviewState.PENDING, completed=draft.completed_at is not None
        )
        payment = derive_payment(total=total, received=draft.received, refunded=0, cod=draft.cod, settled=paid_at is not None)
        tax = sum(tax_inside(row.amount + row.freight, draft.shop.tax_rate) for row in leaves)
        tax = tax * min(draft.received, total) // total if total else 0
        advance, advance_tax = (0, 0) if draft.cod else (draft.received, tax)
        if draft.received:
            payments.append((order_id, draft.paid_at or draft.placed_at, draft.received, draft.method, draft.payment_key))
            if advance:
                uow.emit(
                    MoneyReceived(
                        order_id, number, draft.shop.code, draft.payment_key, draft.paid_at or draft.placed_at,
                        Money(advance - tax, draft.shop.currency), Money(tax, draft.shop.currency),
                    )
                )  # fmt: skip
        heads.append(
            (order_id, number, draft.shop.id, draft.external_id, draft.external_number, draft.source, status, payment,
             ReviewState.PENDING, customer, address, draft.receiver.name or draft.customer.name, draft.shop.currency,
             goods, draft.freight, total, draft.received, 0, advance, advance_tax,
             draft.cod, False, draft.message, draft.memo, draft.placed_at, paid_at, draft.completed_at,
             draft.cancel_reason if open_units == 0 else "", 1, uow.now)
        )  # fmt: skip
        for row in rows:
            lines.append(
                (order_id, row.no, row.draft.external_id, row.kit_line, row.kit, row.per_kit, row.sku_id,
                 *row.draft.listing, row.title, row.quantity, row.price, row.amount, row.freight, draft.shop.tax_rate,
                 0, 0, 0, row.cancelled, 0, 0, 0)
            )  # fmt: skip
        mine = dict(draft.holds)
        if unknown := [row.draft.listing[2] or row.title for row in rows if row.sku_id is None]:
            mine[HoldCode.SKU_UNMAPPED] = ", ".join(unknown)
        holds += [("order", order_id, code, "channel" if draft.source == "channel" else "intake", note)
                  for code, note in mine.items()]  # fmt: skip
        facts.append((status, total))
        uow.note("placed", "order", order_id, f"{draft.source} {draft.external_number}")
        uow.emit(OrderPlaced(order_id))
    uow.db.insert("sales_order", _ORDER_COLUMNS, heads)
    line_ids = {
        (order_id, no): line_id
        for line_id, order_id, no in uow.db.insert("order_line", _LINE_COLUMNS, lines, returning="id, order_id, no")
    }
    if payments:
        uow.db.insert("payment", ("order_id", "at", "amount", "method", "key"), payments)
    open_holds(uow, holds)
    for draft, head, rows, (status, total) in zip(drafts, heads, exploded, facts, strict=True):
        order_id = int(head[0])
        if status is OrderStatus.PENDING_REVIEW:
            uow.emit(OrderSettled(_card(draft, head, rows, line_ids, total)))
        if draft.refunded and draft.received:
            back = min(draft.refunded, draft.received)
            refund(uow, PaymentFacts(order_id, back, uow.now, draft.method, f"{draft.payment_key}/refund/{back}"))
        elsewhere = {line_ids[order_id, row.no]: row.shipped for row in rows if row.shipped}
        if elsewhere:
            record_shipped_elsewhere(uow, order_id, elsewhere, f"{draft.payment_key}/elsewhere")
    return ids


def _card(
    draft: OrderDraft, head: tuple[Any, ...], rows: Sequence[_Leaf], line_ids: Mapping[tuple[int, int], int], total: int
) -> OrderCard:
    """The card of an order just written, without reading it back."""
    known = dict(zip(_ORDER_COLUMNS, head, strict=True))
    currency, order_id = draft.shop.currency, known["id"]
    return OrderCard(
        id=order_id,
        number=known["number"],
        shop=draft.shop.code,
        external_number=draft.external_number,
        status=known["status"],
        review=ReviewState.PENDING,
        payment=known["payment"],
        customer_id=known["customer_id"],
        receiver=draft.receiver,
        lines=tuple(
            LineCard(
                line_ids[order_id, row.no], row.code, row.title, row.quantity, Money(row.price, currency),
                Money(row.amount, currency), row.cancelled, 0, 0,
                None if row.kit_line is None else line_ids[order_id, row.kit_line],
            )
            for row in rows
        ),
        freight=Money(draft.freight, currency),
        total=Money(total, currency),
        paid=Money(draft.received, currency),
        refunded=Money(draft.refunded, currency),
        cod=draft.cod,
        placed_at=draft.placed_at,
        paid_at=known["paid_at"],
        message=draft.message,
        memo=draft.memo,
    )  # fmt: skip


def map_lines(uow: UnitOfWork, shop_id: int, listing: tuple[str, str], item: Item) -> list[int]:
    """Lines that waited for this listing now are that SKU, kits with components; the orders with nothing unmapped left."""
    rows = uow.db.rows(
        "SELECT l.id, l.order_id, l.no, l.external_id, l.quantity, l.amount, l.freight, l.tax_rate, l.cancelled, l.shipped "
        "FROM order_line l JOIN sales_order o ON o.id = l.order_id WHERE o.shop_id = ? AND l.item_id = ? AND l.variant_id = ? "
        "AND l.sku_id IS NULL AND NOT l.kit ORDER BY l.id",
        (shop_id, *listing),
    )
    orders: set[int] = set()
    for line_id, order_id, no, external_id, count, amount, freight, rate, cancelled, shipped in rows:
        orders.add(order_id)
        if not item.kit:
            uow.db.change("UPDATE order_line SET sku_id = ? WHERE id = ?", (item.sku_id, line_id))
            continue
        uow.db.change(
            "UPDATE order_line SET sku_id = ?, kit = ?, cancelled = 0, shipped = 0, shipped_externally = 0 WHERE id = ?",
            (item.sku_id, True, line_id),
        )
        [[last]] = uow.db.rows("SELECT MAX(no) FROM order_line WHERE order_id = ?", (order_id,))
        weights = [part.price * part.quantity for part in item.components]
        amounts, carriages = apportion(amount, weights), apportion(freight, weights)
        uow.db.insert(
            "order_line",
            _LINE_COLUMNS,
            [
                (order_id, last + place, external_id, no, False, part.quantity, part.sku_id, "", "", "", part.title,
                 count * part.quantity, part.price, share, carriage, rate, 0, shipped * part.quantity,
                 shipped * part.quantity, cancelled * part.quantity, 0, 0, 0)
                for place, (part, share, carriage) in enumerate(zip(item.components, amounts, carriages, strict=True), 1)
            ],
        )  # fmt: skip
    if not orders:
        return []
    ids = sorted(orders)
    left = uow.db.rows(
        f"SELECT DISTINCT order_id FROM order_line WHERE order_id IN ({','.join('?' * len(ids))}) AND sku_id IS NULL", ids
    )
    return [order_id for order_id in ids if order_id not in {row[0] for row in left}]
