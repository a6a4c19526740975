"""The document of one order, as the order page writes it and the channel reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any

from orderyard.core.channels.api import Buyer, ChannelLine, ChannelOrder, ListingRef, TradeState
from orderyard.core.kernel.errors import DomainError, RemoteNotUnderstood
from orderyard.core.kernel.values import Address, Money

FORMAT = 1
_STATES = {"ordered": TradeState.TO_SHIP, "unpaid": TradeState.UNPAID}
_ADDRESS = ("country", "province", "city", "district", "detail", "postcode", "name", "phone")


@dataclass(frozen=True, slots=True)
class Piece:
    """One variant that was chosen; `price` in minor units."""

    sku: str
    title: str
    quantity: int
    price: int


@dataclass(frozen=True, slots=True)
class Filled:
    """A form that was filled in, whole; `version` is the second in which it was handed out, `at` that of its order."""

    id: str
    campaign: str
    source: str
    version: int
    at: int
    currency: str
    pieces: tuple[Piece, ...]
    freight: int
    cod: bool
    buyer: str
    receiver: Address
    message: str = ""

    @property
    def total(self) -> int:
        return self.freight + sum(piece.quantity * piece.price for piece in self.pieces)

    @property
    def units(self) -> int:
        return sum(piece.quantity for piece in self.pieces)


def write(filled: Filled) -> bytes:
    """The document; the same for the same form."""
    said: dict[str, Any] = {field.name: getattr(filled, field.name) for field in fields(filled)}
    said["pieces"] = [asdict(piece) for piece in filled.pieces]
    said["receiver"] = {part: getattr(filled.receiver, part) for part in _ADDRESS}
    said["state"] = "ordered" if filled.cod else "unpaid"
    return json.dumps({"format": FORMAT, **said}, ensure_ascii=False, sort_keys=True).encode()


def read(body: bytes) -> ChannelOrder:
    """What a document says; RemoteNotUnderstood for anything that this version did not write."""
    try:
        said = json.loads(body)
        if said["format"] != FORMAT:
            raise RemoteNotUnderstood(f"an order page's document of format {said['format']!r}", remedy="update channel_web")
        if said["state"] not in _STATES:
            raise RemoteNotUnderstood(f"an order page's document in the unknown state {said['state']!r}")
        return _order(said)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError, RecursionError, DomainError) as error:
        raise RemoteNotUnderstood(f"no document of an order page: {type(error).__name__}: {error}") from error


def _order(said: Mapping[str, Any]) -> ChannelOrder:
    currency, nothing = said["currency"], Money.zero(said["currency"])
    lines = tuple(_line(said["campaign"], place, piece, currency) for place, piece in enumerate(_list(said["pieces"]), 1))
    freight = Money(said["freight"], currency)
    receiver = _receiver({part: str(said["receiver"][part]) for part in _ADDRESS})
    return ChannelOrder(
        external_id=str(said["id"]),
        number=str(said["id"]),
        version=_moment(said["version"]),
        state=_STATES[said["state"]],
        placed_at=_moment(said["at"]),
        paid_at=None,
        currency=currency,
        lines=lines,
        freight=freight,
        total=sum((line.amount for line in lines), freight),
        paid=nothing,
        refunded=nothing,
        buyer=Buyer(str(said["buyer"]), receiver.name, "", receiver.phone),
        receiver=receiver,
        cod=said["cod"] is True,
        message=str(said["message"]),
    )


def _line(campaign: str, place: int, piece: Mapping[str, Any], currency: str) -> ChannelLine:
    price = Money(piece["price"], currency)
    sku, units = str(piece["sku"]), piece["quantity"]
    if type(units) is not int:
        raise RemoteNotUnderstood(f"{units!r} units of {sku}")
    return ChannelLine(str(place), ListingRef(f"web-{campaign}", sku, sku), str(piece["title"]), units, price, price * units)


def _receiver(said: Mapping[str, Any]) -> Address:
    return Address(**said)


def _list(value: object) -> Sequence[Mapping[str, Any]]:
    if not isinstance(value, list):
        raise RemoteNotUnderstood("an order page's document without pieces")
    return value


def _moment(seconds: object) -> datetime:
    if type(seconds) is not int:
        raise RemoteNotUnderstood(f"{seconds!r} is no moment in whole seconds")
    return datetime.fromtimestamp(seconds, UTC)
