"""Price lists: what a unit costs in a shop, for a group of customers, from some quantity on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..kernel.db import Database, marks
from ..kernel.errors import DomainError, Duplicate
from ..kernel.uow import UnitOfWork
from ..kernel.values import bounded, exponent, one_line, quantity
from .queries import ShopFacts, items_by_code, shop_named
from .service import LONGEST_CODE, LONGEST_TITLE
from .skus import HIGHEST_PRICE


@dataclass(frozen=True, slots=True)
class Price:
    """One line of a list: `price` a unit in minor units, when at least `from_quantity` are bought."""

    sku: str
    price: int
    from_quantity: int = 1


def set_price_list(
    uow: UnitOfWork,
    code: str,
    currency: str,
    prices: Sequence[Price],
    *,
    title: str = "",
    shop: str = "",
    group: str = "",
    new: bool = False,
) -> None:
    """Make a price list, or replace everything in it; with `new` one that exists is refused.

    Without a shop it holds in all that trade in the currency, without a group for everybody.
    """
    exponent(currency)
    if not code.strip():
        raise DomainError("a price list needs a code", remedy="call it something short, such as vip-2026")
    code = one_line(code, "the code of the price list", LONGEST_CODE)
    title, group = one_line(title, "the title", LONGEST_TITLE), one_line(group, "the group of customers", LONGEST_CODE)
    if new and uow.db.row("SELECT 1 FROM price_list WHERE code = ?", (code,)):
        raise Duplicate(f"price list {code} exists already", remedy="choose another code, or open that list")
    facts = shop_named(uow.db, shop) if shop else None
    if facts is not None and facts.currency != currency:
        raise DomainError(
            f"shop {shop} trades in {facts.currency}, not in {currency}", remedy="give its prices in its currency"
        )
    known = items_by_code(uow.db, [price.sku for price in prices])
    seen: set[tuple[str, int]] = set()
    for price in prices:
        if price.sku not in known:
            raise DomainError(f"there is no SKU {price.sku}", remedy="check the code, or add the SKU first")
        if price.price < 0:
            raise DomainError(f"the price of {price.sku} is negative", remedy="give 0 or more")
        bounded(price.price, f"the price of {price.sku} in minor units", HIGHEST_PRICE)
        if (price.sku, quantity(price.from_quantity, f"from-quantity of {price.sku}")) in seen:
            raise DomainError(f"{price.sku} from {price.from_quantity} stands twice in list {code}", remedy="keep one of them")
        seen.add((price.sku, price.from_quantity))
    [(list_id,)] = uow.db.rows(
        "INSERT INTO price_list (code, title, shop_id, customer_group, currency) VALUES (?,?,?,?,?) "
        "ON CONFLICT (code) DO UPDATE SET title = excluded.title, shop_id = excluded.shop_id, "
        "customer_group = excluded.customer_group, "
        "currency = excluded.currency RETURNING id",
        (code, title, None if facts is None else facts.id, group, currency),
    )
    uow.db.change("DELETE FROM price_list_item WHERE price_list_id = ?", (list_id,))
    uow.db.insert(
        "price_list_item",
        ("price_list_id", "sku_id", "from_quantity", "price"),
        [(list_id, known[price.sku].sku_id, price.from_quantity, price.price) for price in prices],
    )
    uow.note("prices set", "price_list", list_id, code, {"prices": len(prices)})


def remove_price_list(uow: UnitOfWork, code: str) -> None:
    """Forget a price list; orders keep the prices they were made with."""
    row = uow.db.row("SELECT id FROM price_list WHERE code = ?", (code,))
    if row is None:
        raise DomainError(f"there is no price list {code}", remedy="reload the page")
    uow.db.change("DELETE FROM price_list_item WHERE price_list_id = ?", (row[0],))
    uow.db.change("DELETE FROM price_list WHERE id = ?", (row[0],))
    uow.note("removed", "price_list", row[0], code)


Wanted = tuple[str, int, int]
"""(customer group, SKU id, quantity)."""


def prices_of(db: Database, shop: ShopFacts, currency: str, wanted: Iterable[Wanted]) -> dict[Wanted, int]:
    """Unit prices in minor units of the shop's currency; one statement for any number. What has no price is absent.

    The most specific list that has the SKU wins: for this shop and the customer's group, for this shop and everybody, for every
    shop and the group, for every shop and everybody; then the SKU's own list price, where the shop trades in `currency`,
    which is the merchant's own. Within a list the highest quantity that is reached counts; of two lists alike the first code.
    """
    asked = sorted(set(wanted))
    if not asked:
        return {}
    skus, groups = sorted({one[1] for one in asked}), sorted({one[0] for one in asked} | {""})
    lists: dict[tuple[int, str], dict[str, list[tuple[int, int]]]] = {}
    rank: dict[str, int] = {}
    own = (
        dict(db.rows(f"SELECT id, price FROM sku WHERE price > 0 AND id IN ({marks(skus)})", skus))
        if shop.currency == currency
        else {}
    )
    for sku_id, group, code, mine, from_quantity, price in db.rows(
        "SELECT i.sku_id, p.customer_group, p.code, p.shop_id IS NOT NULL, i.from_quantity, i.price FROM price_list p "
        "JOIN price_list_item i ON i.price_list_id = p.id WHERE p.currency = ? AND (p.shop_id IS NULL OR p.shop_id = ?) "
        f"AND p.customer_group IN ({marks(groups)}) AND i.sku_id IN ({marks(skus)}) ORDER BY p.code, i.from_quantity",
        [shop.currency, shop.id, *groups, *skus],
    ):
        rank[code] = (0 if mine else 2) + (0 if group else 1)
        lists.setdefault((sku_id, group), {}).setdefault(code, []).append((from_quantity, price))
    found: dict[Wanted, int] = {}
    for group, sku_id, count in asked:
        offers = [(rank[code], code, steps) for name in {group, ""} for code, steps in lists.get((sku_id, name), {}).items()]
        reached = [(place, code, price) for place, code, steps in offers for least, price in steps if least <= count]
        if reached:
            best = min(reached)[:2]
            found[group, sku_id, count] = [price for place, code, price in reached if (place, code) == best][-1]
        elif sku_id in own:
            found[group, sku_id, count] = own[sku_id]
    return found
