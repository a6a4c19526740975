"""What the outside may know about a customer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class CustomerCard:
    """A customer as plugins read it; a masked value is never among it."""

    id: int
    name: str
    email: str
    phone: str
    shop: str
    """Code of the shop where the customer first bought."""
    platform_id: str
    """The buyer id of that shop's platform, empty where there is none."""


@dataclass(frozen=True, slots=True)
class CustomerChanged:
    """A customer is new, or something a CRM would show is."""

    name: ClassVar[str] = "customer_changed"
    customer_id: int


# Inside the core only


@dataclass(frozen=True, slots=True)
class CustomersMerged:
    """Several customers were one all along: whatever belongs to `others` belongs to `keep` now."""

    keep: int
    others: tuple[int, ...]
