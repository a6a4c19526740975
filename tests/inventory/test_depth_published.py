"""The number every listing shows, and why."""

from __future__ import annotations

import pytest

from orderyard.core.catalog.service import map_listing, meet_listings
from orderyard.core.inventory import locks, tracking
from orderyard.core.inventory.api import LockMode, Place
from orderyard.core.inventory.published import (
    Explained,
    Published,
    Shares,
    explain,
    explain_all,
    pause_listings,
    published,
    set_safety,
    set_shares,
)
from orderyard.core.inventory.service import Receipt, receive, serve
from orderyard.core.kernel.errors import DomainError
from orderyard.core.testing.builders import House


def listing(house: House, code: str, shop: str = "cn") -> int:
    with house.work() as uow:
        meet_listings(uow, house.shops[shop].id, {(f"i-{code}", ""): (code, code.title())})
    row = house.db.row("SELECT id FROM listing WHERE shop_id = ? AND item_id = ?", (house.shops[shop].id, f"i-{code}"))
    assert row is not None
    return int(row[0])


def shown(house: House, shop: str = "cn", today: str = "2026-11-22") -> dict[str, int]:
    with house.db.connection():
        rows: list[Published] = published(house.db, house.shops[shop].id, today=today)
        why: list[Explained] = explain_all(house.db, house.shops[shop].id, today=today)
    assert [one.listing for one in why] == rows, "the explanation tells another story than the number"
    return {row.merchant_code: row.wanted for row in rows}


def keep(house: House, shop: str, warehouse: str, units: int, mode: LockMode) -> None:
    with house.work() as uow:
        locks.lock(uow, house.shops[shop].id, house.items["TEE"].sku_id, house.warehouses[warehouse], units, mode)


@pytest.mark.parametrize(
    ("shares", "number"),
    [
        (Shares(), 10),
        (Shares(percent=33), 3),
        (Shares(percent=33, plus=2), 5),
        (Shares(percent=150), 15),
        (Shares(plus=-20), 0),
        (Shares(maximum=4), 4),
        (Shares(percent=50, plus=3, maximum=100), 8),
        (Shares(plus=5, paused=True), 0),
        (Shares(percent=0, plus=7), 7),
    ],
)
def test_the_number_is_percent_plus_and_maximum_of_what_there_is(house: House, shares: Shares, number: int) -> None:
    house.receive("SH", TEE=6)
    house.receive("GZ", TEE=4)
    one = listing(house, "TEE")
    with house.work() as uow:
        set_shares(uow, one, shares)
    assert shown(house) == {"TEE": number}


def test_safety_stays_back_per_warehouse_and_the_sku_s_own_instead(house: House) -> None:
    house.receive("SH", TEE=6, CAP=6)
    house.receive("GZ", TEE=1, CAP=1)
    for code in ("TEE", "CAP"):
        listing(house, code)
    cn = house.shops["cn"].id
    with house.work() as uow:
        for warehouse in ("SH", "GZ"):
            set_safety(uow, cn, house.warehouses[warehouse], 2)
        set_safety(uow, cn, house.warehouses["SH"], 5, sku_id=house.items["TEE"].sku_id)
    assert shown(house) == {"TEE": 1, "CAP": 4}
    with house.work() as uow:
        set_safety(uow, cn, house.warehouses["SH"], None, sku_id=house.items["TEE"].sku_id)
    assert shown(house)["TEE"] == 4


def test_a_kit_shows_its_scarcest_component(house: House) -> None:
    house.receive("SH", TEE=9, CAP=3)
    house.receive("GZ", TEE=2)
    one = listing(house, "SET")
    with house.work() as uow:
        set_shares(uow, one, Shares(percent=50, plus=1))
    assert shown(house) == {"SET": 2}  # 11 tees for 5 sets, 3 caps for 3; half of 3 is 1, and 1 more
    with house.db.connection():
        assert explain(house.db, one).scarcest.sku == "CAP"


def test_a_kit_without_one_of_its_components_shows_nothing(house: House) -> None:
    house.receive("SH", TEE=9)
    listing(house, "SET")
    assert shown(house) == {"SET": 0}


@pytest.mark.parametrize(
    ("mode", "own", "other"),
    [
        (LockMode.PLUS_SHARED, 15, 11),  # SH 10 and GZ 5; the other shop misses the 4 locked units
        (LockMode.ONLY, 4, 11),
        (LockMode.ONLY_HERE, 9, 11),
    ],
)
def test_a_lock_counts_by_its_mode_and_is_kept_from_others(house: House, mode: LockMode, own: int, other: int) -> None:
    house.receive("SH", TEE=10)
    house.receive("GZ", TEE=5)
    for shop in ("cn", "cn2"):
        listing(house, "TEE", shop)
    keep(house, "cn", "SH", 4, mode)
    assert (shown(house, "cn")["TEE"], shown(house, "cn2")["TEE"]) == (own, other)


