"""Units that were promised and are not there: fulfillment orders that lose some are planned anew, in order of payment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..inventory.api import Holder, ReservationsLost
from ..kernel.db import as_moment, marks
from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from .api import FoState, FoVoided
from .service import HOLDER, allocate, count_reserved, held, move, undisturbed
from .states import FO

_AT_ONCE = 200
"""So many that wait are looked at in one round."""


# What the shop of `f` may take of the SKU of line `x` from the warehouse of `s`: its own locked units, and what is shared.
_FREE = (
    "SELECT COALESCE(SUM(COALESCE(u.quantity, 0) + CASE WHEN EXISTS (SELECT 1 FROM stock_lock o WHERE o.shop_id = f.shop_id "
    "AND o.sku_id = l.sku_id AND (o.mode = 'lock_only' OR o.mode = 'lock_only_here' AND o.warehouse_id = l.warehouse_id)) "
    "THEN 0 ELSE l.on_hand - l.reserved - l.locked END), 0) FROM stock_level l LEFT JOIN stock_lock k "
    "ON k.shop_id = f.shop_id AND k.sku_id = l.sku_id AND k.warehouse_id = l.warehouse_id "
    "LEFT JOIN locked_units u ON u.lock_id = k.id AND u.level_id = l.id WHERE l.sku_id = x.sku_id "
    "AND l.warehouse_id = s.warehouse_id AND l.quality = 'good' AND NOT l.counting AND l.sell_by >= ?"
)


def holders(uow: UnitOfWork, line_ids: Sequence[int]) -> Mapping[int, Holder]:
    """What stock wants to know of fulfillment order lines that hold some of it.

    Their place in the queue is when their own order was paid. What is in a basket or parcel cannot be given away.
    """
    wanted = sorted(set(line_ids))
    rows = uow.db.rows(
        "SELECT x.id, f.number, COALESCE(o.paid_at, f.paid_at), f.state FROM fo_line x JOIN fulfillment_order f "
        f"ON f.id = x.fo_id JOIN sales_order o ON o.id = x.order_id WHERE x.id IN ({marks(wanted)})",
        wanted,
    )
    return {
        line_id: Holder(number, as_moment(paid_at), state in (FoState.PICKED, FoState.PACKED))
        for line_id, number, paid_at, state in rows
    }


def lose(uow: UnitOfWork, events: Sequence[ReservationsLost]) -> None:
    """Fulfillment orders whose units are gone wait for stock again; a waybill they had is voided.

    They are offered what is free at once, the earliest payment first, so that one whose goods lie elsewhere goes on.
    """
    mine = [event for event in events if event.kind == HOLDER]
    units: dict[int, int] = {}
    reasons: dict[int, str] = {}
    for event in mine:
        for line_id, count in event.units:
            units[line_id] = units.get(line_id, 0) + count
            reasons[line_id] = event.reason
    if not units:
        return
    rows = uow.db.rows(
        "SELECT x.id, x.fo_id, x.line_id, f.paid_at, k.code FROM fo_line x JOIN fulfillment_order f ON f.id = x.fo_id "
        f"JOIN sku k ON k.id = x.sku_id WHERE x.id IN ({marks([*units])}) ORDER BY f.paid_at, f.id, x.id",
        [*units],
    )
    for line_id, *_ in rows:
        uow.db.change("UPDATE fo_line SET reserved = reserved - ? WHERE id = ?", (units[line_id], line_id))
    count_reserved(uow, {row[2] for row in rows})
    short: dict[int, list[str]] = {}
    for line_id, fo_id, _, _, code in rows:
        short.setdefault(fo_id, []).append(f"{code} ({units[line_id]})")
    because = {row[1]: reasons[row[0]] for row in rows}
    for fo_id, codes in short.items():
        fo = held(uow, [fo_id])[fo_id]
        if fo.state is not FoState.PLANNED:
            FO.check(fo.number, fo.state, FoState.PLANNED, remedy="ship or cancel it: its units are in a basket already")
            labelled = fo.state in (FoState.RELEASED, FoState.PICKING)
            move(uow, fo, FoState.PLANNED, f"{because[fo_id]}: {', '.join(codes)} lost")
            if labelled:
                uow.emit(FoVoided(fo_id))
    for fo_id in short:
        allocate(uow, fo_id, because[fo_id])


def fo_line_of(uow: UnitOfWork, fo_id: int, sku_id: int) -> list[int]:
    """The lines of a fulfillment order that carry a SKU and have units of it reserved, in their order."""
    rows = uow.db.rows("SELECT id FROM fo_line WHERE fo_id = ? AND sku_id = ? AND reserved > 0 ORDER BY id", (fo_id, sku_id))
    if not rows:
        raise DomainError("that SKU is not in this fulfillment order", remedy="scan a SKU of the pick list")
    return [row[0] for row in rows]


def offer_again(uow: UnitOfWork) -> list[int]:
    """Serve those who wait although there is stock for them; the ids of those that are complete now.

    Stock that becomes free is offered at once, but not while somebody else holds it; this finds what was left out then.
    """
    rows = uow.db.rows(
        "SELECT f.paid_at, f.id FROM fulfillment_order f WHERE f.state = 'planned' AND EXISTS (SELECT 1 FROM fo_line x "
        "JOIN shop_warehouse s ON s.shop_id = f.shop_id WHERE x.fo_id = f.id AND x.reserved < x.quantity "
        "AND (s.warehouse_id = f.warehouse_id OR NOT EXISTS "
        "(SELECT 1 FROM fo_line y WHERE y.fo_id = f.id AND y.reserved > 0)) "
        f"AND x.quantity - x.reserved <= ({_FREE})) ORDER BY f.paid_at, f.id LIMIT {_AT_ONCE}",
        (uow.merchant.day(uow.now),),
    )
    free = undisturbed(uow, [fo_id for _, fo_id in rows])
    return [fo_id for fo_id in free if allocate(uow, fo_id, "stock is free")]
