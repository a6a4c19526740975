"""Events for plugins, and tasks: everything that must be done outside a transaction."""

from __future__ import annotations

import peewee

from ..kernel.db import JsonField, MomentField, Table


class Event(Table):
    """What happened, as plugins will be told."""

    name = peewee.TextField()
    at = MomentField()
    payload = JsonField()


class Task(Table):
    """One piece of outside work. The row decides; whoever works on it proves by its token that it still may."""

    kind = peewee.TextField()
    """`event` delivers one event to one plugin; every other kind is an engine's."""
    owner = peewee.TextField()
    """The plugin or connection it belongs to; paused or disabled, its tasks wait."""
    event = peewee.ForeignKeyField(Event, null=True, index=False, backref="+")
    key = peewee.TextField(unique=True)
    """Our stable reference; the same work is asked for once."""
    payload = JsonField(default=dict)
    state = peewee.TextField(default="due")
    """`due`, `leased`, `done`, `parked`, `given_up`."""
    attempts = peewee.IntegerField(default=0)
    due_at = MomentField()
    lease_until = MomentField(null=True)
    """By the database's clock."""
    token = peewee.TextField(default="")
    unsure = peewee.BooleanField(default=False)
    """The last attempt may have happened: look it up before repeating it."""
    error = peewee.TextField(default="")
    remedy = peewee.TextField(default="")
    done_at = MomentField(null=True)

    class Meta:
        indexes = ((("state", "due_at", "id"), False),)
