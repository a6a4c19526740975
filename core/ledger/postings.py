"""The posting rules: what each event does to which accounts. Pure, one entry per event.

The rules are those of revenue at shipment (政策 A) in `docs/model.md`; a correction of something already sold is red (红字):
the same accounts on the same sides with negative amounts, so that turnover is not inflated.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ..inventory.api import OURS, GoodsMoved, Place
from ..kernel.errors import DomainError
from ..kernel.values import Money
from ..orders.api import CodRemitted, DepositForfeited, MoneyReceived, MoneyReturned, Sold
from .api import AccountRef, JournalLine, Role

ORDER = "order"
"""What entries about an order's money are filed under, beside the order's id."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry before it has a date. Lines of nothing may stand in it; they are left out when it is posted."""

    ref: str
    at: datetime
    text: str
    kind: str
    document: int
    lines: tuple[JournalLine, ...]
    reverses: str = ""


def debit(role: Role, amount: Money, detail: str = "") -> JournalLine:
    return JournalLine(AccountRef(role, detail), amount, Money.zero(amount.currency))


def credit(role: Role, amount: Money, detail: str = "") -> JournalLine:
    return JournalLine(AccountRef(role, detail), Money.zero(amount.currency), amount)


_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,39}")


def mark(key: str) -> str:
    """An event's key as it stands in a ref: itself while it is short and plain, else what is legible of it and a digest."""
    if _PLAIN.fullmatch(key):
        return key
    legible = re.sub(r"[^A-Za-z0-9]+", "-", key).strip("-")[:24]
    return f"{legible}-{hashlib.sha256(key.encode()).hexdigest()[:10]}".lstrip("-")


def received(event: MoneyReceived) -> Draft:
    """A buyer's money is owed to the buyer until the goods leave; its tax is not due until then either."""
    return Draft(
        f"{event.number}-PAY-{mark(event.key)}",
        event.at,
        f"收款 payment {event.number}",
        ORDER,
        event.order_id,
        (
            debit(Role.PLATFORM, event.net + event.tax, event.shop),
            credit(Role.ADVANCES, event.net),
            credit(Role.ADVANCES_TAX, event.tax),
        ),
    )


def sale_ref(number: str, key: str) -> str:
    """What a sale's entry is filed under, by the order's number and the shipment's key."""
    return f"{number}-SALE-{mark(key)}"


def sold(event: Sold) -> Draft:
    """What was paid in advance, or what the carrier will collect, becomes revenue and tax that is due."""
    if event.collector:
        owed = [debit(Role.COD_RECEIVABLE, event.goods + event.freight + event.tax, event.collector)]
    else:
        owed = [debit(Role.ADVANCES, event.goods + event.freight), debit(Role.ADVANCES_TAX, event.tax)]
    return Draft(
        sale_ref(event.number, event.key),
        event.at,
        f"销售 sale {event.number}",
        ORDER,
        event.order_id,
        (
            *owed,
            credit(Role.REVENUE, event.goods),
            credit(Role.FREIGHT_REVENUE, event.freight),
            credit(Role.OUTPUT_TAX, event.tax),
        ),
    )


def remitted(event: CodRemitted) -> Draft:
    """Who collected at the door hands it over: the receivable ends on our own account."""
    return Draft(
        f"{event.number}-COD-{mark(event.key)}",
        event.at,
        f"代收货款 cash on delivery {event.number}",
        ORDER,
        event.order_id,
        (debit(Role.BANK, event.amount), credit(Role.COD_RECEIVABLE, event.amount, event.collector)),
    )


def forfeited(event: DepositForfeited) -> Draft:
    """A deposit that is kept is other income, whole: nothing was supplied for it, so the tax inside it never falls due."""
    return Draft(
        f"{event.number}-FORFEIT",
        event.at,
        f"没收定金 deposit kept {event.number}",
        ORDER,
        event.order_id,
        (
            debit(Role.ADVANCES, event.net),
            debit(Role.ADVANCES_TAX, event.tax),
            credit(Role.OTHER_INCOME, event.net + event.tax),
        ),
    )


