"""From what a platform said to what we make of it: a draft for a new order, a list of changes for one we have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..catalog.queries import Item, ShopFacts, listed
from ..catalog.service import meet_listings
from ..customers import queries as customers
from ..customers.service import CustomerFacts
from ..kernel.errors import RemoteNotUnderstood
from ..kernel.uow import UnitOfWork
from ..orders import service as orders
from ..orders.api import HoldCode
from ..orders.intake import DraftLine, OrderDraft
from .api import ChannelLine, ChannelOrder, TradeState
from .writeback import told

UNSETTLED = (TradeState.UNPAID, TradeState.DEPOSIT_PAID)


def items_of(uow: UnitOfWork, shop: ShopFacts, order: ChannelOrder) -> dict[str, Item | None]:
    """The SKU of each line, by line id; items seen for the first time become listings, mapped by merchant code."""
    keys = {line.external_id: (line.listing.item_id, line.listing.variant_id) for line in order.lines}
    known = listed(uow.db, shop.id, keys.values())
    unseen = {
        keys[line.external_id]: (line.listing.merchant_code, line.title)
        for line in order.lines
        if keys[line.external_id] not in known
    }
    if unseen:
        meet_listings(uow, shop.id, unseen)
        known |= listed(uow.db, shop.id, unseen)
    return {line_id: known[key] for line_id, key in keys.items()}


def _cancelled(order: ChannelOrder, line: ChannelLine) -> int:
    """Units that will not be sent: those the platform cancelled, or all unsent ones of a trade that is over."""
    return line.quantity - line.shipped if order.state is TradeState.CANCELLED else line.cancelled


def _repaid(order: ChannelOrder) -> bool:
    """Everything was refunded as a mere amount while units are still to be sent: no machine decides that."""
    still = any(line.quantity > line.shipped + _cancelled(order, line) for line in order.lines)
    return still and order.paid.minor > 0 and order.refunded.minor >= order.paid.minor


def draft(shop: ShopFacts, code: str, order: ChannelOrder, items: Mapping[str, Item | None]) -> OrderDraft:
    """A new order from its document; `code` is the connection's, under which its payment counts once."""
    if order.currency != shop.currency:
        raise RemoteNotUnderstood(
            f"order {order.external_id} is in {order.currency}, shop {shop.code} trades in {shop.currency}",
            remedy="connect the right shop, or correct its currency",
        )
    settled = order.cod or order.state not in UNSETTLED
    paid_at = (order.paid_at or order.placed_at) if settled and order.state is not TradeState.CANCELLED else order.paid_at
    holds: dict[HoldCode, str] = {}
    if asked := [line.title for line in order.lines if line.refund_requested]:
        holds[HoldCode.REFUND_REQUESTED] = ", ".join(asked)
    if order.state is TradeState.DEPOSIT_PAID:
        holds[HoldCode.PRESALE] = "deposit paid, balance open"
    if order.held:
        holds[HoldCode.PLATFORM_HOLD] = order.held
    if _repaid(order):
        holds[HoldCode.REFUNDED] = "all the money went back, and nothing was cancelled"
    buyer = order.buyer
    return OrderDraft(
        shop=shop,
        external_id=order.external_id,
        external_number=order.number,
        source="channel",
        placed_at=order.placed_at,
        paid_at=paid_at,
        customer=CustomerFacts(
            shop.id, buyer.external_id, buyer.name, buyer.email, buyer.phone, order.receiver.country or "CN"
        ),
        receiver=order.receiver,
        lines=tuple(
            DraftLine(
                line.title,
                line.quantity,
                line.unit_price.minor,
                line.amount.minor,
                items[line.external_id],
                line.external_id,
                (line.listing.item_id, line.listing.variant_id, line.listing.merchant_code),
                _cancelled(order, line),
                line.shipped,
            )
            for line in order.lines
        ),
        freight=order.freight.minor,
        received=order.paid.minor,
        refunded=order.refunded.minor,
        payment_key=f"{code}/{order.external_id}",
        cod=order.cod,
        message=order.message,
        memo=order.memo,
        cancel_reason="refunded" if order.refunded else "buyer",
        holds=holds,
        completed_at=order.version if order.state is TradeState.COMPLETED else None,
    )


