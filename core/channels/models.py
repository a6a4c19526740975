"""The inbox of raw documents, the platform's orders in effect, and what channels were told about shipments."""

from __future__ import annotations

import peewee

from ..connections.models import Connection
from ..fulfillment.models import FulfillmentOrder
from ..kernel.db import MomentField, Table
from ..orders.models import Order


class InboxDocument(Table):
    """One delivery or one polled document, stored raw before anything is made of it."""

    connection = peewee.ForeignKeyField(Connection, index=False, backref="inbox")
    kind = peewee.TextField(default="order")
    """`order`, `claim`, `privacy` or `listing`."""
    source = peewee.TextField()
    """`pull` or `push`."""
    delivery_id = peewee.TextField()
    """Of a push, the platform's id; of a pull, document and version."""
    document = peewee.TextField()
    version = MomentField(null=True)
    received_at = MomentField()
    body = peewee.BlobField(null=True)
    verdict = peewee.TextField(default="")
    """`effective`, `stale`, `duplicate`, `parked`; empty until it is read."""
    reason = peewee.TextField(default="")
    order = peewee.ForeignKeyField(Order, null=True, backref="+")

    class Meta:
        table_name = "inbox"
        indexes = (
            (("connection", "source", "delivery_id"), True),
            (("verdict", "id"), False),
            (("connection", "document"), False),
            (("connection", "id"), False),
        )


class ChannelDocument(Table):
    """原始单: the version of a platform's order that is in effect here."""

    connection = peewee.ForeignKeyField(Connection, backref="+")
    external_id = peewee.TextField()
    version = MomentField()
    state = peewee.TextField()
    order = peewee.ForeignKeyField(Order, backref="+")
    inbox = peewee.ForeignKeyField(InboxDocument, backref="+")
    asked_address_id = peewee.IntegerField(null=True)
    """The hidden address of which the platform was asked who else goes there; None before."""

    class Meta:
        table_name = "channel_order"
        indexes = ((("connection", "external_id"), True), (("order",), False))


class ShipmentNotice(Table):
    """回写: one parcel's share of one platform order, to be told exactly once."""

    connection = peewee.ForeignKeyField(Connection, index=False, backref="+")
    order = peewee.ForeignKeyField(Order, backref="notices")
    fo = peewee.ForeignKeyField(FulfillmentOrder, backref="+")
    key = peewee.TextField(unique=True)
    carrier_code = peewee.TextField()
    carrier_title = peewee.TextField()
    number = peewee.TextField()
    lines = peewee.TextField()
    """JSON [[platform line id, units], …]."""
    whole = peewee.BooleanField()
    state = peewee.TextField(default="queued")
    """`queued`, `done`, `failed`, `not_supported`."""
    note = peewee.TextField(default="")
    at = MomentField()
    done_at = MomentField(null=True)

    class Meta:
        table_name = "shipment_notice"


ShipmentNotice.add_index(
    ShipmentNotice.index(ShipmentNotice.connection, where=ShipmentNotice.state == "failed", name="shipment_notice_failed")
)
