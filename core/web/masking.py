"""What is left of a buyer's name, telephone and address for people who may not read them."""

from __future__ import annotations

from dataclasses import replace

from ..auth.permissions import Permission
from ..kernel.values import Address
from .access import may


def masked_name(name: str) -> str:
    return f"{name[0]}**" if name else ""


def masked(address: Address) -> Address:
    """The region stays, for that is what a warehouse needs to know; the rest is what a marketplace would leave."""
    end = address.phone[-4:] if len(address.phone) > 4 else ""
    return replace(
        address,
        name=masked_name(address.name),
        phone=f"*******{end}" if address.phone else "",
        detail="***" if address.detail else "",
        town="",
        postcode="",
        company="***" if address.company else "",
    )


def shown_name(name: str) -> str:
    """A buyer's name as this person may see it."""
    return name if may(Permission.ORDERS_READ_PII) else masked_name(name)


def shown_address(address: Address) -> Address:
    return address if may(Permission.ORDERS_READ_PII) else masked(address)
