"""Orders that are complete in memory and not written yet: what review and routing make of them is written with them.

Intake holds them back (`Database.hold_back`) while these two look at them. Whoever sends a statement that could miss them
gets them written first, so nobody needs to know about this but the commands that save a statement by it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..kernel.db import Question
from ..kernel.uow import UnitOfWork

TABLES = ("customer", "customer_identity", "postal_address", "sales_order", "order_line", "payment", "hold")
"""Where rows are missing while orders are held back; a statement that names one of these has them written."""


@dataclass(frozen=True, slots=True)
class Unwritten:
    """New orders by id, columns by name; and their lines by id."""

    heads: Mapping[int, dict[str, Any]]
    lines: Mapping[int, dict[str, Any]]
    routable: Callable[[int], Iterable[tuple[Any, ...]]]
    """An order's lines as routing reads them from the database, in their order."""


def unwritten(uow: UnitOfWork, order_ids: Collection[int]) -> Unwritten | None:
    """The orders that are held back, if all of these are among them."""
    found: Unwritten | None = uow.kept.get(Unwritten)
    return found if found is not None and all(order_id in found.heads for order_id in order_ids) else None


def guards(shop_ids: Sequence[int]) -> Question:
    """What decides beside the rules whether an order passes review: whether its shop asks finance, the rules' version."""
    return Question(
        "SELECT s.id, s.finance_review, (SELECT COALESCE(SUM(r.version), 0) FROM review_rule_setting r) FROM shop s "
        f"WHERE s.id IN ({','.join('?' * len(shop_ids))})",
        shop_ids,
        3,
    )
