"""Tables as migrations make them are tables as the models say, and what was there before stays sound."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from playhouse.schema_diff import diff_models

from orderyard.core.inventory.checks import CHECKS
from orderyard.core.kernel.checks import findings
from orderyard.core.kernel.db import Database
from orderyard.core.kernel.uow import Merchant
from orderyard.core.migrations.registry import DIRECTORY, HISTORY, TABLES

AT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def test_models_and_migrations_tell_the_same(database_url: str) -> None:
    db = Database(database_url)
    db.migrate(DIRECTORY, HISTORY)
    with db.connection():
        difference = diff_models(db.engine, list(TABLES))
        assert not difference, difference
    db.close()


def test_stock_from_before_zones_lots_and_counts_stays_sound(database_url: str, tmp_path: Path) -> None:
    shutil.copy(DIRECTORY / "0001_initial.py", tmp_path)
    db = Database(database_url)
    db.migrate(tmp_path, HISTORY)
    with db.connection():
        db.insert("sku", ("code", "title"), [("TEE", "Tee")])
        db.insert("warehouse", ("code", "title"), [("SH", "SH")])
        db.insert("stock_level", ("warehouse_id", "sku_id", "on_hand", "value"), [(1, 1, 5, 500)])
        db.insert(
            "stock_move",
            ("at", "sku_id", "quantity", "source", "target", "target_warehouse_id", "quality", "cost", "kind", "document",
             "actor", "key"),
            [(AT, 1, 5, "opening", "stock", 1, "good", 500, "receipt", 1, "person:ann", "OPEN")],
        )  # fmt: skip
    db.migrate(DIRECTORY, HISTORY)
    with db.connection():
        assert list(findings(db, Merchant(), CHECKS)) == []
        assert db.rows("SELECT on_hand, placed, sell_by, counting FROM stock_level") == [(5, 0, "9999-12-31", False)]
    db.close()
