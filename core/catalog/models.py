"""Shops, SKUs, kits, and the listings that say which SKU a channel's item is."""

from __future__ import annotations

import peewee

from ..kernel.db import JsonField, MomentField, Table


class Shop(Table):
    """One storefront: on a channel, or our own counter and telephone."""

    code = peewee.TextField(unique=True)
    title = peewee.TextField()
    currency = peewee.TextField()
    timezone = peewee.TextField(default="Asia/Shanghai")
    tax_rate = peewee.IntegerField(default=1300)
    """Basis points inside every price: 1300 is 13 %."""
    ship_policy = peewee.TextField(default="complete_only")
    """`complete_only`: a fulfillment order waits as a whole; `what_is_there`: the missing units split off."""
    carrier = peewee.TextField(default="")
    """Code of the connection that carries this shop's parcels unless something chooses another."""
    finance_review = peewee.BooleanField(default=False)
    """After review, finance looks at its orders too."""
    merge_minutes = peewee.IntegerField(default=0)
    """How long its parcels wait for others that go to the same door; 0: not at all."""
    ship_hours = peewee.IntegerField(default=48)
    """Its orders should leave within so many hours of their payment, unless they say otherwise."""
    parcel_first = peewee.BigIntegerField(default=0)
    """What the first kilogram of a parcel costs about, in minor units of its currency; each further one costs `parcel_next`."""
    parcel_next = peewee.BigIntegerField(default=0)
    pickup_days = peewee.IntegerField(default=7)
    """What is to be picked up waits so many days after its payment; then it is overdue."""


class Sku(Table):
    """A thing that can be counted; a kit is a SKU that is never in stock itself."""

    code = peewee.TextField(unique=True)
    product = peewee.TextField(default="", index=True)
    """Code of the product it is a variant of."""
    title = peewee.TextField()
    options = JsonField(default=dict)
    """Variant texts in both languages or one: `{"颜色": "黑"}`."""
    barcode = peewee.TextField(default="", index=True)
    price = peewee.BigIntegerField(default=0)
    """List price in minor units of the merchant's own currency; shares the money of a kit over its components."""
    weight_g = peewee.IntegerField(default=0)
    volume_cm3 = peewee.IntegerField(default=0)
    kit = peewee.BooleanField(default=False)


class PriceList(Table):
    """Prices for one shop or all, for one group of customers or all; the most specific list that has a price wins."""

    code = peewee.TextField(unique=True)
    title = peewee.TextField(default="")
    shop = peewee.ForeignKeyField(Shop, null=True, backref="+")
    customer_group = peewee.TextField(default="")
    """Empty means everybody."""
    currency = peewee.TextField()

    class Meta:
        table_name = "price_list"


class PriceListItem(Table):
    """What one unit costs when at least so many are bought."""

    price_list = peewee.ForeignKeyField(PriceList, backref="items")
    sku = peewee.ForeignKeyField(Sku, backref="+")
    from_quantity = peewee.IntegerField(default=1, constraints=[peewee.Check("from_quantity > 0")])
    price = peewee.BigIntegerField(constraints=[peewee.Check("price >= 0")])

    class Meta:
        table_name = "price_list_item"
        indexes = ((("price_list", "sku", "from_quantity"), True),)


class Promotion(Table):
    """A discount on whole orders, as data; `core/catalog/promotions.py` says which one an order gets."""

    code = peewee.TextField(unique=True)
    title = peewee.TextField(default="")
    shop = peewee.ForeignKeyField(Shop, null=True, backref="+")
    customer_group = peewee.TextField(default="")
    currency = peewee.TextField()
    kind = peewee.TextField()
    """`amount_off` or `percent_off`."""
    minimum = peewee.BigIntegerField(default=0)
    """Goods of at least so much, in minor units."""
    value = peewee.BigIntegerField(constraints=[peewee.Check("value > 0")])
    """Minor units, or basis points of the goods."""
    starts_at = MomentField(null=True)
    ends_at = MomentField(null=True)
    """The first moment at which it no longer holds."""
    enabled = peewee.BooleanField(default=True)


class KitComponent(Table):
    """So many units of a SKU inside one kit."""

    kit = peewee.ForeignKeyField(Sku, backref="components")
    sku = peewee.ForeignKeyField(Sku, backref="+")
    quantity = peewee.IntegerField(constraints=[peewee.Check("quantity > 0")])

    class Meta:
        table_name = "kit_component"
        indexes = ((("kit", "sku"), True),)


class Listing(Table):
    """A channel's item or variant, and the SKU it stands for; without one it is on the unmapped work list."""

    shop = peewee.ForeignKeyField(Shop, backref="listings")
    item_id = peewee.TextField()
    variant_id = peewee.TextField(default="")
    merchant_code = peewee.TextField(default="")
    title = peewee.TextField(default="")
    sku = peewee.ForeignKeyField(Sku, null=True, backref="listings")
    percent = peewee.IntegerField(default=100)
    plus = peewee.IntegerField(default=0)
    maximum = peewee.IntegerField(null=True)
    paused = peewee.BooleanField(default=False)
    published = peewee.IntegerField(null=True)
    """The number the channel last acknowledged; None when unknown."""

    class Meta:
        indexes = ((("shop", "item_id", "variant_id"), True),)
