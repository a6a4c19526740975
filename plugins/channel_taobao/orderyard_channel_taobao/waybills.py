"""Cainiao's electronic waybills (菜鸟电子面单): numbers of many carriers for receivers whom nobody here may see.

The platform fills the label in by itself, from the OAID and the trade; what it gives back is printed by its own client.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from orderyard.core.carriers.api import Booked, Booking, Carrier, Label, TrackingEvent, TrackQuery
from orderyard.core.kernel.errors import OutcomeUnknown, RemoteNotUnderstood, RemoteRejected
from orderyard.core.kernel.transport import Transport
from orderyard.core.kernel.values import Address, SettingField

from . import answers
from .gateway import ADDRESS, Gateway
from .signing import METHODS

_TEMPLATE = "https://cloudprint.cainiao.com/template/standard/101/"
_MOST_TRADES = 100
_MOST_ITEMS = 100
_OBJECT = "1"
"""Every call is about one parcel, so that one refusal is one parcel's."""
_NOT_IN_A_NAME = re.compile(r"[^0-9A-Za-z_]")
_VOID = ("waybill-canceled", "waybill-not-exist")


class CainiaoWaybills(Carrier):
    """Books at the carrier that the connection names, with the seller's own contract there."""

    name: ClassVar[str] = "channel_taobao_cainiao"
    title: ClassVar[str] = "菜鸟电子面单/Cainiao waybills"
    code: ClassVar[str] = "CAINIAO"
    track_batch: ClassVar[int] = 0
    settings: ClassVar[tuple[SettingField, ...]] = (
        SettingField("app_key", "App Key"),
        SettingField("app_secret", "App Secret", secret=True),
        SettingField("session", "Session (access token) 授权", secret=True, help="of the seller whose contract it is"),
        SettingField("user_id", "Seller's user id 商家ID", help="a number; the test of the shop's connection shows the shop"),
        SettingField("cp_code", "Carrier 快递公司代码", help="YTO, ZTO, STO, YUNDA, SF, EMS …"),
        SettingField("template_url", "Label template 面单模板", required=False, default=_TEMPLATE),
        SettingField("customer_code", "Monthly account 月结卡号", required=False),
        SettingField("product_code", "Product 产品", required=False, help="SF only"),
        SettingField("gateway", "Gateway 网关", required=False, default=ADDRESS),
        SettingField("sign_method", "Sign method 签名方式", required=False, default=METHODS[0], help=", ".join(METHODS)),
    )

    def __init__(self, settings: Mapping[str, str], transport: Transport) -> None:
        super().__init__(settings, transport)
        self._gateway = Gateway(settings, transport)
        if carrier := settings.get("cp_code", "").strip():
            vars(self).update(code=carrier, title=f"菜鸟电子面单 {carrier}")

    def book(self, booking: Booking, key: str) -> Booked:
        """The same parcel of the same trades gets the same number again, so a lost answer is simply asked for once more."""
        params = {"param_waybill_cloud_print_apply_new_request": _text(self._request(booking, key))}
        modules = answers.listed(self._gateway.call("cainiao.waybill.ii.get", params, effect=True).get("modules"), "modules")
        found = [_booked(module) for module in modules]
        if len(found) != 1:
            raise OutcomeUnknown(f"Cainiao: {len(found)} waybills came for parcel {key}", raw=str(modules)[:2000])
        return found[0]

    def find(self, key: str, booking: Booking) -> Booked | None:
        """Asked by the trades inside; where they have several waybills, booking this parcel again tells which one is its."""
        asked = [{"biz_sub_code": code, "object_id": str(place)} for place, code in enumerate(_codes(booking, key)[:10])]
        rows = self._ask("cainiao.waybill.ii.query.by.tradecode", asked)
        found = {booked.number: booked for row in rows if (booked := _shown(row)) is not None}
        if not found:
            return None
        return next(iter(found.values())) if len(found) == 1 else self.book(booking, key)

    def cancel(self, number: str, key: str) -> None:
        """Give the number back."""
        try:
            answer = self._gateway.call(
                "cainiao.waybill.ii.cancel", {"cp_code": self.code, "waybill_code": number}, effect=True
            )
        except RemoteRejected as refused:
            if any(part in refused.code.lower() for part in _VOID):
                return
            raise
        if "cancel_result" not in answer:
            raise RemoteNotUnderstood(f"Cainiao: whether {number} was cancelled is not said", raw=str(answer)[:2000])
        if not answers.yes(answer["cancel_result"]):
            raise RemoteRejected(f"Cainiao: {number} was not cancelled", remedy="it may be on its way; ask the carrier")

    def track(self, queries: Sequence[TrackQuery]) -> Sequence[TrackingEvent]:
        """Nothing: these calls tell no events."""
        return ()

    def label(self, number: str) -> Label:
        """What Cainiao's print client draws the label from, encrypted."""
        asked = [{"cp_code": self.code, "object_id": _OBJECT, "waybill_code": number}]
        rows = self._ask("cainiao.waybill.ii.query.by.waybillcode", asked)
        shown = next((booked for row in rows if (booked := _shown(row)) is not None), None)
        if shown is None:
            raise RemoteRejected(f"Cainiao: there is no waybill {number}", remedy="get a new one")
        return Label(number, "application/json", shown.raw.encode())

    def _ask(self, method: str, asked: Sequence[Mapping[str, str]]) -> list[Mapping[str, Any]]:
        return answers.listed(self._gateway.call(method, {"param_list": _text(asked)}).get("modules"), "modules")

    def _request(self, booking: Booking, key: str) -> dict[str, Any]:
        strangers = [trade.external_id for trade in booking.trades if not trade.channel.startswith("channel_taobao")]
        if booking.trades and strangers:
            raise RemoteRejected(
                f"Cainiao: {', '.join(strangers)} is no order of Taobao", remedy="send it by a carrier of its own, or apart"
            )
        if booking.receiver.privacy_token and not booking.trades:
            raise RemoteRejected(
                f"Cainiao: parcel {key} goes to a hidden receiver and holds no trade", remedy="ask the buyer for an address"
            )
        if not self.config.get("user_id", "").isdecimal():
            raise RemoteRejected("Cainiao: the seller's user id is missing", remedy="enter its digits in the connection")
        package: dict[str, Any] = {
            "id": _name(key),
            "items": [{"name": goods.name[:100], "count": goods.quantity} for goods in booking.goods[:_MOST_ITEMS]],
            "goods_description": "、".join(goods.name for goods in booking.goods)[:100],
        }
        if booking.weight_g:
            package["weight"] = booking.weight_g
        info: dict[str, Any] = {
            "object_id": _OBJECT,
            "order_info": {
                "order_channels_type": "TB" if booking.trades else "OTHERS",
                "trade_order_list": _codes(booking, key),
            },
            "package_info": package,
            "recipient": _receiver(booking),
            "template_url": self.config.get("template_url") or _TEMPLATE,
            "user_id": int(self.config["user_id"]),
        }
        if booking.cod is not None:
            info["logistics_services"] = _text({"SVC-COD": {"value": f"{booking.cod.minor / 100:.2f}"}})
        request: dict[str, Any] = {
            "cp_code": self.code,
            "sender": _person(booking.sender),
            "trade_order_info_dtos": [info],
            "need_encrypt": True,
        }
        for setting in ("customer_code", "product_code"):
            if value := self.config.get(setting):
                request[setting] = value
        if booking.product:
            request["product_code"] = booking.product
        return request


