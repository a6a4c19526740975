"""Words for the codes of channels and after-sales; `labels` shows them."""

from __future__ import annotations

from collections.abc import Mapping

from ..aftersales.api import AfterSaleState, AfterSaleType, GoodsState, MoneyState
from .words import lazy_gettext

_ = lazy_gettext

Words = Mapping[str, str]

VERDICT: Words = {
    "": _("To be read"),
    "effective": _("Took effect"),
    "stale": _("Older than what is known"),
    "duplicate": _("Came before"),
    "parked": _("Parked"),
    "dismissed": _("Given up"),
}
DOCUMENT: Words = {"order": _("Order"), "claim": _("After-sale"), "privacy": _("Privacy request"), "listing": _("Offers")}
INBOX_SOURCE: Words = {"pull": _("pulled"), "push": _("pushed"), "desk": _("from a page of our own")}
TRADE: Words = {
    "unpaid": _("Unpaid"),
    "deposit_paid": _("Deposit paid"),
    "to_ship": _("To ship"),
    "partly_shipped": _("Partly shipped"),
    "shipped": _("Shipped"),
    "completed": _("Completed"),
    "cancelled": _("Cancelled"),
}
ADAPTER_KIND: Words = {"channel": _("Sales channel"), "carrier": _("Carrier")}
AFTER_SALE_TYPE: Words = {
    AfterSaleType.REFUND_BEFORE_SHIP: _("Refund before shipping"),
    AfterSaleType.REFUND_ONLY: _("Refund only"),
    AfterSaleType.RETURN_REFUND: _("Return and refund"),
    AfterSaleType.EXCHANGE: _("Exchange"),
    AfterSaleType.RESHIP: _("Send again"),
    AfterSaleType.PRICE_PROTECT: _("Price difference"),
    AfterSaleType.REFUSAL: _("Refused at the door"),
    AfterSaleType.COMPLAINT: _("Complaint"),
}
AFTER_SALE: Words = {
    AfterSaleState.REQUESTED: _("To be answered"),
    AfterSaleState.APPROVED: _("Agreed"),
    AfterSaleState.IN_TRANSIT: _("Goods on their way back"),
    AfterSaleState.RECEIVED: _("Goods are back"),
    AfterSaleState.INSPECTED: _("Inspected"),
    AfterSaleState.SETTLING: _("Being settled"),
    AfterSaleState.CLOSED: _("Settled"),
    AfterSaleState.REJECTED: _("Refused"),
    AfterSaleState.CANCELLED: _("Withdrawn"),
}
GOODS_BACK: Words = {
    GoodsState.NONE: _("Nothing comes back"),
    GoodsState.WAITING: _("Waited for"),
    GoodsState.PARTIAL: _("Some are back"),
    GoodsState.RECEIVED: _("All are back"),
    GoodsState.TERMINATED: _("No longer waited for"),
}
MONEY_BACK: Words = {
    MoneyState.NONE: _("No money goes back"),
    MoneyState.PENDING: _("To be paid back"),
    MoneyState.REFUNDED: _("Paid back"),
    MoneyState.FAILED: _("Paying back failed"),
}
ANSWER: Words = {"agree": _("agreed"), "refuse": _("refused")}
FLAG: Words = {
    "": _("No flag"),
    "1": _("Red flag"),
    "2": _("Yellow flag"),
    "3": _("Green flag"),
    "4": _("Blue flag"),
    "5": _("Purple flag"),
}

CHANNEL_TASKS: Words = {
    "tell_shipment": _("Tell the platform about a shipment"),
    "answer_claim": _("Tell the platform what was answered"),
    "write_memo": _("Write the memo on the platform"),
    "cancel_order": _("Cancel the order on the platform"),
    "book_waybill": _("Book a waybill"),
    "void_waybill": _("Void a waybill"),
}
CHANNEL_ACTIONS: Words = {
    "connected": _("Connected"),
    "access granted": _("Access was given"),
    "moved back": _("Pulled again from an earlier moment"),
    "paused": _("Paused"),
    "resumed": _("Resumed"),
    "pulled": _("Pulled by hand"),
    "looked back": _("Looked back"),
    "subscribed": _("Pushes subscribed"),
    "back-fill begun": _("A list was asked for"),
    "back-fill done": _("The platform's list was worked through"),
    "cancellation asked for": _("To be cancelled on the platform"),
    "cancelled there": _("Cancelled on the platform"),
    "same door": _("The platform says whose door it is"),
    "dismissed": _("Given up"),
    "write-back again": _("To be told once more"),
    "memo asked for": _("Memo for the platform"),
    "memo written": _("Memo written on the platform"),
    "after-sale": _("After-sale"),
    "opened": _("Opened"),
    "brought up to date": _("Brought up to date"),
    "agree": _("Agreed"),
    "refuse": _("Refused"),
    "answer not taken": _("The platform did not take the answer"),
}
"""What the history of connections and after-sales says was done."""

CHANNEL_KINDS: Mapping[str, Words] = {
    "verdict": VERDICT,
    "document": DOCUMENT,
    "inbox_source": INBOX_SOURCE,
    "trade": TRADE,
    "adapter_kind": ADAPTER_KIND,
    "after_sale_type": AFTER_SALE_TYPE,
    "after_sale": AFTER_SALE,
    "goods_back": GOODS_BACK,
    "money_back": MONEY_BACK,
    "answer": ANSWER,
    "flag": FLAG,
}
CHANNEL_TONES: Mapping[str, Mapping[str, str]] = {
    "verdict": {
        "effective": "green",
        "stale": "secondary",
        "duplicate": "secondary",
        "parked": "red",
        "dismissed": "secondary",
    },
    "after_sale": {
        "requested": "orange",
        "in_transit": "azure",
        "received": "indigo",
        "inspected": "indigo",
        "settling": "purple",
        "closed": "green",
        "rejected": "red",
        "cancelled": "secondary",
    },
    "goods_back": {"none": "secondary", "waiting": "orange", "received": "green", "terminated": "secondary"},
    "money_back": {"none": "secondary", "pending": "orange", "refunded": "green", "failed": "red"},
}
