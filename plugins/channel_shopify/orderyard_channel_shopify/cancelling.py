"""Cancelling an order at Shopify, which it does in the background."""

from __future__ import annotations

from orderyard.core.kernel.errors import RemoteRejected

from .wire import AdminApi, refusal

_NOTE = 255
"""The longest note it takes."""
_RUNNING = "already in progress"


def cancel(api: AdminApi, external_id: str, because: str, *, notify: bool) -> bool:
    """Have the whole order cancelled, its units back in stock and its money back with the buyer; True once that is done.

    Asked again while it is going on, it only looks. Without a word about the money Shopify would keep it.
    """
    if _cancelled(api, external_id):
        return True
    payload = api.write(
        "orderCancel",
        {
            "id": external_id,
            "reason": "OTHER",
            "restock": True,
            "refundMethod": {"originalPaymentMethodsRefund": True},
            "note": because[:_NOTE],
            "notify": notify,
        },
    )
    errors = list(payload.each("orderCancelUserErrors"))
    if errors and _RUNNING not in refusal(errors) and not _cancelled(api, external_id):
        raise RemoteRejected(refusal(errors), code=errors[0].text_or_empty("code"))
    return _cancelled(api, external_id)


def _cancelled(api: AdminApi, external_id: str) -> bool:
    data = api.read("cancelledAt", {"id": external_id})
    if not data.has("order"):
        raise RemoteRejected(f"Shopify knows no order {external_id}")
    return data.node("order").has("cancelledAt")
