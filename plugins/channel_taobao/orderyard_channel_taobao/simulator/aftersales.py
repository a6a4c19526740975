"""Refunds: what buyers ask for, and the methods by which the seller sees and answers it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NoReturn

from .protocol import Answer, Call, moment, need, number, page, refuse, service_error
from .shop import SELLER, Line, Refund, Shop, Trade, mask_nick, stamp, yuan

_BACK = ("REFUND_AND_RETURN", "TMALL_EXCHANGE", "TAOBAO_EXCHANGE")
_PATIENCE = timedelta(days=2)
_OPEN = ("WAIT_SELLER_AGREE", "WAIT_SELLER_CONFIRM_GOODS")


# What buyers do


def open_refund(shop: Shop, trade: Trade, line: Line, kind: str, fee: int | None, reason: str, now: datetime) -> Refund:
    """A buyer asks; without a `fee` for all that the line cost."""
    if trade.paid is None and trade.kind != "cod":
        raise ValueError(f"trade {trade.tid} is {trade.status}; nobody has paid for it")
    now = now.replace(microsecond=0)
    refund = Refund(
        id=198_765_432_109_876_543 + 7 * len(shop.refunds),
        trade=trade,
        line=line,
        kind=kind,
        fee=line.goods_fee - line.share if fee is None else fee,
        num=line.num,
        reason=reason,
        words="",
        created=now,
        modified=now - timedelta(seconds=1),
        phase="aftersale" if line.status == "TRADE_FINISHED" else "onsale",
        good_status="BUYER_RECEIVED" if kind in _BACK else "BUYER_NOT_RECEIVED",
    )
    shop.refunds[refund.id] = refund
    _show(shop, refund, now)
    return refund


def refund_all(shop: Shop, trade: Trade, now: datetime) -> None:
    """Every line's refund succeeds, so the trade closes."""
    if trade.status != "WAIT_SELLER_SEND_GOODS" or trade.paid is None:
        raise ValueError(f"trade {trade.tid} is {trade.status}; only a paid one that nothing was sent of can be refunded")
    for line in trade.lines:
        settle(shop, open_refund(shop, trade, line, "REFUND", None, "不想要了", now), now)


def send_back(shop: Shop, refund: Refund, company: str, sid: str, now: datetime) -> None:
    if refund.status != "WAIT_BUYER_RETURN_GOODS":
        raise ValueError(f"refund {refund.id} is {refund.status}; nothing is to be sent back")
    refund.company, refund.sid, refund.good_status = company, sid, "BUYER_RETURNED_GOODS"
    move(shop, refund, "WAIT_SELLER_CONFIRM_GOODS", now)


# What becomes of them


def move(shop: Shop, refund: Refund, status: str, now: datetime) -> None:
    refund.status = status
    _show(shop, refund, now)


def settle(shop: Shop, refund: Refund, now: datetime) -> None:
    """The money goes back; a line that got all of it back is closed, and the trade with its last line."""
    line, trade = refund.line, refund.trade
    if refund.fee >= line.goods_fee - line.share:
        line.status = "TRADE_CLOSED"
    if all(each.status == "TRADE_CLOSED" for each in trade.lines):
        trade.status, trade.ended = "TRADE_CLOSED", now
    elif trade.status == "SELLER_CONSIGNED_PART" and all(each.status != "WAIT_SELLER_SEND_GOODS" for each in trade.lines):
        trade.status = "WAIT_BUYER_CONFIRM_GOODS"
    move(shop, refund, "SUCCESS", now)
    if trade.status == "TRADE_CLOSED":
        shop.of_trade("Close", trade, now)


def _show(shop: Shop, refund: Refund, now: datetime) -> None:
    """The line shows how its refund stands; both have changed."""
    refund.line.refund_status, refund.line.refund_id = refund.status, refund.id
    shop.touch(refund.trade, now)
    # Two changes within one second would look like none.
    refund.modified = max(now.replace(microsecond=0), refund.modified + timedelta(seconds=1))
    said = {
        "WAIT_SELLER_AGREE": "Created",
        "WAIT_BUYER_RETURN_GOODS": "SellerAgreeAgreement",
        "WAIT_SELLER_CONFIRM_GOODS": "BuyerReturnGoods",
        "SELLER_REFUSE_BUYER": "SellerRefuseAgreement",
        "CLOSED": "Closed",
        "SUCCESS": "Success",
    }[refund.status]
    shop.say(
        f"taobao_refund_Refund{said}", now, refund_id=refund.id, tid=refund.trade.tid, oid=refund.line.oid,
        bill_type="refund_bill", refund_fee=yuan(refund.fee), refund_phase=refund.phase, modified=stamp(refund.modified),
    )  # fmt: skip


