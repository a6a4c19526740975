"""Commands on fulfillment orders: routing, stock for those that wait, the warehouse's steps, shipping."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ..inventory import queries as stock
from ..inventory import service as inventory
from ..inventory.api import StockFreed
from ..inventory.lots import choose_lots
from ..inventory.pool import Pool
from ..kernel.db import Change, Question, Rows, as_json, marks, to_json
from ..kernel.errors import DomainError, Stale
from ..kernel.uow import UnitOfWork
from ..orders import service as orders
from ..orders.api import HoldCode, ReviewPassed, UnitsCancelled, UnitsShippedElsewhere
from ..orders.states import Step, codes_stopping
from ..orders.unwritten import unwritten
from . import putback
from .api import FoReleased, FoState, FoVoided, RelabelWanted, ShipmentDelivered, ShipmentDispatched, WaybillState
from .routing import Demand, decide
from .serving import FoLineRow as FoLineRow
from .serving import Serving, serve
from .states import FETCHED, FO, INSIDE, LIVE, OPEN, quoted

BY_HAND = "by_hand"
"""In `why`: the warehouse was chosen by a person, for this reason."""

HOLDER = "fo_line"
"""Reservations are held by fulfillment order lines."""

_TOGETHER = 1000
"""So many that wait are served with one set of statements."""
_READ_TOGETHER = 10_000
"""Orders that one statement reads."""


def fo_number(fo_id: int) -> str:
    """The number on the pick list."""
    return f"FO{fo_id:08d}"


@dataclass(frozen=True, slots=True)
class Fo:
    """A fulfillment order's own row, held until the transaction ends."""

    id: int
    number: str
    shop_id: int
    warehouse_id: int | None
    state: FoState
    merge_key: str
    cod: bool
    currency: str
    sealed: bool
    carrier: str
    version: int
    warehouse: str


_FO = (
    "f.id, f.number, f.shop_id, f.warehouse_id, f.state, f.merge_key, f.cod, f.currency, f.sealed, f.carrier, f.version, "
    "COALESCE((SELECT w.code FROM warehouse w WHERE w.id = f.warehouse_id), '')"
)


def _fo(row: Sequence[Any]) -> Fo:
    return Fo(
        row[0], row[1], row[2], row[3], FoState(row[4]), row[5], bool(row[6]), row[7], bool(row[8]), row[9], row[10], row[11]
    )


def held(uow: UnitOfWork, fo_ids: Iterable[int]) -> dict[int, Fo]:
    """Fulfillment orders by id, in one order; DomainError names one that does not exist."""
    wanted = sorted(set(fo_ids))
    rows = uow.db.rows(
        f"SELECT {_FO} FROM fulfillment_order f WHERE f.id IN ({marks(wanted)}) ORDER BY f.id"
        + ("" if uow.db.sqlite else " FOR UPDATE"),
        wanted,
    )
    found = {row[0]: _fo(row) for row in rows}
    for fo_id in wanted:
        if fo_id not in found:
            raise DomainError(f"there is no fulfillment order {fo_id}", remedy="look it up by its number")
    return found


def move(uow: UnitOfWork, fo: Fo, target: FoState, because: str, **columns: Any) -> None:
    """One step of a fulfillment order, allowed by its states and by plugins; `columns` change with it."""
    _stepped(fo, uow.db.together(_step(uow, fo, target, because, **columns))[0])


def _step(uow: UnitOfWork, fo: Fo, target: FoState, because: str, **columns: Any) -> Change:
    """The change behind a step that is allowed; whoever makes it hands what it touched to `_stepped`."""
    _allowed(uow, fo, target, because)
    settings = "".join(f", {column} = ?" for column in columns)
    return Change(
        f"UPDATE fulfillment_order SET state = ?, version = version + 1{settings} WHERE id = ? AND state = ?",
        [target, *columns.values(), fo.id, fo.state],
    )


