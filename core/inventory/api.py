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
    """Good units in a warehouse."""
    QC = "qc"
    """In a warehouse, waiting to be inspected."""
    DEFECTIVE = "defective"
    TRANSIT = "transit"
    """On their way from one warehouse to another."""
    SUPPLIER = "supplier"
    CUSTOMER = "customer"
    OPENING = "opening"
    ADJUSTMENT = "adjustment"
    LOSS = "loss"


OURS = frozenset({Place.STOCK, Place.QC, Place.DEFECTIVE, Place.TRANSIT})
"""Places whose units belong to us; between them nothing is earned or lost."""


class Quality(StrEnum):
    """What units on hand are good for; only good ones are promised."""

    GOOD = "good"
    DEFECTIVE = "defective"
    QC = "qc"

    @property
    def place(self) -> Place:
        return Place.STOCK if self is Quality.GOOD else Place(self.value)


class ZoneUse(StrEnum):
    """收货 拣货 存储 打包 退货: what leaves is taken from packing first, then pick, storage, the floor, and the others last."""

    RECEIVING = "receiving"
    PICK = "pick"
    STORAGE = "storage"
    PACKING = "packing"
    RETURNS = "returns"


class LockMode(StrEnum):
    """What a shop with a lock of its own may sell; own locked units always go first."""

    PLUS_SHARED = "lock_plus_shared"
    """Its own, and whatever no shop has locked."""
    ONLY = "lock_only"
    """Its own, in whichever warehouse, and nothing else anywhere."""
    ONLY_HERE = "lock_only_here"
    """In this warehouse only its own; elsewhere what is shared."""


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


@dataclass(frozen=True, slots=True)
class ReservationsLost:
    """Units promised to holders of one kind are not there, and nothing in their warehouse could stand in."""

    kind: str
    units: tuple[tuple[int, int], ...]
    """(holder, units), each holder once."""
    sku_ids: tuple[int, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Holder:
    """What the room above says about a holder: its document's number and its place in the queue for stock."""

    number: str
    since: datetime
    """When it was paid: whoever came later gives way first."""
    firm: bool = False
    """Its units are in a basket or parcel already; they cannot be given to anybody else."""
