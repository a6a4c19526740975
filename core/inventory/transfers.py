"""调拨: units that leave one warehouse for another. In between they are ours and nowhere; receiving closes the transfer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..kernel.db import Database
from ..kernel.errors import DomainError, Duplicate, StockShort
from ..kernel.uow import UnitOfWork
from ..kernel.values import quantity
from . import serials as pieces
from .api import Place
from .booking import Shift, Spot, book, counters, documents
from .giving_way import usable
from .places import bin_ids
from .tracking import code as checked
from .tracking import tracked, words


@dataclass(frozen=True, slots=True)
class Load:
    """Units of a transfer, as they leave or as they arrive; `bin` is a bin's code there, empty for wherever they lie."""

    sku_id: int
    quantity: int
    lot: str = ""
    """May stay empty: then the lots that expire first are sent, and what arrives is of the lots that were sent."""
    bin: str = ""
    serials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Line:
    id: int
    sku_id: int
    lot: str
    quantity: int
    cost: int


def transfer_number(transfer_id: int) -> str:
    """The number on the transfer's papers."""
    return f"TR{transfer_id:08d}"


def send(uow: UnitOfWork, source_id: int, target_id: int, loads: Sequence[Load], *, key: str, note: str = "") -> int:
    """Units leave for another warehouse; the transfer's id. Reserved units stay, and the refusal names who holds them."""
    if source_id == target_id:
        raise DomainError("both warehouses are the same", remedy="choose another one to send to")
    if not loads:
        raise DomainError("nothing to send", remedy="give at least one SKU")
    if uow.db.row("SELECT 1 FROM warehouse WHERE id = ?", (target_id,)) is None:
        raise DomainError(f"there is no warehouse {target_id}", remedy="choose one of the list")
    if uow.db.row("SELECT 1 FROM stock_transfer WHERE key = ?", (key,)):
        raise Duplicate(f"transfer {key} was sent already", remedy="use another number for another transfer")
    note = words(note, "a note")
    bins = bin_ids(uow.db, source_id, {load.bin for load in loads if load.bin})
    parts = _by_lot(uow, source_id, loads)
    [(transfer_id,)] = uow.db.insert(
        "stock_transfer",
        ("source_id", "target_id", "state", "note", "key", "sent_at"),
        [(source_id, target_id, "in_transit", note, key, uow.now)],
        returning="id",
    )
    number = transfer_number(transfer_id)
    shifts = [
        Shift(
            load.sku_id, load.quantity, Spot(Place.STOCK, source_id, bins.get(load.bin)), Spot(Place.TRANSIT),
            f"{number}/{no}", load.lot, None, load.serials, note,
        )
        for no, load in enumerate(parts, 1)
    ]  # fmt: skip
    costs = book(uow, shifts, kind="transfer", document=transfer_id, key=number, text=number)
    lines: dict[tuple[int, str], tuple[int, int]] = {}
    for load, cost in zip(parts, costs, strict=True):
        count, spent = lines.get((load.sku_id, load.lot), (0, 0))
        lines[load.sku_id, load.lot] = (count + load.quantity, spent + cost)
    uow.db.insert(
        "stock_transfer_line",
        ("transfer_id", "sku_id", "lot", "quantity", "received", "lost", "cost"),
        [(transfer_id, sku_id, lot, count, 0, 0, cost) for (sku_id, lot), (count, cost) in sorted(lines.items())],
    )
    uow.note("sent", "transfer", transfer_id, note, {"from": source_id, "to": target_id})
    return int(transfer_id)


def _by_lot(uow: UnitOfWork, source_id: int, loads: Sequence[Load]) -> list[Load]:
    """Loads that name no lot of a SKU kept by lots are divided over its lots, the first to expire first."""
    skus = tracked(uow.db, {load.sku_id for load in loads})
    parts: list[Load] = []
    free: dict[int, int] = {}
    for load in loads:
        quantity(load.quantity)
        if load.lot or not skus[load.sku_id].lots:
            parts.append(load)
            continue
        if load.serials:
            raise DomainError(f"{skus[load.sku_id].code}: pieces without their lot", remedy="give the lot of each piece")
        levels = counters(uow, [load.sku_id], [source_id])
        missing = load.quantity
        for level in usable(levels, uow.merchant.day(uow.now)):
            room = free.setdefault(level.id, level.on_hand - level.reserved)
            take = min(missing, room)
            if take:
                free[level.id] -= take
                missing -= take
                parts.append(Load(load.sku_id, take, level.lot, load.bin))
        if missing:
            held = documents(uow, [level.id for level in levels]) if levels else ""
            remedy = f"held by {held}" if held else "its other lots are too old to be sold; name a lot to send it all the same"
            raise StockShort(skus[load.sku_id].code, load.quantity, load.quantity - missing, remedy=remedy)
    return parts


