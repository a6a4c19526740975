"""When an order changes after it was planned: taken back, sent elsewhere, grown; each fulfillment order by how far it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..inventory import queries as stock
from ..inventory import service as inventory
from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from ..orders import service as orders
from ..orders.api import AddressChanged, Carrying, HoldCode, ReviewPassed, ReviewWithdrawn, UnitsAdded
from .api import FoReleased, FoState, LineageKind, RelabelWanted, WaybillState
from .handing import is_fetched
from .merging import detach, take_back
from .routing import Demand, decide
from .service import HOLDER, Fo, FoLineRow, count_reserved, end, fo_lines, held, route
from .split import keep_lineage
from .states import INSIDE, LIVE, OPEN, quoted


def hear_withdrawn(uow: UnitOfWork, events: Sequence[ReviewWithdrawn]) -> None:
    """Give up everything that was planned for orders whose review was taken back; from picking on that is refused."""
    for event in events:
        fos = held(uow, open_fos(uow, event.order_id))
        if begun := [fo for fo in fos.values() if fo.state in INSIDE]:
            listed = ", ".join(f"{fo.number} is {fo.state}" for fo in begun)
            raise DomainError(listed, remedy="from picking on an order can only be amended or cancelled")
        for fo_id in fos:
            mine = held(uow, [detach(uow, fo_id, event.order_id, event.because)])
            for fo in mine.values():
                give_up(uow, fo, "review_withdrawn", event.because)


def hear_added(uow: UnitOfWork, events: Sequence[UnitsAdded]) -> None:
    """Plan what orders that passed owe beyond what their fulfillment orders carry; at release it joins what goes there too."""
    wanted = sorted({order_id for event in events for order_id in event.order_ids})
    rows = uow.db.rows(
        f"SELECT id FROM sales_order WHERE id IN ({','.join('?' * len(wanted))}) AND review = 'passed' "
        "AND finance_review IN ('','passed') ORDER BY id",
        wanted,
    )
    if rows:
        route(uow, [ReviewPassed(tuple(row[0] for row in rows))])


def carrying(uow: UnitOfWork, order_ids: Sequence[int]) -> Mapping[int, tuple[Carrying, ...]]:
    """What orders may know about the fulfillment orders that carry their units, or carried them, by order."""
    wanted = sorted(set(order_ids))
    listed = ",".join("?" * len(wanted))
    units: dict[tuple[int, int], list[tuple[str, int, int]]] = {}
    for order_id, fo_id, code, count, reserved in uow.db.rows(
        "SELECT x.order_id, x.fo_id, k.code, SUM(x.quantity), SUM(x.reserved) FROM fo_line x JOIN sku k ON k.id = x.sku_id "
        f"WHERE x.order_id IN ({listed}) GROUP BY x.order_id, x.fo_id, k.code ORDER BY x.order_id, x.fo_id, k.code",
        wanted,
    ):
        units.setdefault((order_id, fo_id), []).append((code, int(count), int(reserved)))
    ids = sorted({fo_id for _, fo_id in units})
    if not ids:
        return {}
    heads = {
        row[0]: row[1:]
        for row in uow.db.rows(
            "SELECT f.id, f.number, f.state, f.version, COALESCE(w.code, ''), a.province, a.city, a.detail, a.name, "
            "f.cancel_reason, (SELECT COUNT(DISTINCT y.order_id) FROM fo_line y WHERE y.fo_id = f.id), "
            f"(SELECT MAX(CASE WHEN b.number = '' THEN 'asked for' ELSE b.number END) FROM waybill b WHERE b.fo_id = f.id "
            f"AND b.state IN ({quoted(LIVE)})), "
            "(SELECT SUM(p.quantity) FROM putback p WHERE p.fo_id = f.id AND p.state = 'open') FROM fulfillment_order f "
            "LEFT JOIN warehouse w ON w.id = f.warehouse_id JOIN postal_address a ON a.id = f.address_id "
            f"WHERE f.id IN ({','.join('?' * len(ids))})",
            ids,
        )
    }
    found: dict[int, tuple[Carrying, ...]] = {}
    for (order_id, fo_id), mine in units.items():
        number, state, version, warehouse, province, city, detail, name, reason, orders_, waybill, putbacks = heads[fo_id]
        one = Carrying(
            number,
            state,
            version,
            warehouse,
            tuple(mine),
            f"{province}{city}{detail}, {name}",
            waybill or "",
            orders_ > 1,
            reason,
            int(putbacks or 0),
        )
        found[order_id] = (*found.get(order_id, ()), one)
    return found


def open_fos(uow: UnitOfWork, order_id: int) -> list[int]:
    """The fulfillment orders that are still to send units of an order."""
    rows = uow.db.rows(
        "SELECT DISTINCT f.id FROM fulfillment_order f JOIN fo_line x ON x.fo_id = f.id WHERE x.order_id = ? "
        f"AND f.state IN ({quoted(OPEN)}) ORDER BY f.id",
        (order_id,),
    )
    return [row[0] for row in rows]


def give_up(uow: UnitOfWork, fo: Fo, code: str, because: str) -> None:
    """A fulfillment order ends and gives back what it reserved; its lines stay in it, to say what it was for."""
    lines = fo_lines(uow, fo.id)
    uow.db.change("UPDATE fo_line SET reserved = 0 WHERE fo_id = ?", (fo.id,))
    end(uow, fo, code, because)
    count_reserved(uow, {line.line_id for line in lines})
    if taken := {line.id: None for line in lines if line.reserved}:
        inventory.release(uow, HOLDER, taken)


# another address


def readdress(uow: UnitOfWork, events: Sequence[AddressChanged]) -> None:
    """Fulfillment orders follow their order's new address, each by how far it is.

    A merged one is taken apart first. Before release it is routed anew, if another warehouse would be chosen now. Released,
    it stays with its warehouse and is labelled anew, or taken back and routed anew. From picking on it is labelled anew, and
    stopped until the new label is there. A packed parcel of several orders waits for a person.
    """
    for event in events:
        for fo_id in open_fos(uow, event.order_id):
            if is_fetched(uow, fo_id):
                uow.db.change("UPDATE fulfillment_order SET address_id = ? WHERE id = ?", (event.address_id, fo_id))
            else:
                _follow(uow, fo_id, event)


def _follow(uow: UnitOfWork, fo_id: int, event: AddressChanged) -> None:
    fo = held(uow, [fo_id])[fo_id]
    shared = any(line.order_id != event.order_id for line in fo_lines(uow, fo_id))
    if shared and fo.state is FoState.PACKED:
        note = "one of the orders in this parcel goes elsewhere now; open it and take the merge back"
        orders.hold(uow, fo_id, HoldCode.ADDRESS_CHANGED, note, source="address", level="fo")
        return
    if shared:
        fo_id = detach(uow, fo_id, event.order_id, "its order goes elsewhere")
    uow.db.change(
        "UPDATE fulfillment_order SET address_id = ?, merge_key = ?, version = version + 1 WHERE id = ?",
        (event.address_id, event.merge_key, fo_id),
    )
    uow.note("address changed", "fulfillment_order", fo_id, "with its order")
    fo = held(uow, [fo_id])[fo_id]
    if fo.state in INSIDE:
        relabel(uow, fo, "the address changed")
    elif fo.state is FoState.RELEASED and not _elsewhere(uow, fo):
        uow.emit(RelabelWanted(fo.id))
    elif fo.state is not FoState.PLANNED or fo.warehouse_id is not None:
        reroute(uow, fo.id, "the address changed")


def relabel(uow: UnitOfWork, fo: Fo, because: str) -> None:
    """Give the old waybill back and ask for another; until it is there the parcel must not leave."""
    live = uow.db.row(f"SELECT number, state FROM waybill WHERE fo_id = ? AND state IN ({quoted(LIVE)})", (fo.id,))
    if live is not None:
        number = live[0] if live[1] == WaybillState.ISSUED else "the old label"
        note = f"{because}: {number} is void, stick the new label on"
        orders.hold(uow, fo.id, HoldCode.WAYBILL_ERROR, note, source="relabel", level="fo")
    uow.emit(RelabelWanted(fo.id))


def label_anew(uow: UnitOfWork, fo_id: int, because: str) -> None:
    """Somebody wants another label for a released fulfillment order: the old number is given back, a new one booked."""
    fo = held(uow, [fo_id])[fo_id]
    if fo.state is not FoState.RELEASED and fo.state not in INSIDE:
        raise DomainError(f"{fo.number} is {fo.state}", remedy="only what is released and has not left can be labelled anew")
    uow.note("label wanted anew", "fulfillment_order", fo_id, because)
    relabel(uow, fo, because)


def choose_carrier(uow: UnitOfWork, fo_id: int, carrier: str, because: str) -> None:
    """Another carrier (code of its connection) for a fulfillment order that has not left; a label it had is made anew."""
    fo = held(uow, [fo_id])[fo_id]
    if fo.state not in OPEN:
        raise DomainError(f"{fo.number} is {fo.state}", remedy="only what has not left can change its carrier")
    if is_fetched(uow, fo_id):
        raise DomainError(f"{fo.number} is picked up by its buyer", remedy="no carrier is needed; hand it over")
    known = [code for (code,) in uow.db.rows("SELECT code FROM connection WHERE kind = 'carrier' ORDER BY code")]
    if not carrier or (known and carrier not in known):
        raise DomainError(f"there is no carrier {carrier!r}", remedy=f"there are: {', '.join(known) or 'none yet'}")
    uow.db.change("UPDATE fulfillment_order SET carrier = ?, version = version + 1 WHERE id = ?", (carrier, fo_id))
    uow.note("carrier chosen", "fulfillment_order", fo_id, because, {"carrier": carrier})
    orders.lift(uow, fo_id, HoldCode.NO_CARRIER, level="fo")
    if fo.state is FoState.RELEASED or fo.state in INSIDE:
        live = uow.db.row(f"SELECT 1 FROM waybill WHERE fo_id = ? AND state IN ({quoted(LIVE)})", (fo_id,))
        uow.emit(FoReleased(fo_id) if live is None else RelabelWanted(fo_id))


# another warehouse


def reroute(uow: UnitOfWork, fo_id: int, because: str) -> list[int]:
    """Plan what a fulfillment order carries anew, unless routing would decide as before; the fulfillment orders it is in."""
    fo = held(uow, [fo_id])[fo_id]
    if fo.state in INSIDE or fo.state not in OPEN:
        raise DomainError(f"{fo.number} is {fo.state}", remedy="only what nobody works on can be routed anew")
    if not _elsewhere(uow, fo):
        uow.note("routed as before", "fulfillment_order", fo_id, because)
        return [fo_id]
    fo = take_back(uow, fo, because)
    lines = fo_lines(uow, fo_id)
    before = set(uow.db.rows("SELECT id FROM fulfillment_order WHERE id > ?", (fo_id,)))
    give_up(uow, fo, "rerouted", because)
    route(uow, [ReviewPassed(tuple(sorted({line.order_id for line in lines})))])
    wanted = {line.line_id for line in lines}
    made = uow.db.rows(
        "SELECT x.fo_id, x.line_id, x.quantity FROM fo_line x JOIN fulfillment_order f ON f.id = x.fo_id WHERE x.line_id IN "
        f"({','.join('?' * len(wanted))}) AND f.state IN ({quoted(OPEN)}) AND f.id > ? ORDER BY x.fo_id, x.line_id",
        [*sorted(wanted), fo_id],
    )
    fresh = [row for row in made if (row[0],) not in before]
    for target in sorted({row[0] for row in fresh}):
        keep_lineage(uow, fo_id, target, LineageKind.REROUTED, [(row[1], row[2]) for row in fresh if row[0] == target])
    return sorted({row[0] for row in fresh})


def _elsewhere(uow: UnitOfWork, fo: Fo) -> bool:
    """Whether routing would now send this from other warehouses, or more of it; what it has reserved itself counts as free."""
    lines = fo_lines(uow, fo.id)
    row = uow.db.row(
        "SELECT a.province, a.country FROM fulfillment_order f JOIN postal_address a ON a.id = f.address_id WHERE f.id = ?",
        (fo.id,),
    )
    chosen = uow.db.row(
        "SELECT o.warehouse_id FROM fo_line x JOIN sales_order o ON o.id = x.order_id WHERE x.fo_id = ? "
        "AND o.warehouse_id IS NOT NULL LIMIT 1",
        (fo.id,),
    )
    if row is None or fo.warehouse_id is None:
        return True
    free: dict[tuple[int, int], int] = {}
    own: dict[tuple[int, int], int] = {}
    warehouses: dict[int, stock.ServingWarehouse] = {}
    for level in inventory.lock_levels(uow, {line.sku_id for line in lines}, [fo.shop_id]):
        free[level.warehouse.id, level.sku_id] = level.free
        if level.locked:
            own[level.warehouse.id, level.sku_id] = level.locked
        warehouses[level.warehouse.id] = level.warehouse
    if not warehouses:
        return False
    for line in lines:
        free[fo.warehouse_id, line.sku_id] = free.get((fo.warehouse_id, line.sku_id), 0) + line.reserved
    for mine in inventory.held(uow, HOLDER, [line.id for line in lines if line.reserved]):
        if mine.locked:
            own[mine.warehouse_id, mine.sku_id] = own.get((mine.warehouse_id, mine.sku_id), 0) + mine.locked
    choice = sorted(warehouses.values(), key=lambda one: one.code)
    if chosen is not None:
        choice = [one for one in choice if one.id == chosen[0]] or choice
    plan = decide(demands(lines), choice, free, row[0], row[1], {line.sku_id: line.code for line in lines}, own)
    if any(assignment.warehouse_id != fo.warehouse_id for assignment in plan.assignments):
        return True
    served = sum(one.sets * sum(part[2] for part in one.demand.parts) for one in plan.assignments if one.served)
    return served > sum(line.reserved for line in lines) and fo.state is not FoState.PLANNED


def demands(lines: Sequence[FoLineRow]) -> list[Demand]:
    """What a fulfillment order carries, as routing looks at it: kits whole as far as they are, the rest one by one."""
    found: list[Demand] = []
    kits: dict[tuple[int, int], list[FoLineRow]] = {}
    for line in lines:
        if line.kit_line is None:
            found.append(Demand(((line.line_id, line.sku_id, 1),), line.quantity))
        else:
            kits.setdefault((line.order_id, line.kit_line), []).append(line)
    for parts in kits.values():
        sets = min(line.quantity // line.per_kit for line in parts)
        if sets:
            found.append(Demand(tuple((line.line_id, line.sku_id, line.per_kit) for line in parts), sets))
        rest: list[tuple[Any, ...]] = [(line, line.quantity - sets * line.per_kit) for line in parts]
        found += [Demand(((line.line_id, line.sku_id, 1),), count) for line, count in rest if count]
    return found
