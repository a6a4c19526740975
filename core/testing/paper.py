"""A sales channel on paper: its platform lives in memory, its documents are plain JSON, and it can be told to misbehave.

For tests of the core that want a channel and no vendor: `plugin()` is the plugin's module, `Platform` the other side.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

from ...hookspecs import hookimpl
from ..aftersales.api import AfterSaleState, AfterSaleType, GoodsState, MoneyState
from ..channels import inbox
from ..channels.api import (
    Ability,
    Buyer,
    Channel,
    ChannelLine,
    ChannelOrder,
    Claim,
    ClaimAnswer,
    ClaimLine,
    Confirmed,
    DocumentKind,
    Found,
    Grant,
    Hint,
    ItemPage,
    ListedItem,
    ListingRef,
    MaskedDoor,
    Memo,
    Message,
    Page,
    Shipment,
    StockAnswer,
    StockOutcome,
    StockTarget,
    TradeState,
    Window,
)
from ..channels.feeds import Pulled
from ..connections.service import ConnectionFacts, connect, connection
from ..host.api import Manifest
from ..kernel.errors import RemoteError, RemoteNotUnderstood, RemoteRejected, RemoteUnavailable
from ..kernel.transport import Delivery, Request, Response
from ..kernel.values import Address, Money, SettingField
from .builders import House, open_house
from .databases import Databases

SECRET = b"paper"
AT = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
RECEIVER: Mapping[str, str] = {
    "country": "CN", "province": "上海市", "city": "上海市", "district": "浦东新区", "detail": "某路1号", "name": "测试",
    "phone": "13800000001",
}  # fmt: skip


def document(external_id: str, *lines: tuple[str, int] | Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A paid order's document, changed in place by tests; a line is (merchant code, units), at 10.00 each."""
    made: list[dict[str, Any]] = []
    for line in lines:
        given: dict[str, Any] = dict(line) if isinstance(line, Mapping) else {"code": line[0], "quantity": line[1]}
        plain = {"id": f"L-{given['code']}", "amount": 1000 * given["quantity"], "cancelled": 0, "shipped": 0, "asked": False}
        made.append(plain | given)
    total = sum(line["amount"] for line in made) + more.get("freight", 0)
    whole = {
        "id": external_id, "version": AT.isoformat(), "state": "to_ship", "currency": "CNY", "lines": made, "freight": 0,
        "total": total, "paid": total, "refunded": 0, "buyer": f"buyer-{external_id}", "receiver": dict(RECEIVER), "cod": False,
        "message": "", "memo": "", "held": "",
    }  # fmt: skip
    return whole | more


def claim(external_id: str, order: str, *lines: tuple[str, int], **more: Any) -> dict[str, Any]:
    """A buyer's wish about an order's document, just asked for; a line is (merchant code, units)."""
    whole = {
        "id": external_id, "order": order, "version": AT.isoformat(), "type": "refund_only", "state": "requested",
        "amount": sum(1000 * units for _, units in lines), "lines": [list(line) for line in lines], "reason": "too late",
        "goods": "none", "money": "pending", "waybill": "",
    }  # fmt: skip
    return whole | more


def later(order: Mapping[str, Any], seconds: int = 60, **changes: Any) -> dict[str, Any]:
    """The same order after a change on the platform."""
    moment = datetime.fromisoformat(order["version"]) + timedelta(seconds=seconds)
    return {**order, "version": moment.isoformat(), **changes}


def body(order: Mapping[str, Any]) -> bytes:
    return json.dumps(order).encode()


def signed(content: bytes, delivery_id: str = "d1", secret: bytes = SECRET) -> dict[str, str]:
    """The headers of a push."""
    return {"X-Paper-Id": delivery_id, "X-Paper-Signature": hmac.new(secret, content, hashlib.sha256).hexdigest()}


