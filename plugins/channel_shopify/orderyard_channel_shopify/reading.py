"""What an order document of the GraphQL Admin API means.

Amounts are the shop's (`shopMoney`), never the buyer's presentment currency. `line.amount` is the original total less every
allocated discount, order-level ones among them; where the shop's prices are without tax, the line's own tax lines are
added, so that an amount is always what the buyer pays. Freight is the discounted shipping lines with their tax, and the
charges that belong to no line: tips, duties, import fees. Together they are the document's total; one that does not come
out is refused by `check`, except for an edited order, whose total no longer covers the lines it still lists.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from orderyard.core.channels.api import Buyer, ChannelLine, ChannelOrder, ListingRef, TradeState
from orderyard.core.kernel.errors import DomainError, RemoteNotUnderstood
from orderyard.core.kernel.values import Address, Money

from .node import Node


class Financial(StrEnum):
    """OrderDisplayFinancialStatus."""

    AUTHORIZED = "AUTHORIZED"
    EXPIRED = "EXPIRED"
    PAID = "PAID"
    PARTIALLY_PAID = "PARTIALLY_PAID"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    PENDING = "PENDING"
    REFUNDED = "REFUNDED"
    VOIDED = "VOIDED"


class Fulfillment(StrEnum):
    """OrderDisplayFulfillmentStatus; it tells of holds, the units say the rest."""

    FULFILLED = "FULFILLED"
    IN_PROGRESS = "IN_PROGRESS"
    ON_HOLD = "ON_HOLD"
    OPEN = "OPEN"
    PARTIALLY_FULFILLED = "PARTIALLY_FULFILLED"
    PENDING_FULFILLMENT = "PENDING_FULFILLMENT"
    REQUEST_DECLINED = "REQUEST_DECLINED"
    RESTOCKED = "RESTOCKED"
    SCHEDULED = "SCHEDULED"
    UNFULFILLED = "UNFULFILLED"


class FulfillmentState(StrEnum):
    """FulfillmentStatus of one fulfillment."""

    CANCELLED = "CANCELLED"
    ERROR = "ERROR"
    FAILURE = "FAILURE"
    OPEN = "OPEN"
    PENDING = "PENDING"
    SUCCESS = "SUCCESS"

    @property
    def counts(self) -> bool:
        """Whether its units have left or are on their way out."""
        return self in (FulfillmentState.OPEN, FulfillmentState.PENDING, FulfillmentState.SUCCESS)


class Restock(StrEnum):
    """RefundLineItemRestockType; CANCEL is the one for units that had not been fulfilled."""

    CANCEL = "CANCEL"
    LEGACY_RESTOCK = "LEGACY_RESTOCK"
    NO_RESTOCK = "NO_RESTOCK"
    RETURN = "RETURN"


_DISTRICT = re.compile(r"[\u4e00-\u9fff]{1,10}[区县市旗]")
# Both are said of an order only when they are true of everything in it that is still to be sent.
_HELD = {
    Fulfillment.ON_HOLD: "on hold in Shopify",
    Fulfillment.SCHEDULED: "Shopify has it scheduled for a later day",
}
_SETTLED = frozenset({Financial.PAID, Financial.PARTIALLY_REFUNDED, Financial.REFUNDED})


def version(order: Node) -> datetime:
    """When the platform last changed the order, finer than it says.

    `updatedAt` has whole seconds, so a payment in the second of the order would look like the same version. What only
    ever grows (transactions, fulfillments, closing, cancelling, the first edit) orders such changes as microseconds.
    """
    happened = sum(1 for _ in order.each("transactions")) + sum(1 for _ in order.each("fulfillments"))
    happened += order.has("cancelledAt") + order.has("closedAt") + order.flag("edited")
    return order.moment("updatedAt").replace(microsecond=0) + timedelta(microseconds=min(happened, 999_999))


def read_order(order: Node, cod_gateways: Sequence[str], memo_attribute: str) -> ChannelOrder:
    """The order as it stands in the document; `cod_gateways` are gateway names in lower case."""
    try:
        return _read(order, cod_gateways, memo_attribute)
    except DomainError as error:
        raise RemoteNotUnderstood(f"order {order.values.get('id')}: {error}") from error


def _read(order: Node, cod_gateways: Sequence[str], memo_attribute: str) -> ChannelOrder:
    currency = order.text("currencyCode")
    Money.zero(currency)
    financial = order.choice("displayFinancialStatus", Financial) if order.has("displayFinancialStatus") else None
    fulfillment = order.choice("displayFulfillmentStatus", Fulfillment)
    cancelled = order.has("cancelledAt")
    on_top = not order.flag("taxesIncluded")
    lines = _lines(order, currency, cancelled, on_top)
    freight = _freight(order, currency, on_top)
    total = sum((line.amount for line in lines), freight)
    gateways = [name.strip().lower() for name in order.texts("paymentGatewayNames") if name.strip()]
    cod = bool(gateways) and all(name in cod_gateways for name in gateways)
    return ChannelOrder(
        external_id=order.text("id"),
        number=order.text("name"),
        version=version(order),
        state=_state(order, lines, financial, cod, cancelled),
        placed_at=order.moment("createdAt"),
        paid_at=_paid_at(order, financial),
        currency=currency,
        lines=lines,
        freight=freight,
        total=total if order.flag("edited") else order.money("totalPriceSet", currency),
        paid=order.money("totalReceivedSet", currency),
        refunded=order.money("totalRefundedSet", currency),
        buyer=_buyer(order),
        receiver=_receiver(order),
        cod=cod,
        message=order.text_or_empty("note"),
        memo=_memo(order, memo_attribute),
        held=_held(order, fulfillment) if any(line.quantity > line.cancelled + line.shipped for line in lines) else "",
    )


def _held(order: Node, fulfillment: Fulfillment) -> str:
    """Why nothing of the order may ship for now, with the reasons that staff or apps gave; documents of old name none."""
    said = _HELD.get(fulfillment, "")
    if not said or not order.has("fulfillmentOrders"):
        return said
    work = order.node("fulfillmentOrders").each("nodes")
    reasons = dict.fromkeys(hold.text_or_empty("displayReason") for entry in work for hold in entry.each("fulfillmentHolds"))
    return ": ".join(part for part in (said, ", ".join(filter(None, reasons))) if part)


def _lines(order: Node, currency: str, cancelled: bool, on_top: bool) -> tuple[ChannelLine, ...]:
    shipped: dict[str, int] = {}
    for fulfillment in order.each("fulfillments"):
        if fulfillment.choice("status", FulfillmentState).counts:
            _count(fulfillment, "fulfillmentLineItems", shipped)
    taken_back: dict[str, int] = {}
    for refund in order.each("refunds"):
        for entry in refund.connection("refundLineItems"):
            if entry.choice("restockType", Restock) is Restock.CANCEL:
                name = entry.node("lineItem").text("id")
                taken_back[name] = taken_back.get(name, 0) + entry.number("quantity")
    return tuple(
        _line(
            line,
            _Units(line.number("quantity"), shipped.get(line.text("id"), 0), taken_back.get(line.text("id"), 0)),
            currency,
            cancelled,
            on_top,
        )
        for line in order.connection("lineItems")
    )


def _count(holder: Node, connection: str, units: dict[str, int]) -> None:
    for entry in holder.connection(connection):
        name = entry.node("lineItem").text("id")
        units[name] = units.get(name, 0) + entry.number("quantity")


@dataclass(frozen=True, slots=True)
class _Units:
    ordered: int
    shipped: int
    taken_back: int
    """Restocked as cancelled by a refund."""


def _gone(line: Node, units: _Units, cancelled: bool) -> int:
    """Units that will not ship any more: the strongest of three statements of the platform.

    Restocked as cancelled; removed or refunded while nothing has shipped (later it may be a return); and goods that it
    no longer counts as still to be fulfilled.
    """
    left = max(0, units.ordered - units.shipped)
    if cancelled:
        return left
    gone = max(0, units.taken_back)
    if units.shipped == 0:
        gone = max(gone, units.ordered - line.number("currentQuantity"))
    if line.flag("requiresShipping"):
        gone = max(gone, left - line.number("unfulfilledQuantity"))
    return min(gone, left)


def _line(line: Node, units: _Units, currency: str, cancelled: bool, on_top: bool) -> ChannelLine:
    price = line.money("originalUnitPriceSet", currency)
    amount = price * units.ordered
    for allocation in line.each("discountAllocations"):
        amount -= allocation.money("allocatedAmountSet", currency)
    if on_top:
        amount += _taxes(line, currency)
    identity = line.text("id")
    return ChannelLine(
        external_id=identity,
        # A custom line, and one whose product was deleted, stand for nothing else: such a line is its own listing.
        listing=ListingRef(
            item_id=line.node("product").text("id") if line.has("product") else identity,
            variant_id=line.node("variant").text("id") if line.has("variant") else "",
            merchant_code=line.text_or_empty("sku"),
        ),
        title=line.text("name"),
        quantity=units.ordered,
        unit_price=price,
        amount=amount,
        cancelled=_gone(line, units, cancelled),
        shipped=units.shipped,
    )


def _taxes(taxed: Node, currency: str) -> Money:
    """What tax adds to a price that is stated without; where prices hold it already, the tax lines only explain."""
    total = Money.zero(currency)
    for tax in taxed.each("taxLines"):
        total += tax.money("priceSet", currency)
    return total


def _freight(order: Node, currency: str, on_top: bool) -> Money:
    total = Money.zero(currency)
    for shipping in order.node("shippingLines").each("nodes"):
        total += shipping.money("discountedPriceSet", currency)
        if on_top:
            total += _taxes(shipping, currency)
    for charge in ("totalTipReceivedSet", "originalTotalDutiesSet", "originalTotalAdditionalFeesSet"):
        total += order.money_or_zero(charge, currency)
    return total


def _state(order: Node, lines: Sequence[ChannelLine], financial: Financial | None, cod: bool, cancelled: bool) -> TradeState:
    left = sum(line.quantity - line.cancelled - line.shipped for line in lines)
    shipped = sum(line.shipped for line in lines)
    if cancelled or (lines and not left and not shipped):
        return TradeState.CANCELLED
    if shipped and left:
        return TradeState.PARTLY_SHIPPED
    if shipped:
        return TradeState.COMPLETED if order.has("closedAt") else TradeState.SHIPPED
    if cod or financial in _SETTLED:
        return TradeState.TO_SHIP
    # AUTHORIZED money has not been taken: the order waits until somebody captures it.
    return TradeState.DEPOSIT_PAID if financial is Financial.PARTIALLY_PAID else TradeState.UNPAID


def _paid_at(order: Node, financial: Financial | None) -> datetime | None:
    """The last successful sale or capture; an order of nothing to pay counts as paid when it was processed."""
    if financial not in _SETTLED:
        return None
    moments = [
        transaction.moment("processedAt")
        for transaction in order.each("transactions")
        if transaction.text("kind") in ("SALE", "CAPTURE")
        and transaction.text("status") == "SUCCESS"
        and transaction.has("processedAt")
    ]
    return max(moments) if moments else order.moment("processedAt")


def _buyer(order: Node) -> Buyer:
    # A guest has no id of his own; the order's keeps two guests apart.
    customer = order.node("customer") if order.has("customer") else None
    address = order.node("shippingAddress") if order.has("shippingAddress") else None
    name = customer.text_or_empty("displayName") if customer else ""
    return Buyer(
        external_id=customer.text("id") if customer else f"guest of {order.text('id')}",
        name=name or (address.text_or_empty("name") if address else ""),
        email=order.text_or_empty("email"),
        phone=order.text_or_empty("phone") or (address.text_or_empty("phone") if address else ""),
    )


def _receiver(order: Node) -> Address:
    """The shipping address; empty where the order has none or the app may not see it."""
    if not order.has("shippingAddress"):
        return Address(country="")
    address = order.node("shippingAddress")
    country = address.text_or_empty("countryCodeV2")
    province, code = address.text_or_empty("province"), address.text_or_empty("provinceCode")
    detail = [address.text_or_empty(part).strip() for part in ("address1", "address2")]
    # Shopify has no field for a district; a second line that is nothing else is one. More is not guessed.
    district = detail.pop() if country == "CN" and _DISTRICT.fullmatch(detail[1]) else ""
    return Address(
        country=country,
        # Carriers elsewhere want the short code (ON, CA); in China nobody knows it.
        province=(province or code) if country == "CN" else (code or province),
        city=address.text_or_empty("city"),
        district=district,
        detail=", ".join(part for part in detail if part),
        postcode=address.text_or_empty("zip"),
        name=address.text_or_empty("name"),
        phone=address.text_or_empty("phone") or order.text_or_empty("phone"),
        company=address.text_or_empty("company"),
    )


def _memo(order: Node, name: str) -> str:
    """The seller's note: Shopify has one note field, which is the buyer's, so staff write theirs as a custom attribute."""
    return next(
        (entry.text_or_empty("value") for entry in order.each("customAttributes") if name and entry.text("key") == name), ""
    )
