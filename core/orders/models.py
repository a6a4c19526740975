"""Orders, their lines, payments and holds."""

from __future__ import annotations

import peewee

from ..catalog.models import Shop, Sku
from ..customers.models import Customer, PostalAddress
from ..inventory.models import PresaleCap, Warehouse
from ..kernel.db import JsonField, MomentField, Table


class Order(Table):
    """The commercial promise: quantities and money; never split or merged."""

    number = peewee.TextField(unique=True)
    shop = peewee.ForeignKeyField(Shop, index=False, backref="+")
    external_id = peewee.TextField()
    """The platform's id, or our own number where there is no platform; unique in its shop."""
    external_number = peewee.TextField(index=True)
    source = peewee.TextField()
    """`channel`, `manual` or `file`."""
    type = peewee.TextField(default="normal")
    """`normal`, `reship`, `exchange`, `presale` or `wholesale`."""
    status = peewee.TextField()
    payment = peewee.TextField()
    review = peewee.TextField(default="pending")
    customer = peewee.ForeignKeyField(Customer, backref="orders")
    address = peewee.ForeignKeyField(PostalAddress, backref="+")
    buyer_name = peewee.TextField(default="")
    currency = peewee.TextField()
    goods = peewee.BigIntegerField()
    """Sum of the lines' amounts as ordered, in minor units like every amount here."""
    freight = peewee.BigIntegerField()
    total = peewee.BigIntegerField()
    received = peewee.BigIntegerField(default=0)
    """Everything buyers ever paid for it."""
    refunded = peewee.BigIntegerField(default=0)
    advance = peewee.BigIntegerField(default=0)
    """Of what was received and not given back, the part for units not yet sent, tax included: the order's share of the
    ledger's advances."""
    advance_tax = peewee.BigIntegerField(default=0)
    """The tax inside `advance`."""
    cod = peewee.BooleanField(default=False)
    collector = peewee.TextField(default="")
    """Who collects cash on delivery: a carrier's connection, or the shop whose platform does; empty until it left."""
    collected_at = MomentField(null=True)
    """When everything that is to be sent had arrived, and so had been paid for."""
    sealed = peewee.BooleanField(default=False)
    """Staff keep it out of every merge."""
    message = peewee.TextField(default="")
    memo = peewee.TextField(default="")
    placed_at = MomentField()
    paid_at = MomentField(null=True)
    """When it became payable in full; orders are routed in this order."""
    completed_at = MomentField(null=True)
    cancel_reason = peewee.TextField(default="")
    finance_review = peewee.TextField(default="")
    """Empty where finance is not asked; else a `FinanceState`."""
    carrier = peewee.TextField(default="")
    """Code of the carrier connection that somebody chose; empty means the shop's own."""
    warehouse = peewee.ForeignKeyField(Warehouse, null=True, index=False, backref="+")
    """The warehouse that somebody chose; routing looks at no other."""
    ship_by = MomentField(null=True)
    """When it should have left; empty means the shop's usual time after payment."""
    reach = peewee.TextField(default="shipped")
    """A `Reach`; what is picked up or given at the counter is routed to `warehouse`."""
    pickup_code = peewee.TextField(default="")
    """What the buyer shows to get the goods."""
    version = peewee.IntegerField(default=1)
    created_at = MomentField()

    class Meta:
        table_name = "sales_order"
        indexes = ((("shop", "external_id"), True), (("status", "id"), False), (("buyer_name",), False))


Order.add_index(
    Order.index(
        Order._meta.primary_key,
        where=(Order.advance > 0) & Order.status.in_(("shipped", "completed", "cancelled")),
        name="sales_order_to_give_back",
    )
)
Order.add_index(Order.index(Order.status, Order._meta.primary_key, where=Order.reach != "shipped", name="sales_order_fetched"))


class OrderLine(Table):
    """Units of one SKU on an order. A kit line only carries the words and the price; its components carry the counters."""

    order = peewee.ForeignKeyField(Order, index=False, backref="lines")
    no = peewee.IntegerField()
    external_id = peewee.TextField(default="")
    """The platform's line id; a component has its kit line's."""
    kit_line = peewee.IntegerField(null=True)
    """`no` of the kit line this component belongs to."""
    kit = peewee.BooleanField(default=False)
    per_kit = peewee.IntegerField(default=1)
    """Units of this component in one kit."""
    sku = peewee.ForeignKeyField(Sku, null=True, index=False, backref="+")
    item_id = peewee.TextField(default="")
    variant_id = peewee.TextField(default="")
    merchant_code = peewee.TextField(default="")
    title = peewee.TextField()
    quantity = peewee.IntegerField()
    unit_price = peewee.BigIntegerField()
    amount = peewee.BigIntegerField()
    """Paid share of the whole line after discounts, without freight."""
    freight = peewee.BigIntegerField(default=0)
    """Its share of the order's freight."""
    tax_rate = peewee.IntegerField()
    reserved = peewee.IntegerField(default=0)
    shipped = peewee.IntegerField(default=0)
    shipped_externally = peewee.IntegerField(default=0)
    """Of the shipped ones, those the platform reported and we never sent."""
    cancelled = peewee.IntegerField(default=0)
    returned = peewee.IntegerField(default=0)
    bounced = peewee.IntegerField(default=0)
    refunded = peewee.BigIntegerField(default=0)
    gift = peewee.TextField(default="")
    """What gave it, plugin and rule (`gifts/spring`): it costs nothing and takes no share; empty for what was bought."""

    class Meta:
        table_name = "order_line"
        indexes = ((("order", "no"), True),)
        constraints = (
            peewee.Check("quantity > 0"),
            peewee.Check("reserved >= 0 AND shipped >= 0 AND cancelled >= 0"),
            peewee.Check("reserved + shipped + cancelled <= quantity"),
            peewee.Check("returned >= 0 AND returned <= shipped AND bounced >= 0 AND bounced <= returned"),
            peewee.Check("shipped_externally >= 0 AND shipped_externally <= shipped"),
        )


