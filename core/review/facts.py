"""What rules want to know beyond an order's card, gathered for many orders in a fixed number of statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..catalog.prices import prices_of
from ..catalog.queries import items_by_code, shop_named
from ..customers.phones import masked, read_phone
from ..kernel.db import Database, as_moment, marks
from ..kernel.uow import Merchant
from ..kernel.values import Address, Money
from ..orders.api import OrderCard
from .api import BlacklistKind, Facts, Wants
from .rules import plain, whole_address

_TOGETHER = 2_000


@dataclass(frozen=True)
class Blacklisted:
    """The whole list, read once: notes by normalised value."""

    phones: Mapping[str, str] = field(default_factory=dict)
    buyers: Mapping[str, str] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.phones or self.buyers or self.addresses)


def read_blacklist(db: Database) -> Blacklisted:
    found: dict[str, dict[str, str]] = {kind.value: {} for kind in BlacklistKind}
    for kind, value, note in db.rows("SELECT kind, value, note FROM blacklist ORDER BY id"):
        found[kind][value] = note
    return Blacklisted(found[BlacklistKind.PHONE.value], found[BlacklistKind.BUYER.value], found[BlacklistKind.ADDRESS.value])


def phone_key(text: str, country: str) -> str:
    """What a telephone number is known by, however it is written; empty when it is masked or none."""
    if masked(text):
        return ""
    phone = read_phone(text, country or "CN")
    if phone is None:
        return "".join(sign for sign in text if sign.isdigit())
    return f"{phone.e164}-{phone.extension}" if phone.extension else phone.e164


def gather(db: Database, merchant: Merchant, wants: Wants, cards: Sequence[OrderCard], listed: Blacklisted) -> dict[int, Facts]:
    """The facts of each order, by its id; nothing is asked that nobody wants."""
    if not wants or not cards:
        return {}
    counts = _by_phone(db, wants.windows, cards) if wants.windows else {}
    prices = _list_prices(db, merchant, cards) if wants.list_prices else {}
    buyers = _buyers(db, cards) if wants.blacklist and listed.buyers else {}
    found = {}
    for card in cards:
        to = card.receiver
        spoken, hidden = _spoken_of(card, listed, buyers.get(card.customer_id, ())) if wants.blacklist and listed else ((), ())
        mine = {sku: price for sku, price in prices.get(card.shop, {}).items() if price.currency == card.total.currency}
        by_phone = counts.get(card.id, {}) if phone_key(to.phone, to.country) else {}
        found[card.id] = Facts(by_phone, mine, spoken, hidden)
    return found


def _by_phone(db: Database, windows: Iterable[timedelta], cards: Sequence[OrderCard]) -> dict[int, dict[timedelta, int]]:
    """Orders of the same number, counted back from each order's own moment; of one moment, a lower id came before."""
    longest = max(windows)
    keys = {card.id: phone_key(card.receiver.phone, card.receiver.country) for card in cards}
    written = {text for card in cards if keys[card.id] for text in _ways(card.receiver)}
    placed: dict[str, list[tuple[datetime, int]]] = {}
    ordered = sorted(written)
    for start in range(0, len(ordered), _TOGETHER):
        part = ordered[start : start + _TOGETHER]
        for order_id, at, phone, country in db.rows(
            "SELECT o.id, o.placed_at, a.phone, a.country FROM sales_order o JOIN postal_address a ON a.id = o.address_id "
            f"WHERE a.phone IN ({marks(part)}) AND o.placed_at > ? AND o.placed_at <= ?",
            [*part, min(card.placed_at for card in cards) - longest, max(card.placed_at for card in cards)],
        ):
            placed.setdefault(phone_key(phone, country), []).append((as_moment(at), order_id))
    return {
        card.id: {
            window: sum(
                card.placed_at - window < at and (at, order_id) <= (card.placed_at, card.id)
                for at, order_id in placed.get(keys[card.id], ())
            )
            for window in windows
        }
        for card in cards
        if keys[card.id]
    }


def _ways(to: Address) -> set[str]:
    """The ways in which a number is likely to be written."""
    key = phone_key(to.phone, to.country)
    ways = {to.phone, key, key.lstrip("+")}
    if key.startswith("+86"):
        local = key[3:]
        forms = {local, f"{local[:3]} {local[3:7]} {local[7:]}", f"{local[:3]}-{local[3:7]}-{local[7:]}"}
        ways |= {before + form for form in forms for before in ("", "+86", "+86 ", "+86-", "86", "0086")}
    return ways


def _list_prices(db: Database, merchant: Merchant, cards: Sequence[OrderCard]) -> dict[str, dict[str, Money]]:
    """What a unit costs everybody, by shop and SKU code, in the shop's currency: by its price lists, or the SKU's own price."""
    found: dict[str, dict[str, Money]] = {}
    for code in sorted({card.shop for card in cards}):
        shop = shop_named(db, code)
        skus = sorted({line.sku for card in cards if card.shop == code for line in card.lines if line.sku})
        for start in range(0, len(skus), _TOGETHER):
            items = items_by_code(db, skus[start : start + _TOGETHER])
            prices = prices_of(db, shop, merchant.currency, [("", item.sku_id, 1) for item in items.values()])
            found.setdefault(code, {}).update(
                (sku, Money(prices["", item.sku_id, 1], shop.currency))
                for sku, item in items.items()
                if ("", item.sku_id, 1) in prices
            )
    return found


def _buyers(db: Database, cards: Sequence[OrderCard]) -> dict[int, list[str]]:
    wanted = sorted({card.customer_id for card in cards})
    found: dict[int, list[str]] = {}
    for start in range(0, len(wanted), _TOGETHER):
        part = wanted[start : start + _TOGETHER]
        for customer_id, value in db.rows(
            f"SELECT customer_id, value FROM customer_identity WHERE customer_id IN ({marks(part)}) ORDER BY id", part
        ):
            found.setdefault(customer_id, []).append(plain(value))
    return found


def _spoken_of(card: OrderCard, listed: Blacklisted, buyer: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    to = card.receiver
    spoken, hidden = [], []

    def say(what: str, value: str, note: str) -> None:
        spoken.append(f"{what} {value}" + (f" ({note})" if note else ""))

    if masked(to.phone):
        hidden.append("telephone number")
    elif (key := phone_key(to.phone, to.country)) in listed.phones:
        say("telephone number", key, listed.phones[key])
    text = plain(whole_address(to))
    for value, note in listed.addresses.items():
        if value in text:
            say("address", value, note)
    if to.masked and listed.addresses:
        hidden.append("address")
    for value in buyer:
        if value in listed.buyers:
            say("buyer", value, listed.buyers[value])
    return tuple(spoken), tuple(hidden)
