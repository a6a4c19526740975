"""Single pieces by their serial numbers: unique in time, scanned once, each at one place.

A piece may come and go: received, shipped, returned, shipped again. It is never in two places, and nobody ships it twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..kernel.db import Database, as_moment, marks
from ..kernel.errors import DomainError, Duplicate
from ..kernel.uow import UnitOfWork
from .api import OURS, Holder, Place
from .tracking import code as checked


@dataclass(frozen=True, slots=True)
class Carried:
    """Pieces that go along with a move. `level` ids are None where no level counts the place."""

    sku_id: int
    sku: str
    wanted: bool
    """Whether the SKU's pieces are told apart at all."""
    quantity: int
    serials: tuple[str, ...]
    source: Place
    source_level: int | None
    target: Place
    target_level: int | None
    move_id: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Where one piece is, and whom it was scanned for."""

    id: int
    sku_id: int
    code: str
    place: Place
    level_id: int | None
    holder_kind: str
    holder: int | None


def _pieces(uow: UnitOfWork, wanted: Iterable[tuple[int, str]]) -> dict[tuple[int, str], Piece]:
    pairs = sorted(set(wanted))
    if not pairs:
        return {}
    rows = uow.db.rows(
        "SELECT id, sku_id, code, place, level_id, holder_kind, holder FROM serial WHERE (sku_id, code) IN "
        f"(VALUES {','.join(['(?,?)'] * len(pairs))}) ORDER BY id" + ("" if uow.db.sqlite else " FOR UPDATE"),
        [part for pair in pairs for part in pair],
    )
    return {(row[1], row[2]): Piece(row[0], row[1], row[2], Place(row[3]), *row[4:]) for row in rows}


def carry(uow: UnitOfWork, carried: Sequence[Carried], *, holders: bool = False) -> None:
    """Take pieces along with their moves; each must be where its move starts, scanned for nobody unless `holders` are at it."""
    given: set[tuple[int, str]] = set()
    for one in carried:
        if one.serials and not one.wanted:
            raise DomainError(f"{one.sku} is not kept by serial numbers", remedy="leave them out, or let them be told apart")
        if len(one.serials) != one.quantity:
            raise DomainError(
                f"{one.sku}: {one.quantity} units, but {len(one.serials)} serial numbers", remedy="scan each piece once"
            )
        for serial in one.serials:
            if (one.sku_id, checked(serial, "a serial number")) in given:
                raise Duplicate(f"{one.sku} {serial} was scanned twice", remedy="scan each piece once")
            given.add((one.sku_id, serial.strip()))
    known = _pieces(uow, given)
    rows, steps = [], []
    for one in carried:
        for serial in one.serials:
            piece = known.get((one.sku_id, serial.strip()))
            _refuse(one, serial, piece, holders)
            rows.append((one.sku_id, serial.strip(), one.target, one.target_level, "", None))
            steps.append((one.sku_id, serial.strip(), one.move_id))
    written = uow.db.insert(
        "serial",
        ("sku_id", "code", "place", "level_id", "holder_kind", "holder"),
        rows,
        conflict="(sku_id, code) DO UPDATE SET place = excluded.place, level_id = excluded.level_id, holder_kind = '', "
        "holder = NULL",
        returning="sku_id, code, id",
    )
    ids = {(sku_id, serial): id_ for sku_id, serial, id_ in written}
    uow.db.insert("serial_move", ("serial_id", "move_id"), [(ids[sku_id, serial], move) for sku_id, serial, move in steps])


def _refuse(one: Carried, serial: str, piece: Piece | None, holders: bool) -> None:
    """DomainError unless the piece is where its move starts."""
    name = f"{one.sku} {serial}"
    if one.source in OURS or one.source is Place.CUSTOMER:
        if piece is None:
            raise DomainError(f"{name} is not known", remedy="check the number on the piece")
        if piece.place is not one.source or piece.level_id != one.source_level:
            raise DomainError(f"{name} is not there: it is in {piece.place}", remedy="look at the life of that piece")
        if piece.holder is not None and not holders:
            raise DomainError(f"{name} was scanned for another document", remedy="take it out of there first")
    elif piece is not None and (piece.place in OURS or piece.place is Place.CUSTOMER):
        where = "with a customer" if piece.place is Place.CUSTOMER else f"in {piece.place} already"
        raise Duplicate(f"{name} is {where}", remedy="check the number on the piece; a piece comes back as a return")


def scan(uow: UnitOfWork, kind: str, holder: int, sku_id: int, serial: str) -> None:
    """Set a piece aside for a holder that has units of its level reserved; a second scan of the same piece is refused."""
    serial = checked(serial, "a serial number")
    piece = _pieces(uow, [(sku_id, serial)]).get((sku_id, serial))
    if piece is None or piece.place is not Place.STOCK:
        where = "not known" if piece is None else f"in {piece.place}"
        raise DomainError(f"piece {serial} is {where}", remedy="take a piece that is in stock")
    if piece.holder is not None:
        mine = (piece.holder_kind, piece.holder) == (kind, holder)
        told = None if mine else uow.about(piece.holder_kind, [piece.holder]).get(piece.holder)
        by = told.number if isinstance(told, Holder) else f"{piece.holder_kind} {piece.holder}"
        whose = "already" if mine else f"for {by}"
        raise Duplicate(f"piece {serial} was scanned {whose}", remedy="take another piece")
    room = uow.db.row(
        "SELECT COALESCE(SUM(r.quantity), 0) - (SELECT COUNT(*) FROM serial s WHERE s.holder_kind = ? AND s.holder = ? "
        "AND s.level_id = ?) FROM reservation r WHERE r.kind = ? AND r.holder = ? AND r.state = 'held' AND r.level_id = ?",
        (kind, holder, piece.level_id, kind, holder, piece.level_id),
    )
    if room is None or room[0] < 1:
        raise DomainError(
            f"piece {serial} is not of what is reserved here, or all its units are scanned",
            remedy="take a piece of the right lot and warehouse, or scan its lot first",
        )
    uow.db.change("UPDATE serial SET holder_kind = ?, holder = ? WHERE id = ?", (kind, holder, piece.id))


def put_back(uow: UnitOfWork, kind: str, holders: Iterable[int], level_id: int | None = None) -> None:
    """Pieces scanned for holders are free again, all of them or those of one level."""
    wanted = sorted(set(holders))
    only = "" if level_id is None else " AND level_id = ?"
    uow.db.change(
        f"UPDATE serial SET holder_kind = '', holder = NULL WHERE holder_kind = ? AND holder IN ({marks(wanted)}){only}",
        [kind, *wanted, *([] if level_id is None else [level_id])],
    )


def scanned(uow: UnitOfWork, kind: str, holders: Sequence[int]) -> dict[tuple[int, int], tuple[str, ...]]:
    """The pieces scanned for holders, by (holder, level)."""
    found: dict[tuple[int, int], tuple[str, ...]] = {}
    for holder, level_id, serial in uow.db.rows(
        f"SELECT holder, level_id, code FROM serial WHERE holder_kind = ? AND holder IN ({marks(holders)}) ORDER BY id",
        [kind, *holders],
    ):
        found[holder, level_id] = (*found.get((holder, level_id), ()), serial)
    return found


@dataclass(frozen=True, slots=True)
class Stage:
    """One step in the life of a piece."""

    at: str
    source: str
    target: str
    kind: str
    document: int
    lot: str


def life(db: Database, sku_id: int, serial: str) -> list[Stage]:
    """Where a piece has been, oldest first; nothing for one that was never here."""
    rows = db.rows(
        "SELECT m.at, m.source, m.target, m.kind, m.document, m.lot FROM serial s JOIN serial_move x ON x.serial_id = s.id "
        "JOIN stock_move m ON m.id = x.move_id WHERE s.sku_id = ? AND s.code = ? ORDER BY x.id",
        (sku_id, serial),
    )
    return [Stage(as_moment(row[0]).isoformat(), *row[1:]) for row in rows]


def in_transfer(uow: UnitOfWork, transfer_id: int, sku_id: int, lot: str) -> tuple[str, ...]:
    """Pieces still on their way in a transfer."""
    rows = uow.db.rows(
        "SELECT s.code FROM serial s WHERE s.sku_id = ? AND s.place = 'transit' AND EXISTS (SELECT 1 FROM serial_move x "
        "JOIN stock_move m ON m.id = x.move_id WHERE x.serial_id = s.id AND m.kind = 'transfer' AND m.document = ? "
        "AND m.target = 'transit' AND m.lot = ?) AND NOT EXISTS (SELECT 1 FROM serial_move y JOIN stock_move n "
        "ON n.id = y.move_id WHERE y.serial_id = s.id AND n.kind = 'transfer' AND n.document > ?) ORDER BY s.code",
        (sku_id, transfer_id, lot, transfer_id),
    )
    return tuple(row[0] for row in rows)


def at_level(uow: UnitOfWork, level_ids: Sequence[int]) -> Mapping[int, tuple[str, ...]]:
    """The pieces of levels."""
    found: dict[int, tuple[str, ...]] = {}
    for level_id, serial in uow.db.rows(
        f"SELECT level_id, code FROM serial WHERE level_id IN ({marks(level_ids)}) ORDER BY id", level_ids
    ):
        found[level_id] = (*found.get(level_id, ()), serial)
    return found


def unscan(uow: UnitOfWork, sku_id: int, serials: Sequence[str]) -> None:
    """These pieces are set aside for nobody any more."""
    wanted = [serial.strip() for serial in serials]
    uow.db.change(
        f"UPDATE serial SET holder_kind = '', holder = NULL WHERE sku_id = ? AND code IN ({marks(wanted)})", [sku_id, *wanted]
    )
