"""What orders count against the caps of presales: with the deposit units are promised, and free again when they are cancelled.

One rule for every way in which an order changes: of an order with a deposit the units that are still wanted count, of every
line whose SKU was on presale in its shop. Whoever takes an order by hand is refused where the cap is reached; what a
platform or a file brings is sold already, so it counts whatever the cap says, and the order's history tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ..inventory.caps import take
from ..kernel.db import marks
from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from ..kernel.values import Money
from .api import (
    DepositForfeited,
    DepositPaid,
    HoldCode,
    OrderChanged,
    OrderSettled,
    OrderType,
    PresaleState,
    UnitsAdded,
    UnitsCancelled,
)
from .holds import hold, lift

SOURCE = "presale"
"""Who sets the hold of an order that waits for its balance, where no platform does."""

OPEN_BALANCE = "deposit paid, balance open"


@dataclass(frozen=True, slots=True)
class _Line:
    """A line as it was bought, with what of it counts so far."""

    id: int
    sku_id: int | None
    wanted: int
    amount: int
    row: int | None
    presale: int | None
    taken: int


@dataclass
class _Order:
    """An order of the kind that may count, held until the transaction ends."""

    id: int
    number: str
    shop_id: int
    source: str
    status: str
    received: int
    refunded: int
    currency: str
    state: PresaleState | None
    """None while it has no deposit."""
    lines: list[_Line] = field(default_factory=list)

    @property
    def elsewhere(self) -> bool:
        """Its platform takes the balance and closes the window."""
        return self.source == "channel"


def held(uow: UnitOfWork, order_ids: Iterable[int], *, begun: bool = False) -> list[_Order]:
    """The presale orders among these with their lines; with `begun`, those that are followed already."""
    wanted = sorted(set(order_ids))
    which = "p.id IS NOT NULL" if begun else "o.type = 'presale'"
    found = {
        row[0]: _Order(
            row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], None if row[8] is None else PresaleState(row[8])
        )
        for row in uow.db.rows(
            "SELECT o.id, o.number, o.shop_id, o.source, o.status, o.received, o.refunded, o.currency, p.state "
            "FROM sales_order o LEFT JOIN presale_order p ON p.order_id = o.id "
            f"WHERE o.id IN ({marks(wanted)}) AND {which} ORDER BY o.id" + ("" if uow.db.sqlite else " FOR UPDATE OF o"),
            wanted,
        )
    }
    if not found:
        return []
    rows = uow.db.rows(
        "SELECT l.order_id, l.no, l.kit_line, l.per_kit, l.kit, l.quantity - l.cancelled, l.id, l.sku_id, l.amount, x.id, "
        "x.presale_id, COALESCE(x.taken, 0) FROM order_line l LEFT JOIN presale_line x ON x.line_id = l.id "
        f"WHERE l.order_id IN ({marks(list(found))}) AND l.gift = '' ORDER BY l.order_id, l.no",
        list(found),
    )
    kits: dict[tuple[int, int], int] = {}
    for order_id, _, kit_line, per_kit, _, left, *_ in rows:
        if kit_line is not None:
            # A kit that is owed in part is still one promise.
            kits[order_id, kit_line] = max(kits.get((order_id, kit_line), 0), -(-left // per_kit))
    for order_id, no, kit_line, _, kit, left, line_id, sku_id, amount, own, presale, taken in rows:
        if kit_line is None:
            wanted_ = kits.get((order_id, no), 0) if kit else left
            found[order_id].lines.append(_Line(line_id, sku_id, wanted_, amount, own, presale, taken))
    return list(found.values())


def open_terms(uow: UnitOfWork, orders: Sequence[_Order]) -> dict[tuple[int, int], tuple[int, int]]:
    """What these orders' SKUs are sold for ahead right now: by shop and SKU, the presale and its deposit per unit."""
    skus = sorted({line.sku_id for order in orders for line in order.lines if line.sku_id is not None})
    if not skus:
        return {}
    shops = sorted({order.shop_id for order in orders})
    return {
        (shop_id, sku_id): (presale, deposit)
        for shop_id, sku_id, presale, deposit in uow.db.rows(
            "SELECT c.shop_id, c.sku_id, p.id, p.deposit FROM presale p JOIN presale_cap c ON c.id = p.cap_id "
            f"WHERE c.open AND c.shop_id IN ({marks(shops)}) AND c.sku_id IN ({marks(skus)})",
            [*shops, *skus],
        )
    }


