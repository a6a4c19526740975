"""Rules as text: one a line, or set apart by semicolons. What cannot be read is said with its line and hurts no other rule."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from orderyard.core.kernel.errors import DomainError
from orderyard.core.kernel.values import Money


class Kind(StrEnum):
    AMOUNT = "amount"
    SET = "set"
    QUANTITY = "quantity"


@dataclass(frozen=True, slots=True)
class Rule:
    """What must be on an order, and what it gets for that."""

    name: str
    kind: Kind
    sku: str
    units: int
    """Of the gift, each time."""
    amount: Money | None = None
    parts: tuple[tuple[tuple[str, ...], int], ...] = ()
    """(any of these SKUs, so many units together); an empty tuple of SKUs means anything."""
    each: bool = False
    group: str = ""
    per_order: int | None = None
    per_customer: int | None = None
    total: int | None = None
    shops: frozenset[str] = frozenset()
    first_day: date | None = None
    last_day: date | None = None

    @property
    def height(self) -> int:
        """By which the highest of a group is found: minor units, or units."""
        return self.amount.minor if self.amount is not None else sum(count for _, count in self.parts)


@dataclass(frozen=True, slots=True)
class Unread:
    """A line that says nothing anybody understands."""

    name: str
    why: str


_LINE = re.compile(r"(?P<name>[\w.-]{1,40})\s*:\s*(?P<when>.+?)\s*(?:->|→)\s*(?P<what>.+)")
_NUMBERS = ("per_order", "per_customer", "total")


def read(text: str) -> tuple[list[Rule], list[Unread]]:
    """The rules of a setting, and the lines that are none."""
    rules: list[Rule] = []
    unread: list[Unread] = []
    for number, line in enumerate(re.split(r"[\n;；]", text), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        name = found["name"] if found else f"line {number}"
        try:
            if found is None:
                raise DomainError(f"{line[:60]!r} is no rule", remedy="write `name: amount 200 CNY -> SKU 1`")
            if any(rule.name == name for rule in rules):
                raise DomainError("another rule has this name", remedy="give it another")
            rules.append(_rule(name, found["when"], found["what"]))
        except DomainError as error:
            unread.append(Unread(name, str(error)))
    return _same_kinds(rules, unread)


def _same_kinds(rules: list[Rule], unread: list[Unread]) -> tuple[list[Rule], list[Unread]]:
    """Rules of one group must be comparable."""
    for group in sorted({rule.group for rule in rules if rule.group}):
        members = [rule for rule in rules if rule.group == group]
        kinds = {(rule.kind, rule.amount.currency if rule.amount else "") for rule in members}
        if len({kind for kind, _ in kinds}) > 1:
            listed = ", ".join(sorted({str(kind) for kind, _ in kinds}))
            unread += [Unread(rule.name, f"group {group} mixes {listed}: use a group for each") for rule in members]
            rules = [rule for rule in rules if rule.group != group]
    return rules, unread


def _rule(name: str, when: str, what: str) -> Rule:
    words = what.split()
    if len(words) < 2:
        raise DomainError(f"gives {what!r}", remedy="say the SKU and how many units: `MUG 1`")
    options = _options(words[2:])
    kind, _, rest = when.partition(" ")
    if kind not in set(Kind):
        raise DomainError(f"nobody knows the condition {kind!r}", remedy=f"there are: {', '.join(Kind)}")
    amount: Money | None = None
    parts: tuple[tuple[tuple[str, ...], int], ...] = ()
    if kind == Kind.AMOUNT:
        number, _, currency = rest.strip().partition(" ")
        amount = Money.of(number, currency.strip() or "CNY")
        if amount.minor <= 0:
            raise DomainError(f"an amount of {amount}", remedy="give more than 0")
    else:
        pieces = [piece.split() for piece in rest.split("+")]
        if kind == Kind.QUANTITY and len(pieces) != 1:
            raise DomainError("a quantity is of one thing", remedy="write `TEE,CAP 10` for any of several, or a `set`")
        parts = tuple(_part(piece, kind) for piece in pieces)
    per_order, per_customer, total = (_whole(options[key], key) if key in options else None for key in _NUMBERS)
    return Rule(
        name,
        Kind(kind),
        words[0],
        _whole(words[1], "units of the gift"),
        amount,
        parts,
        "each" in options,
        options.get("group", ""),
        per_order,
        per_customer,
        total,
        frozenset(code for code in options.get("shops", "").split(",") if code),
        _day(options.get("from", "")),
        _day(options.get("until", "")),
    )


def _part(words: Sequence[str], kind: str) -> tuple[tuple[str, ...], int]:
    if len(words) != 2:
        raise DomainError(f"{' '.join(words)!r} is not a SKU and a number of units", remedy="write `TEE 10`")
    skus = tuple(code for code in words[0].split(",") if code)
    if kind == Kind.SET and (len(skus) != 1 or skus == ("*",)):
        raise DomainError("a set is of certain SKUs", remedy="write `set TEE 1 + CAP 1`")
    return (() if skus == ("*",) else skus), _whole(words[1], "units")


def _options(words: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in words:
        key, is_set, value = word.partition("=")
        if key not in ("each", "group", "shops", "from", "until", *_NUMBERS) or bool(is_set) == (key == "each"):
            raise DomainError(
                f"nobody knows the option {word!r}",
                remedy="there are: each, group=, per_order=, per_customer=, total=, shops=, from=, until=",
            )
        if key in found:
            raise DomainError(f"the option {key} stands there twice", remedy="take one out")
        found[key] = value
    return found


def _whole(text: str, what: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < 1:
        raise DomainError(f"{what}: {text!r}", remedy="give a whole number of at least 1")
    return int(text)


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DomainError(f"{text!r} is no day", remedy="write it as 2026-11-11") from None
