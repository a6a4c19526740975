"""Reads of customers and addresses."""

from __future__ import annotations

from typing import Any

from ..kernel.db import Database
from ..kernel.errors import DomainError
from ..kernel.values import Address
from .api import CustomerCard
from .service import ADDRESS_COLUMNS

ADDRESS_SQL = ", ".join(f"a.{column}" for column in ADDRESS_COLUMNS)
"""The address columns of `postal_address a`, for `address_from`."""


def address_from(row: tuple[Any, ...]) -> Address:
    """The value behind the columns of ADDRESS_SQL."""
    values = dict(zip(ADDRESS_COLUMNS, row, strict=True))
    values["masked"] = bool(values["masked"])
    return Address(**values)


def address(db: Database, address_id: int) -> Address:
    row = db.row(f"SELECT {ADDRESS_SQL} FROM postal_address a WHERE a.id = ?", (address_id,))
    if row is None:
        raise DomainError(f"there is no address {address_id}", remedy="reload the page")
    return address_from(row)


def customer(db: Database, customer_id: int) -> CustomerCard:
    """One customer as plugins read them; DomainError when there is none."""
    row = db.row(
        "SELECT c.id, c.name, c.email, c.phone, s.code, COALESCE((SELECT i.value FROM customer_identity i WHERE "
        "i.customer_id = c.id AND i.kind = 'buyer' ORDER BY i.id LIMIT 1), '') FROM customer c JOIN shop s "
        "ON s.id = c.shop_id WHERE c.id = ?",
        (customer_id,),
    )
    if row is None:
        raise DomainError(f"there is no customer {customer_id}", remedy="reload the page")
    return CustomerCard(*row)
