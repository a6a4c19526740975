"""What goes wrong in an answer that was already right.

`half` is Shopify's own kind of it: an error within, beside the data of what was done all the same. `clock` states moments by
the clock of China, zone and all. One trouble more than elsewhere: `busy`, too many requests at once, which is an HTTP 429
and not the THROTTLED of costs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from orderyard.core.testing.simulator import Chaos

LATE = timedelta(minutes=4)
"""The longest time for which the search index may not know of a change."""
_CHINA = timezone(timedelta(hours=8))
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


class ShopChaos(Chaos):
    """Knows `busy` as well."""

    TROUBLES = (*Chaos.TROUBLES, "busy")


def disturb(
    chaos: Chaos, name: str, answer: dict[str, Any], changed: Callable[[str], datetime | None], now: datetime
) -> dict[str, Any]:
    """The answer to the operation `name` with whatever troubles strike it; `changed` tells when an order last was."""
    data = answer.get("data")
    if not data:
        return answer
    for part in data.values():
        if isinstance(part, dict) and isinstance(part.get("nodes"), list) and part["nodes"]:
            _disturb_page(chaos, name, part, changed, now)
    if chaos.strikes("clock", name):
        answer = {**answer, "data": _in_china(data)}
    if chaos.strikes("half", name):
        what = "Internal error. Looks like something went wrong on our end."
        answer = {**answer, "errors": [{"message": what, "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}
    return answer


def _disturb_page(
    chaos: Chaos, name: str, page: dict[str, Any], changed: Callable[[str], datetime | None], now: datetime
) -> None:
    nodes = page["nodes"]
    newest = changed(str(nodes[-1].get("id"))) if not (page.get("pageInfo") or {}).get("hasNextPage") else None
    if newest is not None and now - newest < LATE and chaos.strikes("delay", name):
        nodes.pop()
    if len(nodes) > 1 and chaos.strikes("reorder", name):
        nodes.reverse()
    if nodes and chaos.strikes("duplicate", name):
        nodes.append(nodes[0])


def _in_china(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _in_china(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_in_china(entry) for entry in value]
    if isinstance(value, str) and _STAMP.fullmatch(value):
        return datetime.fromisoformat(value).astimezone(_CHINA).isoformat()
    return value
