"""What an order document of the REST API means; README.md has the table.

A document is ours to make, because the platform tells of an order in two places: `order`, and under `refunds` the units that
its refunds take back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from orderyard.core.channels.api import Buyer, ChannelLine, ChannelOrder, ListingRef, TradeState
from orderyard.core.kernel.errors import DomainError, RemoteNotUnderstood
from orderyard.core.kernel.values import Money

from .addresses import full_name, receiver
from .amounts import amounts
from .node import Node
from .parcels import parcels, recorded


class Status(StrEnum):
    """Order statuses of WooCommerce itself; a shop may have more, which the connection's settings can translate."""

    AUTO_DRAFT = "auto-draft"
    CHECKOUT_DRAFT = "checkout-draft"
    PENDING = "pending"
    FAILED = "failed"
    ON_HOLD = "on-hold"
    PROCESSING = "processing"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    TRASH = "trash"


_UNPAID = frozenset({Status.AUTO_DRAFT, Status.CHECKOUT_DRAFT, Status.PENDING, Status.FAILED})
_OVER = frozenset({Status.CANCELLED, Status.REFUNDED})
_WHY_HELD = {
    Status.ON_HOLD: "on hold in WooCommerce",
    Status.TRASH: "in the shop's trash",
    Status.PENDING: "cash on delivery, not confirmed in WooCommerce",
    Status.FAILED: "failed in WooCommerce",
    Status.AUTO_DRAFT: "still a draft in WooCommerce",
    Status.CHECKOUT_DRAFT: "still a draft in WooCommerce",
}


@dataclass(frozen=True, slots=True)
class Reader:
    """How a connection's settings say that its orders are read."""

    cod_methods: frozenset[str]
    memo_meta: str
    statuses: Mapping[str, str]
    """Statuses of the shop's own -> the one of WooCommerce that says the same."""

    @classmethod
    def of(cls, config: Mapping[str, str]) -> Reader:
        listed = (config.get("cod_methods") or "cod").split(",")
        pairs = [pair.partition("=") for pair in config.get("statuses", "").split(",") if pair.strip()]
        return cls(
            frozenset(name.strip().lower() for name in listed if name.strip()),
            config.get("memo_meta", "memo").strip(),
            {name.strip().removeprefix("wc-"): core.strip().removeprefix("wc-") for name, _, core in pairs},
        )

    def status(self, order: Node) -> Status:
        """RemoteNotUnderstood for one that neither WooCommerce nor the settings know."""
        text = order.text("status")
        try:
            return Status(self.statuses.get(text, text))
        except ValueError:
            raise RemoteNotUnderstood(
                f"order status {text!r} is none of WooCommerce's",
                remedy="say in the connection's settings which it equals, such as packing=processing",
            ) from None

    def read(self, document: Node) -> ChannelOrder:
        """The order as it stands in the document."""
        order = document.node("order")
        try:
            return self._read(order, list(document.each("refunds")))
        except DomainError as error:
            raise RemoteNotUnderstood(f"order {order.values.get('id')}: {error}") from error

    def _read(self, order: Node, refunds: Sequence[Node]) -> ChannelOrder:
        currency, status = order.text("currency"), self.status(order)
        zero, paid = Money.zero(currency), order.has("date_paid_gmt")
        cod = order.text_or_empty("payment_method").strip().lower() in self.cod_methods
        sums = amounts(order, currency)
        units = _units(order, refunds, status)
        lines = tuple(
            ChannelLine(
                external_id=line.identity("id"),
                listing=_listing(line),
                title=line.text("name"),
                quantity=line.number("quantity"),
                unit_price=price,
                amount=amount,
                cancelled=units[line.identity("id")].cancelled,
                shipped=units[line.identity("id")].shipped,
            )
            for line, price, amount in zip(order.each("line_items"), sums.unit_prices, sums.lines, strict=True)
        )
        settled = paid or status in (Status.PROCESSING, Status.COMPLETED)
        back = sum((-refund.money("total", currency) for refund in order.each("refunds")), zero)
        state = _state(status, lines, cod or settled)
        return ChannelOrder(
            external_id=order.identity("id"),
            number=order.text("number"),
            version=version(order),
            state=state,
            placed_at=order.moment("date_created_gmt"),
            paid_at=order.moment("date_paid_gmt") if paid and not cod and status not in _UNPAID else None,
            currency=currency,
            lines=lines,
            freight=sums.freight,
            total=sums.total,
            # Cash on delivery is the carrier's to bring; WooCommerce calls it paid as soon as the order is completed.
            paid=sums.total if settled and not cod else zero,
            refunded=zero if cod else back,
            buyer=_buyer(order),
            receiver=receiver(order),
            cod=cod,
            message=order.text_or_empty("customer_note"),
            memo=_memo(order, self.memo_meta),
            held=_held(status, state, cod),
        )