@dataclass
class Platform:
    """The other side, as a Transport: what the shop holds, and everything it was told."""

    moment: datetime = AT
    orders: dict[str, bytes] = field(default_factory=dict)
    """Raw documents by id."""
    versions: dict[str, datetime] = field(default_factory=dict)
    changed: dict[str, datetime] = field(default_factory=dict)
    """When each was last changed, by the clock of whoever asks."""
    shipments: list[dict[str, Any]] = field(default_factory=list)
    stock: dict[str, int] = field(default_factory=dict)
    claims: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: list[dict[str, Any]] = field(default_factory=list)
    memos: dict[str, tuple[str, str]] = field(default_factory=dict)
    queue: list[tuple[str, str]] = field(default_factory=list)
    """Messages that nobody has confirmed: (token, order)."""
    grants: int = 0
    """How often access was granted or renewed."""
    fixed_end: datetime | None = None
    """When access ends whatever is renewed."""
    subscribed: set[str] = field(default_factory=set)
    offers: list[str] = field(default_factory=list)
    """Codes of what the shop offers."""
    doors: list[set[str]] = field(default_factory=list)
    """Tokens that stand for one door."""
    asked_doors: list[list[str]] = field(default_factory=list)
    """Every question about doors."""
    list_ready: bool = False
    """Whether a list that was asked for can be had."""
    cancelling: dict[str, int] = field(default_factory=dict)
    """How often each order that is being cancelled was asked for; it is done the second time."""
    trouble: RemoteError | None = None
    """What every call ends with."""
    cut_at: str = ""
    """The order at which the connection is cut."""

    def keep(self, order: Mapping[str, Any], content: bytes | None = None, changed: datetime | None = None) -> None:
        """The platform now says this about an order; `content` instead of proper JSON."""
        self.changed[order["id"]] = changed or self.moment
        self.orders[order["id"]] = body(order) if content is None else content
        self.versions[order["id"]] = datetime.fromisoformat(order["version"])

    def now(self) -> datetime:
        return self.moment

    def send(self, request: Request) -> Response:
        if self.trouble is not None:
            raise self.trouble
        asked = json.loads(request.body or b"{}")
        if request.url == "paper:offers":
            return Response(200, {}, json.dumps(self.offers).encode())
        if request.url == "paper:doors":
            self.asked_doors.append([order for order, _ in asked])
            shared = [[order for order, token in asked if token in door] for door in self.doors]
            return Response(200, {}, json.dumps([orders for orders in shared if orders]).encode())
        if request.url == "paper:cancel":
            self.cancelling[asked["id"]] = self.cancelling.get(asked["id"], 0) + 1
            return Response(200, {}, json.dumps(self.cancelling[asked["id"]] > 1).encode())
        if request.url == "paper:list":
            found = [[id_, self.versions[id_].isoformat()] for id_ in sorted(self.versions)] if self.list_ready else None
            return Response(200, {}, json.dumps(found).encode())
        if request.url == "paper:subscribe":
            missing = sorted({"orders"} - self.subscribed)
            self.subscribed |= {"orders"}
            return Response(200, {}, json.dumps(missing).encode())
        if request.url == "paper:orders":
            since, until = (datetime.fromisoformat(asked[name]) for name in ("since", "until"))
            found = [
                [id_, self.versions[id_].isoformat()]
                for id_, at in sorted(self.changed.items())
                if id_ in self.versions and since <= at < until
            ]
            return Response(200, {}, json.dumps(found).encode())
        if request.url == "paper:order" and asked["id"] == self.cut_at:
            raise RemoteUnavailable("the connection was cut")
        if request.url == "paper:order":
            content = self.orders.get(asked["id"])
            return Response(404 if content is None else 200, {}, content or b"")
        if request.url == "paper:claims":
            since, until = (datetime.fromisoformat(asked[name]) for name in ("since", "until"))
            changed = {id_: self.changed.get(f"claim/{id_}", self.moment) for id_ in self.claims}
            found = [[id_, self.claims[id_]["version"]] for id_, at in changed.items() if since <= at < until]
            return Response(200, {}, json.dumps(found).encode())
        if request.url == "paper:claim":
            said = self.claims.get(asked["id"])
            return Response(404 if said is None else 200, {}, b"" if said is None else body(said))
        if request.url == "paper:answer":
            self.answers.append(asked)
            said = self.claims[asked["id"]]
            self.claims[asked["id"]] = later(said, 1, state="approved" if asked["agree"] else "rejected")
        elif request.url == "paper:queue":
            return Response(200, {}, json.dumps(self.queue[:2]).encode())
        elif request.url == "paper:confirm":
            self.queue = [message for message in self.queue if message[0] not in asked["tokens"]]
        elif request.url == "paper:grant":
            self.grants += 1
            end = self.fixed_end and self.fixed_end.isoformat()
            return Response(200, {}, json.dumps({"token": f"token-{self.grants}", "ends": end}).encode())
        elif request.url == "paper:memo":
            self.memos[asked["order"]] = (asked["text"], asked["flag"])
        elif request.url == "paper:ship":
            self.shipments.append(asked)
        elif request.url == "paper:stock":
            self.stock.update(asked)
        return Response(200, {}, b"{}")


