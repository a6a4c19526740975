"""The methods by which a seller says what was sent, and with which waybill."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NoReturn

from .protocol import Answer, Call, need, number, refuse, service_error
from .shop import Line, Shop, Trade

_COMPANIES = (
    (505, "SF", "顺丰速运", r"^[A-Za-z0-9-]{4,35}$"),
    (101, "YTO", "圆通速递", r"^(YT[0-9]{13})$|^[A-Z0-9]{12}$"),
    (500, "ZTO", "中通快递", r"^[0-9]{12,15}$"),
    (100, "STO", "申通快递", r"^[0-9]{12,15}$"),
    (102, "YUNDA", "韵达快递", r"^[0-9]{13,15}$"),
    (2, "EMS", "EMS", r"^[A-Z]{2}[0-9]{9}CN$|^[0-9]{13}$"),
)
_CHANGEABLE = timedelta(days=50)
_GONE = "订单状态不对,该物流订单已经发货或者已关闭，不能重复发货"
_Reject = Callable[[str, str], NoReturn]


def _rejecting(kind: str) -> _Reject:
    def reject(code: str, why: str) -> NoReturn:
        service_error(f"isv.logistics-{kind}-service-error:{code}", why)

    return reject


def _trade(shop: Shop, params: Mapping[str, str], reject: _Reject) -> Trade:
    trade = shop.trades.get(number(params, "tid"))
    if trade is None:
        reject("B01", "订单不存在")
    return trade


def _company(code: str, out_sid: str, reject: _Reject) -> str:
    """The carrier's name; the waybill number must be one of its own."""
    if not out_sid:
        reject("B59", "运单号不能为空")
    rule = next((company for company in _COMPANIES if company[1] == code), None)
    if rule is None:
        reject("B57", "物流公司不存在")
    if not re.match(rule[3], out_sid):
        reject("B60", "运单号不符合规则或已经被使用")
    return rule[2]


def _send(kind: str) -> Call:
    def send(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
        reject = _rejecting(kind)
        need(params, "tid", "company_code")
        trade = _trade(shop, params, reject)
        company = _company(params["company_code"], params.get("out_sid", ""), reject)
        if (trade.kind == "cod") != (kind == "online"):
            reject("B98", "发货类型不匹配")
        lines = _parcel(trade, params, reject)
        shop.ship(trade, lines, company, params["out_sid"], now)
        return {"shipping": {"is_success": True}}

    return send


def _dummy_send(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    """无需物流: everything at once, without a parcel."""
    need(params, "tid")
    reject = _rejecting("dummy")
    trade = _trade(shop, params, reject)
    shop.ship(trade, _parcel(trade, {}, reject), "", "", now)
    return {"shipping": {"is_success": True}}


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


def _consign_resend(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    """Another waybill for what was sent: for all of it, or for named lines that are not all of it."""
    need(params, "tid", "out_sid", "company_code")
    reject = _rejecting("resend")
    trade = _trade(shop, params, reject)
    company = _company(params["company_code"], params["out_sid"], reject)
    sent = [line for line in trade.lines if line.consigned is not None]
    named = set(params.get("sub_tid", "").split(",")) if params.get("is_split") == "1" else {str(line.oid) for line in sent}
    lines = [line for line in sent if str(line.oid) in named]
    if not lines or len(lines) != len(named):
        reject("B04", "订单状态不对，未发货的订单不能修改运单号")
    if params.get("is_split") == "1" and len(lines) == len(trade.lines):
        reject("P38", "子订单必须是操作的物流订单的子订单的真子集")
    if any(line.consigned is not None and now - line.consigned > _CHANGEABLE for line in lines):
        reject("B55", "发货超过50天，不能修改运单号")
    shop.resend(trade, lines, company, params["out_sid"], now)
    return {"shipping": {"is_success": True}}


def _ascp_send(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    """Parcels unit by unit; a line is sent as soon as nobody says that some of it stays."""
    need(params, "tid")
    reject = _rejecting("offline")
    trade = _trade(shop, params, reject)
    packages, status = _decoded(params, "consign_pkgs", "[]"), _decoded(params, "consign_status", "{}")
    if params.get("consign_type") != "1":
        reject("CD22", "consign_type错误")
    if trade.kind == "cod":
        reject("B98", "发货类型不匹配")
    by_oid = {str(line.oid): line for line in trade.lines}
    plan: list[tuple[Line, str, str, int]] = []
    for package in packages:
        company = _company(package.get("company_code", ""), package.get("out_sid", ""), reject)
        for goods in package.get("goods", ()):
            line = by_oid.get(str(goods.get("sub_tid")))
            if line is None:
                reject("P38", "拆单校验未通过")
            if line.status != "WAIT_SELLER_SEND_GOODS":
                reject("B04", _GONE)
            if any(out_sid == package["out_sid"] for _, out_sid, _ in line.parcels):
                reject("B27", "运单号已存在")
            plan.append((line, company, package["out_sid"], goods.get("num", line.num)))
    partial = str(status.get("sub_tid")) if status.get("is_part_consign") else ""
    for line, _, _, num in plan:
        left = line.num - sum(units for _, _, units in line.parcels)
        if type(num) is not int or not 0 < num <= left:
            reject("CD25", "发货数量错误")
        if num < left and str(line.oid) != partial:
            reject("CD26", "子订单未全部发货")
    if not plan:
        reject("P38", "拆单校验未通过")
    shop.ship_units(trade, plan, partial, now)
    return {"result": {"success": True}}


def _ascp_modify(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    need(params, "tid", "old_out_sid", "new_out_sid")
    reject = _rejecting("modify")
    trade = _trade(shop, params, reject)
    company = _company(params.get("new_company_code", ""), params["new_out_sid"], reject)
    old = params["old_out_sid"]
    lines = [line for line in trade.lines if line.number == old or any(number == old for _, number, _ in line.parcels)]
    if not lines:
        reject("B04", "原运单号不存在")
    for line in lines:
        if line.number == old:
            line.company, line.number = company, params["new_out_sid"]
        line.parcels = [
            (company, params["new_out_sid"], units) if number == old else (name, number, units)
            for name, number, units in line.parcels
        ]
    shop.touch(trade, now)
    shop.of_trade("Changed", trade, now)
    return {"result": {"success": True}}


def _decoded(params: Mapping[str, str], name: str, usual: str) -> Any:
    try:
        found = json.loads(params.get(name, usual))
    except ValueError:
        refuse(41, f"Invalid arguments:{name}")
    if type(found) is not type(json.loads(usual)):
        refuse(41, f"Invalid arguments:{name}")
    return found


def _logistics_companies_get(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    need(params, "fields")
    wanted = set(params["fields"].split(","))
    names = ("id", "code", "name", "reg_mail_no")
    companies = [{n: v for n, v in zip(names, company, strict=True) if n in wanted} for company in _COMPANIES]
    return {"logistics_companies": {"logistics_company": companies}}


CALLS: Mapping[str, Call] = {
    "taobao.logistics.offline.send": _send("offline"),
    "taobao.logistics.online.send": _send("online"),
    "taobao.logistics.dummy.send": _dummy_send,
    "taobao.logistics.consign.resend": _consign_resend,
    "taobao.logistics.companies.get": _logistics_companies_get,
    "alibaba.ascp.logistics.offline.send": _ascp_send,
    "alibaba.ascp.logistics.consign.modify": _ascp_modify,
}
