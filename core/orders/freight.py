"""What a shop asks for carriage (运费模板): by weight, volume or piece, by region, with regions it does not serve.

Integers throughout: grams, cubic centimetres, pieces, minor units. Every order has one template, its shop's; an order's
freight is computed once over all its units, not line by line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from ..catalog.queries import shop_named
from ..kernel.db import Database, as_json, to_json
from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from ..kernel.values import Address, one_line

_HIGHEST = 10**12
_LONGEST = 60


class Unit(StrEnum):
    """What is counted."""

    WEIGHT = "weight"
    """Grams; of a bulky parcel its volume divided by `divisor`, if that is more."""
    VOLUME = "volume"
    """Cubic centimetres."""
    PIECE = "piece"


class Further(StrEnum):
    """How what goes beyond the first quantity is charged."""

    STARTED = "started"
    """Each started `next` counts whole (续重不足一公斤按一公斤)."""
    PRO_RATA = "pro_rata"


class Mode(StrEnum):
    UP = "up"
    HALF_UP = "half_up"


@dataclass(frozen=True, slots=True)
class Rounding:
    """Quantities below `below` go to multiples of `step`; the first rule that fits counts, `below` 0 fits everything."""

    step: int
    mode: Mode = Mode.UP
    below: int = 0


@dataclass(frozen=True, slots=True)
class Zone:
    """What carriage costs to some regions.

    A region is a province (`浙江`), a province and a city (`浙江/杭州`), or, abroad, a country and its state: `US`, `US/NY`.
    """

    regions: tuple[str, ...]
    first: int
    first_fee: int
    next: int
    next_fee: int
    free_amount: int | None = None
    """Goods of so much, after discounts, go free of charge."""
    free_pieces: int | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """A shop's whole tariff; `otherwise` is for all regions that no zone names."""

    otherwise: Zone
    zones: tuple[Zone, ...] = ()
    excluded: tuple[str, ...] = ()
    """Regions where the shop sends nothing (不配送)."""
    unit: Unit = Unit.WEIGHT
    further: Further = Further.STARTED
    divisor: int = 0
    """Cubic centimetres that count as a kilogram, 6000 or so; 0 looks at the weight alone."""
    roundings: tuple[Rounding, ...] = ()
    fee_step: int = 1
    """Fees go to multiples of so many minor units, half up: 100 is whole yuan."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is to be carried."""

    goods: int
    """What the goods cost after discounts, in minor units."""
    pieces: int
    weight_g: int = 0
    volume_cm3: int = 0


# SF as of 2026: below 10 kg up to 100 g, below 100 kg up to 500 g, above to the nearest kilogram.
SF_ROUNDINGS = (Rounding(100, Mode.UP, 10_001), Rounding(500, Mode.UP, 100_000), Rounding(1000, Mode.HALF_UP))


def chargeable(template: Template, load: Load) -> Fraction:
    """The quantity that is charged, in grams, cubic centimetres or pieces, after rounding."""
    if template.unit is Unit.PIECE:
        quantity = Fraction(load.pieces)
    elif template.unit is Unit.VOLUME:
        quantity = Fraction(load.volume_cm3)
    else:
        quantity = Fraction(load.weight_g)
        if template.divisor:
            quantity = max(quantity, Fraction(load.volume_cm3 * 1000, template.divisor))
    for rule in template.roundings:
        if not rule.below or quantity < rule.below:
            return _to_step(quantity, rule.step, rule.mode)
    return quantity


def fee(template: Template, load: Load, to: Address) -> int:
    """Freight in minor units; DomainError where the shop sends nothing."""
    if any(_covers(region, to) for region in template.excluded):
        raise DomainError(
            f"this shop sends nothing to {to.province or to.country}{to.city}",
            remedy="correct the address, or say the freight yourself",
        )
    zone = zone_of(template, to)
    if zone.free_amount is not None and load.goods >= zone.free_amount:
        return 0
    if zone.free_pieces is not None and load.pieces >= zone.free_pieces:
        return 0
    more = Fraction(0)
    beyond = chargeable(template, load) - zone.first
    if beyond > 0 and zone.next:
        more = beyond / zone.next
        if template.further is Further.STARTED:
            more = _to_step(more, 1, Mode.UP)
    return int(_to_step(zone.first_fee + more * zone.next_fee, template.fee_step, Mode.HALF_UP))


