"""预售: goods sold before they are there, for a deposit first and the balance later.

A presale is the terms on which a shop sells a SKU ahead: how many, for which deposit, when the balance is due and when it
ships. An order with a paid deposit counts against the cap; it goes to review and routing when its balance is there, and from
then on it stands in the queue. Whose balance does not come in time loses order and deposit. On a platform the platform takes
both payments and closes the window; its documents do the same here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from logging import getLogger

from ..catalog.prices import prices_of
from ..catalog.queries import items, shop
from ..inventory.caps import close_cap, open_cap, set_cap
from ..kernel.db import Database, as_moment
from ..kernel.errors import DomainError, OrderyardError
from ..kernel.uow import Installation, UnitOfWork
from ..kernel.values import Money
from .api import OrderStatus, PresaleState
from .money import nearest
from .promised import apply_terms, due, held, open_terms
from .service import PaymentFacts, cancel, forfeit, receive_payment, refund

_log = getLogger("orderyard.presale")

TOGETHER = 50
"""Windows that are closed in one transaction."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What buyers of a presale are promised, and what they owe.

    The deposit is per unit, in minor units of the shop's currency, or `share` basis points of the list price. Without a
    window the balance may come at any time.
    """

    cap: int
    deposit: int | None = None
    share: int | None = None
    balance_from: datetime | None = None
    balance_until: datetime | None = None
    """The last moment that is in time."""
    ship_by: datetime | None = None


# the presale itself


def open_presale(uow: UnitOfWork, shop_id: int, sku_id: int, terms: Terms) -> int:
    """Sell a SKU, or a kit, ahead in a shop from now on; the presale's id. Its listings show what is left of the cap."""
    deposit = _deposit(uow, shop_id, sku_id, terms)
    _check(terms, uow.now)
    cap_id = open_cap(uow, shop_id, sku_id, terms.cap)
    [(presale_id,)] = uow.db.insert(
        "presale",
        ("cap_id", "deposit", "balance_from", "balance_until", "ship_by"),
        [(cap_id, deposit, terms.balance_from, terms.balance_until, terms.ship_by)],
        returning="id",
    )
    uow.note(
        "presale opened", "presale", presale_id, data={"shop": shop_id, "sku": sku_id, "cap": terms.cap, "deposit": deposit}
    )
    return int(presale_id)


def change_presale(uow: UnitOfWork, presale_id: int, terms: Terms) -> None:
    """Other terms: who waits for the balance or the goods gets the new window and date; deposits paid stay as they are."""
    cap_id, shop_id, sku_id = _presale(uow, presale_id)
    deposit = _deposit(uow, shop_id, sku_id, terms)
    _check(terms, uow.now)
    uow.db.change(
        "UPDATE presale SET deposit = ?, balance_from = ?, balance_until = ?, ship_by = ? WHERE id = ?",
        (deposit, terms.balance_from, terms.balance_until, terms.ship_by, presale_id),
    )
    waiting = uow.db.rows(
        "SELECT DISTINCT o.id FROM presale_line x JOIN sales_order o ON o.id = x.order_id WHERE x.presale_id = ? "
        "AND o.status IN ('pending_payment', 'pending_review', 'to_ship') ORDER BY o.id",
        (presale_id,),
    )
    apply_terms(uow, [order.id for order in held(uow, [row[0] for row in waiting])])
    set_cap(uow, cap_id, terms.cap)
    uow.note("presale changed", "presale", presale_id, data={"cap": terms.cap, "deposit": deposit})


def close_presale(uow: UnitOfWork, presale_id: int) -> None:
    """Sell nothing ahead any more. Who paid a deposit keeps the promise, and the window for the balance."""
    close_cap(uow, _presale(uow, presale_id)[0])
    uow.note("presale closed", "presale", presale_id)


def presale_of(db: Database, shop_id: int, sku_id: int) -> int:
    """The open presale of a SKU in a shop; DomainError when it is not on presale there."""
    row = db.row(
        "SELECT p.id FROM presale p JOIN presale_cap c ON c.id = p.cap_id WHERE c.shop_id = ? AND c.sku_id = ? AND c.open",
        (shop_id, sku_id),
    )
    if row is None:
        raise DomainError("this SKU is not on presale in this shop", remedy="open a presale of it first")
    return int(row[0])


