"""How a line is read: words and slots, with parts behind commas, matched against the forms of the vocabulary.

A form is written as people say it: `receive <delivery> into <warehouse>` has two slots, `[by <person>]` may be left out.
What comes behind the first colon or comma are parts, in any order: `: TEE-M 10 at 30.00, TEE-L 5`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Generic, TypeVar

_TOKEN = re.compile(r'"(?P<quoted>[^"]*)"|“(?P<curly>[^”]*)”|(?P<comma>[,，])|(?P<plain>[^\s,，"“]+)')
_NODE = re.compile(r"<[^>]+>|\[|\]|[^\s\[\]<>]+")


class NotUnderstood(Exception):
    """A line or file that says nothing we know; the text says what is known instead."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word; a quoted one is never taken for a word of the language."""

    text: str
    quoted: bool = False


def tokens(text: str) -> list[list[Token]]:
    """The words of a line, part by part; a comma, or a colon at the end of a word, ends a part."""
    parts: list[list[Token]] = [[]]
    end = 0
    for found in _TOKEN.finditer(text):
        if text[end : found.start()].strip():
            raise NotUnderstood(f"a quotation mark is open: {text[end:].strip()}")
        end = found.end()
        if found["comma"]:
            parts.append([])
        elif (plain := found["plain"]) is not None:
            word = plain.rstrip(":：")
            if word:
                parts[-1].append(Token(word))
            if word != plain:
                parts.append([])
        else:
            parts[-1].append(Token(found["quoted"] if found["quoted"] is not None else found["curly"], quoted=True))
    if text[end:].strip():
        raise NotUnderstood(f"a quotation mark is open: {text[end:].strip()}")
    return [part for part in parts if part]


@dataclass(frozen=True, slots=True)
class Kind:
    """What may stand in a slot: `take` gives every (value, next place) that fits, in the order of trying."""

    meaning: str
    take: Callable[[Sequence[Token], int, datetime], Iterator[tuple[Any, int]]]


def _one(reads: Callable[[str, datetime], Any]) -> Callable[[Sequence[Token], int, datetime], Iterator[tuple[Any, int]]]:
    """A kind of one word; `reads` gives None for a word that does not fit."""

    def take(said: Sequence[Token], place: int, now: datetime) -> Iterator[tuple[Any, int]]:
        if place < len(said) and (value := reads(said[place].text, now)) is not None:
            yield value, place + 1

    return take


def _several(said: Sequence[Token], place: int, _: datetime) -> Iterator[tuple[tuple[str, ...], int]]:
    for end in range(place + 1, len(said) + 1):
        yield tuple(token.text for token in said[place:end]), end


def _pairs(said: Sequence[Token], place: int, _: datetime) -> Iterator[tuple[tuple[tuple[str, int], ...], int]]:
    found: list[tuple[str, int]] = []
    while place + 1 < len(said) and (units := _units(said[place + 1].text)) is not None:
        found.append((said[place].text, units))
        place += 2
    while found:
        yield tuple(found), place
        place -= 2
        found.pop()


def _units(text: str, _: datetime | None = None) -> int | None:
    return int(text) if re.fullmatch(r"[-−]?\d{1,12}", text) else None


def _amount(text: str, _: datetime) -> Decimal | None:
    return Decimal(text) if re.fullmatch(r"-?\d{1,12}(\.\d{1,4})?", text) else None


def _percent(text: str, _: datetime) -> Decimal | None:
    return Decimal(text[:-1]) if re.fullmatch(r"\d{1,4}(\.\d{1,2})?%", text) else None


_SPANS = {"m": "minutes", "h": "hours", "d": "days"}


def _span(text: str, _: datetime) -> timedelta | None:
    found = re.fullmatch(r"(\d{1,4})([mhd])", text)
    return timedelta(**{_SPANS[found[2]]: int(found[1])}) if found else None


def _day(text: str, now: datetime) -> datetime | None:
    try:
        return datetime.combine(datetime.strptime(text, "%Y-%m-%d").date(), time(), now.tzinfo)  # noqa: DTZ007
    except ValueError:
        return None


def _clock(text: str) -> time | None:
    return time.fromisoformat(text) if re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?", text) else None


