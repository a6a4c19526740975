"""Codes are stored, words are shown: every code a person may meet, with its words and its colour."""

from __future__ import annotations

from collections.abc import Mapping

from ..auth.permissions import Role as PersonRole
from ..carriers.api import TrackingState
from ..catalog.promotions import PromotionKind
from ..fulfillment.api import FoState, LineageKind, WaybillState
from ..ledger.api import Role
from ..orders.api import AmendmentState, HoldCode, OrderStatus, OrderType, PaymentState, PresaleState, Reach, ReviewState
from ..orders.freight import Further, Mode, Unit
from ..orders.states import Step
from .channel_labels import CHANNEL_ACTIONS, CHANNEL_KINDS, CHANNEL_TASKS, CHANNEL_TONES
from .stock_labels import STOCK_ACTIONS, STOCK_KINDS
from .words import gettext, lazy_gettext

_ = lazy_gettext

Words = Mapping[str, str]

STATUS: Words = {
    OrderStatus.PENDING_PAYMENT: _("To be paid"),
    OrderStatus.PENDING_REVIEW: _("To be reviewed"),
    OrderStatus.TO_SHIP: _("To ship"),
    OrderStatus.SHIPPED: _("Shipped"),
    OrderStatus.COMPLETED: _("Completed"),
    OrderStatus.CANCELLED: _("Cancelled"),
}
TYPE: Words = {
    OrderType.NORMAL: _("Ordinary order"),
    OrderType.RESHIP: _("Goods sent again"),
    OrderType.EXCHANGE: _("Exchange"),
    OrderType.PRESALE: _("Presale order"),
    OrderType.WHOLESALE: _("Wholesale order"),
}
REACH: Words = {
    Reach.SHIPPED: _("Shipped to the buyer"),
    Reach.PICKUP: _("Picked up by the buyer"),
    Reach.COUNTER: _("Given at the counter"),
}
PRESALE: Words = {
    "unpaid": _("No deposit yet"),
    PresaleState.DEPOSIT_PAID: _("Deposit paid"),
    PresaleState.BALANCE_PAID: _("Balance paid"),
    PresaleState.FORFEITED: _("Deposit forfeited"),
    PresaleState.CANCELLED: _("Cancelled"),
}
PAYMENT: Words = {
    PaymentState.UNPAID: _("Unpaid"),
    PaymentState.DEPOSIT_PAID: _("Deposit paid"),
    PaymentState.PAID: _("Paid"),
    PaymentState.COD_PENDING: _("Cash on delivery"),
    PaymentState.COD_COLLECTED: _("Cash collected"),
    PaymentState.COD_REMITTED: _("Cash received from carrier"),
    PaymentState.COD_REFUSED: _("Refused at the door"),
    PaymentState.PARTIALLY_REFUNDED: _("Partly refunded"),
    PaymentState.REFUNDED: _("Refunded"),
}
AMENDMENT: Words = {
    AmendmentState.DRAFT: _("Draft"),
    AmendmentState.WAITING: _("Waits for a person"),
    AmendmentState.APPLIED: _("Applied"),
    AmendmentState.DROPPED: _("Dropped"),
}
REVIEW: Words = {
    ReviewState.PENDING: _("Review pending"),
    ReviewState.PASSED: _("Review passed"),
    ReviewState.REJECTED: _("Rejected in review"),
    ReviewState.WITHDRAWN: _("Review withdrawn"),
}
FO: Words = {
    FoState.PLANNED: _("Planned"),
    FoState.ALLOCATED: _("Allocated"),
    FoState.RELEASED: _("Released"),
    FoState.PICKING: _("Being picked"),
    FoState.PICKED: _("Picked"),
    FoState.PACKED: _("Packed"),
    FoState.SHIPPED: _("Sent"),
    FoState.DELIVERED: _("Delivered"),
    FoState.RETURNING: _("On its way back"),
    FoState.RETURNED: _("Returned"),
    FoState.CANCELLED: _("Called off"),
}
LINEAGE: Words = {
    LineageKind.MERGED: _("Merged"),
    LineageKind.UNMERGED: _("Merge taken back"),
    LineageKind.SPLIT: _("Split"),
    LineageKind.REROUTED: _("Routed anew"),
}
MERGE_REFUSAL: Words = {
    "different_shop": _("different shops"),
    "different_address": _("different addresses"),
    "different_currency": _("different currencies"),
    "payment_type_differs": _("prepaid and cash on delivery"),
    "different_warehouse": _("different warehouses"),
    "already_in_warehouse": _("already being picked"),
    "cancelled": _("called off"),
    "sealed": _("never to be merged"),
}
FILE_STATE: Words = {"storing": _("Being read"), "running": _("Orders are being made"), "finished": _("Through")}
FILE_FIELD: Words = {
    "number": _("Order number"),
    "line": _("Line number, where an order has several rows"),
    "sku": _("SKU code or barcode"),
    "quantity": _("Units"),
    "price": _("Price of a unit"),
    "amount": _("Amount of the line"),
    "discount": _("Discount"),
    "freight": _("Freight"),
    "total": _("Total"),
    "received": _("Received"),
    "paid": _("Whether it is paid"),
    "cod": _("Cash on delivery"),
    "placed_at": _("Placed at"),
    "paid_at": _("Paid at"),
    "name": _("Receiver"),
    "phone": _("Telephone"),
    "country": _("Country"),
    "province": _("Province"),
    "city": _("City"),
    "district": _("District"),
    "town": _("Town"),
    "detail": _("Street and number"),
    "postcode": _("Postcode"),
    "company": _("Company"),
    "buyer": _("Buyer's id on the platform"),
    "email": _("E-mail"),
    "message": _("What the buyer asked for"),
    "memo": _("Seller's memo"),
    "type": _("Kind"),
}
WAYBILL: Words = {
    WaybillState.REQUESTED: _("Waybill requested"),
    WaybillState.ISSUED: _("Waybill issued"),
    WaybillState.USED: _("Waybill used"),
    WaybillState.VOIDED: _("Waybill voided"),
    WaybillState.VOID_FAILED: _("Voiding failed"),
}
TRACKING: Words = {
    TrackingState.BOOKED: _("Booked"),
    TrackingState.PICKED_UP: _("Collected"),
    TrackingState.IN_TRANSIT: _("In transit"),
    TrackingState.OUT_FOR_DELIVERY: _("Out for delivery"),
    TrackingState.READY_FOR_PICKUP: _("Ready to be picked up"),
    TrackingState.DELIVERY_FAILED: _("Delivery failed"),
    TrackingState.DELIVERED: _("Delivered"),
    TrackingState.RETURNING: _("On its way back"),
    TrackingState.RETURNED: _("Returned"),
    TrackingState.UNKNOWN: _("Unknown to us"),
}
HOLD: Words = {
    HoldCode.REVIEW_RULE: _("Review rule"),
    HoldCode.OUT_OF_STOCK: _("Out of stock"),
    HoldCode.PRESALE: _("Presale"),
    HoldCode.AWAITING_PAYMENT: _("Awaiting payment"),
    HoldCode.AWAITING_RETURN_ITEMS: _("Awaiting returned items"),
    HoldCode.MERGE_WAIT: _("Waiting to be merged"),
    HoldCode.ADDRESS_INVALID: _("Address incomplete"),
    HoldCode.ADDRESS_CHANGED: _("Address changed"),
    HoldCode.REFUND_REQUESTED: _("Refund requested"),
    HoldCode.REFUNDED: _("Refunded by the platform"),
    HoldCode.SKU_UNMAPPED: _("Item without SKU"),
    HoldCode.NO_CARRIER: _("No carrier"),
    HoldCode.WAYBILL_ERROR: _("Waybill error"),
    HoldCode.BLACKLIST: _("Blacklist"),
    HoldCode.FRAUD_RISK: _("Fraud risk"),
    HoldCode.PRICE_LOW: _("Price too low"),
    HoldCode.MANUAL: _("Held by hand"),
    HoldCode.SHORT_PICK: _("Short pick"),
    HoldCode.WEIGHT_DIFF: _("Weight differs"),
    HoldCode.UPSTREAM_CHANGED: _("Changed on the platform"),
    HoldCode.PLATFORM_HOLD: _("Held by the platform"),
    HoldCode.HAND_OVER: _("Handed over, not in the books"),
}
HOLD_HELP: Words = {
    HoldCode.REVIEW_RULE: _("Read the reason and approve or reject the order."),
    HoldCode.OUT_OF_STOCK: _("Lifts itself when stock arrives or is freed."),
    HoldCode.PRESALE: _("Lifts itself when the balance is paid."),
    HoldCode.AWAITING_PAYMENT: _("Lifts itself when the payment is complete."),
    HoldCode.AWAITING_RETURN_ITEMS: _("Lifts itself when the returned items are in."),
    HoldCode.MERGE_WAIT: _("Lifts itself when the waiting time is over."),
    HoldCode.ADDRESS_INVALID: _("Ask the buyer for the missing parts, then correct the address on the platform, or approve."),
    HoldCode.ADDRESS_CHANGED: _("Check the new address, then lift the hold."),
    HoldCode.REFUND_REQUESTED: _("Lifts itself when the refund is granted or withdrawn on the platform."),
    HoldCode.REFUNDED: _("The platform gave the money back; the units leave the order."),
    HoldCode.SKU_UNMAPPED: _("Give the item a SKU in the work list; the order then goes on by itself."),
    HoldCode.NO_CARRIER: _("Choose a carrier for the shop."),
    HoldCode.WAYBILL_ERROR: _("See what the carrier said; try again from the work list."),
    HoldCode.BLACKLIST: _("Look at the buyer's history, then lift the hold or reject the order."),
    HoldCode.FRAUD_RISK: _("Look at the buyer's history, then lift the hold or reject the order."),
    HoldCode.PRICE_LOW: _("Compare with the list price, then approve or reject the order."),
    HoldCode.MANUAL: _("Somebody held it on purpose. Lift the hold when the reason is gone."),
    HoldCode.SHORT_PICK: _("Count the bin, then pick the rest or plan the order anew."),
    HoldCode.WEIGHT_DIFF: _("Open the parcel and compare it with the lines."),
    HoldCode.UPSTREAM_CHANGED: _("The buyer changed the order after picking began. Compare, then lift the hold."),
    HoldCode.PLATFORM_HOLD: _("The platform forbids shipping for now. Lifts itself when it allows it again."),
    HoldCode.HAND_OVER: _("The buyer has the goods. Put the stock or the payment right, then hand it over in the books too."),
}
STEP: Words = {
    Step.REVIEW: _("Stops the review"),
    Step.RELEASE: _("Stops the release to the warehouse"),
    Step.PICK: _("Stops picking"),
    Step.PACK: _("Stops packing"),
    Step.SHIP: _("Stops shipping"),
}
NOTICE: Words = {
    "none": _("Not told yet"),
    "queued": _("About to be told"),
    "done": _("Platform knows"),
    "failed": _("Platform refused"),
    "not_supported": _("Platform cannot be told"),
}
CONNECTION: Words = {"active": _("Connected"), "paused": _("Paused")}
REASON: dict[str, str] = {
    "buyer": _("Cancelled by the buyer"),
    "refunded": _("Refunded before shipment"),
    "review_rejected": _("Rejected in review"),
    "balance_not_paid": _("Balance not paid"),
    "not_collected": _("Nobody came for it"),
    "cod_refused": _("Refused at the door"),
    "intercepted": _("Called back on its way"),
    "out_of_stock": _("Out of stock"),
    "order_cancelled": _("The order was cancelled"),
    "merged_into": _("Merged into another one"),
    "split_into": _("Split into others"),
    "rerouted": _("Routed anew"),
}
PERSON_ROLE: Words = {
    PersonRole.ADMIN: _("Administrator"),
    PersonRole.SUPERVISOR: _("Supervisor"),
    PersonRole.REVIEWER: _("Order reviewer"),
    PersonRole.WAREHOUSE: _("Warehouse"),
    PersonRole.FINANCE: _("Finance"),
    PersonRole.VIEWER: _("Viewer"),
}
PERSON_ROLE_HELP: Words = {
    PersonRole.ADMIN: _("Everything, people and plugins among it."),
    PersonRole.SUPERVISOR: _("Everything but people and plugins."),
    PersonRole.REVIEWER: _("Reads orders with addresses, approves and rejects."),
    PersonRole.WAREHOUSE: _("Picks, packs and ships; buyers' names stay masked."),
    PersonRole.FINANCE: _("Reads orders, stock and the ledger, and downloads it."),
    PersonRole.VIEWER: _("Reads orders, fulfillment and stock."),
}
ACCOUNT: Words = {
    Role.PLATFORM: _("Held by platforms"),
    Role.BANK: _("Bank"),
    Role.COD_RECEIVABLE: _("To be collected by carriers"),
    Role.ADVANCES: _("Advances from buyers"),
    Role.ADVANCES_TAX: _("Tax inside advances"),
    Role.OUTPUT_TAX: _("Output VAT"),
    Role.REVENUE: _("Revenue"),
    Role.FREIGHT_REVENUE: _("Freight revenue"),
    Role.OTHER_INCOME: _("Other income"),
    Role.COST_OF_GOODS: _("Cost of goods"),
    Role.INVENTORY: _("Inventory"),
    Role.PAYABLE: _("Payables"),
    Role.OPENING: _("Opening balances"),
    Role.STOCK_LOSS: _("Stock loss"),
}
SOURCE: Words = {"channel": _("From the platform"), "manual": _("Entered by hand"), "file": _("From a file")}
ACTION: Words = {
    "placed": _("Order came in"),
    "payment": _("Payment received"),
    "deposit paid": _("Deposit paid"),
    "balance paid": _("Balance paid"),
    "deposit kept": _("Deposit forfeited"),
    "pickup given up": _("Nobody came for it"),
    "presale over its cap": _("More sold than the presale allows"),
    "presale opened": _("Presale opened"),
    "presale changed": _("Presale changed"),
    "presale closed": _("Presale closed"),
    "type changed": _("Kind of order changed"),
    "refund": _("Refund"),
    "review rejected": _("Rejected in review"),
    "review passed": _("Review passed"),
    "review holds lifted": _("Review holds lifted"),
    "cancelled units": _("Units cancelled"),
    "shipped elsewhere": _("Shipped elsewhere"),
    "address changed": _("Address changed"),
    "finance passed": _("Passed by finance"),
    "finance rejected": _("Rejected by finance"),
    "review withdrawn": _("Taken back to review"),
    "review refused": _("Review refused"),
    "amendment dropped": _("Change dropped"),
    "sealed": _("Never to be merged"),
    "unsealed": _("May be merged again"),
    "added": _("Added"),
    "price overridden": _("Price set by hand"),
    "promotion": _("Promotion given"),
    "discount": _("Discount given"),
    "freight overridden": _("Freight set by hand"),
    "goods came back": _("Goods came back"),
    "customer": _("Customer changed"),
    "reship": _("Made good by sending again"),
    "exchange": _("Made good by an exchange"),
    "changed": _("Changed"),
    "mapped": _("Mapped"),
    "received": _("Goods received"),
    "price group": _("Price group changed"),
    "blacklisted": _("Put on the blacklist"),
    "terms changed": _("Terms changed"),
    "carrier set": _("Carrier changed"),
    "currency set": _("Currency changed"),
    "merge policy set": _("Merge window changed"),
    "finance is asked": _("Finance is asked"),
    "finance is not asked": _("Finance is not asked"),
    "freight template set": _("Freight changed"),
    "details changed": _("Details changed"),
    "components set": _("Components changed"),
    "serves": _("Serves a shop"),
    "serves no more": _("Serves a shop no more"),
    "safety set": _("Safety stock changed"),
    "prices set": _("Prices changed"),
    "promotion set": _("Promotion changed"),
    "routed": _("Routed"),
    "reviewed": _("Reviewed"),
    "merged": _("Merged"),
    "split": _("Split"),
    "carrier chosen": _("Carrier chosen"),
    "dispatch chosen": _("Carrier or warehouse chosen"),
    "label wanted anew": _("New label wanted"),
    "routed as before": _("Routed as before"),
    "warehouse changed": _("Warehouse changed"),
    "put-back wanted": _("To be put back"),
    "put back": _("Put back"),
    "waybill issued": _("Waybill issued"),
    "units taken out": _("Units taken out"),
    "signed in": _("Signed in"),
    "replayed": _("Read again"),
    "settings changed": _("Settings changed"),
    "write-back done": _("Platform was told"),
    "write-back failed": _("Platform refused"),
    "write-back not_supported": _("Platform cannot be told"),
}
BECAUSE: Words = REASON | {
    "passed": _("every rule passed"),
    "held": _("held by a rule"),
    "approved": _("approved"),
    "approved by a person": _("approved"),
    "all picked": _("everything picked"),
    "paid": _("paid"),
    "platform": _("through the platform"),
    "handed over": _("handed over across the counter"),
    "nobody came": _("nobody came"),
    "wanted at the counter": _("wanted at the counter"),
}
"""Codes and short words that the core writes into the history by itself; its sentences are known by `sentences.said`."""
ACTOR: Words = {
    "worker": _("Orderyard, in the background"),
    "automatic": _("Orderyard, by itself"),
    "setup": _("Set-up"),
    "demo": _("Demo"),
}
TASK: Words = {
    "tell": _("Tell the platform about a shipment"),
    "fetch": _("Fetch a document"),
    "book": _("Book a waybill"),
    "void": _("Void a waybill"),
    "order_placed": _("Tell a plugin: order came in"),
    "order_moved": _("Tell a plugin: order changed its state"),
    "customer_changed": _("Tell a plugin: customer changed"),
    "shipment_dispatched": _("Tell a plugin: parcel left"),
    "low_stock": _("Tell a plugin: low stock"),
    "low_stock_cleared": _("Tell a plugin: enough again"),
}

