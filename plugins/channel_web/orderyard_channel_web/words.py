"""An order, a parcel and a wish in words for whoever bought."""

from __future__ import annotations

from orderyard.core.aftersales.api import AfterSaleState, AfterSaleType
from orderyard.core.hosted.api import AskedBack, Bought, Sent
from orderyard.core.orders.api import OrderStatus, PaymentState
from orderyard.core.web.api import gettext as _


def status(order: Bought) -> tuple[str, str]:
    """In a few words, and in a sentence."""
    if order.payment is PaymentState.COD_REFUSED:
        return _("Not accepted"), _("The parcel was not accepted at the door and came back to us.")
    if order.status is OrderStatus.CANCELLED:
        return _("Cancelled"), _("This order is cancelled and nothing of it will be sent.")
    if order.status is OrderStatus.PENDING_PAYMENT:
        return _("To be paid"), _("We send it as soon as the payment is here.")
    if order.status is OrderStatus.PENDING_REVIEW:
        return _("Received"), _("We have your order and look it over before it is packed.")
    if order.status is OrderStatus.TO_SHIP:
        if order.parcels:
            return _("Partly sent"), _("A part of it is on its way, the rest follows.")
        return _("Being prepared"), _("Your order is being prepared in our warehouse.")
    if order.status is OrderStatus.COMPLETED or (order.parcels and all(parcel.delivered_at for parcel in order.parcels)):
        return _("Delivered"), _("Everything has arrived.")
    return _("On its way"), _("Everything has left our warehouse.")


def parcel(sent: Sent) -> str:
    if sent.delivered_at:
        return _("Delivered")
    return {
        "picked_up": _("Collected by the carrier"),
        "in_transit": _("On its way"),
        "out_for_delivery": _("The courier is coming to you"),
        "delivered": _("Delivered"),
        "ready_for_pickup": _("Waits to be picked up"),
        "delivery_failed": _("Could not be delivered"),
        "returning": _("On its way back to us"),
        "returned": _("Back with us"),
    }.get(sent.events[0].state if sent.events else "", _("On its way"))


def wish(asked: AskedBack) -> str:
    """What was asked for."""
    return {
        AfterSaleType.REFUND_BEFORE_SHIP: _("Cancel before it is sent"),
        AfterSaleType.RETURN_REFUND: _("Send back"),
        AfterSaleType.REFUND_ONLY: _("Money back, goods stay"),
        AfterSaleType.EXCHANGE: _("Exchange"),
    }.get(asked.type, _("Something else"))


def answer(asked: AskedBack) -> str:
    """How far that has come."""
    return {
        AfterSaleState.REQUESTED: _("We have it and answer soon."),
        AfterSaleState.APPROVED: _("We agree."),
        AfterSaleState.IN_TRANSIT: _("The goods are on their way to us."),
        AfterSaleState.RECEIVED: _("The goods are here."),
        AfterSaleState.INSPECTED: _("The goods are here."),
        AfterSaleState.SETTLING: _("The money goes back to you."),
        AfterSaleState.CLOSED: _("Settled."),
        AfterSaleState.REJECTED: _("We cannot agree."),
        AfterSaleState.CANCELLED: _("Taken back."),
    }[asked.state]
