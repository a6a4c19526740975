"""The four places where Shopify says that something is wrong, and long orders that come in pieces."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from orderyard_channel_shopify.adapter import Shopify

from orderyard.core.channels.api import Shipment, ShippedLine, Window
from orderyard.core.kernel.errors import (
    CredentialsRefused,
    OutcomeUnknown,
    RateLimited,
    RemoteError,
    RemoteNotUnderstood,
    RemoteRejected,
    RemoteUnavailable,
)
from orderyard.core.kernel.transport import Response
from orderyard.core.testing.scripted import ScriptedTransport, answer

SETTINGS = {"shop": "demo.myshopify.com", "access_token": "shpat_1", "client_secret": "hush"}
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
WINDOW = Window(NOON - timedelta(minutes=30), NOON)
EMPTY = {"data": {"orders": {"pageInfo": {"hasNextPage": False, "endCursor": None}, "nodes": []}}}
ORDER = "gid://shopify/Order/1"
LINE = "gid://shopify/LineItem/1"
SHIPMENT = Shipment(ORDER, (ShippedLine(LINE, 1),), "SF", "顺丰速运", "SF1", True)
WORK = {
    "data": {
        "order": {
            "id": ORDER,
            "fulfillmentOrders": {
                "nodes": [
                    {
                        "id": "gid://shopify/FulfillmentOrder/1",
                        "status": "OPEN",
                        "assignedLocation": {"name": "Main", "location": {"id": "gid://shopify/Location/1"}},
                        "supportedActions": [{"action": "CREATE_FULFILLMENT"}],
                        "fulfillmentHolds": [],
                        "lineItems": {
                            "nodes": [
                                {
                                    "id": "gid://shopify/FulfillmentOrderLineItem/1",
                                    "remainingQuantity": 1,
                                    "lineItem": {"id": LINE},
                                }
                            ]
                        },
                    }
                ]
            },
            "fulfillments": [],
        }
    }
}


def channel(*script: Response | Exception, **settings: str) -> tuple[Shopify, ScriptedTransport]:
    transport = ScriptedTransport(*script)
    return Shopify({**SETTINGS, **settings}, transport), transport


def errors(code: str, data: Any = ..., message: str = "It went wrong", **more: Any) -> Response:
    body = {"errors": [{"message": message, "extensions": {"code": code}}], **more}
    return answer(body if data is ... else {**body, "data": data})


def test_a_request_is_one_signed_post_to_the_pinned_version() -> None:
    shop, transport = channel(answer(EMPTY))
    shop.pull(Window(NOON.replace(microsecond=500) - timedelta(minutes=30), NOON.replace(microsecond=1)), "c1")
    (sent,) = transport.sent
    assert (sent.method, sent.url) == ("POST", "https://demo.myshopify.com/admin/api/2026-07/graphql.json")
    assert sent.headers["X-Shopify-Access-Token"] == "shpat_1"
    assert not sent.effect
    body = json.loads(sent.body)
    assert body["operationName"] == "orders"
    assert body["variables"] == {
        "first": 25,
        "after": "c1",
        "query": "updated_at:>='2026-11-21T11:30:00Z' updated_at:<'2026-11-21T12:00:01Z'",
        "lines": 50,
    }


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"shop": "demo.myshopify.com.evil.example"}, "no Shopify shop"),
        ({"shop": "evil.example/?demo.myshopify.com"}, "no Shopify shop"),
        ({"shop": ""}, "no shop"),
        ({"base_url": "file:///etc/passwd"}, "no address"),
        ({"base_url": "http://user@evil.example"}, "no address"),
        ({"access_token": ""}, "token"),
        ({"access_token": "a\r\nHost: evil.example"}, "token"),
    ],
)
def test_settings_that_would_send_the_token_elsewhere_are_refused(settings: dict[str, str], what: str) -> None:
    shop, transport = channel(**settings)
    with pytest.raises(CredentialsRefused, match=what):
        shop.pull(WINDOW)
    assert transport.sent == []


@pytest.mark.parametrize(
    ("status", "read", "written"),
    [
        (301, CredentialsRefused, CredentialsRefused),
        (400, RemoteRejected, RemoteRejected),
        (401, CredentialsRefused, CredentialsRefused),
        (402, CredentialsRefused, CredentialsRefused),
        (403, CredentialsRefused, CredentialsRefused),
        (404, CredentialsRefused, CredentialsRefused),
        (408, RemoteUnavailable, OutcomeUnknown),
        (423, CredentialsRefused, CredentialsRefused),
        (429, RateLimited, RateLimited),
        (500, RemoteUnavailable, OutcomeUnknown),
        (502, RemoteUnavailable, OutcomeUnknown),
        (503, RemoteUnavailable, OutcomeUnknown),
    ],
)
def test_a_status_means_one_thing_for_a_question_and_may_mean_more_for_an_effect(
    status: int, read: type[RemoteError], written: type[RemoteError]
) -> None:
    shop, _ = channel(answer({"errors": "sorry"}, status))
    with pytest.raises(RemoteError) as asked:
        shop.pull(WINDOW)
    shop, _ = channel(answer(WORK), answer({"errors": "sorry"}, status))
    with pytest.raises(RemoteError) as told:
        shop.confirm_shipment(SHIPMENT, "k1")
    assert (type(asked.value), type(told.value)) == (read, written)


@pytest.mark.parametrize(("header", "seconds"), [("3.0", 3.0), ("7", 7.0), ("", 2.0), ("soon", 2.0), ("0", 0.5)])
def test_retry_after_is_obeyed(header: str, seconds: float) -> None:
    shop, _ = channel(answer({"errors": "slow down"}, 429, retry_after=header))
    with pytest.raises(RateLimited) as raised:
        shop.pull(WINDOW)
    assert raised.value.seconds == seconds


@pytest.mark.parametrize(
    ("cost", "seconds"),
    [
        ({"requestedQueryCost": 272, "throttleStatus": {"currentlyAvailable": 120, "restoreRate": 100.0}}, 1.52),
        ({"requestedQueryCost": 272, "throttleStatus": {"currentlyAvailable": 500, "restoreRate": 100.0}}, 0.5),
        ({"requestedQueryCost": 272, "throttleStatus": {"currentlyAvailable": 120, "restoreRate": 0}}, 2.0),
        ({}, 2.0),
    ],
)
def test_throttled_in_a_200_waits_until_the_bucket_holds_the_price(cost: dict[str, Any], seconds: float) -> None:
    shop, _ = channel(errors("THROTTLED", extensions={"cost": cost}))
    with pytest.raises(RateLimited) as raised:
        shop.pull(WINDOW)
    assert raised.value.seconds == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (errors("ACCESS_DENIED", None), CredentialsRefused),
        (errors("ACCESS_DENIED", {"orders": {"nodes": []}}), CredentialsRefused),
        (errors("INTERNAL_SERVER_ERROR", None), RemoteUnavailable),
        (errors("INTERNAL_SERVER_ERROR", EMPTY["data"]), RemoteUnavailable),
        (errors("SOMETHING_NEW", EMPTY["data"]), RemoteNotUnderstood),
        (errors("MAX_COST_EXCEEDED"), RemoteRejected),
        (errors("SOMETHING_NEW", None), RemoteRejected),
        (answer({"errors": "shop is closed"}), RemoteRejected),
        (answer({"errors": [{"message": "no extensions"}]}), RemoteRejected),
        (answer({"data": None}), RemoteNotUnderstood),
        (answer({}), RemoteNotUnderstood),
        (answer("<html>maintenance</html>"), RemoteNotUnderstood),
        (answer(b"\xff"), RemoteNotUnderstood),
        (answer(EMPTY, x_shopify_api_version="2027-01"), RemoteNotUnderstood),
    ],
)
def test_errors_of_a_query(response: Response, expected: type[RemoteError]) -> None:
    shop, _ = channel(response)
    with pytest.raises(RemoteError) as raised:
        shop.pull(WINDOW)
    assert type(raised.value) is expected


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (errors("THROTTLED"), RateLimited),
        (errors("BAD_REQUEST", {"fulfillmentCreate": None}), RemoteRejected),
        (errors("INVALID_VARIABLE"), RemoteRejected),
        (errors("INTERNAL_SERVER_ERROR", {"fulfillmentCreate": None}), OutcomeUnknown),
        (errors("ACCESS_DENIED", {"fulfillmentCreate": None}), CredentialsRefused),
        (
            errors("SOMETHING_NEW", {"fulfillmentCreate": {"fulfillment": {"id": "1", "status": "SUCCESS"}, "userErrors": []}}),
            OutcomeUnknown,
        ),
        (answer("<html>"), OutcomeUnknown),
    ],
)
def test_errors_of_a_mutation_leave_open_what_may_have_happened(response: Response, expected: type[RemoteError]) -> None:
    shop, transport = channel(answer(WORK), response)
    with pytest.raises(RemoteError) as raised:
        shop.confirm_shipment(SHIPMENT, "k1")
    assert type(raised.value) is expected
    assert [request.effect for request in transport.sent] == [False, True]


def test_a_version_we_did_not_ask_for_does_not_undo_what_was_done() -> None:
    done = {"data": {"fulfillmentCreate": {"fulfillment": {"id": "gid://shopify/Fulfillment/1"}, "userErrors": []}}}
    shop, _ = channel(answer(WORK), answer(done, x_shopify_api_version="2027-01"))
    assert shop.confirm_shipment(SHIPMENT, "k1").remote_id == "gid://shopify/Fulfillment/1"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("graphql.error.throttled.json", RateLimited),
        ("graphql.error.access_denied.json", CredentialsRefused),
        ("graphql.error.max_cost.json", RemoteRejected),
        ("rest.error.unauthorized.json", CredentialsRefused),
    ],
)
def test_the_vendors_own_samples_are_told_apart(name: str, expected: type[RemoteError], vendor_data: Path) -> None:
    sample = json.loads((vendor_data / "shopify" / name).read_text(encoding="utf-8"))
    shop, _ = channel(answer(sample["response"], sample["http_status"]))
    with pytest.raises(RemoteError) as raised:
        shop.pull(WINDOW)
    assert type(raised.value) is expected


def recorded_refusals(vendor_data: Path) -> list[dict[str, Any]]:
    found = []
    for name in ("fulfillment-create-preconditions.json", "fulfillment-create-multi-group.json"):
        recording = json.loads((vendor_data / "shopify" / "recorded" / name).read_text(encoding="utf-8"))
        for case in recording["cases"].values():
            payload = case["response"].get("data", {}).get("fulfillmentCreate")
            if payload and payload["userErrors"]:
                found.append(case["response"])
    return found


def test_every_recorded_refusal_of_a_fulfillment_is_shown_in_the_vendors_words(vendor_data: Path) -> None:
    refusals = recorded_refusals(vendor_data)
    assert len(refusals) > 10
    for response in refusals:
        shop, _ = channel(answer(WORK), answer(response), answer(WORK))
        with pytest.raises(RemoteRejected) as raised:
            shop.confirm_shipment(SHIPMENT, "k1")
        assert response["data"]["fulfillmentCreate"]["userErrors"][0]["message"] in str(raised.value)


# Orders longer than a page


def piece(updated: str, first: int, count: int, cursor: str | None) -> dict[str, Any]:
    nodes = [{"id": f"gid://shopify/LineItem/{number}"} for number in range(first, first + count)]
    return {
        "id": ORDER,
        "updatedAt": updated,
        "edited": False,
        "cancelledAt": None,
        "closedAt": None,
        "transactions": [],
        "fulfillments": [],
        "refunds": [],
        "lineItems": {"pageInfo": {"hasNextPage": cursor is not None, "endCursor": cursor}, "nodes": nodes},
    }


def test_a_pull_leaves_a_long_order_to_be_fetched() -> None:
    orders = [piece("2026-11-21T08:00:00Z", 0, 50, "c50"), {**piece("2026-11-21T08:00:00Z", 0, 2, None), "id": f"{ORDER}0"}]
    page = {"pageInfo": {"hasNextPage": True, "endCursor": "p2"}, "nodes": orders}
    shop, _ = channel(answer({"data": {"orders": page}}))
    found = shop.pull(WINDOW)
    assert [one.body is None for one in found.found] == [True, False]
    assert found.cursor == "p2"


def test_a_fetch_walks_all_lines_of_a_long_order() -> None:
    stamp = "2026-11-21T08:00:00Z"
    shop, transport = channel(
        answer({"data": {"order": piece(stamp, 0, 250, "c250")}}),
        answer({"data": {"order": piece(stamp, 250, 250, "c500")}}),
        answer({"data": {"order": piece(stamp, 500, 3, None)}}),
    )
    body = json.loads(shop.fetch(ORDER))
    assert [node["id"] for node in body["lineItems"]["nodes"]] == [f"gid://shopify/LineItem/{n}" for n in range(503)]
    assert body["lineItems"]["pageInfo"]["hasNextPage"] is False
    assert [json.loads(request.body)["variables"].get("after") for request in transport.sent] == [None, "c250", "c500"]


def test_an_order_that_changes_between_its_pieces_is_fetched_again_later() -> None:
    shop, _ = channel(
        answer({"data": {"order": piece("2026-11-21T08:00:00Z", 0, 250, "c250")}}),
        answer({"data": {"order": piece("2026-11-21T08:00:09Z", 250, 3, None)}}),
    )
    with pytest.raises(RemoteUnavailable):
        shop.fetch(ORDER)
