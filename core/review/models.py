"""Which rules a merchant uses, and how; what a review found stands in the order's history."""

from __future__ import annotations

import peewee

from ..kernel.db import JsonField, Table


class ReviewRuleSetting(Table):
    """A rule's switch and parameters for this merchant."""

    name = peewee.TextField(unique=True)
    enabled = peewee.BooleanField(default=True)
    settings = JsonField(default=dict)

    class Meta:
        table_name = "review_rule_setting"
