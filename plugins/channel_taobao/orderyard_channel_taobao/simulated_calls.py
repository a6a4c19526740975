"""The methods of the platform that the simulator answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NoReturn

from .simulated_shop import Goods, Line, Shop, Trade, stamp, yuan

Answer = dict[str, Any]
Call = Callable[[Shop, Mapping[str, str], datetime], Answer]

REQUEST_ID = "16r2r6t6zjzg8"
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


class TopError(Exception):
    """An `error_response`."""

    def __init__(self, code: int, msg: str, sub_code: str = "", sub_msg: str = "") -> None:
        super().__init__(msg)
        self.parts = {"code": code, "msg": msg, "sub_code": sub_code, "sub_msg": sub_msg}

    def body(self) -> Answer:
        return {name: value for name, value in self.parts.items() if value} | {"request_id": REQUEST_ID}


def refuse(code: int, msg: str, sub_code: str = "", sub_msg: str = "") -> NoReturn:
    raise TopError(code, msg, sub_code, sub_msg)


def _service(sub_code: str, sub_msg: str) -> NoReturn:
    refuse(15, "Remote service error", sub_code, sub_msg)


def _need(params: Mapping[str, str], *names: str) -> None:
    for name in names:
        if not params.get(name):
            refuse(40, f"Missing required arguments:{name}")


def _number(params: Mapping[str, str], name: str, usual: int = 0) -> int:
    text = params.get(name, str(usual))
    if not re.fullmatch(r"-?[0-9]{1,19}", text):
        refuse(41, f"Invalid arguments:{name}")
    return int(text)


def _time(params: Mapping[str, str], name: str) -> datetime:
    try:
        return datetime.strptime(params[name], "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - the protocol has no zones
    except ValueError:
        refuse(41, f"Invalid arguments:{name}")


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
    page, size = _number(params, "page_no", 1), _number(params, "page_size", 40)
    if page < 1 or not 1 <= size <= 100:
        refuse(41, "Invalid arguments:page_no" if page < 1 else "Invalid arguments:page_size")
    part = trades[(page - 1) * size : page * size]
    answer: Answer = {}
    if params.get("use_has_next") == "true":
        answer["has_next"] = page * size < len(trades)
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
    _need(params, "fields", "start_modified", "end_modified")
    start, end = _time(params, "start_modified"), _time(params, "end_modified")
    if end <= start or end - start > timedelta(days=1):
        refuse(41, "Invalid arguments:end_modified")
    low, high = params["start_modified"], params["end_modified"]
    trades = [trade for trade in shop.trades.values() if low <= stamp(trade.modified) <= high]
    return _listing(shop, params, sorted(trades, key=lambda trade: (trade.modified, trade.tid), reverse=True))


def _trades_sold_get(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    _need(params, "fields")
    low, high = params.get("start_created", ""), params.get("end_created", "9")
    trades = [trade for trade in shop.trades.values() if low <= stamp(trade.created) <= high]
    return _listing(shop, params, sorted(trades, key=lambda trade: (trade.created, trade.tid), reverse=True))


def _trade_fullinfo_get(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    _need(params, "fields", "tid")
    trade = shop.trades.get(_number(params, "tid"))
    if trade is None:
        _service("isv.trade-not-exist", "交易不存在")
    document = shop.document(trade)
    if not params.get("include_oaid") or _OAID_NEEDS - set(params["fields"].split(",")):
        del document["oaid"]
    return {"trade": _shown(document, params["fields"])}


def _send(kind: str) -> Call:
    def send(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
        def reject(code: str, why: str) -> NoReturn:
            _service(f"isv.logistics-{kind}-service-error:{code}", why)

        _need(params, "tid", "company_code")
        trade = shop.trades.get(_number(params, "tid"))
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


def _logistics_companies_get(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    _need(params, "fields")
    wanted = set(params["fields"].split(","))
    names = ("id", "code", "name", "reg_mail_no")
    companies = [{n: v for n, v in zip(names, company, strict=True) if n in wanted} for company in _COMPANIES]
    return {"logistics_companies": {"logistics_company": companies}}


def _set(goods: Goods, value: int, params: Mapping[str, str]) -> None:
    """Type 1 sets the number, type 2 adds to it and stops at 0."""
    if params.get("type", "1") == "2":
        goods.shown = max(0, goods.shown + value)
    else:
        goods.shown = value


def _changed(shop: Shop, num_iid: int, changed: list[Goods], now: datetime) -> Answer:
    shop.stock_updates += len(changed)
    item: Answer = {
        "iid": str(num_iid),
        "num_iid": num_iid,
        "num": sum(goods.shown for goods in shop.goods if goods.num_iid == num_iid),
        "modified": stamp(now),
    }
    if skus := [{"sku_id": one.sku_id, "quantity": one.shown, "modified": stamp(now)} for one in changed if one.sku_id]:
        item["skus"] = {"sku": skus}
    return {"item": item}


def _of_item(shop: Shop, params: Mapping[str, str]) -> tuple[int, list[Goods]]:
    num_iid = _number(params, "num_iid")
    goods = [one for one in shop.goods if one.num_iid == num_iid]
    if not goods:
        _service("isv.item-not-exist:invalid-numIid-or-iid", "商品id对应的商品不存在")
    return num_iid, goods


def _skus_quantity_update(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    _need(params, "num_iid")
    num_iid, goods = _of_item(shop, params)
    by_id = "skuid_quantities" in params
    _need(params, "skuid_quantities" if by_id else "outerid_quantities")
    pairs = [pair.rpartition(":") for pair in params["skuid_quantities" if by_id else "outerid_quantities"].split(";")]
    if len(pairs) > 20:
        refuse(41, "Invalid arguments:skuid_quantities")
    changes: list[tuple[Goods, int]] = []
    for name, _, value in pairs:
        found = [one for one in goods if one.sku_id and name == (str(one.sku_id) if by_id else one.code)]
        if not found:
            _service("isv.invalid-parameter:sku-properties", "传入的sku的属性找不到对应的sku记录")
        if not re.fullmatch(r"-?[0-9]{1,9}", value) or (params.get("type", "1") == "1" and int(value) < 0):
            _service("isv.invalid-parameter:quantity", "库存数量不能为负数")
        changes += [(one, int(value)) for one in found]
    for one, amount in changes:
        _set(one, amount, params)
    return _changed(shop, num_iid, [one for one, _ in changes], now)


def _item_quantity_update(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    _need(params, "num_iid", "quantity")
    num_iid, goods = _of_item(shop, params)
    sku_id, code = params.get("sku_id"), params.get("outer_id")
    found = [
        one
        for one in goods
        if (sku_id and str(one.sku_id) == sku_id) or (not sku_id and code == one.code) or not (sku_id or code or one.sku_id)
    ]
    if not found:
        _service("isv.invalid-parameter:sku-properties", "传入的sku的属性找不到对应的sku记录")
    value = _number(params, "quantity")
    if value < 0 and params.get("type", "1") == "1":
        _service("isv.invalid-parameter:quantity", "库存数量不能为负数")
    _set(found[0], value, params)
    return _changed(shop, num_iid, found[:1], now)


def _items_onsale_get(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    _need(params, "fields")
    wanted = set(params["fields"].split(","))
    items: dict[int, Answer] = {}
    for goods in shop.goods:
        item = {
            "num_iid": goods.num_iid,
            "title": goods.title,
            "outer_id": "" if goods.sku_id else goods.code,
            "price": yuan(goods.price),
            "num": sum(one.shown for one in shop.goods if one.num_iid == goods.num_iid),
            "approve_status": "onsale",
        }
        items[goods.num_iid] = {name: value for name, value in item.items() if name in wanted and value != ""}
    page, size = _number(params, "page_no", 1), _number(params, "page_size", 40)
    part = list(items.values())[(page - 1) * size : page * size]
    return {"total_results": len(items), **({"items": {"item": part}} if part else {})}


def _item_skus_get(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    _need(params, "fields", "num_iids")
    wanted, asked = set(params["fields"].split(",")), set(params["num_iids"].split(","))
    skus = []
    for goods in shop.goods:
        if goods.sku_id and str(goods.num_iid) in asked:
            sku = {
                "sku_id": goods.sku_id,
                "num_iid": goods.num_iid,
                "outer_id": goods.code,
                "quantity": goods.shown,
                "price": yuan(goods.price),
                "properties_name": goods.properties,
                "barcode": goods.barcode,
                "status": "normal",
            }
            skus.append({name: value for name, value in sku.items() if name in wanted})
    return {"skus": {"sku": skus}} if skus else {}


CALLS: Mapping[str, Call] = {
    "taobao.trades.sold.increment.get": _trades_sold_increment_get,
    "taobao.trades.sold.get": _trades_sold_get,
    "taobao.trade.fullinfo.get": _trade_fullinfo_get,
    "taobao.logistics.offline.send": _send("offline"),
    "taobao.logistics.online.send": _send("online"),
    "taobao.logistics.companies.get": _logistics_companies_get,
    "taobao.skus.quantity.update": _skus_quantity_update,
    "taobao.item.quantity.update": _item_quantity_update,
    "taobao.items.onsale.get": _items_onsale_get,
    "taobao.item.skus.get": _item_skus_get,
}
"""What the simulator answers, by method; every other method is unknown to it."""
