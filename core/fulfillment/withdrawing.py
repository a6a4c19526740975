"""Taking a warehouse off a shop, which must leave no fulfillment order behind that nobody would serve."""

from __future__ import annotations

from ..inventory import warehouses
from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork

_NAMED = 5


def stop_serving(uow: UnitOfWork, shop_id: int, warehouse_id: int) -> None:
    """A warehouse sends nothing more for a shop; refused while fulfillment orders of the shop wait there."""
    waiting = uow.db.rows(
        "SELECT number FROM fulfillment_order WHERE shop_id = ? AND warehouse_id = ? AND state IN ('planned', 'allocated') "
        "ORDER BY id",
        (shop_id, warehouse_id),
    )
    if waiting:
        named = ", ".join(row[0] for row in waiting[:_NAMED]) + (" …" if len(waiting) > _NAMED else "")
        raise DomainError(
            f"{len(waiting)} fulfillment orders of the shop wait in this warehouse: {named}",
            remedy="send them, or move them to another warehouse first",
        )
    warehouses.stop_serving(uow, shop_id, warehouse_id)
