"""The documents that the platform makes of its books."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from orderyard.core.kernel.values import Address

from .shop import SELLER, Line, Shop, Trade, mask_nick, stamp, yuan


def document(shop: Shop, trade: Trade) -> dict[str, Any]:
    """The trade as `taobao.trade.fullinfo.get` can show it, with every field this simulator knows."""
    goods_fee = sum(line.goods_fee for line in trade.lines)
    discount = sum(line.share for line in trade.lines)
    paid = goods_fee - discount + trade.post_fee
    first = trade.lines[0]
    receiver = trade.receiver
    shown = {
        "tid": trade.tid,
        "tid_str": str(trade.tid),
        "type": trade.kind,
        "status": trade.status,
        "seller_nick": SELLER,
        "title": SELLER,
        "buyer_nick": mask_nick(trade.buyer),
        "buyer_open_uid": "AAH" + _token("uid", shop.app_key, trade.buyer)[:29],
        "buyer_message": trade.message,
        "seller_memo": trade.memo,
        "seller_flag": trade.flag,
        "created": stamp(trade.created),
        "pay_time": stamp(trade.paid) if trade.paid else "",
        "modified": stamp(trade.modified),
        "end_time": stamp(trade.ended) if trade.ended else "",
        "payment": yuan(paid),
        "total_fee": yuan(goods_fee),
        "post_fee": yuan(trade.post_fee),
        "discount_fee": yuan(discount),
        "adjust_fee": "0.00",
        "received_payment": "0.00",
        "num": first.num if len(trade.lines) == 1 else 0,
        "num_iid": first.goods.num_iid,
        "price": yuan(first.goods.price),
        "shipping_type": "express",
        "cod_status": "NEW_CREATED",
        "trade_from": "WAP,WAP",
        "step_trade_status": trade.step,
        "step_paid_fee": yuan(trade.deposit if trade.step.endswith(("FINAL_NOPAID", "FORFEITED")) else paid)
        if trade.step.startswith("FRONT_PAID")
        else "",
        "is_part_consign": trade.status == "SELLER_CONSIGNED_PART",
        "top_hold": 0,
        **dict.fromkeys(sorted(trade.stops), 1),
        # Another one every calendar week, for the same person at the same door.
        "oaid": _token("oaid", shop.app_key, trade.created.strftime("%G-%V"), trade.buyer, json.dumps(_parts(receiver)))[:86],
        "receiver_name": receiver.name[:1] + "**",
        "receiver_mobile": "*******" + receiver.phone[-4:],
        "receiver_phone": "",
        "receiver_country": "" if receiver.country == "CN" else receiver.country,
        "receiver_state": receiver.province,
        "receiver_city": receiver.city,
        "receiver_district": receiver.district,
        "receiver_town": receiver.town,
        "receiver_address": "".join(char if place % 2 == 0 else "*" for place, char in enumerate(receiver.detail)),
        "receiver_zip": receiver.postcode,
        "orders": {"order": [_line(shop, trade, line) for line in trade.lines]},
        "combine_logistics_details": _parcels(trade) or "",
    }
    # The platform leaves a field out rather than sending it empty, except for these.
    kept = ("seller_memo", "receiver_phone", "receiver_country", "receiver_city", "receiver_town", "receiver_zip")
    return {name: value for name, value in shown.items() if value != "" or name in kept}


def _line(shop: Shop, trade: Trade, line: Line) -> dict[str, Any]:
    goods = line.goods
    share = line.goods_fee - line.share
    shown = {
        "oid": line.oid,
        "oid_str": str(line.oid),
        "num_iid": goods.num_iid,
        "sku_id": str(goods.sku_id) if goods.sku_id else "",
        "outer_iid": "" if goods.sku_id else goods.code,
        "outer_sku_id": goods.code if goods.sku_id else "",
        "title": goods.title,
        "sku_properties_name": goods.properties,
        "num": line.num,
        "price": yuan(goods.price),
        "total_fee": yuan(line.goods_fee),
        "discount_fee": "0.00",
        "adjust_fee": "0.00",
        # Of a lone line the platform states the trade's payment, freight and all.
        "payment": yuan(share + trade.post_fee) if len(trade.lines) == 1 else yuan(line.goods_fee),
        "divide_order_fee": yuan(share),
        "part_mjz_discount": yuan(line.share),
        "refund_status": line.refund_status,
        "refund_id": str(line.refund_id) if line.refund_id else "",
        "status": line.status,
        "seller_type": "B" if shop.tmall else "C",
        # This one comes without seconds.
        "consign_time": stamp(line.consigned)[:16] if line.consigned else "",
        "logistics_company": line.company,
        "invoice_no": line.number,
    }
    return {name: value for name, value in shown.items() if value != ""}


def _parcels(trade: Trade) -> dict[str, Any]:
    """The parcels of lines that leave in several; nothing for a trade without such lines."""
    details = [
        {
            "invoice_no": number,
            "logistics_company": company,
            "sub_order_id": str(line.oid),
            "send_goods_details": {
                "send_goods_detail": [{"type": 0, "consign_status": int(len(line.parcels) > 1), "amount": num}]
            },
        }
        for line in trade.lines
        for company, number, num in line.parcels
    ]
    return {"combine_logistics_detail": details} if details else {}


def _parts(address: Address) -> list[str]:
    return [
        address.country,
        address.province,
        address.city,
        address.district,
        address.town,
        address.detail,
        address.name,
        address.phone,
    ]


def _token(*parts: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha512("\x1f".join(parts).encode()).digest()).decode().rstrip("=")
