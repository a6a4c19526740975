"""Orders on the wire: from a booking to SF's message body, and from its answer to a waybill. Pure, no network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from orderyard.core.carriers.api import Booked, Booking
from orderyard.core.kernel.errors import RemoteNotUnderstood, RemoteRejected
from orderyard.core.kernel.values import Address

_MOBILE = re.compile(r"(\+?86)?[- ]?1[\d*]{10}")
_REMARK = 100
NOT_DELIVERABLE = "3"


def order(booking: Booking, key: str, *, product: str, monthly_card: str, cod_account: str) -> dict[str, Any]:
    """The body of EXP_RECE_CREATE_ORDER: one parcel, paid by the sender, weights in kg.

    RemoteRejected for what SF cannot be asked to do: a product that is no number, cash on delivery in another currency
    or without an account to pay it out to.
    """
    if not product.isdecimal():
        raise RemoteRejected(f"{product!r} is not an SF product", remedy="use an expressTypeId such as 1 or 2")
    message: dict[str, Any] = {
        "language": "zh-CN",
        "orderId": key,
        "expressTypeId": int(product),
        "payMethod": 1,
        "parcelQty": 1,
        "isDocall": 0,
        "isGenWaybillNo": 1,
        "isReturnRoutelabel": 1,
        "contactInfoList": [_contact(1, booking.sender), _contact(2, booking.receiver)],
        "cargoDetails": [
            _filled(
                {
                    "name": goods.name or "商品",
                    "count": goods.quantity,
                    "unit": "件",
                    "weight": goods.weight_g / 1000,
                    "amount": float(goods.value.text) if goods.value else 0,
                    "currency": goods.value.currency if goods.value else "",
                }
            )
            for goods in booking.goods
        ]
        or [{"name": "商品", "count": 1, "unit": "件"}],
    }
    if booking.weight_g:
        message["totalWeight"] = booking.weight_g / 1000
    if monthly_card:
        message["monthlyCard"] = monthly_card
    if booking.remark:
        message["remark"] = booking.remark[:_REMARK]
    if booking.cod is not None:
        if booking.cod.currency != "CNY":
            raise RemoteRejected(f"SF cannot collect {booking.cod}", remedy="cash on delivery is in CNY only")
        account = cod_account or monthly_card
        if not account:
            raise RemoteRejected("no account to pay the cash out to", remedy="fill in cod_account or monthly_card")
        message["serviceList"] = [{"name": "COD", "value": booking.cod.text, "value1": account}]
    return message


def _contact(kind: int, address: Address) -> dict[str, Any]:
    """Sender (1) or receiver (2). A masked receiver goes out as given: SF's protocol has no field for a platform's token."""
    phone = address.phone.strip()
    return _filled(
        {
            "contactType": kind,
            "company": address.company,
            "contact": address.name,
            "mobile" if _MOBILE.fullmatch(phone) else "tel": phone,
            "country": address.country,
            "province": address.province,
            "city": address.city,
            "county": address.district,
            "address": address.town + address.detail,
            "postCode": address.postcode,
        }
    )


def _filled(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def booked(data: Any, raw: str) -> Booked | None:
    """What create and search answer with; None while SF has given no number yet (its staff still check the address).

    Search spells `origincode` in lower case and numbers as text. RemoteRejected when SF does not deliver there.
    """
    if not isinstance(data, dict):
        raise RemoteNotUnderstood("SF: an order without msgData", raw=raw)
    waybills = data.get("waybillNoInfoList") or []
    if not isinstance(waybills, list) or not all(isinstance(waybill, dict) for waybill in waybills):
        raise RemoteNotUnderstood("SF: waybillNoInfoList is no list of waybills", raw=raw)
    if str(data.get("filterResult")) == NOT_DELIVERABLE:
        raise RemoteRejected(
            f"SF does not deliver there (reason {data.get('remark') or 'not given'})",
            code="filterResult 3",
            raw=raw,
            remedy="correct the address or choose another carrier",
        )
    mothers = _numbers(waybills, "1")
    if not mothers:
        return None
    return Booked(
        number=mothers[0],
        children=_numbers(waybills, "2"),
        origin=str(data.get("originCode") or data.get("origincode") or ""),
        destination=str(data.get("destCode") or data.get("destcode") or ""),
        raw=raw,
    )


def _numbers(waybills: list[dict[str, Any]], kind: str) -> tuple[str, ...]:
    return tuple(
        str(waybill["waybillNo"])
        for waybill in waybills
        if str(waybill.get("waybillType")) == kind and waybill.get("waybillNo")
    )