def _allowed(uow: UnitOfWork, fo: Fo, target: FoState, because: str) -> None:
    """Note a step that its states and plugins allow; refuse any other."""
    FO.check(fo.number, fo.state, target, remedy="reload the page to see where it stands")
    facts = {"number": fo.number, "warehouse": fo.warehouse, "carrier": fo.carrier}
    orders.ask_first(uow, "fulfillment_order", fo.id, fo.state, target, facts)
    uow.note(f"{fo.state} → {target}", "fulfillment_order", fo.id, because)


def _stepped(fo: Fo, touched: int) -> None:
    if touched != 1:
        raise Stale(f"fulfillment order {fo.number} changed meanwhile", remedy="reload the page")


# routing


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
            uow.note("routed", "order", order.id, f"{fo_number(fo_id)} from {codes_of[warehouse_id]}", why)
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


# stock for those that wait


def offer(uow: UnitOfWork, events: Sequence[StockFreed]) -> None:
    """Give free stock to planned fulfillment orders, in order of payment, before anybody publishes it."""
    skus = sorted({sku_id for event in events for sku_id in event.sku_ids})
    waiting = uow.db.rows(
        "SELECT f.id FROM fulfillment_order f WHERE f.state = 'planned' AND f.id IN (SELECT l.fo_id FROM fo_line l "
        f"WHERE l.reserved < l.quantity AND l.sku_id IN ({marks(skus)})) ORDER BY f.paid_at, f.id",
        skus,
    )
    allocate_all(uow, undisturbed(uow, [row[0] for row in waiting]), "stock became free")


def undisturbed(uow: UnitOfWork, fo_ids: Sequence[int]) -> list[int]:
    """Those of them, in their order, that nobody else works on, nor on their orders; they are held until the transaction ends.

    Whoever frees stock holds some already, and must not wait for a document whose holder may be waiting for that stock. What
    is left out is found by the next round (`offer_again`).
    """
    if uow.db.sqlite:
        return list(fo_ids)
    free: list[int] = []
    for start in range(0, len(fo_ids), _TOGETHER):
        part = fo_ids[start : start + _TOGETHER]
        lines = dict(uow.db.rows(f"SELECT fo_id, COUNT(*) FROM fo_line WHERE fo_id IN ({marks(part)}) GROUP BY fo_id", part))
        locked: dict[int, int] = {}
        for (fo_id,) in uow.db.rows(
            "SELECT f.id FROM fulfillment_order f JOIN fo_line l ON l.fo_id = f.id JOIN sales_order o ON o.id = l.order_id "
            f"WHERE f.id IN ({marks(part)}) ORDER BY f.id FOR UPDATE OF f, o SKIP LOCKED",
            part,
        ):
            locked[fo_id] = locked.get(fo_id, 0) + 1
        free += [fo_id for fo_id in part if fo_id in locked and locked[fo_id] == lines.get(fo_id)]
    return free


def fo_lines(uow: UnitOfWork, fo_id: int) -> list[FoLineRow]:
    """The lines of a fulfillment order in the order of their order lines."""
    question = _lines_question(fo_id)
    return [FoLineRow(*row) for row in uow.db.rows(question.sql, question.parameters)]


def _lines_question(fo_id: int) -> Question:
    return Question(f"{_LINES} WHERE f.fo_id = ? ORDER BY f.order_id, l.no", (fo_id,), 9)


_LINES = (
    "SELECT f.id, f.order_id, f.line_id, f.sku_id, k.code, f.quantity, f.reserved, l.kit_line, l.per_kit "
    "FROM fo_line f JOIN order_line l ON l.id = f.line_id JOIN sku k ON k.id = f.sku_id"
)


def allocate(uow: UnitOfWork, fo_id: int, because: str, *, stay: bool = False) -> bool:
    """`allocate_all` for one; whether it is complete now."""
    return allocate_all(uow, [fo_id], because, stay=stay) == [fo_id]


