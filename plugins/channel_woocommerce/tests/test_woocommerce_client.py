"""The vendor's own client, `woocommerce` from PyPI, talks to the simulator as it would to a shop."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from orderyard_channel_woocommerce.simulator.server import WooCommerceSimulator
from werkzeug.serving import make_server

from orderyard.core.kernel.values import Address, Money
from orderyard.core.testing.simulator import BuyerOrder, ShopItem


@pytest.fixture
def shop() -> Iterator[WooCommerceSimulator]:
    """By the real clock, which is the only one that the client knows."""
    shop = WooCommerceSimulator()
    shop.start()
    shop.open_shop(
        (ShopItem("CUP", "Cup", Money.of("7.00", "EUR")), ShopItem("T", "Tee", Money(900, "EUR"), "", {"Size": "M"}))
    )
    yield shop
    shop.stop()


@pytest.fixture
def encrypted(shop: WooCommerceSimulator, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The same shop over TLS: its address, and the certificate to trust."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "shop")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(
            name, name, key.public_key(), x509.random_serial_number(), now - timedelta(days=1), now + timedelta(days=1)
        )
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    (tmp_path / "key").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    (tmp_path / "cert").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    server = make_server("127.0.0.1", 0, shop._application, ssl_context=(str(tmp_path / "cert"), str(tmp_path / "key")))
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}", str(tmp_path / "cert")
    server.shutdown()
    thread.join()
    server.server_close()


def client(url: str, shop: WooCommerceSimulator, **more: Any) -> Any:
    woocommerce = pytest.importorskip("woocommerce", reason="the PyPI client woocommerce is not installed")
    return woocommerce.API(
        url=url, consumer_key=shop.keys.key, consumer_secret=shop.keys.secret, version="wc/v3", timeout=20, **more
    )


def test_it_signs_its_calls_over_plain_http(shop: WooCommerceSimulator, lyon: Address) -> None:
    api = client(shop.base_url, shop)
    ids = [int(shop.place(BuyerOrder("ann", lyon, (("CUP", 2), ("T", 1)), freight=350))) for _ in range(3)]
    listed = api.get("orders", params={"per_page": 2, "orderby": "id", "order": "asc", "status": "processing"})
    assert [order["id"] for order in listed.json()] == ids[:2]
    assert (listed.headers["X-WP-Total"], listed.headers["X-WP-TotalPages"]) == ("3", "2")
    soon = (shop.now() + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%S")
    assert api.get("orders", params={"modified_after": soon, "dates_are_gmt": "true"}).json() == []
    order = api.get(f"orders/{ids[0]}", params={"dp": 3}).json()
    assert (order["total"], order["line_items"][0]["total"]) == ("26.500", "14.000")
    done = api.put(f"orders/{ids[0]}", {"status": "completed", "meta_data": [{"key": "k", "value": "周末"}]}).json()
    assert (done["status"], done["meta_data"][0]["value"]) == ("completed", "周末")
    assert api.post(f"orders/{ids[0]}/notes", {"note": "SF1", "customer_note": True}).status_code == 201
    assert [note["note"] for note in api.get(f"orders/{ids[0]}/notes").json()] == ["SF1"]
    rows = api.post("products/batch", {"update": [{"id": shop.books.offered["CUP"].id, "stock_quantity": 4}, {"id": 1}]}).json()
    assert (rows["update"][0]["stock_quantity"], rows["update"][1]["error"]["code"]) == (
        4,
        "woocommerce_rest_product_invalid_id",
    )
    tee = shop.books.offered["T"]
    moved = api.post(f"products/{tee.parent}/variations/batch", {"update": [{"id": tee.id, "stock_quantity": 9}]}).json()
    assert (moved["update"][0]["stock_quantity"], shop.told().stock) == (9, {"CUP": 4, "T": 9})


def test_it_sends_its_keys_over_tls(shop: WooCommerceSimulator, encrypted: tuple[str, str], lyon: Address) -> None:
    url, certificate = encrypted
    order = int(shop.place(BuyerOrder("ann", lyon, (("CUP", 1),))))
    for in_query in (False, True):
        api = client(url, shop, verify_ssl=certificate, query_string_auth=in_query)
        assert api.get(f"orders/{order}").json()["id"] == order


def test_it_is_refused_with_other_keys(shop: WooCommerceSimulator) -> None:
    api = client(shop.base_url, shop)
    api.consumer_secret = "cs_other"
    refused = api.get("orders")
    assert (refused.status_code, refused.json()["code"], refused.json()["data"]) == (
        401,
        "woocommerce_rest_authentication_error",
        {"status": 401},
    )


def test_it_gets_the_refusals_of_the_platform(shop: WooCommerceSimulator) -> None:
    api = client(shop.base_url, shop)
    missing = api.get("orders/1")
    assert (missing.status_code, missing.json()["code"]) == (404, "woocommerce_rest_shop_order_invalid_id")
    assert api.get("orders", params={"per_page": 101}).json()["code"] == "rest_invalid_param"
    assert api.get("nothing").json()["code"] == "rest_no_route"
    too_many = [{"id": 1}] * 101
    assert api.post("products/batch", {"update": too_many}).status_code == 413
    shop.chaos.arm("too_many")
    limited = api.get("orders")
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "7")
