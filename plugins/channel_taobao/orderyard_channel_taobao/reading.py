"""From the document of `taobao.trade.fullinfo.get` to what it says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orderyard.core.channels.api import Buyer, ChannelLine, ChannelOrder, ListingRef, TradeState, check
from orderyard.core.kernel.errors import DomainError, RemoteNotUnderstood
from orderyard.core.kernel.values import Address, Money

from . import answers
from .moments import from_wire

CURRENCY = "CNY"
"""Every amount of a trade is stated in yuan, whatever the buyer paid with."""

# The platform gives an OAID only to a call that also asks for created and the receiver's name, address, mobile and phone.
FIELDS = (
    "tid,tid_str,type,status,seller_nick,title,buyer_nick,buyer_open_uid,buyer_message,seller_memo,created,pay_time,modified,"
    "payment,post_fee,step_trade_status,step_paid_fee,oaid,receiver_name,receiver_mobile,receiver_phone,receiver_country,"
    "receiver_state,receiver_city,receiver_district,receiver_town,receiver_address,receiver_zip,top_hold,team_buy_hold,"
    "share_group_hold,ofp_hold,forbid_consign,delay_create_delivery,orders,combine_logistics_details"
)

_UNPAID = frozenset(("TRADE_NO_CREATE_PAY", "WAIT_BUYER_PAY", "PAY_PENDING", "WAIT_PRE_AUTH_CONFIRM"))
_FORBIDDEN = "PAID_FORBID_CONSIGN"
_STATES = {
    **dict.fromkeys(_UNPAID, TradeState.UNPAID),
    "WAIT_SELLER_SEND_GOODS": TradeState.TO_SHIP,
    # Paid, but the platform forbids shipping for now: see `_held`.
    _FORBIDDEN: TradeState.TO_SHIP,
    "SELLER_CONSIGNED_PART": TradeState.PARTLY_SHIPPED,
    "WAIT_BUYER_CONFIRM_GOODS": TradeState.SHIPPED,
    "TRADE_BUYER_SIGNED": TradeState.SHIPPED,
    "TRADE_FINISHED": TradeState.COMPLETED,
    "TRADE_CLOSED": TradeState.CANCELLED,
    "TRADE_CLOSED_BY_TAOBAO": TradeState.CANCELLED,
}
_STEPS = {
    "FRONT_NOPAID_FINAL_NOPAID": TradeState.UNPAID,
    "FRONT_PAID_FINAL_NOPAID": TradeState.DEPOSIT_PAID,
    # The balance is in, the trade's own status only follows a moment later.
    "FRONT_PAID_FINAL_PAID": TradeState.DEPOSIT_PAID,
    "FRONT_PAID_FRONT_FORFEITED": TradeState.CANCELLED,
}
_LINE_OPEN = _UNPAID | {"WAIT_SELLER_SEND_GOODS", _FORBIDDEN}
_LINE_SHIPPED = frozenset(("WAIT_BUYER_CONFIRM_GOODS", "TRADE_BUYER_SIGNED", "TRADE_FINISHED"))
# Asked for and not decided, exchanges among them; a refund that the seller refused or the buyer withdrew is decided.
_REFUND_OPEN = frozenset(
    (
        "WAIT_SELLER_AGREE",
        "WAIT_BUYER_RETURN_GOODS",
        "WAIT_SELLER_CONFIRM_GOODS",
        "WAIT_BUYER_CONFIRM_EXCHANGE_SELLER_SEND_GOODS",
        "EXCHANGE_TRANSFORM_TO_REFUND",
        "WAIT_SELLER_CONSIGN_GOODS",
    )
)
_REFUND_DECIDED = frozenset(("", "NO_REFUND", "SELLER_REFUSE_BUYER", "CLOSED"))
_COD = frozenset(("cod", "b2c_cod", "super_market_cod_trade"))
_HOLDS = {
    "top_hold": "intercepted by the open platform (TOP 拦截)",
    "team_buy_hold": "held for a group purchase on Tmall (天猫拼团)",
    "share_group_hold": "held for a shared purchase (分享购)",
    "ofp_hold": "intercepted by Tmall Global (天猫国际)",
    "forbid_consign": "held for a Juhuasuan purchase in company (聚划算一起买)",
    "delay_create_delivery": "held for a Juhuasuan group deal (聚划算火拼)",
}
_COUNTRIES = {
    "": "CN",
    "中国": "CN",
    "中国大陆": "CN",
    "CHINA": "CN",
    "香港": "HK",
    "中国香港": "HK",
    "澳门": "MO",
    "中国澳门": "MO",
    "台湾": "TW",
    "中国台湾": "TW",
}
OWN_MEMO = "[OMS]"
"""How lines of the memo begin that an order system wrote."""


def trade_of(body: bytes) -> Mapping[str, Any]:
    """The `trade` object of an answer, in its envelope, simplified, or bare."""
    inside = answers.content(answers.document(body))
    trade = inside.get("trade", inside)
    if not isinstance(trade, dict) or not ({"tid", "tid_str"} & trade.keys()):
        raise RemoteNotUnderstood("Taobao: the document holds no trade", raw=answers.excerpt(body))
    return trade


def trade_id(trade: Mapping[str, Any]) -> str:
    return answers.identity(trade.get("tid_str") or trade.get("tid"), "tid")


def line_id(line: Mapping[str, Any]) -> str:
    return answers.identity(line.get("oid_str") or line.get("oid"), "oid")


def parcels_of(trade: Mapping[str, Any]) -> dict[str, list[tuple[str, int]]]:
    """Waybill numbers and units of lines that leave in several parcels, by line; other lines are not in it."""
    found: dict[str, list[tuple[str, int]]] = {}
    for parcel in answers.listed(trade.get("combine_logistics_details"), "combine_logistics_details"):
        oid, number = answers.text(parcel.get("sub_order_id")), answers.text(parcel.get("invoice_no"))
        for part in answers.listed(parcel.get("send_goods_details"), "send_goods_details"):
            # Of the other types, gifts and sets, the amounts count something else.
            if answers.text(part.get("type")) in ("", "0"):
                found.setdefault(oid, []).append((number, answers.whole(part.get("amount"), f"amount of line {oid}")))
    return found


def read_trade(body: bytes, app_key: str) -> ChannelOrder:
    """What the document says; RemoteNotUnderstood for anything not certain.

    A line's money is `divide_order_fee`, its share after every shop discount and without freight (`payment` of a lone line
    holds the freight too). The total is lines plus `post_fee` as ordered, so lines closed later are still in it.
    """
    trade = trade_of(body)
    tid = trade_id(trade)
    status = answers.text(trade.get("status"))
    state = _state(trade, status)
    cod = answers.text(trade.get("type")) in _COD
    orders = answers.listed(trade.get("orders"), f"orders of {tid}")
    parcels = parcels_of(trade)
    lines = tuple(_line(trade, line, status, parcels, alone=len(orders) == 1) for line in orders)
    if status == "TRADE_CLOSED" and any(line.shipped for line in lines):
        # Sent, delivered and refunded afterwards: what happened to the goods stays true, the refund is money of its own.
        state = TradeState.COMPLETED
    freight = money(trade.get("post_fee") or "0", f"post_fee of {tid}")
    total = freight
    for line in lines:
        total += line.amount
    paid = _paid(trade, state, cod, total, list(zip(orders, lines, strict=True)))
    paid_at = answers.text(trade.get("pay_time"))
    order = ChannelOrder(
        external_id=tid,
        number=tid,
        version=from_wire(trade.get("modified"), f"modified of {tid}"),
        state=state,
        placed_at=from_wire(trade.get("created"), f"created of {tid}"),
        # A cod trade and one closed before payment may carry a pay_time that means nothing.
        paid_at=from_wire(paid_at, f"pay_time of {tid}") if paid_at and paid else None,
        currency=CURRENCY,
        lines=lines,
        freight=freight,
        total=total,
        paid=paid,
        refunded=Money.zero(CURRENCY) if _forfeited(trade) else _refunded(orders, lines, status, freight, paid),
        buyer=_buyer(trade, tid),
        receiver=_receiver(trade, app_key),
        cod=cod,
        message=answers.text(trade.get("buyer_message")),
        memo=sellers_memo(answers.text(trade.get("seller_memo"))),
        held=_held(trade, status) if any(line.quantity > line.cancelled + line.shipped for line in lines) else "",
        presale=bool(answers.text(trade.get("step_trade_status"))),
        deposit_kept=_forfeited(trade) and state is TradeState.CANCELLED,
    )
    check(order)
    return order


def _state(trade: Mapping[str, Any], status: str) -> TradeState:
    if status not in _STATES:
        raise RemoteNotUnderstood(f"Taobao: unknown trade status {status!r}", code=status)
    step = answers.text(trade.get("step_trade_status"))
    if step and step not in _STEPS:
        raise RemoteNotUnderstood(f"Taobao: unknown presale status {step!r}", code=step)
    # While the balance is owed the trade's own status says WAIT_BUYER_PAY, deposit or not.
    return _STEPS[step] if step and status in _UNPAID else _STATES[status]


def _held(trade: Mapping[str, Any], status: str) -> str:
    """Why the platform forbids shipping what is open of the trade: every flag that is set, else its status alone."""
    reasons = [words for flag, words in _HOLDS.items() if answers.yes(trade.get(flag))]
    if not reasons and status == _FORBIDDEN:
        reasons = ["paid, but the platform forbids shipping for now (拼团中或发货强管控)"]
    return "; ".join(reasons)


def _line(
    trade: Mapping[str, Any],
    line: Mapping[str, Any],
    trade_status: str,
    parcels: Mapping[str, list[tuple[str, int]]],
    *,
    alone: bool,
) -> ChannelLine:
    oid = line_id(line)
    units = answers.whole(line.get("num"), f"num of line {oid}")
    status = answers.text(line.get("status")) or trade_status
    refund = answers.text(line.get("refund_status"))
    if refund not in _REFUND_DECIDED and refund not in _REFUND_OPEN and refund != "SUCCESS":
        raise RemoteNotUnderstood(f"Taobao: unknown refund status {refund!r} of line {oid}", code=refund)
    cancelled = shipped = 0
    if status in _LINE_SHIPPED:
        shipped = units
    elif status == "TRADE_CLOSED_BY_TAOBAO":
        cancelled = units
    elif status == "TRADE_CLOSED":
        gone = answers.text(line.get("consign_time")) or answers.text(line.get("invoice_no"))
        shipped, cancelled = (units, 0) if gone else (0, units)
    elif status in _LINE_OPEN:
        # Some units may have left, while the line as a whole waits for the others.
        shipped = min(units, sum(amount for _, amount in parcels.get(oid, ())))
        cancelled = units - shipped if refund == "SUCCESS" or _forfeited(trade) else 0
    else:
        raise RemoteNotUnderstood(f"Taobao: unknown status {status!r} of line {oid}", code=status)
    return ChannelLine(
        external_id=oid,
        listing=ListingRef(
            item_id=answers.text(line.get("num_iid")),
            variant_id=answers.text(line.get("sku_id")),
            merchant_code=answers.text(line.get("outer_sku_id")) or answers.text(line.get("outer_iid")),
        ),
        title=answers.text(line.get("title")),
        quantity=units,
        unit_price=money(line.get("price"), f"price of line {oid}"),
        amount=_amount(trade, line, oid, alone),
        cancelled=cancelled,
        shipped=shipped,
        refund_requested=refund in _REFUND_OPEN,
    )


def _forfeited(trade: Mapping[str, Any]) -> bool:
    return answers.text(trade.get("step_trade_status")) == "FRONT_PAID_FRONT_FORFEITED"


def _amount(trade: Mapping[str, Any], line: Mapping[str, Any], oid: str, alone: bool) -> Money:
    """`divide_order_fee`; where it is left out, a lone line's `payment` holds the freight, one of several its share of none."""
    if answers.text(line.get("divide_order_fee")):
        return money(line["divide_order_fee"], f"divide_order_fee of line {oid}")
    if alone:
        whole = trade.get("payment") or line.get("payment")
        return money(whole, "payment") - money(trade.get("post_fee") or "0", "post_fee")
    shared = money(line.get("part_mjz_discount") or "0", f"part_mjz_discount of line {oid}")
    return money(line.get("payment"), f"payment of line {oid}") - shared


