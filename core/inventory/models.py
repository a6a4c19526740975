"""Warehouses, the two-sided book of every unit that moved, and the counters that stand beside it."""

from __future__ import annotations

import peewee

from ..catalog.models import Shop, Sku
from ..kernel.db import JsonField, MomentField, Table


class Warehouse(Table):
    """A place that holds and sends goods."""

    code = peewee.TextField(unique=True)
    title = peewee.TextField()
    regions = JsonField(default=list)
    """Home regions: provinces, or countries by code."""
    address = JsonField(default=dict)
    """The sender on its parcels, in the parts of `Address`."""


class ShopWarehouse(Table):
    """A warehouse that serves a shop, and how many units of each SKU stay back there from what is published."""

    shop = peewee.ForeignKeyField(Shop, backref="+")
    warehouse = peewee.ForeignKeyField(Warehouse, backref="+")
    safety = peewee.IntegerField(default=0)

    class Meta:
        table_name = "shop_warehouse"
        indexes = ((("shop", "warehouse"), True),)


class StockLevel(Table):
    """The counters of one SKU in one warehouse, lot and quality; changed only beside a move or a reservation."""

    warehouse = peewee.ForeignKeyField(Warehouse, backref="+")
    sku = peewee.ForeignKeyField(Sku, backref="+")
    lot = peewee.TextField(default="")
    quality = peewee.TextField(default="good")
    on_hand = peewee.IntegerField(default=0)
    reserved = peewee.IntegerField(default=0)
    value = peewee.BigIntegerField(default=0)
    """What the units on hand cost together, in minor units of the merchant's own currency: a moving average loses no fen."""

    class Meta:
        table_name = "stock_level"
        indexes = ((("sku", "warehouse", "lot", "quality"), True),)
        constraints = (
            peewee.Check("reserved >= 0"),
            peewee.Check("on_hand >= reserved"),
            peewee.Check("value >= 0"),
        )


class StockMove(Table):
    """Units that went from one place to another; append-only, and over all places every SKU sums to nothing.

    A place is `stock` in a warehouse, or one of the outside places `supplier customer opening adjustment loss`.
    """

    at = MomentField()
    sku = peewee.ForeignKeyField(Sku, backref="+")
    quantity = peewee.IntegerField(constraints=[peewee.Check("quantity > 0")])
    source = peewee.TextField()
    source_warehouse = peewee.ForeignKeyField(Warehouse, null=True, backref="+")
    target = peewee.TextField()
    target_warehouse = peewee.ForeignKeyField(Warehouse, null=True, backref="+")
    lot = peewee.TextField(default="")
    quality = peewee.TextField(default="good")
    cost = peewee.BigIntegerField(default=0)
    """Of all its units together."""
    kind = peewee.TextField()
    """What it is for (`fulfillment_order`, `receipt`), and which one."""
    document = peewee.BigIntegerField()
    actor = peewee.TextField()
    key = peewee.TextField(unique=True)
    """The same move under the same key happens once."""

    class Meta:
        table_name = "stock_move"
        indexes = ((("sku", "at"), False), (("kind", "document"), False))


class Reservation(Table):
    """Units of a level promised to a holder, whoever that is to the rooms above."""

    kind = peewee.TextField()
    holder = peewee.BigIntegerField()
    level = peewee.ForeignKeyField(StockLevel, backref="reservations")
    quantity = peewee.IntegerField(constraints=[peewee.Check("quantity > 0")])
    state = peewee.TextField(default="held")
    """`held`, `consumed` by a shipment, or `released`."""
    at = MomentField()

    class Meta:
        indexes = ((("kind", "holder"), False), (("level", "state"), False))
