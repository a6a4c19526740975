"""What the shop offers: shelf by shelf, by time of change, with the SKUs of forty items at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from orderyard_channel_taobao.channel import TaobaoChannel
from orderyard_channel_taobao.items import PAGE_SIZE
from orderyard_channel_taobao.simulator.server import TaobaoSimulator

from orderyard.core.channels.api import ItemPage, ListedItem, ListingRef, StockTarget
from orderyard.core.kernel.errors import RemoteNotUnderstood
from orderyard.core.kernel.transport import HttpTransport, Response
from orderyard.core.kernel.values import Money
from orderyard.core.testing.scripted import FixedEnvironment, ScriptedTransport, answer
from orderyard.core.testing.simulator import ShopItem

MORNING = "2026-11-21 10:00:00"


def an_item(num_iid: float = 612345678901, **changes: Any) -> dict[str, Any]:
    return {"num_iid": num_iid, "title": "纯棉短袖T恤", "outer_id": "TEE", "num": 95, "modified": MORNING, **changes}


def a_sku(sku_id: int | None = 4812345678901, **changes: Any) -> dict[str, Any]:
    own = {"sku_id": sku_id, "num_iid": 612345678901, "outer_id": "TEE-BLU-M", "quantity": 95, "status": "normal"}
    return {**own, "properties_name": "1627207:28338:颜色:蓝色;20509:28314:尺码:M", **changes}


def on_sale(*items: dict[str, Any], total: int | None = None) -> Response:
    listed = {"items": {"item": list(items)}} if items else {}
    return answer({"items_onsale_get_response": {"total_results": len(items) if total is None else total, **listed}})


def skus(*found: dict[str, Any]) -> Response:
    return answer({"item_skus_get_response": {"skus": {"sku": list(found)}} if found else {}})


def sent(transport: ScriptedTransport) -> list[dict[str, str]]:
    """Method and business parameters of each call."""
    calls = []
    for request in transport.sent:
        query = dict(parse_qsl(urlsplit(request.url).query))
        calls.append({"method": query["method"].removeprefix("taobao."), **dict(parse_qsl(request.body.decode()))})
        assert not request.effect
    return calls


def listed(settings: dict[str, str], *script: Response, cursor: str | None = None) -> ItemPage:
    return TaobaoChannel(settings, ScriptedTransport(*script)).list_items(cursor)


def test_each_sku_of_an_item_is_listed_by_itself(settings: dict[str, str]) -> None:
    red = a_sku(
        4812345678902, outer_id="TEE-RED-L", quantity="3", properties_name="1627207:28326:颜色:红:深;20509:28315:尺码:L"
    )
    found = listed(settings, on_sale(an_item()), skus(a_sku(), red)).items
    assert found == (
        ListedItem(ListingRef("612345678901", "4812345678901", "TEE-BLU-M"), "纯棉短袖T恤 颜色:蓝色;尺码:M", 95),
        ListedItem(ListingRef("612345678901", "4812345678902", "TEE-RED-L"), "纯棉短袖T恤 颜色:红:深;尺码:L", 3),
    )


def test_an_item_without_skus_is_listed_itself(settings: dict[str, str]) -> None:
    found = listed(settings, on_sale(an_item(outer_id="MUG", title="杯子", num=7)), skus()).items
    assert found == (ListedItem(ListingRef("612345678901", "", "MUG"), "杯子", 7),)


def test_a_deleted_sku_is_not_offered(settings: dict[str, str]) -> None:
    gone = a_sku(4812345678902, status="delete")
    found = listed(settings, on_sale(an_item()), skus(a_sku(), gone)).items
    assert [one.listing.variant_id for one in found] == ["4812345678901"]


def test_a_sku_without_a_code_goes_by_its_items_as_in_a_trade(settings: dict[str, str]) -> None:
    (found,) = listed(settings, on_sale(an_item()), skus(a_sku(outer_id=None))).items
    assert found.listing.merchant_code == "TEE"


def test_a_number_the_platform_does_not_tell_stays_unknown(settings: dict[str, str]) -> None:
    (found,) = listed(settings, on_sale(an_item()), skus(a_sku(quantity=None))).items
    assert found.quantity is None


def test_one_call_lists_a_page_and_one_more_tells_its_skus(settings: dict[str, str]) -> None:
    transport = ScriptedTransport(on_sale(an_item(1), an_item(2)), skus())
    page = TaobaoChannel(settings, transport).list_items()
    assert page.cursor == "for_shelved:1:"
    listing, question = sent(transport)
    assert (listing["method"], question["method"]) == ("items.onsale.get", "item.skus.get")
    assert (listing["order_by"], listing["page_no"], listing["page_size"]) == ("modified:asc", "1", "40")
    assert "start_modified" not in listing
    assert question["num_iids"] == "1,2"


def test_the_warehouse_and_what_is_sold_out_follow_what_is_on_sale(settings: dict[str, str]) -> None:
    transport = ScriptedTransport(*[answer({"items_inventory_get_response": {"total_results": 0}})] * 2)
    channel = TaobaoChannel(settings, transport)
    assert channel.list_items("for_shelved:1:") == ItemPage((), "sold_out:1:")
    assert channel.list_items("sold_out:1:") == ItemPage((), None)
    assert [(call["method"], call["banner"]) for call in sent(transport)] == [
        ("items.inventory.get", "for_shelved"),
        ("items.inventory.get", "sold_out"),
    ]


def full(*changed: tuple[int, str]) -> list[dict[str, Any]]:
    """A full page: so many items changed at each of these times."""
    moments = [moment for count, moment in changed for _ in range(count)]
    assert len(moments) == PAGE_SIZE
    return [an_item(number + 1, modified=moment) for number, moment in enumerate(moments)]


def test_the_next_page_begins_with_the_last_second_of_this_one(settings: dict[str, str]) -> None:
    transport = ScriptedTransport(
        on_sale(*full((38, MORNING), (2, "2026-11-21 10:00:09")), total=50), skus(), on_sale(), skus()
    )
    channel = TaobaoChannel(settings, transport)
    page = channel.list_items()
    assert (len(page.items), page.cursor) == (38, "onsale:1:2026-11-21 10:00:09")
    channel.list_items(page.cursor)
    asked = sent(transport)[2]
    assert (asked["start_modified"], asked["page_no"]) == ("2026-11-21 10:00:09", "1")


def test_a_second_that_fills_a_page_is_counted_page_by_page(settings: dict[str, str]) -> None:
    page = listed(settings, on_sale(*full((40, MORNING)), total=50), skus(), cursor=f"onsale:1:{MORNING}")
    assert (len(page.items), page.cursor) == (40, f"onsale:2:{MORNING}")
    page = listed(settings, on_sale(an_item()), skus(), cursor=f"onsale:2:{MORNING}")
    assert page.cursor == "for_shelved:1:"


@pytest.mark.parametrize("cursor", ["", "attic:1:", "onsale:x:"])
def test_a_cursor_of_nobody_is_not_understood(settings: dict[str, str], cursor: str) -> None:
    with pytest.raises(RemoteNotUnderstood):
        listed(settings, cursor=cursor)


@pytest.mark.parametrize(
    "script",
    [
        (on_sale(an_item(num_iid=6.1e11)),),
        (answer({"items_onsale_get_response": {"items": {"item": [an_item()]}}}),),
        (on_sale(*full((40, "soon")), total=41),),
        (on_sale(an_item()), skus(a_sku(quantity="many"))),
        (on_sale(an_item()), skus(a_sku(sku_id=None))),
    ],
    ids=["id", "total", "time", "quantity", "sku"],
)
def test_a_list_that_is_not_certain_is_not_understood(settings: dict[str, str], script: tuple[Response, ...]) -> None:
    with pytest.raises(RemoteNotUnderstood):
        listed(settings, *script)


@pytest.fixture
def shop() -> Iterator[tuple[TaobaoSimulator, TaobaoChannel, FixedEnvironment]]:
    """A hundred items, each changed some seconds after the one before, and a channel to them."""
    environment = FixedEnvironment(datetime(2026, 11, 21, 4, 0, 0, tzinfo=UTC))
    simulator = TaobaoSimulator(environment)
    simulator.start()
    simulator.open_shop(tuple(ShopItem(f"SKU-{number:03}", f"杂货 {number}", Money.of("9.90", "CNY")) for number in range(100)))
    for place, goods in enumerate(simulator.shop.goods):
        goods.shown, goods.modified = 5, environment.moment + timedelta(seconds=3 * place)
    environment.moment += timedelta(minutes=6)
    transport = HttpTransport(environment)
    yield simulator, TaobaoChannel(simulator.settings(), transport), environment
    transport.close()
    simulator.stop()


@pytest.mark.parametrize("quantity", [0, 8], ids=["sold out", "changed"])
def test_an_item_that_changes_while_the_pages_are_walked_pushes_none_out(
    shop: tuple[TaobaoSimulator, TaobaoChannel, FixedEnvironment], quantity: int
) -> None:
    _, channel, environment = shop
    page = channel.list_items()
    seen = [item.listing for item in page.items]
    for place in (0, 20, 35):
        channel.push_stock([StockTarget(seen[place], quantity)], "k1")
        environment.moment += timedelta(seconds=1)
    while page.cursor:
        page = channel.list_items(page.cursor)
        seen += [item.listing for item in page.items]
    assert {listing.merchant_code for listing in seen} == {f"SKU-{number:03}" for number in range(100)}
