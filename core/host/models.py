"""What the host keeps for plugins."""

from __future__ import annotations

import peewee

from ..kernel.db import MomentField, Table


class PluginSetting(Table):
    """A plugin's settings, sealed."""

    slug = peewee.TextField(unique=True)
    settings = peewee.TextField()

    class Meta:
        table_name = "plugin_setting"


class PluginMemory(Table):
    """A plugin's own small store."""

    slug = peewee.TextField()
    key = peewee.TextField()
    value = peewee.TextField()

    class Meta:
        table_name = "plugin_memory"
        indexes = ((("slug", "key"), True),)


class PluginFault(Table):
    """A plugin raised: where, and what."""

    slug = peewee.TextField()
    at = MomentField()
    place = peewee.TextField()
    message = peewee.TextField()

    class Meta:
        table_name = "plugin_fault"
