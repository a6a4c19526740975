"""One scenario's running system, its clock, and the names that its lines give to things."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from ....app import Config, System
from ...catalog.queries import Item, ShopFacts, items_by_code, shop
from ...fulfillment.api import FoState
from ...kernel.errors import DomainError
from ...kernel.uow import Merchant, UnitOfWork
from ...kernel.values import Address, Money, exponent
from . import market
from .market import Market

_WRITES = re.compile(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+(\w+)", re.I)
_OUTSIDE = frozenset({"shop", "shop_warehouse", "warehouse", "sku", "kit_component", "connection", "audit"})
"""What founds a merchant. Rows of these tables alone can put no book out of order."""


class Unmet(Exception):
    """An expectation that does not hold."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(f"expected {expected}; found {found}")
        self.expected = expected
        self.found = found


class Clock:
    """Stands still until a line says another time; its tokens are numbers, each given once."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 1, tzinfo=UTC)
        self._tokens = itertools.count(1)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return self.moment

    def token(self) -> str:
        with self._lock:
            return f"{next(self._tokens):032x}"


@dataclass
class Known:
    """An order as the file calls it."""

    name: str
    shop: str
    id: int | None = None
    """None while it stands on its platform only."""


@dataclass
class Setting:
    """What must be said before anything else, because the system is made from it."""

    merchant: Merchant = field(default_factory=lambda: Merchant("Scenario"))
    plugins: list[str] = field(default_factory=list)


class World:
    """Everything that the words of a scenario act upon; commands may come from several threads."""

    def __init__(self, home: Path, database: str) -> None:
        self._home = home
        self._database = database
        self.setting = Setting()
        self.clock = Clock()
        self.market = Market(self.clock)
        self.orders: dict[str, Known] = {}
        self.addresses: dict[str, Address] = {}
        self.listings: dict[tuple[str, str], tuple[str, str]] = {}
        """Merchant code and title of an item that a `listing` line described, by shop and item."""
        self.serials = itertools.count(1)
        self.documents: dict[tuple[str, str], int] = {}
        """Ids of counts, transfers, files and the like, by kind and the name the file gives them."""
        self.files: dict[str, bytes] = {}
        """Files of orders, as they were uploaded or previewed."""
        self.seen: dict[str, str] = {}
        """Tokens of allocations that were looked at, by policy."""
        self.idle = False
        """The worker rests: what is to be told outside waits."""
        self.touched = False
        """Something was written since the books were proved last."""
        self._system: System | None = None
        self._lock = threading.Lock()

    # the system

    @property
    def started(self) -> bool:
        return self._system is not None

    @property
    def system(self) -> System:
        """Started by the first line that needs it."""
        with self._lock:
            if self._system is None:
                config = Config(
                    self._home,
                    self._database,
                    ("scenario", *self.setting.plugins),
                    self.setting.merchant,
                    {"scenario": market},
                )
                self._system = System(config, environment=self.clock, transport=self.market)
                self._system.installation.db.observers.append(self._see)
                if faults := self._system.plugins.faults:
                    raise DomainError("; ".join(f"plugin {fault.slug}: {fault.message}" for fault in faults))
            return self._system

    def _see(self, sql: str) -> None:
        found = _WRITES.match(sql)
        if found or sql.lstrip()[:4].upper() == "WITH":
            self.touched = self.touched or found is None or found[1].lower() not in _OUTSIDE

    def close(self) -> None:
        if self._system is not None:
            self._system.close()

    @contextmanager
    def work(self, person: str = "") -> Iterator[UnitOfWork]:
        """A unit of work for a person of the file, or for the staff at large."""
        with self.system.installation.unit_of_work(f"person:{person or 'staff'}") as uow:
            yield uow

    def rows(self, sql: str, given: Sequence[object] = ()) -> list[tuple[object, ...]]:
        return self.system.installation.db.rows(sql, given)

    def afterwards(self) -> None:
        """What runs by itself: low stock is told, and the worker does whatever is due."""
        if self.started and not self.idle:
            self.system.watch_changed()
            self.system.worker.drain()

    # time

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.setting.merchant.timezone)

    @property
    def now(self) -> datetime:
        """The present moment in the merchant's own time, in which the file is written."""
        return self.clock.moment.astimezone(self.zone)

    def later(self, moment: datetime) -> None:
        """Let time pass; never backwards."""
        if moment < self.clock.moment:
            raise DomainError(
                f"{moment:%Y-%m-%d %H:%M} is before {self.now:%Y-%m-%d %H:%M}",
                remedy="put the lines in the order of their dates",
            )
        self.clock.moment = moment.astimezone(UTC)

    # names

    def _id(self, table: str, code: str, what: str) -> int:
        found = self.rows(f"SELECT id FROM {table} WHERE code = ?", (code,))
        if not found:
            there = ", ".join(str(row[0]) for row in self.rows(f"SELECT code FROM {table} ORDER BY code LIMIT 12"))
            raise DomainError(f"there is no {what} {code}", remedy=f"there are: {there or 'none yet'}")
        return int(str(found[0][0]))

    def shop(self, code: str) -> ShopFacts:
        return shop(self.system.installation.db, self._id("shop", code, "shop"))

    def warehouse(self, code: str) -> int:
        return self._id("warehouse", code, "warehouse")

    def sku(self, code: str) -> Item:
        found = items_by_code(self.system.installation.db, [code])
        return found[code] if code in found else self._missing_sku(code)

    def _missing_sku(self, code: str) -> Item:
        self._id("sku", code, "SKU")
        raise AssertionError

    def order(self, name: str) -> Known:
        found = self.orders.get(name)
        if found is None and self.started:
            # Orders of files are known by the number that stands there.
            rows = self.rows(
                "SELECT s.code, o.id FROM sales_order o JOIN shop s ON s.id = o.shop_id WHERE o.external_number = ?", (name,)
            )
            if len(rows) == 1:
                return self.meet(name, str(rows[0][0]), int(str(rows[0][1])))
        if found is None:
            raise DomainError(f"this file has placed no order {name}", remedy=f"there are: {', '.join(self.orders) or 'none'}")
        return found

    def order_id(self, name: str) -> int:
        found = self.order(name)
        if found.id is None:
            raise DomainError(f"order {name} stands on its platform only", remedy="it was parked, or never sent to us")
        return found.id

    def meet(self, name: str, shop_code: str, order_id: int | None = None) -> Known:
        """A new order, or one whose id is known now."""
        with self._lock:
            known = self.orders.setdefault(name, Known(name, shop_code))
            if order_id is not None:
                known.id = order_id
            return known

    def fos(self, name: str, *, ended: bool = False) -> list[tuple[int, str, str]]:
        """The fulfillment orders with units of an order: id, state, warehouse; without those that were cancelled."""
        rows = self.rows(
            "SELECT f.id, f.state, COALESCE(w.code, ''), f.became_id FROM fulfillment_order f LEFT JOIN warehouse w "
            "ON w.id = f.warehouse_id WHERE f.id IN (SELECT fo_id FROM fo_line WHERE order_id = ?) ORDER BY f.id",
            (self.order_id(name),),
        )
        return [(int(str(row[0])), str(row[1]), str(row[2])) for row in rows if ended or row[1] != FoState.CANCELLED]

    def fo(self, said: str) -> int:
        """`T1`, `T1/SH`, `T1/2`, or the number on the pick list."""
        numbered = self.rows("SELECT id FROM fulfillment_order WHERE number = ?", (said,))
        if numbered:
            return int(str(numbered[0][0]))
        name, _, which = said.partition("/")
        found = self.fos(name)
        if which.isdigit():
            everyone = self.fos(name, ended=True)
            if not 0 < int(which) <= len(everyone):
                raise DomainError(f"order {name} has {len(everyone)} fulfillment orders")
            return everyone[int(which) - 1][0]
        if which:
            found = [one for one in found if one[2] == which]
        if len(found) != 1:
            there = ", ".join(f"{warehouse} {state}" for _, state, warehouse in self.fos(name, ended=True)) or "none"
            raise DomainError(
                f"{said} is {len(found)} fulfillment orders", remedy=f"say which, {name}/SH or {name}/2; there are: {there}"
            )
        return found[0][0]

    def document(self, kind: str, name: str) -> int:
        """A count, transfer or file by the name the file gave it."""
        if (kind, name) not in self.documents:
            there = ", ".join(known for what, known in self.documents if what == kind) or "none"
            raise DomainError(f"there is no {kind} {name}", remedy=f"there are: {there}")
        return self.documents[kind, name]

    # values

    def money(self, amount: Decimal | None, currency: str = "") -> int:
        """An amount of the file in minor units."""
        return 0 if amount is None else Money.of(amount, currency or self.setting.merchant.currency).minor

    def text(self, minor: int, currency: str = "") -> str:
        """An amount as it is written in a file."""
        return Money(minor, currency or self.setting.merchant.currency).text

    def exact(self, minor: int, times: int, currency: str = "") -> Decimal:
        """`times` units at `minor` each, as an amount."""
        return Decimal(minor * times).scaleb(-exponent(currency or self.setting.merchant.currency))

    def door(self, said: str | None, buyer: str) -> Address:
        """A named address, or the door of this buyer in a province or country."""
        if said is not None and said in self.addresses:
            return self.addresses[said]
        where = said or "上海"
        mark = sum(ord(letter) * 31**place for place, letter in enumerate(buyer))
        own = Address(name=buyer, detail=f"{buyer} road 1")
        if where.isascii():
            phone = f"+1202555{mark % 10_000:04d}"
            return replace(own, country=where, province="NY", city="New York", postcode="10001", phone=phone)
        return replace(own, province=where, city=where, district="城关区", phone=f"138{mark % 100_000_000:08d}")


def same(expected: str, found: str) -> None:
    """Raise Unmet unless the two read the same."""
    if expected != found:
        raise Unmet(expected, found)


def soon(moment: datetime) -> datetime:
    """A moment later than this one, and no date of the file."""
    return moment + timedelta(seconds=1)
