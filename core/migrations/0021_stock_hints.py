"""What a process that does no work leaves for one that does: SKUs whose stock it touched."""

from __future__ import annotations

from typing import Any


def up(migrator: Any, db: Any) -> None:
    db.execute_sql('CREATE TABLE "stock_hint" ("sku_id" INTEGER NOT NULL PRIMARY KEY)')


def down(migrator: Any, db: Any) -> None:
    db.execute_sql('DROP TABLE "stock_hint"')
