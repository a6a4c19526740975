"""What of a SKU is told apart: lots with their last good day, single pieces; and how long a lot may be promised."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from ..kernel.db import Database, marks
from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from .api import StockChanged, StockFreed
from .models import NEVER

_CODE = re.compile(r"\S(?:.{0,62}\S)?")


@dataclass(frozen=True, slots=True)
class Tracked:
    """What a command needs to know of a SKU before it moves units of it."""

    sku_id: int
    code: str
    kit: bool
    lots: bool
    serials: bool
    min_life_days: int


def tracked(db: Database, sku_ids: Iterable[int]) -> dict[int, Tracked]:
    """SKUs by id; DomainError names one that does not exist."""
    wanted = sorted(set(sku_ids))
    rows = db.rows(
        "SELECT s.id, s.code, s.kit, COALESCE(t.lots, FALSE), COALESCE(t.serials, FALSE), COALESCE(t.min_life_days, 0) "
        f"FROM sku s LEFT JOIN sku_tracking t ON t.sku_id = s.id WHERE s.id IN ({marks(wanted)})",
        wanted,
    )
    found = {row[0]: Tracked(row[0], row[1], bool(row[2]), bool(row[3]), bool(row[4]), row[5]) for row in rows}
    for sku_id in wanted:
        if sku_id not in found:
            raise DomainError(f"there is no SKU {sku_id}", remedy="choose one of the catalog")
    return found


def code(text: str, what: str) -> str:
    """A lot's or piece's number without the spaces around it; refused when it is empty or longer than 64 characters."""
    stripped = text.strip()
    if not _CODE.fullmatch(stripped):
        raise DomainError(f"{what} is {text[:70]!r}", remedy="give 1 to 64 characters on one line")
    return stripped


def words(text: str, what: str) -> str:
    """A note without the spaces around it; refused when it is longer than 500 characters."""
    stripped = text.strip()
    if len(stripped) > 500:
        raise DomainError(f"{what} of {len(stripped)} characters", remedy="say it in at most 500")
    return stripped


def day(text: str, what: str) -> str:
    """A calendar day as it is stored, `2027-03-31`; anything else is refused."""
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        raise DomainError(f"{what} is {text!r}", remedy="write it as 2027-03-31") from None


def sell_by(expires_on: str, min_life_days: int) -> str:
    """The last day on which a lot may be promised."""
    if not expires_on:
        return NEVER
    return (date.fromisoformat(expires_on) - timedelta(days=min_life_days)).isoformat()


def track(uow: UnitOfWork, sku_id: int, *, lots: bool = False, serials: bool = False, min_life_days: int = 0) -> None:
    """Say whether a SKU's lots or pieces are told apart, and how long before its last good day a lot is promised last.

    Lots and pieces cannot be told apart afterwards: DomainError while there are units that were received without. Lots that
    may be promised again with a shorter remaining life go to whoever waits.
    """
    if not 0 <= min_life_days <= 36_500:
        raise DomainError(f"a remaining life of {min_life_days} days", remedy="give 0 to 36500")
    if min_life_days and not lots:
        raise DomainError("a remaining life without lots", remedy="let the SKU's lots be told apart too")
    now = tracked(uow.db, [sku_id])[sku_id]
    if now.kit:
        raise DomainError(f"{now.code} is a kit and never in stock itself", remedy="track its components")
    if lots != now.lots or serials != now.serials:
        there = uow.db.row(
            "SELECT (SELECT COALESCE(SUM(on_hand), 0) FROM stock_level WHERE sku_id = ?), (SELECT COALESCE(SUM(x.quantity), 0) "
            "FROM stock_transfer_line x JOIN stock_transfer t ON t.id = x.transfer_id WHERE t.state = 'in_transit' "
            "AND x.sku_id = ?)",
            (sku_id, sku_id),
        )
        if there and (there[0] or there[1]):
            raise DomainError(
                f"{there[0] + there[1]} units of {now.code} are in stock or on their way",
                remedy="adjust them out, change this, then adjust them in with their lots or serial numbers",
            )
    uow.db.insert(
        "sku_tracking",
        ("sku_id", "lots", "serials", "min_life_days"),
        [(sku_id, lots, serials, min_life_days)],
        conflict="(sku_id) DO UPDATE SET lots = excluded.lots, serials = excluded.serials, "
        "min_life_days = excluded.min_life_days",
    )
    moved = 0
    for level_id, expires_on, before in uow.db.rows(
        "SELECT l.id, g.expires_on, l.sell_by FROM stock_level l JOIN lot g ON g.sku_id = l.sku_id AND g.code = l.lot "
        "WHERE l.sku_id = ? ORDER BY l.warehouse_id, l.id" + ("" if uow.db.sqlite else " FOR UPDATE OF l"),
        (sku_id,),
    ):
        last = sell_by(expires_on, min_life_days)
        if last != before:
            moved += uow.db.change("UPDATE stock_level SET sell_by = ? WHERE id = ?", (last, level_id))
    if moved:
        uow.emit(StockChanged((sku_id,)))
    if moved and min_life_days < now.min_life_days:
        uow.emit(StockFreed((sku_id,)))
    uow.note("tracked", "sku", sku_id, data={"lots": lots, "serials": serials, "min_life_days": min_life_days})


def meet_lots(uow: UnitOfWork, seen: Mapping[tuple[int, str], str]) -> None:
    """Remember lots by (SKU, lot) with their last good day, empty for none; a known lot with another day is refused."""
    if not seen:
        return
    known = last_days(uow.db, seen)
    new = []
    for (sku_id, lot), expires_on in sorted(seen.items()):
        if (sku_id, lot) not in known:
            new.append((sku_id, lot, expires_on, uow.now))
        elif expires_on and known[sku_id, lot] != expires_on:
            raise DomainError(
                f"lot {lot} is good until {known[sku_id, lot] or 'for ever'}, not until {expires_on}",
                remedy="check the label; another day is another lot",
            )
    if new:
        uow.db.insert("lot", ("sku_id", "code", "expires_on", "received_at"), new)


def last_days(db: Database, lots: Iterable[tuple[int, str]]) -> dict[tuple[int, str], str]:
    """The last good day of each lot that is known, by (SKU, lot); empty text where it does not expire."""
    wanted = sorted(set(lots))
    if not wanted:
        return {}
    rows = db.rows(
        f"SELECT sku_id, code, expires_on FROM lot WHERE (sku_id, code) IN (VALUES {','.join(['(?,?)'] * len(wanted))})",
        [part for pair in wanted for part in pair],
    )
    return {(row[0], row[1]): row[2] for row in rows}
