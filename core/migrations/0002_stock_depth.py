"""Zones and bins, lots, serials, counts and transfers, frozen as they were."""

from __future__ import annotations

from typing import Any

from peewee import SQL, AutoField, BigIntegerField, BooleanField, ForeignKeyField, IntegerField, JSONField, Model, TextField

from orderyard.core.kernel.db import MomentField


def up(migrator: Any, db: Any) -> None:
    class Sku(Model):
        class Meta:
            database = db
            legacy_table_names = False
            table_name = "sku"

    class Warehouse(Model):
        id = AutoField()

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "warehouse"

    class StockLevel(Model):
        class Meta:
            database = db
            legacy_table_names = False
            table_name = "stock_level"

    class StockMove(Model):
        class Meta:
            database = db
            legacy_table_names = False
            table_name = "stock_move"

    class SkuTracking(Model):
        sku = ForeignKeyField(Sku, backref="+", unique=True)
        lots = BooleanField(constraints=[SQL("DEFAULT FALSE")])
        serials = BooleanField(constraints=[SQL("DEFAULT FALSE")])
        min_life_days = IntegerField(constraints=[SQL("DEFAULT 0")])

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "sku_tracking"

    class Lot(Model):
        sku = ForeignKeyField(Sku, backref="+", index=False)
        code = TextField()
        expires_on = TextField(constraints=[SQL("DEFAULT ''")])
        received_at = MomentField()

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "lot"
            indexes = ((("sku", "code"), True),)

    class Zone(Model):
        warehouse = ForeignKeyField(Warehouse, backref="+", index=False)
        code = TextField()
        title = TextField(constraints=[SQL("DEFAULT ''")])
        use = TextField(constraints=[SQL("DEFAULT 'storage'")])

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "zone"
            indexes = ((("warehouse", "code"), True),)

    class Bin(Model):
        id = AutoField()
        warehouse = ForeignKeyField(Warehouse, backref="+", index=False)
        zone = ForeignKeyField(Zone, backref="+")
        code = TextField()

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "bin"
            indexes = ((("warehouse", "code"), True),)

    class BinLevel(Model):
        bin = ForeignKeyField(Bin, backref="+")
        level = ForeignKeyField(StockLevel, backref="+", index=False)
        quantity = IntegerField(constraints=[SQL("CHECK (quantity >= 0)")])

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "bin_level"
            indexes = ((("level", "bin"), True),)

    class Serial(Model):
        sku = ForeignKeyField(Sku, backref="+", index=False)
        code = TextField()
        place = TextField()
        level = ForeignKeyField(StockLevel, backref="+", null=True)
        holder_kind = TextField(constraints=[SQL("DEFAULT ''")])
        holder = BigIntegerField(null=True)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "serial"
            indexes = ((("sku", "code"), True), (("holder_kind", "holder"), False))

    class SerialMove(Model):
        serial = ForeignKeyField(Serial, backref="+", index=False)
        move = ForeignKeyField(StockMove, backref="+")

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "serial_move"
            indexes = ((("serial", "move"), True),)

    class StockCount(Model):
        warehouse = ForeignKeyField(Warehouse, backref="+")
        blind = BooleanField(constraints=[SQL("DEFAULT FALSE")])
        state = TextField(constraints=[SQL("DEFAULT 'open'")])
        note = TextField(constraints=[SQL("DEFAULT ''")])
        opened_at = MomentField()
        closed_at = MomentField(null=True)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "stock_count"

    class StockCountLine(Model):
        count = ForeignKeyField(StockCount, backref="+")
        sku = ForeignKeyField(Sku, backref="+")
        lot = TextField(constraints=[SQL("DEFAULT ''")])
        quality = TextField(constraints=[SQL("DEFAULT 'good'")])
        bin = ForeignKeyField(Bin, backref="+", null=True, index=False)
        book = IntegerField(constraints=[SQL("DEFAULT 0")])
        counted = IntegerField(null=True)
        serials = JSONField(constraints=[SQL("DEFAULT '[]'")])
        counted_by = TextField(constraints=[SQL("DEFAULT ''")])
        counted_at = MomentField(null=True)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "stock_count_line"

    class Transfer(Model):
        source = ForeignKeyField(Warehouse, backref="+")
        target = ForeignKeyField(Warehouse, backref="+")
        state = TextField(constraints=[SQL("DEFAULT 'in_transit'")])
        note = TextField(constraints=[SQL("DEFAULT ''")])
        key = TextField(unique=True)
        sent_at = MomentField()
        received_at = MomentField(null=True)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "stock_transfer"

    class TransferLine(Model):
        transfer = ForeignKeyField(Transfer, backref="+")
        sku = ForeignKeyField(Sku, backref="+")
        lot = TextField(constraints=[SQL("DEFAULT ''")])
        quantity = IntegerField(constraints=[SQL("CHECK (quantity > 0)")])
        received = IntegerField(constraints=[SQL("DEFAULT 0")])
        lost = IntegerField(constraints=[SQL("DEFAULT 0")])
        cost = BigIntegerField(constraints=[SQL("DEFAULT 0")])

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "stock_transfer_line"

    def add(table: str, name: str, field: Any) -> None:
        migrator.migrate(migrator.add_column(table, name, field, allow_not_null=True))

    tables = [
        SkuTracking, Lot, Zone, Bin, BinLevel, Serial, SerialMove, StockCount, StockCountLine, Transfer, TransferLine,
    ]  # fmt: skip
    db.create_tables(tables)
    add("stock_level", "placed", IntegerField(constraints=[SQL("DEFAULT 0"), SQL("CHECK (placed >= 0)")]))
    add("stock_level", "sell_by", TextField(constraints=[SQL("DEFAULT '9999-12-31'")]))
    add("stock_level", "counting", BooleanField(constraints=[SQL("DEFAULT FALSE")]))
    add("stock_move", "source_bin_id", ForeignKeyField(Bin, field=Bin.id, null=True, index=False))
    add("stock_move", "target_bin_id", ForeignKeyField(Bin, field=Bin.id, null=True, index=False))
    add("stock_move", "reason", TextField(constraints=[SQL("DEFAULT ''")]))
    # The place says it now: good units lie in stock, the others in qc or defective.
    migrator.migrate(migrator.drop_column("stock_move", "quality", cascade=False))
