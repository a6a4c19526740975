"""Setting the number that products and variations show.

Products go by `products/batch`, variations by one batch per product; each row is answered by itself. There is nothing to
compare with: the number is absolute and repeating it is safe. A variation is only ever sent under the product that the
platform itself names for it, because a batch under another product would move it there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from orderyard.core.channels.api import ListingRef, StockAnswer, StockOutcome, StockTarget
from orderyard.core.kernel.errors import RemoteNotUnderstood, RemoteRejected

from .node import Node
from .wire import RestApi

BATCH = 100
"""Rows one batch call takes."""
_ID = re.compile(r"[1-9]\d{0,18}")
_UNKNOWN = re.compile(r"woocommerce_rest_.*invalid.*id|woocommerce_rest_.*invalid_parent")


def push(api: RestApi, targets: Sequence[StockTarget]) -> list[StockAnswer]:
    """One answer per target, in order."""
    answers: dict[int, StockAnswer] = {}
    calls: dict[str, list[int]] = {}
    for index, target in enumerate(targets):
        if not _known(target.listing):
            answers[index] = StockAnswer(target, StockOutcome.UNKNOWN_LISTING, note="this is no product of a WooCommerce shop")
            continue
        product = target.listing.item_id if target.listing.variant_id else ""
        calls.setdefault(product, []).append(index)
    for product, indexes in calls.items():
        for start in range(0, len(indexes), BATCH):
            part = indexes[start : start + BATCH]
            answers |= zip(part, _batch(api, product, [targets[index] for index in part]), strict=True)
    return [answers[index] for index in range(len(targets))]


def _known(listing: ListingRef) -> bool:
    variant = listing.variant_id
    return _ID.fullmatch(listing.item_id) is not None and (not variant or _ID.fullmatch(variant) is not None)


def _batch(api: RestApi, product: str, targets: Sequence[StockTarget]) -> list[StockAnswer]:
    update = [
        {
            "id": int(target.listing.variant_id or target.listing.item_id),
            "manage_stock": True,
            "stock_quantity": target.quantity,
        }
        for target in targets
    ]
    path = f"products/{product}/variations/batch" if product else "products/batch"
    try:
        rows = list(api.write("POST", path, {"update": update}, effect=False).node.each("update"))
    except RemoteRejected as error:
        if not _UNKNOWN.fullmatch(error.code):
            raise
        return [StockAnswer(target, StockOutcome.UNKNOWN_LISTING, note=error.what) for target in targets]
    if [row.identity("id") for row in rows] != [str(entry["id"]) for entry in update]:
        raise RemoteNotUnderstood("the shop answered a batch for other products than were sent")
    return [_answer(target, row) for target, row in zip(targets, rows, strict=True)]


def _answer(target: StockTarget, row: Node) -> StockAnswer:
    if row.has("error"):
        error = row.node("error")
        outcome = StockOutcome.UNKNOWN_LISTING if _UNKNOWN.fullmatch(error.text_or_empty("code")) else StockOutcome.REFUSED
        return StockAnswer(target, outcome, note=error.text_or_empty("message") or error.text_or_empty("code"))
    shown = _shown(row.values)
    if shown == target.quantity:
        return StockAnswer(target, StockOutcome.OK, current=shown)
    note = "the shop does not manage stock" if shown is None else f"the shop shows {shown}"
    return StockAnswer(target, StockOutcome.REFUSED, current=shown, note=note)


def _shown(row: Mapping[str, object]) -> int | None:
    value = row.get("stock_quantity")
    return value if isinstance(value, int) and not isinstance(value, bool) else None