def _presale(uow: UnitOfWork, presale_id: int) -> tuple[int, int, int]:
    row = uow.db.row(
        "SELECT c.id, c.shop_id, c.sku_id FROM presale p JOIN presale_cap c ON c.id = p.cap_id WHERE p.id = ?", (presale_id,)
    )
    if row is None:
        raise DomainError(f"there is no presale {presale_id}", remedy="reload the list of presales")
    return row[0], row[1], row[2]


def _deposit(uow: UnitOfWork, shop_id: int, sku_id: int, terms: Terms) -> int:
    """The deposit per unit that the terms come to."""
    facts, item = shop(uow.db, shop_id), items(uow.db, [sku_id]).get(sku_id)
    if item is None:
        raise DomainError(f"there is no SKU {sku_id}", remedy="choose one of the catalog")
    wanted = ("", sku_id, 1)
    price = prices_of(uow.db, facts, uow.merchant.currency, [wanted]).get(wanted)
    if (terms.deposit is None) == (terms.share is None):
        raise DomainError("a deposit is an amount or a share of the price", remedy="give one of the two")
    if terms.share is not None:
        if not 0 < terms.share <= 10_000:
            raise DomainError(f"a deposit of {terms.share / 100:g}% (of the price)", remedy="give more than 0%, at most 100%")
        if price is None:
            raise DomainError(f"{item.code} has no price in shop {facts.code}", remedy="give the deposit as an amount")
        return nearest(price, terms.share, 10_000)
    deposit = terms.deposit or 0
    if deposit < 0 or (price is not None and deposit > price):
        told = "nothing" if price is None else Money(price, facts.currency).text
        raise DomainError(
            f"a deposit of {Money(deposit, facts.currency).text} for {item.code}, which costs {told}",
            remedy="give 0 or more, and no more than the price",
        )
    return deposit


def _check(terms: Terms, now: datetime) -> None:
    start, end = terms.balance_from, terms.balance_until
    if end is not None and end <= now:
        raise DomainError("the window for the balance is over already", remedy="let it end in the future")
    if start is not None and end is not None and start >= end:
        raise DomainError("the window for the balance ends before it begins", remedy="exchange the two moments")
    if terms.ship_by is not None and start is not None and terms.ship_by < start:
        raise DomainError("the goods are promised before anybody can have paid", remedy="promise a later day")


# its orders


def deposit_due(uow: UnitOfWork, order_id: int) -> int:
    """What is still missing of an order's deposit, in minor units; DomainError for one that is not on presale."""
    order = next(iter(held(uow, [order_id])), None)
    terms = {} if order is None else open_terms(uow, [order])
    needed = None if order is None else due(order, terms)
    if order is None or needed is None:
        raise DomainError(
            f"nothing of order {order_id} is on presale", remedy="take the whole payment, or open a presale first"
        )
    return max(0, needed - order.received + order.refunded)


def take_deposit(uow: UnitOfWork, payment: PaymentFacts) -> bool:
    """Count the deposit of an order taken by hand; False when its key was counted before. Its units are promised then."""
    if _counted(uow, payment.key):
        return False
    missing = deposit_due(uow, payment.order_id)
    [(number, currency, status, state)] = uow.db.rows(
        "SELECT o.number, o.currency, o.status, p.state FROM sales_order o LEFT JOIN presale_order p ON p.order_id = o.id "
        "WHERE o.id = ?",
        (payment.order_id,),
    )
    if state is not None or status != OrderStatus.PENDING_PAYMENT:
        raise DomainError(f"order {number} waits for no deposit ({state or status})", remedy="reload the order")
    if payment.amount < missing:
        raise DomainError(
            f"order {number}: a deposit of {Money(payment.amount, currency).text}, {Money(missing, currency).text} is needed",
            remedy="take the whole deposit, or nothing",
        )
    return receive_payment(uow, payment)