def _moment(said: Sequence[Token], place: int, now: datetime) -> Iterator[tuple[datetime, int]]:
    if place >= len(said):
        return
    day = _day(said[place].text, now)
    if day is not None:
        if place + 1 < len(said) and (at := _clock(said[place + 1].text)) is not None:
            yield datetime.combine(day.date(), at, now.tzinfo), place + 2
        yield day, place + 1
    elif (at := _clock(said[place].text)) is not None:
        yield datetime.combine(now.date(), at, now.tzinfo), place + 1


def _choice(*known: str) -> Callable[[Sequence[Token], int, datetime], Iterator[tuple[Any, int]]]:
    return _one(lambda text, _: text if text in known else None)


def _word(text: str, _: datetime) -> str:
    return text


KINDS: Mapping[str, Kind] = {
    "shop": Kind("code of a shop", _one(_word)),
    "warehouse": Kind("code of a warehouse", _one(_word)),
    "warehouses": Kind("one or more warehouses", _several),
    "regions": Kind("provinces or country codes, one or more", _several),
    "sku": Kind("code of a SKU", _one(_word)),
    "item": Kind("what a platform calls something it sells; a SKU's code, unless a `listing` says otherwise", _one(_word)),
    "order": Kind("a name for an order in this file, given where it is placed", _one(_word)),
    "orders": Kind("one or more orders", _several),
    "fo": Kind("a fulfillment order: `T1` (the only one of T1), `T1/SH` (the one from SH), `T1/2` (its second)", _one(_word)),
    "fos": Kind("one or more fulfillment orders", _several),
    "address": Kind("a named address, or a province (`上海`) or country (`US`): then the buyer's own door there", _one(_word)),
    "buyer": Kind("who buys; the same name is the same person", _one(_word)),
    "person": Kind("who does it", _one(_word)),
    "carrier": Kind("code of a carrier", _one(_word)),
    "delivery": Kind("number of a delivery; the same number counts once", _one(_word)),
    "rule": Kind("name of a review rule", _one(_word)),
    "settings": Kind("`name=value`, one or more", _several),
    "hold": Kind("code of a hold, `out_of_stock`", _one(_word)),
    "status": Kind("status of an order, `to_ship`", _one(_word)),
    "state": Kind("state of a fulfillment order, waybill or the like, `allocated`", _one(_word)),
    "role": Kind("an account of the ledger, `platform`, or with its detail `platform/tb`", _one(_word)),
    "period": Kind("a month of the ledger, `2026-01`", _one(_word)),
    "currency": Kind("an ISO 4217 code, `CNY`", _one(_word)),
    "timezone": Kind("`Asia/Shanghai`", _one(_word)),
    "waybill": Kind("number of a waybill; the carrier `sf` of a scenario gives SF1, SF2, …", _one(_word)),
    "quality": Kind("`good`, `defective` or `qc` (to be inspected)", _choice("good", "defective", "qc")),
    "lot": Kind("number of a lot", _one(_word)),
    "bin": Kind("code of a bin", _one(_word)),
    "zone": Kind("code of a zone", _one(_word)),
    "use": Kind("of a zone: `receiving`, `pick`, `storage`, `packing` or `returns`", _one(_word)),
    "serials": Kind("serial numbers, one or more", _several),
    "claim": Kind("a name for what a buyer wants after buying, given where it is asked for", _one(_word)),
    "count": Kind("a name for a count, given where it is opened", _one(_word)),
    "transfer": Kind("number of a transfer, given where it leaves", _one(_word)),
    "supplier": Kind("code of a supplier", _one(_word)),
    "purchase": Kind("number of a purchase order, given where it is placed", _one(_word)),
    "plugin": Kind("a plugin's short name, `gifts`", _one(_word)),
    "policy": Kind("`payment` (付款顺序), `deadline` (时效优先) or `most_complete` (齐单优先)", _one(_word)),
    "mode": Kind("of a lock: `lock_plus_shared`, `lock_only` or `lock_only_here`", _one(_word)),
    "group": Kind("a group of customers", _one(_word)),
    "list": Kind("code of a price list or promotion", _one(_word)),
    "measure": Kind("`weight` (grams), `volume` (cubic centimetres) or `piece`", _choice("weight", "volume", "piece")),
    "file": Kind("name of a file of orders", _one(_word)),
    "encoding": Kind("`utf-8`, `gb18030` or `xlsx`", _choice("utf-8", "gb18030", "xlsx")),
    "fact": Kind("`phone`, `address` or `buyer`", _choice("phone", "address", "buyer")),
    "stage": Kind("`sent` or `waiting`", _choice("sent", "waiting")),
    "text": Kind("words, in quotation marks if there are several", _one(_word)),
    "name": Kind("a name", _one(_word)),
    "names": Kind("one or more names", _several),
    "units": Kind("a whole number", _one(_units)),
    "lines": Kind("SKUs with units: `TEE-M 2 CAP 1`", _pairs),
    "amount": Kind("money, `99.00`", _one(_amount)),
    "percent": Kind("`13%`", _one(_percent)),
    "span": Kind("a length of time: `30m`, `2h`, `3d`", _one(_span)),
    "day": Kind("`2026-01-31`", _one(_day)),
    "moment": Kind("`2026-01-31 10:00`, `2026-01-31` (its first minute) or `10:00` (that day)", _moment),
    "side": Kind("`debit` or `credit`", _choice("debit", "credit")),
    "verdict": Kind("`effective`, `duplicate`, `stale` or `parked`", _choice("effective", "duplicate", "stale", "parked")),
    "grain": Kind("`order`, `line` or `quantity`: the finest thing a platform can be told a waybill for",
                  _choice("order", "line", "quantity")),
}  # fmt: skip
"""Every kind of slot by the last word of its name: `<from warehouse>` takes a warehouse."""


