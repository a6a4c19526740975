"""What other rooms may know about stock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from ..kernel.values import Money


class Place(StrEnum):
    """The accounts of goods: units only ever go from one to another."""

    STOCK = "stock"
    SUPPLIER = "supplier"
    CUSTOMER = "customer"
    OPENING = "opening"
    ADJUSTMENT = "adjustment"
    LOSS = "loss"


@dataclass(frozen=True, slots=True)
class GoodsMoved:
    """Units changed places; `cost` is what all of them cost together, in the merchant's own currency."""

    key: str
    at: datetime
    source: Place
    target: Place
    kind: str
    document: int
    text: str
    cost: Money


@dataclass(frozen=True, slots=True)
class StockChanged:
    """What is free of some SKUs changed, in either direction."""

    name: ClassVar[str] = "stock_changed"
    sku_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StockFreed:
    """Units became free: received, released or given back. Whoever waits is served before they are published."""

    sku_ids: tuple[int, ...]
