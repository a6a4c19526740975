"""Plugins' own tables: numbered migrations, one history per plugin, all of them or none."""

from __future__ import annotations

from ..kernel.db import Database
from ..kernel.errors import TableMisnamed
from .loading import contained, said
from .plugins import Plugins


def migrate_plugins(db: Database, plugins: Plugins) -> dict[str, list[str]]:
    """Apply what each running plugin brings, after the core's own; what was applied, by slug.

    A plugin whose migration fails, or makes or drops a table that does not start with its slug, is switched off and its
    tables stay as they were before this start.
    """
    applied: dict[str, list[str]] = {}
    for slug in plugins.running:
        directory = plugins.manifests[slug].migrations
        if directory is None or slug not in plugins.running:
            continue
        history = f"schema_migration_{slug}"

        def check(touched: frozenset[str], slug: str = slug, history: str = history) -> None:
            foreign = sorted(name for name in touched if not name.startswith(f"{slug}_") and name != history)
            if foreign:
                raise TableMisnamed(f"its migrations touch {', '.join(foreign)}", remedy=f"name its tables {slug}_…")

        try:
            with contained("migrating its tables"):
                applied[slug] = db.migrate(directory, history, check)
        except Exception as error:  # a PluginError now, whatever it was
            plugins.switch_off(slug, "migrations", said(error))
    return applied
