"""Orders that are picked up or given at the counter; as it was when it came."""

from __future__ import annotations

from typing import Any

from peewee import SQL, IntegerField, TextField


def up(migrator: Any, db: Any) -> None:
    migrator.migrate(
        migrator.add_column("sales_order", "reach", TextField(constraints=[SQL("DEFAULT 'shipped'")]), allow_not_null=True),
        migrator.add_column("sales_order", "pickup_code", TextField(constraints=[SQL("DEFAULT ''")]), allow_not_null=True),
        migrator.add_column("shop", "pickup_days", IntegerField(constraints=[SQL("DEFAULT 7")]), allow_not_null=True),
    )
    db.execute_sql('CREATE INDEX "sales_order_fetched" ON "sales_order" ("status", "id") WHERE "reach" <> \'shipped\'')


def down(migrator: Any, db: Any) -> None:
    db.execute_sql('DROP INDEX "sales_order_fetched"')
    migrator.migrate(
        migrator.drop_column("shop", "pickup_days", cascade=False),
        migrator.drop_column("sales_order", "pickup_code", cascade=False),
        migrator.drop_column("sales_order", "reach", cascade=False),
    )
