"""Shipment calls, and what a trade says about a parcel it was told of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orderyard.core.channels.api import Confirmed, Shipment
from orderyard.core.kernel.errors import CredentialsRefused, RemoteRejected

from . import answers
from .companies import check_number, company_code
from .gateway import Gateway
from .reading import line_id, parcels_of, trade_of

WAYS = ("offline", "online", "ascp")
"""Own waybill, parcel by parcel of whole lines; picked up by the platform's order; own waybill, unit by unit."""

_SEND = "taobao.logistics.{}.send"
_ASCP = "alibaba.ascp.logistics.offline.send"
_DUMMY = "taobao.logistics.dummy.send"
_RESEND = "taobao.logistics.consign.resend"
_MODIFY = "alibaba.ascp.logistics.consign.modify"
_FIELDS = "tid,status,orders,combine_logistics_details"
_WRONG_CALL = ("B98", "CD86")
"""A cash-on-delivery trade and some others are only taken by the other call."""
_GONE = frozenset(("TRADE_CLOSED", "TRADE_CLOSED_BY_TAOBAO"))
_SENT = frozenset(("WAIT_BUYER_CONFIRM_GOODS", "TRADE_BUYER_SIGNED", "TRADE_FINISHED"))


class Shipping:
    """Tells the platform of parcels in the way that the connection's settings name."""

    def __init__(self, gateway: Gateway, settings: Mapping[str, str]) -> None:
        self._gateway = gateway
        self._companies = settings.get("company_codes", "")
        self._rules = (settings.get("number_rules") or "check") == "check"
        self._way = settings.get("consign") or WAYS[0]

    def confirm(self, shipment: Shipment) -> Confirmed:
        """Tell the platform of one parcel; without a number there was none to carry (虚拟发货).

        The platform takes a parcel for a whole trade or for named lines. A call for the whole trade would overwrite the
        numbers of lines sent earlier, so unless this is the trade's only line it is read first.
        """
        if self._way not in WAYS:
            raise CredentialsRefused(f"Taobao: unknown way of shipping {self._way!r}", remedy=f"use one of {', '.join(WAYS)}")
        if not shipment.number.strip():
            return self._without_parcel(shipment)
        company = self._company(shipment)
        if self._way == "ascp":
            return self._by_unit(shipment, company)
        lines = [line.external_id for line in shipment.lines]
        split = not shipment.whole
        if shipment.whole and lines != [shipment.order_external_id]:
            trade = self._trade(shipment.order_external_id)
            if trade.knows(lines, shipment.number):
                return Confirmed(already=True)
            split = any(line not in lines and trade.status(line) in _SENT for line in trade.lines)
        already = [self._by_line(shipment, company, part, named=split) for part in (_parts(lines) if split else [lines])]
        return Confirmed(already=all(already))

    def find(self, shipment: Shipment) -> Confirmed | None:
        """Whether every line of the parcel bears its number already."""
        trade = self._trade(shipment.order_external_id)
        if not shipment.number.strip():
            sent = all(trade.status(line.external_id) in _SENT for line in shipment.lines)
            return Confirmed(already=True) if sent else None
        known = trade.knows([line.external_id for line in shipment.lines], shipment.number)
        return Confirmed(already=True) if known else None

    def change(self, shipment: Shipment, replaces: str) -> Confirmed:
        """Put the parcel's number where `replaces` stands; other parcels of the trade keep theirs."""
        company = self._company(shipment)
        tid, lines = shipment.order_external_id, [line.external_id for line in shipment.lines]
        trade = self._trade(tid)
        if trade.knows(lines, shipment.number):
            return Confirmed(already=True)
        standing = [line for line in lines if trade.bears(line, replaces)]
        if not standing:
            there = ", ".join(trade.others(lines, "")) or "no number"
            raise RemoteRejected(
                f"Taobao: trade {tid} shows {there}, not {replaces}", remedy="name the number that stands there"
            )
        if self._way == "ascp":
            method, params = _MODIFY, {
                "tid": tid, "old_out_sid": replaces, "new_out_sid": shipment.number, "new_company_code": company,
            }  # fmt: skip
        else:
            method, params = _RESEND, {"tid": tid, "out_sid": shipment.number, "company_code": company}
            if any(line not in standing for line in trade.lines if trade.status(line) not in _GONE):
                params |= {"is_split": "1", "sub_tid": ",".join(standing)}
        try:
            self._send(method, params)
        except RemoteRejected as refused:
            if not _about_shipping(refused) or not self._trade(tid).knows(standing, shipment.number):
                raise
            return Confirmed(already=True)
        return Confirmed()

    def _company(self, shipment: Shipment) -> str:
        company = company_code(shipment.carrier_code, self._companies)
        if self._rules:
            check_number(self._gateway, company, shipment.number.strip())
        return company

    def _without_parcel(self, shipment: Shipment) -> Confirmed:
        """Goods that no carrier brings; the call knows whole trades only."""
        tid = shipment.order_external_id
        if not shipment.whole:
            raise RemoteRejected(
                f"Taobao: a part of trade {tid} without a waybill number",
                remedy="give the parcel a number, or send all at once",
            )
        try:
            self._send(_DUMMY, {"tid": tid})
        except RemoteRejected as refused:
            if not _about_shipping(refused) or self.find(shipment) is None:
                raise
            return Confirmed(already=True)
        return Confirmed()

    def _by_line(self, shipment: Shipment, company: str, lines: Sequence[str], *, named: bool) -> bool:
        """Send one call; true when the platform knew these lines under our number before."""
        params = {"tid": shipment.order_external_id, "out_sid": shipment.number, "company_code": company}
        if named:
            params |= {"is_split": "1", "sub_tid": ",".join(lines)}
        first, second = ("online", "offline") if self._way == "online" else ("offline", "online")
        try:
            try:
                self._send(_SEND.format(first), params)
            except RemoteRejected as refused:
                if not refused.code.endswith(_WRONG_CALL):
                    raise
                self._send(_SEND.format(second), params)
        except RemoteRejected as refused:
            left = self._left(refused, shipment, lines)
            if left and named and len(left) < len(lines):
                self._by_line(shipment, company, left, named=True)
                return False
            if left:
                raise
            return True
        return False

    def _by_unit(self, shipment: Shipment, company: str) -> Confirmed:
        """Each line's units of this parcel; a line of which some stay here is said to be sent in part.

        The call can say that of one line only, so of several such lines each has a call of its own.
        """
        trade = self._trade(shipment.order_external_id)
        if trade.knows([line.external_id for line in shipment.lines], shipment.number):
            return Confirmed(already=True)
        whole: list[dict[str, object]] = []
        partial: list[dict[str, object]] = []
        for line in shipment.lines:
            if trade.bears(line.external_id, shipment.number):
                continue
            goods: dict[str, object] = {"sub_tid": line.external_id, "num": line.quantity, "item_type": 0}
            stays = trade.units(line.external_id) > trade.sent(line.external_id) + line.quantity
            (partial if stays and not shipment.whole else whole).append(goods)
        for inside in [[part] for part in partial[1:]] + [partial[:1] + whole]:
            package = {"out_sid": shipment.number, "company_code": company, "goods": inside}
            params = {"tid": shipment.order_external_id, "consign_pkgs": json.dumps([package]), "consign_type": "1"}
            if partial and inside[0] in partial:
                params["consign_status"] = json.dumps({"sub_tid": inside[0]["sub_tid"], "is_part_consign": True})
            try:
                self._send(_ASCP, params)
            except RemoteRejected as refused:
                if self._left(refused, shipment, [str(one["sub_tid"]) for one in inside]):
                    raise
        return Confirmed()

    def _left(self, refused: RemoteRejected, shipment: Shipment, lines: Sequence[str]) -> list[str]:
        """Which of the lines do not bear our number after a refusal; raises what is no matter of being shipped already.

        B02, B04, B55 and others all may mean "already shipped"; only the trade itself tells under which number.
        """
        if not _about_shipping(refused):
            raise refused
        trade = self._trade(shipment.order_external_id)
        if trade.knows(lines, shipment.number):
            return []
        if self._way != "ascp" and (others := trade.others(lines, shipment.number)):
            raise RemoteRejected(
                f"Taobao: trade {shipment.order_external_id} is already shipped as {', '.join(others)}",
                code=refused.code,
                raw=refused.raw,
                remedy="compare the two numbers; a wrong one is put right by telling the parcel again in its place",
            ) from None
        return [line for line in lines if not trade.bears(line, shipment.number) and trade.status(line) not in _GONE] or [
            *lines
        ]

    def _send(self, method: str, params: Mapping[str, str]) -> None:
        answer = self._gateway.call(method, params, effect=True)
        inside = answer.get("shipping", answer.get("result"))
        inside = inside if isinstance(inside, dict) else answer
        if not answers.yes(inside.get("is_success", inside.get("success"))):
            raise RemoteRejected(f"Taobao: {method} for trade {params['tid']} was not successful", raw=str(answer)[:2000])

    def _trade(self, tid: str) -> _Told:
        body = self._gateway.fetch("taobao.trade.fullinfo.get", {"tid": tid, "fields": _FIELDS})
        return _Told(trade_of(body), tid)


