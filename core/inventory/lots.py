"""Which lots a holder's units come from: chosen anew when the warehouse starts, swapped when another lot is scanned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..catalog.queries import marks
from ..kernel.db import Database, as_moment
from ..kernel.errors import DomainError, StockShort
from ..kernel.uow import UnitOfWork
from ..kernel.values import quantity
from . import serials as pieces
from .api import Quality, ReservationsLost, StockChanged
from .booking import Counter, counters, documents
from .giving_way import shift
from .service import Held, held
from .tracking import last_days


def with_lots(db: Database, kind: str, holders: Iterable[int]) -> set[int]:
    """Those holders that have units of a lot reserved; one statement, so that nobody else pays for lots."""
    wanted = sorted(set(holders))
    if not wanted:
        return set()
    rows = db.rows(
        "SELECT DISTINCT r.holder FROM reservation r JOIN stock_level l ON l.id = r.level_id WHERE r.kind = ? "
        f"AND r.state = 'held' AND l.lot <> '' AND r.holder IN ({marks(wanted)})",
        [kind, *wanted],
    )
    return {row[0] for row in rows}


def choose_lots(uow: UnitOfWork, kind: str, holders: Iterable[int]) -> bool:
    """Choose the holders' lots anew, the first to expire first, of those with life enough today; whether all are served.

    What no valid lot can serve is lost; the room above hears of it in the same unit of work.
    """
    mine = [one for one in held(uow, kind, with_lots(uow.db, kind, holders)) if one.lot]
    if not mine:
        return True
    today = uow.merchant.day(uow.now)
    whole = True
    levels = counters(uow, {one.sku_id for one in mine}, {one.warehouse_id for one in mine})
    groups: dict[tuple[int, int], list[Held]] = {}
    for one in mine:
        groups.setdefault((one.sku_id, one.warehouse_id), []).append(one)
    for (sku_id, warehouse_id), rows in groups.items():
        own: dict[int, int] = {}
        for row in rows:
            own[row.level_id] = own.get(row.level_id, 0) + row.quantity
        # A lot under count is open to those who hold units of it already, and to nobody else.
        valid = [
            (level, level.shared + own.get(level.id, 0) if not level.counting else own.get(level.id, 0))
            for level in levels
            if (level.sku_id, level.warehouse_id, level.quality) == (sku_id, warehouse_id, Quality.GOOD)
            and level.sell_by >= today
        ]
        valid.sort(key=lambda pair: (pair[0].sell_by, pair[0].id))
        whole &= _choose(uow, kind, sku_id, rows, own, valid)
    return whole


def _choose(
    uow: UnitOfWork, kind: str, sku_id: int, rows: list[Held], own: dict[int, int], valid: list[tuple[Counter, int]]
) -> bool:
    """One SKU in one warehouse: write the new choice where it differs from the old one."""
    need: dict[int, int] = {}
    before: dict[tuple[int, int], int] = {}
    for row in rows:
        need[row.holder] = need.get(row.holder, 0) + row.quantity
        before[row.holder, row.level_id] = before.get((row.holder, row.level_id), 0) + row.quantity
    room = {level.id: free for level, free in valid}
    after: dict[tuple[int, int], int] = {}
    lost: dict[int, int] = {}
    for holder in sorted(need):
        missing = need[holder]
        for level, _ in valid:
            take = min(missing, room[level.id])
            if take > 0:
                room[level.id] -= take
                missing -= take
                after[holder, level.id] = take
        if missing:
            lost[holder] = missing
    if after == before:
        return True
    change = {level_id: -units for level_id, units in own.items()}
    for (_, level_id), units in after.items():
        change[level_id] = change.get(level_id, 0) + units
    ids = [row.id for row in rows]
    if rows[0].serials:
        pieces.put_back(uow, kind, need)
    uow.db.change(f"UPDATE reservation SET state = 'released' WHERE id IN ({marks(ids)})", ids)
    shift(uow, change)
    if after:
        uow.db.insert(
            "reservation",
            ("kind", "holder", "level_id", "quantity", "state", "at"),
            [(kind, holder, level_id, units, "held", uow.now) for (holder, level_id), units in sorted(after.items())],
        )
    uow.emit(StockChanged((sku_id,)))
    if lost:
        uow.emit(ReservationsLost(kind, tuple(sorted(lost.items())), (sku_id,), "no lot with life enough is left"))
    return not lost


def swap_lot(uow: UnitOfWork, kind: str, holder: int, sku_id: int, lot: str, units: int | None = None) -> str:
    """The holder takes units of the scanned lot instead of those reserved; of all its units unless told how many.

    Gives up the latest to expire first; the lot that was given up. Refused: a lot that is not there, past its day, being
    counted, or held by others.
    """
    mine = [one for one in held(uow, kind, [holder]) if one.sku_id == sku_id and one.lot]
    if not mine:
        raise DomainError(f"nothing of lots is reserved of SKU {sku_id}", remedy="scan a SKU of this document")
    warehouse_id = mine[0].warehouse_id
    levels = counters(uow, [sku_id], [warehouse_id])
    scanned = next((one for one in levels if one.lot == lot and one.quality == Quality.GOOD), None)
    if scanned is None or scanned.on_hand == 0:
        raise DomainError(f"lot {lot} is not in this warehouse", remedy="scan the label again")
    last = last_days(uow.db, [(sku_id, lot)])[sku_id, lot]
    today = uow.merchant.day(uow.now)
    if last and last < today:
        raise DomainError(f"lot {lot} was good until {last}", remedy="take another lot, and move this one to defective")
    if scanned.sell_by < today:
        raise DomainError(f"lot {lot} is good until {last}, too short for a buyer", remedy="take another lot")
    others = sorted((one for one in mine if one.lot != lot), key=lambda one: (one.sell_by, one.id), reverse=True)
    wanted = sum(one.quantity for one in others) if units is None else quantity(units)
    if wanted == 0 or not others:
        return ""
    if wanted > sum(one.quantity for one in others):
        raise DomainError(f"{wanted} units of other lots are not reserved here", remedy="scan no more than are to be swapped")
    free = 0 if scanned.counting else scanned.on_hand - scanned.reserved
    if wanted > free:
        why = "it is being counted" if scanned.counting else f"held by {documents(uow, [scanned.id])}"
        raise StockShort(f"lot {lot}", wanted, free, remedy=f"{why}: take another lot")
    change, left = {scanned.id: wanted}, wanted
    given_up = []
    for one in others:
        give = min(left, one.quantity)
        if not give:
            break
        left -= give
        change[one.level_id] = change.get(one.level_id, 0) - give
        given_up.append(one.lot)
        if give == one.quantity:
            uow.db.change("UPDATE reservation SET state = 'released' WHERE id = ?", (one.id,))
        else:
            uow.db.change("UPDATE reservation SET quantity = quantity - ? WHERE id = ?", (give, one.id))
        if one.serials:
            pieces.put_back(uow, kind, [holder], one.level_id)
    shift(uow, change)
    uow.db.insert(
        "reservation",
        ("kind", "holder", "level_id", "quantity", "state", "at"),
        [(kind, holder, scanned.id, wanted, "held", uow.now)],
    )
    uow.emit(StockChanged((sku_id,)))
    return ", ".join(given_up)


@dataclass(frozen=True, slots=True)
class LotUse:
    """Units of a lot that somebody has, or had: `held` in the warehouse for them, or `consumed`: sent to them."""

    kind: str
    holder: int
    units: int
    state: str
    at: str
    warehouse: str


def who_has(db: Database, sku_id: int, lot: str) -> list[LotUse]:
    """Every holder that units of a lot were promised or sent to; those who gave them back are left out."""
    rows = db.rows(
        "SELECT r.kind, r.holder, CAST(SUM(r.quantity) AS BIGINT), r.state, MIN(r.at), w.code FROM reservation r "
        "JOIN stock_level l ON l.id = r.level_id JOIN warehouse w ON w.id = l.warehouse_id WHERE l.sku_id = ? AND l.lot = ? "
        "AND r.state IN ('held','consumed') GROUP BY r.kind, r.holder, r.state, w.code ORDER BY r.kind, r.holder, r.state",
        (sku_id, lot),
    )
    return [LotUse(row[0], row[1], int(row[2]), row[3], as_moment(row[4]).isoformat(), row[5]) for row in rows]