def due(order: _Order, terms: Mapping[tuple[int, int], tuple[int, int]]) -> int | None:
    """The deposit that an order needs, never more than its goods cost; None where none of its SKUs is on presale."""
    found = [
        min(line.amount, line.wanted * terms[order.shop_id, line.sku_id][1])
        for line in order.lines
        if line.sku_id is not None and (order.shop_id, line.sku_id) in terms
    ]
    return sum(found) if found else None


def recount(uow: UnitOfWork, orders: Sequence[_Order]) -> None:
    """Bring what counts of these orders, and the caps, to what is wanted of their lines now."""
    terms = open_terms(uow, orders)
    new: list[tuple[int, int, int, int]] = []
    changes: dict[bool, dict[int, int]] = {False: {}, True: {}}
    sold: dict[int, list[int]] = {}
    for order in orders:
        by_hand = changes[order.source == "manual"]
        for line in order.lines:
            presale = line.presale
            if presale is None and line.sku_id is not None and line.wanted:
                presale = terms.get((order.shop_id, line.sku_id), (None, 0))[0]
            if presale is None or line.wanted == line.taken:
                continue
            by_hand[presale] = by_hand.get(presale, 0) + line.wanted - line.taken
            sold.setdefault(presale, []).append(order.id)
            if line.row is None:
                new.append((line.id, order.id, presale, line.wanted))
            else:
                uow.db.change("UPDATE presale_line SET taken = ? WHERE id = ?", (line.wanted, line.row))
    if not sold:
        return
    if new:
        uow.db.insert("presale_line", ("line_id", "order_id", "presale_id", "taken"), new)
    caps = dict(uow.db.rows(f"SELECT id, cap_id FROM presale WHERE id IN ({marks(list(sold))}) ORDER BY id", list(sold)))
    over = take(uow, {caps[presale]: units for presale, units in changes[False].items()}, beyond=True)
    take(uow, {caps[presale]: units for presale, units in changes[True].items()})
    for presale, order_ids in sold.items():
        if caps[presale] in over:
            taken, cap = over[caps[presale]]
            for order_id in order_ids:
                uow.note("presale over its cap", "order", order_id, f"{taken} of {cap}")


def apply_terms(uow: UnitOfWork, order_ids: Sequence[int]) -> None:
    """Give orders the window and the promised date of their presales; of several presales the latest counts.

    A platform keeps its own window, so that nobody here closes it before its last document came.
    """
    if not order_ids:
        return

    def latest(column: str, order: str) -> str:
        counting = f"presale_line x JOIN presale p ON p.id = x.presale_id WHERE x.order_id = {order} AND x.taken > 0"
        return f"(SELECT MAX(p.{column}) FROM {counting})"

    mine = marks(order_ids)
    uow.db.change(
        f"UPDATE presale_order SET balance_from = {latest('balance_from', 'presale_order.order_id')}, "
        f"balance_until = {latest('balance_until', 'presale_order.order_id')} WHERE order_id IN ({mine}) "
        "AND state = 'deposit_paid' AND (SELECT o.source FROM sales_order o WHERE o.id = presale_order.order_id) <> 'channel'",
        list(order_ids),
    )
    uow.db.change(
        f"UPDATE sales_order SET ship_by = {latest('ship_by', 'sales_order.id')}, version = version + 1 "
        f"WHERE id IN ({mine}) AND {latest('ship_by', 'sales_order.id')} IS NOT NULL "
        f"AND (ship_by IS NULL OR ship_by <> {latest('ship_by', 'sales_order.id')})",
        list(order_ids),
    )


# listeners


