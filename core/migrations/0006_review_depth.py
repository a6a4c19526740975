"""Review by rules as data, by assigned people and by finance; holds with an end; orders whose carrier somebody chose."""

from __future__ import annotations

from typing import Any

from peewee import SQL, AutoField, BigIntegerField, BooleanField, ForeignKeyField, IntegerField, Model, TextField

from orderyard.core.kernel.db import MomentField


def up(migrator: Any, db: Any) -> None:
    class Shop(Model):
        class Meta:
            database = db
            legacy_table_names = False
            table_name = "shop"

    class Warehouse(Model):
        id = AutoField()

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "warehouse"

    class ReviewerScope(Model):
        login = TextField()
        shop = ForeignKeyField(Shop, backref="+", null=True)
        currency = TextField(constraints=[SQL("DEFAULT ''")])
        amount_limit = BigIntegerField(null=True)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "reviewer_scope"
            indexes = ((("login",), False),)

    class BlacklistEntry(Model):
        kind = TextField()
        value = TextField()
        note = TextField(constraints=[SQL("DEFAULT ''")])
        added_at = MomentField()
        added_by = TextField()

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "blacklist"
            indexes = ((("kind", "value"), True),)

    def add(table: str, name: str, field: Any) -> None:
        migrator.migrate(migrator.add_column(table, name, field, allow_not_null=True))

    db.create_tables([ReviewerScope, BlacklistEntry])
    add("review_rule_setting", "version", IntegerField(constraints=[SQL("DEFAULT 1")]))
    add("shop", "finance_review", BooleanField(constraints=[SQL("DEFAULT FALSE")]))
    add("sales_order", "finance_review", TextField(constraints=[SQL("DEFAULT ''")]))
    add("sales_order", "carrier", TextField(constraints=[SQL("DEFAULT ''")]))
    add("sales_order", "warehouse_id", ForeignKeyField(Warehouse, field=Warehouse.id, null=True, index=False))
    add("sales_order", "ship_by", MomentField(null=True))
    add("hold", "until", MomentField(null=True))
    migrator.migrate(migrator.add_index("postal_address", ("phone",)))