def apply(uow: UnitOfWork, code: str, order_id: int, order: ChannelOrder) -> list[str]:
    """Make an order follow a newer version of its document; what was done, in words.

    Every step compares what the platform says with what is counted here, so a repeated document changes nothing.
    """
    done: list[str] = []
    head = uow.db.row("SELECT received, refunded, address_id, status, message, memo FROM sales_order WHERE id = ?", (order_id,))
    if head is None:
        raise RemoteNotUnderstood(f"order {order.external_id} points at order {order_id}, which is gone")
    received, refunded, address_id, status, message, memo = head
    stable = f"{code}/{order.external_id}"
    if (more := order.paid.minor - received) > 0:
        paid_at = order.paid_at or order.version
        payment = orders.PaymentFacts(order_id, more, paid_at, "platform", f"{stable}/paid/{order.paid.minor}")
        if orders.receive_payment(uow, payment):
            done.append("paid")
    done += _units(uow, stable, order_id, order)
    if (more := order.refunded.minor - refunded) > 0:
        back = orders.PaymentFacts(order_id, more, order.version, "platform", f"{stable}/refund/{order.refunded.minor}")
        if orders.refund(uow, back):
            done.append("refunded")
    asked = ", ".join(line.title for line in order.lines if line.refund_requested)
    balance = "deposit paid, balance open" if order.state is TradeState.DEPOSIT_PAID else ""
    repaid = "all the money went back, and nothing was cancelled" if _repaid(order) else ""
    for code_, note in (
        (HoldCode.REFUND_REQUESTED, asked),
        (HoldCode.PLATFORM_HOLD, order.held),
        (HoldCode.PRESALE, balance),
        (HoldCode.REFUNDED, repaid),
    ):
        if note:
            orders.hold(uow, order_id, code_, note, source="channel")
            done.append(f"hold {code_}")
        elif orders.lift(uow, order_id, code_, source="channel"):
            done.append(f"lifted {code_}")
    # A privacy token grows old and is given anew for the same door, so only the words tell whether the door changed.
    known = replace(customers.address(uow.db, address_id), privacy_token="", token_owner="")
    if known != replace(order.receiver, privacy_token="", token_owner="") and status not in (
        "shipped",
        "completed",
        "cancelled",
    ):
        orders.change_address(uow, order_id, order.receiver, "changed on the platform")
        done.append("address changed")
    if (message, memo) != (order.message, order.memo):
        orders.set_words(uow, order_id, order.message, order.memo)
        done.append("words changed")
    if order.state is TradeState.COMPLETED:
        orders.complete(uow, order_id, order.version, "the platform closed the deal")
    return done


def _units(uow: UnitOfWork, stable: str, order_id: int, order: ChannelOrder) -> list[str]:
    """Cancel and count units line by line, kits by their components; an edited quantity waits for a person."""
    rows = uow.db.rows(
        "SELECT id, no, external_id, kit, kit_line, per_kit, quantity, shipped, cancelled FROM order_line WHERE order_id = ? "
        "ORDER BY no",
        (order_id,),
    )
    cancels: dict[int, int] = {}
    elsewhere: dict[int, int] = {}
    edited: list[str] = []
    by_id = {line.external_id: line for line in order.lines}
    ours = told(uow.db, order_id)
    for line_id, _no, external_id, kit, kit_line, per_kit, quantity, shipped, cancelled in rows:
        line = by_id.get(external_id)
        if line is None:
            edited.append(f"line {external_id} is gone")
            continue
        if kit_line is None and line.quantity != quantity:
            edited.append(f"{line.title}: {quantity} → {line.quantity}")
            continue
        if kit:
            continue
        open_ = quantity - shipped - cancelled
        # What we told ourselves comes back as shipped, also for units that leave in a later parcel.
        if (more := min(line.shipped * per_kit - max(shipped, ours.get(external_id, 0) * per_kit), open_)) > 0:
            elsewhere[line_id] = more
            open_ -= more
        if (more := min(_cancelled(order, line) * per_kit - cancelled, open_)) > 0:
            cancels[line_id] = more
    if new := [line.title for line in order.lines if line.external_id not in {row[2] for row in rows}]:
        edited.append(f"new: {', '.join(new)}")
    done = []
    if edited:
        orders.hold(uow, order_id, HoldCode.UPSTREAM_CHANGED, "; ".join(edited), source="channel")
        done.append("edited")
    if elsewhere:
        orders.record_shipped_elsewhere(uow, order_id, elsewhere, f"{stable}/elsewhere/{order.version.isoformat()}")
        done.append("shipped elsewhere")
    if cancels:
        orders.cancel(uow, order_id, cancels, "refunded" if order.refunded else "buyer")
        done.append("units cancelled")
    return done
