"""A campaign as staff type it: every mistake at once, each beside its field and with what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from orderyard.core.hosted.api import Desk, DeskFacts
from orderyard.core.kernel.errors import DomainError
from orderyard.core.kernel.values import Money
from orderyard.core.web.api import gettext as _

from .campaigns import Campaign, Variant
from .typed import plain

_CODE = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_ADDRESS = re.compile(r"https://[^\s\"'<>]{4,500}")
MOST_PICTURES = 9
MOST_VARIANTS = 30
_MOST_MINOR = 10**12


@dataclass(frozen=True, slots=True)
class Read:
    """What was typed, as far as it could be read, and what is wrong with it by field."""

    campaign: Campaign
    wrong: Mapping[str, str]


def typed(one: Campaign, zone: str) -> dict[str, str]:
    """A campaign as its form shows it."""

    def moment(seconds: int) -> str:
        return datetime.fromtimestamp(seconds, ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M") if seconds else ""

    def amount(minor: int) -> str:
        return Money(minor, one.currency).text

    given = {
        "code": one.code, "connection": one.connection, "title": one.title, "words": one.words, "country": one.country,
        "pictures": "\n".join(one.pictures), "freight": amount(one.freight), "pay_words": one.pay_words,
        "pay_link": one.pay_link, "repeat_hours": str(one.repeat_hours), "opens_at": moment(one.opens_at),
        "closes_at": moment(one.closes_at),
    }  # fmt: skip
    given |= {name: "y" for name in ("cod", "prepaid") if getattr(one, name)}
    for place, variant in enumerate(one.variants):
        given |= {f"sku-{place}": variant.sku, f"title-{place}": variant.title, f"price-{place}": amount(variant.price)}
        given[f"most-{place}"] = str(variant.most) if variant.most else ""
    return given


def read(
    given: Mapping[str, str], connections: Sequence[DeskFacts], desk_of: Mapping[str, Desk], zone: str, kept: Campaign | None
) -> Read:
    """The campaign behind a form; `kept` is the one that is changed, whose code and connection stay."""
    wrong: dict[str, str] = {}

    def text(name: str, longest: int = 200) -> str:
        value = plain(given.get(name, ""))
        if len(value) > longest:
            wrong[name] = _("No more than %(count)s characters fit.", count=longest)
        return value[:longest]

    code = kept.code if kept else text("code", 40).lower()
    if not _CODE.fullmatch(code):
        wrong["code"] = _("It stands in the address: 2 to 40 small letters, digits and dashes, such as spring-tea.")
    facts = next((one for one in connections if one.code == (kept.connection if kept else text("connection"))), None)
    if facts is None or not facts.shop:
        wrong["connection"] = _("Choose a connection that belongs to a shop.")
    title = text("title", 120)
    if not title:
        wrong["title"] = _("Write what buyers read on top of the page.")
    currency = facts.currency if facts is not None and facts.currency else (kept.currency if kept else "CNY")
    pictures = tuple(line.strip() for line in text("pictures", 5000).split("\n") if line.strip())
    if len(pictures) > MOST_PICTURES or not all(_ADDRESS.fullmatch(one) for one in pictures):
        wrong["pictures"] = _("One address a line, each beginning with https://, %(count)s at most.", count=MOST_PICTURES)
    country = text("country", 2).upper() or "CN"
    if not _COUNTRY.fullmatch(country):
        wrong["country"] = _("Two letters, such as CN or US.")
    cod, prepaid = "cod" in given, "prepaid" in given
    if not cod and not prepaid:
        wrong["cod"] = _("Allow at least one way to pay.")
    pay_words, pay_link = text("pay_words", 1000), text("pay_link", 500)
    if prepaid and not pay_words and not pay_link:
        wrong["pay_words"] = _("Say how to pay in advance, or give an address to pay at.")
    if pay_link and not _ADDRESS.fullmatch(pay_link):
        wrong["pay_link"] = _("It begins with https:// and may hold {number} and {amount}.")
    repeat = _whole(text("repeat_hours"), "repeat_hours", wrong, 24, 24 * 60)
    freight = _amount(text("freight"), currency, "freight", wrong) or 0
    opens_at, closes_at = (_moment(text(name), zone, name, wrong) for name in ("opens_at", "closes_at"))
    if opens_at and closes_at and closes_at <= opens_at:
        wrong["closes_at"] = _("It ends before it begins: choose a later end.")
    desk = desk_of.get(facts.code) if facts is not None and facts.shop else None
    variants = _variants(given, desk, currency, wrong)
    made = Campaign(
        code=code, connection=facts.code if facts else "", title=title, currency=currency, words=text("words", 5000),
        pictures=pictures, country=country, cod=cod, prepaid=prepaid, freight=freight, pay_words=pay_words, pay_link=pay_link,
        repeat_hours=repeat, opens_at=opens_at, closes_at=closes_at, variants=tuple(variants),
    )  # fmt: skip
    return Read(made, wrong)


def _variants(given: Mapping[str, str], desk: Desk | None, currency: str, wrong: dict[str, str]) -> list[Variant]:
    rows = [(place, sku) for place in range(MOST_VARIANTS) if (sku := plain(given.get(f"sku-{place}", "")))]
    offers = {one.sku: one for one in desk.offers([sku for _, sku in rows])} if desk is not None else {}
    found: list[Variant] = []
    for place, sku in rows:
        offered = offers.get(sku)
        if offered is None:
            wrong[f"sku-{place}"] = _("There is no SKU %(code)s. Look it up under Stock.", code=sku[:64])
            continue
        if sku in {variant.sku for variant in found}:
            wrong[f"sku-{place}"] = _("%(code)s stands here twice.", code=sku)
            continue
        price = _amount(given.get(f"price-{place}", "").strip(), currency, f"price-{place}", wrong)
        if price is None and f"price-{place}" not in wrong:
            if offered.price is None:
                wrong[f"price-{place}"] = _("No price list knows it. Write a price.")
            else:
                price = offered.price.minor
        most = _whole(given.get(f"most-{place}", "").strip(), f"most-{place}", wrong, 0, 100_000)
        title = plain(given.get(f"title-{place}", ""))[:120] or offered.title
        found.append(Variant(sku, title, price or 0, most))
    if not rows:
        wrong["sku-0"] = _("Name at least one SKU to sell.")
    return found


def _amount(text: str, currency: str, name: str, wrong: dict[str, str]) -> int | None:
    if not text:
        return None
    try:
        minor = Money.of(text.replace(",", ""), currency).minor
    except DomainError:
        minor = -1
    if not 0 <= minor <= _MOST_MINOR:
        wrong[name] = _("Write an amount of %(currency)s, such as 12 or 9.90.", currency=currency)
        return None
    return minor


def _whole(text: str, name: str, wrong: dict[str, str], default: int, most: int) -> int:
    if not text:
        return default
    if not (text.isascii() and text.isdecimal()) or len(text) > 9 or int(text) > most:
        wrong[name] = _("Write a whole number from 0 to %(count)s.", count=most)
        return default
    return int(text)


def _moment(text: str, zone: str, name: str, wrong: dict[str, str]) -> int:
    if not text:
        return 0
    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).timestamp())
    except (ValueError, OverflowError):
        wrong[name] = _("Write it as 2026-11-22T18:30.")
        return 0