SHIP_POLICY: Words = {"complete_only": _("Waits until it is complete"), "what_is_there": _("Sends what is there")}
PROMOTION: Words = {PromotionKind.AMOUNT_OFF: _("An amount off"), PromotionKind.PERCENT_OFF: _("A percentage off")}
PROMOTION_STATE: Words = {"off": _("Switched off"), "coming": _("Not begun"), "running": _("Running"), "over": _("Over")}
FREIGHT_UNIT: Words = {Unit.WEIGHT: _("Weight, in grams"), Unit.VOLUME: _("Volume, in cm³"), Unit.PIECE: _("Pieces")}
FREIGHT_FURTHER: Words = {Further.STARTED: _("each started step counts whole"), Further.PRO_RATA: _("in proportion")}
FREIGHT_MODE: Words = {Mode.UP: _("up"), Mode.HALF_UP: _("to the nearest")}
IDENTITY: Words = {"buyer": _("Id on the platform"), "email": _("E-mail"), "phone": _("Telephone")}
KINDS: Mapping[str, Words] = {
    "status": STATUS,
    "type": TYPE,
    "amendment": AMENDMENT,
    "payment": PAYMENT,
    "presale": PRESALE,
    "review": REVIEW,
    "fo": FO,
    "identity": IDENTITY,
    "ship_policy": SHIP_POLICY,
    "promotion": PROMOTION,
    "promotion_state": PROMOTION_STATE,
    "freight_unit": FREIGHT_UNIT,
    "freight_further": FREIGHT_FURTHER,
    "freight_mode": FREIGHT_MODE,
    "lineage": LINEAGE,
    "merge_refusal": MERGE_REFUSAL,
    "file_state": FILE_STATE,
    "file_field": FILE_FIELD,
    "waybill": WAYBILL,
    "tracking": TRACKING,
    "hold": HOLD,
    "hold_help": HOLD_HELP,
    "step": STEP,
    "reach": REACH,
    "notice": NOTICE,
    "connection": CONNECTION,
    "reason": REASON,
    "person_role": PERSON_ROLE,
    "person_role_help": PERSON_ROLE_HELP,
    "account": ACCOUNT,
    "source": SOURCE,
    "action": {**ACTION, **STOCK_ACTIONS, **CHANNEL_ACTIONS},
    "method": {
        "platform": _("through the platform"),
        "cod": _("Cash on delivery"),
        "cash": _("Cash"),
        "card": _("Card"),
    },
    "task": {**TASK, **CHANNEL_TASKS},
    **STOCK_KINDS,
    **CHANNEL_KINDS,
}

