"""Correcting the currency of a shop, as long as nothing of it has a price yet."""

from __future__ import annotations

from ..catalog.queries import shop_named
from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from ..kernel.values import exponent

_PRICED = {
    "sales_order": "orders",
    "price_list": "a price list",
    "promotion": "a promotion",
    "freight_template": "a freight template",
    "presale_cap": "a presale",
}


def set_currency(uow: UnitOfWork, shop: str, currency: str) -> None:
    """Say in what a shop trades; refused once orders, prices, promotions or freight are in another currency."""
    exponent(currency)
    facts = shop_named(uow.db, shop)
    if facts.currency == currency:
        return
    for table, words in _PRICED.items():
        if uow.db.row(f"SELECT 1 FROM {table} WHERE shop_id = ? LIMIT 1", (facts.id,)):
            raise DomainError(
                f"shop {shop} has {words} in {facts.currency}", remedy=f"open another shop that trades in {currency}"
            )
    uow.db.change("UPDATE shop SET currency = ?, parcel_first = 0, parcel_next = 0 WHERE id = ?", (currency, facts.id))
    uow.note("currency set", "shop", facts.id, currency)
