"""Reading the platform's JSON strictly: what is missing or of another type is named with its path."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

from orderyard.core.kernel.errors import DomainError, RemoteNotUnderstood
from orderyard.core.kernel.values import Money

Choice = TypeVar("Choice", bound=StrEnum)


class Node:
    """One JSON object; every reader raises RemoteNotUnderstood where the object is not what it should be."""

    __slots__ = ("path", "values")

    def __init__(self, values: object, path: str = "") -> None:
        if not isinstance(values, Mapping):
            raise RemoteNotUnderstood(f"{path or 'the document'} is {_kind(values)}, not an object")
        self.values: Mapping[str, object] = values
        self.path = path

    def _at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self.values.get(name) is not None

    def text(self, name: str) -> str:
        value = self.values.get(name)
        if not isinstance(value, str):
            raise RemoteNotUnderstood(f"{self._at(name)} is {_kind(value)}, not text")
        # A lone surrogate or a NUL is legal JSON and breaks every database behind us.
        if "\x00" in value or any("\ud800" <= char <= "\udfff" for char in value):
            raise RemoteNotUnderstood(f"{self._at(name)} holds characters that are no text")
        return value

    def text_or_empty(self, name: str) -> str:
        return self.text(name) if self.has(name) else ""

    def number(self, name: str) -> int:
        value = self.values.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise RemoteNotUnderstood(f"{self._at(name)} is {_kind(value)}, not a whole number")
        return value

    def flag(self, name: str) -> bool:
        value = self.values.get(name)
        if not isinstance(value, bool):
            raise RemoteNotUnderstood(f"{self._at(name)} is {_kind(value)}, not true or false")
        return value

    def moment(self, name: str) -> datetime:
        text = self.text(name)
        try:
            value = datetime.fromisoformat(text)
        except ValueError:
            raise RemoteNotUnderstood(f"{self._at(name)} is no time: {text!r}") from None
        if value.tzinfo is None:
            raise RemoteNotUnderstood(f"{self._at(name)} has no zone: {text!r}")
        return value.astimezone(UTC)

    def choice(self, name: str, values: type[Choice]) -> Choice:
        """An enum value; one we do not know (they arrive quarterly) parks the document."""
        text = self.text(name)
        try:
            return values(text)
        except ValueError:
            raise RemoteNotUnderstood(f"{self._at(name)} is {text!r}, which this version does not know") from None

    def node(self, name: str) -> Node:
        return Node(self.values.get(name), self._at(name))

    def each(self, name: str) -> Iterator[Node]:
        """The objects of a plain list."""
        value = self.values.get(name)
        if not isinstance(value, list):
            raise RemoteNotUnderstood(f"{self._at(name)} is {_kind(value)}, not a list")
        for index, entry in enumerate(value):
            yield Node(entry, f"{self._at(name)}[{index}]")

    def texts(self, name: str) -> list[str]:
        """The words of a plain list of text."""
        value = self.values.get(name)
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise RemoteNotUnderstood(f"{self._at(name)} is not a list of text")
        return [str(entry) for entry in value]

    def connection(self, name: str) -> Iterator[Node]:
        """The nodes of a connection that must be whole; one with more pages than were asked for is not understood."""
        if self.more(name):
            raise RemoteNotUnderstood(f"{self._at(name)} has more entries than were read")
        return self.node(name).each("nodes")

    def more(self, name: str) -> bool:
        """Whether a connection has further pages; one without pageInfo has none."""
        connection = self.node(name)
        return connection.has("pageInfo") and connection.node("pageInfo").flag("hasNextPage")

    def money(self, name: str, currency: str) -> Money:
        """The shop's side of a MoneyBag; another currency than the order's is refused."""
        shop = self.node(name).node("shopMoney")
        if (stated := shop.text("currencyCode")) != currency:
            raise RemoteNotUnderstood(f"{shop.path} is in {stated}, the order in {currency}")
        try:
            return Money.of(shop.text("amount"), currency)
        except DomainError as error:
            raise RemoteNotUnderstood(f"{shop.path}: {error}") from error

    def money_or_zero(self, name: str, currency: str) -> Money:
        return self.money(name, currency) if self.has(name) else Money.zero(currency)


def parse(body: bytes) -> Node:
    """The JSON object in these bytes; anything else raises RemoteNotUnderstood."""
    try:
        return Node(json.loads(body.decode("utf-8")))
    except (ValueError, RecursionError) as error:
        raise RemoteNotUnderstood(f"the document is no JSON: {error}", raw=body[:2000].decode("utf-8", "replace")) from error


def _kind(value: object) -> str:
    return "missing" if value is None else type(value).__name__
