"""Orders that are over and still hold money of their buyers are found at once: there are never many."""

from __future__ import annotations

from typing import Any


def up(migrator: Any, db: Any) -> None:
    db.execute_sql(
        'CREATE INDEX "sales_order_to_give_back" ON "sales_order" ("id") '
        "WHERE \"advance\" > 0 AND \"status\" IN ('shipped', 'completed', 'cancelled')"
    )


def down(migrator: Any, db: Any) -> None:
    db.execute_sql('DROP INDEX "sales_order_to_give_back"')
