"""The counter of a shop that a plugin keeps: what may be sold there, what waits for its buyer, what the drawer should hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ..catalog.queries import ShopFacts, shop
from ..connections.service import connection
from ..fulfillment import handing, pickups
from ..fulfillment.api import Fetched
from ..kernel.db import Database, as_moment
from ..kernel.errors import DomainError
from ..kernel.uow import Installation
from ..kernel.values import Money
from ..orders.giving_back import due_back, give_back
from .api import Offered, Parked, Taking

_TOGETHER = 2_000
_MOST = 200
"""So many parked documents are shown."""


class ShopCounter:
    """`Counter` of one connection."""

    def __init__(self, installation: Installation, code: str, offers: Callable[[Sequence[str]], Sequence[Offered]]) -> None:
        """`offers` tells what SKUs cost and how many may be sold."""
        self._installation = installation
        self._code = code
        self._offers = offers

    @property
    def _db(self) -> Database:
        return self._installation.db

    def _shop(self) -> ShopFacts:
        facts = connection(self._db, self._code)
        if facts.shop_id is None:
            raise DomainError(f"connection {facts.code} belongs to no shop", remedy="set its shop")
        return shop(self._db, facts.shop_id)

    def catalogue(self) -> Sequence[Offered]:
        with self._db.connection():
            codes = [code for (code,) in self._db.rows("SELECT code FROM sku ORDER BY code")]
            parts = [codes[start : start + _TOGETHER] for start in range(0, len(codes), _TOGETHER)]
            return [one for part in parts for one in self._offers(part)]

    # what waits

    def waiting(self) -> Sequence[Fetched]:
        with self._db.connection():
            return pickups.fetched(self._db, shop_id=self._shop().id)

    def with_code(self, code: str) -> Sequence[Fetched]:
        if not code.strip():
            return []
        with self._db.connection():
            return pickups.fetched(self._db, shop_id=self._shop().id, code=code)

    def one(self, order_id: int) -> Fetched | None:
        with self._db.connection():
            found = pickups.fetched(self._db, order_ids=[order_id])
            return found[0] if found and found[0].shop == self._shop().code else None

    def to_give_back(self) -> Sequence[Fetched]:
        with self._db.connection():
            mine = self._shop().code
            owed = [row.order_id for row in due_back(self._db)]
            return [row for row in pickups.fetched(self._db, order_ids=owed) if row.shop == mine]

    # what is done about it

    def hand_over(self, order_id: int, by: str, *, code: str = "", method: str = "") -> bool:
        self._refuse_others(order_id)
        return self._installation.carry_out(by, lambda uow: handing.hand_over(uow, order_id, code=code, method=method))

    def give_up(self, order_id: int, by: str, because: str) -> None:
        self._refuse_others(order_id)
        self._installation.carry_out(by, lambda uow: handing.give_up(uow, order_id, because))

    def give_back(self, order_id: int, by: str, method: str) -> None:
        self._refuse_others(order_id)
        self._installation.carry_out(by, lambda uow: give_back(uow, order_id, method))

    def _refuse_others(self, order_id: int) -> None:
        if self.one(order_id) is None:
            raise DomainError(f"order {order_id} is none of this counter", remedy="look it up in the list of orders")

    # the drawer

    def takings(self, day: str) -> Sequence[Taking]:
        with self._db.connection():
            sold_by = self._shop()
            try:
                since = datetime.combine(date.fromisoformat(day), time(), ZoneInfo(self._installation.merchant.timezone))
            except ValueError:
                raise DomainError(f"{day!r} is no day", remedy="write it like 2026-11-22") from None
            rows = self._db.rows(
                "SELECT p.method, COUNT(*), CAST(SUM(CASE WHEN p.amount > 0 THEN p.amount ELSE 0 END) AS BIGINT), "
                "CAST(SUM(CASE WHEN p.amount < 0 THEN -p.amount ELSE 0 END) AS BIGINT) FROM payment p "
                "JOIN sales_order o ON o.id = p.order_id WHERE o.shop_id = ? AND o.reach <> 'shipped' AND p.at >= ? "
                "AND p.at < ? GROUP BY p.method ORDER BY p.method",
                (sold_by.id, since, since + timedelta(days=1)),
            )
            currency = sold_by.currency
            return [Taking(method, count, Money(came, currency), Money(gone, currency)) for method, count, came, gone in rows]

    def parked(self) -> Sequence[Parked]:
        with self._db.connection():
            rows = self._db.rows(
                "SELECT body, reason, received_at FROM inbox WHERE connection_id = ? AND verdict = 'parked' "
                f"ORDER BY id LIMIT {_MOST}",
                (connection(self._db, self._code).id,),
            )
            return [Parked(bytes(body or b""), reason, as_moment(at)) for body, reason, at in rows]
