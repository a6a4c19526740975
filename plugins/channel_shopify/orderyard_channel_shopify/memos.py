"""The seller's note on an order: a custom attribute of our own, and its flag a tag.

Shopify has one note, and it is the buyer's. What staff write there stands in another attribute, so that a note of ours is
never read back as theirs.
"""

from __future__ import annotations

from orderyard.core.channels.api import Memo
from orderyard.core.kernel.errors import RemoteRejected

from .wire import AdminApi, refusal, user_errors

ATTRIBUTE = "Orderyard"
FLAG = "orderyard-flag-"


def write(api: AdminApi, external_id: str, memo: Memo) -> None:
    """Attributes and tags of others stay; both lists can only be written whole, so they are read just before."""
    data = api.read("annotations", {"id": external_id})
    if not data.has("order"):
        raise RemoteRejected(f"Shopify knows no order {external_id}")
    order = data.node("order")
    attributes = [{"key": entry.text("key"), "value": entry.text_or_empty("value")} for entry in order.each("customAttributes")]
    tags = order.texts("tags")
    kept = [entry for entry in attributes if entry["key"] != ATTRIBUTE]
    others = [tag for tag in tags if not tag.startswith(FLAG)]
    wanted = [*kept, {"key": ATTRIBUTE, "value": memo.text}] if memo.text else kept
    flagged = [*others, FLAG + memo.flag] if memo.flag else others
    if (wanted, sorted(flagged)) == (attributes, sorted(tags)):
        return
    sent = {"id": external_id, "customAttributes": wanted, "tags": flagged}
    # The whole note: made twice it is the same, so no answer means "try again".
    if errors := user_errors(api.write("orderUpdate", {"input": sent}, effect=False)):
        raise RemoteRejected(refusal(errors))
