"""Whether orders under different OAIDs go to one person."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from .documents import document
from .protocol import Answer, Call, need, refuse, service_error
from .shop import Shop


def _merge(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    need(params, "merge_list")
    try:
        named = [(str(one["oaid"]), int(one["tid"])) for one in json.loads(params["merge_list"])]
    except (ValueError, KeyError, TypeError):
        refuse(41, "Invalid arguments:merge_list")
    if not 1 <= len(named) <= 100:
        refuse(41, "Invalid arguments:merge_list")
    groups: dict[tuple[str, str], list[str]] = {}
    for oaid, tid in named:
        trade = shop.trades.get(tid)
        if trade is None or document(shop, trade)["oaid"] != oaid:
            service_error("isv.oaid-not-match-tid", "oaid与订单不匹配")
        groups.setdefault((trade.buyer, str(trade.receiver)), []).append(str(tid))
    return {"tid_list": {"string": [",".join(group) for group in groups.values()]}}


CALLS: Mapping[str, Call] = {"taobao.top.oaid.merge": _merge}
