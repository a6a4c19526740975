"""What may be changed about an order: each change a value, so that a set of them can be kept, previewed and applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..kernel.errors import DomainError
from ..kernel.values import Address


@dataclass(frozen=True, slots=True)
class NewAddress:
    """The order goes elsewhere."""

    address: Address


@dataclass(frozen=True, slots=True)
class Quantity:
    """So many units of a line (by number) are wanted, those sent already among them; 0 takes the line out.

    Fewer is a cancellation, whose share of every discount leaves with it; more costs the line's unit price.
    """

    line: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Price:
    """Another unit price of a line of which nothing has been sent; what was taken off the line before is forgotten."""

    line: int
    unit_price: int


@dataclass(frozen=True, slots=True)
class Amount:
    """What all wanted units of a line cost together, of which nothing has been sent."""

    line: int
    amount: int


@dataclass(frozen=True, slots=True)
class AddLine:
    """Units of a SKU (code or barcode) more; without a price it is the shop's own. An empty SKU is a channel's unmapped item."""

    sku: str
    quantity: int
    unit_price: int | None = None
    amount: int | None = None
    title: str = ""
    external_id: str = ""
    item_id: str = ""
    variant_id: str = ""
    merchant_code: str = ""


@dataclass(frozen=True, slots=True)
class Discount:
    """So much less for what has not been sent, shared over its lines by what they cost."""

    amount: int


@dataclass(frozen=True, slots=True)
class Freight:
    """What sending the wanted units costs the buyer, while nothing has been sent."""

    amount: int


Change = NewAddress | Quantity | Price | Amount | AddLine | Discount | Freight

_KINDS: Mapping[str, type[Any]] = {
    "address": NewAddress,
    "quantity": Quantity,
    "price": Price,
    "amount": Amount,
    "add": AddLine,
    "discount": Discount,
    "freight": Freight,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def as_data(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """Changes as they are stored: JSON objects with their kind."""
    return [{"kind": _NAMES[type(change)], **asdict(change)} for change in changes]


def from_data(stored: Sequence[Mapping[str, Any]]) -> list[Change]:
    found: list[Change] = []
    for one in stored:
        values = dict(one)
        kind = _KINDS.get(values.pop("kind"))
        if kind is None:
            raise DomainError(f"nobody knows the change {one['kind']!r}", remedy="drop this amendment and make another")
        if kind is NewAddress:
            values = {"address": Address(**values["address"])}
        found.append(kind(**values))
    return found


def described(change: Change) -> str:
    """A change in words, for people who read the order's history."""
    match change:
        case NewAddress(address):
            return f"to {address.province}{address.city}{address.district}{address.detail}, {address.name}"
        case Quantity(line, quantity):
            return f"line {line}: {quantity} units"
        case Price(line, unit_price):
            return f"line {line}: unit price {unit_price}"
        case Amount(line, amount):
            return f"line {line}: costs {amount}"
        case AddLine():
            return f"{change.quantity} {change.sku or change.title} more"
        case Discount(amount):
            return f"discount {amount}"
        case Freight(amount):
            return f"freight {amount}"