def envelope(order: Node, refunds: Sequence[Node]) -> bytes:
    """The document of an order: what the platform said, word for word, in one object."""
    whole = {"order": order.values, "refunds": [refund.values for refund in refunds]}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def changed(order: Node) -> datetime:
    """When the order last changed, in whole seconds."""
    return order.moment("date_modified_gmt" if order.has("date_modified_gmt") else "date_created_gmt").replace(microsecond=0)


def version(order: Node) -> datetime:
    """When the order last changed, finer than the platform says.

    It counts whole seconds, so a payment in the second of the order would look like the same version. What only ever grows
    (refunds, parcels told, having been paid, having been completed) orders such changes as microseconds.
    """
    happened = sum(1 for _ in order.each("refunds")) + sum(1 for _ in recorded(order))
    happened += order.has("date_paid_gmt") + order.has("date_completed_gmt")
    return changed(order) + timedelta(microseconds=min(happened, 999_999))


@dataclass(frozen=True, slots=True)
class _Units:
    cancelled: int
    shipped: int


def _units(order: Node, refunds: Sequence[Node], status: Status) -> dict[str, _Units]:
    """Per line. WooCommerce ships whole orders, by completing them; parts are what we recorded ourselves.

    Units refunded before the order was completed did not ship; those refunded after it came back, and have shipped.
    """
    done = order.moment("date_completed_gmt") if order.has("date_completed_gmt") else None
    completed = status is Status.COMPLETED or (status is Status.REFUNDED and done is not None)
    stated, told = {refund.identity("id") for refund in order.each("refunds")}, {entry.identity("id") for entry in refunds}
    if not stated <= told:
        raise RemoteNotUnderstood(f"order {order.identity('id')} has refunds that this document does not hold")
    early: dict[str, int] = {}
    for refund in refunds:
        if completed and (done is None or refund.moment("date_created_gmt") > done):
            continue
        for entry in refund.each("line_items"):
            line = _refunded_line(entry)
            early[line] = early.get(line, 0) + abs(entry.number("quantity"))
    sent: dict[str, int] = {}
    for lines in parcels(order).values():
        for line, count in lines.items():
            sent[line] = sent.get(line, 0) + count
    found: dict[str, _Units] = {}
    for entry in order.each("line_items"):
        line, ordered = entry.identity("id"), entry.number("quantity")
        shipped = min(sent.get(line, 0), ordered)
        gone = min(early.get(line, 0), ordered - shipped)
        if completed:
            shipped = ordered - gone
        elif status in _OVER:
            gone = ordered - shipped
        found[line] = _Units(gone, shipped)
    return found


def _refunded_line(entry: Node) -> str:
    """The order's line that a refund's line takes back; the platform says so in a meta entry."""
    for meta in entry.each("meta_data"):
        if meta.text_or_empty("key") == "_refunded_item_id":
            return str(meta.values.get("value") or "")
    raise RemoteNotUnderstood(f"{entry.path} does not say which line it refunds")


def _state(status: Status, lines: Sequence[ChannelLine], settled: bool) -> TradeState:
    left = sum(line.quantity - line.cancelled - line.shipped for line in lines)
    shipped = sum(line.shipped for line in lines)
    if status is Status.CANCELLED or (lines and not left and not shipped):
        return TradeState.CANCELLED
    if status is Status.REFUNDED:
        return (
            TradeState.SHIPPED
            if all(line.shipped + line.cancelled == line.quantity for line in lines)
            else TradeState.CANCELLED
        )
    if shipped:
        # Completing an order says that it has left, not that it has arrived.
        return TradeState.PARTLY_SHIPPED if left else TradeState.SHIPPED
    return TradeState.TO_SHIP if settled else TradeState.UNPAID


def _held(status: Status, state: TradeState, cod: bool) -> str:
    """Only what would ship otherwise is held; an order that nobody paid waits for its money anyway."""
    if status in _UNPAID and not cod:
        return ""
    return _WHY_HELD.get(status, "") if state in (TradeState.TO_SHIP, TradeState.PARTLY_SHIPPED) else ""


def _listing(line: Node) -> ListingRef:
    # A line without a product (typed in by hand) stands for nothing else: it is its own listing.
    return ListingRef(
        item_id=line.identity("product_id") or f"line {line.identity('id')}",
        variant_id=line.identity("variation_id"),
        merchant_code=line.text_or_empty("sku"),
    )


def _buyer(order: Node) -> Buyer:
    # A guest has no id of his own, and anybody may type any e-mail address; the order's id keeps two guests apart.
    billing = order.node("billing")
    return Buyer(
        external_id=order.identity("customer_id") or f"guest of {order.identity('id')}",
        name=full_name(billing),
        email=billing.text_or_empty("email"),
        phone=billing.text_or_empty("phone"),
    )


def _memo(order: Node, key: str) -> str:
    """The seller's note: order notes change no order and would never be pulled, so staff write theirs as a custom field."""
    for meta in order.each("meta_data"):
        value = meta.values.get("value")
        if key and meta.text_or_empty("key") == key and isinstance(value, str):
            return meta.text("value")
    return ""
