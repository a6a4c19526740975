"""Orders coming into being: many at once, in a fixed number of statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..catalog.queries import Item, ShopFacts
from ..customers.service import CustomerFacts, address_rows, recognise, recognition
from ..inventory.service import levels_question
from ..kernel.apportion import apportion
from ..kernel.db import Rows
from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from ..kernel.values import Address, Money, quantity
from .api import (
    DepositPaid,
    GivenAtCounter,
    HoldCode,
    LineCard,
    MoneyReceived,
    OrderCard,
    OrderPlaced,
    OrderSettled,
    OrderStatus,
    OrderType,
    Reach,
    ReviewPassed,
    ReviewState,
    UnitsShippedElsewhere,
)
from .money import left, tax_inside
from .service import PaymentFacts, forfeit, open_holds, order_number, record_shipped_elsewhere, refund
from .states import Units, derive_payment, derive_status
from .unwritten import TABLES, Unwritten, guards


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
    type: OrderType = OrderType.NORMAL
    received_at: datetime | None = None
    """When a deposit came; what is paid in full came when it was paid."""
    kept_at: datetime | None = None
    """When the deposit was forfeited, because the balance did not come."""
    reach: Reach = Reach.SHIPPED
    warehouse_id: int | None = None
    """The only one that may send it; where it is picked up, or was given."""
    pickup_code: str = ""
    """Without one, what is to be picked up gets one."""

    @property
    def money_at(self) -> datetime:
        return self.received_at or self.paid_at or self.placed_at


@dataclass(slots=True)
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
    cancelled: int = field(init=False)
    shipped: int = field(init=False)

    def __post_init__(self) -> None:
        sets = 0 if self.kit else self.per_kit
        self.cancelled, self.shipped = self.draft.cancelled * sets, self.draft.shipped * sets


def _check(draft: OrderDraft) -> None:
    if not draft.lines:
        raise DomainError(f"order {draft.external_number} has no lines", remedy="add at least one")
    for line in draft.lines:
        quantity(line.quantity, f"quantity of {line.title}")
        if line.amount < 0 or line.unit_price < 0:
            raise DomainError(f"order {draft.external_number}: {line.title} has a negative price", remedy="correct it")
    if draft.freight < 0 or draft.received < 0 or draft.refunded < 0:
        raise DomainError(f"order {draft.external_number} has a negative amount", remedy="correct it")
    if draft.reach is not Reach.SHIPPED and draft.warehouse_id is None:
        raise DomainError(
            f"order {draft.external_number} does not say where its goods change hands", remedy="name the warehouse"
        )


def _pickup_code(uow: UnitOfWork, draft: OrderDraft) -> str:
    """What the buyer is to show: capital letters and digits, given or drawn."""
    if draft.reach is not Reach.PICKUP:
        return ""
    return draft.pickup_code.strip().upper() or f"{int(uow.environment.token(), 16) % 1_000_000:06d}"


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


@dataclass(slots=True)
class _New:
    """An order on its way: what it came from, its row, its lines with their ids."""

    draft: OrderDraft
    head: dict[str, Any]
    rows: Sequence[_Leaf]
    ids: Sequence[int]
    address_id: int
    total: int

    @property
    def settled(self) -> bool:
        return self.head["status"] is OrderStatus.PENDING_REVIEW


def place(uow: UnitOfWork, drafts: Sequence[OrderDraft]) -> list[int]:
    """Make orders; their ids. The number of statements does not grow with the number of drafts.

    An order that is settled is reviewed, and routed if it passes, before this returns; lines without a SKU hold it. Where
    nothing but that is going to happen to the orders, they are written with its outcome.
    """
    if not drafts:
        return []
    for draft in drafts:
        _check(draft)
    exploded = [_explode(draft) for draft in drafts]
    ahead = _ahead(drafts, exploded)
    skus = {row.sku_id for draft, rows in zip(drafts, exploded, strict=True) if _settled(draft) for row in rows if not row.kit}
    shops = sorted({draft.shop.id for draft in drafts if _settled(draft)})
    people = [draft.customer for draft in drafts]
    known_by = recognition(uow, people)
    uow.foresee(
        known_by.question,
        uow.db.next_ids(list(ahead)),
        guards(shops) if shops else None,
        levels_question(uow, (sku_id for sku_id in skus if sku_id is not None), shops),
    )
    uow.expect_ids(**ahead)
    customers, buyers = recognise(uow, people, known_by)
    ids = uow.take_ids("sales_order", len(drafts))
    line_ids, address_ids = uow.take_ids("order_line", ahead["order_line"]), uow.take_ids("postal_address", len(drafts))
    news: list[_New] = []
    for draft, order_id, customer, address_id, rows in zip(drafts, ids, customers, address_ids, exploded, strict=True):
        mine, line_ids = line_ids[: len(rows)], line_ids[len(rows) :]
        news.append(_make(uow, draft, order_id, customer, address_id, rows, mine))
    holds = [hold for new in news for hold in _holds(new)]
    plain = not holds and not any(
        new.draft.refunded or new.draft.kept_at or any(row.shipped for row in new.rows) for new in news
    )
    _keep(uow, news, buyers)
    if not plain:
        uow.db.write_back()
        open_holds(uow, holds)
        for new in news:
            _catch_up(uow, new)
        # Before anything is planned: else what was sent elsewhere would be taken out of plans that never held it.
        uow.hear_now(UnitsShippedElsewhere)
    uow.emit(*(OrderSettled(_card(new)) for new in news if new.settled))
    uow.hear_now(OrderSettled, ReviewPassed)
    uow.db.write_back()
    uow.emit(*(GivenAtCounter(new.head["id"]) for new in news if new.draft.reach is Reach.COUNTER))
    return ids


def _ahead(drafts: Sequence[OrderDraft], exploded: Sequence[Sequence[_Leaf]]) -> dict[str, int]:
    """How many ids of each table to take at once: routing will want about one fulfillment order an order."""
    orders, lines = len(drafts), sum(len(rows) for rows in exploded)
    return {
        "sales_order": orders, "customer": orders, "order_line": lines, "postal_address": orders,
        "fulfillment_order": 2 * orders, "fo_line": 2 * lines,
    }  # fmt: skip


def _paid_at(draft: OrderDraft) -> datetime | None:
    """When the order became payable in full; None while it is not."""
    if draft.cod:
        return draft.placed_at
    if draft.paid_at is None and draft.received >= sum(line.amount for line in draft.lines) + draft.freight:
        return draft.placed_at
    return draft.paid_at


def _settled(draft: OrderDraft) -> bool:
    return _paid_at(draft) is not None


def _worth(rows: Sequence[_Leaf]) -> int:
    return sum(left(part, row.quantity, row.cancelled) for row in rows if not row.kit for part in (row.amount, row.freight))


def _make(
    uow: UnitOfWork, draft: OrderDraft, order_id: int, customer: int, address_id: int, rows: Sequence[_Leaf], ids: Sequence[int]
) -> _New:
    """One order's row, with its states derived and its events emitted."""
    number, shop = order_number(order_id), draft.shop
    goods = sum([line.amount for line in draft.lines])
    total = goods + draft.freight
    open_units = sum([row.quantity - row.cancelled for row in rows if not row.kit])
    paid_at = _paid_at(draft)
    settled = paid_at is not None
    status = derive_status(
        Units(open_units, 0, 0), settled=settled, review=ReviewState.PENDING, completed=draft.completed_at is not None
    )
    payment = derive_payment(
        worth=_worth(rows) if draft.cod else 0, received=draft.received, refunded=0, cod=draft.cod, settled=settled
    )
    tax = sum([tax_inside(row.amount + row.freight, shop.tax_rate) for row in rows if not row.kit])
    tax = tax * min(draft.received, total) // total if total else 0
    advance, advance_tax = (0, 0) if draft.cod else (draft.received, tax)
    head = {
        "id": order_id, "number": number, "shop_id": shop.id, "external_id": draft.external_id,
        "external_number": draft.external_number, "source": draft.source, "type": draft.type, "status": status,
        "payment": payment, "review": ReviewState.PENDING, "finance_review": "", "customer_id": customer,
        "address_id": address_id, "buyer_name": draft.receiver.name or draft.customer.name, "currency": shop.currency,
        "goods": goods, "freight": draft.freight, "total": total, "received": draft.received, "refunded": 0,
        "advance": advance, "advance_tax": advance_tax, "cod": draft.cod, "sealed": False, "message": draft.message,
        "memo": draft.memo, "placed_at": draft.placed_at, "paid_at": paid_at, "completed_at": draft.completed_at,
        "reach": draft.reach, "pickup_code": _pickup_code(uow, draft), "warehouse_id": draft.warehouse_id,
        "cancel_reason": draft.cancel_reason if open_units == 0 else "", "version": 1, "created_at": uow.now,
    }  # fmt: skip
    uow.note("placed", "order", order_id, f"{draft.source} {draft.external_number}")
    uow.emit(OrderPlaced(order_id))
    if advance:
        net, tax_money = Money(advance - tax, shop.currency), Money(tax, shop.currency)
        uow.emit(MoneyReceived(order_id, number, shop.code, draft.payment_key, draft.money_at, net, tax_money))
        if not settled and open_units:
            uow.emit(DepositPaid(order_id, draft.money_at))
    return _New(draft, head, rows, ids, address_id, total)


