"""Lines of which units came back undelivered are found at once: there are few."""

from __future__ import annotations

from typing import Any


def up(migrator: Any, db: Any) -> None:
    db.execute_sql('CREATE INDEX "order_line_bounced" ON "order_line" ("order_id") WHERE "bounced" > 0')


def down(migrator: Any, db: Any) -> None:
    db.execute_sql('DROP INDEX "order_line_bounced"')
