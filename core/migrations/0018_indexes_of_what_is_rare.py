"""Lines are looked for by what a channel calls them only while nobody knows their SKU; three more indexes served no query."""

from __future__ import annotations

from typing import Any

_GONE = (
    ("order_line", "sku_id"),
    ("postal_address", "name"),
    ("task", "event_id"),
    ("task", "owner", "state"),
)


def up(migrator: Any, db: Any) -> None:
    for table, *columns in _GONE:
        db.execute_sql(f'DROP INDEX "{"_".join([table, *columns])}"')
    db.execute_sql('CREATE INDEX "order_line_unknown" ON "order_line" ("item_id", "variant_id") WHERE "sku_id" IS NULL')


def down(migrator: Any, db: Any) -> None:
    db.execute_sql('DROP INDEX "order_line_unknown"')
    for table, *columns in _GONE:
        listed = ", ".join(f'"{column}"' for column in columns)
        db.execute_sql(f'CREATE INDEX "{"_".join([table, *columns])}" ON "{table}" ({listed})')
