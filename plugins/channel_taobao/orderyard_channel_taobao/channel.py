"""Taobao and Tmall as a sales channel of Orderyard."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from orderyard.core.channels.api import (
    Ability,
    Channel,
    ChannelOrder,
    Confirmed,
    Found,
    ItemPage,
    Page,
    Shipment,
    StockAnswer,
    StockTarget,
    Window,
)
from orderyard.core.kernel.errors import RemoteNotUnderstood, RemoteRejected
from orderyard.core.kernel.transport import Transport
from orderyard.core.kernel.values import SettingField

from . import answers, items, shipping, stock
from .gateway import ADDRESS, Gateway
from .moments import from_wire, to_wire
from .reading import FIELDS, read_trade, trade_id
from .signing import METHODS

PAGE_SIZE = 50
"""The platform takes 100 and advises 40 to 50."""

# Without `type` the platform silently leaves out every trade that is none of its five usual kinds.
TYPES = (
    "fixed,auction,guarantee_trade,step,independent_simple_trade,independent_shop_trade,auto_delivery,ec,cod,game_equipment,"
    "shopex_trade,netcn_trade,external_trade,instant_trade,b2c_cod,hotel_trade,super_market_trade,super_market_cod_trade,"
    "taohua,waimai,o2o_offlinetrade,nopaid,eticket,tmall_i18n,insurance_plus,finance,pre_auth_type,lazada,fenxiao"
)


class TaobaoChannel(Channel):
    """The Taobao Open Platform, by polling; its push (TMC) is not needed for anything."""

    name: ClassVar[str] = "channel_taobao"
    title: ClassVar[str] = "淘宝/Taobao"
    settings: ClassVar[tuple[SettingField, ...]] = (
        SettingField("app_key", "App Key"),
        SettingField("app_secret", "App Secret", secret=True),
        SettingField("session", "Session (access token) 授权", secret=True, help="bound to one shop and one app; expires"),
        SettingField("gateway", "Gateway 网关", required=False, default=ADDRESS),
        SettingField("sign_method", "Sign method 签名方式", required=False, default=METHODS[0], help=", ".join(METHODS)),
        SettingField(
            "company_codes",
            "Carrier codes 物流公司代码",
            required=False,
            help="where Taobao's code of a carrier differs from ours: OURS=THEIRS,OURS=THEIRS",
        ),
    )
    # A window may span a day, but the platform itself advises 30 minutes: wider ones time out on busy shops, and a window
    # that fits one page costs a single call and cannot shift under us. `modified` has whole seconds and is written a
    # little after the fact, hence the overlap; listing ids again is cheap.
    ability: ClassVar[Ability] = Ability(
        span=timedelta(minutes=30), overlap=timedelta(minutes=5), tracking_per="line", stock_batch=stock.BATCH
    )

    def __init__(self, settings: Mapping[str, str], transport: Transport) -> None:
        super().__init__(settings, transport)
        self._gateway = Gateway(settings, transport)

    def pull(self, window: Window, cursor: str | None = None) -> Page:
        """Ids and times of the trades changed in the window, last page first.

        The platform sorts by `modified`, newest first, so a trade that changes while we read moves to page 1 and pushes the
        others back. The first call asks for the total. If all fit one page, that answer is complete in itself. Else the
        pages are walked from the last to the first. The cursor is the page still to read and a fingerprint of the list's
        newest trades, `3:1f2e3d4c`: should they no longer be the newest when page 1 is reached, something moved in front
        and pushed others onto pages already read, so the walk begins again. That ends once the window lies in the past.
        """
        if cursor is None:
            answer = self._list(window, 1, count=True)
            pages = _pages(answer)
            if pages > 1:
                return Page((), f"{pages}:{_fingerprint(answer)}")
            return Page(_found(answer), None)
        number, _, before = cursor.partition(":")
        page = answers.whole(number, "the cursor's page")
        if page > 1:
            return Page(_found(self._list(window, page, count=False)), f"{page - 1}:{before}")
        answer = self._list(window, 1, count=True)
        now, pages = _fingerprint(answer), _pages(answer)
        done = pages <= 1 or now == before
        return Page(_found(answer), None if done else f"{pages}:{now}")

    def _list(self, window: Window, page: int, *, count: bool) -> Mapping[str, Any]:
        return self._gateway.call(
            "taobao.trades.sold.increment.get",
            {
                "fields": "tid,modified,status",
                "start_modified": to_wire(window.since),
                "end_modified": to_wire(window.until, up=True),
                "type": TYPES,
                "page_no": str(page),
                "page_size": str(PAGE_SIZE),
                # With has_next the platform leaves out the total and is much quicker.
                "use_has_next": "false" if count else "true",
            },
        )

    def fetch(self, external_id: str) -> bytes:
        if not external_id.isascii() or not external_id.isdigit():
            raise RemoteRejected(f"Taobao: {external_id!r} is no trade id", remedy="trade ids are digits")
        return self._gateway.fetch(
            "taobao.trade.fullinfo.get", {"tid": external_id, "fields": FIELDS, "include_oaid": "include_oaid"}
        )

    def read(self, body: bytes) -> ChannelOrder:
        return read_trade(body, self.config.get("app_key", ""))

    def confirm_shipment(self, shipment: Shipment, key: str) -> Confirmed:
        """The platform knows no keys: the waybill number on the trade's lines is what makes a repetition safe."""
        return shipping.confirm(self._gateway, shipment, self.config.get("company_codes", ""))

    def find_shipment(self, shipment: Shipment) -> Confirmed | None:
        return shipping.find(self._gateway, shipment)

    def push_stock(self, targets: Sequence[StockTarget], key: str) -> Sequence[StockAnswer]:
        return stock.push(self._gateway, targets)

    def list_items(self, cursor: str | None = None) -> ItemPage:
        """On sale, waiting in the warehouse and sold out; an item that goes from one to the other meanwhile may be twice."""
        return items.list_page(self._gateway, cursor)


def _trades(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """An empty window has no list at all."""
    return answers.listed(answer.get("trades"), "trades")


def _found(answer: Mapping[str, Any]) -> tuple[Found, ...]:
    return tuple(
        Found(trade_id(trade), from_wire(trade.get("modified"), f"modified of {trade_id(trade)}")) for trade in _trades(answer)
    )


def _pages(answer: Mapping[str, Any]) -> int:
    if "total_results" not in answer:
        raise RemoteNotUnderstood("Taobao: the listing does not say how many trades there are", raw=str(answer)[:2000])
    return -(-answers.whole(answer["total_results"], "total_results") // PAGE_SIZE)


def _fingerprint(answer: Mapping[str, Any]) -> str:
    """Stands for the newest trades of the list: every trade that shares the newest second, so ties may come in any order."""
    found = _found(answer)
    newest = max((trade.version for trade in found), default=None)
    text = ",".join(sorted(f"{trade.external_id}@{trade.version}" for trade in found if trade.version == newest))
    return hashlib.sha256(text.encode()).hexdigest()[:8]