def _paid(
    trade: Mapping[str, Any],
    state: TradeState,
    cod: bool,
    total: Money,
    lines: list[tuple[Mapping[str, Any], ChannelLine]],
) -> Money:
    nothing = Money.zero(CURRENCY)
    step = answers.text(trade.get("step_trade_status"))
    status = answers.text(trade.get("status"))
    if status in _UNPAID or _forfeited(trade):
        deposit = step.startswith("FRONT_PAID")
        return money(trade.get("step_paid_fee") or "0", "step_paid_fee") if deposit else nothing
    if status == "TRADE_CLOSED_BY_TAOBAO":
        return nothing
    if cod and (state is not TradeState.COMPLETED or status == "TRADE_CLOSED"):
        # The money comes with the receipt; a parcel refused at the door closes the trade and brings none.
        return nothing
    for order, line in lines:
        # Closed before the payment, so no part of it.
        if answers.text(order.get("status")) == "TRADE_CLOSED_BY_TAOBAO":
            total -= line.amount
    return total


def _refunded(
    orders: list[Mapping[str, Any]], lines: tuple[ChannelLine, ...], status: str, freight: Money, paid: Money
) -> Money:
    """The money of lines closed after payment, with the freight when nothing was ever sent.

    A refund of only a part of a line's price does not show in the trade; it is known from the refund itself.
    """
    refunded = Money.zero(CURRENCY)
    if not paid or status in _UNPAID or status == "TRADE_CLOSED_BY_TAOBAO":
        return refunded
    for order, line in zip(orders, lines, strict=True):
        own = answers.text(order.get("status")) or status
        if own == "TRADE_CLOSED" or (line.cancelled and own != "TRADE_CLOSED_BY_TAOBAO"):
            refunded += line.amount
    if status == "TRADE_CLOSED" and not any(line.shipped for line in lines):
        refunded += freight
    return refunded


