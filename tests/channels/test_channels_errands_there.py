"""Lists that platforms prepare, offers that changed, orders cancelled there: asked for once, and carried to the end."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from orderyard.core.channels.service import cancel_there
from orderyard.core.kernel.errors import DomainError, RemoteUnavailable
from orderyard.core.kernel.transport import Delivery
from orderyard.core.testing.paper import Shop, document, signed


def push(shop: Shop, delivery_id: str, **said: str) -> str:
    content = json.dumps(said).encode()
    headers = {name.lower(): value for name, value in signed(content, delivery_id).items()}
    return shop.house.system.channels.feeds.receive("paper", Delivery(headers, content))


def test_a_long_look_back_waits_for_the_platforms_list(shop: Shop) -> None:
    feeds = shop.house.system.channels.feeds
    assert not feeds.fill_back(shop.facts, 7)
    shop.pull(document("T1", ("TEE", 1)))
    shop.platform.keep(document("T2", ("TEE", 1)), changed=shop.platform.moment - timedelta(days=200))
    shop.platform.keep(document("T3", ("TEE", 1), state="mystery"), changed=shop.platform.moment - timedelta(days=300))
    assert feeds.fill_back(shop.facts, 400)
    assert feeds.go_on_filling() == {}
    with pytest.raises(DomainError, match="preparing a list already"):
        feeds.fill_back(shop.facts, 400)
    shop.platform.list_ready = True
    assert feeds.go_on_filling()["paper"].verdicts == {"effective": 1, "parked": 1}
    assert feeds.go_on_filling() == {}
    assert shop.order("T2")


def test_a_list_that_was_cut_off_is_worked_through_again_and_doubles_nothing(shop: Shop) -> None:
    feeds = shop.house.system.channels.feeds
    for number in range(3):
        shop.platform.keep(document(f"T{number}", ("TEE", 1)), changed=shop.platform.moment - timedelta(days=200))
    feeds.fill_back(shop.facts, 400)
    shop.platform.list_ready = True
    shop.platform.cut_at = "T1"
    assert feeds.go_on_filling() == {}
    shop.platform.cut_at = ""
    assert feeds.go_on_filling()["paper"].verdicts == {"effective": 2}
    assert len({shop.order(f"T{number}") for number in range(3)}) == 3


def test_word_of_changed_offers_is_gathered_and_read_once(shop: Shop) -> None:
    publishing = shop.house.system.channels.publishing
    shop.platform.offers = ["TEE", "NEW-1"]
    assert [push(shop, "d1", id="item-1", kind="listing"), push(shop, "d2", id="item-2", kind="listing")] == ["stored"] * 2
    assert push(shop, "d2", id="item-2", kind="listing") == "duplicate"
    assert publishing.meet_due() == {}
    shop.house.environment.moment += timedelta(seconds=30)
    assert [publishing.meet_due(), publishing.meet_due()] == [{"paper": 2}, {}]
    assert shop.house.db.row("SELECT sku_id FROM listing WHERE item_id = 'item-TEE'") != (None,)
    assert push(shop, "d3", id="item-TEE", kind="listing") == "stored"
    shop.house.environment.moment += timedelta(minutes=1)
    assert publishing.meet_due() == {}


def test_an_order_is_cancelled_there_when_the_platform_is_through(shop: Shop) -> None:
    shop.pull(document("T1", ("TEE", 1)))
    with shop.house.work() as uow:
        cancel_there(uow, shop.order("T1"), "sold out")
    shop.house.system.worker.drain()
    assert shop.platform.cancelling == {"T1": 1}
    shop.house.environment.moment += timedelta(hours=1)
    shop.house.system.worker.drain()
    assert shop.platform.cancelling == {"T1": 2}
    notes = [row[0] for row in shop.house.db.rows("SELECT action FROM audit WHERE kind = 'order' ORDER BY id")]
    assert notes[-2:] == ["cancellation asked for", "cancelled there"]


def test_only_what_came_from_a_platform_is_cancelled_there(shop: Shop) -> None:
    [order_id] = shop.house.place(shop.house.order(("TEE", 1)))
    with pytest.raises(DomainError, match="came from no platform"), shop.house.work() as uow:
        cancel_there(uow, order_id, "sold out")


def test_trouble_with_the_list_leaves_it_for_later(shop: Shop) -> None:
    feeds = shop.house.system.channels.feeds
    feeds.fill_back(shop.facts, 400)
    shop.platform.trouble = RemoteUnavailable("nobody answers")
    assert feeds.go_on_filling() == {}
    shop.platform.trouble, shop.platform.list_ready = None, True
    shop.platform.keep(document("T1", ("TEE", 1)))
    assert feeds.go_on_filling()["paper"].verdicts == {"effective": 1}
