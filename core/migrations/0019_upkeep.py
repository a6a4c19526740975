"""When a grant is to be renewed and when people are warned, where pushes go, what is asked for again and of whom."""

from __future__ import annotations

from typing import Any

from peewee import SQL, IntegerField, PostgresqlDatabase, TextField

from orderyard.core.kernel.db import MomentField

_COLUMNS = (
    ("connection", "renew_from", MomentField(null=True)),
    ("connection", "warn_from", MomentField(null=True)),
    ("connection", "push_address", TextField(constraints=[SQL("DEFAULT ''")])),
    ("connection", "items_due_at", MomentField(null=True)),
    ("connection", "backfill", TextField(constraints=[SQL("DEFAULT ''")])),
    ("channel_order", "asked_address_id", IntegerField(null=True)),
)


def up(migrator: Any, db: Any) -> None:
    for table, name, field in _COLUMNS:
        migrator.migrate(migrator.add_column(table, name, field, allow_not_null=True))
    # Until they are renewed for the first time, grants keep the times that held for all of them.
    db.execute_sql(
        "UPDATE connection SET renew_from = expires_at - INTERVAL '6 hours', warn_from = expires_at - INTERVAL '3 days'"
        if isinstance(db, PostgresqlDatabase)
        else "UPDATE connection SET renew_from = strftime('%Y-%m-%dT%H:%M:%f000+00:00', expires_at, '-6 hours'), "
        "warn_from = strftime('%Y-%m-%dT%H:%M:%f000+00:00', expires_at, '-3 days')"
    )


def down(migrator: Any, db: Any) -> None:
    for table, name, _ in reversed(_COLUMNS):
        migrator.migrate(migrator.drop_column(table, name, cascade=False))
