"""Reads of customers and addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..kernel.db import Database
from ..kernel.errors import DomainError
from ..kernel.matching import begins
from ..kernel.values import Address
from .api import CustomerCard
from .phones import read_phone
from .service import ADDRESS_COLUMNS, CustomerFacts

ADDRESS_SQL = ", ".join(f"a.{column}" for column in ADDRESS_COLUMNS)
"""The address columns of `postal_address a`, for `address_from`."""


def address_from(row: tuple[object, ...]) -> Address:
    """The value behind the columns of ADDRESS_SQL."""
    values = dict(zip(ADDRESS_COLUMNS, row, strict=True))
    values["masked"] = bool(values["masked"])
    return Address(**values)  # type: ignore[arg-type]


def address(db: Database, address_id: int) -> Address:
    row = db.row(f"SELECT {ADDRESS_SQL} FROM postal_address a WHERE a.id = ?", (address_id,))
    if row is None:
        raise DomainError(f"there is no address {address_id}", remedy="reload the page")
    return address_from(row)


def customer(db: Database, customer_id: int) -> CustomerCard:
    """One customer as plugins read them, or whoever they were merged into; DomainError when there is none."""
    row = db.row(
        "SELECT c.id, c.name, c.email, c.phone, s.code, COALESCE((SELECT i.value FROM customer_identity i WHERE "
        "i.customer_id = c.id AND i.kind = 'buyer' ORDER BY i.id LIMIT 1), '') FROM customer c JOIN shop s "
        "ON s.id = c.shop_id WHERE c.id = (SELECT COALESCE(t.merged_into, t.id) FROM customer t WHERE t.id = ?)",
        (customer_id,),
    )
    if row is None:
        raise DomainError(f"there is no customer {customer_id}", remedy="reload the page")
    return CustomerCard(*row)


@dataclass(frozen=True, slots=True)
class FoundCustomer:
    """A line of the list from which staff pick the customer of an order."""

    id: int
    name: str
    email: str
    phone: str
    price_group: str


_FOUND = "SELECT c.id, c.name, c.email, c.phone, c.price_group FROM customer c"


def find_customers(db: Database, text: str, region: str = "CN", limit: int = 20) -> list[FoundCustomer]:
    """Whom staff may mean: by telephone number or e-mail as they are known by, else by the beginning of the name."""
    text = text.strip()
    if not text:
        return []
    sure = [("email", text.casefold())]
    if (phone := read_phone(text, region)) is not None:
        sure.append(("phone", phone.e164))
    known = db.rows(
        f"{_FOUND} WHERE c.id IN (SELECT i.customer_id FROM (VALUES {','.join(['(?,?)'] * len(sure))}) AS v CROSS JOIN "
        "customer_identity i WHERE i.kind = v.column1 AND i.scope = '' AND i.value = v.column2) ORDER BY c.id LIMIT ?",
        [*(part for one in sure for part in one), limit],
    )
    if not known:
        condition, given = begins(db, "c.name", text)
        known = db.rows(f"{_FOUND} WHERE {condition} AND c.merged_into IS NULL ORDER BY c.name, c.id LIMIT ?", [*given, limit])
    return [FoundCustomer(*row) for row in known]


def price_groups(db: Database, facts: Sequence[CustomerFacts]) -> list[str]:
    """Whose prices each buyer gets, by whoever they are recognised as; empty for strangers."""
    wanted = sorted({identity for fact in facts for identity in fact.identities()})
    picked = sorted({fact.id for fact in facts if fact.id})
    groups: dict[int, str] = {}
    known: dict[tuple[str, str, str], str] = {}
    if picked:
        groups = dict(db.rows(f"SELECT id, price_group FROM customer WHERE id IN ({','.join('?' * len(picked))})", picked))
    if wanted:
        rows = db.rows(
            f"SELECT i.kind, i.scope, i.value, c.price_group FROM (VALUES {','.join(['(?,?,?)'] * len(wanted))}) AS v CROSS JOIN "
            "customer_identity i JOIN customer c ON c.id = i.customer_id WHERE i.kind = v.column1 AND i.scope = v.column2 "
            "AND i.value = v.column3",
            [part for identity in wanted for part in identity],
        )
        known = {(kind, scope, value): group for kind, scope, value, group in rows}
    return [
        groups.get(fact.id, "") if fact.id else next((known[one] for one in fact.identities() if one in known), "")
        for fact in facts
    ]