def allocate_all(uow: UnitOfWork, fo_ids: Sequence[int], because: str, *, stay: bool = False) -> list[int]:
    """Reserve what planned fulfillment orders still miss, one after the other as they are given; those that are complete now.

    Each is served in line order, kits only whole. One that has nothing reserved yet moves to a warehouse that can serve it
    whole, unless it is to `stay`, or one of its orders may only be sent from where it is.
    """
    complete: list[int] = []
    for start in range(0, len(fo_ids), _TOGETHER):
        complete += _allocate(uow, fo_ids[start : start + _TOGETHER], because, stay)
    return complete


def _allocate(uow: UnitOfWork, fo_ids: Sequence[int], because: str, stay: bool) -> list[int]:
    there = held(uow, fo_ids)
    fos = [fo for fo_id in fo_ids if (fo := there[fo_id]).state is FoState.PLANNED and fo.warehouse_id is not None]
    complete = [fo_id for fo_id in fo_ids if there[fo_id].state is not FoState.PLANNED]
    if not fos:
        return complete
    ids = [fo.id for fo in fos]
    lines: dict[int, list[FoLineRow]] = {fo_id: [] for fo_id in ids}
    text = _LINES.replace("SELECT f.id", "SELECT f.fo_id, f.id", 1)
    for fo_id, *row in uow.db.rows(f"{text} WHERE f.fo_id IN ({marks(ids)}) ORDER BY f.fo_id, f.order_id, l.no", ids):
        lines[fo_id].append(FoLineRow(*row))
    skus = {line.sku_id for mine in lines.values() for line in mine}
    pool = Pool(inventory.lock_levels(uow, skus, {fo.shop_id for fo in fos}, wait=False))
    bound = set(ids) if stay else _chosen(uow, ids)
    wants: list[inventory.Want] = []
    served: dict[int, Serving] = {}
    for fo in fos:
        movable = () if fo.id in bound else pool.serving[fo.shop_id].values()
        mine = served[fo.id] = serve(lines[fo.id], fo.warehouse_id or 0, pool.free(fo.shop_id), movable)
        for line, units in mine.units:
            level = pool.level(fo.shop_id, mine.warehouse_id, line.sku_id)
            wants.append(inventory.Want(HOLDER, line.id, level, units))
            pool.take(fo.shop_id, mine.warehouse_id, line.sku_id, units)
    inventory.reserve(uow, wants)
    if wants:
        uow.db.change(
            "UPDATE fo_line SET reserved = fo_line.reserved + v.column2 FROM "
            f"(VALUES {','.join(['(?,?)'] * len(wants))}) AS v WHERE fo_line.id = v.column1",
            [part for want in wants for part in (want.holder, want.quantity)],
        )
    count_reserved(uow, {line.line_id for mine in lines.values() for line in mine})
    _note_served(uow, [(fo, served[fo.id]) for fo in fos], because)
    return [*complete, *(fo.id for fo in fos if not served[fo.id].short)]


def _note_served(uow: UnitOfWork, served: Sequence[tuple[Fo, Serving]], because: str) -> None:
    """Where they are served from, their states and their holds, after what they got."""
    whole = [(fo, mine) for fo, mine in served if not mine.short]
    if whole:
        for fo, _ in whole:
            _allowed(uow, fo, FoState.ALLOCATED, because)
        touched = uow.db.change(
            "UPDATE fulfillment_order SET state = 'allocated', version = version + 1, warehouse_id = v.column2 FROM "
            f"(VALUES {','.join(['(?,?)'] * len(whole))}) AS v WHERE fulfillment_order.id = v.column1 AND state = 'planned'",
            [part for fo, mine in whole for part in (fo.id, mine.warehouse_id)],
        )
        if touched != len(whole):
            raise Stale("fulfillment orders changed meanwhile", remedy="try again")
        orders.lift_all(uow, [fo.id for fo, _ in whole], HoldCode.OUT_OF_STOCK, level="fo")
    for fo, mine in served:
        if mine.short and mine.warehouse_id != fo.warehouse_id:
            uow.db.change("UPDATE fulfillment_order SET warehouse_id = ? WHERE id = ?", (mine.warehouse_id, fo.id))
    notes = {fo.id: ", ".join(mine.short) for fo, mine in served if mine.short}
    orders.hold_all(uow, notes, HoldCode.OUT_OF_STOCK, source="routing", level="fo")


