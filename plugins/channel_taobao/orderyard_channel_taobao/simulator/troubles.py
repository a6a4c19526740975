"""What chaos does to an answer: rows twice, in another order, or not yet there; and half of a batch only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from orderyard.core.testing.simulator import Chaos

from .protocol import Answer

_ROWS = {
    "taobao.trades.sold.increment.get": ("trades", "trade"),
    "taobao.trades.sold.get": ("trades", "trade"),
    "taobao.refunds.receive.get": ("refunds", "refund"),
    "taobao.tmc.messages.consume": ("messages", "tmc_message"),
}
_LATE = timedelta(minutes=2)
"""A change shows in the lists after so long at the latest."""
HALF: Mapping[str, tuple[str, str, str]] = {
    "taobao.skus.quantity.update": ("skuid_quantities", "isv.invalid-parameter:sku-properties", ";"),
    "taobao.logistics.offline.send": ("sub_tid", "isv.logistics-offline-service-error:P38", ","),
    "taobao.logistics.online.send": ("sub_tid", "isv.logistics-online-service-error:P38", ","),
    "taobao.tmc.messages.confirm": ("s_message_ids", "isp.remote-service-error", ","),
}
"""Batches: the parameter that holds the parts, the refusal of the rest, and what stands between the parts."""


def halved(chaos: Chaos, method: str, params: Mapping[str, str]) -> dict[str, str] | None:
    """The call with every other part of its batch only, when half of it shall be refused; else None."""
    if method not in HALF:
        return None
    name, _, between = HALF[method]
    parts = params.get(name, "").split(between)
    if len(parts) < 2 or not chaos.strikes("half", method):
        return None
    return {**params, name: between.join(parts[::2])}


def disturb(chaos: Chaos, method: str, params: Mapping[str, str], answer: Answer, wall_clock: datetime) -> None:
    """Change the rows of an answer in place."""
    if method not in _ROWS:
        return
    outer, inner = _ROWS[method]
    rows = answer.get(outer, {}).get(inner)
    if not rows:
        return
    newest = max(str(row.get("modified", row.get("pub_time", ""))) for row in rows)
    fresh = newest >= (wall_clock - _LATE).strftime("%Y-%m-%d %H:%M:%S")
    if fresh and params.get("page_no", "1") == "1" and chaos.strikes("delay", method):
        rows[:] = [row for row in rows if str(row.get("modified", row.get("pub_time", ""))) != newest]
    if chaos.strikes("duplicate", method):
        rows[:] = [row for row in rows for _ in range(2)]
    if len(rows) > 1 and chaos.strikes("reorder", method):
        rows.reverse()
    if not rows:
        del answer[outer]
