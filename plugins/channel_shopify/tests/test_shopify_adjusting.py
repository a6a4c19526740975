"""Stock told by differences: taken from the number read just before, and refused when that no longer stands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from orderyard_channel_shopify.adapter import Shopify
from orderyard_channel_shopify.simulator.server import ShopifySimulator

from orderyard.core.channels.api import ListingRef, StockOutcome, StockTarget
from orderyard.core.kernel.errors import RemoteUnavailable
from orderyard.core.kernel.values import Address
from orderyard.core.testing.scripted import ScriptedTransport, answer
from orderyard.core.testing.simulator import BuyerOrder

ADJUST = (
    "mutation adjust($input: InventoryAdjustQuantitiesInput!, $key: String!) { inventoryAdjustQuantities(input: $input) "
    "@idempotent(key: $key) { inventoryAdjustmentGroup { changes { name delta } } userErrors { field message } } }"
)
BARE = ADJUST.replace(", $key: String!", "").replace("@idempotent(key: $key) ", "")


@pytest.fixture
def adjusting(simulator: ShopifySimulator, channel: Shopify) -> Shopify:
    return Shopify({**simulator.settings(), "stock_by": "adjust"}, channel.transport)


def target(simulator: ShopifySimulator, sku: str, units: int, expected: int | None = None) -> StockTarget:
    return StockTarget(ListingRef(*simulator.listing(sku), sku), units, expected)


def test_the_difference_leads_to_our_number(simulator: ShopifySimulator, adjusting: Shopify, oakland: Address) -> None:
    answers = adjusting.push_stock([target(simulator, "CUP", 10), target(simulator, "TEE-M", 4)], "k1")
    assert [one.outcome for one in answers] == [StockOutcome.OK, StockOutcome.OK]
    simulator.place(BuyerOrder("ann", oakland, (("CUP", 3),)))
    (down,) = adjusting.push_stock([target(simulator, "CUP", 5)], "k2")
    assert (down.outcome, down.current) == (StockOutcome.OK, 5)
    assert simulator.told().stock == {"CUP": 5, "TEE-M": 4}


def test_a_number_that_stands_already_is_not_sent(simulator: ShopifySimulator, adjusting: Shopify) -> None:
    adjusting.push_stock([target(simulator, "CUP", 10)], "k1")
    (same,) = adjusting.push_stock([target(simulator, "CUP", 10)], "k2")
    assert (same.outcome, simulator.told().stock_updates) == (StockOutcome.OK, 1)


def test_somebody_elses_number_is_stale_and_told(simulator: ShopifySimulator, adjusting: Shopify, oakland: Address) -> None:
    adjusting.push_stock([target(simulator, "CUP", 10)], "k1")
    simulator.place(BuyerOrder("ann", oakland, (("CUP", 3),)))
    (stale,) = adjusting.push_stock([target(simulator, "CUP", 9, expected=10)], "k2")
    assert (stale.outcome, stale.current) == (StockOutcome.STALE, 7)


def test_one_bad_row_spoils_no_other(simulator: ShopifySimulator, adjusting: Shopify) -> None:
    answers = adjusting.push_stock([target(simulator, "CUP", 2_000_000_000), target(simulator, "TEE-M", 6)], "k1")
    assert [one.outcome for one in answers] == [StockOutcome.REFUSED, StockOutcome.OK]
    assert simulator.told().stock == {"CUP": 0, "TEE-M": 6}


def test_a_difference_whose_answer_was_lost_counts_once(simulator: ShopifySimulator, adjusting: Shopify) -> None:
    simulator.chaos.arm("lose_answer", operation="inventoryAdjustQuantities")
    with pytest.raises(RemoteUnavailable):
        adjusting.push_stock([target(simulator, "CUP", 10)], "k1")
    assert [one.outcome for one in adjusting.push_stock([target(simulator, "CUP", 10)], "k1")] == [StockOutcome.OK]
    assert (simulator.told().stock["CUP"], simulator.told().stock_updates) == (10, 1)


def test_what_changed_between_reading_and_telling_is_stale() -> None:
    def listed(units: int) -> dict[str, Any]:
        level = {"quantities": [{"name": "available", "quantity": units}]}
        item = {"id": "gid://shopify/InventoryItem/1", "inventoryLevel": level}
        return {"data": {"nodes": [{"id": "gid://shopify/ProductVariant/1", "inventoryItem": item}]}}

    error = {"code": "CHANGE_FROM_QUANTITY_STALE", "field": ["input", "changes", "0", "changeFromQuantity"], "message": "no"}
    refused = {"data": {"inventoryAdjustQuantities": {"inventoryAdjustmentGroup": None, "userErrors": [error]}}}
    transport = ScriptedTransport(answer(listed(4)), answer(refused), answer(listed(3)))
    settings = {"shop": "demo.myshopify.com", "access_token": "t", "location_id": "1", "stock_by": "adjust"}
    wanted = StockTarget(ListingRef("", "gid://shopify/ProductVariant/1"), 9)
    (stale,) = Shopify(settings, transport).push_stock([wanted], "k")
    assert (stale.outcome, stale.current) == (StockOutcome.STALE, 3)
    sent = json.loads(transport.sent[1].body)["variables"]["input"]["changes"]
    assert [(row["delta"], row["changeFromQuantity"]) for row in sent] == [(5, 4)]


def test_the_simulator_refuses_in_the_recorded_words(simulator: ShopifySimulator, vendor_data: Path) -> None:
    path = vendor_data / "shopify" / "recorded" / "inventory-quantity-contracts-2026-04.json"
    recording = json.loads(path.read_text(encoding="utf-8"))
    item = simulator.books.items["CUP"]

    def ask(query: str = ADJUST, **change: Any) -> Any:
        row = {"inventoryItemId": item.inventory, "locationId": simulator.books.main.id, "delta": 1, "changeFromQuantity": 0}
        row = {name: value for name, value in (row | change).items() if value is not ...}
        sent = {"name": "available", "reason": "correction", "changes": [row]}
        return httpx.post(
            f"{simulator.base_url}/admin/api/2026-07/graphql.json",
            headers={"X-Shopify-Access-Token": simulator.token},
            json={"query": query, "variables": {"input": sent, "key": str(change)}},
            trust_env=False,
        ).json()

    def said(response: Any) -> tuple[str, str, Any]:
        error = response["errors"][0]
        return error["message"], error["extensions"]["code"], response["data"]

    def refusal(response: Any) -> Any:
        return response["data"]["inventoryAdjustQuantities"]["userErrors"]

    assert said(ask(BARE)) == said(recording["missingAdjustIdempotency"]["response"])
    assert said(ask(changeFromQuantity=...)) == said(recording["missingAdjustChangeFromQuantity"]["response"])
    unknown = recording["unknownIdValidation"]
    for change, case in (
        ({"inventoryItemId": "gid://shopify/InventoryItem/1"}, "adjustUnknownInventoryItem"),
        ({"locationId": "gid://shopify/Location/1"}, "adjustUnknownLocation"),
    ):
        assert refusal(ask(**change)) == [
            {name: error[name] for name in ("field", "message")} for error in refusal(unknown[case]["response"])
        ]
    changed = recording["inventoryAdjustQuantities"]["response"]["data"]["inventoryAdjustQuantities"]
    ours = ask(delta=2)["data"]["inventoryAdjustQuantities"]["inventoryAdjustmentGroup"]["changes"]
    assert ours == [{name: row[name] for name in ("name", "delta")} for row in changed["inventoryAdjustmentGroup"]["changes"]]
