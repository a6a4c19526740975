"""Whose an order is, once customers turn out to be one."""

from __future__ import annotations

from collections.abc import Sequence

from ..customers.api import CustomersMerged
from ..kernel.db import marks
from ..kernel.uow import UnitOfWork


def take_over(uow: UnitOfWork, events: Sequence[CustomersMerged]) -> None:
    """Give the orders of merged customers to whoever stands for them now."""
    for event in events:
        moved = uow.db.rows(
            f"UPDATE sales_order SET customer_id = ?, version = version + 1 WHERE customer_id IN ({marks(event.others)}) "
            "RETURNING id",
            [event.keep, *event.others],
        )
        for (order_id,) in sorted(moved):
            uow.note("customer", "order", order_id, f"merged into customer {event.keep}")
