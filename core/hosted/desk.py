"""The desk of a shop that a plugin keeps on pages of its own: what may be sold, what was bought, and handing documents in.

A document that is delivered here takes the same road as one that was pulled: kept first, then read by the adapter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from ..aftersales import pages as after_sale_pages
from ..aftersales import service as aftersales
from ..aftersales.api import AfterSaleType, Wanted
from ..catalog.prices import prices_of
from ..catalog.queries import Item, items_by_code, shop
from ..channels import inbox
from ..channels.accounts import Accounts
from ..channels.api import DocumentKind, check
from ..connections.service import ConnectionFacts, connection, settings_of
from ..inventory.published import sellable
from ..kernel.db import Database, marks
from ..kernel.errors import DomainError
from ..kernel.values import Money, quantity
from ..orders.api import OrderStatus, PaymentState
from . import bought
from .api import AskedBack, Bought, Delivered, DeskFacts, Offered
from .counter import ShopCounter

SOURCE = "desk"
"""How its documents came, as the inbox keeps it."""

_ASKS = (
    AfterSaleType.REFUND_BEFORE_SHIP,
    AfterSaleType.REFUND_ONLY,
    AfterSaleType.RETURN_REFUND,
    AfterSaleType.EXCHANGE,
    AfterSaleType.COMPLAINT,
)
_TOGETHER = 5_000
_FREE = (AfterSaleType.EXCHANGE, AfterSaleType.COMPLAINT)
"""Wishes in which no money is asked back."""


def desk_facts(db: Database, facts: ConnectionFacts) -> DeskFacts:
    """A connection as its shop's pages know it."""
    sold_by = None if facts.shop_id is None else shop(db, facts.shop_id)
    code, title, currency = ("", "", "") if sold_by is None else (sold_by.code, sold_by.title, sold_by.currency)
    return DeskFacts(facts.code, facts.adapter, code, title, currency, facts.state == "active")


