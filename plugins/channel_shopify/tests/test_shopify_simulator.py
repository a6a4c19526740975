"""The simulator answers as the recordings of the real shop do."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import orderyard_channel_shopify
import pytest
from graphql import OperationDefinitionNode, parse
from orderyard_channel_shopify.simulator.cost import Bill
from orderyard_channel_shopify.simulator.server import ShopifySimulator, schema

from orderyard.core.kernel.values import Address
from orderyard.core.testing.simulator import BuyerOrder

SET = (
    "mutation set($input: InventorySetQuantitiesInput!, $key: String!) { inventorySetQuantities(input: $input) "
    "@idempotent(key: $key) { inventoryAdjustmentGroup { id changes { name delta } } userErrors { code field message } } }"
)
BARE = (
    "mutation set($input: InventorySetQuantitiesInput!) { inventorySetQuantities(input: $input) "
    "{ inventoryAdjustmentGroup { id } userErrors { code field message } } }"
)
SHIP = (
    "mutation ship($fulfillment: FulfillmentInput!) { fulfillmentCreate(fulfillment: $fulfillment) "
    "{ fulfillment { id trackingInfo { number } } userErrors { field message } } }"
)
WORK = (
    "query work($id: ID!) { order(id: $id) { fulfillmentOrders(first: 5) { nodes { id status "
    "lineItems(first: 5) { nodes { id remainingQuantity } } } } } }"
)


@cache
def _client() -> httpx.Client:
    return httpx.Client(trust_env=False)


def ask(
    simulator: ShopifySimulator, query: str, variables: dict[str, Any] | None = None, *, version: str = "2026-07", **more: Any
) -> httpx.Response:
    return _client().post(
        f"{simulator.base_url}/admin/api/{version}/graphql.json",
        headers={"X-Shopify-Access-Token": simulator.token},
        json={"query": query, "variables": variables or {}, **more},
    )


def data(response: httpx.Response) -> dict[str, Any]:
    body = response.json()
    assert "errors" not in body, body
    found: dict[str, Any] = body["data"]
    return found


def quantities(simulator: ShopifySimulator, units: int, **more: Any) -> dict[str, Any]:
    item = simulator.books.items["CUP"]
    entry = {"inventoryItemId": item.inventory, "locationId": simulator.books.main.id, "quantity": units, **more}
    return {"name": "available", "reason": "correction", "quantities": [entry]}


def codes(response: httpx.Response) -> list[str]:
    return [error["code"] for error in data(response)["inventorySetQuantities"]["userErrors"]]


def test_a_wrong_token_is_answered_401(simulator: ShopifySimulator) -> None:
    simulator.token = "another"
    sent = _client().post(
        f"{simulator.base_url}/admin/api/2026-07/graphql.json",
        headers={"X-Shopify-Access-Token": "shpat_wrong"},
        json={"query": "{ shop { name } }"},
    )
    assert (sent.status_code, "Invalid API key" in sent.json()["errors"]) == (401, True)


@pytest.mark.parametrize(("asked", "served"), [("2026-07", "2026-07"), ("2026-10", "2026-10"), ("2024-01", "2026-04")])
def test_a_version_that_fell_out_is_served_by_the_oldest_without_a_word(
    asked: str, served: str, simulator: ShopifySimulator
) -> None:
    response = ask(simulator, "{ shop { myshopifyDomain } }", version=asked)
    assert data(response) == {"shop": {"myshopifyDomain": "demo.myshopify.com"}}
    assert response.headers["X-Shopify-API-Version"] == served


def test_every_answer_states_its_cost(simulator: ShopifySimulator) -> None:
    cost = ask(simulator, "{ shop { name } }").json()["extensions"]["cost"]
    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (1, 1)
    assert cost["throttleStatus"]["currentlyAvailable"] == 19_999


def test_too_many_is_a_200_that_says_throttled_and_does_nothing(simulator: ShopifySimulator) -> None:
    simulator.chaos.arm("too_many", operation="set")
    variables = {"input": quantities(simulator, 5, changeFromQuantity=None), "key": "k"}
    response = ask(simulator, SET, variables)
    assert response.status_code == 200
    assert response.json()["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert simulator.told().stock_updates == 0
    assert codes(ask(simulator, SET, variables)) == []


def test_the_bucket_runs_dry_and_fills_with_time(simulator: ShopifySimulator, environment: Any) -> None:
    simulator.bucket.pay(20_000)
    assert ask(simulator, "{ shop { name } }").json()["errors"][0]["extensions"]["code"] == "THROTTLED"
    environment.moment = environment.moment.replace(second=environment.moment.second + 1)
    assert data(ask(simulator, "{ shop { name } }"))


def test_a_query_that_costs_too_much_is_refused(simulator: ShopifySimulator) -> None:
    query = (
        "{ orders(first: 250) { nodes { lineItems(first: 250) { nodes { product { id } variant { id } "
        "originalUnitPriceSet { shopMoney { amount } } } } } } }"
    )
    (error,) = ask(simulator, query).json()["errors"]
    assert error["extensions"]["code"] == "MAX_COST_EXCEEDED"
    assert "exceeds the single query max cost limit (1000)" in error["message"]


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("{ orders { nodes { id } } }", {}, "BAD_REQUEST"),
        ("{ orders(first: 251) { nodes { id } } }", {}, "BAD_REQUEST"),
        ('{ orders(first: 2, after: "?") { nodes { id } } }', {}, "BAD_REQUEST"),
        ("{ orders(first: 2) { nodes { mood } } }", {}, "undefinedField"),
        ("query q($id: ID!) { order(id: $id) { id } }", {}, "INVALID_VARIABLE"),
        ("query a { shop { id } } query b { shop { id } }", {}, "BAD_REQUEST"),
    ],
)
def test_a_bad_question_is_refused_in_a_200(
    query: str, variables: dict[str, Any], code: str, simulator: ShopifySimulator
) -> None:
    response = ask(simulator, query, variables)
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (200, code)


def test_pages_go_both_ways_and_meet(simulator: ShopifySimulator, oakland: Address) -> None:
    placed = [simulator.place(BuyerOrder("ann", oakland, (("CUP", 1),))) for _ in range(5)]
    page = "edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
    first = data(ask(simulator, f"{{ orders(first: 2, sortKey: ID) {{ {page} }} }}"))["orders"]
    rest = data(ask(simulator, f'{{ orders(first: 9, sortKey: ID, after: "{first["pageInfo"]["endCursor"]}") {{ {page} }} }}'))
    last = data(ask(simulator, f"{{ orders(last: 2, sortKey: ID, reverse: true) {{ {page} }} }}"))["orders"]
    ids = [edge["node"]["id"] for edge in first["edges"] + rest["orders"]["edges"]]
    assert ids == placed
    assert (first["pageInfo"]["hasNextPage"], rest["orders"]["pageInfo"]["hasNextPage"]) == (True, False)
    assert [edge["node"]["id"] for edge in last["edges"]] == [placed[1], placed[0]]


def test_orders_are_found_by_when_they_changed(simulator: ShopifySimulator, environment: Any, oakland: Address) -> None:
    early = simulator.place(BuyerOrder("ann", oakland, (("CUP", 1),), paid=False))
    environment.moment = environment.moment.replace(minute=5)
    late = simulator.place(BuyerOrder("bob", oakland, (("CUP", 1),)))

    def found(text: str) -> list[str]:
        query = "query q($q: String!) { orders(first: 9, query: $q, sortKey: UPDATED_AT) { nodes { id } } }"
        return [node["id"] for node in data(ask(simulator, query, {"q": text}))["orders"]["nodes"]]

    assert found("updated_at:>='2026-11-21T08:00:05Z' updated_at:<'2026-11-21T08:05:05Z'") == [early]
    assert found("updated_at:>'2026-11-21T08:00:05Z' updated_at:<='2026-11-21T08:05:05Z'") == [late]
    simulator.pay(early)
    assert found("updated_at:>='2026-11-21T08:01:00Z'") == [early, late]


def test_setting_stock_wants_a_key_and_the_number_that_stood_there(simulator: ShopifySimulator, vendor_data: Path) -> None:
    path = vendor_data / "shopify" / "recorded" / "inventory-quantity-contracts-2026-04.json"
    recording = json.loads(path.read_text(encoding="utf-8"))

    def said(response: dict[str, Any]) -> tuple[str, str, Any]:
        error = response["errors"][0]
        return error["message"], error["extensions"]["code"], response.get("data")

    no_key = ask(simulator, BARE, {"input": quantities(simulator, 5, changeFromQuantity=0)}).json()
    assert said(no_key) == said(recording["missingSetIdempotency"]["response"])
    no_number = ask(simulator, SET, {"input": quantities(simulator, 5), "key": "k"}).json()
    assert said(no_number) == said(recording["missingSetChangeFromQuantity"]["response"])


def test_the_same_key_gives_the_same_answer_and_other_rows_a_mismatch(simulator: ShopifySimulator) -> None:
    push = {"input": quantities(simulator, 5, changeFromQuantity=0), "key": "k1"}
    first = data(ask(simulator, SET, push))["inventorySetQuantities"]
    assert first["inventoryAdjustmentGroup"]["changes"] == [{"name": "available", "delta": 5}, {"name": "on_hand", "delta": 5}]
    assert data(ask(simulator, SET, push))["inventorySetQuantities"] == first
    assert simulator.told().stock_updates == 1
    other = {"input": quantities(simulator, 6, changeFromQuantity=5), "key": "k1"}
    assert codes(ask(simulator, SET, other)) == ["IDEMPOTENCY_KEY_PARAMETER_MISMATCH"]
    assert codes(ask(simulator, SET, {"input": quantities(simulator, 6, changeFromQuantity=0), "key": "k2"})) == [
        "CHANGE_FROM_QUANTITY_STALE"
    ]
    assert codes(ask(simulator, SET, {"input": quantities(simulator, 6, changeFromQuantity=None), "key": "k3"})) == []
    assert simulator.told().stock["CUP"] == 6


def test_unknown_rows_names_and_reasons_are_refused_as_recorded(simulator: ShopifySimulator, vendor_data: Path) -> None:
    path = vendor_data / "shopify" / "recorded" / "inventory-quantity-contracts-2026-04.json"
    recording = json.loads(path.read_text(encoding="utf-8"))["unknownIdValidation"]

    def refusal(response: dict[str, Any]) -> Any:
        return response["data"]["inventorySetQuantities"]["userErrors"]

    wrong_item = quantities(simulator, 5, changeFromQuantity=0, inventoryItemId="gid://shopify/InventoryItem/1")
    wrong_place = quantities(simulator, 5, changeFromQuantity=0, locationId="gid://shopify/Location/1")
    for sent, case in ((wrong_item, "setUnknownInventoryItem"), (wrong_place, "setUnknownLocation")):
        response = ask(simulator, SET, {"input": sent, "key": case}).json()
        assert refusal(response) == refusal(recording[case]["response"])
    reasons = json.loads((path.parent / "inventory-reason-validation.json").read_text(encoding="utf-8"))
    mood = {**quantities(simulator, 5, changeFromQuantity=0), "reason": "mood"}
    response = ask(simulator, SET, {"input": mood, "key": "k"}).json()
    assert refusal(response) == refusal(reasons["invalidReasonCases"]["unknownReasonSet"]["response"])


def wanted(work: str, line: str | None = None, units: int = 1) -> dict[str, Any]:
    group: dict[str, Any] = {"fulfillmentOrderId": work}
    if line:
        group["fulfillmentOrderLineItems"] = [{"id": line, "quantity": units}]
    return group


def test_a_fulfillment_is_refused_in_the_recorded_words(simulator: ShopifySimulator, oakland: Address) -> None:
    orders = [simulator.place(BuyerOrder("ann", oakland, (("CUP", 2),))) for _ in range(2)]
    work = [data(ask(simulator, WORK, {"id": order}))["order"]["fulfillmentOrders"]["nodes"][0] for order in orders]
    (mine, line), (other, _) = ((one["id"], one["lineItems"]["nodes"][0]["id"]) for one in work)

    def ship(*groups: dict[str, Any]) -> str:
        told = {"lineItemsByFulfillmentOrder": list(groups), "trackingInfo": {"number": "N1"}}
        errors = data(ask(simulator, SHIP, {"fulfillment": told}))["fulfillmentCreate"]["userErrors"]
        return str(errors[0]["message"]) if errors else ""

    assert ship(wanted(mine, line, 0)) == "Quantity must be greater than 0"
    assert ship(wanted("gid://shopify/FulfillmentOrder/1")) == "Fulfillment order does not exist."
    assert ship(wanted(mine), wanted(other)).startswith("All fulfillment orders must belong to the same order. Multiple orders")
    assert ship(wanted(mine, "gid://shopify/FulfillmentOrderLineItem/1")) == "Fulfillment order line item does not exist."
    assert ship(wanted(mine, line, 3)) == "Invalid fulfillment order line item quantity requested."
    assert ship(wanted(mine, line, 1)) == ""
    assert ship(wanted(mine)) == ""
    assert ship(wanted(mine)) == f"Fulfillment order {mine.rsplit('/', 1)[-1]} has an unfulfillable status= closed."
    assert (simulator.told().confirmations, simulator.told().shipments) == (2, {orders[0]: ("N1",)})


def test_the_cost_of_recorded_queries_is_the_recorded_one(vendor_data: Path) -> None:
    path = vendor_data / "shopify" / "recorded" / "fulfillment-create-multi-group.json"
    recording = json.loads(path.read_text(encoding="utf-8"))
    checked = 0
    for case in (recording["setup"]["locations"], recording["cases"]["validMultiGroup"]["downstreamRead"]):
        document = parse(case["query"])
        (operation,) = (entry for entry in document.definitions if isinstance(entry, OperationDefinitionNode))
        price = Bill(schema(), document, case["variables"]).operation(operation)
        assert price == case["response"]["extensions"]["cost"]["requestedQueryCost"]
        checked += 1
    assert checked == 2


def test_a_discount_is_shared_to_the_cent(simulator: ShopifySimulator, oakland: Address) -> None:
    order_id = simulator.place(BuyerOrder("ann", oakland, (("CUP", 1), ("CUP", 1), ("CUP", 1)), discount=100))
    assert [line.discount for line in simulator.books.orders[order_id].lines] == [34, 33, 33]


def test_an_order_is_paid_and_refunded_once(simulator: ShopifySimulator, oakland: Address) -> None:
    order_id = simulator.place(BuyerOrder("ann", oakland, (("CUP", 1),), paid=False))
    with pytest.raises(ValueError, match="paid order"):
        simulator.refund(order_id)
    simulator.pay(order_id)
    with pytest.raises(ValueError, match="is paid"):
        simulator.pay(order_id)
    simulator.refund(order_id)
    with pytest.raises(ValueError, match="paid order"):
        simulator.refund(order_id)
    assert simulator.told().stock["CUP"] == 0


def test_simulator_and_adapter_share_no_code() -> None:
    package = Path(orderyard_channel_shopify.__file__).parent
    own = re.compile(r"^\s*(?:from|import)\s+(\.\.?|orderyard_channel_shopify)(\w*)", re.MULTILINE)
    for path in package.glob("simulator/*.py"):
        assert [found for found in own.findall(path.read_text(encoding="utf-8")) if found[0] != "."] == []
    for path in set(package.glob("*.py")) - {package / "plugin.py"}:
        assert "simulator" not in {found[1] for found in own.findall(path.read_text(encoding="utf-8"))}
