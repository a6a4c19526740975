"""What the outside may know about a fulfillment order and its parcels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from ..kernel.values import Money
from ..orders.api import OrderStatus, Reach


class FoState(StrEnum):
    """待分配 已分配 已下发 拣货中 已拣货 已打包 已发货 已签收 退回中 已退回 已取消."""

    PLANNED = "planned"
    ALLOCATED = "allocated"
    RELEASED = "released"
    PICKING = "picking"
    PICKED = "picked"
    PACKED = "packed"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    RETURNING = "returning"
    RETURNED = "returned"
    CANCELLED = "cancelled"


class WaybillState(StrEnum):
    REQUESTED = "requested"
    ISSUED = "issued"
    USED = "used"
    VOIDED = "voided"
    VOID_FAILED = "void_failed"


class LineageKind(StrEnum):
    """How units went from one fulfillment order to another."""

    MERGED = "merged"
    UNMERGED = "unmerged"
    SPLIT = "split"
    REROUTED = "rerouted"


@dataclass(frozen=True, slots=True)
class ShipmentDispatched:
    """A fulfillment order left the warehouse; `order_ids` are all orders with units in it."""

    name: ClassVar[str] = "shipment_dispatched"
    fo_id: int
    number: str
    warehouse: str
    carrier: str
    waybill: str
    order_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ShipmentDelivered:
    """The carrier says the parcel reached its receiver."""

    name: ClassVar[str] = "shipment_delivered"
    fo_id: int
    waybill: str
    order_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Fetched:
    """An order whose goods change hands in a shop, as it stands now."""

    order_id: int
    number: str
    external_id: str
    external_number: str
    shop: str
    reach: Reach
    status: OrderStatus
    warehouse: str
    buyer: str
    phone: str
    placed_at: datetime
    until: datetime
    """So long it is kept for the buyer."""
    due: Money
    """What is still to be paid; below 0 what is to be given back."""
    lines: tuple[tuple[str, str, int], ...]
    """(SKU, title, units) that are not cancelled; kits as they were bought."""
    stopped: tuple[tuple[str, str], ...]
    """(code, note) of the open holds."""
    ready: bool
    """Every unit is reserved for it."""

    def overdue(self, now: datetime) -> bool:
        return self.reach is Reach.PICKUP and now >= self.until


# Inside the core only


@dataclass(frozen=True, slots=True)
class FoReleased:
    """The warehouse may start; a waybill is wanted."""

    fo_id: int


@dataclass(frozen=True, slots=True)
class FoVoided:
    """A fulfillment order sends nothing after all; its waybill is to be voided."""

    fo_id: int


@dataclass(frozen=True, slots=True)
class RelabelWanted:
    """What a fulfillment order's waybill says is no longer true: the old number is given back, another one wanted."""

    fo_id: int
