"""From what a platform said to what we make of it: a draft for a new order, a list of changes for one we have."""

from __future__ import annotations

from collections.abc import Mapping

from ..catalog.queries import Item, ShopFacts, listed, shop
from ..catalog.service import meet_listings
from ..customers import queries as customers
from ..customers.service import CustomerFacts
from ..fulfillment.api import FoState
from ..fulfillment.states import INSIDE, quoted
from ..inventory import queries as stock
from ..kernel.errors import DomainError, RemoteNotUnderstood
from ..kernel.uow import UnitOfWork
from ..orders import amendments
from ..orders import service as orders
from ..orders.api import CARRIED, AmendmentState, HoldCode, OrderStatus, OrderType
from ..orders.changes import NewAddress
from ..orders.intake import DraftLine, OrderDraft
from .api import ChannelOrder, TradeState
from .upstream import cancelled, edits, ours, same_door, waiting, wanted
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


def _repaid(order: ChannelOrder) -> bool:
    """Everything was refunded as a mere amount while units are still to be sent: no machine decides that."""
    still = any(line.quantity > line.shipped + cancelled(order, line) for line in order.lines)
    return still and order.paid.minor > 0 and order.refunded.minor >= order.paid.minor


def _presale(order: ChannelOrder) -> bool:
    return order.presale or order.deposit_kept or order.state is TradeState.DEPOSIT_PAID


def chosen_warehouse(uow: UnitOfWork, facts: ShopFacts, order: ChannelOrder) -> int | None:
    """The warehouse that a document names, None when it names none."""
    if not order.warehouse:
        return None
    serving = {one.code: one.id for one in stock.serving(uow.db, [facts.id])[facts.id]}
    if order.warehouse not in serving:
        raise RemoteNotUnderstood(
            f"order {order.external_id} names warehouse {order.warehouse}, which does not serve shop {facts.code}",
            remedy="let it serve the shop, then replay the document",
        )
    return serving[order.warehouse]


def draft(
    shop: ShopFacts, code: str, order: ChannelOrder, items: Mapping[str, Item | None], warehouse_id: int | None = None
) -> OrderDraft:
    """A new order from its document; `code` is the connection's, under which its payment counts once."""
    if order.currency != shop.currency:
        raise RemoteNotUnderstood(
            f"order {order.external_id} is in {order.currency}, shop {shop.code} trades in {shop.currency}",
            remedy="connect the right shop, or correct its currency",
        )
    settled = order.cod or order.state not in UNSETTLED
    paid_at = (order.paid_at or order.placed_at) if settled and order.state is not TradeState.CANCELLED else order.paid_at
    if (order.state in UNSETTLED and not order.cod) or order.deposit_kept:
        paid_at = None  # whatever came then was not all of it
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
                cancelled(order, line),
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
        type=OrderType.PRESALE if _presale(order) else OrderType.NORMAL,
        received_at=order.paid_at,
        kept_at=order.version if order.deposit_kept else None,
        method=order.method,
        reach=order.reach,
        warehouse_id=warehouse_id,
        pickup_code=order.pickup_code,
    )


def apply(uow: UnitOfWork, code: str, order_id: int, order: ChannelOrder, before: ChannelOrder | None = None) -> list[str]:
    """Make an order follow a newer version of its document; what was done, in words.

    `before` is the version in effect until now. Every step compares what the platform says with what is counted here, so a
    repeated document changes nothing.
    """
    done: list[str] = []
    head = uow.db.row(
        "SELECT received, refunded, address_id, message, memo, shop_id, type FROM sales_order WHERE id = ?", (order_id,)
    )
    if head is None:
        raise RemoteNotUnderstood(f"order {order.external_id} points at order {order_id}, which is gone")
    received, refunded, address_id, message, memo, shop_id, type_ = head
    stable = f"{code}/{order.external_id}"
    if _presale(order) and type_ == OrderType.NORMAL:
        # Seen before anything was paid: only the deposit tells.
        orders.set_type(uow, order_id, OrderType.PRESALE)
    if (more := order.paid.minor - received) > 0:
        paid_at = order.paid_at or order.version
        payment = orders.PaymentFacts(order_id, more, paid_at, order.method, f"{stable}/paid/{order.paid.minor}")
        if orders.receive_payment(uow, payment):
            done.append("paid")
    if order.deposit_kept and orders.forfeit(uow, order_id, order.version):
        done.append("deposit kept")
    done += _units(uow, stable, order_id, order, before)
    done += _edited(uow, order_id, shop_id, order, before)
    if (more := order.refunded.minor - refunded) > 0:
        back = orders.PaymentFacts(order_id, more, order.version, order.method, f"{stable}/refund/{order.refunded.minor}")
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
    done += _address(uow, order_id, address_id, order, before)
    if (message, memo) != (order.message, order.memo):
        orders.set_words(uow, order_id, order.message, order.memo)
        done.append("words changed")
    if order.state is TradeState.COMPLETED:
        orders.complete(uow, order_id, order.version, "the platform closed the deal")
    return done


