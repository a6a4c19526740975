"""The books of a simulated Taobao shop: what it offers, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from orderyard.core.kernel.values import Address
from orderyard.core.testing.simulator import BuyerOrder, ShopItem

SELLER = "演示旗舰店"
_EAST_8 = timedelta(hours=8)
_SECOND = timedelta(seconds=1)
_UNOFFERED_PRICE = 990


def stamp(moment: datetime) -> str:
    """A moment as the platform writes it: the wall clock of Beijing, without a zone."""
    return (moment.replace(tzinfo=None) - (moment.utcoffset() or timedelta(0)) + _EAST_8).strftime("%Y-%m-%d %H:%M:%S")


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


@dataclass
class Goods:
    """One SKU of an item, or an item without SKUs (then `sku_id` is 0)."""

    num_iid: int
    sku_id: int
    code: str
    title: str
    price: int
    properties: str
    barcode: str
    offered: bool
    listed: datetime
    modified: datetime
    shown: int = 0


@dataclass
class Line:
    """子订单."""

    oid: int
    goods: Goods
    num: int
    share: int
    """Fen of the trade's discount that fall on this line."""
    status: str
    refund_status: str = "NO_REFUND"
    refund_id: int = 0
    consigned: datetime | None = None
    company: str = ""
    number: str = ""
    parcels: list[tuple[str, str, int]] = field(default_factory=list)
    """Company, number and units of each parcel, when the line leaves in several."""

    @property
    def goods_fee(self) -> int:
        return self.goods.price * self.num


@dataclass
class Trade:
    """主订单."""

    tid: int
    kind: str
    status: str
    buyer: str
    receiver: Address
    created: datetime
    modified: datetime
    lines: list[Line]
    post_fee: int
    message: str
    memo: str
    flag: int = 0
    paid: datetime | None = None
    ended: datetime | None = None
    step: str = ""
    """`step_trade_status` of a presale."""
    deposit: int = 0
    stops: set[str] = field(default_factory=set)
    """The platform's flags that forbid shipping, by field name."""


@dataclass
class Refund:
    """退款单, about one line of a trade."""

    id: int
    trade: Trade
    line: Line
    kind: str
    """`dispute_type`."""
    fee: int
    num: int
    reason: str
    words: str
    created: datetime
    modified: datetime
    phase: str
    status: str = "WAIT_SELLER_AGREE"
    good_status: str = "BUYER_NOT_RECEIVED"
    company: str = ""
    sid: str = ""
    service: int = 1
    """`cs_status`."""
    advance: int = 0
    constraint: str = "null"
    reviewed: bool = False
    """On Tmall the money is only given back after a review."""


@dataclass
class Note:
    """A message of the platform's message service."""

    id: int
    topic: str
    content: str
    at: datetime
    out_until: datetime
    """Handed out and not confirmed, it is kept back until then."""
    nick: str = SELLER


@dataclass
class Waybill:
    """电子面单: one number, for one parcel of some trades."""

    number: str
    carrier: str
    package: str
    trades: tuple[str, ...]
    print_data: str
    cancelled: bool = False
    gone: bool = False
    """The carrier has it."""


