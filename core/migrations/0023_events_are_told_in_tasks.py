"""What plugins are told of stands in the task that tells one of them: a row less for every order and parcel."""

from __future__ import annotations

from typing import Any

from peewee import SQL, AutoField, ForeignKeyField, Model, PostgresqlDatabase, TextField

from orderyard.core.kernel.db import JsonField, MomentField


def up(migrator: Any, db: Any) -> None:
    migrator.migrate(
        migrator.add_column("task", "event", TextField(constraints=[SQL("DEFAULT ''")]), allow_not_null=True),
        migrator.drop_not_null("task", "key"),
    )
    db.execute_sql("UPDATE task SET event = e.name, payload = e.payload FROM event e WHERE e.id = task.event_id")
    # SQLite drops no column that a reference stands on; the table is built anew without it.
    anew = {} if isinstance(db, PostgresqlDatabase) else {"legacy": True}
    migrator.migrate(migrator.drop_column("task", "event_id", cascade=False, **anew))
    db.execute_sql("DROP TABLE event")


def down(migrator: Any, db: Any) -> None:
    class Event(Model):
        id = AutoField()
        name = TextField()
        at = MomentField()
        payload = JsonField()

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "event"

    db.create_tables([Event])
    db.execute_sql("INSERT INTO event (id, name, at, payload) SELECT id, event, due_at, payload FROM task WHERE kind = 'event'")
    counted = isinstance(db, PostgresqlDatabase)
    if counted:
        db.execute_sql("SELECT setval('event_id_seq', (SELECT COALESCE(MAX(id), 0) + 1 FROM event), FALSE)")
    field = ForeignKeyField(Event, field=Event.id, null=True, index=False)
    migrator.migrate(migrator.add_column("task", "event_id", field))
    db.execute_sql("UPDATE task SET event_id = id, key = 'event:' || id || ':' || owner, payload = '{}' WHERE kind = 'event'")
    migrator.migrate(migrator.add_not_null("task", "key"), migrator.drop_column("task", "event", cascade=False))
