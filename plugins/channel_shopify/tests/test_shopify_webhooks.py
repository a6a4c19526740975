"""Pushes: proven over the raw body, and believed in nothing but which order to fetch."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from orderyard_channel_shopify.adapter import Shopify
from orderyard_channel_shopify.simulator.server import ShopifySimulator

from orderyard.core.channels.api import DocumentKind, Hint, ReceivesWebhooks
from orderyard.core.kernel.errors import RemoteNotUnderstood, RemoteRejected
from orderyard.core.kernel.transport import Delivery
from orderyard.core.kernel.values import Address
from orderyard.core.testing.scripted import ScriptedTransport
from orderyard.core.testing.simulator import BuyerOrder

ORDER = "gid://shopify/Order/820982911946154508"
RETURN, WORK = "gid://shopify/Return/7", "gid://shopify/FulfillmentOrder/7"
BODY = json.dumps({"id": 820982911946154508, "admin_graphql_api_id": ORDER, "note": "周末"}, ensure_ascii=False).encode()
# What `printf '{"id":820982911946154508}' | openssl dgst -sha256 -hmac hush -binary | base64` prints.
KNOWN = (b'{"id":820982911946154508}', "qBvrsZF7RfB1iS6BX6IHqJTp5L911P7intnPeTPsH0I=")


def channel(**settings: str) -> Shopify:
    return Shopify({"shop": "demo.myshopify.com", "client_secret": "hush", **settings}, ScriptedTransport())


def signed(body: bytes, topic: str = "orders/updated", key: str = "hush", **headers: str) -> Delivery:
    proof = base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()
    given = {
        "x-shopify-hmac-sha256": proof,
        "x-shopify-topic": topic,
        "x-shopify-shop-domain": "demo.myshopify.com",
        "x-shopify-webhook-id": "d1",
    }
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    return Delivery({name: value for name, value in given.items() if value}, body)


def test_the_channel_receives_webhooks() -> None:
    assert isinstance(channel(), ReceivesWebhooks)


def test_a_proven_push_hints_at_its_order() -> None:
    assert list(channel().receive(signed(BODY))) == [Hint("d1", ORDER, "orders/updated")]


def test_the_signature_is_the_one_openssl_makes() -> None:
    body, proof = KNOWN
    delivery = Delivery({"x-shopify-hmac-sha256": proof, "x-shopify-topic": "orders/paid", "x-shopify-webhook-id": "d"}, body)
    assert [hint.external_id for hint in channel().receive(delivery)] == [ORDER]


@pytest.mark.parametrize(
    "delivery",
    [
        signed(BODY, key="wrong"),
        signed(BODY, key=""),
        signed(BODY, x_shopify_hmac_sha256=""),
        signed(BODY, x_shopify_hmac_sha256="ü"),
        signed(BODY, x_shopify_hmac_sha256="\udcff"),
        Delivery(signed(BODY).headers, BODY + b" "),
        Delivery({}, b""),
    ],
    ids=["wrong secret", "no secret", "no signature", "not ascii", "half a character", "tampered", "nothing"],
)
def test_a_push_whose_signature_does_not_hold_is_rejected(delivery: Delivery) -> None:
    with pytest.raises(RemoteRejected):
        channel().receive(delivery)


def test_without_a_secret_nothing_is_proven() -> None:
    with pytest.raises(RemoteRejected, match="secret"):
        channel(client_secret="").receive(signed(BODY, key=""))


def test_the_former_secret_holds_while_it_is_rotated() -> None:
    rotating = channel(client_secret="new", client_secret_old="hush")
    assert rotating.receive(signed(BODY))
    assert rotating.receive(signed(BODY, key="new"))
    with pytest.raises(RemoteRejected):
        rotating.receive(signed(BODY, key="older"))


def test_a_push_for_another_shop_is_rejected() -> None:
    with pytest.raises(RemoteRejected, match="other"):
        channel().receive(signed(BODY, x_shopify_shop_domain="other.myshopify.com"))


@pytest.mark.parametrize(
    "body",
    [b"\xff\xfe", b"", b"[]", b"7", b'{"id": ', b"[" * 100_000, b'{"id": "x"}', b'{"id": -1}', b'{"id": 1e400}', b"{}"],
    ids=["bytes", "empty", "list", "number", "cut", "deep", "no id", "negative", "huge", "object"],
)
def test_a_proven_push_that_cannot_be_read_is_not_understood(body: bytes) -> None:
    with pytest.raises(RemoteNotUnderstood):
        channel().receive(signed(body))


@pytest.mark.parametrize(
    ("topic", "body", "orders"),
    [
        ("orders/create", {"admin_graphql_api_id": ORDER, "id": 1}, [ORDER]),
        ("orders/edited", {"id": 820982911946154508}, [ORDER]),
        ("orders/cancelled", {"admin_graphql_api_id": "gid://shopify/DraftOrder/1", "id": 820982911946154508}, [ORDER]),
        ("refunds/create", {"admin_graphql_api_id": "gid://shopify/Refund/9", "order_id": 820982911946154508}, [ORDER]),
        ("fulfillments/update", {"id": 7, "order_id": 820982911946154508}, [ORDER]),
        ("orders/delete", {"id": 820982911946154508}, []),
        ("inventory_levels/update", {"inventory_item_id": 1}, []),
        ("app/uninstalled", {"id": 548380009}, ["gid://shopify/Shop/548380009"]),
        (
            "fulfillment_orders/split",
            {"fulfillment_order": {"id": WORK}, "remaining_fulfillment_order": {"id": WORK + "1"}},
            [WORK],
        ),
        ("fulfillment_orders/moved", {"source_location": {"id": 1}, "moved_fulfillment_order": {"id": WORK}}, [WORK]),
        ("fulfillment_orders/merged", {"fulfillment_order_merges": [{"fulfillment_order": {"id": WORK}}]}, [WORK]),
    ],
)
def test_a_topic_says_where_the_order_stands(topic: str, body: dict[str, Any], orders: list[str]) -> None:
    hints = channel().receive(signed(json.dumps(body).encode(), topic))
    assert [hint.external_id for hint in hints] == orders


@pytest.mark.parametrize(
    ("topic", "body", "kind", "document"),
    [
        ("products/update", {"id": 1}, DocumentKind.LISTING, "gid://shopify/Product/1"),
        ("returns/request", {"id": 9007199254740993, "order": {"id": 1}}, "claim", "gid://shopify/Return/9007199254740993"),
        ("returns/close", {"admin_graphql_api_id": RETURN, "id": 1}, "claim", RETURN),
        ("reverse_deliveries/attach_deliverable", {"id": 1, "return": {"admin_graphql_api_id": RETURN}}, "claim", RETURN),
        ("reverse_fulfillment_orders/dispose", {"id": 1, "order": {"admin_graphql_api_id": ORDER}}, "order", ORDER),
        ("customers/data_request", {"customer": {"id": 207119551}}, "privacy", "gid://shopify/Customer/207119551"),
        ("customers/redact", {"customer": {"id": None, "email": "a@b.example"}}, "privacy", "a@b.example"),
        ("customers/redact", {"shop_domain": "demo.myshopify.com"}, "privacy", "demo.myshopify.com"),
        ("shop/redact", {"shop_id": 1, "shop_domain": "demo.myshopify.com"}, "privacy", "demo.myshopify.com"),
    ],
)
def test_a_topic_says_what_kind_of_document_changed(topic: str, body: dict[str, Any], kind: str, document: str) -> None:
    assert list(channel().receive(signed(json.dumps(body).encode(), topic))) == [
        Hint("d1", document, topic, DocumentKind(kind))
    ]


@pytest.mark.parametrize("topic", ["fulfillment_orders/split", "returns/request", "app/uninstalled", "shop/redact"])
def test_a_push_that_names_nothing_is_not_understood(topic: str) -> None:
    with pytest.raises(RemoteNotUnderstood):
        channel().receive(signed(b'{"status": "open"}', topic))


def test_a_refund_of_no_order_is_not_understood() -> None:
    with pytest.raises(RemoteNotUnderstood):
        channel().receive(signed(b'{"id": 1}', "refunds/create"))


def test_without_a_delivery_id_the_content_stands_for_it() -> None:
    (first,), (again,) = (channel().receive(signed(BODY, x_shopify_webhook_id="")) for _ in range(2))
    (other,) = channel().receive(signed(BODY + b" ", x_shopify_webhook_id=""))
    assert first.delivery_id == again.delivery_id != other.delivery_id
    assert first.delivery_id


@pytest.mark.parametrize("name", ["orders_create", "orders_cancelled", "refunds_create", "fulfillments_create"])
def test_the_vendors_own_samples_are_proven(name: str, vendor_data: Path) -> None:
    sample = json.loads((vendor_data / "shopify" / f"webhook.{name}.json").read_text(encoding="utf-8"))
    headers = {header.lower(): value for header, value in sample["headers"].items()}
    delivery = Delivery(headers, sample["raw_body"].encode())
    (hint,) = channel(client_secret=sample["client_secret"]).receive(delivery)
    assert hint == Hint(headers["x-shopify-webhook-id"], ORDER, headers["x-shopify-topic"])


# The simulator's pushes, taken by a server of ours


def test_a_pushed_order_is_the_one_that_was_placed(
    simulator: ShopifySimulator, channel: Shopify, letterbox: tuple[str, list[Delivery]], oakland: Address
) -> None:
    address, taken = letterbox
    simulator.open_shop((), webhooks=f"{address}/hook")
    order_id = simulator.place(BuyerOrder("ann", oakland, (("CUP", 1),), message="周末"))
    simulator.chaos.arm("duplicate")
    assert [simulator.push(order_id), simulator.push(order_id)] == [2, 1]
    hints = [hint for delivery in taken for hint in channel.receive(delivery)]
    assert {hint.external_id for hint in hints} == {order_id}
    assert [hint.topic for hint in hints] == ["orders/create", "orders/create", "orders/updated"]
    assert hints[0].delivery_id == hints[1].delivery_id != hints[2].delivery_id
    assert json.loads(taken[0].body)["id"] > 2**53


def test_a_shop_without_subscriptions_pushes_nothing(simulator: ShopifySimulator, oakland: Address) -> None:
    assert simulator.push(simulator.place(BuyerOrder("ann", oakland, (("CUP", 1),)))) == 0


@pytest.mark.parametrize("address", ["{box}/gone", "http://127.0.0.1:1/hook", "nowhere", "http://[", ""])
def test_an_address_that_takes_no_push_counts_none(
    address: str, simulator: ShopifySimulator, letterbox: tuple[str, list[Delivery]], oakland: Address
) -> None:
    simulator.open_shop((), webhooks=address.format(box=letterbox[0]))
    order_id = simulator.place(BuyerOrder("ann", oakland, (("CUP", 1),)))
    assert simulator.push(order_id) == 0
