"""Order types, price lists, promotions, freight templates; customers who were merged."""

from __future__ import annotations

from typing import Any

from peewee import SQL, BigIntegerField, BooleanField, Check, ForeignKeyField, IntegerField, JSONField, Model, TextField

from orderyard.core.kernel.db import MomentField

COLUMNS = (
    "sales_order ADD COLUMN type TEXT NOT NULL DEFAULT 'normal'",
    "sku ADD COLUMN volume_cm3 INTEGER NOT NULL DEFAULT 0",
    "customer ADD COLUMN price_group TEXT NOT NULL DEFAULT ''",
    "customer ADD COLUMN merged_into BIGINT",
)


def up(migrator: Any, db: Any) -> None:
    # As plain SQL: both engines then keep the default for whoever writes rows without knowing the column.
    for change in COLUMNS:
        db.execute_sql(f"ALTER TABLE {change}")

    class Shop(Model):
        class Meta:
            database = db
            legacy_table_names = False
            table_name = "shop"

    class Sku(Model):
        class Meta:
            database = db
            legacy_table_names = False
            table_name = "sku"

    class Order(Model):
        class Meta:
            database = db
            legacy_table_names = False
            table_name = "sales_order"

    class PriceList(Model):
        code = TextField(unique=True)
        title = TextField(constraints=[SQL("DEFAULT ''")])
        shop = ForeignKeyField(Shop, null=True, backref="+")
        customer_group = TextField(constraints=[SQL("DEFAULT ''")])
        currency = TextField()

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "price_list"

    class PriceListItem(Model):
        price_list = ForeignKeyField(PriceList, backref="+")
        sku = ForeignKeyField(Sku, backref="+")
        from_quantity = IntegerField(constraints=[SQL("DEFAULT 1"), Check("from_quantity > 0")])
        price = BigIntegerField(constraints=[Check("price >= 0")])

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "price_list_item"
            indexes = ((("price_list", "sku", "from_quantity"), True),)

    class Promotion(Model):
        code = TextField(unique=True)
        title = TextField(constraints=[SQL("DEFAULT ''")])
        shop = ForeignKeyField(Shop, null=True, backref="+")
        customer_group = TextField(constraints=[SQL("DEFAULT ''")])
        currency = TextField()
        kind = TextField()
        minimum = BigIntegerField(constraints=[SQL("DEFAULT 0")])
        value = BigIntegerField(constraints=[Check("value > 0")])
        starts_at = MomentField(null=True)
        ends_at = MomentField(null=True)
        enabled = BooleanField(constraints=[SQL("DEFAULT TRUE")])

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "promotion"

    class OrderLink(Model):
        order = ForeignKeyField(Order, backref="+", unique=True)
        origin = ForeignKeyField(Order, backref="+")

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "order_link"

    class FreightTemplate(Model):
        shop = ForeignKeyField(Shop, backref="+", unique=True)
        settings = JSONField()

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "freight_template"

    db.create_tables([PriceList, PriceListItem, Promotion, OrderLink, FreightTemplate])