def _holds(new: _New) -> list[tuple[str, int, HoldCode, str, str]]:
    """What stops the order from the beginning."""
    draft, holds = new.draft, dict(new.draft.holds)
    if unknown := [row.draft.listing[2] or row.title for row in new.rows if row.sku_id is None]:
        holds[HoldCode.SKU_UNMAPPED] = ", ".join(unknown)
    source = "channel" if draft.source == "channel" else "intake"
    return [("order", new.head["id"], code, source, note) for code, note in holds.items()]


def _keep(uow: UnitOfWork, news: Sequence[_New], buyers: Sequence[Rows]) -> None:
    """Hold the orders and their buyers back until somebody needs them in the database."""
    lines: dict[int, dict[str, Any]] = {}
    payments: list[tuple[Any, ...]] = []
    for new in news:
        draft, order_id = new.draft, new.head["id"]
        if draft.received:
            payments.append((order_id, draft.money_at, draft.received, draft.method, draft.payment_key))
        for row, line_id in zip(new.rows, new.ids, strict=True):
            item_id, variant_id, merchant_code = row.draft.listing
            lines[line_id] = {
                "id": line_id, "order_id": order_id, "no": row.no, "external_id": row.draft.external_id,
                "kit_line": row.kit_line, "kit": row.kit, "per_kit": row.per_kit, "sku_id": row.sku_id, "item_id": item_id,
                "variant_id": variant_id, "merchant_code": merchant_code, "title": row.title, "quantity": row.quantity,
                "unit_price": row.price, "amount": row.amount, "freight": row.freight, "tax_rate": draft.shop.tax_rate,
                "reserved": 0, "shipped": 0, "shipped_externally": 0, "cancelled": row.cancelled, "returned": 0, "bounced": 0,
                "refunded": 0,
            }  # fmt: skip
    by_id = {new.head["id"]: new for new in news}
    heads = {order_id: new.head for order_id, new in by_id.items()}

    def write() -> None:
        del uow.kept[Unwritten]
        uow.db.together(
            *buyers,
            address_rows([(new.address_id, new.draft.receiver) for new in news]),
            Rows("sales_order", tuple(news[0].head), [tuple(head.values()) for head in heads.values()]),
            Rows("order_line", ("id", *_LINE_COLUMNS), [tuple(line.values()) for line in lines.values()]),
            Rows("payment", ("order_id", "at", "amount", "method", "key"), payments),
        )

    uow.kept[Unwritten] = Unwritten(heads, lines, lambda order_id: _routable(by_id[order_id]))
    uow.db.hold_back(TABLES, write)


