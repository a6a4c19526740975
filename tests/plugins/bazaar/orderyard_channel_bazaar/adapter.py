"""Bazaar's wire protocol, translated: HTTP and JSON on one side, Orderyard's frozen values on the other."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from orderyard.core.channels.api import (
    Ability,
    Buyer,
    Channel,
    ChannelLine,
    ChannelOrder,
    Confirmed,
    Found,
    ItemPage,
    ListedItem,
    ListingRef,
    Page,
    Shipment,
    StockAnswer,
    StockOutcome,
    StockTarget,
    TradeState,
    Window,
)
from orderyard.core.kernel.errors import (
    CredentialsRefused,
    DomainError,
    RateLimited,
    RemoteNotUnderstood,
    RemoteRejected,
    RemoteUnavailable,
)
from orderyard.core.kernel.transport import Request, Response
from orderyard.core.kernel.values import Address, Money, SettingField

STATES = {
    "unpaid": TradeState.UNPAID,
    "paid": TradeState.TO_SHIP,
    "partly_sent": TradeState.PARTLY_SHIPPED,
    "sent": TradeState.SHIPPED,
    "done": TradeState.COMPLETED,
    "cancelled": TradeState.CANCELLED,
}
PAGE = 50


class Bazaar(Channel):
    """A shop on Bazaar."""

    name: ClassVar[str] = "channel_bazaar"
    title: ClassVar[str] = "Bazaar"
    settings: ClassVar[tuple[SettingField, ...]] = (
        SettingField("address", "Address", default="https://api.bazaar.example"),
        SettingField("token", "Access token", secret=True),
    )
    ability: ClassVar[Ability] = Ability(span=timedelta(days=7), tracking_per="quantity", stock_batch=100)

    # the wire

    def _ask(self, method: str, path: str, said: Any = None, *, effect: bool = False) -> Any:
        """One call and its answer; whatever goes wrong becomes one of the errors that Orderyard knows what to do about."""
        headers = {"Authorization": f"Bearer {self.config['token']}", "Content-Type": "application/json"}
        body = b"" if said is None else json.dumps(said).encode()
        answer = self.transport.send(Request(method, self.config["address"] + path, headers, body, effect=effect))
        if answer.status < 300:
            return answer.json()
        raise _error(answer)

    # orders come in

    def pull(self, window: Window, cursor: str | None = None) -> Page:
        asked = {"from": window.since.isoformat(), "to": window.until.isoformat(), "limit": str(PAGE)}
        if cursor is not None:
            asked["after"] = cursor
        answer = self._ask("GET", f"/orders?{urlencode(asked)}")
        found = tuple(Found(str(row["id"]), _moment(row["changed_at"])) for row in answer["orders"])
        return Page(found, answer["next"])

    def fetch(self, external_id: str) -> bytes:
        return json.dumps(self._ask("GET", f"/orders/{quote(external_id, safe='')}")).encode()

    def read(self, body: bytes) -> ChannelOrder:
        try:
            said = json.loads(body)
            if said["status"] not in STATES:
                raise RemoteNotUnderstood(f"order {said['id']} is {said['status']!r}, a state nobody has told us of")
            return _order(said)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, DomainError) as error:
            raise RemoteNotUnderstood(f"this order cannot be read: {type(error).__name__}: {error}") from error

    # parcels go out

    def confirm_shipment(self, shipment: Shipment, key: str) -> Confirmed:
        if self.find_shipment(shipment) is not None:
            return Confirmed(already=True)
        told = {
            "number": shipment.number,
            "carrier": shipment.carrier_code,
            "lines": {line.external_id: line.quantity for line in shipment.lines},
            "key": key,
        }
        self._ask("POST", f"/orders/{quote(shipment.order_external_id, safe='')}/parcels", told, effect=True)
        return Confirmed()

    def find_shipment(self, shipment: Shipment) -> Confirmed | None:
        parcels = self._ask("GET", f"/orders/{quote(shipment.order_external_id, safe='')}/parcels")
        return Confirmed(already=True) if shipment.number in parcels else None

    # stock goes out, items come in

    def push_stock(self, targets: Sequence[StockTarget], key: str) -> Sequence[StockAnswer]:
        told = {target.listing.variant_id: target.quantity for target in targets}
        answer = self._ask("PUT", "/stock", told, effect=True)
        unknown = set(answer["unknown"])
        return [
            StockAnswer(
                target,
                StockOutcome.UNKNOWN_LISTING if target.listing.variant_id in unknown else StockOutcome.OK,
            )
            for target in targets
        ]

    def list_items(self, cursor: str | None = None) -> ItemPage:
        answer = self._ask("GET", f"/items?{urlencode({'after': cursor or '', 'limit': str(PAGE)})}")
        items = tuple(
            ListedItem(ListingRef(row["item"], row["variant"], row["sku"]), row["title"], row["shown"])
            for row in answer["items"]
        )
        return ItemPage(items, answer["next"])


def _error(answer: Response) -> Exception:
    """Bazaar's refusal in Orderyard's words: what is repeated, what waits for a person, what is final."""
    raw = answer.body[:2000].decode("utf-8", "replace")
    if answer.status == 401:
        return CredentialsRefused("Bazaar does not know this token", raw=raw, remedy="make a new one in Bazaar's settings")
    if answer.status == 429:
        return RateLimited("Bazaar asks for patience", seconds=float(answer.headers.get("retry-after", "30")), raw=raw)
    if answer.status >= 500:
        return RemoteUnavailable(f"Bazaar answers {answer.status}", raw=raw)
    return RemoteRejected(f"Bazaar refuses ({answer.status})", raw=raw, remedy="look the order up on Bazaar")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _order(said: Mapping[str, Any]) -> ChannelOrder:
    def money(text: str) -> Money:
        return Money.of(text, said["currency"])

    lines = tuple(
        ChannelLine(
            external_id=line["id"],
            listing=ListingRef(line["item"], line["variant"], line["sku"]),
            title=line["title"],
            quantity=line["quantity"],
            unit_price=money(line["price"]),
            amount=money(line["paid"]),
            cancelled=line["cancelled"],
            shipped=line["sent"],
            refund_requested=line["refund_asked"],
        )
        for line in said["lines"]
    )
    door = said["address"]
    return ChannelOrder(
        external_id=said["id"],
        number=said["number"],
        version=_moment(said["changed_at"]),
        state=STATES[said["status"]],
        placed_at=_moment(said["placed_at"]),
        paid_at=None if said["paid_at"] is None else _moment(said["paid_at"]),
        currency=said["currency"],
        lines=lines,
        freight=money(said["freight"]),
        total=money(said["total"]),
        paid=money(said["paid"]),
        refunded=money(said["refunded"]),
        buyer=Buyer(said["buyer"]["id"], said["buyer"]["name"], said["buyer"]["email"]),
        receiver=Address(
            country=door["country"],
            province=door["province"],
            city=door["city"],
            district=door["district"],
            detail=door["street"],
            name=door["name"],
            phone=door["phone"],
        ),
        cod=said["cash_on_delivery"],
        message=said["message"],
        memo=said["note"],
        held=said["hold"],
    )