def _codes(booking: Booking, key: str) -> list[str]:
    """What the platform knows the parcel's content by: its trades, or our own key where there are none."""
    return [trade.external_id for trade in booking.trades[:_MOST_TRADES]] or [_name(key)]


def _name(key: str) -> str:
    return _NOT_IN_A_NAME.sub("_", key)


def _person(address: Address) -> dict[str, Any]:
    parts = {"province": address.province, "city": address.city, "district": address.district, "town": address.town}
    return {
        "name": address.name,
        "mobile": address.phone,
        "address": {"detail": address.detail, **{name: part for name, part in parts.items() if part}},
    }


def _receiver(booking: Booking) -> dict[str, Any]:
    """A hidden receiver is named by the OAID, and by the trade whose receiver that is, which stands first."""
    person = _person(booking.receiver)
    if booking.receiver.privacy_token:
        person |= {"oaid": booking.receiver.privacy_token, "tid": booking.trades[0].external_id}
    return person


def _booked(module: Mapping[str, Any]) -> Booked:
    number = answers.text(module.get("waybill_code"))
    if not number:
        raise OutcomeUnknown("Cainiao: an answer without a waybill number", raw=str(module)[:2000])
    parent = answers.text(module.get("parent_waybill_code"))
    return Booked(parent or number, children=(number,) if parent else (), raw=answers.text(module.get("print_data")))


def _shown(row: Mapping[str, Any]) -> Booked | None:
    """A waybill that a question found; None for one it did not."""
    shown = row.get("waybill_cloud_print_response")
    return _booked(shown) if answers.yes(row.get("success")) and isinstance(shown, dict) else None


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
