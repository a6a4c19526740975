"""Counters of what is reserved, sent and collected at the door; what is sent becomes revenue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from ..kernel.db import Change
from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from ..kernel.values import Money
from .api import OrderStatus, Sold, UnitsShippedElsewhere
from .heads import Head, announce, derived, lines_of, locked, owed_back, write_head
from .money import nearest, share, tax_inside
from .unwritten import Unwritten

_TOGETHER = 5_000
"""Lines that one statement changes."""


def set_reserved(uow: UnitOfWork, reserved: Mapping[int, int]) -> None:
    """The reserved counter of order lines becomes what fulfillment says it is.

    Never more than is open: what was just cancelled or sent elsewhere is let go, and counted again, later in the transaction.
    """
    if (new := uow.kept.get(Unwritten)) is not None and all(line_id in new.lines for line_id in reserved):
        for line_id, count in reserved.items():
            new.lines[line_id]["reserved"] = count
        return
    pairs = sorted(reserved.items())
    for start in range(0, len(pairs), _TOGETHER):
        part = pairs[start : start + _TOGETHER]
        uow.db.change(
            "UPDATE order_line SET reserved = CASE WHEN v.column2 > quantity - shipped - cancelled "
            "THEN quantity - shipped - cancelled ELSE v.column2 END "
            f"FROM (VALUES {','.join(['(?,?)'] * len(part))}) AS v "
            "WHERE order_line.id = v.column1",
            [value for pair in part for value in pair],
        )


def record_shipped(
    uow: UnitOfWork, shipped: Mapping[int, Mapping[int, int]], *, key: str, at: datetime, collector: str, external: bool
) -> None:
    """Count units as sent, by order and line; what they were sold for becomes revenue.

    `collector` is the carrier that collects at the door; where nobody here sent it, the shop's platform does. `external` units
    were sent by somebody else: they were reserved here at most on paper. Each order's sale is known by `key`/order number, so
    the same shipment never sells twice.
    """
    heads, lines = locked(uow, shipped), lines_of(uow, shipped)
    counted: list[tuple[int, int, int]] = []
    written: list[tuple[Head, OrderStatus, Change]] = []
    for order_id, units in shipped.items():
        head, mine = heads[order_id], lines[order_id]
        goods = freight = tax = 0
        for line in mine:
            count = units.get(line.id, 0)
            if not count:
                continue
            if count > line.open:
                raise DomainError(
                    f"order {head.number}, line {line.id}: {count} units to ship, {line.open} open",
                    remedy="reload the fulfillment order; units were cancelled or shipped meanwhile",
                )
            part = share(line.amount, line.quantity, line.shipped, count)
            carriage = share(line.freight, line.quantity, line.shipped, count)
            goods, freight, tax = goods + part, freight + carriage, tax + tax_inside(part + carriage, line.tax_rate)
            line.shipped += count
            counted.append((line.id, count, count if external else 0))
        last = not any(line.open for line in mine)
        if head.cod:
            head.collector, head.collected_at = collector or head.shop, None
            uow.emit(sold_event(head, key, at, goods, freight, tax, head.collector))
        elif head.advance:
            # With the last units everything that was paid is earned, but for what the buyer is to get back.
            gross = head.advance - owed_back(head, mine) if last else min(goods + freight, head.advance)
            tax = nearest(head.advance_tax, gross, head.advance)
            freight = min(freight, gross)
            head.advance -= gross
            head.advance_tax -= tax
            uow.emit(sold_event(head, key, at, gross - freight, freight, tax, ""))
        written.append((head, *derived(uow, head, mine)))
    if counted:
        _write_shipped(uow, counted, [change for _, _, change in written])
    for head, status, _ in written:
        announce(uow, head, status, f"shipped {key}")


def record_collected(uow: UnitOfWork, order_id: int, at: datetime) -> bool:
    """Everything of an order arrived: what is cash on delivery has been paid at the door. Whether that was news."""
    head = locked(uow, [order_id])[order_id]
    lines = lines_of(uow, [order_id])[order_id]
    if not head.cod or head.collected_at is not None or any(line.open for line in lines):
        return False
    head.collected_at = at
    write_head(uow, head, lines, "collected at the door")
    uow.note("collected", "order", order_id, head.collector)
    return True


def _write_shipped(uow: UnitOfWork, counted: Sequence[tuple[int, int, int]], heads: Sequence[Change]) -> None:
    """Lines as (id, units sent, of them by others), with their orders."""
    uow.db.together(
        Change(
            "UPDATE order_line SET shipped = order_line.shipped + v.column2, shipped_externally = "
            "order_line.shipped_externally + v.column3, reserved = CASE WHEN order_line.reserved > v.column2 "
            f"THEN order_line.reserved - v.column2 ELSE 0 END FROM (VALUES {','.join(['(?,?,?)'] * len(counted))}) AS v "
            "WHERE order_line.id = v.column1",
            [part for line in sorted(counted) for part in line],
        ),
        *heads,
    )


def sold_event(head: Head, key: str, at: datetime, goods: int, freight: int, tax: int, collector: str) -> Sold:
    """The event for the books: gross goods and freight, with the tax taken out of both in proportion."""
    gross = goods + freight
    freight_tax = tax * freight // gross if gross else 0
    return Sold(
        head.id, head.number, head.shop, f"{key}/{head.number}", at, Money(goods - (tax - freight_tax), head.currency),
        Money(freight - freight_tax, head.currency), Money(tax, head.currency), collector,
    )  # fmt: skip


def record_shipped_elsewhere(uow: UnitOfWork, order_id: int, units: Mapping[int, int], key: str) -> None:
    """The platform says these units were sent, and we did not send them: they count as sent and move no stock."""
    uow.emit(UnitsShippedElsewhere(order_id, tuple(units.items())))
    uow.note("shipped elsewhere", "order", order_id, "reported by the platform", {str(k): v for k, v in units.items()})
    record_shipped(uow, {order_id: units}, key=key, at=uow.now, collector="", external=True)
