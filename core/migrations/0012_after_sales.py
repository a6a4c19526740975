"""After-sales; documents of several kinds in the inbox; grants of access that end, as they were when they came."""

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

    class AfterSale(Model):
        number = TextField(unique=True)
        order = ForeignKeyField(Order, backref="+")
        source = TextField()
        external_id = TextField(constraints=[SQL("DEFAULT ''")])
        type = TextField()
        state = TextField()
        goods = TextField(constraints=[SQL("DEFAULT 'none'")])
        money = TextField(constraints=[SQL("DEFAULT 'none'")])
        amount = BigIntegerField(constraints=[SQL("DEFAULT 0"), SQL("CHECK (amount >= 0)")])
        reason = TextField(constraints=[SQL("DEFAULT ''")])
        words = TextField(constraints=[SQL("DEFAULT ''")])
        carrier = TextField(constraints=[SQL("DEFAULT ''")])
        waybill = TextField(constraints=[SQL("DEFAULT ''")])
        answer_by = MomentField(null=True)
        requested_at = MomentField()
        updated_at = MomentField()
        closed_at = MomentField(null=True)
        answered_by = TextField(constraints=[SQL("DEFAULT ''")])
        answer = TextField(constraints=[SQL("DEFAULT ''")])
        version = IntegerField(constraints=[SQL("DEFAULT 1")])

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "after_sale"
            indexes = ((("source", "external_id"), True), (("state", "id"), False))

    class AfterSaleLine(Model):
        after_sale = ForeignKeyField(AfterSale, backref="+")
        line = ForeignKeyField(OrderLine, index=False, backref="+")
        quantity = IntegerField(constraints=[SQL("CHECK (quantity >= 0)")])
        amount = BigIntegerField(constraints=[SQL("DEFAULT 0"), SQL("CHECK (amount >= 0)")])

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "after_sale_line"
            indexes = ((("after_sale", "line"), True),)

    def add(table: str, name: str, field: Any) -> None:
        migrator.migrate(migrator.add_column(table, name, field, allow_not_null=True))

    db.create_tables([AfterSale, AfterSaleLine])
    add("inbox", "kind", TextField(constraints=[SQL("DEFAULT 'order'")]))
    add("connection", "claims_cursor", MomentField(null=True))
    add("connection", "expires_at", MomentField(null=True))
    add("connection", "renewing_until", MomentField(null=True))


def down(migrator: Any, db: Any) -> None:
    for table, column in (
        ("connection", "renewing_until"), ("connection", "expires_at"), ("connection", "claims_cursor"), ("inbox", "kind"),
    ):  # fmt: skip
        migrator.migrate(migrator.drop_column(table, column, cascade=False))
    db.execute_sql("DROP TABLE after_sale_line")
    db.execute_sql("DROP TABLE after_sale")
