"""Words for the codes of stock and of review rules; `labels` shows them."""

from __future__ import annotations

from collections.abc import Mapping

from ..inventory.api import LockMode, Place, Quality, ZoneUse
from ..inventory.purchasing import PurchaseState
from ..review.api import BlacklistKind
from .words import lazy_gettext

_ = lazy_gettext

Words = Mapping[str, str]

LOCK: Words = {
    LockMode.PLUS_SHARED: _("Its own units, and what is shared"),
    LockMode.ONLY: _("Its own units and nothing else"),
    LockMode.ONLY_HERE: _("Its own units only in this warehouse"),
}
BLACKLIST: Words = {
    BlacklistKind.PHONE: _("Telephone"),
    BlacklistKind.ADDRESS: _("Address"),
    BlacklistKind.BUYER: _("Buyer"),
}
QUALITY: Words = {
    Quality.GOOD: _("Good"),
    Quality.QC: _("To be inspected"),
    Quality.DEFECTIVE: _("Defective"),
}
PLACE: Words = {
    Place.STOCK: _("Stock"),
    Place.QC: _("Inspection"),
    Place.DEFECTIVE: _("Defective"),
    Place.TRANSIT: _("On the way"),
    Place.SUPPLIER: _("Supplier"),
    Place.CUSTOMER: _("Customer"),
    Place.OPENING: _("Opening"),
    Place.ADJUSTMENT: _("Adjustment"),
    Place.LOSS: _("Loss"),
}
MOVE: Words = {
    "receipt": _("receipt"),
    "adjustment": _("adjustment"),
    "quality": _("inspection"),
    "transfer": _("transfer"),
    "count": _("count"),
    "put_away": _("another bin"),
    "purchase": _("purchase"),
    "write_off": _("written off"),
    "fulfillment_order": _("fulfillment order"),
    "shipment": _("shipment"),
}
COUNT: Words = {"open": _("Being counted"), "closed": _("Count closed"), "cancelled": _("Count cancelled")}
TRANSFER: Words = {"in_transit": _("On the way"), "received": _("Arrived")}
PURCHASE: Words = {
    PurchaseState.OPEN: _("Ordered"),
    PurchaseState.RECEIVED: _("Arrived in full"),
    PurchaseState.CLOSED: _("The rest given up"),
}
ZONE: Words = {
    ZoneUse.RECEIVING: _("Receiving"),
    ZoneUse.PICK: _("Picking area"),
    ZoneUse.STORAGE: _("Storage"),
    ZoneUse.PACKING: _("Packing"),
    ZoneUse.RETURNS: _("Returns"),
}
POLICY: Words = {
    "payment": _("Whoever paid first"),
    "deadline": _("Whoever must leave first"),
    "most_complete": _("As many whole parcels as possible"),
}
RULE: Words = {
    "Unknown SKU": _("Unknown SKU"),
    "Complete address": _("Complete address"),
    "Amount limit": _("Amount limit"),
    "Buyer message or seller memo": _("Buyer message or seller memo"),
    "Words in the address": _("Words in the address"),
    "Orders per telephone number": _("Orders per telephone number"),
    "Price far below list": _("Price far below list"),
    "Blacklist": _("Blacklist"),
}
"""What built-in rules call themselves; a plugin's rules speak for themselves."""

STOCK_ACTIONS: Words = {
    "ordered": _("Ordered from the supplier"),
    "received": _("Received"),
    "postponed": _("Put off to another day"),
    "closed": _("Closed"),
    "lot swapped": _("Another lot taken"),
    "pieces scanned": _("Pieces scanned"),
    "allocated anew": _("Scarce units dealt anew"),
    "watched": _("Watched for low stock"),
    "unwatched": _("Watched no more"),
    "low stock": _("Ran low"),
    "low stock cleared": _("Enough again"),
}
"""What the history of stock and of scanning says was done."""

STOCK_KINDS: Mapping[str, Words] = {
    "lock": LOCK,
    "blacklist": BLACKLIST,
    "quality": QUALITY,
    "place": PLACE,
    "move": MOVE,
    "count": COUNT,
    "transfer": TRANSFER,
    "holder": {"fo_line": _("Fulfillment order"), "putback": _("Put-back")},
    "purchase": PURCHASE,
    "zone": ZONE,
    "policy": POLICY,
    "rule": RULE,
}
