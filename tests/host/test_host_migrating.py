"""Plugins' own tables: made when they start, named after them, all or nothing."""

from __future__ import annotations

import types
from collections.abc import Callable
from pathlib import Path

import pytest

from orderyard.core.host.migrating import migrate_plugins
from orderyard.core.host.plugins import Plugins, load
from orderyard.core.kernel.uow import Installation
from orderyard.core.orders.api import Transition

Write = Callable[..., types.ModuleType]

MOVE = Transition("order", 1, "to_ship", "shipped", {})
MAKES_B = "def up(migrator, db):\n    db.execute_sql('CREATE TABLE gifts_b (id INTEGER)')\n    "

MAKES = """
def up(migrator, db):
    db.execute_sql("CREATE TABLE {table} (id INTEGER PRIMARY KEY, note TEXT)")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def plugin(write: Write, slug: str, folder: Path) -> types.ModuleType:
    manifest = f"from pathlib import Path\nmanifest = Manifest(slug={slug!r}, title='x', migrations=Path({str(folder)!r}))\n"
    return write(slug, "@hookimpl\ndef object_to_transition(): return 'no'", manifest)


def start(write: Write, bell: types.ModuleType, folder: Path) -> Plugins:
    return load(["gifts", "bell"], extra={"gifts": plugin(write, "gifts", folder), "bell": bell})


def tables(installation: Installation) -> set[str]:
    return set(installation.db.engine.get_tables())


def test_a_plugin_gets_its_tables_once(installation: Installation, write: Write, bell: types.ModuleType, folder: Path) -> None:
    (folder / "0001_first.py").write_text(MAKES.format(table="gifts_rule"))
    before = tables(installation)
    assert migrate_plugins(installation.db, start(write, bell, folder)) == {"gifts": ["0001_first"]}
    assert tables(installation) - before == {"gifts_rule", "schema_migration_gifts"}
    (folder / "0002_second.py").write_text(MAKES.format(table="gifts_campaign"))
    plugins = start(write, bell, folder)
    assert migrate_plugins(installation.db, plugins) == {"gifts": ["0002_second"]}
    assert migrate_plugins(installation.db, plugins) == {"gifts": []}
    assert plugins.running == ("gifts", "bell")


@pytest.mark.parametrize("table", ["customer_gift", "giftsbox", "gift_rule"])
def test_a_misnamed_table_is_undone_and_its_plugin_switched_off(
    installation: Installation, write: Write, bell: types.ModuleType, folder: Path, table: str
) -> None:
    (folder / "0001_first.py").write_text(MAKES.format(table="gifts_rule"))
    (folder / "0002_second.py").write_text(MAKES.format(table=table))
    before = tables(installation)
    plugins = start(write, bell, folder)
    assert migrate_plugins(installation.db, plugins) == {}
    assert tables(installation) == before
    assert plugins.running == ("bell",)
    assert plugins.ask("object_to_transition", MOVE) == []
    (fault,) = plugins.faults
    assert (fault.slug, fault.place) == ("gifts", "migrations")
    assert f"touch {table}" in fault.message


def test_dropping_a_table_of_the_core_is_undone(
    installation: Installation, write: Write, bell: types.ModuleType, folder: Path
) -> None:
    (folder / "0001_first.py").write_text('def up(migrator, db):\n    db.execute_sql("DROP TABLE plugin_fault")\n')
    plugins = start(write, bell, folder)
    migrate_plugins(installation.db, plugins)
    assert "plugin_fault" in tables(installation)
    assert "touch plugin_fault" in plugins.faults[0].message


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("1/0", "ZeroDivisionError"),
        (MAKES_B + "1/0", "ZeroDivisionError"),
        (
            MAKES_B + "raise SystemExit('no')",
            "SystemExit",
        ),
        ("def up(migrator, db):\n    db.execute_sql('SELECT * FROM nowhere')", "nowhere"),
        (
            "atomic = False\n" + MAKES_B + "1/0",
            "ZeroDivisionError",
        ),
        ("pass", "does not define up"),
    ],
)
def test_a_failing_migration_leaves_nothing_and_switches_its_plugin_off(
    installation: Installation, write: Write, bell: types.ModuleType, folder: Path, source: str, says: str
) -> None:
    (folder / "0001_first.py").write_text(MAKES.format(table="gifts_a"))
    (folder / "0002_second.py").write_text(source)
    before = tables(installation)
    plugins = start(write, bell, folder)
    assert migrate_plugins(installation.db, plugins) == {}
    assert tables(installation) == before
    assert plugins.running == ("bell",)
    assert says in plugins.faults[0].message
    (folder / "0002_second.py").write_text(MAKES.format(table="gifts_b"))
    assert migrate_plugins(installation.db, start(write, bell, folder)) == {"gifts": ["0001_first", "0002_second"]}


def test_rows_of_the_core_survive_a_plugin_that_rebuilds_its_own_table(
    installation: Installation, write: Write, bell: types.ModuleType, folder: Path
) -> None:
    """SQLite rebuilds a table to change a column, and deletes what points at it unless it is told not to."""
    (folder / "0001_first.py").write_text(
        "def up(migrator, db):\n"
        "    db.execute_sql('CREATE TABLE gifts_a (id INTEGER PRIMARY KEY, note TEXT)')\n"
        "    db.execute_sql('CREATE TABLE gifts_b (id INTEGER PRIMARY KEY, a INTEGER REFERENCES gifts_a ON DELETE CASCADE)')\n"
        "    db.execute_sql(\"INSERT INTO gifts_a VALUES (1, 'x')\")\n"
        "    db.execute_sql('INSERT INTO gifts_b VALUES (1, 1)')\n"
    )
    migrate_plugins(installation.db, start(write, bell, folder))
    (folder / "0002_second.py").write_text(
        "def up(migrator, db):\n    migrator.migrate(migrator.drop_column('gifts_a', 'note'))\n"
    )
    plugins = start(write, bell, folder)
    assert migrate_plugins(installation.db, plugins) == {"gifts": ["0002_second"]}
    assert installation.db.rows("SELECT * FROM gifts_b") == [(1, 1)]


def test_a_plugin_without_tables_needs_no_history(installation: Installation, bell: types.ModuleType) -> None:
    before = tables(installation)
    migrate_plugins(installation.db, load(["bell"], extra={"bell": bell}))
    assert tables(installation) == before
