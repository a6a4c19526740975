"""Setting the available quantity of listings at one location.

Shopify compares and swaps: `changeFromQuantity` must be there, the number last seen or an explicit null. One bad row
refuses the whole call, so refused rows are taken out, answered, and the rest is sent again. The key of `@idempotent` is
a digest of our key and of exactly what is sent: repeating a push is the same call, and never the same key for other rows.

A connection may have differences sent instead of numbers (`adjust`), for shops where others write stock too: each is taken
from the number read just before and holds only while that still stands.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orderyard.core.channels.api import StockAnswer, StockOutcome, StockTarget
from orderyard.core.kernel.errors import CredentialsRefused, RateLimited, RemoteNotUnderstood, RemoteRejected

from .node import Node
from .wire import AdminApi, refusal, user_errors

_UNKNOWN = frozenset({"INVALID_INVENTORY_ITEM"})
_STALE = frozenset({"CHANGE_FROM_QUANTITY_STALE", "COMPARE_QUANTITY_STALE"})


@dataclass(frozen=True, slots=True)
class _Item:
    inventory_item: str
    available: int | None
    """None where the item is not stocked at the location."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A target whose listing is stocked at the location, where `available` was read."""

    target: StockTarget
    inventory_item: str
    available: int


def push(
    api: AdminApi, location: str, targets: Sequence[StockTarget], key: str, *, adjust: bool = False
) -> Sequence[StockAnswer]:
    """One answer per target, in order."""
    answers: dict[int, StockAnswer] = {}
    items = _lookup(api, location, [target.listing.variant_id for target in targets])
    rows: dict[int, _Row] = {}
    for index, target in enumerate(targets):
        item = items.get(target.listing.variant_id)
        if item is None:
            answers[index] = StockAnswer(target, StockOutcome.UNKNOWN_LISTING, note="Shopify knows no such variant")
        elif item.available is None:
            answers[index] = StockAnswer(target, StockOutcome.REFUSED, note="the variant is not stocked at the location")
        elif any(item.inventory_item == row.inventory_item for row in rows.values()):
            answers[index] = StockAnswer(target, StockOutcome.REFUSED, note="the variant is named twice in one call")
        elif target.expected is not None and item.available not in (target.expected, target.quantity):
            answers[index] = StockAnswer(target, StockOutcome.STALE, current=item.available, note="the number has changed")
        elif adjust and item.available == target.quantity:
            answers[index] = StockAnswer(target, StockOutcome.OK, current=target.quantity)
        else:
            rows[index] = _Row(target, item.inventory_item, item.available)
    for attempt in range(len(rows) + 1):
        if not rows:
            break
        refused = _send(api, location, rows, key, attempt, adjust)
        if refused is None:
            answers |= {index: StockAnswer(targets[index], StockOutcome.OK, current=targets[index].quantity) for index in rows}
            rows = {}
        else:
            answers |= {index: _answer(targets[index], error) for index, error in refused.items()}
            rows = {index: item for index, item in rows.items() if index not in refused}
    for index in rows:
        answers[index] = StockAnswer(targets[index], StockOutcome.REFUSED, note="Shopify keeps refusing the whole call")
    return _with_current(api, location, targets, answers)


def _lookup(api: AdminApi, location: str, variants: Sequence[str]) -> dict[str, _Item]:
    """Variant gid -> its inventory item; by id only, since a SKU text may stand on several variants."""
    wanted = [variant for variant in dict.fromkeys(variants) if variant.startswith("gid://shopify/ProductVariant/")]
    if not wanted:
        return {}
    found: dict[str, _Item] = {}
    entries = api.read("inventoryOfVariants", {"ids": wanted, "location": location}).values.get("nodes")
    if not isinstance(entries, list):
        raise RemoteNotUnderstood("nodes is not a list")
    for entry in entries:
        if not entry:  # null where there is no such variant, an empty object where the id is something else's
            continue
        node = Node(entry, "nodes[]")
        item = node.node("inventoryItem")
        available = None
        if item.has("inventoryLevel"):
            quantities = item.node("inventoryLevel").each("quantities")
            available = next((q.number("quantity") for q in quantities if q.text("name") == "available"), None)
        found[node.text("id")] = _Item(item.text("id"), available)
    return found


