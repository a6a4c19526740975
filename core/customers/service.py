"""Commands on customers: recognising them again, and keeping the addresses they gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

from ..kernel.db import Database, Question, Rows
from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from ..kernel.values import Address, one_line
from .api import CustomerChanged, CustomersMerged
from .phones import masked, read_phone

LONGEST_GROUP = 64
_TOGETHER = 100
"""So many customers may become one in one go."""


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """What an order tells about its buyer."""

    shop_id: int
    platform_id: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    region: str = "CN"
    """The country whose numbering plan a telephone number without a country code follows: the address's."""
    id: int = 0
    """The customer themselves, where staff picked them from the list."""

    def identities(self) -> list[tuple[str, str, str]]:
        """What they may be recognised by, surest first: (kind, scope, value); nothing masked, no number that many share."""
        found = []
        if self.platform_id and not masked(self.platform_id):
            found.append(("buyer", str(self.shop_id), self.platform_id))
        if self.email and not masked(self.email):
            found.append(("email", "", self.email.strip().casefold()))
        if self.phone and (phone := read_phone(self.phone, self.region)) is not None and phone.personal:
            found.append(("phone", "", phone.e164))
        return found


class Recognition(NamedTuple):
    """What each of some buyers may be recognised by, and what `recognise` asks; None when nothing tells who they are."""

    identities: Sequence[Sequence[tuple[str, str, str]]]
    question: Question | None


def recognition(uow: UnitOfWork, facts: Sequence[CustomerFacts]) -> Recognition:
    """What `recognise` needs, for whoever wants to ask it ahead."""
    several = [fact.identities() for fact in facts]
    identities = sorted({identity for mine in several for identity in mine})
    if not identities:
        return Recognition(several, None)
    # From the values to the index: of `(kind, scope, value) IN (…)` SQLite makes a walk over everybody.
    question = Question(
        f"SELECT i.kind, i.scope, i.value, i.customer_id FROM (VALUES {','.join(['(?,?,?)'] * len(identities))}) AS v "
        "CROSS JOIN customer_identity i WHERE i.kind = v.column1 AND i.scope = v.column2 AND i.value = v.column3"
        + ("" if uow.db.sqlite else " FOR SHARE OF i"),
        [part for identity in identities for part in identity],
        4,
    )
    return Recognition(several, question)


def recognise(
    uow: UnitOfWork, facts: Sequence[CustomerFacts], asked: Recognition | None = None
) -> tuple[list[int], tuple[Rows, Rows]]:
    """The customer of each buyer, new where nobody is recognised, and what is to be written down of them.

    On PostgreSQL the identities found are held until the transaction ends, so that nobody merges their customer away.
    """
    _picked(uow, sorted({fact.id for fact in facts if fact.id}))
    known: dict[tuple[str, str, str], int] = {}
    several, question = asked or recognition(uow, facts)
    if question is not None:
        rows = uow.db.rows(question.sql, question.parameters)
        known = {(kind, scope, value): customer for kind, scope, value, customer in rows}
    chosen: list[int | None] = []
    fresh: list[CustomerFacts] = []
    same: dict[tuple[str, str, str], int] = {}
    for fact, mine in zip(facts, several, strict=True):
        found = fact.id or next((known[identity] for identity in mine if identity in known), None)
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
    ids = uow.take_ids("customer", len(fresh)) if fresh else []
    made = [
        (
            customer,
            fact.name,
            "" if masked(fact.email) else fact.email.strip(),
            "" if masked(fact.phone) else fact.phone.strip(),
            fact.shop_id,
            uow.now,
        )
        for customer, fact in zip(ids, fresh, strict=True)
    ]
    uow.emit(*[CustomerChanged(customer) for customer in ids])
    result = [value if value is not None and value >= 0 else ids[-1 - (value or 0)] for value in chosen]
    new = {
        identity: customer for mine, customer in zip(several, result, strict=True) for identity in mine if identity not in known
    }
    return result, (
        Rows("customer", ("id", "name", "email", "phone", "shop_id", "created_at"), made),
        Rows(
            "customer_identity",
            ("customer_id", "kind", "scope", "value"),
            [(customer, *identity) for identity, customer in new.items()],
            "(kind, scope, value) DO NOTHING",
        ),
    )


