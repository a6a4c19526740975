"""售后单: what a buyer wants after buying, from whoever says so."""

from __future__ import annotations

import peewee

from ..kernel.db import MomentField, Table
from ..orders.models import Order, OrderLine


class AfterSale(Table):
    """One wish of a buyer about one order, and what became of it."""

    number = peewee.TextField(unique=True)
    order = peewee.ForeignKeyField(Order, backref="+")
    source = peewee.TextField()
    """A person, the buyer, or the code of the channel's connection that reports it."""
    external_id = peewee.TextField(default="")
    type = peewee.TextField()
    state = peewee.TextField()
    goods = peewee.TextField(default="none")
    money = peewee.TextField(default="none")
    amount = peewee.BigIntegerField(default=0, constraints=[peewee.Check("amount >= 0")])
    """Asked back in all, in minor units of the order's currency."""
    reason = peewee.TextField(default="")
    words = peewee.TextField(default="")
    carrier = peewee.TextField(default="")
    waybill = peewee.TextField(default="")
    answer_by = MomentField(null=True)
    requested_at = MomentField()
    updated_at = MomentField()
    """The moment its source gives for what it last said."""
    closed_at = MomentField(null=True)
    answered_by = peewee.TextField(default="")
    """Who agreed or refused here; empty while nobody has, or when the platform decided."""
    answer = peewee.TextField(default="")
    """`agree` or `refuse`."""
    version = peewee.IntegerField(default=1)

    class Meta:
        table_name = "after_sale"
        indexes = ((("source", "external_id"), True), (("state", "id"), False))


class AfterSaleLine(Table):
    """Units of one order line that an after-sale is about."""

    after_sale = peewee.ForeignKeyField(AfterSale, backref="+")
    line = peewee.ForeignKeyField(OrderLine, index=False, backref="+")
    quantity = peewee.IntegerField(constraints=[peewee.Check("quantity >= 0")])
    amount = peewee.BigIntegerField(default=0, constraints=[peewee.Check("amount >= 0")])

    class Meta:
        table_name = "after_sale_line"
        indexes = ((("after_sale", "line"), True),)