def balance_due(uow: UnitOfWork, order_id: int, at: datetime) -> int:
    """What an order taken by hand owes besides its deposit at a moment of the window; refused before and after it."""
    row = uow.db.row(
        "SELECT o.number, o.source, o.total - o.received + o.refunded, p.state, p.balance_from, p.balance_until "
        "FROM sales_order o JOIN presale_order p ON p.order_id = o.id WHERE o.id = ?"
        + ("" if uow.db.sqlite else " FOR UPDATE"),
        (order_id,),
    )
    if row is None:
        raise DomainError(f"order {order_id} has no deposit", remedy="take the deposit first")
    number, source, owed, state = str(row[0]), row[1], int(row[2]), PresaleState(row[3])
    start, end = (None if moment is None else as_moment(moment) for moment in row[4:6])
    if source == "channel":
        raise DomainError(f"order {number} is paid on its platform", remedy="its next document brings the balance")
    if state is PresaleState.FORFEITED or (end is not None and at > end and state is PresaleState.DEPOSIT_PAID):
        raise DomainError(
            f"order {number}: the window for the balance has closed", remedy="enter a new order, or extend the presale in time"
        )
    if state is not PresaleState.DEPOSIT_PAID:
        raise DomainError(f"order {number} waits for no balance ({state})", remedy="reload the order")
    if start is not None and at < start:
        raise DomainError(
            f"order {number}: the window for the balance has not opened", remedy="wait for it, or change the presale"
        )
    return owed


def take_balance(uow: UnitOfWork, order_id: int, *, at: datetime, method: str, key: str) -> bool:
    """Count the whole balance; False when its key was counted before. The order is settled and queues by this moment."""
    if _counted(uow, key):
        return False
    return receive_payment(uow, PaymentFacts(order_id, balance_due(uow, order_id, at), at, method, key))


def _counted(uow: UnitOfWork, key: str) -> bool:
    return uow.db.row("SELECT 1 FROM payment WHERE key = ?", (key,)) is not None


def give_back(uow: UnitOfWork, order_id: int, because: str, *, method: str, key: str) -> bool:
    """Cancel an order that waits for its balance and give everything back, or only give back a deposit that was kept.

    False when the key was counted before.
    """
    if _counted(uow, key):
        return False
    order = next(iter(held(uow, [order_id])), None)
    if order is None or order.state not in (PresaleState.DEPOSIT_PAID, PresaleState.FORFEITED):
        raise DomainError(f"order {order_id} has no deposit to give back", remedy="after the balance, cancel and refund it")
    if order.elsewhere:
        raise DomainError(f"order {order.number} was paid on its platform", remedy="give it back there")
    if order.state is PresaleState.DEPOSIT_PAID:
        cancel(uow, order_id, None, because)
    if not (paid := order.received - order.refunded):
        raise DomainError(f"order {order.number}: everything has gone back already", remedy="reload the order")
    return refund(uow, PaymentFacts(order_id, paid, uow.now, method, key))


# the round


def close_windows(uow: UnitOfWork, after: int = 0) -> tuple[list[int], int | None]:
    """Close some windows that are over, of orders above `after`: the orders, and where to go on, None at the end.

    Each order is cancelled, its units may be promised to others, its deposit is other income of the moment the window closed.
    """
    found = uow.db.rows(
        "SELECT order_id FROM presale_order WHERE state = 'deposit_paid' AND balance_until < ? AND order_id > ? "
        f"ORDER BY order_id LIMIT {TOGETHER}",
        (uow.now, after),
    )
    closed = []
    for (order_id,) in found:
        try:
            with uow.attempt():
                if _close(uow, order_id):
                    closed.append(order_id)
        except OrderyardError as error:
            _log.info("the window of order %s stays open: %s", order_id, error)
    return closed, found[-1][0] if len(found) == TOGETHER else None


def _close(uow: UnitOfWork, order_id: int) -> bool:
    """Look again with the order held: its balance may have come, the window may have been extended meanwhile."""
    held(uow, [order_id], begun=True)
    row = uow.db.row(
        "SELECT p.deposit, p.balance_until FROM presale_order p JOIN sales_order o ON o.id = p.order_id WHERE p.order_id = ? "
        "AND p.state = 'deposit_paid' AND p.balance_until < ? AND o.paid_at IS NULL",
        (order_id, uow.now),
    )
    if row is None:
        return False
    forfeit(uow, order_id, as_moment(row[1]), most=row[0])
    return True


def close_all_windows(installation: Installation) -> list[int]:
    """Every window that is over, some in each transaction; the orders that lost their deposits."""
    closed: list[int] = []
    after: int | None = 0
    while after is not None:
        done, after = installation.carry_out("automatic", partial(close_windows, after=after))
        closed += done
    return closed
