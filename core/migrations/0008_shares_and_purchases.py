"""Locks and safety of shops, presale caps, low stock, suppliers and purchase orders, frozen as they were."""

from __future__ import annotations

from typing import Any

from peewee import SQL, BigIntegerField, BooleanField, ForeignKeyField, IntegerField, Model, TextField

from orderyard.core.kernel.db import MomentField


def up(migrator: Any, db: Any) -> None:
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

    class Warehouse(Model):
        class Meta:
            database = db
            legacy_table_names = False
            table_name = "warehouse"

    class StockLevel(Model):
        class Meta:
            database = db
            legacy_table_names = False
            table_name = "stock_level"

    class SafetyStock(Model):
        shop = ForeignKeyField(Shop, backref="+", index=False)
        sku = ForeignKeyField(Sku, backref="+", index=False)
        warehouse = ForeignKeyField(Warehouse, backref="+", index=False)
        units = IntegerField(constraints=[SQL("CHECK (units >= 0)")])

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "safety_stock"
            indexes = ((("shop", "sku", "warehouse"), True),)

    class StockLock(Model):
        shop = ForeignKeyField(Shop, backref="+", index=False)
        sku = ForeignKeyField(Sku, backref="+", index=False)
        warehouse = ForeignKeyField(Warehouse, backref="+", index=False)
        mode = TextField()

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "stock_lock"
            indexes = ((("shop", "sku", "warehouse"), True),)

    class LockedUnits(Model):
        lock = ForeignKeyField(StockLock, backref="+", index=False)
        level = ForeignKeyField(StockLevel, backref="+")
        quantity = IntegerField(constraints=[SQL("CHECK (quantity >= 0)")])

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "locked_units"
            indexes = ((("lock", "level"), True),)

    class PresaleCap(Model):
        shop = ForeignKeyField(Shop, backref="+", index=False)
        sku = ForeignKeyField(Sku, backref="+")
        cap = IntegerField(constraints=[SQL("CHECK (cap >= 0)")])
        taken = IntegerField(constraints=[SQL("DEFAULT 0"), SQL("CHECK (taken >= 0)")])
        open = BooleanField(constraints=[SQL("DEFAULT TRUE")])

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "presale_cap"
            indexes = ((("shop", "sku"), False),)

    class StockThreshold(Model):
        sku = ForeignKeyField(Sku, backref="+")
        warehouse = ForeignKeyField(Warehouse, backref="+", null=True, index=False)
        units = IntegerField(constraints=[SQL("CHECK (units >= 0)")])

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "stock_threshold"

    class LowStock(Model):
        threshold = ForeignKeyField(StockThreshold, backref="+", null=True, index=False, on_delete="SET NULL")
        sku = ForeignKeyField(Sku, backref="+")
        warehouse = ForeignKeyField(Warehouse, backref="+", null=True, index=False)
        units = IntegerField()
        available = IntegerField()
        fired_at = MomentField()
        cleared_at = MomentField(null=True)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "low_stock"
            indexes = ((("threshold", "cleared_at"), False),)

    class Supplier(Model):
        code = TextField(unique=True)
        title = TextField()

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "supplier"

    class PurchaseOrder(Model):
        supplier = ForeignKeyField(Supplier, backref="+")
        warehouse = ForeignKeyField(Warehouse, backref="+")
        due_on = TextField()
        state = TextField(constraints=[SQL("DEFAULT 'open'")])
        note = TextField(constraints=[SQL("DEFAULT ''")])
        key = TextField(unique=True)
        ordered_at = MomentField()
        closed_at = MomentField(null=True)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "purchase_order"
            indexes = ((("state", "due_on"), False),)

    class PurchaseLine(Model):
        purchase = ForeignKeyField(PurchaseOrder, backref="+", index=False)
        sku = ForeignKeyField(Sku, backref="+")
        quantity = IntegerField(constraints=[SQL("CHECK (quantity > 0)")])
        received = IntegerField(constraints=[SQL("DEFAULT 0"), SQL("CHECK (received >= 0)")])
        unit_cost = BigIntegerField(constraints=[SQL("DEFAULT 0")])

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "purchase_line"
            indexes = ((("purchase", "sku"), True),)
            constraints = (SQL("CHECK (received <= quantity)"),)

    def add(table: str, name: str, field: Any) -> None:
        migrator.migrate(migrator.add_column(table, name, field, allow_not_null=True))

    db.create_tables(
        [
            SafetyStock, StockLock, LockedUnits, PresaleCap, StockThreshold, LowStock, Supplier, PurchaseOrder, PurchaseLine,
        ]
    )  # fmt: skip
    add("stock_level", "locked", IntegerField(constraints=[SQL("DEFAULT 0"), SQL("CHECK (locked >= 0)")]))
    add("reservation", "lock_id", IntegerField(null=True))
    add("reservation", "locked", IntegerField(constraints=[SQL("DEFAULT 0")]))