class Paper(Channel):
    """Reads `document`s; one that says `crash` makes it fall over with an error that is none of its contract's."""

    name: ClassVar[str] = "paper"
    title: ClassVar[str] = "Paper"
    settings: ClassVar[tuple[SettingField, ...]] = (SettingField("token", "Token", secret=True, required=False),)
    ability: ClassVar[Ability] = Ability(span=timedelta(days=1), tracking_per="quantity", stock_batch=10)
    doors_at_once = 3
    mended: ClassVar[bool] = False
    """Whether its author has mended it: it then reads what crashed it."""

    def _ask(self, what: str, asked: Mapping[str, Any] | Sequence[Any], *, effect: bool = False) -> Response:
        return self.transport.send(Request("POST", f"paper:{what}", {}, json.dumps(asked).encode(), effect=effect))

    def pull(self, window: Window, cursor: str | None = None) -> Page:
        rows = self._ask("orders", {"since": window.since.isoformat(), "until": window.until.isoformat()}).json()
        start = int(cursor or 0)
        page = tuple(Found(id_, datetime.fromisoformat(version)) for id_, version in rows[start : start + 3])
        return Page(page, str(start + 3) if len(rows) > start + 3 else None)

    def fetch(self, external_id: str) -> bytes:
        answer = self._ask("order", {"id": external_id})
        if answer.status == 404:
            raise RemoteRejected(f"there is no order {external_id}")
        return answer.body

    def read(self, body: bytes) -> ChannelOrder:
        try:
            said = json.loads(body.decode())
        except ValueError as error:
            raise RemoteNotUnderstood(f"not JSON: {error}") from error
        if "crash" in said and not self.mended:
            raise ZeroDivisionError("the adapter fell over")
        if said["state"] not in set(TradeState):
            raise RemoteNotUnderstood(f"unknown state {said['state']}")
        currency = said["currency"]
        try:
            return self._order(said, currency)
        except (KeyError, TypeError) as error:
            raise RemoteNotUnderstood(f"lacks {error}") from error

    def _order(self, said: Mapping[str, Any], currency: str) -> ChannelOrder:
        version = datetime.fromisoformat(said["version"])
        state = TradeState(said["state"])
        lines = tuple(
            ChannelLine(
                line["id"], ListingRef(f"item-{line['code']}", "", line["code"]), f"thing {line['code']}", line["quantity"],
                Money(line["amount"] // max(1, line["quantity"]), currency), Money(line["amount"], currency),
                line["cancelled"], line["shipped"], line["asked"],
            )
            for line in said["lines"]
        )  # fmt: skip
        settled = state not in (TradeState.UNPAID, TradeState.DEPOSIT_PAID) and said["paid"] > 0
        return ChannelOrder(
            said["id"], said["id"], version, state, AT, AT if settled else None, currency, lines,
            Money(said["freight"], currency), Money(said["total"], currency), Money(said["paid"], currency),
            Money(said["refunded"], currency), Buyer(said["buyer"]), Address(**said["receiver"]), said["cod"],
            said["message"], said["memo"], said["held"], said.get("presale", False), said.get("deposit_kept", False),
        )  # fmt: skip

    def confirm_shipment(self, shipment: Shipment, key: str) -> Confirmed:
        lines = [[line.external_id, line.quantity] for line in shipment.lines]
        told = {"order": shipment.order_external_id, "number": shipment.number, "lines": lines, "whole": shipment.whole}
        self._ask("ship", told | {"key": key}, effect=True)
        return Confirmed()

    def find_shipment(self, shipment: Shipment) -> Confirmed | None:
        return None

    def change_shipment(self, shipment: Shipment, replaces: str, key: str) -> Confirmed:
        lines = [[line.external_id, line.quantity] for line in shipment.lines]
        told = {"order": shipment.order_external_id, "number": shipment.number, "lines": lines, "replaces": replaces}
        self._ask("ship", told | {"key": key}, effect=True)
        return Confirmed()

    def pull_claims(self, window: Window, cursor: str | None = None) -> Page:
        rows = self._ask("claims", {"since": window.since.isoformat(), "until": window.until.isoformat()}).json()
        return Page(tuple(Found(id_, datetime.fromisoformat(version)) for id_, version in rows), None)

    def fetch_claim(self, external_id: str) -> bytes:
        answer = self._ask("claim", {"id": external_id})
        if answer.status == 404:
            raise RemoteRejected(f"there is no claim {external_id}")
        return answer.body

    def read_claim(self, body: bytes) -> Claim:
        said = json.loads(body.decode())
        if said["state"] not in set(AfterSaleState):
            raise RemoteNotUnderstood(f"unknown state {said['state']}")
        return Claim(
            said["id"], said["order"], datetime.fromisoformat(said["version"]), AfterSaleType(said["type"]),
            AfterSaleState(said["state"]), Money(said["amount"], "CNY"),
            tuple(ClaimLine(f"L-{code}", units, Money(1000 * units, "CNY")) for code, units in said["lines"]),
            GoodsState(said["goods"]), MoneyState(said["money"]), said["reason"], waybill=said["waybill"],
        )  # fmt: skip

    def answer_claim(self, answer: ClaimAnswer, key: str) -> None:
        said = {"id": answer.claim.external_id, "agree": answer.agree, "because": answer.because}
        if "no" in answer.because.split():
            raise RemoteRejected("the platform takes no refusal of this kind")
        self._ask("answer", said, effect=True)

    def write_memo(self, order_external_id: str, memo: Memo) -> None:
        self._ask("memo", {"order": order_external_id, "text": memo.text, "flag": memo.flag}, effect=True)

    def next_messages(self) -> Sequence[Message]:
        rows = self._ask("queue", {}).json()
        return [Message(Hint(f"queue/{token}", order), token) for token, order in rows]

    def confirm_messages(self, tokens: Sequence[str]) -> None:
        self._ask("confirm", {"tokens": list(tokens)}, effect=True)

    def consent_page(self, back: str, state: str) -> str:
        return f"https://paper.example/consent?back={back}&state={state}"

    def exchange(self, answer: Mapping[str, str], back: str) -> Grant:
        if answer.get("code") != "yes":
            raise RemoteRejected("this code is not ours")
        return Grant({"token": self._ask("grant", {}).json()["token"]}, self.transport.now() + timedelta(hours=1))

    def renew(self) -> Grant | None:
        said = self._ask("grant", {}).json()
        end = datetime.fromisoformat(said["ends"]) if said["ends"] else self.transport.now() + timedelta(days=30)
        return Grant({"token": said["token"]}, end)

    def subscribe(self, address: str) -> Sequence[str]:
        return tuple(self._ask("subscribe", {"address": address}, effect=True).json())

    def list_items(self, cursor: str | None = None) -> ItemPage:
        codes = self._ask("offers", {}).json()
        return ItemPage(tuple(ListedItem(ListingRef(f"item-{code}", "", code), f"thing {code}", None) for code in codes), None)

    def same_doors(self, doors: Sequence[MaskedDoor]) -> Sequence[Sequence[str]]:
        groups: list[list[str]] = self._ask("doors", [[door.order_external_id, door.privacy_token] for door in doors]).json()
        return groups

    def begin_backfill(self, window: Window) -> str:
        return f"list since {window.since.date()}"

    def backfilled(self, name: str) -> Iterable[Found] | None:
        rows = self._ask("list", {"name": name}).json()
        return None if rows is None else [Found(id_, datetime.fromisoformat(version)) for id_, version in rows]

    def cancel_order(self, external_id: str, because: str) -> bool:
        return bool(self._ask("cancel", {"id": external_id, "because": because}, effect=True).json())

    def who(self) -> str:
        return f"the shop of {self.config.get('token', 'nobody')}"

    def push_stock(self, targets: Sequence[StockTarget], key: str) -> Sequence[StockAnswer]:
        self._ask("stock", {target.listing.merchant_code: target.quantity for target in targets}, effect=True)
        return [StockAnswer(target, StockOutcome.OK) for target in targets]

    def receive(self, delivery: Delivery) -> Sequence[Hint]:
        given = delivery.headers.get("x-paper-signature", "")
        if not hmac.compare_digest(given, hmac.new(SECRET, delivery.body, hashlib.sha256).hexdigest()):
            raise RemoteRejected("the signature does not hold")
        try:
            said = json.loads(delivery.body.decode())
        except ValueError as error:
            raise RemoteNotUnderstood(f"the push cannot be read: {error}") from error
        kind = DocumentKind(said.get("kind", "order"))
        return [Hint(delivery.headers["x-paper-id"], said["id"], said.get("topic", ""), kind)]


def plugin(**ability: Any) -> SimpleNamespace:
    """The plugin's module, with its ability set lower where a test says so; each has an adapter class of its own."""
    kind = type("Paper", (Paper,), {"ability": replace(Paper.ability, **ability)})

    @hookimpl
    def register_channels() -> list[type[Channel]]:
        return [kind]

    return SimpleNamespace(manifest=Manifest("paper", "Paper"), register_channels=register_channels, Paper=kind)


@dataclass
class Shop:
    """The merchant of `builders` with its shop `cn` on paper, and both sides of it."""

    house: House
    platform: Platform
    Paper: type[Paper]

    @property
    def facts(self) -> ConnectionFacts:
        return connection(self.house.db, "paper")

    def pull(self, *orders: Mapping[str, Any]) -> Pulled:
        """The platform has these orders in this version since a moment ago, and we ask it, a minute after the last time."""
        for order in orders:
            self.platform.keep(order, changed=self.house.environment.moment)
        self.house.environment.moment += timedelta(minutes=1)
        with self.house.db.connection():
            return self.house.system.channels.feeds.pull(self.facts)

    def take(self, name: str, external_id: str, content: bytes) -> str:
        """What the engine makes of one document that came in under a name of its own; its verdict."""
        system, facts = self.house.system, self.facts
        with system.installation.unit_of_work("channel:paper") as uow:
            row = inbox.store(uow, facts.id, "push", name, external_id, body=content)
        assert row is not None, f"{name} came before"
        return inbox.take(system.installation, facts, system.channels.accounts.channel(facts), row, content)[0]

    def claim(self, said: Mapping[str, Any]) -> Pulled:
        """The platform says this about a claim since a moment ago, and we ask it."""
        self.platform.claims[said["id"]] = dict(said)
        self.platform.changed[f"claim/{said['id']}"] = self.house.environment.moment
        return self.pull()

    def order(self, external_id: str) -> int:
        """Our id of a platform's order."""
        row = self.house.db.row("SELECT order_id FROM channel_order WHERE external_id = ?", (external_id,))
        assert row is not None, f"{external_id} was not taken in"
        return int(row[0])

    def verdicts(self) -> list[tuple[str, str]]:
        """(document, verdict) of everything that ever came, in its order."""
        return [(row[0], row[1]) for row in self.house.db.rows("SELECT document, verdict FROM inbox ORDER BY id")]


@contextmanager
def open_shop(databases: Databases, home: Path, **ability: Any) -> Iterator[Shop]:
    """The merchant with a paper channel connected to its shop `cn`."""
    platform, module = Platform(), plugin(**ability)
    with open_house(databases, home, transport=platform, plugins={"paper": module}) as house:
        with house.work() as uow:
            connect(
                uow, house.system.seal, code="paper", kind="channel", adapter="paper", shop_id=house.shops["cn"].id,
                fields=Paper.settings, settings={},
            )  # fmt: skip
        yield Shop(house, platform, module.Paper)
