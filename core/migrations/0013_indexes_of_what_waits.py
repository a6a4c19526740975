"""Lines are looked for by SKU only while they wait for stock, and nothing is looked for by its merge key."""

from __future__ import annotations

from typing import Any

_GONE = (("fo_line", "sku_id"), ("fulfillment_order", "merge_key"), ("postal_address", "merge_key"))


def up(migrator: Any, db: Any) -> None:
    for table, column in _GONE:
        db.execute_sql(f'DROP INDEX "{table}_{column}"')
    db.execute_sql('CREATE INDEX "fo_line_waiting" ON "fo_line" ("sku_id") WHERE "reserved" < "quantity"')


def down(migrator: Any, db: Any) -> None:
    db.execute_sql('DROP INDEX "fo_line_waiting"')
    for table, column in _GONE:
        db.execute_sql(f'CREATE INDEX "{table}_{column}" ON "{table}" ("{column}")')
