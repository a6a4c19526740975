"""What the host keeps for plugins: their sealed settings, their memory, their faults; and what they are given when called."""

from __future__ import annotations

from collections.abc import Mapping

from ..kernel.db import Database
from ..kernel.errors import DomainError
from ..kernel.transport import Transport
from ..kernel.uow import Installation, UnitOfWork
from .api import Manifest, Memory, PluginContext, Reader
from .plugins import Fault, Plugins
from .sealing import Seal, place
from .settings import ShownSetting, complete, merged, opened, sealed, shown
from .tables import SqlTables


def _where(slug: str) -> str:
    return place("plugin_setting", slug, "settings")


def _stored(db: Database, seal: Seal, slug: str) -> dict[str, str]:
    row = db.row("SELECT settings FROM plugin_setting WHERE slug = ?", (slug,))
    return opened(seal, _where(slug), row[0] if row else "")


def save_settings(uow: UnitOfWork, seal: Seal, manifest: Manifest, given: Mapping[str, str]) -> None:
    """Store what a person entered; a secret left empty keeps its old value.

    Raises DomainError for a name the plugin does not have, and SettingsMissing while a required one is empty.
    """
    slug = manifest.slug
    values = merged(f"plugin {slug}", manifest.settings, _stored(uow.db, seal, slug), given)
    row = (slug, sealed(seal, _where(slug), values))
    uow.db.insert("plugin_setting", ("slug", "settings"), [row], conflict="(slug) DO UPDATE SET settings = excluded.settings")


def settings_of(db: Database, seal: Seal, manifest: Manifest) -> dict[str, str]:
    """The plugin's settings with defaults applied; SettingsMissing names what a person still has to enter."""
    return complete(f"plugin {manifest.slug}", manifest.settings, _stored(db, seal, manifest.slug))


def shown_settings(db: Database, seal: Seal, manifest: Manifest) -> list[ShownSetting]:
    """The plugin's settings form for a page, without any secret."""
    return shown(manifest.settings, _stored(db, seal, manifest.slug))


class SqlMemory:
    """A plugin's own small store, in the core's database."""

    def __init__(self, installation: Installation, slug: str) -> None:
        self._installation = installation
        self._slug = slug

    def get(self, key: str) -> str | None:
        row = self._installation.db.row("SELECT value FROM plugin_memory WHERE slug = ? AND key = ?", (self._slug, key))
        return None if row is None else str(row[0])

    def put(self, values: Mapping[str, str]) -> None:
        """Write all of these in one transaction, each replacing what stood under its key."""
        for key, value in values.items():
            if not isinstance(key, str) or not isinstance(value, str):
                raise DomainError(
                    f"plugin {self._slug} wants to remember {key!r}: {value!r}", remedy="keys and values are text"
                )
        if values:
            rows = [(self._slug, key, value) for key, value in values.items()]
            with self._installation.unit_of_work(f"plugin:{self._slug}") as uow:
                uow.db.insert(
                    "plugin_memory",
                    ("slug", "key", "value"),
                    rows,
                    conflict="(slug, key) DO UPDATE SET value = excluded.value",
                )


def record_faults(uow: UnitOfWork, faults: list[Fault]) -> None:
    """Write faults where the plugins page shows them."""
    rows = [(fault.slug, uow.now, fault.place, fault.message) for fault in faults]
    uow.db.insert("plugin_fault", ("slug", "at", "place", "message"), rows)


def record_fault(installation: Installation, slug: str, place: str, message: str) -> None:
    """Write one fault in a transaction of its own."""
    with installation.unit_of_work("host") as uow:
        record_faults(uow, [Fault(slug, place, message)])


def keep_faults(installation: Installation, plugins: Plugins) -> int:
    """Write what `plugins` noticed since the last time; how many that was. Only outside a unit of work."""
    faults = plugins.take_faults()
    if faults:
        with installation.unit_of_work("host") as uow:
            record_faults(uow, faults)
    return len(faults)


class PluginContexts:
    """Makes what a plugin is given when one of its `on_` or `show_` hooks is called."""

    def __init__(self, installation: Installation, plugins: Plugins, seal: Seal, transport: Transport, read: Reader) -> None:
        self._installation = installation
        self._plugins = plugins
        self._seal = seal
        self._transport = transport
        self._read = read

    def of(self, slug: str) -> PluginContext:
        """For one plugin, with its settings as they are now; SettingsMissing while they are not complete."""
        memory: Memory = SqlMemory(self._installation, slug)
        settings = settings_of(self._installation.db, self._seal, self._plugins.manifests[slug])
        now = self._installation.environment.now()
        tables = SqlTables(self._installation, slug)
        return PluginContext(slug, settings, self._transport, self._read, memory, now, tables)