@dataclass(frozen=True, slots=True)
class _Word:
    text: str


@dataclass(frozen=True, slots=True)
class _Slot:
    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class _Perhaps:
    nodes: tuple[_Word | _Slot | _Perhaps, ...]
    name: str


_Node = _Word | _Slot | _Perhaps


def _read(template: str) -> tuple[_Node, ...]:
    stack: list[list[_Node]] = [[]]
    for text in _NODE.findall(template):
        if text == "[":
            stack.append([])
        elif text == "]":
            inner = tuple(stack.pop())
            stack[-1].append(_Perhaps(inner, " ".join(node.text for node in inner if isinstance(node, _Word))))
        elif text.startswith("<"):
            name = text[1:-1]
            stack[-1].append(_Slot(name, KINDS[name.split()[-1]]))
        else:
            stack[-1].append(_Word(text))
    if len(stack) != 1:
        raise ValueError(f"brackets do not match in {template!r}")
    return tuple(stack[0])


def _match(nodes: Sequence[_Node], said: Sequence[Token], place: int, now: datetime) -> Iterator[tuple[dict[str, Any], int]]:
    """Every way in which the words fit, from `place` on, with where they end."""
    if not nodes:
        yield {}, place
        return
    node, rest = nodes[0], nodes[1:]
    if isinstance(node, _Word):
        if place < len(said) and said[place] == Token(node.text):
            yield from _match(rest, said, place + 1, now)
    elif isinstance(node, _Slot):
        for value, after in node.kind.take(said, place, now):
            for found, end in _match(rest, said, after, now):
                yield {node.name: value} | found, end
    else:
        for inner, after in _match(node.nodes, said, place, now):
            for found, end in _match(rest, said, after, now):
                yield ({node.name: True} if node.name else {}) | inner | found, end
        yield from _match(rest, said, place, now)


class Template:
    """One phrase with its slots."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.nodes = _read(text)

    def match(self, said: Sequence[Token], now: datetime) -> dict[str, Any] | None:
        """The slots' values when the whole of `said` fits; words that may be left out are there as `True`."""
        for found, end in _match(self.nodes, said, 0, now):
            if end == len(said):
                return found
        return None

    @property
    def begins(self) -> str:
        """Its first word, empty when it begins with a slot."""
        return self.nodes[0].text if isinstance(self.nodes[0], _Word) else ""


