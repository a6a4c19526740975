"""The methods about what the shop offers: lists of items and SKUs, and the numbers they show."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping
from datetime import datetime

from .protocol import Answer, Call, moment, need, number, page, refuse, service_error
from .shop import Goods, Shop, stamp, yuan

_DEEPEST = 20_000
"""Items that one search goes through; whoever wants more asks by time of change."""
_SHELVES = ("for_shelved", "regular_shelved", "never_on_shelf", "off_shelf", "sold_out", "violation_off_shelf")


def _set(goods: Goods, value: int, params: Mapping[str, str]) -> None:
    """Type 1 sets the number, type 2 adds to it and stops at 0."""
    if params.get("type", "1") == "2":
        goods.shown = max(0, goods.shown + value)
    else:
        goods.shown = value


def _changed(shop: Shop, num_iid: int, changed: list[Goods], now: datetime) -> Answer:
    shop.stock_updates += len(changed)
    for goods in changed:
        goods.modified = now
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
    num_iid = number(params, "num_iid")
    goods = [one for one in shop.goods if one.num_iid == num_iid]
    if not goods:
        service_error("isv.item-not-exist:invalid-numIid-or-iid", "商品id对应的商品不存在")
    return num_iid, goods


def _skus_quantity_update(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    need(params, "num_iid")
    num_iid, goods = _of_item(shop, params)
    by_id = "skuid_quantities" in params
    need(params, "skuid_quantities" if by_id else "outerid_quantities")
    pairs = [pair.rpartition(":") for pair in params["skuid_quantities" if by_id else "outerid_quantities"].split(";")]
    if len(pairs) > 20:
        refuse(41, "Invalid arguments:skuid_quantities")
    changes: list[tuple[Goods, int]] = []
    for name, _, value in pairs:
        found = [one for one in goods if one.sku_id and name == (str(one.sku_id) if by_id else one.code)]
        if not found:
            service_error("isv.invalid-parameter:sku-properties", "传入的sku的属性找不到对应的sku记录")
        if not re.fullmatch(r"-?[0-9]{1,9}", value) or (params.get("type", "1") == "1" and int(value) < 0):
            service_error("isv.invalid-parameter:quantity", "库存数量不能为负数")
        changes += [(one, int(value)) for one in found]
    for one, amount in changes:
        _set(one, amount, params)
    return _changed(shop, num_iid, [one for one, _ in changes], now)


def _item_quantity_update(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    need(params, "num_iid", "quantity")
    num_iid, goods = _of_item(shop, params)
    sku_id, code = params.get("sku_id"), params.get("outer_id")
    found = [
        one
        for one in goods
        if (sku_id and str(one.sku_id) == sku_id) or (not sku_id and code == one.code) or not (sku_id or code or one.sku_id)
    ]
    if not found:
        service_error("isv.invalid-parameter:sku-properties", "传入的sku的属性找不到对应的sku记录")
    value = number(params, "quantity")
    if value < 0 and params.get("type", "1") == "1":
        service_error("isv.invalid-parameter:quantity", "库存数量不能为负数")
    _set(found[0], value, params)
    return _changed(shop, num_iid, found[:1], now)


def _items_onsale_get(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    """An item of which nothing is left is taken off sale by the platform itself."""
    need(params, "fields")
    return _items(shop, params, lambda left: left > 0)


def _items_inventory_get(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    """仓库中的商品; here only those that sold out, nothing waits in this shop."""
    need(params, "fields")
    shelf = params.get("banner", _SHELVES[0])
    if shelf not in _SHELVES:
        refuse(41, "Invalid arguments:banner")
    if number(params, "page_no", 1) > 101:
        refuse(41, "Invalid arguments:page_no")
    return _items(shop, params, lambda left: left == 0 and shelf == "sold_out")


def _items(shop: Shop, params: Mapping[str, str], wanted: Callable[[int], bool]) -> Answer:
    """A page of the items of which so much is left; times are inclusive and have whole seconds."""
    asked, size = page(params, 200)
    if asked * size > _DEEPEST:
        refuse(41, "Invalid arguments:page_no")
    for name in ("start_modified", "end_modified"):
        if params.get(name):
            moment(params, name)
    low, high = params.get("start_modified", ""), params.get("end_modified", "9")
    families: dict[int, list[Goods]] = {}
    for goods in shop.goods:
        families.setdefault(goods.num_iid, []).append(goods)
    items = [_item(family) for family in families.values() if wanted(sum(goods.shown for goods in family))]
    items = [item for item in items if low <= item["modified"] <= high]
    column, _, direction = params.get("order_by", "list_time:desc").partition(":")
    if column not in ("list_time", "num", "modified") or direction not in ("asc", "desc"):
        refuse(41, "Invalid arguments:order_by")
    items.sort(key=lambda item: item[column], reverse=direction == "desc")
    fields = set(params["fields"].split(","))
    part = [
        {name: value for name, value in item.items() if name in fields} for item in items[(asked - 1) * size : asked * size]
    ]
    return {"total_results": len(items), **({"items": {"item": part}} if part else {})}


def _item(family: list[Goods]) -> Answer:
    first, left = family[0], sum(goods.shown for goods in family)
    item = {
        "num_iid": first.num_iid,
        "title": first.title,
        "outer_id": "" if first.sku_id else first.code,
        "price": yuan(first.price),
        "num": left,
        "list_time": stamp(first.listed),
        "modified": stamp(max(goods.modified for goods in family)),
        "approve_status": "onsale" if left else "instock",
    }
    return {name: value for name, value in item.items() if value != ""}


def _item_skus_get(shop: Shop, params: Mapping[str, str], now: datetime) -> Answer:
    need(params, "fields", "num_iids")
    wanted, asked = set(params["fields"].split(",")), params["num_iids"].split(",")
    if len(asked) > 40 or len(wanted) > 20:
        refuse(41, "Invalid arguments:num_iids" if len(asked) > 40 else "Invalid arguments:fields")
    skus = []
    for goods in shop.goods:
        if goods.sku_id and str(goods.num_iid) in asked:
            sku = {
                "sku_id": goods.sku_id,
                "num_iid": goods.num_iid,
                "outer_id": goods.code,
                "quantity": goods.shown,
                "price": yuan(goods.price),
                "properties_name": _numbered(goods.properties),
                "barcode": goods.barcode,
                "modified": stamp(goods.modified),
                "status": "normal",
            }
            skus.append({name: value for name, value in sku.items() if name in wanted and value != ""})
    return {"skus": {"sku": skus}} if skus else {}


def _numbered(properties: str) -> str:
    """Here each property also bears the numbers that the platform gives name and value: `1627207:28338:颜色:蓝色`."""
    return ";".join(f"{_number_of(pair.partition(':')[0])}:{_number_of(pair)}:{pair}" for pair in properties.split(";") if pair)


def _number_of(text: str) -> int:
    return zlib.crc32(text.encode()) % 100_000_000


CALLS: Mapping[str, Call] = {
    "taobao.skus.quantity.update": _skus_quantity_update,
    "taobao.item.quantity.update": _item_quantity_update,
    "taobao.items.onsale.get": _items_onsale_get,
    "taobao.items.inventory.get": _items_inventory_get,
    "taobao.item.skus.get": _item_skus_get,
}
