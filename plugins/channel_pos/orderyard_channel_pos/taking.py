"""Sales on their way in: stamped with what only the server knows, handed in one by one, each answered by itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from orderyard.core.hosted.api import Delivered, Desk
from orderyard.core.kernel.errors import DomainError
from orderyard.core.orders.api import OrderStatus, Reach

_OPEN = (OrderStatus.PENDING_PAYMENT, OrderStatus.PENDING_REVIEW, OrderStatus.TO_SHIP)

TOGETHER = 50
"""Sales in one upload."""


def take(desk: Desk, sales: Sequence[Any], now: datetime, *, overrides: bool) -> list[dict[str, Any]]:
    """What became of each sale. One that is wrong stops none of the others; a repeated one gives its first answer again.

    `overrides` says whether this person may sell below the list; else such a sale waits for a person, with its reason.
    """
    listed = _listed(desk, sales) if not overrides else {}
    return [_one(desk, sale, now, listed) for sale in sales]


def _listed(desk: Desk, sales: Sequence[Any]) -> dict[str, int]:
    codes = {
        str(line.get("sku"))
        for sale in sales
        if isinstance(sale, dict) and isinstance(sale.get("lines"), list)
        for line in sale["lines"]
        if isinstance(line, dict)
    }
    return {one.sku: one.price.minor for one in desk.offers(sorted(codes)) if one.price is not None}


def _one(desk: Desk, sale: Any, now: datetime, listed: Mapping[str, int]) -> dict[str, Any]:
    sale_id = str(sale.get("id", "")) if isinstance(sale, dict) else ""
    try:
        settings = desk.settings()
        stamped = {
            "sale": sale,
            "warehouse": settings["warehouse"],
            "currency": desk.facts.currency,
            "memo": _below(sale, listed),
            "taken": now.isoformat(),
        }
        done = desk.deliver(json.dumps(stamped, ensure_ascii=False, sort_keys=True).encode())
    except DomainError as error:
        return {"id": sale_id, "verdict": "refused", "reason": str(error)}
    return {"id": sale_id, **answer(desk, done)}


def answer(desk: Desk, done: Delivered) -> dict[str, Any]:
    """What became of a document, and what keeps its goods from leaving the books."""
    told: dict[str, Any] = {"verdict": done.verdict, "number": done.number, "reason": done.reason, "waits": []}
    if done.verdict == "parked" or done.order_id is None:
        return told
    told["reason"] = ""
    stands = desk.counter.one(done.order_id)
    if stands is not None and stands.reach is Reach.COUNTER and stands.status in _OPEN:
        told["waits"] = [note or code for code, note in stands.stopped] or [str(stands.status)]
    return told


def _below(sale: Any, listed: Mapping[str, int]) -> str:
    """Which lines cost less than the list says; nothing where that may be."""
    if not listed or not isinstance(sale, dict):
        return ""
    found = []
    for line in sale.get("lines") or ():
        if not isinstance(line, dict):
            continue
        sku, *figures = (line.get(part) for part in ("sku", "price", "amount", "quantity"))
        price, amount, count = (figure if isinstance(figure, int) else 0 for figure in figures)
        if str(sku) in listed and min(price * count, amount) < listed[str(sku)] * count:
            found.append(str(sku))
    if sale.get("discount"):
        found.append("discount")
    return f"sold below the list without the right to: {', '.join(found)}" if found else ""