def zone_of(template: Template, to: Address) -> Zone:
    """The zone that names the address most exactly; of two alike the first."""
    best, how_exact = template.otherwise, 0
    for zone in template.zones:
        for region in zone.regions:
            exact = region.count("/") + 1
            if exact > how_exact and _covers(region, to):
                best, how_exact = zone, exact
    return best


def _to_step(quantity: Fraction, step: int, mode: Mode) -> Fraction:
    whole = quantity / step
    steps = -(-whole.numerator // whole.denominator) if mode is Mode.UP else (2 * whole + 1).__floor__() // 2
    return Fraction(steps * step)


_SUFFIX = re.compile(r"(特别行政区|维吾尔自治区|壮族自治区|回族自治区|自治区|自治州|地区|省|市|盟)$")
_COUNTRY = re.compile(r"[A-Z]{2}")


def _covers(region: str, to: Address) -> bool:
    first, *rest = region.split("/")
    places = [to.province, to.city]
    if _COUNTRY.fullmatch(first):
        if first != to.country:
            return False
    else:
        if to.country != "CN":
            return False
        rest = [first, *rest]
    return all(_same(wanted, place) for wanted, place in zip(rest, places, strict=False))


def _same(one: str, other: str) -> bool:
    return _short(one) == _short(other)


def _short(place: str) -> str:
    text = place.strip().casefold()
    return _SUFFIX.sub("", text) if len(text) > 2 else text


# keeping it


def set_freight_template(uow: UnitOfWork, shop: str, template: Template) -> None:
    """Say what a shop asks for carriage; orders that exist keep their freight."""
    facts = shop_named(uow.db, shop)
    _check(template)
    uow.db.change(
        "INSERT INTO freight_template (shop_id, settings) VALUES (?,?) ON CONFLICT (shop_id) DO UPDATE SET "
        "settings = excluded.settings",
        (facts.id, to_json(asdict(template))),
    )
    uow.note("freight template set", "shop", facts.id)


def template_of(db: Database, shop_id: int) -> Template | None:
    """What the shop asks for carriage; None while it has said nothing."""
    row = db.row("SELECT settings FROM freight_template WHERE shop_id = ?", (shop_id,))
    return None if row is None else template_from(as_json(row[0]))


def template_from(settings: Mapping[str, Any]) -> Template:
    """A template as it is stored or typed: the fields of `Template`, `Zone` and `Rounding` by name."""
    try:
        given = dict(settings)
        given["otherwise"] = _zone(given["otherwise"])
        given["zones"] = tuple(_zone(zone) for zone in given.get("zones", ()))
        given["excluded"] = tuple(given.get("excluded", ()))
        given["roundings"] = tuple(
            Rounding(rule["step"], Mode(rule.get("mode", "up")), rule.get("below", 0)) for rule in given.get("roundings", ())
        )
        given["unit"] = Unit(given.get("unit", "weight"))
        given["further"] = Further(given.get("further", "started"))
        template = Template(**given)
    except (KeyError, TypeError, ValueError) as error:
        raise DomainError(f"this is no freight template: {error}", remedy="compare it with docs/intake.md") from None
    _check(template)
    return template


def _zone(given: Mapping[str, Any]) -> Zone:
    return Zone(**(dict(given) | {"regions": tuple(given.get("regions", ()))}))


def _check(template: Template) -> None:
    zones: Sequence[Zone] = (template.otherwise, *template.zones)
    numbers = [template.divisor, template.fee_step - 1]
    numbers += [number for rule in template.roundings for number in (rule.step - 1, rule.below)]
    numbers += [number for zone in zones for number in (zone.first, zone.first_fee, zone.next, zone.next_fee)]
    numbers += [number for zone in zones for number in (zone.free_amount, zone.free_pieces) if number is not None]
    if not all(isinstance(number, int) for number in numbers) or min(numbers) < 0:
        raise DomainError("a freight template has a negative or broken number", remedy="use whole numbers of 0 or more")
    if max(numbers) > _HIGHEST:
        raise DomainError(f"a freight template has a number above {_HIGHEST}", remedy="check how many digits were typed")
    if any(zone.next_fee and not zone.next for zone in zones):
        raise DomainError("a zone charges for more, but does not say for how much more", remedy="say what `next` is")
    if not all(zone.regions for zone in template.zones):
        raise DomainError("a zone names no region", remedy="say for which regions it is; all others are in the last zone")
    for region in (*template.excluded, *(region for zone in template.zones for region in zone.regions)):
        one_line(region, "a region", _LONGEST, needed=True)
