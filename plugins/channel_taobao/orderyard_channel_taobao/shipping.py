"""Shipment calls, and what a trade says about a parcel it was told of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orderyard.core.channels.api import Confirmed, Shipment
from orderyard.core.kernel.errors import RemoteRejected

from . import answers
from .carriers import company_code
from .gateway import Gateway
from .reading import line_id, trade_of

_OFFLINE = "taobao.logistics.offline.send"
_ONLINE = "taobao.logistics.online.send"
_FIELDS = "tid,status,orders"
_WRONG_CALL = ("B98", "CD86")
"""A cash-on-delivery trade and some others are only taken by the other call."""
_GONE = frozenset(("TRADE_CLOSED", "TRADE_CLOSED_BY_TAOBAO"))
_SENT = frozenset(("WAIT_BUYER_CONFIRM_GOODS", "TRADE_BUYER_SIGNED", "TRADE_FINISHED"))


def confirm(gateway: Gateway, shipment: Shipment, companies: str) -> Confirmed:
    """Tell the platform of one parcel; `companies` overrides carrier codes.

    The platform takes a parcel for a whole trade or for named lines. A call for the whole trade would overwrite the numbers
    of lines sent earlier, so unless this is the trade's only line it is read first.
    """
    lines = [line.external_id for line in shipment.lines]
    split = not shipment.whole
    if shipment.whole and lines != [shipment.order_external_id]:
        orders = _orders(gateway, shipment.order_external_id)
        if _knows(orders, lines, shipment.number):
            return Confirmed(already=True)
        split = any(line_id(order) not in lines and _status(order) in _SENT for order in orders)
    already = [
        _confirm(gateway, shipment, company_code(shipment.carrier_code, companies), part, named=split)
        for part in (_parts(lines) if split else [lines])
    ]
    return Confirmed(already=all(already))


def find(gateway: Gateway, shipment: Shipment) -> Confirmed | None:
    """Whether every line of the parcel bears its number already."""
    orders = _orders(gateway, shipment.order_external_id)
    if _knows(orders, [line.external_id for line in shipment.lines], shipment.number):
        return Confirmed(already=True)
    return None


def _parts(lines: Sequence[str]) -> Iterator[Sequence[str]]:
    """At most 20 lines a call: `online.send` takes 20, `offline.send` 50."""
    for start in range(0, len(lines), 20):
        yield lines[start : start + 20]


def _confirm(gateway: Gateway, shipment: Shipment, company: str, lines: Sequence[str], *, named: bool) -> bool:
    """Send one call; true when the platform knew these lines under our number before."""
    params = {"tid": shipment.order_external_id, "out_sid": shipment.number, "company_code": company}
    if named:
        params |= {"is_split": "1", "sub_tid": ",".join(lines)}
    try:
        try:
            _send(gateway, _OFFLINE, params)
        except RemoteRejected as refused:
            if not refused.code.endswith(_WRONG_CALL):
                raise
            _send(gateway, _ONLINE, params)
    except RemoteRejected as refused:
        if "logistics-" not in refused.code:
            raise
        # B02, B04, B55 and others all may mean "already shipped"; only the trade itself tells under which number.
        orders = _orders(gateway, shipment.order_external_id)
        if _knows(orders, lines, shipment.number):
            return True
        if other := _other_numbers(orders, lines, shipment.number):
            raise RemoteRejected(
                f"Taobao: trade {shipment.order_external_id} is already shipped as {', '.join(other)}",
                code=refused.code,
                raw=refused.raw,
                remedy="compare the two numbers; a wrong one is changed in the seller's workbench",
            ) from None
        raise
    return False


def _send(gateway: Gateway, method: str, params: Mapping[str, str]) -> None:
    answer = gateway.call(method, params, effect=True)
    shipping = answer.get("shipping")
    done = shipping.get("is_success") if isinstance(shipping, dict) else answer.get("is_success")
    if not answers.yes(done):
        raise RemoteRejected(f"Taobao: {method} for trade {params['tid']} was not successful", raw=str(answer)[:2000])


def _orders(gateway: Gateway, tid: str) -> list[Mapping[str, Any]]:
    body = gateway.fetch("taobao.trade.fullinfo.get", {"tid": tid, "fields": _FIELDS})
    return answers.listed(trade_of(body).get("orders"), f"orders of {tid}")


def _status(order: Mapping[str, Any]) -> str:
    return answers.text(order.get("status"))


def _number(order: Mapping[str, Any]) -> str:
    return answers.text(order.get("invoice_no"))


def _same(left: str, right: str) -> bool:
    return left.strip().casefold() == right.strip().casefold()


def _knows(orders: Sequence[Mapping[str, Any]], lines: Sequence[str], number: str) -> bool:
    """Whether each of these lines that is not closed bears the number, and one at least does."""
    ours = [order for order in orders if line_id(order) in lines]
    bearing = [order for order in ours if _same(_number(order), number)]
    return bool(bearing) and all(order in bearing or _status(order) in _GONE for order in ours)


def _other_numbers(orders: Sequence[Mapping[str, Any]], lines: Sequence[str], number: str) -> list[str]:
    found = {
        _number(order) or "no number"
        for order in orders
        if line_id(order) in lines and not _same(_number(order), number) and (_number(order) or _status(order) in _SENT)
    }
    return sorted(found)
