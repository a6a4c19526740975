"""Splitting fulfillment orders: by quantity, by line, by warehouse; where units came from is written down for ever."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..inventory import service as inventory
from ..inventory.sharing import pass_on
from ..kernel.db import marks, to_json
from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from ..orders import service as orders
from ..orders.api import HoldCode
from .api import FoReleased, FoState, LineageKind, RelabelWanted
from .handing import is_fetched
from .service import BY_HAND, HOLDER, Fo, FoLineRow, allocate, count_reserved, fo_lines, fo_number, held, move
from .states import INSIDE, OPEN

_EARLY = (FoState.PLANNED, FoState.ALLOCATED)


def carve(uow: UnitOfWork, fo: Fo, parts: Mapping[int, int], kind: LineageKind, because: str) -> int:
    """A new fulfillment order in the state of `fo` with these units of its lines (by fo_line id); its id.

    Reservations go along, those of missing units stay missing: of a line that is short, what is missing goes first. Callers
    have checked that something stays behind and that kits are whole.
    """
    lines = {line.id: line for line in fo_lines(uow, fo.id)}
    [new_id] = uow.take_ids("fulfillment_order", 1)
    uow.db.change(
        "INSERT INTO fulfillment_order (id, number, shop_id, warehouse_id, address_id, merge_key, state, cod, currency, "
        "sealed, paid_at, carrier, cancel_reason, became_id, why, version, created_at) SELECT ?, ?, shop_id, warehouse_id, "
        "address_id, merge_key, state, cod, currency, sealed, paid_at, carrier, '', id, why, 1, ? "
        "FROM fulfillment_order WHERE id = ?",
        (new_id, fo_number(new_id), uow.now, fo.id),
    )
    gone: list[tuple[int, int]] = []
    for row_id, units in sorted(parts.items()):
        line = lines[row_id]
        gone.append((line.line_id, units))
        if units == line.quantity:
            uow.db.change("UPDATE fo_line SET fo_id = ? WHERE id = ?", (new_id, row_id))
            continue
        kept = min(line.reserved, line.quantity - units)
        [new_row] = uow.take_ids("fo_line", 1)
        uow.db.insert(
            "fo_line",
            ("id", "fo_id", "order_id", "line_id", "sku_id", "quantity", "reserved"),
            [(new_row, new_id, line.order_id, line.line_id, line.sku_id, units, line.reserved - kept)],
        )
        uow.db.change("UPDATE fo_line SET quantity = ?, reserved = ? WHERE id = ?", (line.quantity - units, kept, row_id))
        if line.reserved - kept:
            pass_on(uow, (HOLDER, row_id), (HOLDER, new_row), line.reserved - kept)
    keep_lineage(uow, fo.id, new_id, kind, gone)
    refresh(uow, [fo.id, new_id])
    uow.note(str(kind), "fulfillment_order", fo.id, because, {"into": fo_number(new_id), "units": {str(k): v for k, v in gone}})
    uow.note(f"{kind} from {fo.number}", "fulfillment_order", new_id, because)
    return new_id


def keep_lineage(uow: UnitOfWork, source: int, target: int, kind: LineageKind, units: Iterable[tuple[int, int]]) -> None:
    """Write down which units (order line, how many) went from one fulfillment order to another."""
    rows = [(source, target, kind, line_id, count, uow.now) for line_id, count in units if count]
    uow.db.insert("fo_lineage", ("source_id", "target_id", "kind", "line_id", "quantity", "at"), rows)


def refresh(uow: UnitOfWork, fo_ids: Sequence[int]) -> None:
    """What a fulfillment order takes from the orders in it: the earliest payment, whether any is sealed."""
    uow.db.change(
        "UPDATE fulfillment_order SET version = version + 1, paid_at = (SELECT MIN(o.paid_at) FROM fo_line x "
        "JOIN sales_order o ON o.id = x.order_id WHERE x.fo_id = fulfillment_order.id), "
        "sealed = EXISTS (SELECT 1 FROM fo_line x JOIN sales_order o ON o.id = x.order_id "
        "WHERE x.fo_id = fulfillment_order.id AND o.sealed) "
        f"WHERE id IN ({marks(fo_ids)})",
        list(fo_ids),
    )


def afterwards(uow: UnitOfWork, fo: Fo, new_id: int, because: str) -> None:
    """What a split brings about: holds where units are missing, waybills where labels are wanted, allocation where possible."""
    for fo_id in (fo.id, new_id):
        if fo.state is FoState.PLANNED:
            if fo_id == new_id:
                orders.hold(uow, fo_id, HoldCode.OUT_OF_STOCK, "", source="routing", level="fo")
            allocate(uow, fo_id, because)
    if fo.state is FoState.RELEASED or fo.state in INSIDE:
        uow.emit(FoReleased(new_id))
        if fo.cod:
            uow.emit(RelabelWanted(fo.id))


# commands


def split_quantity(uow: UnitOfWork, fo_id: int, units: Mapping[int, int], because: str) -> int:
    """Split so many units of order lines off into a fulfillment order of their own; its id.

    Lines are named by id; a kit line means whole kits. The new one is in the state that the original has; allowed
    as long as nothing has left. A refusal lists all its reasons.
    """
    fo = held(uow, [fo_id])[fo_id]
    parts = _parts(uow, fo, units)
    new_id = carve(uow, fo, parts, LineageKind.SPLIT, because)
    afterwards(uow, fo, new_id, because)
    return new_id


def split_lines(uow: UnitOfWork, fo_id: int, line_ids: Sequence[int], because: str) -> int:
    """Split whole order lines (by id; a kit line brings its components) off into a fulfillment order of their own; its id."""
    there: dict[int, int] = {}
    kits = _kits(uow, fo_id)
    for line in fo_lines(uow, fo_id):
        there[line.line_id] = line.quantity
        if line.kit_line is not None and (kit := kits.get((line.order_id, line.kit_line))) is not None:
            there[kit] = min(there.get(kit, line.quantity // line.per_kit), line.quantity // line.per_kit)
    return split_quantity(uow, fo_id, {line_id: there.get(line_id, 0) for line_id in line_ids}, because)


def split_missing(uow: UnitOfWork, fo_id: int, because: str) -> int:
    """Let what is there go: the units that are not reserved wait in a planned fulfillment order of their own; its id."""
    fo = held(uow, [fo_id])[fo_id]
    missing = {line.line_id: line.quantity - line.reserved for line in fo_lines(uow, fo_id) if line.quantity > line.reserved}
    if fo.state is not FoState.PLANNED or not missing:
        raise DomainError(f"{fo.number} is {fo.state} and misses nothing", remedy="only what waits for stock can be split so")
    return split_quantity(uow, fo_id, missing, because)


def split_to_warehouse(uow: UnitOfWork, fo_id: int, units: Mapping[int, int] | None, warehouse: str, because: str) -> int:
    """Send units (None: all) from another warehouse (code) instead; the fulfillment order there, the same one for all.

    Their reservations are given back and made anew there; what is not there waits for stock there.
    """
    fo = held(uow, [fo_id])[fo_id]
    serving = dict(
        uow.db.rows(
            "SELECT w.code, w.id FROM shop_warehouse x JOIN warehouse w ON w.id = x.warehouse_id WHERE x.shop_id = ? "
            "ORDER BY w.code",
            (fo.shop_id,),
        )
    )
    if warehouse not in serving:
        raise DomainError(
            f"warehouse {warehouse!r} does not serve the shop of {fo.number}",
            remedy=f"these do: {', '.join(serving) or 'none'}",
        )
    if serving[warehouse] == fo.warehouse_id:
        raise DomainError(f"{fo.number} is in {warehouse} already", remedy="choose another warehouse")
    if fo.state not in _EARLY:
        raise DomainError(f"{fo.number} is {fo.state}", remedy="only what is not released yet changes its warehouse")
    if is_fetched(uow, fo_id):
        raise DomainError(f"{fo.number} is picked up where it is", remedy="bring the goods there by a transfer")
    if units is None:
        target = fo
    else:
        new_id = carve(uow, fo, _parts(uow, fo, units), LineageKind.SPLIT, because)
        target = held(uow, [new_id])[new_id]
    why = to_json({"chosen": [warehouse], BY_HAND: because})
    uow.db.change("UPDATE fulfillment_order SET why = ? WHERE id = ?", (why, target.id))
    settle_in(uow, target, serving[warehouse], because)
    if target.id != fo.id and fo.state is FoState.PLANNED:
        allocate(uow, fo.id, because)
    return target.id


def settle_in(uow: UnitOfWork, fo: Fo, warehouse_id: int, because: str) -> None:
    """Give up what is reserved and start again in this warehouse, with whatever is free there."""
    lines = fo_lines(uow, fo.id)
    if fo.state is FoState.ALLOCATED:
        move(uow, fo, FoState.PLANNED, because)
    if taken := {line.id: None for line in lines if line.reserved}:
        uow.db.change("UPDATE fo_line SET reserved = 0 WHERE fo_id = ?", (fo.id,))
        count_reserved(uow, {line.line_id for line in lines})
        inventory.release(uow, HOLDER, taken)
    uow.db.change("UPDATE fulfillment_order SET warehouse_id = ?, version = version + 1 WHERE id = ?", (warehouse_id, fo.id))
    uow.note("warehouse changed", "fulfillment_order", fo.id, because)
    allocate(uow, fo.id, because, stay=True)


def _kits(uow: UnitOfWork, fo_id: int) -> dict[tuple[int, int], int]:
    """The id of each kit line that has components in a fulfillment order, by order and line number."""
    return {
        (order_id, no): line_id
        for order_id, no, line_id in uow.db.rows(
            "SELECT k.order_id, k.no, k.id FROM order_line k WHERE k.kit AND k.order_id IN "
            "(SELECT x.order_id FROM fo_line x WHERE x.fo_id = ?)",
            (fo_id,),
        )
    }


def _parts(uow: UnitOfWork, fo: Fo, units: Mapping[int, int]) -> dict[int, int]:
    """What is to be split off, by fo_line id; DomainError lists everything that is wrong with it."""
    lines = fo_lines(uow, fo.id)
    by_line = {line.line_id: line for line in lines}
    wrong: list[str] = []
    if fo.state not in OPEN:
        wrong.append(f"it is {fo.state}")
    if not units:
        wrong.append("nothing is to be split off")
    kits = {line_id: key for key, line_id in _kits(uow, fo.id).items()}
    wanted: dict[int, int] = {}
    for line_id, count in units.items():
        if line_id in kits:
            order_id, no = kits[line_id]
            for line in lines:
                if (line.order_id, line.kit_line) == (order_id, no):
                    wanted[line.line_id] = wanted.get(line.line_id, 0) + count * line.per_kit
        else:
            wanted[line_id] = wanted.get(line_id, 0) + count
    for line_id, count in wanted.items():
        if line_id not in by_line:
            wrong.append(f"line {line_id} is not in it")
        elif count < 1:
            wrong.append(f"{count} units of {by_line[line_id].code}")
        elif count > by_line[line_id].quantity:
            wrong.append(f"{count} units of {by_line[line_id].code}, it has {by_line[line_id].quantity}")
    if not wrong:
        if all(wanted.get(line.line_id) == line.quantity for line in lines):
            wrong.append("nothing would stay behind")
        wrong += _torn(lines, wanted)
    if wrong:
        raise DomainError(f"{fo.number} cannot be split: {'; '.join(wrong)}", remedy="correct the units, kits only whole")
    return {by_line[line_id].id: count for line_id, count in wanted.items()}


def _torn(lines: Sequence[FoLineRow], wanted: Mapping[int, int]) -> list[str]:
    """Kits that would not stay whole; a kit that is not whole any more travels as single goods."""
    kits: dict[tuple[int, int], list[FoLineRow]] = {}
    for line in lines:
        if line.kit_line is not None:
            kits.setdefault((line.order_id, line.kit_line), []).append(line)
    torn = []
    for (_, no), parts in kits.items():
        whole = len({(line.quantity // line.per_kit, line.quantity % line.per_kit) for line in parts}) == 1
        moved = {(wanted.get(line.line_id, 0) // line.per_kit, wanted.get(line.line_id, 0) % line.per_kit) for line in parts}
        if whole and parts[0].quantity % parts[0].per_kit == 0 and (len(moved) > 1 or any(rest for _, rest in moved)):
            torn.append(f"the kit of line {no} would be torn apart")
    return torn
