"""People who may sign in, and where they are signed in now."""

from __future__ import annotations

import peewee

from ..kernel.db import MomentField, Table


class Person(Table):
    """A member of staff."""

    login = peewee.TextField(unique=True)
    name = peewee.TextField()
    password = peewee.TextField()
    """argon2id hash."""
    role = peewee.TextField()
    language = peewee.TextField(default="zh")
    active = peewee.BooleanField(default=True)
    failures = peewee.IntegerField(default=0)
    retry_at = MomentField(null=True)
    """After wrong passwords, the moment of the next try."""


class SignIn(Table):
    """One signed-in browser; ended here, its cookie is worth nothing."""

    digest = peewee.TextField(unique=True)
    """SHA-256 of the cookie's token."""
    person = peewee.ForeignKeyField(Person, backref="+")
    created_at = MomentField()
    seen_at = MomentField()
    ended_at = MomentField(null=True)

    class Meta:
        table_name = "sign_in"