def _send(
    api: AdminApi, location: str, rows: Mapping[int, _Row], key: str, attempt: int, adjust: bool
) -> dict[int, Node] | None:
    """None when all was done, else the refused rows with their error; the whole call's errors are raised."""
    operation, part = ("inventoryAdjustQuantities", "changes") if adjust else ("inventorySetQuantities", "quantities")
    sent = {"name": "available", "reason": "correction", part: [_stated(row, location, adjust) for row in rows.values()]}
    digest = hashlib.sha256(json.dumps([key, attempt, sent]).encode()).hexdigest()
    payload = api.write(operation, {"input": sent, "key": digest}, effect=False)
    errors = user_errors(payload)
    if not errors:
        return None
    order = list(rows)
    refused: dict[int, Node] = {}
    for error in errors:
        code = error.text_or_empty("code")
        if code == "IDEMPOTENCY_CONCURRENT_REQUEST":
            raise RateLimited("the same push is being worked on", seconds=2.0, code=code)
        if code == "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED":
            return {}  # nothing was set; the next attempt carries another key
        if code == "INVALID_LOCATION":
            raise CredentialsRefused(refusal(errors), code=code, remedy="choose the location of this connection again")
        path = error.texts("field") if error.has("field") else []
        if len(path) < 3 or path[:2] != ["input", part] or not path[2].isdecimal() or int(path[2]) >= len(order):
            raise RemoteRejected(refusal(errors), code=code)
        refused[order[int(path[2])]] = error
    return refused


def _stated(row: _Row, location: str, adjust: bool) -> dict[str, object]:
    """InventoryQuantityInput, or InventoryChangeInput."""
    where: dict[str, object] = {"inventoryItemId": row.inventory_item, "locationId": location}
    if adjust:
        return {**where, "delta": row.target.quantity - row.available, "changeFromQuantity": row.available}
    return {**where, "quantity": row.target.quantity, "changeFromQuantity": row.target.expected}


def _answer(target: StockTarget, error: Node) -> StockAnswer:
    code = error.text_or_empty("code")
    outcome = (
        StockOutcome.STALE if code in _STALE else StockOutcome.UNKNOWN_LISTING if code in _UNKNOWN else StockOutcome.REFUSED
    )
    return StockAnswer(target, outcome, note=error.text_or_empty("message") or code)


def _with_current(
    api: AdminApi, location: str, targets: Sequence[StockTarget], answers: Mapping[int, StockAnswer]
) -> list[StockAnswer]:
    """The answers in order; what stands in the shop now is read once for all that were stale."""

    def unknown_now(answer: StockAnswer) -> bool:
        return answer.outcome is StockOutcome.STALE and answer.current is None

    now = _lookup(api, location, [answer.target.listing.variant_id for answer in answers.values() if unknown_now(answer)])
    result = []
    for index, target in enumerate(targets):
        answer = answers[index]
        if unknown_now(answer) and (item := now.get(target.listing.variant_id)):
            answer = StockAnswer(target, StockOutcome.STALE, current=item.available, note=answer.note)
        result.append(answer)
    return result


def sole_location(api: AdminApi) -> str:
    """The location to publish to when none is set: the first active one that serves online orders."""
    after: str | None = None
    while True:
        locations = api.read("locations", {"after": after}).node("locations")
        for location in locations.each("nodes"):
            if location.flag("isActive") and location.flag("fulfillsOnlineOrders"):
                return location.text("id")
        page = locations.node("pageInfo")
        if not page.flag("hasNextPage"):
            raise CredentialsRefused(
                "the shop has no active location that serves online orders", remedy="set one in Shopify or enter its id"
            )
        after = page.text("endCursor")