def returned(event: MoneyReturned) -> Draft:
    """An advance simply goes back; the part that was already sold, or kept, is taken out of the income in red."""
    kept = event.kept or Money.zero(event.sale_net.currency)
    paid_from, detail = (Role.BANK, "") if event.cod else (Role.PLATFORM, event.shop)
    return Draft(
        f"{event.number}-REFUND-{mark(event.key)}",
        event.at,
        f"退款 refund {event.number}",
        ORDER,
        event.order_id,
        (
            debit(Role.ADVANCES, event.advance_net),
            debit(Role.ADVANCES_TAX, event.advance_tax),
            credit(paid_from, event.advance_net + event.advance_tax, detail),
            debit(paid_from, -(event.sale_net + event.sale_tax + kept), detail),
            credit(Role.REVENUE, -event.sale_net),
            credit(Role.OUTPUT_TAX, -event.sale_tax),
            credit(Role.OTHER_INCOME, -kept),
        ),
    )


@dataclass(frozen=True, slots=True)
class _Goods:
    """Debit and credit of goods on one way; going back over it is red."""

    tag: str
    title: str
    debit: Role
    credit: Role
    red: bool = False


_WAYS: Mapping[tuple[Place, Place], _Goods] = {
    (Place.SUPPLIER, Place.STOCK): _Goods("RECEIPT", "入库 receipt", Role.INVENTORY, Role.PAYABLE),
    (Place.STOCK, Place.SUPPLIER): _Goods("RECEIPT-RED", "退供 back to supplier", Role.INVENTORY, Role.PAYABLE, red=True),
    (Place.OPENING, Place.STOCK): _Goods("OPENING", "期初 opening stock", Role.INVENTORY, Role.OPENING),
    (Place.STOCK, Place.OPENING): _Goods("OPENING-RED", "期初更正 opening stock", Role.INVENTORY, Role.OPENING, red=True),
    (Place.STOCK, Place.CUSTOMER): _Goods("COST", "成本 cost of goods", Role.COST_OF_GOODS, Role.INVENTORY),
    (Place.CUSTOMER, Place.STOCK): _Goods("COST-RED", "退货 goods back", Role.COST_OF_GOODS, Role.INVENTORY, red=True),
    (Place.CUSTOMER, Place.LOSS): _Goods("LOSS", "报损 damaged return", Role.STOCK_LOSS, Role.COST_OF_GOODS),
    (Place.STOCK, Place.LOSS): _Goods("LOSS", "报损 stock loss", Role.STOCK_LOSS, Role.INVENTORY),
    (Place.LOSS, Place.STOCK): _Goods("LOSS-RED", "报损冲回 found again", Role.STOCK_LOSS, Role.INVENTORY, red=True),
    (Place.STOCK, Place.ADJUSTMENT): _Goods("ADJUST", "盘亏 count below the book", Role.STOCK_LOSS, Role.INVENTORY),
    (Place.ADJUSTMENT, Place.STOCK): _Goods("ADJUST", "盘盈 count above the book", Role.INVENTORY, Role.STOCK_LOSS),
}


def moved(event: GoodsMoved) -> Draft | None:
    """Goods at cost; None where they stay ours, in stock, in qc, defective or in transit, which changes no account.

    Raises DomainError for a way that no rule books, unless the units cost nothing.
    """
    if event.source in OURS and event.target in OURS:
        return None
    source, target = (Place.STOCK if place in OURS else place for place in (event.source, event.target))
    way = _WAYS.get((source, target))
    if way is None:
        if not event.cost:
            return None
        raise DomainError(
            f"no posting rule for goods that go from {event.source} to {event.target} ({event.key})",
            remedy="move them through stock",
        )
    amount = -event.cost if way.red else event.cost
    return Draft(
        f"{way.tag}-{mark(event.key)}",
        event.at,
        f"{way.title} {event.text}".rstrip(),
        event.kind,
        event.document,
        (debit(way.debit, amount), credit(way.credit, amount)),
    )