def _picked(uow: UnitOfWork, customer_ids: Sequence[int]) -> None:
    """Hold customers whom staff picked; refuse those who are not, or no longer, there."""
    if not customer_ids:
        return
    rows = uow.db.rows(
        f"SELECT id, merged_into FROM customer WHERE id IN ({','.join('?' * len(customer_ids))})"
        + ("" if uow.db.sqlite else " FOR SHARE"),
        customer_ids,
    )
    found = dict(rows)
    for customer_id in customer_ids:
        if customer_id not in found:
            raise DomainError(f"there is no customer {customer_id}", remedy="look them up by name, telephone or e-mail")
        if found[customer_id] is not None:
            raise DomainError(f"customer {customer_id} was merged into {found[customer_id]}", remedy="take that one")


@dataclass(frozen=True, slots=True)
class Combined:
    """What is known about a customer who takes over others."""

    name: str
    email: str
    phone: str
    price_group: str


def combined(db: Database, keep: int, others: Sequence[int], *, lock: bool = False) -> Combined:
    """What `keep` would say after merging; DomainError for customers that cannot be merged."""
    if not others or keep in others:
        raise DomainError("a customer merges with others, not with itself", remedy="choose at least one other customer")
    if len(others) > _TOGETHER:
        raise DomainError(f"{len(others)} customers at once", remedy=f"merge up to {_TOGETHER} at a time")
    ids = sorted({keep, *others})
    rows = {
        row[0]: row[1:]
        for row in db.rows(
            "SELECT id, name, email, phone, price_group, merged_into FROM customer WHERE id IN "
            f"({','.join('?' * len(ids))}) ORDER BY id" + (" FOR UPDATE" if lock and not db.sqlite else ""),
            ids,
        )
    }
    for customer_id in ids:
        if customer_id not in rows:
            raise DomainError(f"there is no customer {customer_id}", remedy="reload the list")
        if (into := rows[customer_id][4]) is not None:
            raise DomainError(f"customer {customer_id} was merged into {into} already", remedy="take that one")
    return Combined(*(next((rows[one][place] for one in (keep, *others) if rows[one][place]), "") for place in range(4)))


def merge(uow: UnitOfWork, keep: int, others: Sequence[int]) -> None:
    """Several customers turn out to be one: identities and orders go to `keep`, the others stay behind as tombstones.

    What `keep` does not say about itself is taken from the others, in their order.
    """
    others = list(dict.fromkeys(others))
    told = combined(uow.db, keep, others, lock=True)
    marks = ",".join("?" * len(others))
    uow.db.change(
        "UPDATE customer SET name = ?, email = ?, phone = ?, price_group = ? WHERE id = ?",
        [told.name, told.email, told.phone, told.price_group, keep],
    )
    uow.db.change(f"UPDATE customer_identity SET customer_id = ? WHERE customer_id IN ({marks})", [keep, *others])
    uow.db.change(
        f"UPDATE customer SET merged_into = ? WHERE id IN ({marks}) OR merged_into IN ({marks})", [keep, *others, *others]
    )
    uow.note("merged", "customer", keep, "took over others", {"others": others})
    for customer_id in others:
        uow.note("merged", "customer", customer_id, f"into customer {keep}")
    uow.emit(CustomersMerged(keep, tuple(others)), CustomerChanged(keep))


def set_price_group(uow: UnitOfWork, customer_id: int, group: str) -> None:
    """Say whose prices and promotions a customer gets; empty is everybody's."""
    group = one_line(group, "the group of customers", LONGEST_GROUP)
    changed = uow.db.change("UPDATE customer SET price_group = ? WHERE id = ? AND merged_into IS NULL", (group, customer_id))
    if not changed:
        raise DomainError(f"there is no customer {customer_id}", remedy="look them up by name, telephone or e-mail")
    uow.note("price group", "customer", customer_id, group)


ADDRESS_COLUMNS = (
    "country", "province", "city", "district", "town", "detail", "postcode", "name", "phone", "company", "masked",
    "privacy_token", "token_owner",
)  # fmt: skip


_PARTS = attrgetter(*ADDRESS_COLUMNS)


def address_rows(addresses: Sequence[tuple[int, Address]]) -> Rows:
    """Addresses to be written down under ids that were taken for them."""
    rows = [(address_id, *_PARTS(address), address.merge_key) for address_id, address in addresses]
    return Rows("postal_address", ("id", *ADDRESS_COLUMNS, "merge_key"), rows)


def keep_addresses(uow: UnitOfWork, addresses: Sequence[Address]) -> list[int]:
    """Write addresses down; their ids, in order."""
    rows = [(*_PARTS(address), address.merge_key) for address in addresses]
    return [row[0] for row in uow.db.insert("postal_address", (*ADDRESS_COLUMNS, "merge_key"), rows, returning="id")]
