"""The message service by API: messages are handed out, and come again unless they are confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from .protocol import Answer, Call, need, number, refuse, service_error
from .shop import SELLER, Shop, stamp

_AGAIN = timedelta(minutes=1)
_KEPT = timedelta(hours=24)
_APP_TOPICS = (
    *(
        f"taobao_trade_Trade{change}"
        for change in (
            "Create", "BuyerPay", "BuyerStepPay", "SellerShip", "PartlySellerShip", "Close", "Success", "Changed", "ModifyFee",
            "MemoModified", "LogisticsAddressChanged", "PartlyRefund", "CloseAndModifyDetailOrder", "PartlyConfirmPay",
            "DelayConfirmPay", "Rated",
        )
    ),
    *(
        f"taobao_refund_Refund{change}"
        for change in (
            "Created", "Closed", "Success", "SellerAgreeAgreement", "SellerRefuseAgreement", "BuyerModifyAgreement",
            "BuyerReturnGoods", "CreateMessage", "TaobaoIntervened",
        )
    ),
    *(f"taobao_item_Item{change}" for change in ("Update", "Upshelf", "Downshelf", "SkuZeroStock")),
    "taobao_rdcaligenius_OrderMsgSend",
)  # fmt: skip
"""What the app was subscribed to in its console."""


def _group(params: Mapping[str, str]) -> None:
    if params.get("group_name", "default") != "default":
        service_error("isv.group-not-exist", "用户分组不存在")


def _consume(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    """The oldest ones that are not out; those older than a day are gone."""
    _group(params)
    most = number(params, "quantity", 100)
    if not 10 <= most <= 200:
        refuse(41, "Invalid arguments:quantity")
    shop.notes = [note for note in shop.notes if now - note.at < _KEPT]
    part = [note for note in shop.notes if note.out_until <= now][:most]
    for note in part:
        note.out_until = now + _AGAIN
    if not part:
        return {}
    rows = [
        {
            "id": note.id,
            "topic": note.topic,
            "content": note.content,
            "pub_time": stamp(note.at),
            "pub_app_key": "12497914",
            "user_id": 2_088_000_001,
            "user_nick": note.nick,
        }
        for note in part
    ]
    return {"messages": {"tmc_message": rows}}


def _confirm(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    need(params, "s_message_ids")
    _group(params)
    ids = params["s_message_ids"].split(",")
    if len(ids) > 200:
        refuse(41, "Invalid arguments:s_message_ids")
    shop.notes = [note for note in shop.notes if str(note.id) not in ids]
    return {"is_success": True}


def _permit(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    shop.permitted = True
    return {"is_success": True}


def _user_get(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    need(params, "fields", "nick")
    if params["nick"] != SELLER or not shop.permitted:
        service_error("isv.user-not-exist", "用户未开通消息服务")
    user = {"user_nick": SELLER, "topics": {"string": list(_APP_TOPICS)}, "is_valid": True}
    return {"tmc_user": {name: value for name, value in user.items() if name in params["fields"].split(",")}}


CALLS: Mapping[str, Call] = {
    "taobao.tmc.messages.consume": _consume,
    "taobao.tmc.messages.confirm": _confirm,
    "taobao.tmc.user.permit": _permit,
    "taobao.tmc.user.get": _user_get,
}