def _chosen(uow: UnitOfWork, fo_ids: Sequence[int]) -> set[int]:
    """Those whose warehouse, or that of one of their orders, somebody chose, so that they must stay there."""
    rows = uow.db.rows(
        "SELECT f.id, f.why, EXISTS (SELECT 1 FROM fo_line x JOIN sales_order o ON o.id = x.order_id WHERE x.fo_id = f.id "
        f"AND o.warehouse_id IS NOT NULL) FROM fulfillment_order f WHERE f.id IN ({marks(fo_ids)})",
        fo_ids,
    )
    return {fo_id for fo_id, why, bound in rows if bound or BY_HAND in (as_json(why) or {})}


def count_reserved(uow: UnitOfWork, line_ids: Iterable[int]) -> None:
    """Order lines promise what their open fulfillment order lines have reserved."""
    wanted = sorted(set(line_ids))
    if wanted:
        rows = uow.db.rows(
            f"SELECT l.id, COALESCE(SUM(CASE WHEN f.state IN ({quoted(OPEN)}) THEN x.reserved ELSE 0 END), 0) "
            "FROM order_line l LEFT JOIN fo_line x ON x.line_id = l.id LEFT JOIN fulfillment_order f ON f.id = x.fo_id "
            f"WHERE l.id IN ({marks(wanted)}) GROUP BY l.id",
            wanted,
        )
        orders.set_reserved(uow, {row[0]: int(row[1]) for row in rows})


# what happened above


def let_go(uow: UnitOfWork, events: Sequence[UnitsCancelled | UnitsShippedElsewhere]) -> None:
    """Units of orders are not ours to send any more: take them out of open fulfillment orders, the least advanced first."""
    waiting: dict[int, str] = {}
    _hold_all(uow, [line_id for event in events for line_id, _ in event.units])
    for event in events:
        reason = event.reason if isinstance(event, UnitsCancelled) else "shipped_elsewhere"
        for line_id, units in event.units:
            waiting |= dict.fromkeys(_let_go_line(uow, line_id, units, reason), reason)
    # Only when every line has shrunk: half of a kit would look like single goods.
    for fo_id, reason in sorted(waiting.items()):
        allocate(uow, fo_id, reason)


def _hold_all(uow: UnitOfWork, line_ids: Sequence[int]) -> None:
    """Hold the fulfillment orders of these order lines, then every level they have units of, before any of them changes."""
    if len(line_ids) > 1 or (line_ids and not uow.db.sqlite):
        rows = uow.db.rows(
            "SELECT x.id FROM fo_line x JOIN fulfillment_order f ON f.id = x.fo_id "
            f"WHERE x.line_id IN ({marks(line_ids)}) AND f.state IN ({quoted(OPEN)}) ORDER BY f.id, x.id"
            + ("" if uow.db.sqlite else " FOR UPDATE OF f"),
            line_ids,
        )
        inventory.held(uow, HOLDER, [row[0] for row in rows])


