"""A stand-in for the Taobao Open Platform with one shop on it; shares no code with the adapter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from orderyard.core.testing.simulator import BuyerOrder, ChannelSimulator, ChannelTold, ShopItem

from . import aftersales
from .gateway import APP_KEY, SECRET, SESSION, Gateway
from .shop import SELLER


class TaobaoSimulator(Gateway, ChannelSimulator):
    """One shop, its buyers and its goods. There are no webhooks, so `push` sends nothing."""

    name: ClassVar[str] = "channel_taobao"
    currency: ClassVar[str] = "CNY"

    def settings(self) -> Mapping[str, str]:
        return {
            "app_key": APP_KEY,
            "app_secret": SECRET,
            "session": SESSION,
            "gateway": f"{self.base_url}/router/rest",
            "oauth": self.base_url,
            "tmc_group": "default",
            "shop": SELLER,
        }

    def open_shop(self, items: tuple[ShopItem, ...], webhooks: str = "") -> None:
        with self.lock:
            self.shop.offer(items, self.now())

    def place(self, order: BuyerOrder) -> str:
        with self.lock:
            return str(self.shop.place(order, self.now()).tid)

    def presale(self, order: BuyerOrder, deposit: int) -> str:
        """A buyer orders in advance; the first `pay` pays the deposit (fen), the second the balance."""
        with self.lock:
            return str(self.shop.presale(order, deposit, self.now()).tid)

    def forfeit(self, order_id: str) -> None:
        """The balance of a presale did not come in time."""
        with self.lock:
            self.shop.forfeit(self.shop.trades[int(order_id)], self.now())

    def close(self, order_id: str, status: str = "TRADE_CLOSED_BY_TAOBAO") -> None:
        """The order ends: unpaid unless another status is named, such as `TRADE_FINISHED`."""
        with self.lock:
            self.shop.close(self.shop.trades[int(order_id)], status, self.now())

    def sign(self, order_id: str) -> None:
        """The buyer takes a parcel that was sent for cash on delivery."""
        with self.lock:
            self.shop.sign(self.shop.trades[int(order_id)], self.now())

    def pay(self, order_id: str) -> None:
        with self.lock:
            self.shop.pay(self.shop.trades[int(order_id)], self.now())

    def refund(self, order_id: str) -> None:
        with self.lock:
            aftersales.refund_all(self.shop, self.shop.trades[int(order_id)], self.now())

    def ask_refund(
        self, order_id: str, line: int = 0, *, kind: str = "REFUND", fee: int | None = None, reason: str = "不想要了"
    ) -> str:
        """The buyer asks for the money of a line, or for `kind`, a `dispute_type`; the new refund's id."""
        with self.lock:
            trade = self.shop.trades[int(order_id)]
            return str(aftersales.open_refund(self.shop, trade, trade.lines[line], kind, fee, reason, self.now()).id)

    def withdraw(self, refund_id: str) -> None:
        """The buyer no longer wants it."""
        with self.lock:
            aftersales.move(self.shop, self.shop.refunds[int(refund_id)], "CLOSED", self.now())

    def send_back(self, refund_id: str, company: str, number: str) -> None:
        """The buyer gives the goods of an agreed return to a carrier."""
        with self.lock:
            aftersales.send_back(self.shop, self.shop.refunds[int(refund_id)], company, number, self.now())

    def hold(self, order_id: str, flag: str = "top_hold") -> None:
        """The platform intercepts the order by this field of the trade."""
        with self.lock:
            trade = self.shop.trades[int(order_id)]
            trade.stops.add(flag)
            self.shop.touch(trade, self.now())
            self.shop.of_trade("Changed", trade, self.now())

    def release(self, order_id: str) -> None:
        with self.lock:
            trade = self.shop.trades[int(order_id)]
            trade.stops.clear()
            self.shop.touch(trade, self.now())
            self.shop.of_trade("Changed", trade, self.now())

    def push(self, order_id: str) -> int:
        return 0

    def told(self) -> ChannelTold:
        with self.lock:
            shipments = {}
            for trade in self.shop.trades.values():
                # A dictionary keeps the order and drops the repetition: lines of one parcel bear the same number.
                told = [number for line in trade.lines for number in (*(parcel[1] for parcel in line.parcels), line.number)]
                if numbers := tuple(dict.fromkeys(number for number in told if number)):
                    shipments[str(trade.tid)] = numbers
            return ChannelTold(
                orders=len(self.shop.trades),
                shipments=shipments,
                confirmations=self.shop.confirmations,
                stock={goods.code: goods.shown for goods in self.shop.goods if goods.offered},
                stock_updates=self.shop.stock_updates,
            )
