"""Absolute stock figures for SKUs and for items that have none."""

from __future__ import annotations

from collections.abc import Sequence

from orderyard.core.channels.api import StockAnswer, StockOutcome, StockTarget
from orderyard.core.kernel.errors import RemoteRejected

from . import answers
from .gateway import Gateway

BATCH = 20
"""SKUs that one `taobao.skus.quantity.update` may carry, all of the same item."""

# Parts of the sub_code that say the item or SKU is not there (any more); Tmall adds a suffix.
_UNKNOWN = ("item-not-exist", "item-is-delete", "invalid-numiid", "sku-not-exist", "invalid-parameter:sku")


def push(gateway: Gateway, targets: Sequence[StockTarget]) -> list[StockAnswer]:
    """One answer per target, in order; type 1 sets the number whatever stood there, so a lost answer is simply repeated."""
    found: dict[int, StockAnswer] = {}
    by_item: dict[str, list[int]] = {}
    for index, target in enumerate(targets):
        listing = target.listing
        if not _id(listing.item_id) or not (_id(listing.variant_id) or not listing.variant_id):
            found[index] = StockAnswer(target, StockOutcome.UNKNOWN_LISTING, note="Taobao's ids are digits")
        elif target.quantity < 0:
            found[index] = StockAnswer(target, StockOutcome.REFUSED, note="a number below 0 is refused")
        elif listing.variant_id:
            by_item.setdefault(listing.item_id, []).append(index)
        else:
            found[index] = _item(gateway, target)
    for item_id, indexes in by_item.items():
        for start in range(0, len(indexes), BATCH):
            part = indexes[start : start + BATCH]
            found |= zip(part, _skus(gateway, item_id, [targets[index] for index in part]), strict=True)
    return [found[index] for index in range(len(targets))]


def _id(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _item(gateway: Gateway, target: StockTarget) -> StockAnswer:
    params = {"num_iid": target.listing.item_id, "quantity": str(target.quantity), "type": "1"}
    try:
        gateway.call("taobao.item.quantity.update", params)
    except RemoteRejected as refused:
        return _refused(target, refused)
    return StockAnswer(target, StockOutcome.OK, current=target.quantity)


def _skus(gateway: Gateway, item_id: str, targets: Sequence[StockTarget]) -> list[StockAnswer]:
    """One call for all; when the platform refuses it, each by itself, so that one wrong SKU does not stop the others."""
    quantities = ";".join(f"{target.listing.variant_id}:{target.quantity}" for target in targets)
    params = {"num_iid": item_id, "skuid_quantities": quantities, "type": "1"}
    try:
        answer = gateway.call("taobao.skus.quantity.update", params)
    except RemoteRejected as refused:
        if len(targets) == 1:
            return [_refused(targets[0], refused)]
        return [single for target in targets for single in _skus(gateway, item_id, [target])]
    item = answer.get("item")
    skus = answers.listed(item.get("skus") if isinstance(item, dict) else None, f"skus of {item_id}")
    named = {answers.text(sku.get("sku_id")) for sku in skus}
    # An answer that lists SKUs and leaves one out did not find it; one that lists none at all has taken them all.
    return [
        StockAnswer(target, StockOutcome.OK, current=target.quantity)
        if not named or target.listing.variant_id in named
        else StockAnswer(target, StockOutcome.UNKNOWN_LISTING, note=f"item {item_id} has no such SKU")
        for target in targets
    ]


def _refused(target: StockTarget, refused: RemoteRejected) -> StockAnswer:
    unknown = any(part in refused.code.lower() for part in _UNKNOWN)
    return StockAnswer(target, StockOutcome.UNKNOWN_LISTING if unknown else StockOutcome.REFUSED, note=refused.what)
