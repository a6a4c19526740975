"""Fulfillment orders, their parcels and waybills."""

from __future__ import annotations

import peewee

from ..catalog.models import Shop
from ..customers.models import PostalAddress
from ..inventory.models import Warehouse
from ..kernel.db import JsonField, MomentField, Table
from ..orders.models import Order, OrderLine


class FulfillmentOrder(Table):
    """发货单: what one warehouse sends to one address; its lines may belong to several orders."""

    number = peewee.TextField(unique=True)
    shop = peewee.ForeignKeyField(Shop, index=False, backref="+")
    warehouse = peewee.ForeignKeyField(Warehouse, null=True, index=False, backref="+")
    address = peewee.ForeignKeyField(PostalAddress, index=False, backref="+")
    merge_key = peewee.TextField()
    state = peewee.TextField()
    cod = peewee.BooleanField()
    currency = peewee.TextField()
    sealed = peewee.BooleanField(default=False)
    paid_at = MomentField()
    """The earliest of its orders; the queue for stock follows it."""
    carrier = peewee.TextField(default="")
    """Code of the carrier connection."""
    cancel_reason = peewee.TextField(default="")
    became = peewee.ForeignKeyField("self", null=True, index=False, backref="+")
    """The fulfillment order it was merged into or split from."""
    why = JsonField(default=dict)
    """The routing's candidates, and why the others lost."""
    version = peewee.IntegerField(default=1)
    created_at = MomentField()
    shipped_at = MomentField(null=True)

    class Meta:
        table_name = "fulfillment_order"
        indexes = ((("state", "paid_at", "id"), False),)


class FoLine(Table):
    """Units of one order line inside a fulfillment order."""

    fo = peewee.ForeignKeyField(FulfillmentOrder, index=False, backref="lines")
    order = peewee.ForeignKeyField(Order, backref="+")
    line = peewee.ForeignKeyField(OrderLine, backref="+")
    sku_id = peewee.IntegerField()
    quantity = peewee.IntegerField(constraints=[peewee.Check("quantity > 0")])
    reserved = peewee.IntegerField(default=0)

    class Meta:
        table_name = "fo_line"
        indexes = ((("fo", "line"), True),)
        constraints = (peewee.Check("reserved >= 0 AND reserved <= quantity"),)


FoLine.add_index(FoLine.index(FoLine.sku_id, where=FoLine.reserved < FoLine.quantity, name="fo_line_waiting"))


class Waybill(Table):
    """面单: one number of one carrier for one fulfillment order's parcel; at most one of them is live."""

    fo = peewee.ForeignKeyField(FulfillmentOrder, backref="waybills")
    carrier = peewee.TextField()
    key = peewee.TextField(unique=True)
    """Our reference at the carrier, stable over every attempt."""
    number = peewee.TextField(default="", index=True)
    state = peewee.TextField()
    tracking = peewee.TextField(default="")
    """The latest TrackingState."""
    label = peewee.BlobField(null=True)
    label_type = peewee.TextField(default="")
    answer = peewee.TextField(default="")
    """What the carrier said when it was booked."""
    requested_at = MomentField()
    delivered_at = MomentField(null=True)


class TrackingRow(Table):
    """One thing a carrier said about a waybill."""

    waybill = peewee.ForeignKeyField(Waybill, backref="events")
    external_id = peewee.TextField()
    at = MomentField()
    state = peewee.TextField()
    code = peewee.TextField()
    text = peewee.TextField()
    place = peewee.TextField(default="")

    class Meta:
        table_name = "tracking"
        indexes = ((("waybill", "external_id"), True),)


class Lineage(Table):
    """Units of an order line that went from one fulfillment order to another; kept for ever."""

    source = peewee.ForeignKeyField(FulfillmentOrder, backref="+")
    target = peewee.ForeignKeyField(FulfillmentOrder, backref="+")
    kind = peewee.TextField()
    """A `LineageKind`."""
    line = peewee.ForeignKeyField(OrderLine, index=False, backref="+")
    quantity = peewee.IntegerField(constraints=[peewee.Check("quantity > 0")])
    at = MomentField()
    undone_at = MomentField(null=True)
    """When a merge was taken back."""

    class Meta:
        table_name = "fo_lineage"


class Putback(Table):
    """归位: units that were already taken from the shelf for a fulfillment order and must go back there."""

    fo = peewee.ForeignKeyField(FulfillmentOrder, backref="+")
    order = peewee.ForeignKeyField(Order, index=False, backref="+")
    line = peewee.ForeignKeyField(OrderLine, index=False, backref="+")
    warehouse = peewee.ForeignKeyField(Warehouse, index=False, backref="+")
    sku_id = peewee.IntegerField()
    quantity = peewee.IntegerField(constraints=[peewee.Check("quantity > 0")])
    stage = peewee.TextField()
    """How far its fulfillment order was: `picking`, `picked` or `packed`."""
    state = peewee.TextField(default="open")
    """`open` or `done`; while it is open its units stay reserved for it."""
    reason = peewee.TextField(default="")
    opened_at = MomentField()
    place = peewee.TextField(default="")
    """Where somebody put them."""
    closed_at = MomentField(null=True)
    closed_by = peewee.TextField(default="")

    class Meta:
        indexes = ((("state", "id"), False),)
