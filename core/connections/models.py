"""Accounts at remote systems."""

from __future__ import annotations

import peewee

from ..catalog.models import Shop
from ..kernel.db import MomentField, Table


class Connection(Table):
    """One account at one remote system: a channel's shop, or a carrier's contract."""

    code = peewee.TextField(unique=True)
    kind = peewee.TextField()
    """`channel` or `carrier`."""
    adapter = peewee.TextField()
    """The registered name of the Channel or Carrier."""
    shop = peewee.ForeignKeyField(Shop, null=True, backref="+")
    settings = peewee.TextField(default="")
    """Sealed JSON; secrets are never shown back."""
    state = peewee.TextField(default="active")
    """`active` or `paused`."""
    message = peewee.TextField(default="")
    """Why it is paused, for a person."""
    cursor = MomentField(null=True)
    """Everything changed before this moment has been pulled."""
    last_good_at = MomentField(null=True)
    claims_cursor = MomentField(null=True)
    """The same for after-sales, where the channel tells of them by themselves."""
    expires_at = MomentField(null=True)
    """When the access that was granted ends; None while nobody said so."""
    renew_from = MomentField(null=True)
    warn_from = MomentField(null=True)
    """When the grant is to be renewed, and from when on people are warned that it was not."""
    renewing_until = MomentField(null=True)
    """Somebody renews the grant; nobody else tries before this moment."""
    push_address = peewee.TextField(default="")
    """Where the platform was told to push, empty while nobody said so."""
    items_due_at = MomentField(null=True)
    """What the shop offers changed: it is asked for again from this moment on."""
    backfill = peewee.TextField(default="")
    """The platform's name of a list that it prepares for us, empty without one."""