_TONES: Mapping[str, Mapping[str, str]] = {
    "presale": {
        "unpaid": "secondary",
        "deposit_paid": "orange",
        "balance_paid": "green",
        "forfeited": "red",
        "cancelled": "secondary",
    },
    "status": {
        "pending_payment": "secondary",
        "pending_review": "orange",
        "to_ship": "blue",
        "shipped": "teal",
        "completed": "green",
        "cancelled": "secondary",
    },
    "payment": {
        "paid": "green",
        "unpaid": "secondary",
        "deposit_paid": "yellow",
        "cod_pending": "yellow",
        "cod_collected": "green",
        "cod_remitted": "green",
        "cod_refused": "red",
        "partially_refunded": "orange",
        "refunded": "red",
    },
    "fo": {
        "planned": "orange",
        "allocated": "azure",
        "released": "blue",
        "picking": "blue",
        "picked": "indigo",
        "packed": "purple",
        "shipped": "teal",
        "delivered": "green",
        "returning": "orange",
        "returned": "orange",
        "cancelled": "secondary",
    },
    "tracking": {"delivered": "green", "delivery_failed": "red", "unknown": "secondary"},
    "notice": {"done": "green", "failed": "red", "queued": "blue"},
    "promotion_state": {"running": "green", "coming": "blue", "over": "secondary", "off": "secondary"},
    "connection": {"active": "green", "paused": "red"},
    "waybill": {"void_failed": "red", "voided": "secondary", "requested": "yellow"},
    **CHANNEL_TONES,
}


