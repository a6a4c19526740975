"""Files of orders, their rows, and the columns a shop's files have."""

from __future__ import annotations

from typing import Any

from peewee import SQL, ForeignKeyField, IntegerField, JSONField, Model, TextField

from orderyard.core.kernel.db import MomentField


def up(migrator: Any, db: Any) -> None:
    class Shop(Model):
        class Meta:
            database = db
            legacy_table_names = False
            table_name = "shop"

    class Order(Model):
        class Meta:
            database = db
            legacy_table_names = False
            table_name = "sales_order"

    class ImportMapping(Model):
        shop = ForeignKeyField(Shop, backref="+", unique=True)
        settings = JSONField()

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "import_mapping"

    class ImportFile(Model):
        shop = ForeignKeyField(Shop, backref="+")
        name = TextField()
        digest = TextField()
        header = JSONField()
        settings = JSONField()
        state = TextField(index=True, constraints=[SQL("DEFAULT 'storing'")])
        actor = TextField()
        created_at = MomentField()

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "import_file"
            indexes = ((("shop", "digest"), True),)

    class ImportRow(Model):
        file = ForeignKeyField(ImportFile, backref="+", index=False)
        no = IntegerField()
        number = TextField()
        cells = TextField()
        state = TextField(constraints=[SQL("DEFAULT 'waiting'")])
        order = ForeignKeyField(Order, null=True, index=False, backref="+")
        problem = TextField(constraints=[SQL("DEFAULT ''")])

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "import_row"
            indexes = ((("file", "no"), True), (("file", "state", "no"), False))

    db.create_tables([ImportMapping, ImportFile, ImportRow])
