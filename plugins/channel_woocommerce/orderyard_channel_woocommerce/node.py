"""Reading the shop's JSON strictly: what is missing or of another type is named with its path."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal

from orderyard.core.kernel.errors import DomainError, RemoteNotUnderstood
from orderyard.core.kernel.values import Money

_DECIMAL = re.compile(r"-?\d{1,20}(\.\d{1,20})?")
_ID = re.compile(r"[1-9]\d{0,19}")


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

    def identity(self, name: str) -> str:
        """An id, a number here and text from now on; empty where it is 0 or missing."""
        if not self.has(name):
            return ""
        number = self.number(name)
        if number and not _ID.fullmatch(str(number)):
            raise RemoteNotUnderstood(f"{self._at(name)} is no id: {number}")
        return str(number) if number else ""

    def decimal(self, name: str) -> Decimal:
        """An amount, which the API writes as text with as many digits as it was asked for."""
        text = self.text(name)
        if not _DECIMAL.fullmatch(text):
            raise RemoteNotUnderstood(f"{self._at(name)} is no amount: {text!r}")
        return Decimal(text)

    def decimal_or_zero(self, name: str) -> Decimal:
        return self.decimal(name) if self.has(name) and self.values[name] != "" else Decimal(0)

    def money(self, name: str, currency: str) -> Money:
        try:
            return Money.of(self.decimal(name), currency)
        except DomainError as error:
            raise RemoteNotUnderstood(f"{self._at(name)}: {error}") from error

    def moment(self, name: str) -> datetime:
        """One of the `…_gmt` fields: they carry no zone and mean UTC."""
        text = self.text(name)
        try:
            value = datetime.fromisoformat(text)
        except ValueError:
            raise RemoteNotUnderstood(f"{self._at(name)} is no time: {text!r}") from None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def node(self, name: str) -> Node:
        return Node(self.values.get(name), self._at(name))

    def each(self, name: str) -> Iterator[Node]:
        """The objects of a list."""
        return nodes(self.values.get(name), self._at(name))


def nodes(value: object, path: str = "") -> Iterator[Node]:
    """The objects of a list that stands anywhere."""
    if not isinstance(value, list):
        raise RemoteNotUnderstood(f"{path or 'the document'} is {_kind(value)}, not a list")
    for index, entry in enumerate(value):
        yield Node(entry, f"{path}[{index}]")


def decoded(body: bytes) -> object:
    """The JSON in these bytes; a byte order mark, which a PHP file saved by the wrong editor puts first, is no fault."""
    try:
        return json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise RemoteNotUnderstood(f"the document is no JSON: {error}", raw=body[:2000].decode("utf-8", "replace")) from error


def parse(body: bytes) -> Node:
    """The JSON object in these bytes; anything else raises RemoteNotUnderstood."""
    return Node(decoded(body))


def _kind(value: object) -> str:
    return "missing" if value is None else type(value).__name__