def _let_go_line(uow: UnitOfWork, line_id: int, units: int, reason: str) -> list[int]:
    """Take units of one line out; the planned fulfillment orders that may be served now."""
    rows = uow.db.rows(
        "SELECT l.id, l.fo_id, l.quantity, l.reserved, f.state FROM fo_line l JOIN fulfillment_order f ON f.id = l.fo_id "
        f"WHERE l.line_id = ? AND f.state IN ({quoted(OPEN)})",
        (line_id,),
    )
    rank = {state.value: place for place, state in enumerate(OPEN)}
    waiting = []
    for row_id, fo_id, count, reserved, state in sorted(rows, key=lambda row: (rank[row[4]], -row[1])):
        if units <= 0:
            break
        less = min(units, count)
        units -= less
        keep = count - less
        back = max(0, reserved - keep)
        if keep:
            uow.db.change("UPDATE fo_line SET quantity = ?, reserved = ? WHERE id = ?", (keep, reserved - back, row_id))
        fo = held(uow, [fo_id])[fo_id]
        if back and fo.state in INSIDE:
            putback.want(uow, putback.Taken(fo_id, row_id, line_id, fo.warehouse_id, back, fo.state), reason)
        elif back:
            inventory.release(uow, HOLDER, {row_id: back})
        uow.note("units taken out", "fulfillment_order", fo_id, reason, {"units": less, "put_back": state in INSIDE})
        others = uow.db.row("SELECT 1 FROM fo_line WHERE fo_id = ? AND id <> ?", (fo_id, row_id))
        if not keep and others:
            uow.db.change("DELETE FROM fo_line WHERE id = ?", (row_id,))
        elif not keep:
            # Its last line stays where it was, so that the cancelled document still says what it was for.
            uow.db.change("UPDATE fo_line SET reserved = 0 WHERE id = ?", (row_id,))
            end(uow, fo, "order_cancelled", reason)
            continue
        if fo.state is FoState.PLANNED:
            waiting.append(fo_id)
        elif fo.cod and fo.state is not FoState.ALLOCATED:
            uow.emit(RelabelWanted(fo_id))  # what is to be collected at the door is another sum now
    count_reserved(uow, [line_id])
    return waiting


def end(uow: UnitOfWork, fo: Fo, code: str, because: str, became: int | None = None) -> None:
    """A fulfillment order that sends nothing: closed, its holds lifted, its waybill to be voided."""
    move(uow, fo, FoState.CANCELLED, because, cancel_reason=code, became_id=became)
    uow.db.change(
        "UPDATE hold SET released_at = ?, released_by = ? WHERE level = 'fo' AND document = ? AND released_at IS NULL",
        (uow.now, uow.actor, fo.id),
    )
    uow.emit(FoVoided(fo.id))


# the warehouse's steps


def blocked(uow: UnitOfWork, fo_id: int, step: Step) -> list[tuple[str, str]]:
    """The open holds, its own and its orders', that stop a step: (code, note)."""
    question = _holds_question(fo_id, step)
    return [(row[0], row[1]) for row in uow.db.rows(question.sql, question.parameters)]


def _holds_question(fo_id: int, step: Step) -> Question:
    codes = codes_stopping(step)
    return Question(
        f"SELECT h.code, h.note FROM hold h WHERE h.released_at IS NULL AND h.code IN ({marks(codes)}) AND "
        "((h.level = 'fo' AND h.document = ?) OR (h.level = 'order' AND h.document IN "
        "(SELECT order_id FROM fo_line WHERE fo_id = ?))) ORDER BY h.id",
        (*codes, fo_id, fo_id),
        2,
    )


def _refuse_if_blocked(uow: UnitOfWork, fo: Fo, step: Step) -> None:
    if holds := blocked(uow, fo.id, step):
        listed = "; ".join(f"{code} ({note})" if note else code for code, note in holds)
        raise DomainError(f"{fo.number} must not {step}: {listed}", remedy="settle these holds first")


