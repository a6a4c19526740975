"""Campaigns: what one order page sells, for how much, until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from orderyard.core.host.api import TableReader, Tables

_COLUMNS = (
    "code", "connection", "title", "words", "pictures", "currency", "country", "cod", "prepaid", "freight", "pay_words",
    "pay_link", "repeat_hours", "opens_at", "closes_at", "ended_at", "made_at", "made_by",
)  # fmt: skip
_VARIANT = ("campaign", "place", "sku", "title", "price", "most")


@dataclass(frozen=True, slots=True)
class Variant:
    """One SKU as this campaign sells it; `price` in minor units, `most` per order, 0 for any number."""

    sku: str
    title: str
    price: int
    most: int = 0


@dataclass(frozen=True, slots=True)
class Campaign:
    """One order page. Moments are whole seconds, 0 for none."""

    code: str
    connection: str
    title: str
    currency: str
    words: str = ""
    pictures: tuple[str, ...] = ()
    country: str = "CN"
    cod: bool = True
    prepaid: bool = False
    freight: int = 0
    pay_words: str = ""
    pay_link: str = ""
    """Where to pay in advance: an address in which {number} and {amount} are filled in; the words may have them too."""
    repeat_hours: int = 24
    """So long the same telephone gets the order it has instead of another one; 0 for never."""
    opens_at: int = 0
    closes_at: int = 0
    ended_at: int = 0
    made_at: int = 0
    made_by: str = ""
    variants: tuple[Variant, ...] = field(default=())

    def state(self, now: int) -> str:
        """`ended`, `coming`, `closed` or `open`."""
        if self.ended_at:
            return "ended"
        if self.opens_at and now < self.opens_at:
            return "coming"
        if self.closes_at and now >= self.closes_at:
            return "closed"
        return "open"


def campaigns(tables: TableReader) -> list[Campaign]:
    """All of them, the newest first, without their variants."""
    return [
        _campaign(row, ())
        for row in tables.rows(f"SELECT {', '.join(_COLUMNS)} FROM channel_web_campaign ORDER BY made_at DESC, code")
    ]


def campaign(tables: TableReader, code: str) -> Campaign | None:
    if not code.isprintable():
        return None
    row = tables.row(f"SELECT {', '.join(_COLUMNS)} FROM channel_web_campaign WHERE code = ?", (code,))
    if row is None:
        return None
    variants = tables.rows("SELECT sku, title, price, most FROM channel_web_variant WHERE campaign = ? ORDER BY place", (code,))
    return _campaign(row, tuple(Variant(*variant) for variant in variants))


def save(tables: Tables, one: Campaign, *, new: bool) -> bool:
    """Keep a campaign whole; False when a new one's code is taken."""
    with tables.write() as writing:
        if new:
            values = [_row(one)]
            made = writing.insert("channel_web_campaign", _COLUMNS, values, conflict="(code) DO NOTHING", returning="code")
            if not made:
                return False
        else:
            sets = ", ".join(f"{name} = ?" for name in _COLUMNS[1:])
            writing.change(f"UPDATE channel_web_campaign SET {sets} WHERE code = ?", [*_row(one)[1:], one.code])
            writing.change("DELETE FROM channel_web_variant WHERE campaign = ?", (one.code,))
        rows = [(one.code, place, v.sku, v.title, v.price, v.most) for place, v in enumerate(one.variants, 1)]
        writing.insert("channel_web_variant", _VARIANT, rows)
    return True


def end(tables: Tables, code: str, now: int) -> None:
    """From now on nothing can be ordered on this page; what was ordered stays."""
    with tables.write() as writing:
        writing.change("UPDATE channel_web_campaign SET ended_at = ? WHERE code = ? AND ended_at = 0", (now, code))


def _row(one: Campaign) -> list[Any]:
    given = {name: getattr(one, name) for name in _COLUMNS}
    given |= {"pictures": "\n".join(one.pictures), "cod": int(one.cod), "prepaid": int(one.prepaid)}
    return [given[name] for name in _COLUMNS]


def _campaign(row: Sequence[Any], variants: tuple[Variant, ...]) -> Campaign:
    given = dict(zip(_COLUMNS, row, strict=True))
    given |= {
        "pictures": tuple(given["pictures"].split("\n")) if given["pictures"] else (),
        "cod": bool(given["cod"]),
        "prepaid": bool(given["prepaid"]),
    }
    return Campaign(**given, variants=variants)
