"""Tasks: everything that must be done outside a transaction, telling plugins what happened among it."""

from __future__ import annotations

import peewee

from ..kernel.db import JsonField, MomentField, Table


class Task(Table):
    """One piece of outside work. The row decides; whoever works on it proves by its token that it still may."""

    kind = peewee.TextField()
    """`event` delivers one event to one plugin; every other kind is an engine's."""
    owner = peewee.TextField()
    """The plugin or connection it belongs to; paused or disabled, its tasks wait."""
    event = peewee.TextField(default="")
    """The event's name, of a task that delivers one."""
    key = peewee.TextField(unique=True, null=True)
    """Our stable reference; the same work is asked for once. Events have none: two alike are two."""
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
