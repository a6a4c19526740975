"""What to order and what to move: pure functions of figures, exact to the unit."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from orderyard.core.inventory.api import SalesFigure, StockFigure


@dataclass(frozen=True)
class Terms:
    """How long goods take and how they are packed; SKUs that differ by code."""

    lead_days: int = 7
    safety_days: int = 3
    window_days: int = 30
    packs: Mapping[str, int] = field(default_factory=dict)
    leads: Mapping[str, int] = field(default_factory=dict)

    def days(self, sku: str) -> int:
        """For so many days there must be enough."""
        return self.leads.get(sku, self.lead_days) + self.safety_days


@dataclass(frozen=True, slots=True)
class Purchase:
    """Units of a SKU to be ordered, and why so many."""

    sku: str
    units: int
    need: Fraction
    daily: Fraction
    days: int
    available: int
    incoming: int
    pack: int

    def __str__(self) -> str:
        packed = f"; packs of {self.pack}" if self.pack > 1 else ""
        return (
            f"{self.sku}: order {self.units} (need {_short(self.need)}: {self.days} days × {_short(self.daily)} a day = "
            f"{_short(self.days * self.daily)}, less {self.available} available and {self.incoming} incoming{packed})"
        )


@dataclass(frozen=True, slots=True)
class Move:
    """Units of a SKU that should go from one warehouse to another."""

    sku: str
    units: int
    source: str
    target: str
    cover: Fraction
    """Days that everybody's stock lasts once all moves are made."""
    has: Mapping[str, tuple[int, int]]
    """By warehouse: what it has, and its share."""

    def __str__(self) -> str:
        ends = ", ".join(f"{code} has {self.has[code][0]} of {self.has[code][1]}" for code in (self.source, self.target))
        return f"{self.sku}: send {self.units} from {self.source} to {self.target} (cover {_short(self.cover)} days: {ends})"


def _short(number: Fraction | int) -> str:
    return f"{float(number):.1f}".removesuffix(".0")


def _daily(sales: Iterable[SalesFigure]) -> dict[tuple[str, str], Fraction]:
    """Mean daily sales by SKU and warehouse."""
    return {(row.sku, row.warehouse): Fraction(row.units, row.days) for row in sales if row.units > 0}


def suggest(stock: Sequence[StockFigure], sales: Sequence[SalesFigure], terms: Terms) -> list[Purchase]:
    """What to order of every SKU that would run out, by code."""
    daily: dict[str, Fraction] = {}
    for (sku, _), mean in _daily(sales).items():
        daily[sku] = daily.get(sku, Fraction(0)) + mean
    found = []
    for sku in sorted(daily):
        available = sum(row.available for row in stock if row.sku == sku)
        incoming = sum(row.incoming for row in stock if row.sku == sku)
        need = terms.days(sku) * daily[sku] - available - incoming
        if need > 0:
            pack = terms.packs.get(sku, 1)
            units = math.ceil(need / pack) * pack
            found.append(Purchase(sku, units, need, daily[sku], terms.days(sku), available, incoming, pack))
    return found


def balance(stock: Sequence[StockFigure], sales: Sequence[SalesFigure]) -> list[Move]:
    """What to move so that every warehouse's stock lasts equally long, by SKU; the greatest lack is filled first."""
    daily = _daily(sales)
    available: dict[str, dict[str, int]] = {}
    for row in stock:
        available.setdefault(row.sku, {})[row.warehouse] = row.available
    found: list[Move] = []
    for sku in sorted({sku for sku, _ in daily}):
        there = available.get(sku, {})
        selling = {warehouse: mean for (one, warehouse), mean in daily.items() if one == sku}
        cover = sum(there.values()) / sum(selling.values(), Fraction(0))
        share = {code: math.floor(cover * selling.get(code, Fraction(0))) for code in there.keys() | selling.keys()}
        has = {code: (there.get(code, 0), share[code]) for code in share}
        over = {code: units - mine for code, (units, mine) in has.items() if units > mine}
        lacks = {code: mine - units for code, (units, mine) in has.items() if units < mine}
        for target in sorted(lacks, key=lambda code: (-lacks[code], code)):
            for source in sorted(over, key=lambda code: (-over[code], code)):
                units = min(over[source], lacks[target])
                if units:
                    over[source] -= units
                    lacks[target] -= units
                    found.append(Move(sku, units, source, target, cover, has))
    return found
