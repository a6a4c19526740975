"""Taobao and Tmall as a sales channel of Orderyard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

from orderyard.core.channels.api import (
    Ability,
    Channel,
    ChannelOrder,
    Claim,
    ClaimAnswer,
    Confirmed,
    Grant,
    ItemPage,
    MaskedDoor,
    Memo,
    Message,
    Page,
    Shipment,
    StockAnswer,
    StockTarget,
    Window,
)
from orderyard.core.kernel.errors import RemoteNotUnderstood, RemoteRejected
from orderyard.core.kernel.transport import Transport
from orderyard.core.kernel.values import SettingField

from . import answering, answers, closing, doors, granting, items, memos, messages, refunds, stock
from .gateway import ADDRESS, Gateway
from .listing import REFUNDS, TRADES, walk
from .reading import FIELDS, read_trade
from .shipping import WAYS, Shipping
from .signing import METHODS


class TaobaoChannel(Channel):
    """The Taobao Open Platform, by polling; its messages only make what is polled come sooner."""

    name: ClassVar[str] = "channel_taobao"
    title: ClassVar[str] = "淘宝/Taobao"
    settings: ClassVar[tuple[SettingField, ...]] = (
        SettingField("app_key", "App Key"),
        SettingField("app_secret", "App Secret", secret=True),
        SettingField(
            "session",
            "Session (access token) 授权",
            secret=True,
            required=False,
            help="bound to one shop and one app; expires; filled in when the seller gives access",
        ),
        SettingField("refresh_token", "Refresh token 刷新令牌", secret=True, required=False, help="comes with the session"),
        SettingField("shop", "Shop (seller nick) 店铺", required=False, help="comes with the session"),
        SettingField("gateway", "Gateway 网关", required=False, default=ADDRESS),
        SettingField("oauth", "Page of access 授权地址", required=False, default=granting.ADDRESS),
        SettingField("sign_method", "Sign method 签名方式", required=False, default=METHODS[0], help=", ".join(METHODS)),
        SettingField(
            "company_codes",
            "Carrier codes 物流公司代码",
            required=False,
            help="where Taobao's code of a carrier differs from ours: OURS=THEIRS,OURS=THEIRS",
        ),
        SettingField(
            "number_rules",
            "Waybill number rules 运单号校验",
            required=False,
            default="check",
            help="check: a number is held against its carrier's rule first, which costs a call per parcel; off",
        ),
        SettingField(
            "consign",
            "Way of shipping 发货方式",
            required=False,
            default=WAYS[0],
            help="offline: own waybill, line by line; online: the platform's carrier picks up; ascp: own waybill, unit by unit",
        ),
        SettingField(
            "ag",
            "Report stopped parcels (AG) 极速退款拦截上报",
            required=False,
            help="1: refunds before shipping are answered by saying whether the parcel was stopped; needs the AG contract",
        ),
        SettingField(
            "tmc_group",
            "Message group 消息分组",
            required=False,
            help="of the app's message service (TMC), `default` unless groups were made; empty: changes are found by pulling",
        ),
        SettingField(
            "return_address_id", "Return address id 退货地址编号", required=False, help="of the seller's address book"
        ),
        SettingField("return_name", "Returns: name 退货收件人", required=False),
        SettingField("return_address", "Returns: address 退货地址", required=False),
        SettingField("return_mobile", "Returns: phone 退货电话", required=False),
        SettingField("return_post", "Returns: postcode 退货邮编", required=False),
    )
    # A window may span a day, but the platform itself advises 30 minutes: wider ones time out on busy shops, and a window
    # that fits one page costs a single call and cannot shift under us. `modified` has whole seconds and is written a
    # little after the fact, hence the overlap; listing ids again is cheap.
    ability: ClassVar[Ability] = Ability(
        span=timedelta(minutes=30), overlap=timedelta(minutes=5), tracking_per="line", stock_batch=stock.BATCH
    )

    doors_at_once = doors.AT_ONCE

    def __init__(self, settings: Mapping[str, str], transport: Transport) -> None:
        super().__init__(settings, transport)
        self._gateway = Gateway(settings, transport)
        self._shipping = Shipping(self._gateway, settings)
        if settings.get("consign") == "ascp":
            vars(self)["ability"] = replace(self.ability, tracking_per="quantity")

    def pull(self, window: Window, cursor: str | None = None) -> Page:
        """Ids and times of the trades changed in the window, last page first."""
        return walk(self._gateway, TRADES, window, cursor)

    def fetch(self, external_id: str) -> bytes:
        _digits(external_id, "trade")
        return self._gateway.fetch(
            "taobao.trade.fullinfo.get", {"tid": external_id, "fields": FIELDS, "include_oaid": "include_oaid"}
        )

    def read(self, body: bytes) -> ChannelOrder:
        return read_trade(body, self.config.get("app_key", ""))

    def confirm_shipment(self, shipment: Shipment, key: str) -> Confirmed:
        """The platform knows no keys: the waybill number on the trade's lines is what makes a repetition safe."""
        return self._shipping.confirm(shipment)

    def find_shipment(self, shipment: Shipment) -> Confirmed | None:
        return self._shipping.find(shipment)

    def change_shipment(self, shipment: Shipment, replaces: str, key: str) -> Confirmed:
        return self._shipping.change(shipment, replaces)

    def write_memo(self, order_external_id: str, memo: Memo) -> None:
        _digits(order_external_id, "trade")
        memos.write(self._gateway, order_external_id, memo)

    def cancel_order(self, external_id: str, because: str) -> bool:
        """Only while it is unpaid."""
        _digits(external_id, "trade")
        return closing.close(self._gateway, external_id, because)

    def same_doors(self, masked: Sequence[MaskedDoor]) -> Sequence[Sequence[str]]:
        return doors.shared(self._gateway, masked)

    def pull_claims(self, window: Window, cursor: str | None = None) -> Page:
        return walk(self._gateway, REFUNDS, window, cursor)

    def fetch_claim(self, external_id: str) -> bytes:
        _digits(external_id, "refund")
        return self._gateway.fetch("taobao.refund.get", {"refund_id": external_id, "fields": refunds.FIELDS})

    def read_claim(self, body: bytes) -> Claim:
        return refunds.read_refund(refunds.refund_of(body))

    def answer_claim(self, answer: ClaimAnswer, key: str) -> None:
        """The platform knows no keys: the refund itself tells whether it stands as answered."""
        answering.answer(self._gateway, self.config, answer)

    def push_stock(self, targets: Sequence[StockTarget], key: str) -> Sequence[StockAnswer]:
        return stock.push(self._gateway, targets)

    def next_messages(self) -> Sequence[Message]:
        return messages.next_batch(self._gateway, self.config.get("tmc_group", ""), self.config.get("shop", ""))

    def confirm_messages(self, tokens: Sequence[str]) -> None:
        messages.confirm(self._gateway, self.config.get("tmc_group", ""), tokens)

    def subscribe(self, address: str) -> Sequence[str]:
        """The platform keeps messages until they are asked for, so `address` is of no use to it."""
        return messages.subscribe(self._gateway, self.config.get("shop", "")) if self.config.get("tmc_group") else []

    def consent_page(self, back: str, state: str) -> str:
        return granting.consent_page(self.config, back, state)

    def exchange(self, answer: Mapping[str, str], back: str) -> Grant:
        return granting.exchange(self.config, self.transport, answer, back)

    def renew(self) -> Grant | None:
        return granting.renew(self.config, self.transport)

    def who(self) -> str:
        """The seller's nick, and whether the shop is one of Tmall, whose after-sales have rules of their own."""
        user = self._gateway.call("taobao.user.seller.get", {"fields": "user_id,nick,type"}).get("user")
        if not isinstance(user, dict) or not answers.text(user.get("nick")):
            raise RemoteNotUnderstood("Taobao: the answer names no seller", raw=str(user)[:2000])
        kind = {"B": "天猫/Tmall", "C": "淘宝/Taobao"}.get(answers.text(user.get("type")), "淘宝/Taobao")
        return f"{answers.text(user['nick'])} ({kind})"

    def list_items(self, cursor: str | None = None) -> ItemPage:
        """On sale, waiting in the warehouse and sold out; an item that goes from one to the other meanwhile may be twice."""
        return items.list_page(self._gateway, cursor)


def _digits(external_id: str, what: str) -> None:
    if not external_id.isascii() or not external_id.isdigit():
        raise RemoteRejected(f"Taobao: {external_id!r} is no {what} id", remedy=f"{what} ids are digits")