OrderLine.add_index(OrderLine.index(OrderLine.order, where=OrderLine.bounced > 0, name="order_line_bounced"))
OrderLine.add_index(
    OrderLine.index(OrderLine.item_id, OrderLine.variant_id, where=OrderLine.sku.is_null(), name="order_line_unknown")
)


class OrderLink(Table):
    """A reship or exchange, and the order it makes good."""

    order = peewee.ForeignKeyField(Order, backref="+", unique=True)
    origin = peewee.ForeignKeyField(Order, backref="+")

    class Meta:
        table_name = "order_link"


class FreightTemplate(Table):
    """What a shop asks for carriage; `core/orders/freight.py` reads the settings."""

    shop = peewee.ForeignKeyField(Shop, backref="+", unique=True)
    settings = JsonField()

    class Meta:
        table_name = "freight_template"


class Payment(Table):
    """Money that came (positive) or went back (negative) for an order; append-only."""

    order = peewee.ForeignKeyField(Order, backref="payments")
    at = MomentField()
    amount = peewee.BigIntegerField()
    method = peewee.TextField()
    key = peewee.TextField(unique=True)
    """The same payment under the same key counts once."""


class Hold(Table):
    """One reason why an order or fulfillment order must not go on; several may be open at once."""

    level = peewee.TextField()
    """`order` or `fo`."""
    document = peewee.BigIntegerField()
    code = peewee.TextField()
    source = peewee.TextField()
    """Who set it: a rule's name, `person`, `channel`, `routing`."""
    note = peewee.TextField(default="")
    opened_at = MomentField()
    released_at = MomentField(null=True)
    released_by = peewee.TextField(default="")
    until = MomentField(null=True)
    """When it lifts by itself, if it has such an end."""

    class Meta:
        indexes = ((("level", "document"), False), (("released_at", "code"), False))


class Amendment(Table):
    """A set of changes to an order, numbered within it; drafted with a preview, then applied or dropped."""

    order = peewee.ForeignKeyField(Order, index=False, backref="+")
    no = peewee.IntegerField()
    source = peewee.TextField()
    """`person` or `channel`."""
    state = peewee.TextField()
    """An `AmendmentState`."""
    changes = JsonField()
    preview = JsonField(default=dict)
    because = peewee.TextField(default="")
    basis = peewee.TextField(default="")
    """What the order and its fulfillment orders were when the preview was made; a change of it makes the preview stale."""
    created_at = MomentField()
    created_by = peewee.TextField()
    closed_at = MomentField(null=True)
    closed_by = peewee.TextField(default="")

    class Meta:
        indexes = ((("order", "no"), True), (("state", "id"), False))


class GiftCount(Table):
    """How many units one rule has given so far; to one customer, or to all (customer 0)."""

    source = peewee.TextField()
    """As in `order_line.gift`."""
    customer = peewee.IntegerField(default=0)
    given = peewee.IntegerField(constraints=[peewee.Check("given >= 0")])

    class Meta:
        table_name = "gift_count"
        indexes = ((("source", "customer"), True),)


class Presale(Table):
    """On what terms a shop sells a SKU before it is there; the cap and its counter are stock's own."""

    cap = peewee.ForeignKeyField(PresaleCap, unique=True, backref="+")
    deposit = peewee.BigIntegerField(default=0)
    """Per unit, in minor units of the shop's currency; less than that is no paid deposit."""
    balance_from = MomentField(null=True)
    balance_until = MomentField(null=True)
    """Who has not paid the rest by then loses the deposit; None where the platform says when that is."""
    ship_by = MomentField(null=True)
    """What the buyer was promised."""


class PresaleOrder(Table):
    """An order with a paid deposit, and what becomes of it."""

    order = peewee.ForeignKeyField(Order, unique=True, backref="+")
    state = peewee.TextField()
    """A `PresaleState`."""
    deposit = peewee.BigIntegerField()
    deposit_at = MomentField()
    balance_from = MomentField(null=True)
    balance_until = MomentField(null=True)
    forfeited = peewee.BigIntegerField(default=0)
    """Of what was received, what is other income by now."""

    class Meta:
        table_name = "presale_order"
        indexes = ((("state", "balance_until"), False),)


class PresaleLine(Table):
    """Units of an order that count against a cap."""

    line = peewee.ForeignKeyField(OrderLine, unique=True, backref="+")
    order = peewee.ForeignKeyField(Order, backref="+")
    presale = peewee.ForeignKeyField(Presale, backref="+")
    taken = peewee.IntegerField(constraints=[peewee.Check("taken >= 0")])

    class Meta:
        table_name = "presale_line"
