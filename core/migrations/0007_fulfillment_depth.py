"""Amendments, where units of a fulfillment order came from and went to, units to be put back, merge windows of shops."""

from __future__ import annotations

from typing import Any

from peewee import SQL, BigIntegerField, ForeignKeyField, IntegerField, JSONField, Model, TextField

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

    class FulfillmentOrder(Model):
        class Meta:
            database = db
            legacy_table_names = False
            table_name = "fulfillment_order"

    class Warehouse(Model):
        class Meta:
            database = db
            legacy_table_names = False
            table_name = "warehouse"

    class Amendment(Model):
        order = ForeignKeyField(Order, backref="+", index=False)
        no = IntegerField()
        source = TextField()
        state = TextField()
        changes = JSONField()
        preview = JSONField(constraints=[SQL("DEFAULT '{}'")])
        because = TextField(constraints=[SQL("DEFAULT ''")])
        basis = TextField(constraints=[SQL("DEFAULT ''")])
        created_at = MomentField()
        created_by = TextField()
        closed_at = MomentField(null=True)
        closed_by = TextField(constraints=[SQL("DEFAULT ''")])

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "amendment"
            indexes = ((("order", "no"), True), (("state", "id"), False))

    class Lineage(Model):
        source = ForeignKeyField(FulfillmentOrder, backref="+")
        target = ForeignKeyField(FulfillmentOrder, backref="+")
        kind = TextField()
        line = ForeignKeyField(OrderLine, backref="+", index=False)
        quantity = IntegerField(constraints=[SQL("CHECK (quantity > 0)")])
        at = MomentField()
        undone_at = MomentField(null=True)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "fo_lineage"

    class Putback(Model):
        fo = ForeignKeyField(FulfillmentOrder, backref="+")
        order = ForeignKeyField(Order, backref="+", index=False)
        line = ForeignKeyField(OrderLine, backref="+", index=False)
        warehouse = ForeignKeyField(Warehouse, backref="+", index=False)
        sku_id = IntegerField()
        quantity = IntegerField(constraints=[SQL("CHECK (quantity > 0)")])
        stage = TextField()
        state = TextField(constraints=[SQL("DEFAULT 'open'")])
        reason = TextField(constraints=[SQL("DEFAULT ''")])
        opened_at = MomentField()
        place = TextField(constraints=[SQL("DEFAULT ''")])
        closed_at = MomentField(null=True)
        closed_by = TextField(constraints=[SQL("DEFAULT ''")])

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "putback"
            indexes = ((("state", "id"), False),)

    def add(table: str, name: str, field: Any) -> None:
        migrator.migrate(migrator.add_column(table, name, field, allow_not_null=True))

    db.create_tables([Amendment, Lineage, Putback])
    add("shop", "merge_minutes", IntegerField(constraints=[SQL("DEFAULT 0")]))
    add("shop", "ship_hours", IntegerField(constraints=[SQL("DEFAULT 48")]))
    add("shop", "parcel_first", BigIntegerField(constraints=[SQL("DEFAULT 0")]))
    add("shop", "parcel_next", BigIntegerField(constraints=[SQL("DEFAULT 0")]))
