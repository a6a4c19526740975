"""Whose orders may share a parcel, although their OAIDs differ (合单)."""

from __future__ import annotations

import json
from collections.abc import Sequence

from orderyard.core.channels.api import MaskedDoor

from . import answers
from .gateway import Gateway

AT_ONCE = 100
"""Orders that one `taobao.top.oaid.merge` may name."""


def shared(gateway: Gateway, doors: Sequence[MaskedDoor]) -> list[list[str]]:
    """An answer holds one text for each group, trade ids by comma; only those inside one text may be merged."""
    named = [{"oaid": door.privacy_token, "tid": door.order_external_id} for door in doors]
    answer = gateway.call("taobao.top.oaid.merge", {"merge_list": json.dumps(named, separators=(",", ":"))})
    return [
        [part.strip() for part in group.split(",") if part.strip()]
        for group in answers.texts(answer.get("tid_list"), "tid_list")
    ]
