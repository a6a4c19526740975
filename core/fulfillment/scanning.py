"""What a scanner says while an order is picked and packed: which lot, which piece."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..inventory import serials
from ..inventory.lots import swap_lot, who_has
from ..kernel.db import Database, marks
from ..kernel.errors import DomainError, IllegalTransition
from ..kernel.uow import UnitOfWork
from .api import FoState
from .service import HOLDER, Fo, held
from .shortage import fo_line_of

SCANNABLE = (FoState.RELEASED, FoState.PICKING, FoState.PICKED, FoState.PACKED)


def _open(uow: UnitOfWork, fo_id: int) -> Fo:
    fo = held(uow, [fo_id])[fo_id]
    if fo.state not in SCANNABLE:
        raise IllegalTransition(fo.number, fo.state, "scanned", remedy="scan between its release and its shipment")
    return fo


def scan_lot(uow: UnitOfWork, fo_id: int, sku_id: int, lot: str, units: int | None = None) -> str:
    """The lot in hand is sent instead of the one on the pick list; the lots given up, empty when it was the right one.

    All units of the SKU unless told how many; refused as `swap_lot` says.
    """
    fo = _open(uow, fo_id)
    lines = fo_line_of(uow, fo_id, sku_id)
    if units is not None and len(lines) > 1:
        raise DomainError(f"{fo.number} has that SKU on {len(lines)} lines", remedy="swap all its units")
    given_up = [old for line in lines if (old := swap_lot(uow, HOLDER, line, sku_id, lot.strip(), units))]
    if given_up:
        uow.note("lot swapped", "fulfillment_order", fo_id, f"{', '.join(given_up)} → {lot}", {"sku": sku_id})
    return ", ".join(given_up)


def scan_serials(uow: UnitOfWork, fo_id: int, sku_id: int, codes: Sequence[str]) -> None:
    """These pieces are sent; a piece scanned twice, here or elsewhere, is refused, and so is one too many."""
    _open(uow, fo_id)
    lines = fo_line_of(uow, fo_id, sku_id)
    for code in codes:
        for place, line in enumerate(lines, 1):
            room = uow.db.row(
                "SELECT x.reserved - (SELECT COUNT(*) FROM serial s WHERE s.holder_kind = ? AND s.holder = x.id) "
                "FROM fo_line x WHERE x.id = ?",
                (HOLDER, line),
            )
            if place == len(lines) or (room and room[0] > 0):
                serials.scan(uow, HOLDER, line, sku_id, code)
                break
    uow.note("pieces scanned", "fulfillment_order", fo_id, ", ".join(codes)[:400], {"sku": sku_id})


def unscan_serials(uow: UnitOfWork, fo_id: int) -> None:
    """All pieces of a fulfillment order are free again, to be scanned anew."""
    _open(uow, fo_id)
    rows = uow.db.rows("SELECT id FROM fo_line WHERE fo_id = ? ORDER BY id", (fo_id,))
    serials.put_back(uow, HOLDER, [row[0] for row in rows])


@dataclass(frozen=True, slots=True)
class Recalled:
    """Units of a lot that an order got, or is about to get while `sent` is false: stop those, and call the others."""

    order_id: int
    order: str
    customer_id: int
    customer: str
    fo: str
    warehouse: str
    units: int
    sent: bool
    waybill: str
    at: str


def recall(db: Database, sku_id: int, lot: str) -> list[Recalled]:
    """召回: which orders and customers got units of a lot, those still in the warehouse among them; by order."""
    uses = [use for use in who_has(db, sku_id, lot) if use.kind == HOLDER]
    if not uses:
        return []
    ids = sorted({use.holder for use in uses})
    facts = {
        row[0]: row[1:]
        for row in db.rows(
            "SELECT x.id, o.id, o.number, o.customer_id, c.name, f.number, COALESCE((SELECT MAX(w.number) FROM waybill w "
            "WHERE w.fo_id = f.id AND w.state IN ('issued','used')), '') FROM fo_line x "
            "JOIN sales_order o ON o.id = x.order_id JOIN customer c ON c.id = o.customer_id "
            "JOIN fulfillment_order f ON f.id = x.fo_id "
            f"WHERE x.id IN ({marks(ids)})",
            ids,
        )
    }
    found = []
    for use in uses:
        if use.holder in facts:
            order_id, order, customer_id, customer, fo, waybill = facts[use.holder]
            found.append(
                Recalled(
                    order_id, order, customer_id, customer, fo, use.warehouse, use.units, use.state == "consumed", waybill,
                    use.at,
                )
            )  # fmt: skip
    return sorted(found, key=lambda one: (one.order_id, one.fo, one.sent))
