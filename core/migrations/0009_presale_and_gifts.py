"""Gift lines and how many each rule gave; presales, the orders with a deposit and the units that count, frozen as they were."""

from __future__ import annotations

from typing import Any

from peewee import SQL, BigIntegerField, ForeignKeyField, IntegerField, Model, TextField

from orderyard.core.kernel.db import MomentField


def up(migrator: Any, db: Any) -> None:
    class Order(Model):
        class Meta:
            database = db
            legacy_table_names = False
            table_name = "sales_order"

    class OrderLine(Model):
        class Meta:
            database = db
            legacy_table_names = False
            table_name = "order_line"

    class PresaleCap(Model):
        class Meta:
            database = db
            legacy_table_names = False
            table_name = "presale_cap"

    class GiftCount(Model):
        source = TextField()
        customer = IntegerField(constraints=[SQL("DEFAULT 0")])
        given = IntegerField(constraints=[SQL("CHECK (given >= 0)")])

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "gift_count"
            indexes = ((("source", "customer"), True),)

    class Presale(Model):
        cap = ForeignKeyField(PresaleCap, backref="+", unique=True)
        deposit = BigIntegerField(constraints=[SQL("DEFAULT 0")])
        balance_from = MomentField(null=True)
        balance_until = MomentField(null=True)
        ship_by = MomentField(null=True)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "presale"

    class PresaleOrder(Model):
        order = ForeignKeyField(Order, backref="+", unique=True)
        state = TextField()
        deposit = BigIntegerField()
        deposit_at = MomentField()
        balance_from = MomentField(null=True)
        balance_until = MomentField(null=True)
        forfeited = BigIntegerField(constraints=[SQL("DEFAULT 0")])

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "presale_order"
            indexes = ((("state", "balance_until"), False),)

    class PresaleLine(Model):
        line = ForeignKeyField(OrderLine, backref="+", unique=True)
        order = ForeignKeyField(Order, backref="+")
        presale = ForeignKeyField(Presale, backref="+")
        taken = IntegerField(constraints=[SQL("CHECK (taken >= 0)")])

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "presale_line"

    db.create_tables([GiftCount, Presale, PresaleOrder, PresaleLine])
    migrator.migrate(migrator.add_column("order_line", "gift", TextField(constraints=[SQL("DEFAULT ''")]), allow_not_null=True))
