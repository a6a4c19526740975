"""The methods of the platform that the simulator answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from . import aftersales, doors, items, logistics, messages, waybills
from .documents import document
from .protocol import Answer, Call, moment, need, number, page, refuse, service_error
from .shop import SELLER, Shop, Trade, stamp

_USUAL_TYPES = "guarantee_trade,auto_delivery,ec,cod,step"
# An OAID is only made for a call that shows who the receiver is.
_OAID_NEEDS = frozenset(("receiver_name", "receiver_address", "created", "receiver_mobile", "receiver_phone"))


def _shown(document: Answer, fields: str) -> Answer:
    """Only the fields asked for; a line's field is asked for as `orders.num`, all of them as `orders`."""
    wanted = [name.strip() for name in fields.split(",")]
    answer = {name: value for name, value in document.items() if name in wanted}
    of_lines = {name.partition(".")[2] for name in wanted if name.startswith("orders.")}
    if of_lines and "orders" not in wanted:
        lines = [{name: value for name, value in line.items() if name in of_lines} for line in document["orders"]["order"]]
        answer["orders"] = {"order": lines}
    return answer


def _listing(shop: Shop, params: Mapping[str, str], trades: list[Trade]) -> Answer:
    """A page, newest first: with `has_next` no total, and no list at all when there is nothing to list."""
    kinds = set(params.get("type", _USUAL_TYPES).split(","))
    if "guarantee_trade" in kinds:
        kinds |= {"fixed", "auction"}
    status = params.get("status")
    trades = [trade for trade in trades if trade.kind in kinds and status in (None, trade.status)]
    asked, size = page(params, 100)
    part = trades[(asked - 1) * size : asked * size]
    answer: Answer = {}
    if params.get("use_has_next") == "true":
        answer["has_next"] = asked * size < len(trades)
    else:
        answer["total_results"] = len(trades)
    if part:
        answer["trades"] = {"trade": [_shown(_listed(document(shop, trade)), params["fields"]) for trade in part]}
    return answer


def _listed(document: Answer) -> Answer:
    """Listings carry a part of the trade only, and nothing about the receiver."""
    return {
        name: value
        for name, value in document.items()
        if not name.startswith("receiver_") and name not in ("oaid", "buyer_message", "seller_memo")
    }


def _trades_sold_increment_get(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    need(params, "fields", "start_modified", "end_modified")
    start, end = moment(params, "start_modified"), moment(params, "end_modified")
    if end <= start or end - start > timedelta(days=1):
        refuse(41, "Invalid arguments:end_modified")
    low, high = params["start_modified"], params["end_modified"]
    trades = [trade for trade in shop.trades.values() if low <= stamp(trade.modified) <= high]
    return _listing(shop, params, sorted(trades, key=lambda trade: (trade.modified, trade.tid), reverse=True))


def _trades_sold_get(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    need(params, "fields")
    low, high = params.get("start_created", ""), params.get("end_created", "9")
    trades = [trade for trade in shop.trades.values() if low <= stamp(trade.created) <= high]
    return _listing(shop, params, sorted(trades, key=lambda trade: (trade.created, trade.tid), reverse=True))


def _trade_fullinfo_get(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    need(params, "fields", "tid")
    trade = shop.trades.get(number(params, "tid"))
    if trade is None:
        service_error("isv.trade-not-exist", "交易不存在")
    shown = document(shop, trade)
    if not params.get("include_oaid") or _OAID_NEEDS - set(params["fields"].split(",")):
        del shown["oaid"]
    return {"trade": _shown(shown, params["fields"])}


def _trade_memo_update(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    """An empty memo is taken for none given, unless the memo is to be emptied."""
    need(params, "tid")
    trade = shop.trades.get(number(params, "tid"))
    if trade is None:
        service_error("isv.trade-not-exist", "交易不存在")
    if len(params.get("memo", "").encode()) > 1000:
        refuse(41, "Invalid arguments:memo")
    if params.get("flag", "0") not in ("0", "1", "2", "3", "4", "5"):
        refuse(41, "Invalid arguments:flag")
    trade.memo = "" if params.get("reset") == "true" else params.get("memo") or trade.memo
    trade.flag = int(params.get("flag", trade.flag))
    shop.touch(trade, now)
    shop.of_trade("MemoModified", trade, now)
    return {"trade": {"tid": trade.tid, "modified": stamp(trade.modified)}}


def _trade_close(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    need(params, "tid", "close_reason")
    trade = shop.trades.get(number(params, "tid"))
    if trade is None:
        service_error("isv.trade-not-exist", "交易不存在")
    if trade.status != "WAIT_BUYER_PAY":
        service_error("isv.trade-status-error", "交易状态不允许关闭")
    if now - trade.created < timedelta(seconds=10):
        service_error("isv.trade-close-error:CLOSE_TRADE_TOO_FAST", "关闭交易过快")
    shop.close(trade, "TRADE_CLOSED_BY_TAOBAO", now)
    return {"trade": {"tid": trade.tid, "modified": stamp(trade.modified)}}


def _user_seller_get(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    need(params, "fields")
    user = {"user_id": 2_088_000_001, "nick": SELLER, "type": "B" if shop.tmall else "C", "status": "normal"}
    return {"user": {name: value for name, value in user.items() if name in params["fields"].split(",")}}


CALLS: Mapping[str, Call] = {
    "taobao.trades.sold.increment.get": _trades_sold_increment_get,
    "taobao.trades.sold.get": _trades_sold_get,
    "taobao.trade.fullinfo.get": _trade_fullinfo_get,
    "taobao.trade.memo.update": _trade_memo_update,
    "taobao.trade.close": _trade_close,
    "taobao.user.seller.get": _user_seller_get,
    **items.CALLS,
    **logistics.CALLS,
    **aftersales.CALLS,
    **messages.CALLS,
    **doors.CALLS,
    **waybills.CALLS,
}
"""What the simulator answers, by method; every other method is unknown to it."""
