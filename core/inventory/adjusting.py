"""Corrections of stock: units that are more or fewer than the book says, or of another quality; each with its reason."""

from __future__ import annotations

from collections.abc import Sequence

from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from ..kernel.values import quantity
from . import serials as pieces
from .api import Place, Quality
from .booking import Shift, Spot, book
from .giving_way import make_room
from .places import bin_ids
from .tracking import code as checked
from .tracking import day, meet_lots, words


def worth(uow: UnitOfWork, sku_id: int, warehouse_id: int, lot: str, quality: Quality, units: int) -> int:
    """What found units cost together: the average of their level, else of all stock of the SKU, else its latest receipt's."""
    rows = uow.db.rows("SELECT warehouse_id, lot, quality, on_hand, value FROM stock_level WHERE sku_id = ?", (sku_id,))
    for wanted in ((warehouse_id, lot, quality.value), None):
        here = [row[3:] for row in rows if row[3] and (wanted is None or row[:3] == wanted)]
        if here:
            return int(sum(value for _, value in here) * units // sum(count for count, _ in here))
    last = uow.db.row(
        "SELECT cost, quantity FROM stock_move WHERE sku_id = ? AND source IN ('supplier','opening') ORDER BY id DESC LIMIT 1",
        (sku_id,),
    )
    return 0 if last is None else int(last[0] * units // last[1])


def _because(reason: str) -> str:
    text = words(reason, "a reason")
    if not text:
        raise DomainError("an adjustment without a reason", remedy="say in a few words what happened")
    return text


def adjust(
    uow: UnitOfWork,
    warehouse_id: int,
    sku_id: int,
    change: int,
    *,
    reason: str,
    key: str,
    unit_cost: int | None = None,
    lot: str = "",
    expires_on: str = "",
    bin: str = "",
    quality: Quality = Quality.GOOD,
    serials: Sequence[str] = (),
) -> None:
    """Units more (`change` above 0) or fewer than the book says.

    More come in at `unit_cost`, else at the average cost; fewer go out at the average cost. Fewer than are promised move
    promises to other lots of the warehouse, the latest payment first, and what finds none is lost to its holder.
    """
    reason = _because(reason)
    if isinstance(change, bool) or not isinstance(change, int) or change == 0:
        raise DomainError(f"a change of {change!r}", remedy="give a whole number, above or below 0")
    units = quantity(abs(change))
    if unit_cost is not None and (change < 0 or unit_cost < 0):
        raise DomainError(f"a unit cost of {unit_cost} for {change} units", remedy="give it for units that come in, 0 or more")
    lot = checked(lot, "a lot") if lot else ""
    bins = bin_ids(uow.db, warehouse_id, [bin] if bin else [])
    here = Spot(Quality(quality).place, warehouse_id, bins.get(bin))
    cost = None
    if change > 0:
        if lot:
            meet_lots(uow, {(sku_id, lot): day(expires_on, f"the last good day of lot {lot}") if expires_on else ""})
        cost = worth(uow, sku_id, warehouse_id, lot, Quality(quality), units) if unit_cost is None else unit_cost * units
    elif quality == Quality.GOOD:
        make_room(uow, sku_id, warehouse_id, lot, units, reason)
    if serials and change < 0:
        pieces.unscan(uow, sku_id, serials)
    ends = (Spot(Place.ADJUSTMENT), here) if change > 0 else (here, Spot(Place.ADJUSTMENT))
    shift = Shift(sku_id, units, *ends, key, lot, cost, tuple(serials), reason)
    book(uow, [shift], kind="adjustment", document=warehouse_id, key=key, text=reason)
    uow.note("adjusted", "warehouse", warehouse_id, reason, {"sku": sku_id, "change": change, "lot": lot})


def change_quality(
    uow: UnitOfWork,
    warehouse_id: int,
    sku_id: int,
    units: int,
    source: Quality,
    target: Quality,
    *,
    key: str,
    because: str = "",
    lot: str = "",
    bin: str = "",
    to_bin: str = "",
    serials: Sequence[str] = (),
) -> None:
    """质检: units turn out good, defective, or to be inspected; reserved ones stay, and the refusal names who holds them."""
    if source == target:
        raise DomainError(f"units that are {source} already", remedy="choose another quality")
    because = words(because, "a reason")
    bins = bin_ids(uow.db, warehouse_id, {code for code in (bin, to_bin) if code})
    shift = Shift(
        sku_id, units, Spot(Quality(source).place, warehouse_id, bins.get(bin)),
        Spot(Quality(target).place, warehouse_id, bins.get(to_bin)), key, lot, None, tuple(serials), because,
    )  # fmt: skip
    book(uow, [shift], kind="quality", document=warehouse_id, key=key, text=f"{source} → {target}")
    uow.note(f"{source} → {target}", "warehouse", warehouse_id, because, {"sku": sku_id, "units": units, "lot": lot})
