"""Cainiao's waybill numbers, given for parcels of trades."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .documents import document
from .protocol import Answer, Call, need, refuse, service_error
from .shop import Shop, Waybill

CARRIERS = ("SF", "YTO", "ZTO", "STO", "YUNDA", "EMS")
_PART = {"sender", "trade_order_info_dtos", "cp_code"}


def _parsed(params: Mapping[str, str], name: str, kind: type) -> Any:
    need(params, name)
    try:
        value = json.loads(params[name])
    except ValueError:
        refuse(41, f"Invalid arguments:{name}")
    if not isinstance(value, kind):
        refuse(41, f"Invalid arguments:{name}")
    return value


def _get(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    """A parcel that was asked for before, by its own id and its trades, gets the number it has."""
    name = "param_waybill_cloud_print_apply_new_request"
    asked = _parsed(params, name, dict)
    if _PART - asked.keys() or not 1 <= len(asked["trade_order_info_dtos"]) <= 10:
        refuse(41, f"Invalid arguments:{name}")
    if asked["cp_code"] not in CARRIERS:
        service_error("isv.cp-code-not-exist", "物流公司不存在")
    return {
        "modules": {
            "waybill_cloud_print_response": [_given(shop, asked["cp_code"], one) for one in asked["trade_order_info_dtos"]]
        }
    }


def _given(shop: Shop, carrier: str, asked: Mapping[str, Any]) -> Answer:
    order, package, receiver = asked["order_info"], asked["package_info"], asked["recipient"]
    trades = tuple(order["trade_order_list"])
    if not 1 <= len(trades) <= 100 or not package["items"] or not (receiver.get("mobile") or receiver.get("phone")):
        refuse(41, "Invalid arguments:param_waybill_cloud_print_apply_new_request")
    if "*" in receiver["name"]:
        trade = shop.trades.get(int(receiver["tid"])) if str(receiver.get("tid", "")).isdigit() else None
        if order["order_channels_type"] != "TB" or trade is None or receiver["tid"] not in trades:
            service_error("isv.recipient-encrypted", "收件人信息加密，请传入oaid和tid")
        if document(shop, trade)["oaid"] != receiver.get("oaid"):
            service_error("isv.oaid-not-match-tid", "oaid与订单不匹配")
    known = [one for one in shop.live_waybills() if (one.package, one.trades, one.carrier) == (package["id"], trades, carrier)]
    if not known:
        number = f"YT{len(shop.waybills) + 1_000_000_000_001:013d}" if carrier == "YTO" else ""
        number = number or f"{carrier}{len(shop.waybills) + 1_000_000_000_001}"
        seal = hashlib.sha256(number.encode()).hexdigest()
        data = {"encryptedData": f"AES:{seal}", "signature": f"MD:{seal[:16]}", "templateURL": asked["template_url"]}
        data["ver"] = "waybill_print_secret_version_1"
        known = [Waybill(number, carrier, package["id"], trades, json.dumps(data))]
        shop.waybills.append(known[0])
    shown = _shown(known[0])
    return {"object_id": asked["object_id"], "cp_code": carrier, **shown}


def _shown(waybill: Waybill) -> Answer:
    return {"waybill_code": waybill.number, "print_data": waybill.print_data}


def _cancel(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    need(params, "cp_code", "waybill_code")
    for waybill in shop.waybills:
        if (waybill.number, waybill.carrier) == (params["waybill_code"], params["cp_code"]):
            if waybill.gone:
                service_error("isv.waybill-consigned", "面单已揽收，不能取消")
            waybill.cancelled = True
            return {"cancel_result": True}
    return service_error("isv.waybill-not-exist", "面单号不存在")


def _by_trade(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    return _answers(
        _parsed(params, "param_list", list),
        lambda one: [waybill for waybill in shop.live_waybills() if one["biz_sub_code"] in waybill.trades],
    )


def _by_number(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    return _answers(
        _parsed(params, "param_list", list),
        lambda one: [waybill for waybill in shop.waybills if waybill.number == one["waybill_code"]],
    )


def _answers(asked: list[Any], found: Any) -> Answer:
    rows = []
    for one in asked:
        waybills = found(one)
        rows += [
            {"object_id": one["object_id"], "success": True, "waybill_cloud_print_response": _shown(waybill)}
            for waybill in waybills
        ] or [
            {"object_id": one["object_id"], "success": False, "error_code": "WAYBILL_NOT_EXIST", "error_message": "面单不存在"}
        ]
    return {"modules": {"waybill_cloud_print_with_result_desc_response": rows}}


CALLS: Mapping[str, Call] = {
    "cainiao.waybill.ii.get": _get,
    "cainiao.waybill.ii.cancel": _cancel,
    "cainiao.waybill.ii.query.by.tradecode": _by_trade,
    "cainiao.waybill.ii.query.by.waybillcode": _by_number,
}