def document(shop: Shop, refund: Refund) -> Answer:
    """The refund as `taobao.refund.get` can show it."""
    line, trade = refund.line, refund.trade
    shown: Answer = {
        "refund_id": str(refund.id),
        "tid": trade.tid,
        "oid": line.oid,
        "status": refund.status,
        "good_status": refund.good_status,
        "has_good_return": refund.kind in _BACK,
        "refund_fee": yuan(refund.fee),
        "total_fee": yuan(line.goods_fee),
        "payment": yuan(max(0, line.goods_fee - line.share - refund.fee)),
        "reason": refund.reason,
        "desc": refund.words,
        "title": line.goods.title,
        "price": yuan(line.goods.price),
        "num": refund.num,
        "num_iid": line.goods.num_iid,
        "outer_id": line.goods.code,
        "created": stamp(refund.created),
        "modified": stamp(refund.modified),
        "order_status": line.status,
        "refund_phase": refund.phase,
        "refund_version": _version(refund),
        "dispute_type": refund.kind,
        "operation_contraint": refund.constraint,
        "cs_status": refund.service,
        "advance_status": refund.advance,
        "seller_nick": SELLER,
        "buyer_nick": mask_nick(trade.buyer),
        "company_name": refund.company,
        "sid": refund.sid,
    }
    if refund.status in _OPEN:
        shown["refund_remind_timeout"] = {
            "exist_timeout": True,
            "remind_type": 1,
            "timeout": stamp(refund.modified + _PATIENCE),
        }
    return {name: value for name, value in shown.items() if value != ""}


def _version(refund: Refund) -> int:
    return int(refund.modified.timestamp()) * 1000


# The methods


