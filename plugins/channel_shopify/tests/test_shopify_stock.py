"""Absolute stock: compare and swap, one key per call and content, one bad row that spoils no other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from orderyard_channel_shopify.adapter import Shopify
from orderyard_channel_shopify.simulator.server import ShopifySimulator

from orderyard.core.channels.api import ListingRef, PushesStock, StockOutcome, StockTarget
from orderyard.core.kernel.errors import CredentialsRefused, OutcomeUnknown, RateLimited, RemoteRejected, RemoteUnavailable
from orderyard.core.kernel.values import Address
from orderyard.core.testing.scripted import ScriptedTransport, answer
from orderyard.core.testing.simulator import BuyerOrder

MAIN = "gid://shopify/Location/1"


def test_the_channel_pushes_stock(channel: Shopify) -> None:
    assert isinstance(channel, PushesStock)
    assert channel.push_stock([], "k") == ()


def target(simulator: ShopifySimulator, sku: str, units: int, expected: int | None = None) -> StockTarget:
    return StockTarget(ListingRef(*simulator.listing(sku), sku), units, expected)


def test_what_buyers_took_meanwhile_makes_a_figure_stale(
    simulator: ShopifySimulator, channel: Shopify, oakland: Address
) -> None:
    channel.push_stock([target(simulator, "CUP", 10)], "k1")
    simulator.place(BuyerOrder("ann", oakland, (("CUP", 3),)))
    (stale,) = channel.push_stock([target(simulator, "CUP", 9, expected=10)], "k2")
    assert (stale.outcome, stale.current) == (StockOutcome.STALE, 7)
    assert simulator.told().stock["CUP"] == 7
    (done,) = channel.push_stock([target(simulator, "CUP", 9, expected=7)], "k3")
    assert (done.outcome, simulator.told().stock["CUP"]) == (StockOutcome.OK, 9)


def test_a_push_whose_answer_was_lost_is_safe_to_repeat(simulator: ShopifySimulator, channel: Shopify) -> None:
    push = [target(simulator, "CUP", 10, expected=0)]
    simulator.chaos.arm("lose_answer", operation="inventorySetQuantities")
    with pytest.raises(RemoteUnavailable):
        channel.push_stock(push, "k1")
    assert [one.outcome for one in channel.push_stock(push, "k1")] == [StockOutcome.OK]
    assert simulator.told().stock_updates == 1


def test_a_listing_is_known_by_its_variant_and_never_by_its_sku(simulator: ShopifySimulator, channel: Shopify) -> None:
    (answered,) = channel.push_stock([StockTarget(ListingRef("", "", "CUP"), 5)], "k1")
    assert answered.outcome is StockOutcome.UNKNOWN_LISTING
    (answered,) = channel.push_stock([StockTarget(ListingRef("", simulator.listing("CUP")[0], "CUP"), 5)], "k2")
    assert answered.outcome is StockOutcome.UNKNOWN_LISTING
    assert simulator.told().stock["CUP"] == 0


def test_a_variant_named_twice_is_set_once(simulator: ShopifySimulator, channel: Shopify) -> None:
    answers = channel.push_stock([target(simulator, "CUP", 5), target(simulator, "CUP", 6)], "k1")
    assert [one.outcome for one in answers] == [StockOutcome.OK, StockOutcome.REFUSED]
    assert simulator.told().stock["CUP"] == 5


def test_a_refused_row_is_taken_out_and_the_rest_is_set(simulator: ShopifySimulator, channel: Shopify) -> None:
    answers = channel.push_stock([target(simulator, "CUP", 2_000_000_000), target(simulator, "TEE-M", 6)], "k1")
    assert [one.outcome for one in answers] == [StockOutcome.REFUSED, StockOutcome.OK]
    assert "1,000,000,000" in answers[0].note
    assert simulator.told().stock == {"CUP": 0, "TEE-M": 6}


def test_the_first_active_location_that_sells_online_is_used(simulator: ShopifySimulator, channel: Shopify) -> None:
    shop = Shopify({**simulator.settings(), "location_id": ""}, channel.transport)
    assert [one.outcome for one in shop.push_stock([target(simulator, "CUP", 5)], "k1")] == [StockOutcome.OK]
    assert simulator.told().stock["CUP"] == 5


@pytest.mark.parametrize("location", ["80000000001", "gid://shopify/Location/80000000001"])
def test_a_location_is_its_number_or_its_global_id(location: str, simulator: ShopifySimulator, channel: Shopify) -> None:
    shop = Shopify({**simulator.settings(), "location_id": location}, channel.transport)
    assert [one.outcome for one in shop.push_stock([target(simulator, "CUP", 5)], "k1")] == [StockOutcome.OK]


def test_a_location_that_is_none_asks_for_a_person(simulator: ShopifySimulator, channel: Shopify) -> None:
    shop = Shopify({**simulator.settings(), "location_id": "Main Warehouse"}, channel.transport)
    with pytest.raises(CredentialsRefused):
        shop.push_stock([target(simulator, "CUP", 5)], "k1")


def test_a_variant_that_is_not_stocked_there_is_refused(simulator: ShopifySimulator, channel: Shopify) -> None:
    shop = Shopify({**simulator.settings(), "location_id": "80000000002"}, channel.transport)
    (answered,) = shop.push_stock([target(simulator, "CUP", 5)], "k1")
    assert answered.outcome is StockOutcome.REFUSED


# What is sent, and refusals that a simulator cannot be made to give


def listed(*available: int | None) -> dict[str, Any]:
    return {
        "data": {
            "nodes": [
                {
                    "id": f"gid://shopify/ProductVariant/{number}",
                    "inventoryItem": {
                        "id": f"gid://shopify/InventoryItem/{number}",
                        "inventoryLevel": {"quantities": [{"name": "available", "quantity": units}]},
                    },
                }
                for number, units in enumerate(available)
            ]
        }
    }


def refused(*errors: tuple[str, list[str] | None]) -> dict[str, Any]:
    said = [{"code": code, "field": path, "message": code.lower()} for code, path in errors]
    return {"data": {"inventorySetQuantities": {"inventoryAdjustmentGroup": None, "userErrors": said}}}


def row(index: int, field: str) -> list[str]:
    return ["input", "quantities", str(index), field]


DONE = {"data": {"inventorySetQuantities": {"inventoryAdjustmentGroup": {"id": "g"}, "userErrors": []}}}


def scripted(*script: Any) -> tuple[Shopify, ScriptedTransport]:
    transport = ScriptedTransport(*(answer(step) if isinstance(step, dict) else step for step in script))
    return Shopify({"shop": "demo.myshopify.com", "access_token": "t", "location_id": MAIN}, transport), transport


def targets(*figures: tuple[int, int | None]) -> list[StockTarget]:
    return [
        StockTarget(ListingRef("p", f"gid://shopify/ProductVariant/{number}"), units, expected)
        for number, (units, expected) in enumerate(figures)
    ]


def sent(transport: ScriptedTransport, index: int) -> dict[str, Any]:
    variables: dict[str, Any] = json.loads(transport.sent[index].body)["variables"]
    return variables


def test_one_question_and_one_call_per_batch() -> None:
    shop, transport = scripted(listed(4, 0), DONE)
    shop.push_stock(targets((7, 4), (8, None)), "k1")
    question, call = sent(transport, 0), sent(transport, 1)
    assert question == {"ids": ["gid://shopify/ProductVariant/0", "gid://shopify/ProductVariant/1"], "location": MAIN}
    assert call["input"] == {
        "name": "available",
        "reason": "correction",
        "quantities": [
            {"inventoryItemId": "gid://shopify/InventoryItem/0", "locationId": MAIN, "quantity": 7, "changeFromQuantity": 4},
            {"inventoryItemId": "gid://shopify/InventoryItem/1", "locationId": MAIN, "quantity": 8, "changeFromQuantity": None},
        ],
    }


def test_the_key_is_the_same_for_the_same_push_and_for_no_other() -> None:
    keys = []
    for push, key in ((targets((7, 4)), "k1"), (targets((7, 4)), "k1"), (targets((8, 4)), "k1"), (targets((7, 4)), "k2")):
        shop, transport = scripted(listed(4), DONE)
        shop.push_stock(push, key)
        keys.append(sent(transport, 1)["key"])
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


def test_a_figure_changed_between_question_and_call_is_stale_with_what_stands_there_now() -> None:
    shop, transport = scripted(
        listed(4, 5), refused(("CHANGE_FROM_QUANTITY_STALE", row(0, "changeFromQuantity"))), DONE, listed(3)
    )
    answers = shop.push_stock(targets((7, 4), (8, 5)), "k1")
    assert [(one.outcome, one.current) for one in answers] == [(StockOutcome.STALE, 3), (StockOutcome.OK, 8)]
    assert len(sent(transport, 2)["input"]["quantities"]) == 1
    assert sent(transport, 1)["key"] != sent(transport, 2)["key"]
    assert sent(transport, 3)["ids"] == ["gid://shopify/ProductVariant/0"]


def test_rows_refused_one_at_a_time_are_each_answered() -> None:
    no = [refused(("INVALID_INVENTORY_ITEM", row(0, "inventoryItemId")))] * 3
    shop, _ = scripted(listed(1, 1, 1), *no)
    answers = shop.push_stock(targets((7, 1), (8, 1), (9, 1)), "k1")
    assert {one.outcome for one in answers} == {StockOutcome.UNKNOWN_LISTING}


def test_a_key_whose_first_attempt_failed_is_followed_by_another() -> None:
    shop, transport = scripted(listed(1), refused(("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", None)), DONE)
    assert [one.outcome for one in shop.push_stock(targets((7, 1)), "k1")] == [StockOutcome.OK]
    assert sent(transport, 1)["key"] != sent(transport, 2)["key"]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (("IDEMPOTENCY_CONCURRENT_REQUEST", None), RateLimited),
        (("INVALID_LOCATION", row(0, "locationId")), CredentialsRefused),
        (("INVALID_REASON", ["input", "reason"]), RemoteRejected),
        (("INVALID_REASON", row(9, "quantity")), RemoteRejected),
        (("SOMETHING_NEW", None), RemoteRejected),
    ],
)
def test_what_concerns_the_whole_call_is_raised(error: tuple[str, list[str] | None], expected: type[Exception]) -> None:
    shop, _ = scripted(listed(1), refused(error))
    with pytest.raises(expected):
        shop.push_stock(targets((7, 1)), "k1")


def test_a_push_is_never_an_effect_of_unknown_outcome() -> None:
    shop, transport = scripted(listed(1), answer("<html>", 502))
    with pytest.raises(RemoteUnavailable):
        shop.push_stock(targets((7, 1)), "k1")
    assert [request.effect for request in transport.sent] == [False, False]
    assert not issubclass(RemoteUnavailable, OutcomeUnknown)


def test_a_recorded_refusal_of_a_missing_key_is_rejected_in_the_vendors_words(vendor_data: Path) -> None:
    path = vendor_data / "shopify" / "recorded" / "inventory-quantity-contracts-2026-04.json"
    recording = json.loads(path.read_text(encoding="utf-8"))
    for case in ("missingSetIdempotency", "missingSetChangeFromQuantity", "legacySetShape"):
        response = recording[case]["response"]
        shop, _ = scripted(listed(1), response)
        with pytest.raises(RemoteRejected) as raised:
            shop.push_stock(targets((7, 1)), "k1")
        assert response["errors"][0]["message"] in str(raised.value)
        assert raised.value.code == response["errors"][0]["extensions"]["code"]