def hear_deposit(uow: UnitOfWork, events: Sequence[DepositPaid]) -> None:
    """Money came for orders that are not payable in full: those of a presale have a deposit now, and count."""
    at = {event.order_id: event.at for event in events}
    orders = [order for order in held(uow, at) if order.state is None and order.status == "pending_payment"]
    terms = open_terms(uow, orders)
    begun = []
    for order in orders:
        needed = due(order, terms)
        paid = order.received - order.refunded
        if order.source == "manual" and (needed is None or paid < needed):
            continue  # money on account; `presale.take_deposit` is what tells people so
        deposit = min(paid, needed) if needed and order.source == "manual" else paid
        _begin(uow, order, PresaleState.DEPOSIT_PAID, deposit, at[order.id])
        begun.append(order)
    recount(uow, begun)
    apply_terms(uow, [order.id for order in begun])
    for order in begun:
        uow.note("deposit paid", "order", order.id, Money(order.received, order.currency).text)
        if not order.elsewhere:
            hold(uow, order.id, HoldCode.PRESALE, OPEN_BALANCE, source=SOURCE)


def hear_settled(uow: UnitOfWork, events: Sequence[OrderSettled]) -> None:
    """Orders are payable in full: the balance of a presale has come, or everything at once, which counts like a deposit."""
    cards = {event.card.id: event.card for event in events if event.card.type is OrderType.PRESALE}
    if not cards:
        return
    orders = held(uow, cards)
    terms = open_terms(uow, orders)
    fresh = []
    for order in orders:
        card = cards[order.id]
        if order.state is None and due(order, terms) is not None:
            _begin(uow, order, PresaleState.BALANCE_PAID, 0, card.paid_at or card.placed_at)
            fresh.append(order)
        elif order.state is PresaleState.DEPOSIT_PAID:
            _refuse_late(uow, order, card.paid_at or uow.now)
            uow.db.change("UPDATE presale_order SET state = ? WHERE order_id = ?", (PresaleState.BALANCE_PAID, order.id))
            uow.note("balance paid", "order", order.id)
            lift(uow, order.id, HoldCode.PRESALE, source=SOURCE, because="the balance is paid")
    recount(uow, fresh)
    apply_terms(uow, [order.id for order in fresh])


def hear_forfeited(uow: UnitOfWork, events: Sequence[DepositForfeited]) -> None:
    """Deposits are kept: the orders are through, also those that were over before anybody here saw them."""
    for event in sorted(events, key=lambda event: event.order_id):
        amount = (event.net + event.tax).minor
        if not uow.db.change(
            "UPDATE presale_order SET state = ?, forfeited = forfeited + ? WHERE order_id = ?",
            (PresaleState.FORFEITED, amount, event.order_id),
        ):
            uow.db.insert(
                "presale_order",
                ("order_id", "state", "deposit", "deposit_at", "forfeited"),
                [(event.order_id, PresaleState.FORFEITED, amount, event.at, amount)],
            )


def hear_changed(uow: UnitOfWork, events: Sequence[UnitsCancelled | OrderChanged | UnitsAdded]) -> None:
    """Fewer or more units are wanted: what is not wanted any more may be promised to others; a cancelled order is through."""
    ids = {id_ for event in events for id_ in ((event.order_id,) if isinstance(event, UnitsCancelled) else event.order_ids)}
    orders = held(uow, ids, begun=True)
    if not orders:
        return
    recount(uow, orders)
    for order in orders:
        if order.status == "cancelled" and order.state in (PresaleState.DEPOSIT_PAID, PresaleState.BALANCE_PAID):
            uow.db.change("UPDATE presale_order SET state = ? WHERE order_id = ?", (PresaleState.CANCELLED, order.id))


def _begin(uow: UnitOfWork, order: _Order, state: PresaleState, deposit: int, at: datetime) -> None:
    uow.db.insert(
        "presale_order",
        ("order_id", "state", "deposit", "deposit_at", "forfeited"),
        [(order.id, state, deposit, at, 0)],
    )


def _refuse_late(uow: UnitOfWork, order: _Order, at: datetime) -> None:
    row = uow.db.row("SELECT 1 FROM presale_order WHERE order_id = ? AND balance_until < ?", (order.id, at))
    if row is not None:
        raise DomainError(
            f"order {order.number}: the balance came after its window had closed",
            remedy="extend the presale first, or let it close and give back what is not the deposit",
        )
