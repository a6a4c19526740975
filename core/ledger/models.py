"""The money's own double-entry book."""

from __future__ import annotations

import peewee

from ..kernel.db import MomentField, Table


class Period(Table):
    """A month of the ledger; closed, it takes no more entries."""

    code = peewee.TextField(unique=True)
    closed_at = MomentField(null=True)

    class Meta:
        table_name = "ledger_period"


class Entry(Table):
    """凭证: one balanced posting, never changed."""

    ref = peewee.TextField(unique=True)
    date = peewee.TextField()
    """The merchant's local day, `2026-11-22`."""
    period = peewee.TextField()
    posted_at = MomentField()
    text = peewee.TextField()
    kind = peewee.TextField()
    document = peewee.BigIntegerField()
    reverses = peewee.TextField(default="")

    class Meta:
        table_name = "ledger_entry"
        indexes = ((("period", "id"), False), (("kind", "document"), False))


class Posting(Table):
    """One side of an entry, in minor units; exactly one of debit and credit is not zero, negative ones are red."""

    entry = peewee.ForeignKeyField(Entry, index=False, backref="postings")
    no = peewee.IntegerField()
    role = peewee.TextField()
    detail = peewee.TextField(default="")
    currency = peewee.TextField()
    debit = peewee.BigIntegerField(default=0)
    credit = peewee.BigIntegerField(default=0)

    class Meta:
        table_name = "ledger_posting"
        indexes = ((("entry", "no"), True),)
        constraints = (peewee.Check("(debit = 0) <> (credit = 0)"),)
