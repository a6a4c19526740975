"""Routing applied: orders that passed review become fulfillment orders with reservations, in one set-based run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ..inventory import queries as stock
from ..inventory import service as inventory
from ..inventory.pool import Pool
from ..kernel.db import Rows, marks, to_json
from ..kernel.uow import UnitOfWork
from ..orders import service as orders
from ..orders.api import HoldCode, ReviewPassed
from ..orders.unwritten import unwritten
from .api import FoState
from .documents import HOLDER, fo_number
from .routing import Demand, decide
from .states import OPEN, quoted

_READ_TOGETHER = 10_000
"""Orders that one statement reads."""


@dataclass
class _Routed:
    """An order on its way into fulfillment orders."""

    id: int
    number: str
    shop_id: int
    currency: str
    cod: bool
    paid_at: Any
    sealed: bool
    address_id: int
    merge_key: str
    province: str
    country: str
    policy: str
    carrier: str
    warehouse_id: int | None
    """The only one that may send it, where somebody chose one."""
    merge_minutes: int
    demands: list[Demand]
    reserved: dict[int, int]
    """What its lines have reserved already, in fulfillment orders made before."""


def _stored(uow: UnitOfWork, order_ids: Sequence[int]) -> list[tuple[Any, ...]]:
    """The lines of orders with what routing must know about each; orders that are not written yet say the same themselves."""
    rows: list[tuple[Any, ...]] = []
    for start in range(0, len(order_ids), _READ_TOGETHER):
        rows += _stored_of(uow, order_ids[start : start + _READ_TOGETHER])
    return rows if len(order_ids) <= _READ_TOGETHER else sorted(rows, key=lambda row: (row[5], row[0]))


def _stored_of(uow: UnitOfWork, order_ids: Sequence[int]) -> list[tuple[Any, ...]]:
    return uow.db.rows(
        "SELECT o.id, o.number, o.shop_id, o.currency, o.cod, o.paid_at, o.sealed, o.address_id, "
        "CASE o.reach WHEN 'shipped' THEN a.merge_key ELSE '' END, a.province, a.country, "
        "CASE o.reach WHEN 'shipped' THEN s.ship_policy ELSE 'complete_only' END, "
        "CASE WHEN o.reach <> 'shipped' THEN '' WHEN o.carrier = '' THEN s.carrier ELSE o.carrier END, o.warehouse_id, "
        "s.merge_minutes, l.id, l.sku_id, k.code, l.kit_line, l.per_kit, l.quantity - l.shipped - l.cancelled - COALESCE("
        "(SELECT SUM(x.quantity) FROM fo_line x JOIN fulfillment_order f ON f.id = x.fo_id WHERE x.line_id = l.id "
        f"AND f.state IN ({quoted(OPEN)})), 0), l.reserved FROM sales_order o JOIN order_line l ON l.order_id = o.id "
        "JOIN postal_address a ON a.id = o.address_id JOIN shop s ON s.id = o.shop_id JOIN sku k ON k.id = l.sku_id "
        f"WHERE o.id IN ({marks(order_ids)}) AND NOT l.kit AND l.quantity > l.shipped + l.cancelled "
        "ORDER BY o.paid_at, o.id, l.no",
        list(order_ids),
    )


def _read(uow: UnitOfWork, order_ids: Sequence[int]) -> tuple[list[_Routed], dict[int, str]]:
    """Orders with what of them no fulfillment order carries yet, in the order they were paid; and the codes of their SKUs."""
    if (new := unwritten(uow, order_ids)) is not None:
        in_order = sorted(order_ids, key=lambda order_id: (new.heads[order_id]["paid_at"], order_id))
        rows = [row for order_id in in_order for row in new.routable(order_id)]
    else:
        rows = _stored(uow, order_ids)
    found: dict[int, _Routed] = {}
    kits: dict[tuple[int, int], list[tuple[int, int, int, int]]] = {}
    codes: dict[int, str] = {}
    for (
        id_, number, shop_id, currency, cod, paid_at, sealed, address_id, merge_key, province, country, policy, carrier,
        warehouse_id, minutes, line_id, sku_id, code, kit_line, per_kit, open_, reserved,
    ) in rows:  # fmt: skip
        if open_ <= 0:
            continue
        order = found.get(id_)
        if order is None:
            order = found[id_] = _Routed(
                id_, number, shop_id, currency, bool(cod), paid_at, bool(sealed), address_id, merge_key, province, country,
                policy, carrier, warehouse_id, minutes, [], {},
            )  # fmt: skip
        codes[sku_id] = code
        order.reserved[line_id] = reserved
        if kit_line is None:
            order.demands.append(Demand(((line_id, sku_id, 1),), open_))
        else:
            kits.setdefault((order.id, kit_line), []).append((line_id, sku_id, per_kit, open_))
    for (order_id, _), parts in kits.items():
        sets = min(open_ // per_kit for _, _, per_kit, open_ in parts)
        demands = found[order_id].demands
        if sets:
            demands.append(Demand(tuple((line_id, sku_id, per_kit) for line_id, sku_id, per_kit, _ in parts), sets))
        for line_id, sku_id, per_kit, open_ in parts:
            if rest := open_ - sets * per_kit:
                demands.append(Demand(((line_id, sku_id, 1),), rest))
    return list(found.values()), codes


_FO_COLUMNS = (
    "id", "number", "shop_id", "warehouse_id", "address_id", "merge_key", "state", "cod", "currency", "sealed", "paid_at",
    "carrier", "cancel_reason", "why", "version", "created_at",
)  # fmt: skip


def route(uow: UnitOfWork, events: Sequence[ReviewPassed]) -> None:
    """Plan where orders are sent from and reserve for them: one set-based run, as if one by one in order of payment."""
    order_ids = sorted({order_id for event in events for order_id in event.order_ids})
    routed, codes = _read(uow, order_ids)
    if not routed:
        return
    levels = inventory.lock_levels(uow, codes, {order.shop_id for order in routed})
    pool = Pool(levels)
    keeping: dict[tuple[int, int], dict[int, stock.ServingWarehouse]] = {}
    for level in levels:
        keeping.setdefault((level.shop_id, level.sku_id), {})[level.warehouse.id] = level.warehouse
    # An order chooses among the warehouses that know its own SKUs, whatever else is routed with it; else among all of its shop.
    choices = {
        order.id: {
            warehouse_id: warehouse
            for demand in order.demands
            for _, sku_id, _ in demand.parts
            for warehouse_id, warehouse in keeping.get((order.shop_id, sku_id), {}).items()
        }
        for order in routed
    }
    everywhere = stock.serving(uow.db, {order.shop_id for order in routed if not choices[order.id] or order.warehouse_id})
    wanted = sum(len(demand.parts) for order in routed for demand in order.demands)
    uow.expect_ids(fulfillment_order=len(routed), fo_line=wanted)
    fos: list[tuple[Any, ...]] = []
    lines: list[tuple[int, ...]] = []
    holds: list[tuple[str, int, HoldCode, str, str]] = []
    waits: dict[int, list[tuple[str, int, HoldCode, str, str]]] = {}
    wants: list[inventory.Want] = []
    reserved: dict[int, int] = {}
    for order in routed:
        known = list(choices[order.id].values()) or everywhere[order.shop_id]
        if order.warehouse_id is not None:
            known = [warehouse for warehouse in everywhere[order.shop_id] if warehouse.id == order.warehouse_id]
        choice = sorted(known, key=lambda warehouse: warehouse.code)
        codes_of = {warehouse.id: warehouse.code for warehouse in choice}
        shop_id = order.shop_id
        plan = decide(order.demands, choice, pool.free(shop_id), order.province, order.country, codes, pool.own(shop_id))
        if not plan.assignments:
            holds.append(("order", order.id, HoldCode.OUT_OF_STOCK, "routing", str(plan.why["refused"])))
            continue
        groups: dict[tuple[int, bool], list[tuple[int, int, int, int]]] = {}
        for assignment in plan.assignments:
            # `complete_only` keeps what is missing with what is there; `what_is_there` lets the missing units split off.
            group = (assignment.warehouse_id, assignment.served or order.policy == "complete_only")
            for line_id, sku_id, units in assignment.demand.parts:
                count = units * assignment.sets
                groups.setdefault(group, []).append((line_id, sku_id, count, count if assignment.served else 0))
                if assignment.served:
                    pool.take(order.shop_id, assignment.warehouse_id, sku_id, count)
        why = to_json(plan.why)
        fo_ids = uow.take_ids("fulfillment_order", len(groups))
        for fo_id, ((warehouse_id, _), parts) in zip(fo_ids, groups.items(), strict=True):
            merged: dict[int, tuple[int, int, int]] = {}
            for line_id, sku_id, count, kept in parts:
                _, before, had = merged.get(line_id, (sku_id, 0, 0))
                merged[line_id] = (sku_id, before + count, had + kept)
            whole = all(count == kept for _, count, kept in merged.values())
            state = FoState.ALLOCATED if whole else FoState.PLANNED
            fos.append(
                (fo_id, fo_number(fo_id), order.shop_id, warehouse_id, order.address_id, order.merge_key, state, order.cod,
                 order.currency, order.sealed, order.paid_at, order.carrier, "", why, 1, uow.now)
            )  # fmt: skip
            if not whole:
                note = ", ".join(plan.why["short"])
                holds.append(("fo", fo_id, HoldCode.OUT_OF_STOCK, "routing", note))
            if order.merge_minutes and order.merge_key and not order.sealed:
                waits.setdefault(order.merge_minutes, []).append(("fo", fo_id, HoldCode.MERGE_WAIT, "merging", ""))
            uow.note("routed", "order", order.id, f"{fo_number(fo_id)} is sent from {codes_of[warehouse_id]}", why)
            line_rows = uow.take_ids("fo_line", len(merged))
            for row_id, (line_id, (sku_id, count, kept)) in zip(line_rows, merged.items(), strict=True):
                lines.append((row_id, fo_id, order.id, line_id, sku_id, count, kept))
                if kept:
                    level = pool.level(order.shop_id, warehouse_id, sku_id)
                    wants.append(inventory.Want(HOLDER, row_id, level, kept))
                    reserved[line_id] = reserved.get(line_id, order.reserved[line_id]) + kept
    orders.set_reserved(uow, reserved)
    uow.db.together(
        Rows("fulfillment_order", _FO_COLUMNS, fos),
        Rows("fo_line", ("id", "fo_id", "order_id", "line_id", "sku_id", "quantity", "reserved"), lines),
    )
    inventory.reserve(uow, wants)
    orders.open_holds(uow, holds)
    for minutes, waiting in waits.items():
        orders.open_holds(uow, waiting, until=uow.now + timedelta(minutes=minutes))
