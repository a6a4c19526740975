"""A console that does no work itself lets the worker beside it know what it did to stock."""

from __future__ import annotations

from pathlib import Path

from orderyard.app import System
from orderyard.core.inventory.adjusting import adjust
from orderyard.core.testing.builders import AT
from orderyard.core.testing.paper import Shop, document
from orderyard.core.testing.scripted import FixedEnvironment, ScriptedTransport


def test_stock_that_a_console_changed_is_published_without_waiting_for_the_whole_round(shop: Shop, tmp_path: Path) -> None:
    worker = shop.house.system
    shop.house.receive("SH", TEE=5)
    shop.pull(document("T1", ("TEE", 1)))
    worker.publish()
    worker.publish_changed()
    assert shop.platform.stock["TEE"] == 4
    console = System(worker.config, environment=FixedEnvironment(AT), transport=ScriptedTransport(moment=AT))
    console.works_elsewhere = True
    try:
        with console.installation.unit_of_work("person:ann") as uow:
            adjust(uow, shop.house.warehouses["SH"], shop.house.items["TEE"].sku_id, -3, reason="found fewer", key="A1")
        assert (worker.publish_changed(), worker.heed()) == ({}, 1)
        assert worker.publish_changed() == {"paper": 1}
        assert (shop.platform.stock["TEE"], worker.heed()) == (1, 0)
    finally:
        console.close()


def test_one_that_works_itself_leaves_no_word(shop: Shop) -> None:
    shop.house.receive("SH", TEE=5)
    assert shop.house.db.rows("SELECT sku_id FROM stock_hint") == []
