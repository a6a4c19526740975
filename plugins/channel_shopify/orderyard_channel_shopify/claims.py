"""Returns as claims: what a buyer wants to send back, how far that has come, and the merchant's answer.

A return has no moment of its last change. Whatever happens to it changes its order, so the order's moment stands for it;
that a later stage of the return never looks older than an earlier one is seen to by microseconds.

Refunds without a return need no answer and stay in the order's document.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from orderyard.core.aftersales.api import AfterSaleState, AfterSaleType, GoodsState, MoneyState
from orderyard.core.channels.api import Claim, ClaimAnswer, ClaimLine, Found, Page
from orderyard.core.kernel.errors import DomainError, RemoteNotUnderstood, RemoteRejected
from orderyard.core.kernel.values import Money

from .node import Node, parse
from .wire import AdminApi, refusal, user_errors

ORDERS_PER_PAGE = 100
_RETURN = "gid://shopify/Return/"


class ReturnStatus(StrEnum):
    """How far a return has come."""

    CANCELED = "CANCELED"
    CLOSED = "CLOSED"
    DECLINED = "DECLINED"
    OPEN = "OPEN"
    REQUESTED = "REQUESTED"


class ReverseStatus(StrEnum):
    """ReverseFulfillmentOrderStatus: the work of taking goods back."""

    CANCELED = "CANCELED"
    CLOSED = "CLOSED"
    OPEN = "OPEN"


class Disposition(StrEnum):
    """What became of units that came back, or did not."""

    MISSING = "MISSING"
    NOT_RESTOCKED = "NOT_RESTOCKED"
    PROCESSING_REQUIRED = "PROCESSING_REQUIRED"
    RESTOCKED = "RESTOCKED"


_STAGE: Mapping[str, int] = {ReturnStatus.REQUESTED: 0, ReturnStatus.OPEN: 1}
_LAST_STAGE = 2
"""Also of a status we do not know: it parks the one return that has it when that is read, and not the whole page."""

_OVER = {
    ReturnStatus.CLOSED: AfterSaleState.CLOSED,
    ReturnStatus.DECLINED: AfterSaleState.REJECTED,
    ReturnStatus.CANCELED: AfterSaleState.CANCELLED,
}

_NOT_AGREED = (AfterSaleState.REQUESTED, AfterSaleState.REJECTED, AfterSaleState.CANCELLED)


@dataclass(frozen=True, slots=True)
class _Way:
    """The way back of the goods."""

    arrived: int
    missing: int
    carrier: str
    number: str


def pull(api: AdminApi, query: str, cursor: str | None) -> Page:
    """Returns of the orders that `query` finds; each is fetched by itself, so that a page stays cheap."""
    orders = api.read("returns", {"first": ORDERS_PER_PAGE, "after": cursor, "query": query}).node("orders")
    found = tuple(
        Found(entry.text("id"), _version(entry))
        for order in orders.each("nodes")
        for entry in order.node("returns").each("nodes")
    )
    page = orders.node("pageInfo")
    return Page(found, page.text("endCursor") if page.flag("hasNextPage") else None)


def fetch(api: AdminApi, external_id: str) -> bytes:
    """The return alone, as JSON."""
    data = api.read("return", {"id": external_id}) if external_id.startswith(_RETURN) else None
    if data is None or not data.has("return"):
        raise RemoteRejected(f"Shopify knows no return {external_id}")
    return json.dumps(data.node("return").values, separators=(",", ":")).encode()


def read(document: Node) -> Claim:
    """The claim as it stands in the document."""
    try:
        return _read(document)
    except DomainError as error:
        raise RemoteNotUnderstood(f"return {document.values.get('id')}: {error}") from error


def answer(api: AdminApi, said: ClaimAnswer, *, notify: bool) -> None:
    """Approve or decline a request; one that stands as answered is left as it is."""
    sent: dict[str, object] = {"id": said.claim.external_id, "notifyCustomer": notify}
    if said.agree:
        payload = api.write("returnApproveRequest", {"input": sent})
    else:
        sent |= {"declineReason": "OTHER", "declineNote": said.because}
        payload = api.write("returnDeclineRequest", {"input": sent})
    errors = user_errors(payload)
    if not errors:
        return
    now = read(parse(fetch(api, said.claim.external_id))).state
    as_said = now not in _NOT_AGREED if said.agree else now is AfterSaleState.REJECTED
    if not as_said:
        raise RemoteRejected(refusal(errors), code=errors[0].text_or_empty("code"))


def _version(entry: Node) -> datetime:
    moments = [entry.node("order").moment("updatedAt"), entry.moment("createdAt")]
    moments += [entry.moment(name) for name in ("requestApprovedAt", "closedAt") if entry.has(name)]
    stage = _STAGE.get(entry.text("status"), _LAST_STAGE)
    return max(moments).replace(microsecond=0) + timedelta(microseconds=stage)


def _read(document: Node) -> Claim:
    order = document.node("order")
    currency = order.text("currencyCode")
    status = document.choice("status", ReturnStatus)
    lines = list(document.connection("returnLineItems"))
    units = sum(line.number("quantity") for line in lines)
    way = _way(document, lines)
    refunded = sum(
        (refund.money("totalRefundedSet", currency) for refund in document.connection("refunds")), Money.zero(currency)
    )
    exchange = any(True for _ in document.node("exchangeLineItems").each("nodes"))
    paid_back = bool(lines) and all(line.number("refundedQuantity") >= line.number("quantity") for line in lines)
    return Claim(
        external_id=document.text("id"),
        order_external_id=order.text("id"),
        version=_version(document),
        type=AfterSaleType.EXCHANGE if exchange else AfterSaleType.RETURN_REFUND,
        state=_state(status, way, units),
        amount=refunded if paid_back else _worth(document, lines, currency),
        lines=_claim_lines(lines, currency),
        goods=_goods(status, way, units),
        money=_money(status, exchange, paid_back, refunded),
        reason=_said(lines, _reason),
        words=_said(lines, _words),
        carrier=way.carrier,
        waybill=way.number,
    )


def _claim_lines(lines: Sequence[Node], currency: str) -> tuple[ClaimLine, ...]:
    """By line of the order: two entries of a return may be about one."""
    units: dict[str, int] = {}
    worth: dict[str, Money] = {}
    for line in lines:
        if line.text("__typename") != "ReturnLineItem":
            raise RemoteNotUnderstood(f"{line.path} is goods that no line of the order stands for")
        identity = line.node("fulfillmentLineItem").node("lineItem").text("id")
        units[identity] = units.get(identity, 0) + line.number("quantity")
        amount = line.money("withCodeDiscountedTotalPriceSet", currency)
        worth[identity] = worth.get(identity, Money.zero(currency)) + amount
    return tuple(ClaimLine(identity, units[identity], worth[identity]) for identity in units)


def _worth(document: Node, lines: Sequence[Node], currency: str) -> Money:
    """What the goods cost the buyer, less what the merchant keeps for taking them back."""
    total = Money.zero(currency)
    for line in lines:
        total += line.money("withCodeDiscountedTotalPriceSet", currency)
        if line.has("restockingFee"):
            total -= line.node("restockingFee").money("amountSet", currency)
    for fee in document.each("returnShippingFees"):
        total -= fee.money("amountSet", currency)
    return max(total, Money.zero(currency), key=lambda money: money.minor)


def _way(document: Node, lines: Sequence[Node]) -> _Way:
    arrived = missing = 0
    carrier = number = ""
    for work in document.connection("reverseFulfillmentOrders"):
        work.choice("status", ReverseStatus)
        for entry in work.connection("lineItems"):
            for disposition in entry.each("dispositions"):
                if disposition.choice("type", Disposition) is Disposition.MISSING:
                    missing += disposition.number("quantity")
                else:
                    arrived += disposition.number("quantity")
        for delivery in work.connection("reverseDeliveries"):
            # A deliverable may be nothing yet, or of a kind that carries no tracking.
            if delivery.has("deliverable") and delivery.node("deliverable").has("tracking"):
                tracking = delivery.node("deliverable").node("tracking")
                carrier, number = tracking.text_or_empty("carrierName"), tracking.text_or_empty("number")
    processed = sum(line.number("processedQuantity") for line in lines)
    return _Way(max(arrived, processed - missing), missing, carrier, number)


def _state(status: ReturnStatus, way: _Way, units: int) -> AfterSaleState:
    if status in _OVER:
        return _OVER[status]
    if status is ReturnStatus.REQUESTED:
        return AfterSaleState.REQUESTED
    if units and way.arrived + way.missing >= units:
        return AfterSaleState.RECEIVED
    return AfterSaleState.IN_TRANSIT if way.number else AfterSaleState.APPROVED


def _goods(status: ReturnStatus, way: _Way, units: int) -> GoodsState:
    if units and way.arrived >= units:
        return GoodsState.RECEIVED
    if way.arrived:
        return GoodsState.PARTIAL
    return GoodsState.TERMINATED if status in _OVER or (units and way.missing >= units) else GoodsState.WAITING


def _money(status: ReturnStatus, exchange: bool, paid_back: bool, refunded: Money) -> MoneyState:
    if paid_back or (status in _OVER and refunded.minor):
        return MoneyState.REFUNDED
    return MoneyState.NONE if status in _OVER or exchange else MoneyState.PENDING


def _reason(line: Node) -> str:
    name = line.node("returnReasonDefinition").text("name") if line.has("returnReasonDefinition") else ""
    return ": ".join(part for part in (name, line.text_or_empty("returnReasonNote")) if part)


def _words(line: Node) -> str:
    return line.text_or_empty("customerNote")


def _said(lines: Sequence[Node], part: Callable[[Node], str]) -> str:
    """What is said of the lines, each thing once."""
    return "; ".join(dict.fromkeys(text for line in lines if (text := part(line))))