def receive_transfer(uow: UnitOfWork, transfer_id: int, loads: Sequence[Load] | None = None, *, note: str = "") -> int:
    """What arrived is put in stock, everything when nothing is said; what is missing is lost, at cost. How many units are.

    Closes the transfer: a second time is refused.
    """
    head = uow.db.row(
        "SELECT target_id, state FROM stock_transfer WHERE id = ?" + ("" if uow.db.sqlite else " FOR UPDATE"), (transfer_id,)
    )
    if head is None:
        raise DomainError(f"there is no transfer {transfer_id}", remedy="look it up by its number")
    number, note = transfer_number(transfer_id), words(note, "a note")
    if head[1] != "in_transit":
        raise Duplicate(f"transfer {number} was received already", remedy="count in what came later")
    lines = {
        (row[1], row[2]): _Line(*row)
        for row in uow.db.rows(
            "SELECT id, sku_id, lot, quantity, cost FROM stock_transfer_line WHERE transfer_id = ? ORDER BY sku_id, lot",
            (transfer_id,),
        )
    }
    skus = tracked(uow.db, {line.sku_id for line in lines.values()})
    if loads is None:
        loads = [
            Load(line.sku_id, line.quantity, line.lot, "", _travelling(uow, transfer_id, line, skus[line.sku_id].serials))
            for line in lines.values()
        ]
    arrived = _match(loads, lines, number)
    bins = bin_ids(uow.db, head[0], {load.bin for load in arrived if load.bin})
    left = {key: [line.quantity, line.cost] for key, line in lines.items()}
    there = {key: [*_travelling(uow, transfer_id, line, skus[line.sku_id].serials)] for key, line in lines.items()}
    shifts = []
    for no, load in enumerate(arrived, 1):
        rest = left[load.sku_id, load.lot]
        cost = rest[1] * load.quantity // rest[0]
        rest[0], rest[1] = rest[0] - load.quantity, rest[1] - cost
        for serial in load.serials:
            if serial.strip() not in there[load.sku_id, load.lot]:
                raise DomainError(f"piece {serial} is not in transfer {number}", remedy="check the number on the piece")
            there[load.sku_id, load.lot].remove(serial.strip())
        spot = Spot(Place.STOCK, head[0], bins.get(load.bin))
        shifts.append(
            Shift(
                load.sku_id, load.quantity, Spot(Place.TRANSIT), spot, f"{number}/in/{no}", load.lot, cost, load.serials, note
            )
        )
    missing = 0
    for no, ((sku_id, lot), (count, cost)) in enumerate(left.items(), 1):
        line = lines[sku_id, lot]
        uow.db.change(
            "UPDATE stock_transfer_line SET received = ?, lost = ? WHERE id = ?", (line.quantity - count, count, line.id)
        )
        if count:
            missing += count
            lost = Shift(
                sku_id, count, Spot(Place.TRANSIT), Spot(Place.LOSS), f"{number}/lost/{no}", lot, cost,
                tuple(there[sku_id, lot]), f"missing in {number}",
            )  # fmt: skip
            shifts.append(lost)
    uow.db.change("UPDATE stock_transfer SET state = 'received', received_at = ? WHERE id = ?", (uow.now, transfer_id))
    book(uow, shifts, kind="transfer", document=transfer_id, key=f"{number}/in", text=number, while_counting=True)
    uow.note("received", "transfer", transfer_id, note, {"missing": missing})
    return missing


def _travelling(uow: UnitOfWork, transfer_id: int, line: _Line, serials: bool) -> tuple[str, ...]:
    return pieces.in_transfer(uow, transfer_id, line.sku_id, line.lot) if serials else ()


def _match(loads: Sequence[Load], lines: dict[tuple[int, str], _Line], number: str) -> list[Load]:
    """What arrived, each load with the lot it was sent with; refused is what was not sent, and more than was."""
    room = {key: line.quantity for key, line in lines.items()}
    matched: list[Load] = []
    for load in loads:
        missing = quantity(load.quantity)
        lots = [key for key in lines if key[0] == load.sku_id and (not load.lot or key[1] == checked(load.lot, "a lot"))]
        for key in lots:
            take = min(missing, room[key])
            if take:
                room[key] -= take
                missing -= take
                serials = load.serials if take == load.quantity else ()
                matched.append(Load(load.sku_id, take, key[1], load.bin, serials))
        if missing:
            what = f"SKU {load.sku_id} {load.lot}".rstrip()
            raise DomainError(
                f"{what}: {load.quantity} arrived with {number}, {load.quantity - missing} were on their way",
                remedy="receive what was sent, then adjust in what came on top",
            )
    return matched


@dataclass(frozen=True, slots=True)
class Incoming:
    """Units on their way to a warehouse."""

    transfer_id: int
    warehouse_id: int
    sku_id: int
    units: int


def incoming(db: Database, sku_ids: Sequence[int] = ()) -> list[Incoming]:
    """What open transfers bring, of some SKUs or of all."""
    only = f" AND x.sku_id IN ({','.join('?' * len(sku_ids))})" if sku_ids else ""
    rows = db.rows(
        "SELECT t.id, t.target_id, x.sku_id, CAST(SUM(x.quantity) AS BIGINT) FROM stock_transfer t JOIN stock_transfer_line x "
        f"ON x.transfer_id = t.id WHERE t.state = 'in_transit'{only} GROUP BY t.id, t.target_id, x.sku_id "
        "ORDER BY t.id, x.sku_id",
        list(sku_ids),
    )
    return [Incoming(row[0], row[1], row[2], int(row[3])) for row in rows]
