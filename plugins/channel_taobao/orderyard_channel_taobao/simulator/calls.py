"""The methods of the platform that the simulator answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import NoReturn

from . import aftersales, items, messages
from .protocol import Answer, Call, moment, need, number, page, refuse, service_error
from .shop import SELLER, Line, Shop, Trade, stamp

_USUAL_TYPES = "guarantee_trade,auto_delivery,ec,cod,step"
_COMPANIES = (
    (505, "SF", "顺丰速运", r"^[A-Za-z0-9-]{4,35}$"),
    (101, "YTO", "圆通速递", r"^(YT[0-9]{13})$|^[A-Z0-9]{12}$"),
    (500, "ZTO", "中通快递", r"^[0-9]{12,15}$"),
    (100, "STO", "申通快递", r"^[0-9]{12,15}$"),
    (102, "YUNDA", "韵达快递", r"^[0-9]{13,15}$"),
    (2, "EMS", "EMS", r"^[A-Z]{2}[0-9]{9}CN$|^[0-9]{13}$"),
)
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
        answer["trades"] = {"trade": [_shown(_listed(shop.document(trade)), params["fields"]) for trade in part]}
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
    document = shop.document(trade)
    if not params.get("include_oaid") or _OAID_NEEDS - set(params["fields"].split(",")):
        del document["oaid"]
    return {"trade": _shown(document, params["fields"])}


def _send(kind: str) -> Call:
    def send(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
        def reject(code: str, why: str) -> NoReturn:
            service_error(f"isv.logistics-{kind}-service-error:{code}", why)

        need(params, "tid", "company_code")
        trade = shop.trades.get(number(params, "tid"))
        if trade is None:
            reject("B01", "订单不存在")
        if not params.get("out_sid"):
            reject("B59", "运单号不能为空")
        rule = next((company for company in _COMPANIES if company[1] == params["company_code"]), None)
        if rule is None:
            reject("B57", "物流公司不存在")
        if not re.match(rule[3], params["out_sid"]):
            reject("B60", "运单号不符合规则或已经被使用")
        if (trade.kind == "cod") != (kind == "online"):
            reject("B98", "发货类型不匹配")
        lines = _parcel(trade, params, reject)
        shop.ship(trade, lines, rule[2], params["out_sid"], now)
        return {"shipping": {"is_success": True}}

    return send


def _parcel(trade: Trade, params: Mapping[str, str], reject: Callable[[str, str], NoReturn]) -> list[Line]:
    """The lines a call sends; a call for the whole trade is refused once any of it has gone."""
    waiting = [line for line in trade.lines if line.status == "WAIT_SELLER_SEND_GOODS"]
    if params.get("is_split") != "1":
        if trade.status != "WAIT_SELLER_SEND_GOODS" or not waiting:
            reject("B04", "订单状态不对,该物流订单已经发货或者已关闭，不能重复发货")
        return waiting
    named = set(params.get("sub_tid", "").split(","))
    lines = [line for line in trade.lines if str(line.oid) in named]
    if not lines or len(lines) != len(named) or len(named) > 50:
        reject("P38", "拆单校验未通过")
    if any(line not in waiting for line in lines):
        reject("B04", "订单状态不对,该物流订单已经发货或者已关闭，不能重复发货")
    return lines


def _user_seller_get(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    need(params, "fields")
    user = {"user_id": 2_088_000_001, "nick": SELLER, "type": "B" if shop.tmall else "C", "status": "normal"}
    return {"user": {name: value for name, value in user.items() if name in params["fields"].split(",")}}


def _logistics_companies_get(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    need(params, "fields")
    wanted = set(params["fields"].split(","))
    names = ("id", "code", "name", "reg_mail_no")
    companies = [{n: v for n, v in zip(names, company, strict=True) if n in wanted} for company in _COMPANIES]
    return {"logistics_companies": {"logistics_company": companies}}


CALLS: Mapping[str, Call] = {
    "taobao.trades.sold.increment.get": _trades_sold_increment_get,
    "taobao.trades.sold.get": _trades_sold_get,
    "taobao.trade.fullinfo.get": _trade_fullinfo_get,
    "taobao.user.seller.get": _user_seller_get,
    "taobao.logistics.offline.send": _send("offline"),
    "taobao.logistics.online.send": _send("online"),
    "taobao.logistics.companies.get": _logistics_companies_get,
    **items.CALLS,
    **aftersales.CALLS,
    **messages.CALLS,
}
"""What the simulator answers, by method; every other method is unknown to it."""