def release(uow: UnitOfWork, fo_id: int, because: str) -> bool:
    """Let the warehouse start: no open hold, every unit reserved, lots chosen anew; a waybill is asked for.

    One whose lots have too little life left by now is planned anew instead: False.
    """
    fo = held(uow, [fo_id])[fo_id]
    _refuse_if_blocked(uow, fo, Step.RELEASE)
    lots = uow.db.rows(
        "SELECT DISTINCT x.id FROM fo_line x JOIN reservation r ON r.kind = 'fo_line' AND r.holder = x.id AND r.state = 'held' "
        "JOIN stock_level l ON l.id = r.level_id WHERE x.fo_id = ? AND l.lot <> ''",
        (fo_id,),
    )
    if lots and not choose_lots(uow, HOLDER, [row[0] for row in lots]):
        return False
    move(uow, fo, FoState.RELEASED, because)
    uow.emit(FoReleased(fo_id))
    return True


def start_picking(uow: UnitOfWork, fo_id: int) -> None:
    """Somebody takes the pick list."""
    fo = held(uow, [fo_id])[fo_id]
    _refuse_if_blocked(uow, fo, Step.PICK)
    move(uow, fo, FoState.PICKING, "pick list taken")


def pick(uow: UnitOfWork, fo_id: int) -> None:
    """Everything is in the basket."""
    fo = held(uow, [fo_id])[fo_id]
    _refuse_if_blocked(uow, fo, Step.PICK)
    move(uow, fo, FoState.PICKED, "all picked")


def pack(uow: UnitOfWork, fo_id: int) -> None:
    """The parcel is closed."""
    fo = held(uow, [fo_id])[fo_id]
    _refuse_if_blocked(uow, fo, Step.PACK)
    move(uow, fo, FoState.PACKED, "parcel closed")


def ship(uow: UnitOfWork, fo_id: int) -> None:
    """The parcel leaves: stock falls, revenue and cost are booked, channels will be told.

    Refused without an issued waybill, and a second time, whatever key it comes under.
    """
    parcel = _parcel_question(uow, fo_id)
    uow.db.foresee(parcel, _holds_question(fo_id, Step.SHIP), _lines_question(fo_id))
    row = uow.db.row(parcel.sql, parcel.parameters)
    if row is None:
        raise DomainError(f"there is no fulfillment order {fo_id}", remedy="look it up by its number")
    fo, (waybill_id, waybill, carrier, state) = _fo(row), row[-4:]
    _refuse_if_blocked(uow, fo, Step.SHIP)
    FO.check(fo.number, fo.state, FoState.SHIPPED, remedy="pick and pack it first; a shipped one ships only once")
    if state is None and uow.db.row(f"SELECT 1 FROM fulfillment_order f WHERE f.id = ? AND {FETCHED}", (fo_id,)):
        raise DomainError(f"{fo.number} is picked up by its buyer", remedy="no carrier is needed; hand it over")
    if state != WaybillState.ISSUED:
        raise DomainError(f"{fo.number} has no waybill yet", remedy="wait for the carrier, or look at the work list")
    lines = fo_lines(uow, fo_id)
    shipped: dict[int, dict[int, int]] = {}
    for line in lines:
        shipped.setdefault(line.order_id, {})[line.line_id] = line.quantity
    holders = [line.id for line in lines]
    uow.foresee(inventory.held_question(uow, HOLDER, holders), *orders.rows_asked(uow, shipped))
    touched, *_ = uow.db.together(
        _step(uow, fo, FoState.SHIPPED, f"waybill {waybill}", shipped_at=uow.now),
        Change("UPDATE fo_line SET reserved = 0 WHERE fo_id = ?", (fo_id,)),
        Change("UPDATE waybill SET state = 'used' WHERE id = ?", (waybill_id,)),
    )
    _stepped(fo, touched)
    inventory.consume(uow, HOLDER, holders, document_kind="fulfillment_order", document=fo_id, text=fo.number)
    orders.record_shipped(uow, shipped, key=fo.number, at=uow.now, collector=carrier if fo.cod else "", external=False)
    uow.emit(ShipmentDispatched(fo_id, fo.number, fo.warehouse, carrier, waybill, tuple(sorted(shipped))))