def test_what_is_shown_can_be_reserved_to_the_last_unit(house: House) -> None:
    house.receive("SH", TEE=10)
    for shop in ("cn", "cn2"):
        listing(house, "TEE", shop)
    keep(house, "cn", "SH", 4, LockMode.PLUS_SHARED)
    keep(house, "cn2", "SH", 3, LockMode.ONLY)
    for shop in ("cn", "cn2"):
        number = shown(house, shop)["TEE"]
        [order_id] = house.place(house.order(("TEE", number), shop=shop))
        row = house.db.row("SELECT reserved FROM order_line WHERE order_id = ?", (order_id,))
        assert row == (number,)
        assert shown(house, shop)["TEE"] == 0
    house.prove()


def test_what_is_too_old_or_being_counted_is_not_shown(house: House) -> None:
    tee = house.items["TEE"].sku_id
    with house.work() as uow:
        tracking.track(uow, tee, lots=True, min_life_days=30)
        lots = [Receipt(tee, units, 1, "", lot, day) for lot, units, day in (("A", 3, "2026-12-01"), ("B", 5, "2027-12-01"))]
        receive(uow, house.warehouses["SH"], lots, source=Place.SUPPLIER, document=1, key="lots", text="")
    one = listing(house, "TEE")
    assert shown(house) == {"TEE": 5}
    with house.db.connection():
        [offer] = explain(house.db, one, "2026-11-22").parts[0].offers
    assert (offer.on_hand, offer.resting, offer.available) == (8, 3, 5)


def test_the_explanation_names_every_factor(house: House) -> None:
    house.receive("SH", TEE=10)
    house.receive("GZ", TEE=5)
    house.place(house.order(("TEE", 2), to=None))
    one = listing(house, "TEE")
    keep(house, "cn", "SH", 3, LockMode.PLUS_SHARED)
    keep(house, "cn2", "SH", 4, LockMode.PLUS_SHARED)
    with house.work() as uow:
        set_safety(uow, house.shops["cn"].id, house.warehouses["SH"], 1)
        set_shares(uow, one, Shares(80, 1, 7))
    with house.db.connection():
        why = explain(house.db, one)
    by_code = {offer.warehouse: offer for offer in why.parts[0].offers}
    here = by_code["SH"]
    assert (here.on_hand, here.reserved, here.available) == (10, 2, 8)
    assert (here.locked_for_others, here.own_lock, here.safety, here.offered, here.mode) == (4, 3, 1, 3, LockMode.PLUS_SHARED)
    assert (by_code["GZ"].offered, by_code["GZ"].mode) == (5, None)
    assert (why.shop, why.percent, why.plus, why.maximum, why.paused) == ("cn", 80, 1, 7, False)
    assert (why.listing.base, why.listing.wanted) == (8, 7)


def test_only_what_a_changed_sku_has_a_part_in_is_asked_for_again(house: House) -> None:
    house.receive("SH", TEE=5, CAP=5, MUG=5)
    for code in ("TEE", "SET", "MUG"):
        listing(house, code)
    with house.db.connection():
        rows = published(house.db, house.shops["cn"].id, [house.items["CAP"].sku_id])
    assert [row.merchant_code for row in rows] == ["SET"]


def test_a_warehouse_that_does_not_serve_the_shop_does_not_count(house: House) -> None:
    house.receive("SH", TEE=5)
    listing(house, "TEE")
    house.db.change("DELETE FROM shop_warehouse WHERE shop_id = ?", (house.shops["cn"].id,))
    assert shown(house) == {"TEE": 0}
    with house.work() as uow:
        serve(uow, house.shops["cn"].id, [house.warehouses["SH"]], safety=2)
    assert shown(house) == {"TEE": 3}


def test_pausing_shows_nothing_until_it_is_resumed(house: House) -> None:
    house.receive("SH", TEE=5)
    one = listing(house, "TEE")
    with house.work() as uow:
        set_shares(uow, one, Shares(plus=2))
        pause_listings(uow, [one])
    assert shown(house) == {"TEE": 0}
    with house.work() as uow:
        pause_listings(uow, [one], paused=False)
    assert shown(house) == {"TEE": 7}


def test_a_listing_of_nothing_has_no_explanation(house: House) -> None:
    one = listing(house, "HAT")
    with house.db.connection(), pytest.raises(DomainError, match="map it first"):
        explain(house.db, one)
    with house.work() as uow:
        map_listing(uow, one, "TEE")
    assert shown(house) == {"HAT": 0}


@pytest.mark.parametrize("shares", [Shares(percent=-1), Shares(percent=10_001), Shares(maximum=-1), Shares(plus=10**10)])
def test_impossible_shares_are_refused(house: House, shares: Shares) -> None:
    one = listing(house, "TEE")
    with house.work() as uow, pytest.raises(DomainError, match="whole number"):
        set_shares(uow, one, shares)
