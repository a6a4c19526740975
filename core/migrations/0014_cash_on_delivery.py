"""Who collects at the door, and when that was; as it was when it came."""

from __future__ import annotations

from typing import Any

from peewee import SQL, TextField

from orderyard.core.kernel.db import MomentField


def up(migrator: Any, db: Any) -> None:
    migrator.migrate(
        migrator.add_column("sales_order", "collector", TextField(constraints=[SQL("DEFAULT ''")]), allow_not_null=True),
        migrator.add_column("sales_order", "collected_at", MomentField(null=True)),
    )


def down(migrator: Any, db: Any) -> None:
    migrator.migrate(
        migrator.drop_column("sales_order", "collected_at", cascade=False),
        migrator.drop_column("sales_order", "collector", cascade=False),
    )
