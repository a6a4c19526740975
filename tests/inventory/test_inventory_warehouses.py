"""Warehouses that people change, and whom they serve."""

from __future__ import annotations

from typing import Any

import pytest

from orderyard.core.catalog.service import meet_listings
from orderyard.core.fulfillment.withdrawing import stop_serving
from orderyard.core.inventory.locks import lock
from orderyard.core.inventory.published import published
from orderyard.core.inventory.service import add_warehouse, serve
from orderyard.core.inventory.warehouses import change_warehouse, warehouses
from orderyard.core.kernel.errors import DomainError
from orderyard.core.testing.builders import House


def test_a_warehouse_gets_another_name_regions_and_sender(house: House) -> None:
    with house.work() as uow:
        change_warehouse(
            uow, house.warehouses["SH"], "上海二仓", ["上海", "江苏"], {"name": "发货组", "phone": "", "city": "上海"}
        )
    found = next(row for row in warehouses(house.db) if row.code == "SH")
    assert (found.title, found.regions) == ("上海二仓", ("上海", "江苏"))
    assert found.sender == {"name": "发货组", "city": "上海"}
    assert set(found.serves) == {shop.id for shop in house.shops.values()}


@pytest.mark.parametrize(
    ("title", "regions", "sender", "said"),
    [
        ("", [], {}, "title of the warehouse is empty"),
        ("x" * 201, [], {}, "more than 200"),
        ("SH", ["上海", "上海"], {}, "上海 stands twice"),
        ("SH", ["x" * 61], {}, "more than 60"),
        ("SH", [""], {}, "home region is empty"),
        ("SH", [], {"street": "x"}, "a sender has no street"),
        ("SH", [], {"phone": "x" * 201}, "sender's phone has more than 200"),
    ],
)
def test_what_does_not_fit_a_warehouse_is_refused(house: House, title: str, regions: list[str], sender: Any, said: str) -> None:
    with pytest.raises(DomainError, match=said), house.work() as uow:
        change_warehouse(uow, house.warehouses["SH"], title, regions, sender)
    with pytest.raises(DomainError, match=said), house.work() as uow:
        add_warehouse(uow, "NEW", title, regions, sender)


def test_a_warehouse_that_is_not_there_is_not_changed(house: House) -> None:
    with pytest.raises(DomainError, match="no warehouse 4711"), house.work() as uow:
        change_warehouse(uow, 4711, "x", [])


def test_a_warehouse_stops_serving_a_shop_which_shows_less(house: House) -> None:
    house.receive("SH", TEE=5)
    house.receive("BJ", TEE=2)
    shop = house.shops["cn"].id
    with house.work() as uow:
        meet_listings(uow, shop, {("item-TEE", ""): ("TEE", "Tee")})
    with house.work() as uow:
        stop_serving(uow, shop, house.warehouses["SH"])
    assert [row.wanted for row in published(house.db, shop)] == [2]
    with pytest.raises(DomainError, match="does not serve the shop"), house.work() as uow:
        stop_serving(uow, shop, house.warehouses["SH"])
    with house.work() as uow:
        serve(uow, shop, [house.warehouses["SH"]], 1)
    assert [row.wanted for row in published(house.db, shop)] == [6]


def test_a_warehouse_where_orders_wait_or_units_are_locked_goes_on_serving(house: House) -> None:
    house.receive("SH", TEE=5)
    house.place(house.order(("TEE", 1)))
    shop, place = house.shops["cn"].id, house.warehouses["SH"]
    with pytest.raises(DomainError, match="1 fulfillment orders of the shop wait in this warehouse: FO"), house.work() as uow:
        stop_serving(uow, shop, place)
    with house.work() as uow:
        lock(uow, house.shops["us"].id, house.items["TEE"].sku_id, place, 1)
    with pytest.raises(DomainError, match="units are locked"), house.work() as uow:
        stop_serving(uow, house.shops["us"].id, place)
    assert house.system.verify() == []


@pytest.mark.parametrize("safety", [-1, 10**9 + 1])
def test_a_safety_that_cannot_be_is_refused(house: House, safety: int) -> None:
    with pytest.raises(DomainError, match="safety stock"), house.work() as uow:
        serve(uow, house.shops["cn"].id, [house.warehouses["SH"]], safety)