class _Told:
    """What a trade shows of its parcels, line by line."""

    def __init__(self, trade: Mapping[str, Any], tid: str) -> None:
        self._orders = {line_id(order): order for order in answers.listed(trade.get("orders"), f"orders of {tid}")}
        self._parcels = parcels_of(trade)

    @property
    def lines(self) -> Sequence[str]:
        return list(self._orders)

    def status(self, line: str) -> str:
        return answers.text(self._orders.get(line, {}).get("status"))

    def units(self, line: str) -> int:
        return answers.whole(self._orders.get(line, {}).get("num") or 0, f"num of line {line}")

    def sent(self, line: str) -> int:
        """Units told in parcels so far."""
        return sum(amount for _, amount in self._parcels.get(line, ()))

    def numbers(self, line: str) -> list[str]:
        """The waybill numbers the line is shown with."""
        shown = [answers.text(self._orders.get(line, {}).get("invoice_no")), *(one for one, _ in self._parcels.get(line, ()))]
        return list(dict.fromkeys(one for one in shown if one))

    def bears(self, line: str, number: str) -> bool:
        return any(one.casefold() == number.strip().casefold() for one in self.numbers(line))

    def knows(self, lines: Sequence[str], number: str) -> bool:
        """Whether each of these lines that is not closed bears the number, and one at least does."""
        ours = [line for line in lines if line in self._orders]
        bearing = [line for line in ours if self.bears(line, number)]
        return bool(bearing) and all(line in bearing or self.status(line) in _GONE for line in ours)

    def others(self, lines: Sequence[str], number: str) -> list[str]:
        """The other numbers these lines are shown with, `no number` for one that was sent without."""
        found = set()
        for line in lines:
            if not self.bears(line, number):
                numbers = self.numbers(line)
                found |= set(numbers) if numbers else {"no number"} if self.status(line) in _SENT else set()
        return sorted(found)


def _parts(lines: Sequence[str]) -> Iterator[Sequence[str]]:
    """At most 20 lines a call: `online.send` takes 20, `offline.send` 50."""
    for start in range(0, len(lines), 20):
        yield lines[start : start + 20]


def _about_shipping(refused: RemoteRejected) -> bool:
    return "logistics-" in refused.code
