"""Commands on customers: recognising them again, and keeping the addresses they gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..kernel.uow import UnitOfWork
from ..kernel.values import Address
from .api import CustomerChanged

_TOGETHER = 400
"""Identities in one question; SQLite takes no deeper one than 1,000."""


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """What an order tells about its buyer; masked values must have been left out."""

    shop_id: int
    platform_id: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""

    def identities(self) -> list[tuple[str, str, str]]:
        """What they may be recognised by, surest first: (kind, scope, value)."""
        found = []
        if self.platform_id:
            found.append(("buyer", str(self.shop_id), self.platform_id))
        if self.email:
            found.append(("email", "", self.email.strip().casefold()))
        return found


def recognise(uow: UnitOfWork, facts: Sequence[CustomerFacts]) -> list[int]:
    """The customer of each buyer, made where nobody is recognised; at most three statements for any number."""
    identities = sorted({identity for fact in facts for identity in fact.identities()})
    known: dict[tuple[str, str, str], int] = {}
    for start in range(0, len(identities), _TOGETHER):
        part = identities[start : start + _TOGETHER]
        # Spelt out, because SQLite reads the whole table for `IN (VALUES …)` of several columns.
        rows = uow.db.rows(
            "SELECT kind, scope, value, customer_id FROM customer_identity WHERE "
            + " OR ".join(["(kind = ? AND scope = ? AND value = ?)"] * len(part)),
            [text for identity in part for text in identity],
        )
        known |= {(kind, scope, value): customer for kind, scope, value, customer in rows}
    chosen: list[int | None] = []
    fresh: list[CustomerFacts] = []
    same: dict[tuple[str, str, str], int] = {}
    for fact in facts:
        mine = fact.identities()
        found = next((known[identity] for identity in mine if identity in known), None)
        if found is None:
            place = next((same[identity] for identity in mine if identity in same), None)
            if place is None:
                place = len(fresh)
                fresh.append(fact)
            for identity in mine:
                same.setdefault(identity, place)
            chosen.append(-1 - place)
        else:
            chosen.append(found)
    ids: list[int] = []
    if fresh:
        made = uow.db.insert(
            "customer",
            ("name", "email", "phone", "shop_id", "created_at"),
            [(fact.name, fact.email.strip(), fact.phone.strip(), fact.shop_id, uow.now) for fact in fresh],
            returning="id",
        )
        ids = [row[0] for row in made]
        uow.emit(*(CustomerChanged(customer) for customer in ids))
    result = [value if value is not None and value >= 0 else ids[-1 - (value or 0)] for value in chosen]
    new = {
        identity: customer
        for fact, customer in zip(facts, result, strict=True)
        for identity in fact.identities()
        if identity not in known
    }
    if new:
        uow.db.insert(
            "customer_identity",
            ("customer_id", "kind", "scope", "value"),
            [(customer, *identity) for identity, customer in new.items()],
            conflict="(kind, scope, value) DO NOTHING",
        )
    return result


ADDRESS_COLUMNS = (
    "country", "province", "city", "district", "town", "detail", "postcode", "name", "phone", "company", "masked",
    "privacy_token", "token_owner",
)  # fmt: skip


def keep_addresses(uow: UnitOfWork, addresses: Sequence[Address]) -> list[int]:
    """Write addresses down; their ids, in order."""
    rows = [(*(getattr(address, column) for column in ADDRESS_COLUMNS), address.merge_key) for address in addresses]
    return [row[0] for row in uow.db.insert("postal_address", (*ADDRESS_COLUMNS, "merge_key"), rows, returning="id")]
