"""Tasks from before 0023, whose events stood in a table of their own, are delivered all the same; and the way back."""

from __future__ import annotations

from playhouse.migrations import Runner

from orderyard.core.kernel.db import Database, as_json
from orderyard.core.migrations.registry import DIRECTORY, HISTORY
from orderyard.core.testing.scripted import FixedEnvironment

LAST = "0023_events_are_told_in_tasks"


def test_events_of_before_stand_in_their_tasks_and_may_go_back(database_url: str) -> None:
    db, at = Database(database_url), FixedEnvironment().now()
    runner = Runner(db.engine, str(DIRECTORY), table_name=HISTORY)
    with db.connection():
        runner.up("0022_parcels_that_came_back")
        db.insert("event", ("name", "at", "payload"), [("order_placed", at, '{"order_id": 5}')])
        columns = ("kind", "owner", "event_id", "key", "payload", "due_at", "unsure")
        tasks: list[tuple[object, ...]] = [
            ("event", "crm", 1, "event:1:crm", "{}", at, True),
            ("event", "bell", 1, "event:1:bell", "{}", at, False),
            ("tell", "shop", None, "tell/1", '{"x": 1}', at, False),
        ]
        db.insert("task", columns, tasks)
        runner.up(LAST)
        told = "SELECT owner, event, key, payload, unsure FROM task ORDER BY id"
        assert [
            (owner, event, key, as_json(payload), bool(unsure)) for owner, event, key, payload, unsure in db.rows(told)
        ] == [
            ("crm", "order_placed", "event:1:crm", {"order_id": 5}, True),
            ("bell", "order_placed", "event:1:bell", {"order_id": 5}, False),
            ("shop", "", "tell/1", {"x": 1}, False),
        ]
        db.insert("task", ("kind", "owner", "event", "payload", "due_at"), [("event", "crm", "order_placed", "{}", at)] * 2)
        runner.down(LAST)
        back = db.rows(
            "SELECT t.owner, t.key, e.name, e.payload FROM task t LEFT JOIN event e ON e.id = t.event_id ORDER BY t.id"
        )
        assert [(owner, key, name, as_json(payload or "{}")) for owner, key, name, payload in back] == [
            ("crm", "event:1:crm", "order_placed", {"order_id": 5}),
            ("bell", "event:2:bell", "order_placed", {"order_id": 5}),
            ("shop", "tell/1", None, {}),
            ("crm", "event:4:crm", "order_placed", {}),
            ("crm", "event:5:crm", "order_placed", {}),
        ]
    db.close()
