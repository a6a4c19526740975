"""Parcels that come back without having reached anybody: their goods are here again, and their orders know it."""

from __future__ import annotations

from ..inventory import service as inventory
from ..inventory.api import Place, Quality
from ..inventory.service import Receipt
from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from ..orders.coming_back import record_bounced
from .api import FoState
from .documents import Fo, fo_lines, held, move
from .states import FO
from .waybills import collect


def turn_back(uow: UnitOfWork, waybill_id: int, because: str) -> None:
    """The carrier says that a parcel is on its way back; news of one that is anywhere else changes nothing."""
    row = uow.db.row("SELECT fo_id FROM waybill WHERE id = ? AND state = 'used'", (waybill_id,))
    if row is None:
        return
    fo = held(uow, [row[0]])[row[0]]
    if fo.state is FoState.SHIPPED:
        _on_the_way_back(uow, fo, because)


def _on_the_way_back(uow: UnitOfWork, fo: Fo, because: str) -> None:
    """The buyer may have paid for the order's other parcels already, and waits for no more of them."""
    move(uow, fo, FoState.RETURNING, because)
    if fo.cod:
        collect(uow, sorted({line.order_id for line in fo_lines(uow, fo.id)}))


def came_back(uow: UnitOfWork, fo_id: int, *, quality: Quality = Quality.QC, because: str = "") -> None:
    """A parcel that was never delivered is in its warehouse again: goods at the cost at which they left, orders, money.

    What a buyer had in hands comes back by an after-sale instead. Refused a second time.
    """
    fo = held(uow, [fo_id])[fo_id]
    why = because.strip() or "came back undelivered"
    if fo.state is FoState.SHIPPED:
        _on_the_way_back(uow, fo, why)
        fo = held(uow, [fo_id])[fo_id]
    FO.check(fo.number, fo.state, FoState.RETURNED, remedy="only a parcel on its way can come back undelivered")
    moves = uow.db.rows(
        "SELECT m.id, m.sku_id, m.lot, m.quantity, m.cost FROM stock_move m WHERE m.kind = 'fulfillment_order' "
        "AND m.document = ? AND m.target = ? ORDER BY m.id",
        (fo_id, Place.CUSTOMER),
    )
    if not moves or fo.warehouse_id is None:
        raise DomainError(f"no goods of {fo.number} left from here", remedy="receive what came as an adjustment, with a reason")
    receipts: list[Receipt] = []
    for move_id, sku_id, lot, units, cost in moves:
        serials = tuple(
            row[0]
            for row in uow.db.rows(
                "SELECT s.code FROM serial_move x JOIN serial s ON s.id = x.serial_id WHERE x.move_id = ? ORDER BY s.code",
                (move_id,),
            )
        )
        # Unit costs are whole: the last piece carries what dividing left over, so that exactly the cost comes back.
        each, rest = divmod(cost, units)
        if units > 1:
            receipts.append(Receipt(sku_id, units - 1, each, lot=lot, quality=quality, serials=serials[:-1]))
        receipts.append(Receipt(sku_id, 1, each + rest, lot=lot, quality=quality, serials=serials[-1:]))
    inventory.receive(
        uow, fo.warehouse_id, receipts, source=Place.CUSTOMER, document=fo_id, key=f"BACK/{fo.number}", text=fo.number,
        kind="returned_parcel",
    )  # fmt: skip
    came: dict[int, dict[int, int]] = {}
    for line in fo_lines(uow, fo_id):
        came.setdefault(line.order_id, {})[line.line_id] = line.quantity
    record_bounced(uow, came, key=fo.number, because=why)
    move(uow, held(uow, [fo_id])[fo_id], FoState.RETURNED, why)
