"""One threshold for a SKU in a place, and one open alert for a threshold, whoever looks at the same moment."""

from __future__ import annotations

from typing import Any

_UNIQUE = (
    ("stock_threshold_everywhere", "stock_threshold", "sku_id", "warehouse_id IS NULL"),
    ("stock_threshold_in_warehouse", "stock_threshold", "sku_id, warehouse_id", "warehouse_id IS NOT NULL"),
    ("low_stock_open", "low_stock", "threshold_id", "cleared_at IS NULL"),
)


def up(migrator: Any, db: Any) -> None:
    for name, table, columns, where in _UNIQUE:
        db.execute_sql(f"CREATE UNIQUE INDEX {name} ON {table} ({columns}) WHERE {where}")


def down(migrator: Any, db: Any) -> None:
    for name, *_ in _UNIQUE:
        db.execute_sql(f"DROP INDEX {name}")
