"""Promotions: one discount on a whole order, chosen by what its goods cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ..kernel.db import Database, as_moment
from ..kernel.errors import DomainError, Duplicate
from ..kernel.uow import UnitOfWork
from ..kernel.values import bounded, exponent, one_line
from .queries import ShopFacts, shop_named
from .service import LONGEST_CODE, LONGEST_TITLE
from .skus import HIGHEST_PRICE


class PromotionKind(StrEnum):
    AMOUNT_OFF = "amount_off"
    """满减."""
    PERCENT_OFF = "percent_off"
    """满折."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A promotion: from goods of `minimum` minor units on, `value` off, in minor units or basis points (1000 is 10 %)."""

    code: str
    kind: PromotionKind
    value: int
    minimum: int = 0
    title: str = ""
    group: str = ""
    """Of customers; empty is everybody."""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    """The first moment at which it no longer holds."""

    def discount(self, goods: int) -> int:
        """What it takes off goods of so many minor units, never more than they cost; a percentage to the fen, half up."""
        if goods < self.minimum:
            return 0
        if self.kind is PromotionKind.AMOUNT_OFF:
            return min(self.value, goods)
        return min((goods * self.value + 5_000) // 10_000, goods)

    def holds(self, group: str, at: datetime) -> bool:
        """Whether it is for this group of customers at this moment."""
        begun = self.starts_at is None or self.starts_at <= at
        over = self.ends_at is not None and self.ends_at <= at
        return begun and not over and self.group in ("", group)


def set_promotion(
    uow: UnitOfWork, offer: Offer, currency: str, *, shop: str = "", enabled: bool = True, new: bool = False
) -> None:
    """Make a promotion or change it; without a shop it holds in all that trade in the currency.

    With `new` one that exists is refused.
    """
    exponent(currency)
    facts = shop_named(uow.db, shop) if shop else None
    if facts is not None and facts.currency != currency:
        raise DomainError(f"shop {shop} trades in {facts.currency}, not in {currency}", remedy="give the offer in its currency")
    if not offer.code.strip():
        raise DomainError("a promotion needs a code", remedy="call it something short, such as spring10")
    code = one_line(offer.code, "the code of the promotion", LONGEST_CODE)
    if new and uow.db.row("SELECT 1 FROM promotion WHERE code = ?", (code,)):
        raise Duplicate(f"promotion {code} exists already", remedy="choose another code, or open that promotion")
    title = one_line(offer.title, "the title", LONGEST_TITLE)
    group = one_line(offer.group, "the group of customers", LONGEST_CODE)
    if offer.value < 1 or offer.minimum < 0:
        raise DomainError(f"promotion {offer.code} takes nothing off", remedy="give a value above 0, a minimum of 0 or more")
    bounded(max(offer.value, offer.minimum), f"an amount of promotion {code} in minor units", HIGHEST_PRICE)
    if offer.kind is PromotionKind.PERCENT_OFF and offer.value > 10_000:
        raise DomainError(f"promotion {offer.code} takes off more than everything", remedy="10000 basis points are 100 %")
    if offer.starts_at is not None and offer.ends_at is not None and offer.starts_at >= offer.ends_at:
        raise DomainError(f"promotion {offer.code} ends before it starts", remedy="correct one of the two moments")
    [(promotion_id,)] = uow.db.rows(
        "INSERT INTO promotion (code, title, shop_id, customer_group, currency, kind, minimum, value, starts_at, ends_at, "
        "enabled) VALUES (?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (code) DO UPDATE SET title = excluded.title, "
        "shop_id = excluded.shop_id, customer_group = excluded.customer_group, currency = excluded.currency, "
        "kind = excluded.kind, minimum = excluded.minimum, value = excluded.value, "
        "starts_at = excluded.starts_at, ends_at = excluded.ends_at, "
        "enabled = excluded.enabled RETURNING id",
        (code, title, None if facts is None else facts.id, group, currency, offer.kind, offer.minimum,
         offer.value, offer.starts_at, offer.ends_at, enabled),
    )  # fmt: skip
    told = {"kind": offer.kind, "minimum": offer.minimum, "value": offer.value, "enabled": enabled}
    uow.note("promotion set", "promotion", promotion_id, code, told)


def offers_of(db: Database, shop: ShopFacts) -> list[Offer]:
    """The promotions that are switched on for a shop, whenever and for whomever they hold; in order of code."""
    rows = db.rows(
        "SELECT code, kind, value, minimum, title, customer_group, starts_at, ends_at FROM promotion "
        "WHERE enabled AND currency = ? AND (shop_id IS NULL OR shop_id = ?) ORDER BY code",
        (shop.currency, shop.id),
    )
    return [
        Offer(
            code, PromotionKind(kind), value, minimum, title, group,
            None if start is None else as_moment(start), None if end is None else as_moment(end),
        )
        for code, kind, value, minimum, title, group, start, end in rows
    ]  # fmt: skip


def best_offer(offers: Sequence[Offer], goods: int, group: str, at: datetime) -> tuple[Offer, int] | None:
    """The one promotion an order gets: the highest discount, of equal ones the first code. Promotions never add up."""
    given = [(offer, offer.discount(goods)) for offer in offers if offer.holds(group, at)]
    return max((one for one in given if one[1] > 0), key=lambda one: one[1], default=None)
