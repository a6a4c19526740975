"""Customers, what they are recognised by, and the addresses goods went to."""

from __future__ import annotations

import peewee

from ..kernel.db import MomentField, Table


class Customer(Table):
    """One person or firm, as far as the shops can tell."""

    name = peewee.TextField(default="", index=True)
    email = peewee.TextField(default="")
    phone = peewee.TextField(default="")
    shop_id = peewee.IntegerField()
    """The shop of the first order."""
    price_group = peewee.TextField(default="")
    """Which prices and promotions are for them; empty is everybody's."""
    merged_into = peewee.BigIntegerField(null=True)
    """The customer who stands for this one now; such a row is never found again."""
    created_at = MomentField()


class CustomerIdentity(Table):
    """One thing a customer is recognised by: a platform's buyer id, an e-mail address; never anything masked."""

    customer = peewee.ForeignKeyField(Customer, backref="identities")
    kind = peewee.TextField()
    """`buyer` (scope is the shop), `email`, `phone` (E.164)."""
    scope = peewee.TextField(default="")
    value = peewee.TextField()

    class Meta:
        table_name = "customer_identity"
        indexes = ((("kind", "scope", "value"), True),)


class PostalAddress(Table):
    """An address as an order carried it; never changed, a correction is a new row."""

    country = peewee.TextField()
    province = peewee.TextField()
    city = peewee.TextField()
    district = peewee.TextField()
    town = peewee.TextField()
    detail = peewee.TextField()
    postcode = peewee.TextField()
    name = peewee.TextField()
    phone = peewee.TextField(index=True)
    company = peewee.TextField()
    masked = peewee.BooleanField()
    privacy_token = peewee.TextField()
    token_owner = peewee.TextField()
    merge_key = peewee.TextField()
    """Equal where two addresses may share a parcel; empty proves nothing."""

    class Meta:
        table_name = "postal_address"
