"""The commands in a running house: what was really sold, is there and is coming."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from orderyard_replenish import plugin

from orderyard.core.host.service import save_settings
from orderyard.core.inventory import alerts, purchasing, transfers
from orderyard.core.inventory.api import LowStock, LowStockCleared
from orderyard.core.kernel.errors import DomainError
from orderyard.core.testing.builders import AT, House, door, open_house
from orderyard.core.testing.databases import Databases


@pytest.fixture
def shop(databases: Databases, tmp_path: Path) -> Iterator[House]:
    with open_house(databases, tmp_path, plugins={"replenish": plugin}) as house:
        assert not house.system.plugins.faults
        yield house


def run(house: House, name: str, *arguments: str) -> list[str]:
    return list(house.system.plugins.commands[f"replenish {name}"]().run(house.system.contexts.of("replenish"), arguments))


def sell(house: House, units: int, province: str = "上海市", days_ago: int = 1) -> None:
    now = house.environment.moment
    house.environment.moment = now - timedelta(days=days_ago)
    [order_id] = house.place(house.order(("TEE", units), to=door(1, province)))
    for fo in house.fos(order_id):
        house.ship(fo)
    house.environment.moment = now


def test_the_figures_are_what_was_sold_is_there_and_is_coming(shop: House) -> None:
    shop.receive("SH", TEE=40)
    shop.receive("GZ", TEE=20)
    sell(shop, 6)
    sell(shop, 3, "广东", days_ago=2)
    sell(shop, 1, days_ago=0)  # today is not over
    sell(shop, 1, days_ago=31)  # and that is long ago
    tee = shop.items["TEE"].sku_id
    with shop.work() as uow:
        supplier = purchasing.add_supplier(uow, "MILL", "The mill")
        lines = [purchasing.Ordered(tee, 10)]
        purchasing.place_purchase(uow, supplier, shop.warehouses["SH"], lines, "2026-12-01", key="P1")
        load = [transfers.Load(tee, 2)]
        transfers.send(uow, shop.warehouses["GZ"], shop.warehouses["BJ"], load, key="T1")
    read = shop.system.contexts.of("replenish").read
    assert [(one.sku, one.warehouse, one.available, one.incoming) for one in read.stock()] == [
        ("TEE", "BJ", 0, 2), ("TEE", "GZ", 15, 0), ("TEE", "SH", 32, 10)
    ]  # fmt: skip
    today = read.today()
    assert [(one.warehouse, one.units, one.days) for one in read.sales(today - timedelta(30), today - timedelta(1))] == [
        ("GZ", 3, 30), ("SH", 6, 30)
    ]  # fmt: skip


def test_suggest_and_balance_say_what_to_do(shop: House) -> None:
    with shop.work() as uow:
        save_settings(uow, shop.system.seal, plugin.manifest, {"window_days": "2", "packs": "TEE=12"})
    shop.receive("SH", TEE=40)
    shop.receive("GZ", TEE=4)
    sell(shop, 10)
    sell(shop, 4, "广东")
    # 7 a day for 10 days are 70, of which 30 are there: 40, in packs of 12.
    [line] = run(shop, "suggest")
    assert line.startswith("TEE: order 48 (need 40: 10 days × 7 a day = 70, less 30 available and 0 incoming")
    [line] = run(shop, "balance", "TEE")
    assert line.startswith("TEE: send 8 from SH to GZ (cover 4.3 days")


def test_a_quiet_house_needs_nothing(shop: House) -> None:
    shop.receive("SH", TEE=1)
    assert (run(shop, "suggest"), run(shop, "balance")) == (["nothing needs to be ordered"], ["nothing needs to be moved"])


def test_an_unknown_sku_is_refused(shop: House) -> None:
    with pytest.raises(DomainError, match="nothing is known of HAT"):
        run(shop, "suggest", "HAT")


def test_the_entry_point_carries_the_slug() -> None:
    found = [*entry_points(group="orderyard.plugins", name=plugin.manifest.slug)]
    if not found:
        pytest.skip("the plugin is not installed here, only importable")
    assert found[0].load() is plugin


def test_its_commands_are_registered_under_its_slug(shop: House) -> None:
    assert set(shop.system.plugins.commands) == {"replenish suggest", "replenish balance", "replenish low"}
    assert plugin.register_commands() == (plugin.Suggest, plugin.Balance, plugin.Low)


def test_what_ran_low_is_listed_until_it_is_there_again(shop: House) -> None:
    with shop.work() as uow:
        alerts.set_threshold(uow, shop.items["TEE"].sku_id, 5, shop.warehouses["SH"])
        alerts.set_threshold(uow, shop.items["CAP"].sku_id, 3)
    shop.system.worker.drain()
    assert run(shop, "low") == ["CAP: 0 available, wanted 3", "TEE in SH: 0 available, wanted 5"]
    shop.receive("SH", TEE=20)
    assert run(shop, "low") == ["CAP: 0 available, wanted 3"]  # what is true now counts, whatever was told
    shop.system.watch_changed()
    shop.system.worker.drain()
    sell(shop, 17)
    shop.system.watch_changed()
    assert run(shop, "low") == ["CAP: 0 available, wanted 3"]  # not told yet
    shop.system.worker.drain()
    assert run(shop, "low") == ["CAP: 0 available, wanted 3", "TEE in SH: 3 available, wanted 5; order 3"]


def test_an_alert_told_twice_is_kept_once(shop: House) -> None:
    context = shop.system.contexts.of("replenish")
    event = LowStock(1, shop.items["TEE"].sku_id, "TEE", "SH", 5, 0, AT)
    cleared = LowStockCleared(1, event.sku_id, "TEE", "SH", 5, 9, AT)
    plugin.on_low_stock([event], context)
    plugin.on_low_stock([event], context)
    assert run(shop, "low") == ["TEE in SH: 0 available, wanted 5"]
    plugin.on_low_stock_cleared([cleared], context)
    assert run(shop, "low") == ["nothing is low"]
