"""Audit rows: who did what to which document, and why."""

from __future__ import annotations

import peewee

from .db import JsonField, MomentField, Table


class Audit(Table):
    """One line of a document's history; append-only."""

    at = MomentField()
    actor = peewee.TextField()
    action = peewee.TextField()
    kind = peewee.TextField()
    document = peewee.BigIntegerField()
    because = peewee.TextField(default="")
    data = JsonField(null=True)

    class Meta:
        table_name = "audit"
        indexes = ((("kind", "document"), False),)