def _parcel_question(uow: UnitOfWork, fo_id: int) -> Question:
    """A fulfillment order, held until the transaction ends, with its live waybill."""
    return Question(
        f"SELECT {_FO}, w.id, w.number, w.carrier, w.state FROM fulfillment_order f LEFT JOIN waybill w "
        f"ON w.fo_id = f.id AND w.state IN ({quoted(LIVE)}) WHERE f.id = ?" + ("" if uow.db.sqlite else " FOR UPDATE OF f"),
        (fo_id,),
        16,
    )


# waybills


def issue_waybill(uow: UnitOfWork, waybill_id: int, number: str, answer: str, label: bytes | None, label_type: str) -> None:
    """The carrier gave a number (and a label); the fulfillment order may ship."""
    written = uow.db.change(
        "UPDATE waybill SET state = 'issued', number = ?, answer = ?, label = ?, label_type = ? "
        "WHERE id = ? AND state = 'requested'",
        (number, answer, label, label_type, waybill_id),
    )
    row = uow.db.row("SELECT fo_id FROM waybill WHERE id = ?", (waybill_id,))
    if written and row is not None:
        uow.note("waybill issued", "fulfillment_order", row[0], number)
        orders.lift(uow, row[0], HoldCode.WAYBILL_ERROR, level="fo")


def waybill_failed(uow: UnitOfWork, waybill_id: int, reason: str) -> None:
    """The carrier refuses: the fulfillment order waits for a person."""
    row = uow.db.row("SELECT fo_id FROM waybill WHERE id = ?", (waybill_id,))
    if row is not None:
        orders.hold(uow, row[0], HoldCode.WAYBILL_ERROR, reason, source="carrier", level="fo")


def waybill_not_given_back(uow: UnitOfWork, waybill_id: int) -> None:
    """The carrier keeps a number that we wanted to give back: a person settles that, while the parcel has not left."""
    row = uow.db.row(
        "SELECT w.fo_id, w.number, f.state FROM waybill w JOIN fulfillment_order f ON f.id = w.fo_id WHERE w.id = ?",
        (waybill_id,),
    )
    if row is not None and FoState(row[2]) in OPEN:
        note = f"the carrier does not take {row[1]} back"
        orders.hold(uow, row[0], HoldCode.WAYBILL_ERROR, note, source="void", level="fo")


def deliver(uow: UnitOfWork, waybill_id: int, because: str) -> None:
    """The carrier says the parcel arrived; the first time only."""
    row = uow.db.row("SELECT fo_id, number FROM waybill WHERE id = ? AND delivered_at IS NULL", (waybill_id,))
    if row is None:
        return
    uow.db.change("UPDATE waybill SET delivered_at = ? WHERE id = ?", (uow.now, waybill_id))
    fo = held(uow, [row[0]])[row[0]]
    if fo.state is FoState.SHIPPED:
        move(uow, fo, FoState.DELIVERED, because)
        order_ids = uow.db.rows("SELECT DISTINCT order_id FROM fo_line WHERE fo_id = ? ORDER BY order_id", (fo.id,))
        uow.emit(ShipmentDelivered(fo.id, row[1], tuple(order_id for (order_id,) in order_ids)))
        if fo.cod:
            _collected(uow, [order_id for (order_id,) in order_ids])


def _collected(uow: UnitOfWork, order_ids: Sequence[int]) -> None:
    """Cash on delivery has been paid where no other parcel of the order is still on its way."""
    still = uow.db.rows(
        "SELECT DISTINCT x.order_id FROM fo_line x JOIN fulfillment_order f ON f.id = x.fo_id "
        f"WHERE x.order_id IN ({marks(order_ids)}) AND f.state = 'shipped'",
        order_ids,
    )
    for order_id in sorted(set(order_ids) - {row[0] for row in still}):
        orders.record_collected(uow, order_id, uow.now)
