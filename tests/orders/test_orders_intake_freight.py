"""Freight templates, by worked examples."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from orderyard.core.kernel.db import as_json, to_json
from orderyard.core.kernel.errors import DomainError
from orderyard.core.kernel.values import Address
from orderyard.core.orders.freight import (
    SF_ROUNDINGS,
    Further,
    Load,
    Template,
    Unit,
    Zone,
    chargeable,
    fee,
    set_freight_template,
    template_from,
    template_of,
)
from orderyard.core.testing.builders import House, door

KILO = Zone((), 1000, 1200, 1000, 200)
PRO_RATA = Template(KILO, further=Further.PRO_RATA, roundings=SF_ROUNDINGS)
WHOLE_YUAN = replace(PRO_RATA, fee_step=100)
STARTED = Template(KILO)


def kilos(weight_g: int, volume_cm3: int = 0) -> Load:
    return Load(10_000, 1, weight_g, volume_cm3)


@pytest.mark.parametrize(
    ("grams", "charged", "pro_rata", "whole_yuan", "started"),
    [
        (300, 300, 1200, 1200, 1200),
        (1000, 1000, 1200, 1200, 1200),
        (1010, 1100, 1220, 1200, 1400),
        (2340, 2400, 1480, 1500, 1600),
        (9960, 10_000, 3000, 3000, 3000),
        (10_000, 10_000, 3000, 3000, 3000),
        (10_010, 10_500, 3100, 3100, 3200),
        (18_100, 18_500, 4700, 4700, 4800),
        (18_700, 19_000, 4800, 4800, 4800),
        (99_600, 100_000, 21_000, 21_000, 21_000),
        (108_400, 108_000, 22_600, 22_600, 22_800),
        (108_500, 109_000, 22_800, 22_800, 22_800),
    ],
)
def test_by_weight(grams: int, charged: int, pro_rata: int, whole_yuan: int, started: int) -> None:
    load = kilos(grams)
    assert chargeable(PRO_RATA, load) == charged
    fees = [fee(template, load, door()) for template in (PRO_RATA, WHOLE_YUAN, STARTED)]
    assert fees == [pro_rata, whole_yuan, started]


@pytest.mark.parametrize(
    ("divisor", "grams", "pro_rata", "started"),
    [(6000, 4000, 1800, 1800), (8000, 3000, 1600, 1600), (12_000, 2200, 1440, 1600), (0, 2200, 1440, 1600)],
)
def test_a_bulky_parcel_is_charged_by_volume(divisor: int, grams: int, pro_rata: int, started: int) -> None:
    box = kilos(2200, 40 * 30 * 20)
    assert chargeable(replace(PRO_RATA, divisor=divisor), box) == grams
    assert fee(replace(PRO_RATA, divisor=divisor), box, door()) == pro_rata
    assert fee(replace(STARTED, divisor=divisor), box, door()) == started


@pytest.mark.parametrize(("pieces", "asked"), [(1, 800), (2, 1100), (3, 1100), (4, 1400), (5, 1400), (6, 1700)])
def test_by_piece(pieces: int, asked: int) -> None:
    assert fee(Template(Zone((), 1, 800, 2, 300), unit=Unit.PIECE), Load(100, pieces), door()) == asked


def test_by_volume() -> None:
    template = Template(Zone((), 1000, 500, 500, 100), unit=Unit.VOLUME)
    assert [fee(template, Load(100, 1, 0, cm3), door()) for cm3 in (1000, 1001, 1501)] == [500, 600, 700]


def flat(price: int, *regions: str) -> Zone:
    return Zone(regions, 0, price, 0, 0)


@pytest.mark.parametrize(
    ("to", "asked"),
    [
        (Address(province="浙江省", city="杭州市"), 1),
        (Address(province="浙江", city="杭州"), 1),
        (Address(province="浙江省", city="宁波市"), 2),
        (Address(province="新疆维吾尔自治区", city="库车市"), 3),
        (Address(province="上海市"), 9),
        (Address(country="US", province="NY", city="New York"), 4),
        (Address(country="US", province="CA"), 5),
        (Address(country="DE", province="浙江"), 9),
        (Address(province="US"), 9),
        (Address(), 9),
    ],
)
def test_the_most_exact_region_decides(to: Address, asked: int) -> None:
    zones = (flat(5, "US"), flat(2, "浙江省", "江苏"), flat(1, "浙江/杭州"), flat(3, "新疆", "西藏"), flat(4, "US/NY"))
    assert fee(Template(flat(9), zones), kilos(1), to) == asked


def test_excluded_regions_are_refused() -> None:
    template = Template(KILO, excluded=("西藏", "新疆/喀什"))
    with pytest.raises(DomainError, match="sends nothing to 西藏自治区"):
        fee(template, kilos(1), Address(province="西藏自治区", city="拉萨市"))
    assert fee(template, kilos(1), Address(province="新疆", city="库车市")) == 1200


@pytest.mark.parametrize(("goods", "pieces", "asked"), [(9900, 1, 0), (9899, 1, 1200), (100, 3, 0), (100, 2, 1200)])
def test_free_of_charge_from_an_amount_or_from_pieces(goods: int, pieces: int, asked: int) -> None:
    template = Template(replace(KILO, free_amount=9900, free_pieces=3))
    assert fee(template, Load(goods, pieces, 500), door()) == asked


def test_a_template_is_kept_as_it_was_said(house: House) -> None:
    template = Template(
        KILO, (replace(KILO, regions=("浙江/杭州",), free_amount=9900),), ("西藏",), divisor=6000, roundings=SF_ROUNDINGS
    )
    assert template_of(house.db, house.shops["cn"].id) is None
    for wanted in (STARTED, template):
        with house.work() as uow:
            set_freight_template(uow, "cn", wanted)
        assert template_of(house.db, house.shops["cn"].id) == wanted
    assert template_from(as_json(to_json(asdict(template)))) == template


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"otherwise": {}},
        {"otherwise": {"first": 1, "first_fee": 1, "next": 1}},
        {"otherwise": asdict(KILO), "unit": "stone"},
        {"otherwise": asdict(KILO) | {"next_fee": -1}},
        {"otherwise": asdict(KILO) | {"first_fee": 1.5}},
        {"otherwise": asdict(KILO) | {"next": 0}},
        {"otherwise": asdict(KILO), "fee_step": 0},
        {"otherwise": asdict(KILO), "roundings": [{"step": 0}]},
        {"otherwise": asdict(KILO), "surprise": 1},
    ],
)
def test_a_broken_template_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(DomainError):
        template_from(wrong)
