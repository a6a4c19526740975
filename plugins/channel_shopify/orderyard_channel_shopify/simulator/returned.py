"""Returns: how the graph shows them, the merchant's answers to them, and what buyer and warehouse do with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from threading import RLock
from typing import TYPE_CHECKING, Any

from .books import Books, Order, Refund, Return, ReturnLine, Transaction
from .paging import View, connection, stamp

if TYPE_CHECKING:
    from .graph import Graph


def view(graph: Graph, entry: Return) -> View:
    """Return."""
    work = entry.status in ("OPEN", "CLOSED")
    return {
        "__typename": "Return",
        "id": entry.id,
        "name": entry.name,
        "status": entry.status,
        "createdAt": stamp(entry.at),
        "requestApprovedAt": stamp(entry.approved) if entry.approved else None,
        "closedAt": stamp(entry.closed) if entry.closed else None,
        "totalQuantity": sum(line.units for line in entry.lines),
        "order": lambda info: graph.order(entry.order),
        "decline": {"reason": entry.declined[0], "note": entry.declined[1]} if entry.declined else None,
        "returnLineItems": lambda info, **args: connection(
            entry.lines, lambda line: [line.id], lambda line: _line(graph, line), args
        ),
        "exchangeLineItems": lambda info, **args: connection(
            [1] if entry.exchange else [],
            lambda one: [str(one)],
            lambda one: {"id": "gid://shopify/ExchangeLineItem/1", "quantity": one},
            args,
        ),
        "returnShippingFees": [{"id": "gid://shopify/ReturnShippingFee/1", "amountSet": graph.bag(entry.shipping_fee)}]
        if entry.shipping_fee
        else [],
        "refunds": lambda info, **args: connection(entry.refunds, lambda refund: [refund.id], graph.refund, args),
        "reverseFulfillmentOrders": lambda info, **args: connection(
            [entry] if work else [], lambda one: [one.id], lambda one: _work(graph, one), args
        ),
    }


def _line(graph: Graph, line: ReturnLine) -> View:
    disposed = sum(units for _, _, units in line.disposed)
    shown: View = {
        "__typename": "ReturnLineItem" if line.of else "UnverifiedReturnLineItem",
        "id": line.id,
        "quantity": line.units,
        "processedQuantity": disposed,
        "refundedQuantity": line.refunded,
        "customerNote": line.note or None,
        "returnReasonNote": "",
        "returnReasonDefinition": {"id": "gid://shopify/ReturnReasonDefinition/1", "name": line.reason},
    }
    if line.of is None:
        return shown
    identity, ordered, units = line.of
    return {
        **shown,
        "withCodeDiscountedTotalPriceSet": graph.bag(_worth(line)),
        "restockingFee": {"id": "gid://shopify/RestockingFee/1", "amountSet": graph.bag(line.fee), "percentage": 10.0}
        if line.fee
        else None,
        "fulfillmentLineItem": {"id": identity, "quantity": units, "lineItem": graph.line(ordered)},
    }


def _work(graph: Graph, entry: Return) -> View:
    number = entry.id.rsplit("/", 1)[-1]
    deliverable = entry.tracking and {
        "__typename": "ReverseDeliveryShippingDeliverable",
        "tracking": {"carrierName": entry.tracking[0], "number": entry.tracking[1], "url": None},
    }
    return {
        "id": f"gid://shopify/ReverseFulfillmentOrder/{number}",
        "status": entry.status,
        "lineItems": lambda info, **args: connection(
            entry.lines,
            lambda line: [line.id],
            lambda line: {
                "id": line.id.replace("ReturnLineItem", "ReverseFulfillmentOrderLineItem"),
                "totalQuantity": line.units,
                "dispositions": [{"id": identity, "type": kind, "quantity": units} for identity, kind, units in line.disposed],
            },
            args,
        ),
        "reverseDeliveries": lambda info, **args: connection(
            [number] if deliverable else [],
            lambda one: [one],
            lambda one: {"id": f"gid://shopify/ReverseDelivery/{one}", "deliverable": deliverable},
            args,
        ),
    }


def _worth(line: ReturnLine) -> int:
    if line.of is None:
        return 0
    ordered = line.of[1]
    return (ordered.item.price * ordered.units - ordered.discount) * line.units // ordered.units


def approve(graph: Graph, at: datetime, told: Mapping[str, Any]) -> View:
    """ReturnApproveRequestPayload."""
    entry, refusal = _requested(graph.books, told["id"])
    if entry is None:
        return {"return": None, "userErrors": [refusal]}
    entry.status, entry.approved, entry.order.updated = "OPEN", at, at
    return {"return": view(graph, entry), "userErrors": []}


def decline(graph: Graph, at: datetime, told: Mapping[str, Any]) -> View:
    """ReturnDeclineRequestPayload."""
    entry, refusal = _requested(graph.books, told["id"])
    if entry is None:
        return {"return": None, "userErrors": [refusal]}
    entry.status, entry.closed, entry.order.updated = "DECLINED", None, at
    entry.declined = (told["declineReason"], told.get("declineNote") or "")
    return {"return": view(graph, entry), "userErrors": []}


def _requested(books: Books, identity: str) -> tuple[Return | None, View]:
    entry = books.returns.get(identity)
    if entry is None:
        return None, {"code": "NOT_FOUND", "field": ["input", "id"], "message": "Return not found."}
    if entry.status != "REQUESTED":
        what = "Return is not approvable. Only returns with status REQUESTED can be answered."
        return None, {"code": "INVALID_STATE", "field": ["input", "id"], "message": what}
    return entry, {}


class Returns:
    """What buyers and the merchant's staff do with returns; `now` is the shop's clock in whole seconds."""

    def __init__(self, books: Books, lock: RLock, now: Callable[[], datetime]) -> None:
        self.books = books
        self.lock = lock
        self.now = now

    def request(self, order_id: str, *units: int, reason: str = "Size was too small", note: str = "", fee: int = 0) -> str:
        """A buyer asks to send back so many units of each line of what has shipped; the return's id."""
        with self.lock:
            order = self.books.orders[order_id]
            wanted = dict(zip((line.id for line in order.lines), units, strict=False))
            lines = []
            for parcel in order.parcels:
                for entry in parcel.lines:
                    taken = min(wanted.get(entry[1].id, 0), entry[2])
                    if taken:
                        wanted[entry[1].id] -= taken
                        lines.append(ReturnLine(self.books.gid("ReturnLineItem"), entry, taken, reason, note, fee))
            if not lines or any(wanted.values()):
                raise ValueError("only what has shipped can be sent back")
            number = 1 + sum(1 for known in self.books.returns.values() if known.order is order)
            at = order.updated = self.now()
            made = Return(self.books.gid("Return"), f"#{order.number}-R{number}", order, at, lines)
            self.books.returns[made.id] = made
            return made.id

    def change(self, return_id: str, **what: Any) -> None:
        """Anything else becomes known of it (`status`, `exchange`, `shipping_fee`), and its order changes with it."""
        with self.lock:
            entry = self.books.returns[return_id]
            for name, value in what.items():
                setattr(entry, name, value)
            entry.order.updated = self.now()

    def send_back(self, return_id: str, carrier: str, number: str) -> None:
        """The buyer hands the goods to a carrier."""
        self.change(return_id, tracking=(carrier, number))

    def dispose(self, return_id: str, kind: str, units: int) -> None:
        """So many units came back (or, `MISSING`, never will) and were disposed of."""
        with self.lock:
            entry = self.books.returns[return_id]
            for line in entry.lines:
                taken = min(units, line.units - sum(done for _, _, done in line.disposed))
                if taken:
                    line.disposed.append((self.books.gid("ReverseFulfillmentOrderDisposition"), kind, taken))
                    units -= taken
            entry.order.updated = self.now()

    def refund(self, return_id: str) -> None:
        """The money of the whole return goes back, less its fees."""
        with self.lock:
            entry = self.books.returns[return_id]
            amount = sum(_worth(line) - line.fee for line in entry.lines) - entry.shipping_fee
            self._refund(entry.order, entry, amount)

    def _refund(self, order: Order, entry: Return, amount: int) -> None:
        at = self.now()
        lines = []
        for line in entry.lines:
            if line.of:
                line.refunded = line.units
                line.of[1].returned += line.units
                lines.append((self.books.gid("RefundLineItem"), line.of[1], line.units))
        refund = Refund(self.books.gid("Refund"), at, amount, lines, "RETURN")
        order.refunds.append(refund)
        entry.refunds.append(refund)
        order.transactions.append(
            Transaction(self.books.gid("OrderTransaction"), "REFUND", "SUCCESS", order.gateway, at, amount)
        )
        order.updated = at

    def close(self, return_id: str) -> None:
        """Nothing more is expected of it."""
        self.change(return_id, status="CLOSED", closed=self.now())
