"""Which rules a merchant uses, and how; what a review found stands in the order's history."""

from __future__ import annotations

import peewee

from ..catalog.models import Shop
from ..kernel.db import JsonField, MomentField, Table


class ReviewRuleSetting(Table):
    """A rule's switch and parameters for this merchant."""

    name = peewee.TextField(unique=True)
    enabled = peewee.BooleanField(default=True)
    settings = JsonField(default=dict)
    version = peewee.IntegerField(default=1)
    """Goes up with every change; the sum over all rules tells whether any of them changed."""

    class Meta:
        table_name = "review_rule_setting"


class ReviewerScope(Table):
    """A person who reviews a shop's orders, and below which total. Once a shop has such people, only they review there."""

    login = peewee.TextField(index=True)
    shop = peewee.ForeignKeyField(Shop, null=True, backref="+")
    """None: every shop that trades in that currency."""
    currency = peewee.TextField(default="")
    amount_limit = peewee.BigIntegerField(null=True)
    """In minor units, exclusive; None: no limit."""

    class Meta:
        table_name = "reviewer_scope"


class BlacklistEntry(Table):
    """黑名单: a telephone number, words of an address or a buyer whose orders a person looks at."""

    kind = peewee.TextField()
    """A `BlacklistKind`."""
    value = peewee.TextField()
    """Normalised, so that it is found however it is written."""
    note = peewee.TextField(default="")
    added_at = MomentField()
    added_by = peewee.TextField()

    class Meta:
        table_name = "blacklist"
        indexes = ((("kind", "value"), True),)