@dataclass
class Shop:
    """Everything the platform knows about this one shop; no method is safe without the simulator's lock."""

    app_key: str
    goods: list[Goods] = field(default_factory=list)
    trades: dict[int, Trade] = field(default_factory=dict)
    refunds: dict[int, Refund] = field(default_factory=dict)
    tmall: bool = False
    ag: bool = True
    """Whether the shop has signed up for refunds by report (极速退款)."""
    sms_above: int = 600_000
    """Fen; whoever gives back more than this has to type in a code that is sent to a phone."""
    waybills: list[Waybill] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    permitted: bool = True
    """Whether the shop's messages are kept for the app."""
    confirmations: int = 0
    stock_updates: int = 0
    _serial: int = 0
    _notes: int = 0

    def live_waybills(self) -> list[Waybill]:
        return [waybill for waybill in self.waybills if not waybill.cancelled]

    def offer(self, items: Iterable[ShopItem], now: datetime) -> None:
        """Items of the same title are the SKUs of one item as soon as they have options."""
        self.goods.clear()
        now = now.replace(microsecond=0)
        families: dict[str, int] = {}
        for item in items:
            if item.options:
                num_iid = families.setdefault(item.title, self._next_item())
                properties = ";".join(f"{name}:{value}" for name, value in item.options.items())
                self._add(num_iid, 4_812_345_600_001 + len(self.goods), item, properties, now)
            else:
                self._add(self._next_item(), 0, item, "", now)

    def _next_item(self) -> int:
        return 612_345_600_001 + len(self.goods)

    def _add(self, num_iid: int, sku_id: int, item: ShopItem, properties: str, now: datetime) -> None:
        price = item.price.minor
        self.goods.append(Goods(num_iid, sku_id, item.sku, item.title, price, properties, item.barcode, True, now, now))

    def _find(self, code: str, now: datetime) -> Goods:
        """The goods of this merchant code; an unknown code is a thing that the seller put up and the merchant does not know."""
        for goods in self.goods:
            if goods.code == code:
                return goods
        stray = Goods(self._next_item(), 0, code, f"未对码商品 {code}", _UNOFFERED_PRICE, "", "", False, now, now)
        self.goods.append(stray)
        return stray

    def place(self, order: BuyerOrder, now: datetime) -> Trade:
        now = now.replace(microsecond=0)
        self._serial += 1
        tid = 2_231_958_349_000_012_345 + self._serial * 1_000_000
        status = "WAIT_SELLER_SEND_GOODS" if order.paid or order.cod else "WAIT_BUYER_PAY"
        lines = []
        for place, (code, num) in enumerate(order.lines):
            oid = tid if len(order.lines) == 1 else tid + place + 1
            lines.append(Line(oid, self._find(code, now), num, 0, status))
        _share(order.discount, lines)
        trade = Trade(
            tid=tid,
            kind="cod" if order.cod else "fixed",
            status=status,
            buyer=order.buyer,
            receiver=order.receiver,
            created=now,
            modified=now,
            lines=lines,
            post_fee=order.freight,
            message=order.message,
            memo=order.memo,
            paid=now if order.paid and not order.cod else None,
        )
        self.trades[tid] = trade
        self.of_trade("Create", trade, now)
        if trade.paid:
            self.of_trade("BuyerPay", trade, now)
        return trade

    def presale(self, order: BuyerOrder, deposit: int, now: datetime) -> Trade:
        """定金预售: a deposit first, the balance later."""
        trade = self.place(replace(order, paid=False), now)
        trade.kind, trade.step, trade.deposit = "step", "FRONT_NOPAID_FINAL_NOPAID", deposit
        return trade

    def forfeit(self, trade: Trade, now: datetime) -> None:
        """The balance did not come in time: the trade closes, the deposit stays with the seller."""
        if trade.step != "FRONT_PAID_FINAL_NOPAID":
            raise ValueError(f"trade {trade.tid} is {trade.step or 'no presale'}; no deposit is there to be kept")
        trade.step = "FRONT_PAID_FRONT_FORFEITED"
        self.close(trade, "TRADE_CLOSED_BY_TAOBAO", now)

    def close(self, trade: Trade, status: str, now: datetime) -> None:
        """Every line that is not closed ends with the trade."""
        for line in trade.lines:
            if not line.status.startswith("TRADE_CLOSED"):
                line.status = status
        trade.status, trade.ended = status, now
        self.touch(trade, now)
        self.of_trade("Success" if status == "TRADE_FINISHED" else "Close", trade, now)

    def sign(self, trade: Trade, now: datetime) -> None:
        """The buyer takes a parcel that was sent for cash on delivery."""
        if trade.kind != "cod" or trade.status != "WAIT_BUYER_CONFIRM_GOODS":
            raise ValueError(f"trade {trade.tid} is {trade.status}; only a parcel sent for cash on delivery is signed for")
        trade.status = "TRADE_BUYER_SIGNED"
        for line in trade.lines:
            line.status = trade.status
        self.touch(trade, now)
        self.of_trade("Changed", trade, now)

    def pay(self, trade: Trade, now: datetime) -> None:
        if trade.step == "FRONT_NOPAID_FINAL_NOPAID":
            trade.step = "FRONT_PAID_FINAL_NOPAID"
            self.touch(trade, now)
            self.of_trade("BuyerStepPay", trade, now)
            return
        if trade.status != "WAIT_BUYER_PAY":
            raise ValueError(f"trade {trade.tid} is {trade.status}; only an unpaid one can be paid")
        trade.status = "WAIT_SELLER_SEND_GOODS"
        trade.paid = now
        if trade.step:
            trade.step = "FRONT_PAID_FINAL_PAID"
        for line in trade.lines:
            line.status = trade.status
        self.touch(trade, now)
        self.of_trade("BuyerPay", trade, now)

    def ship(self, trade: Trade, lines: Iterable[Line], company: str, number: str, now: datetime) -> None:
        for line in lines:
            line.status = "WAIT_BUYER_CONFIRM_GOODS"
            line.consigned, line.company, line.number = now, company, number
        waiting = any(line.status == "WAIT_SELLER_SEND_GOODS" for line in trade.lines)
        trade.status = "SELLER_CONSIGNED_PART" if waiting else "WAIT_BUYER_CONFIRM_GOODS"
        self.confirmations += 1
        self.touch(trade, now)
        self.of_trade("PartlySellerShip" if waiting else "SellerShip", trade, now)

    def ship_units(self, trade: Trade, units: Iterable[tuple[Line, str, str, int]], partial: str, now: datetime) -> None:
        """Parcels unit by unit; the line `partial` goes on waiting."""
        for line, company, number, num in units:
            line.parcels.append((company, number, num))
            line.company, line.number = company, number
            if str(line.oid) != partial:
                line.status, line.consigned = "WAIT_BUYER_CONFIRM_GOODS", now
        waiting = any(line.status == "WAIT_SELLER_SEND_GOODS" for line in trade.lines)
        trade.status = "SELLER_CONSIGNED_PART" if waiting else "WAIT_BUYER_CONFIRM_GOODS"
        self.confirmations += 1
        self.touch(trade, now)
        self.of_trade("PartlySellerShip" if waiting else "SellerShip", trade, now)

    def resend(self, trade: Trade, lines: Iterable[Line], company: str, number: str, now: datetime) -> None:
        for line in lines:
            line.company, line.number = company, number
        self.touch(trade, now)
        self.of_trade("Changed", trade, now)

    def say(self, topic: str, now: datetime, **content: object) -> None:
        """A message about something that happened; kept only for an app that was permitted to have it."""
        if self.permitted:
            self._notes += 1
            text = json.dumps({**content, "seller_nick": SELLER}, ensure_ascii=False)
            self.notes.append(Note(2_160_600_000 + self._notes, topic, text, now, now))

    def of_trade(self, change: str, trade: Trade, now: datetime) -> None:
        self.say(
            f"taobao_trade_Trade{change}", now, tid=trade.tid, oid=trade.lines[0].oid, buyer_nick=mask_nick(trade.buyer),
            payment=yuan(sum(line.goods_fee - line.share for line in trade.lines) + trade.post_fee), status=trade.status,
            type="guarantee_trade" if trade.kind == "fixed" else trade.kind,
        )  # fmt: skip

    def touch(self, trade: Trade, now: datetime) -> None:
        """Times have whole seconds; two changes within one would look like none, so each moves the time on."""
        trade.modified = max(now.replace(microsecond=0), trade.modified + _SECOND)


def _share(discount: int, lines: list[Line]) -> None:
    """Spread a discount in proportion; what rounding leaves goes to the last lines, none gets more than it costs."""
    goods_fee = sum(line.goods_fee for line in lines)
    discount = min(discount, goods_fee)
    for line in lines:
        line.share = discount * line.goods_fee // goods_fee if goods_fee else 0
    left = discount - sum(line.share for line in lines)
    for line in reversed(lines):
        more = min(left, line.goods_fee - line.share)
        line.share += more
        left -= more


def mask_nick(nick: str) -> str:
    return f"{nick[:1]}**{nick[-1:]}"