def _refunds_receive_get(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    """Newest change first; without `type` only the refunds of two kinds of trades."""
    need(params, "fields")
    for name in ("start_modified", "end_modified"):
        if params.get(name):
            moment(params, name)
    low, high = params.get("start_modified", ""), params.get("end_modified", "9")
    kinds = set(params.get("type", "guarantee_trade,auto_delivery").split(","))
    if "guarantee_trade" in kinds:
        kinds |= {"fixed", "auction"}
    status = params.get("status")
    found = [
        refund
        for refund in shop.refunds.values()
        if refund.trade.kind in kinds and low <= stamp(refund.modified) <= high and status in (None, refund.status)
    ]
    found.sort(key=lambda refund: (refund.modified, refund.id), reverse=True)
    asked, size = page(params, 100)
    answer: Answer = {}
    if params.get("use_has_next") == "true":
        answer["has_next"] = asked * size < len(found)
    else:
        answer["total_results"] = len(found)
    fields = set(params["fields"].split(",")) - {"num_iid", "price", "cs_status", "advance_status", "refund_remind_timeout"}
    if part := found[(asked - 1) * size : asked * size]:
        rows = [{name: value for name, value in document(shop, one).items() if name in fields} for one in part]
        answer["refunds"] = {"refund": rows}
    return answer


def _refund_get(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    need(params, "fields", "refund_id")
    fields = set(params["fields"].split(","))
    shown = document(shop, _of(shop, params))
    return {"refund": {name: value for name, value in shown.items() if name in fields}}


def _of(shop: Shop, params: Mapping[str, str]) -> Refund:
    refund = shop.refunds.get(number(params, "refund_id"))
    if refund is None:
        service_error("isv.refund-not-exist", "退款不存在")
    return refund


def _current(shop: Shop, refund: Refund, params: Mapping[str, str]) -> None:
    """An answer to an older state is refused; Tmall wants to be told which state is meant, Taobao only looks if told."""
    if shop.tmall:
        need(params, "refund_phase", "refund_version")
    if params.get("refund_version") and number(params, "refund_version") != _version(refund):
        service_error("isv.refund-version-error", "退款版本号不一致，请刷新后重试")
    if params.get("refund_phase") and params["refund_phase"] != refund.phase:
        service_error("isv.invalid-parameter:refund_phase", "退款阶段不正确")


def _not_now(refund: Refund) -> NoReturn:
    service_error("isv.refund-status-error", f"退款状态不正确: {refund.status}")


def _refund_refuse(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    need(params, "refund_id", "refuse_message")
    refund = _of(shop, params)
    _current(shop, refund, params)
    if not 2 <= len(params["refuse_message"]) <= 200:
        refuse(41, "Invalid arguments:refuse_message")
    if shop.tmall:
        # The picture is the content of an uploaded file, which no client here sends.
        refuse(40, "Missing required arguments:refuse_proof")
    if refund.line.status == "WAIT_SELLER_SEND_GOODS":
        service_error("isv.refund-refuse-not-allowed", "卖家未发货，不能拒绝退款")
    if refund.status not in _OPEN:
        _not_now(refund)
    move(shop, refund, "SELLER_REFUSE_BUYER", now)
    shown = {"refund_id": str(refund.id), "status": refund.status, "modified": stamp(refund.modified)}
    return {"refund": shown, "is_success": True}


def _rp_refund_review(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    need(params, "operator", "refund_id", "refund_phase", "refund_version", "message", "result")
    refund = _of(shop, params)
    if not shop.tmall:
        service_error("isv.refund-review-not-allowed", "仅支持天猫订单")
    _current(shop, refund, params)
    refund.reviewed = params["result"] == "true"
    return {"is_success": True}


def _rp_refunds_agree(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    """Several refunds, each by itself."""
    need(params, "refund_infos")
    infos = [info.split("|") for info in params["refund_infos"].split(",")]
    if len(infos) > (30 if shop.tmall else 20) or any(len(info) not in (3, 4) for info in infos):
        refuse(41, "Invalid arguments:refund_infos")
    if sum(number({"amount": info[1]}, "amount") for info in infos) > shop.sms_above and not params.get("code"):
        service_error("isv.refund-need-sms-code", "退款金额超过限制，短信验证码已发送到卖家手机，请输入验证码")
    results = []
    for info in infos:
        why = _agreed(shop, info, now)
        results.append({"refund_id": info[0], "succ": not why, "message": why or "操作成功"})
    good = sum(1 for result in results if result["succ"])
    code = "OP_SUCC" if good == len(results) else "SOME_OP_SUCC" if good else "OP_FAILURE_UE"
    return {
        "succ": good == len(results),
        "msg_code": code,
        "message": "操作成功" if good == len(results) else "操作失败",
        "results": {"refund_mapping_result": results},
    }


def _agreed(shop: Shop, info: list[str], now: datetime) -> str:
    """Why not; empty when the money has gone back."""
    refund = shop.refunds.get(number({"refund_id": info[0]}, "refund_id"))
    if refund is None:
        return "退款不存在"
    if info[2] != str(_version(refund)):
        return "退款版本号不一致"
    if info[1] != str(refund.fee):
        return "退款金额不一致"
    if shop.tmall and (len(info) < 4 or info[3] != refund.phase):
        return "天猫退款阶段必填"
    if shop.tmall and not refund.reviewed:
        return "退款单未审核"
    wanted = "WAIT_SELLER_CONFIRM_GOODS" if refund.kind in _BACK else "WAIT_SELLER_AGREE"
    if refund.status != wanted:
        return f"退款状态不正确: {refund.status}"
    settle(shop, refund, now)
    return ""


def _rp_returngoods_agree(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    need(params, "refund_id", "seller_address_id")
    refund = _of(shop, params)
    need(params, *(("remark",) if shop.tmall else ("name", "address", "post", "tel", "mobile")))
    _current(shop, refund, params)
    if refund.kind not in _BACK or refund.status != "WAIT_SELLER_AGREE":
        _not_now(refund)
    move(shop, refund, "WAIT_BUYER_RETURN_GOODS", now)
    return {"is_success": True}


def _rdc_aligenius_sendgoods_cancel(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    """AG: a stopped parcel's refund succeeds by itself; of one that has gone the seller is still to answer."""
    need(params, "param")
    try:
        param = json.loads(params["param"])
    except ValueError:
        refuse(41, "Invalid arguments:param")
    if not shop.ag:
        return {"result": {"success": False, "error_code": "AG_NOT_SIGNED", "error_info": "商家未签约AG"}}
    refund = shop.refunds.get(param.get("refund_id"))
    if refund is None or param.get("tid") != refund.trade.tid or param.get("status") not in ("SUCCESS", "FAIL"):
        return {"result": {"success": False, "error_code": "PARAM_ERROR", "error_info": "退款单不存在或参数错误"}}
    if param["status"] == "SUCCESS" and refund.status == "WAIT_SELLER_AGREE":
        if refund.line.status != "WAIT_SELLER_SEND_GOODS":
            return {"result": {"success": False, "error_code": "ORDER_CONSIGNED", "error_info": "订单已发货"}}
        settle(shop, refund, now)
    return {"result": {"success": True, "result_data": {"refund_id": refund.id}}}


CALLS: Mapping[str, Call] = {
    "taobao.refunds.receive.get": _refunds_receive_get,
    "taobao.refund.get": _refund_get,
    "taobao.refund.refuse": _refund_refuse,
    "taobao.rp.refund.review": _rp_refund_review,
    "taobao.rp.refunds.agree": _rp_refunds_agree,
    "taobao.rp.returngoods.agree": _rp_returngoods_agree,
    "taobao.rdc.aligenius.sendgoods.cancel": _rdc_aligenius_sendgoods_cancel,
}
