"""Pushes: proven over the raw body, and believed in nothing but which order to fetch."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest
from orderyard_channel_woocommerce import subscriptions
from orderyard_channel_woocommerce.adapter import WooCommerce
from orderyard_channel_woocommerce.simulator.server import WooCommerceSimulator
from werkzeug.serving import make_server
from werkzeug.wrappers import Request as WebRequest
from werkzeug.wrappers import Response as WebResponse

from orderyard.core.channels.api import DocumentKind
from orderyard.core.kernel.errors import RemoteNotUnderstood, RemoteRejected
from orderyard.core.kernel.transport import Delivery
from orderyard.core.kernel.values import Address
from orderyard.core.testing.scripted import ScriptedTransport
from orderyard.core.testing.simulator import BuyerOrder

BODY = json.dumps({"id": 4294967401, "status": "processing", "customer_note": "周末"}, ensure_ascii=False).encode()
# What `printf '{"id":7}' | openssl dgst -sha256 -hmac hush -binary | base64` prints.
KNOWN = (b'{"id":7}', "H2U/SEYbRNpyMb2K3HUYu69pcSP2i4aiJUA14KwhhUY=")


def channel(**settings: str) -> WooCommerce:
    return WooCommerce({"webhook_secret": "hush", **settings}, ScriptedTransport())


def signed(body: bytes, topic: str = "order.updated", key: str = "hush", delivery: str = "d1") -> Delivery:
    proof = base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()
    headers = {"x-wc-webhook-signature": proof, "x-wc-webhook-topic": topic, "x-wc-webhook-delivery-id": delivery}
    return Delivery(headers, body)


def test_a_proven_push_hints_at_its_order() -> None:
    (hint,) = channel().receive(signed(BODY))
    assert (hint.external_id, hint.topic) == ("4294967401", "order.updated")


def test_the_signature_is_the_one_openssl_makes() -> None:
    body, proof = KNOWN
    (hint,) = channel().receive(Delivery({"x-wc-webhook-signature": proof, "x-wc-webhook-topic": "order.created"}, body))
    assert hint.external_id == "7"


@pytest.mark.parametrize(
    "delivery",
    [
        signed(BODY, key="wrong"),
        Delivery({}, BODY),
        Delivery(signed(BODY).headers, BODY + b" "),
        Delivery({"x-wc-webhook-signature": "ü"}, BODY),
        Delivery({"x-wc-webhook-signature": "\udcff"}, BODY),
        Delivery({}, b"webhook_id=1&x=2"),
        Delivery({"x-wc-webhook-signature": "x"}, b"webhook_id=1"),
        Delivery({}, b""),
    ],
    ids=["wrong secret", "unsigned", "tampered", "not ascii", "half a character", "no ping", "signed ping", "nothing"],
)
def test_a_push_whose_signature_does_not_hold_is_rejected(delivery: Delivery) -> None:
    with pytest.raises(RemoteRejected):
        channel().receive(delivery)


def test_the_ping_of_a_new_webhook_is_answered_and_hints_at_nothing() -> None:
    assert channel(webhook_secret="").receive(Delivery({}, b"webhook_id=12")) == ()


def test_without_a_secret_nothing_is_proven() -> None:
    with pytest.raises(RemoteRejected, match="secret"):
        channel(webhook_secret="").receive(signed(BODY, key=""))


@pytest.mark.parametrize(
    ("topic", "body", "orders"),
    [
        ("order.created", {"id": 9}, ["9"]),
        ("order.deleted", {"id": 9}, ["9"]),
        ("order.restored", {"id": 9}, ["9"]),
        ("order.created", {"id": 9, "status": "checkout-draft"}, []),
        ("coupon.updated", {"id": 9}, []),
        ("action.woocommerce_add_to_cart", {"action": "x", "arg": "y"}, []),
        ("", {"id": 9}, []),
    ],
)
def test_only_topics_of_orders_hint_at_one(topic: str, body: dict[str, Any], orders: list[str]) -> None:
    assert [hint.external_id for hint in channel().receive(signed(json.dumps(body).encode(), topic))] == orders


def test_a_push_about_a_product_is_about_the_offers() -> None:
    [hint] = channel().receive(signed(b'{"id": 9}', "product.updated"))
    assert (hint.kind, hint.external_id) == (DocumentKind.LISTING, "9")


@pytest.mark.parametrize(
    "body", [b"\xff", b"[]", b"{}", b'{"id": 0}', b'{"id": "x"}', b'{"id": -1}', b'{"id": 1.5}', b"[" * 100_000]
)
def test_a_proven_push_that_cannot_be_read_is_not_understood(body: bytes) -> None:
    with pytest.raises(RemoteNotUnderstood):
        channel().receive(signed(body))


def test_two_orders_pushed_in_one_second_are_two_deliveries() -> None:
    (first,), (again,) = channel().receive(signed(BODY)), channel().receive(signed(BODY))
    (other,) = channel().receive(signed(b'{"id": 5}'))
    assert first.delivery_id == again.delivery_id != other.delivery_id


# The simulator's pushes, taken by a server of ours


@pytest.fixture
def letterbox() -> Iterator[tuple[str, list[Delivery]]]:
    """An address that takes pushes, and what came in."""
    taken: list[Delivery] = []

    @WebRequest.application
    def take(request: WebRequest) -> WebResponse:
        taken.append(Delivery({name.lower(): value for name, value in request.headers}, request.get_data()))
        return WebResponse(status=200 if request.path == "/hook" else 410)

    server = make_server("127.0.0.1", 0, take)
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", taken
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_pushed_order_is_the_one_that_was_placed(
    simulator: WooCommerceSimulator, channel: WooCommerce, letterbox: tuple[str, list[Delivery]], lyon: Address
) -> None:
    address, taken = letterbox
    simulator.open_shop((), webhooks=f"{address}/hook")
    one, other = (simulator.place(BuyerOrder(name, lyon, (("CUP", 1),), message="周末")) for name in ("ann", "bob"))
    simulator.chaos.arm("duplicate")
    assert [simulator.push(one), simulator.push(other), simulator.push(one)] == [2, 1, 1]
    hints = [hint for delivery in taken for hint in channel.receive(delivery)]
    assert [hint.external_id for hint in hints] == [one, one, other, one]
    assert [hint.topic for hint in hints] == ["order.created"] * 3 + ["order.updated"]
    assert len({hint.delivery_id for hint in hints}) == 3
    assert len({delivery.headers["x-wc-webhook-delivery-id"] for delivery in taken}) == 2


@pytest.mark.parametrize("address", ["{box}/gone", "http://127.0.0.1:1/hook", "nowhere", ""])
def test_an_address_that_takes_no_push_counts_none(
    address: str, simulator: WooCommerceSimulator, letterbox: tuple[str, list[Delivery]], lyon: Address
) -> None:
    simulator.open_shop((), webhooks=address.format(box=letterbox[0]))
    assert simulator.push(simulator.place(BuyerOrder("ann", lyon, (("CUP", 1),)))) == 0


# Subscriptions


def test_webhooks_are_made_once_and_mended_when_they_were_switched_off(
    simulator: WooCommerceSimulator, channel: WooCommerce, letterbox: tuple[str, list[Delivery]], lyon: Address
) -> None:
    address = f"{letterbox[0]}/hook"
    assert tuple(channel.subscribe(address)) == subscriptions.TOPICS
    assert [channel.receive(ping) for ping in letterbox[1]] == [()] * 7
    assert channel.subscribe(address) == []
    simulator.books.webhooks[0].status = "disabled"
    assert channel.subscribe(address) == ["order.created"]
    assert len(simulator.books.webhooks) == 7
    letterbox[1].clear()
    order = simulator.place(BuyerOrder("ann", lyon, (("CUP", 1),)))
    assert simulator.push(order) == 1
    assert [hint.external_id for delivery in letterbox[1] for hint in channel.receive(delivery)] == [order]
    assert len(channel.subscribe("https://elsewhere.example/hook")) == 7


def test_without_a_secret_no_webhook_is_made() -> None:
    with pytest.raises(RemoteRejected, match="secret"):
        channel(webhook_secret=" ").subscribe("https://oms.example/hook")


def test_the_keys_say_whose_shop_they_open(channel: WooCommerce, simulator: WooCommerceSimulator) -> None:
    assert channel.who() == f"{simulator.base_url} (EUR)"
