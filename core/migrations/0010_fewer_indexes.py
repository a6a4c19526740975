"""Indexes that every order paid for and no query used: those whose columns begin another one, and keys nobody looks up."""

from __future__ import annotations

from typing import Any

_GONE = (
    ("sales_order", "shop_id"),
    ("order_line", "order_id"),
    ("order_line", "merchant_code"),
    ("fulfillment_order", "shop_id"),
    ("fulfillment_order", "warehouse_id"),
    ("fulfillment_order", "address_id"),
    ("fulfillment_order", "became_id"),
    ("fo_line", "fo_id"),
    ("stock_level", "sku_id"),
    ("reservation", "level_id"),
    ("stock_move", "sku_id"),
    ("stock_move", "source_warehouse_id"),
    ("stock_move", "target_warehouse_id"),
    ("ledger_posting", "entry_id"),
)


def up(migrator: Any, db: Any) -> None:
    for table, column in _GONE:
        db.execute_sql(f'DROP INDEX "{table}_{column}"')


def down(migrator: Any, db: Any) -> None:
    for table, column in _GONE:
        db.execute_sql(f'CREATE INDEX "{table}_{column}" ON "{table}" ("{column}")')