@dataclass(frozen=True, slots=True)
class Said:
    """What a line says: the slots of its first phrase, and its parts by name."""

    head: Mapping[str, Any]
    parts: Mapping[str, Sequence[Mapping[str, Any]]]
    table: Sequence[Sequence[str]] = ()
    """The rows that stand below the line between bars."""

    def __getitem__(self, slot: str) -> Any:
        return self.head[slot]

    def get(self, slot: str, default: Any = None) -> Any:
        return self.head.get(slot, default)

    def __contains__(self, name: str) -> bool:
        return name in self.head or name in self.parts

    def all(self, part: str) -> Sequence[Mapping[str, Any]]:
        """Each time this part was said, in order."""
        return self.parts.get(part, ())

    def part(self, part: str, slot: str, default: Any = None) -> Any:
        """A slot of a part that is said once, or the default."""
        found = self.parts.get(part, ())
        return found[0].get(slot, default) if found else default


WorldT = TypeVar("WorldT")


@dataclass(frozen=True)
class Form(Generic[WorldT]):
    """One thing that can be said. `parts` maps a part's name to its phrase; a name that ends with `*` may come again."""

    text: str
    meaning: str
    run: Callable[[WorldT, Said], None]
    parts: Mapping[str, str] | None = None

    @property
    def said(self) -> str:
        """The form as people write it down."""
        return self.text + (":" if self.parts else "")


class Vocabulary(Generic[WorldT]):
    """All forms, ready to understand a line."""

    def __init__(self, forms: Sequence[Form[WorldT]]) -> None:
        self.forms = tuple(forms)
        self._heads = [(Template(form.text), form) for form in self.forms]
        texts = [form.text for form in self.forms]
        if twice := sorted({text for text in texts if texts.count(text) > 1}):
            raise ValueError(f"said twice in the vocabulary: {twice}")
        self._parts: dict[str, list[tuple[str, Template]]] = {}
        for form in self.forms:
            phrases = [(name, Template(text)) for name, text in (form.parts or {}).items()]
            # A phrase that begins with a word of its own is surer than one that begins with any word.
            self._parts[form.text] = sorted(phrases, key=lambda pair: not pair[1].begins)

    def understand(self, text: str, now: datetime, table: Sequence[Sequence[str]] = ()) -> tuple[Form[WorldT], Said]:
        """The form a line is, and what it says in it; NotUnderstood shows the forms that come nearest."""
        parts = tokens(text)
        if not parts:
            raise NotUnderstood("this line says nothing")
        trouble: list[str] = []
        for template, form in self._heads:
            head = template.match(parts[0], now)
            if head is None:
                continue
            found = self._understand_parts(form, parts[1:], now)
            if isinstance(found, str):
                trouble.append(found)
            else:
                return form, Said(head, found, table)
        raise NotUnderstood("\n".join(trouble) or self._suggest(parts[0]))

    def _understand_parts(
        self, form: Form[WorldT], parts: Sequence[Sequence[Token]], now: datetime
    ) -> dict[str, list[Mapping[str, Any]]] | str:
        found: dict[str, list[Mapping[str, Any]]] = {}
        for part in parts:
            words = " ".join(f'"{token.text}"' if token.quoted else token.text for token in part)
            for name, template in self._parts[form.text]:
                values = template.match(part, now)
                if values is not None:
                    if name in found and not name.endswith("*"):
                        return f"{words!r} is said twice"
                    found.setdefault(name, []).append(values)
                    break
            else:
                known = "".join(f"\n    … {template.text}" for _, template in self._parts[form.text])
                return f"{words!r} is no part of {form.said!r}; its parts are:{known or ' none'}"
        return {name.removesuffix("*"): values for name, values in found.items()}

    def _suggest(self, said: Sequence[Token]) -> str:
        """The forms that share the first word, or a word much like it."""
        first = said[0].text
        begins = sorted({template.begins for template, _ in self._heads if template.begins})
        near = [first] if first in begins else get_close_matches(first, begins, 2, 0.7)
        words = " ".join(token.text for token in said)
        if near:
            longest = [form.said for template, form in self._heads if template.begins in near]
            return f"nobody understands {words!r}; it is said like this:" + "".join(f"\n    {text}" for text in longest)
        return f"no line begins with {first!r}; lines begin with: {', '.join(begins)}"
