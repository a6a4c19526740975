"""Webhooks of the shop that lead to us.

WooCommerce switches one off after a few failures in a row and tells nobody, so what is found off is switched on again. It never
shows a secret, so whatever is mended gets ours anew.
"""

from __future__ import annotations

from orderyard.core.kernel.errors import RemoteRejected

from .wire import RestApi

TOPICS = (
    "order.created",
    "order.updated",
    "order.deleted",
    "order.restored",
    "product.created",
    "product.updated",
    "product.deleted",
)


def subscribe(api: RestApi, address: str) -> list[str]:
    """Have every topic pushed to `address`; those that had to be made or switched on. Looks first, so repeating is safe."""
    secret = api.config.get("webhook_secret", "").strip()
    if not secret:
        raise RemoteRejected("pushes need a webhook secret to be proven with", remedy="make one up and enter it")
    ours = [hook for hook in api.every("webhooks") if hook.text_or_empty("delivery_url") == address]
    mended = []
    for topic in TOPICS:
        there = [hook for hook in ours if hook.text("topic") == topic]
        if any(hook.text("status") == "active" for hook in there):
            continue
        body = {"status": "active", "secret": secret}
        if there:
            api.write("PUT", f"webhooks/{there[0].identity('id')}", body, effect=False)
        else:
            new = {"name": f"Orderyard {topic}", "topic": topic, "delivery_url": address, **body}
            api.write("POST", "webhooks", new, effect=True)
        mended.append(topic)
    return mended
