"""What came in through a connection is read newest first, and of what its platform was told only the refusals are."""

from __future__ import annotations

from typing import Any

_GONE = ("inbox", "shipment_notice")


def up(migrator: Any, db: Any) -> None:
    for table in _GONE:
        db.execute_sql(f'DROP INDEX "{table}_connection_id"')
    db.execute_sql('CREATE INDEX "inbox_connection_id_id" ON "inbox" ("connection_id", "id")')
    db.execute_sql('CREATE INDEX "shipment_notice_failed" ON "shipment_notice" ("connection_id") WHERE "state" = \'failed\'')


def down(migrator: Any, db: Any) -> None:
    db.execute_sql('DROP INDEX "shipment_notice_failed"')
    db.execute_sql('DROP INDEX "inbox_connection_id_id"')
    for table in _GONE:
        db.execute_sql(f'CREATE INDEX "{table}_connection_id" ON "{table}" ("connection_id")')
