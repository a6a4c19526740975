"""Zones and bins: where in a warehouse units lie. Units in no bin lie on the floor, waiting to be put away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..kernel.db import Database, marks
from ..kernel.errors import DomainError, Duplicate
from ..kernel.uow import UnitOfWork
from .api import Quality, ZoneUse
from .booking import FLOOR, Shift, Spot, book
from .tracking import code as checked
from .tracking import words


def add_zone(uow: UnitOfWork, warehouse_id: int, code: str, use: ZoneUse = ZoneUse.STORAGE, title: str = "") -> int:
    """A new zone; its id."""
    code, title = checked(code, "a zone's code"), words(title, "a title")
    if uow.db.row("SELECT 1 FROM zone WHERE warehouse_id = ? AND code = ?", (warehouse_id, code)):
        raise Duplicate(f"zone {code} exists already", remedy="choose another code")
    [(zone_id,)] = uow.db.insert(
        "zone", ("warehouse_id", "code", "title", "use"), [(warehouse_id, code, title, ZoneUse(use))], returning="id"
    )
    uow.note("added", "zone", zone_id, code)
    return int(zone_id)


def add_bins(uow: UnitOfWork, zone_id: int, codes: Sequence[str]) -> dict[str, int]:
    """New bins of a zone, each code once in its warehouse; ids by code."""
    zone = uow.db.row("SELECT warehouse_id FROM zone WHERE id = ?", (zone_id,))
    if zone is None:
        raise DomainError(f"there is no zone {zone_id}", remedy="add the zone first")
    wanted = [checked(code, "a bin's code") for code in codes]
    there = {row[0] for row in uow.db.rows("SELECT code FROM bin WHERE warehouse_id = ?", (zone[0],))}
    for place, code in enumerate(wanted):
        if code in there or code in wanted[:place]:
            raise Duplicate(f"bin {code} exists already", remedy="choose another code")
    rows = uow.db.insert(
        "bin", ("warehouse_id", "zone_id", "code"), [(zone[0], zone_id, code) for code in wanted], returning="code, id"
    )
    uow.note("bins added", "zone", zone_id, data={"bins": list(wanted)})
    return {row[0]: int(row[1]) for row in rows}


def bin_ids(db: Database, warehouse_id: int, codes: Iterable[str]) -> dict[str, int]:
    """Bins of a warehouse by code; DomainError names one that does not exist."""
    wanted = sorted(set(codes))
    if not wanted:
        return {}
    rows = db.rows(f"SELECT code, id FROM bin WHERE warehouse_id = ? AND code IN ({marks(wanted)})", [warehouse_id, *wanted])
    found: dict[str, int] = {row[0]: row[1] for row in rows}
    for code in wanted:
        if code not in found:
            raise DomainError(f"there is no bin {code} in this warehouse", remedy="check the code on the shelf")
    return found


def move_bin(
    uow: UnitOfWork,
    warehouse_id: int,
    sku_id: int,
    units: int,
    source: str,
    target: str,
    *,
    key: str,
    lot: str = "",
    quality: Quality = Quality.GOOD,
) -> None:
    """上架 移位: units go from one bin to another, reserved or not; an empty code is the floor."""
    if source == target:
        raise DomainError("both bins are the same", remedy="choose another bin to move to")
    bins = bin_ids(uow.db, warehouse_id, {code for code in (source, target) if code})
    place = Quality(quality).place
    shift = Shift(
        sku_id, units, Spot(place, warehouse_id, bins.get(source, FLOOR)), Spot(place, warehouse_id, bins.get(target, FLOOR)),
        key, lot,
    )  # fmt: skip
    text = f"{source or 'floor'} → {target or 'floor'}"
    book(uow, [shift], kind="put_away", document=warehouse_id, key=key, text=text)
    uow.note("moved", "warehouse", warehouse_id, text)