def _routable(new: _New) -> list[tuple[Any, ...]]:
    draft, head, to = new.draft, new.head, new.draft.receiver
    order = (
        head["id"], head["number"], draft.shop.id, draft.shop.currency, draft.cod, head["paid_at"], False, new.address_id,
        *(("", to.province, to.country, "complete_only", "") if draft.reach is not Reach.SHIPPED else
          (to.merge_key, to.province, to.country, draft.shop.ship_policy, draft.shop.carrier)),
        draft.warehouse_id, draft.shop.merge_minutes,
    )  # fmt: skip
    return [
        (*order, line_id, row.sku_id, row.code, row.kit_line, row.per_kit, row.quantity - row.cancelled, 0)
        for row, line_id in zip(new.rows, new.ids, strict=True)
        if not row.kit and row.sku_id is not None
    ]


def _catch_up(uow: UnitOfWork, new: _New) -> None:
    """What the source says has happened to the order already: money went back, goods were sent by somebody else."""
    draft, order_id = new.draft, int(new.head["id"])
    if draft.kept_at is not None:
        forfeit(uow, order_id, draft.kept_at)
    if draft.refunded and draft.received:
        back = min(draft.refunded, draft.received)
        refund(uow, PaymentFacts(order_id, back, uow.now, draft.method, f"{draft.payment_key}/refund/{back}"))
    elsewhere = {line_id: row.shipped for row, line_id in zip(new.rows, new.ids, strict=True) if row.shipped}
    if elsewhere:
        record_shipped_elsewhere(uow, order_id, elsewhere, f"{draft.payment_key}/elsewhere")


def _card(new: _New) -> OrderCard:
    """The card of a new order, without reading it back."""
    draft, head, currency = new.draft, new.head, new.draft.shop.currency
    by_no = {row.no: line_id for row, line_id in zip(new.rows, new.ids, strict=True)}
    return OrderCard(
        id=head["id"],
        number=head["number"],
        shop=draft.shop.code,
        external_number=draft.external_number,
        status=head["status"],
        review=ReviewState.PENDING,
        payment=head["payment"],
        customer_id=head["customer_id"],
        receiver=draft.receiver,
        lines=tuple(
            LineCard(
                line_id, row.code, row.title, row.quantity, Money(row.price, currency), Money(row.amount, currency),
                row.cancelled, 0, 0, None if row.kit_line is None else by_no[row.kit_line],
            )
            for row, line_id in zip(new.rows, new.ids, strict=True)
        ),
        freight=Money(draft.freight, currency),
        total=Money(new.total, currency),
        paid=Money(draft.received, currency),
        refunded=Money(draft.refunded, currency),
        cod=draft.cod,
        placed_at=draft.placed_at,
        paid_at=head["paid_at"],
        message=draft.message,
        memo=draft.memo,
        type=draft.type,
        reach=draft.reach,
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