def _address(uow: UnitOfWork, order_id: int, address_id: int, order: ChannelOrder, before: ChannelOrder | None) -> list[str]:
    """Follow the platform to another door, unless it says what it said before: staff may have corrected that here."""
    said_before = before is not None and same_door(before.receiver, order.receiver)
    if said_before or same_door(customers.address(uow.db, address_id), order.receiver):
        return []
    [(status,)] = uow.db.rows("SELECT status FROM sales_order WHERE id = ?", (order_id,))
    if status == OrderStatus.CANCELLED or order.state is TradeState.CANCELLED:
        return []
    if status in (OrderStatus.SHIPPED, OrderStatus.COMPLETED):
        sent = [fo.waybill for fo in uow.about(CARRIED, [order_id]).get(order_id, ()) if fo.waybill]
        note = f"too late; ask the carrier to intercept {', '.join(sent)}" if sent else "too late"
        uow.note("address changed on the platform", "order", order_id, note)
        return ["address changed too late"]
    amendments.amend(uow, order_id, [NewAddress(order.receiver)], "changed on the platform", source="channel")
    return ["address changed"]


def _units(uow: UnitOfWork, stable: str, order_id: int, order: ChannelOrder, before: ChannelOrder | None) -> list[str]:
    """Count units that were sent by somebody else, and cancel what the platform cancelled, kits by their components."""
    rows = uow.db.rows(
        "SELECT id, external_id, per_kit, quantity, shipped, cancelled FROM order_line WHERE order_id = ? AND NOT kit "
        "AND external_id <> '' ORDER BY no",
        (order_id,),
    )
    cancels: dict[int, int] = {}
    elsewhere: dict[int, int] = {}
    by_id = {line.external_id: line for line in order.lines}
    told_before = told(uow.db, order_id)
    was = {} if before is None else {line.external_id: line for line in before.lines}
    for line_id, external_id, per_kit, quantity, shipped, gone in rows:
        line, then = by_id.get(external_id), was.get(external_id)
        if line is None:
            continue
        open_ = quantity - shipped - gone
        # What we told ourselves comes back as shipped, also for units that leave in a later parcel.
        if (more := min(line.shipped * per_kit - max(shipped, told_before.get(external_id, 0) * per_kit), open_)) > 0:
            elsewhere[line_id] = more
            open_ -= more
        if order.state is TradeState.CANCELLED:
            more = open_
        elif then is None or before is None:
            more = line.cancelled * per_kit - gone
        else:
            # The platform's last word tells what is new; our own count, what was cancelled here already.
            fresh = (line.cancelled - cancelled(before, then)) * per_kit
            more = min(fresh, quantity - gone - wanted(order, line) * per_kit)
        if (more := min(more, open_)) > 0:
            cancels[line_id] = more
    done = []
    if elsewhere:
        orders.record_shipped_elsewhere(uow, order_id, elsewhere, f"{stable}/elsewhere/{order.version.isoformat()}")
        done.append("shipped elsewhere")
    if cancels:
        orders.cancel(uow, order_id, cancels, "refunded" if order.refunded else "buyer")
        done.append("units cancelled")
    return done


def _edited(uow: UnitOfWork, order_id: int, shop_id: int, order: ChannelOrder, before: ChannelOrder | None) -> list[str]:
    """Lines, quantities and prices edited on the platform: applied before picking, kept for a person from then on."""
    if order.state is TradeState.CANCELLED:
        return []
    here = ours(uow, order_id)
    unknown = any(line.external_id not in here for line in order.lines)
    items = items_of(uow, shop(uow.db, shop_id), order) if unknown else {}
    changes = edits(before, order, here, items)
    kept = [row for row in amendments.amendments(uow.db, order_id) if row.state is AmendmentState.WAITING]
    if kept:
        more, idle = waiting([change for row in kept for change in row.changes], order, here)
        if idle and not changes:
            for row in kept:
                amendments.drop(uow, row.id, "the platform took it back")
            return ["edit taken back"]
        changes = [*changes, *more]
    if not changes:
        return []
    because = "changed on the platform"
    if not kept and not _begun(uow, order_id):
        try:
            amendments.preview(uow, order_id, changes)
        except DomainError as error:
            because = f"changed on the platform; {error.what}"
        else:
            amendments.amend(uow, order_id, changes, because, source="channel")
            return ["edited"]
    amendments.wait(uow, order_id, changes, because)
    return ["edit waits"]


def _begun(uow: UnitOfWork, order_id: int) -> bool:
    """Whether anybody picks, packs or has sent units of an order."""
    late = quoted((*INSIDE, FoState.SHIPPED, FoState.DELIVERED, FoState.RETURNING, FoState.RETURNED))
    return (
        uow.db.row(
            "SELECT 1 FROM fulfillment_order f JOIN fo_line x ON x.fo_id = f.id WHERE x.order_id = ? "
            f"AND f.state IN ({late}) LIMIT 1",
            (order_id,),
        )
        is not None
    )