def label(code: str, kind: str) -> str:
    """The words for a code; one that nobody has named yet is shown as it is, legibly."""
    words = KINDS[kind].get(code)
    return code.replace("_", " ") if words is None else str(words)


def tone(code: str, kind: str) -> str:
    """The colour of a code's badge."""
    return "red" if kind == "hold" else _TONES.get(kind, {}).get(code, "blue")


def because(text: str) -> str:
    """Why something was done, where that is a code or a short word; sentences and people's own words as they are."""
    if text in BECAUSE:
        return str(BECAUSE[text])
    first, _space, rest = text.partition(" ")
    return rest if first == "channel" and rest else text


def actor(text: str) -> str:
    """Who did something, where it was no person of ours: the channel or plugin by its code, or a part of the core."""
    kind, _colon, code = text.partition(":")
    return str(ACTOR[text]) if text in ACTOR else code or kind


def action(text: str, kind: str = "order") -> str:
    """What an audit row says was done, in words: `to_ship → shipped`, `hold out_of_stock`, or one word."""
    states = {"order": "status", "after_sale": "after_sale"}.get(kind, "fo")
    source, arrow, target = text.partition(" → ")
    if arrow:
        return f"{label(source, states)} → {label(target, states)}"
    first, _space, code = text.partition(" ")
    if first == "hold" and code in HOLD:
        return gettext("Held: %(why)s", why=label(code, "hold"))
    if first == "amendment" and (state := code.rpartition(" ")[2]) in AMENDMENT:
        return gettext("Change %(number)s: %(state)s", number=code.split()[0], state=label(state, "amendment"))
    if first == "lifted" and code in HOLD:
        return gettext("Hold lifted: %(why)s", why=label(code, "hold"))
    return label(text, "action")