def _buyer(trade: Mapping[str, Any], tid: str) -> Buyer:
    """Known by the open uid, else by an unmasked nick; a masked nick fits many people, so then every trade has its own."""
    nick = answers.text(trade.get("buyer_nick"))
    external_id = answers.text(trade.get("buyer_open_uid")) or (nick if "*" not in nick else "")
    return Buyer(external_id=external_id or f"trade/{tid}")


def _receiver(trade: Mapping[str, Any], app_key: str) -> Address:
    country = answers.text(trade.get("receiver_country"))
    code = _COUNTRIES.get(country.upper(), country.upper())
    if len(code) != 2 or not code.isascii() or not code.isalpha():
        raise RemoteNotUnderstood(f"Taobao: unknown country {country!r}", code=country)
    name = answers.text(trade.get("receiver_name"))
    phone = answers.text(trade.get("receiver_mobile")) or answers.text(trade.get("receiver_phone"))
    detail = answers.text(trade.get("receiver_address"))
    oaid = answers.text(trade.get("oaid"))
    shop = answers.text(trade.get("seller_nick")) or answers.text(trade.get("title"))
    return Address(
        country=code,
        province=answers.text(trade.get("receiver_state")),
        city=answers.text(trade.get("receiver_city")),
        district=answers.text(trade.get("receiver_district")),
        town=answers.text(trade.get("receiver_town")),
        detail=detail,
        postcode=answers.text(trade.get("receiver_zip")),
        name=name,
        phone=phone,
        masked=bool(oaid) or any("*" in part for part in (name, phone, detail)),
        privacy_token=oaid,
        # Only the app that was given an OAID can use it, and only for the shop it came from.
        token_owner=f"taobao/{app_key}/{shop}" if oaid else "",
    )


def sellers_memo(memo: str) -> str:
    """The seller's own words; lines that an order system wrote back say nothing new."""
    return "\n".join(line for line in memo.splitlines() if not line.strip().startswith(OWN_MEMO)).strip()


def money(value: object, what: str) -> Money:
    """An amount of yuan, such as `12.30`."""
    try:
        return Money.of(answers.text(value), CURRENCY)
    except DomainError as error:
        raise RemoteNotUnderstood(f"Taobao: {what}: {error.what}") from None