class HostedDesk:
    """`Desk` of one connection; each call reads the connection anew."""

    def __init__(self, accounts: Accounts, code: str, titles: Mapping[str, str]) -> None:
        """`titles` names carriers by their adapter."""
        self._accounts = accounts
        self._installation = accounts.installation
        self._code = code
        self._titles = titles

    @property
    def _db(self) -> Database:
        return self._installation.db

    @property
    def facts(self) -> DeskFacts:
        with self._db.connection():
            return desk_facts(self._db, connection(self._db, self._code))

    def settings(self) -> Mapping[str, str]:
        with self._db.connection():
            facts = connection(self._db, self._code)
            return settings_of(self._accounts.seal, facts, self._accounts.kind(facts).settings)

    @property
    def counter(self) -> ShopCounter:
        return ShopCounter(self._installation, self._code, self.offers)

    def today(self) -> str:
        return self._installation.merchant.day(self._installation.environment.now())

    # what is sold

    def offers(self, skus: Sequence[str]) -> Sequence[Offered]:
        with self._db.connection():
            return self._offers(skus)

    def _offers(self, skus: Sequence[str]) -> list[Offered]:
        sold_by = shop(self._db, self._shop_id(connection(self._db, self._code)))
        items = items_by_code(self._db, skus)
        if not items:
            return []
        ids = [item.sku_id for item in items.values()]
        prices = prices_of(self._db, sold_by, self._installation.merchant.currency, [("", sku_id, 1) for sku_id in ids])
        barcodes = dict(self._db.rows(f"SELECT id, barcode FROM sku WHERE id IN ({marks(ids)})", ids))
        takes = {item.sku_id: _takes(item) for item in items.values()}
        free = sellable(self._db, sold_by.id, {part for parts in takes.values() for part in parts}, self.today())
        return [
            Offered(
                code,
                item.title,
                barcodes.get(item.sku_id) or "",
                None if (price := prices.get(("", item.sku_id, 1))) is None else Money(price, sold_by.currency),
                max(0, min(free.get(part, 0) // units for part, units in takes[item.sku_id].items())),
            )
            for code in dict.fromkeys(skus)
            if (item := items.get(code)) is not None
        ]

    def _shop_id(self, facts: ConnectionFacts) -> int:
        if facts.shop_id is None:
            raise DomainError(f"connection {facts.code} belongs to no shop", remedy="set its shop")
        return facts.shop_id

    # what comes in

    def deliver(self, body: bytes) -> Delivered:
        facts = connection(self._db, self._code)
        if facts.state != "active":
            raise DomainError(f"connection {facts.code} is paused", remedy="resume it; until then it takes no orders")
        channel = self._accounts.channel(facts)
        external_id, version = "", None
        try:
            order = channel.read(body)
            check(order)
        except Exception:  # it is kept all the same, and parked with the reason
            name = f"unread/{hashlib.sha256(body).hexdigest()}"
        else:
            external_id, version = order.external_id, order.version
            name = f"{external_id}@{version.isoformat()}"
        with self._installation.unit_of_work(f"channel:{facts.code}") as uow:
            row = inbox.store(uow, facts.id, SOURCE, name, external_id, version=version, body=body)
            if row is not None:
                uow.db.change("UPDATE connection SET last_good_at = ? WHERE id = ?", (uow.now, facts.id))
        kept = self._db.row(
            "SELECT id, body, verdict FROM inbox WHERE connection_id = ? AND source = ? AND delivery_id = ?",
            (facts.id, SOURCE, name),
        )
        if kept is None:
            raise DomainError(f"document {name} of {facts.code} is gone", remedy="deliver it again")
        if row is not None or not kept[2]:  # an earlier delivery may have been stopped before it was read
            inbox.take(self._installation, facts, channel, kept[0], bytes(kept[1]), DocumentKind.ORDER)
        return self._what_became("i.id = ?", [kept[0]]) or Delivered("parked")

    def delivered(self, external_id: str) -> Delivered | None:
        with self._db.connection():
            facts = connection(self._db, self._code)
            return self._what_became("i.connection_id = ? AND i.document = ? AND i.kind = 'order'", [facts.id, external_id])

    def _what_became(self, where: str, parameters: Sequence[object]) -> Delivered | None:
        row = self._db.row(
            "SELECT i.verdict, i.order_id, o.number, i.reason FROM inbox i LEFT JOIN sales_order o ON o.id = i.order_id "
            f"WHERE {where} ORDER BY i.id DESC LIMIT 1",
            parameters,
        )
        return None if row is None else Delivered(row[0] or "parked", row[1], row[2] or "", row[3])

    # what was bought

    def order(self, external_id: str) -> Bought | None:
        with self._db.connection():
            facts = connection(self._db, self._code)
            found = bought.orders(self._db, self._titles, "d.connection_id = ? AND d.external_id = ?", [facts.id, external_id])
            return found[0] if found else None

    def orders(self, number: str, phone: str) -> Sequence[Bought]:
        wanted = number.strip()
        if not wanted or not wanted.isprintable():
            return []
        with self._db.connection():
            facts = connection(self._db, self._code)
            found = bought.orders(
                self._db,
                self._titles,
                "d.connection_id = ? AND (o.number IN (?, ?) OR o.external_number IN (?, ?))",
                [facts.id, wanted, wanted.upper(), wanted, wanted.upper()],
            )
            return [order for order in found if bought.same_phone(order.receiver, phone)]

    def statuses(self, external_ids: Sequence[str]) -> Mapping[str, tuple[OrderStatus, PaymentState]]:
        found: dict[str, tuple[OrderStatus, PaymentState]] = {}
        with self._db.connection():
            facts = connection(self._db, self._code)
            for start in range(0, len(external_ids), _TOGETHER):
                part = external_ids[start : start + _TOGETHER]
                for external_id, status, payment in self._db.rows(
                    "SELECT d.external_id, o.status, o.payment FROM channel_order d JOIN sales_order o ON o.id = d.order_id "
                    f"WHERE d.connection_id = ? AND d.external_id IN ({marks(part)})",
                    [facts.id, *part],
                ):
                    found[external_id] = OrderStatus(status), PaymentState(payment)
        return found

    # what is asked afterwards

    def ask_return(
        self, external_id: str, lines: Mapping[str, int], type: AfterSaleType, reason: str, words: str = ""
    ) -> AskedBack:
        if type not in _ASKS:
            raise DomainError(f"a buyer cannot ask for {type}", remedy=f"there are: {', '.join(_ASKS)}")
        facts = connection(self._db, self._code)
        with self._installation.unit_of_work(f"channel:{facts.code}") as uow:
            row = uow.db.row(
                "SELECT o.id FROM sales_order o JOIN channel_order d ON d.order_id = o.id "
                "WHERE d.connection_id = ? AND d.external_id = ?" + ("" if uow.db.sqlite else " FOR UPDATE OF o"),
                (facts.id, external_id),
            )
            found = [] if row is None else bought.orders(uow.db, self._titles, "o.id = ?", [row[0]])
            if not found:
                raise DomainError(f"there is no order {external_id}", remedy="look it up by its number")
            wanted, amount = _asked(uow.db, found[0], lines, type)
            made = aftersales.request(uow, found[0].id, type, wanted, reason, amount=amount, words=words, source="buyer")
        with self._db.connection():
            row_ = after_sale_pages.after_sale(self._db, made)
            if row_ is None:
                raise DomainError(f"after-sale {made} is gone", remedy="reload the page")
            return bought.asked_back(row_)


def _takes(item: Item) -> dict[int, int]:
    """Stock that one piece takes, by SKU: itself, or a kit's components."""
    return {part.sku_id: part.quantity for part in item.components} if item.kit else {item.sku_id: 1}


def _asked(db: Database, order: Bought, lines: Mapping[str, int], type: AfterSaleType) -> tuple[list[Wanted], int]:
    """The units that may be asked for, and what was paid for them and not given back."""
    known = {line.external_id: line for line in order.lines if line.external_id}
    ids = dict(
        db.rows(
            "SELECT external_id, id FROM order_line WHERE order_id = ? AND kit_line IS NULL AND external_id <> ''", (order.id,)
        )
    )
    before = type is AfterSaleType.REFUND_BEFORE_SHIP
    wanted: list[Wanted] = []
    for external_id, units in lines.items():
        line = known.get(external_id)
        if line is None:
            raise DomainError(f"order {order.number} has no line {external_id}", remedy="choose lines of this order")
        free = line.waiting if before else line.returnable
        if quantity(units, line.title) > free:
            raise DomainError(
                f"{line.title}: {units} units are asked for, {free} of them {'wait to be sent' if before else 'were sent'}",
                remedy="ask for fewer",
            )
        share = 0 if type in _FREE else line.amount.minor * units // line.quantity
        wanted.append(Wanted(ids[external_id], units, share))
    if not wanted:
        raise DomainError("no goods were chosen", remedy="choose at least one unit")
    left = order.paid.minor - order.refunded.minor - sum(one.amount.minor for one in order.asked if one.open)
    whole = before and all(
        line.quantity - line.cancelled == lines.get(line.external_id, 0) for line in order.lines if not line.gift
    )
    amount = left if whole else min(sum(one.amount for one in wanted), left)
    return wanted, max(0, amount)
