"""Bad pushes through the real web application: each is a clear answer or a parked document, and the next one is heard."""

from __future__ import annotations

import http.client
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from orderyard.app import create_app
from orderyard.core.testing.paper import Shop, document, signed
from orderyard.core.web.server import Server

HOOK = "/hook/paper/paper"
TWENTY_MB = 20 * 1024 * 1024


@pytest.fixture
def client(shop: Shop) -> Iterator[FlaskClient]:
    shop.platform.keep(document("T1", ("TEE", 1)))
    shop.house.receive("SH", TEE=5)
    with create_app(shop.house.system).test_client() as client:
        yield client


def inbox(shop: Shop) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in shop.house.db.rows("SELECT source, verdict FROM inbox ORDER BY id")]


def still_hears(shop: Shop, client: FlaskClient) -> None:
    """A good push has its effect, whatever came before."""
    content = b'{"id": "T1"}'
    answer = client.post(HOOK, data=content, headers=signed(content, "good"))
    assert (answer.status_code, answer.text) == (200, "stored")
    shop.house.system.worker.drain()
    assert shop.house.card(shop.order("T1")).status == "to_ship"
    assert shop.house.levels("TEE") == {"SH": (5, 1)}
    shop.house.prove()


@pytest.mark.parametrize("headers", [{}, {"X-Paper-Id": "d1", "X-Paper-Signature": "0" * 64}, signed(b"another body")])
def test_a_signature_that_does_not_hold_is_refused_and_nothing_is_kept(
    shop: Shop, client: FlaskClient, headers: dict[str, str]
) -> None:
    answer = client.post(HOOK, data=b'{"id": "T1"}', headers=headers)
    assert (answer.status_code, answer.text) == (401, "the signature does not hold")
    assert inbox(shop) == []
    still_hears(shop, client)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00{", '{"id": "T1'.encode("utf-16"), b""])
def test_what_is_signed_and_cannot_be_read_is_parked_raw(shop: Shop, client: FlaskClient, content: bytes) -> None:
    answer = client.post(HOOK, data=content, headers=signed(content))
    assert (answer.status_code, answer.text) == (200, "parked")
    assert inbox(shop) == [("push", "parked")]
    [(kept, reason)] = shop.house.db.rows("SELECT body, reason FROM inbox")
    assert bytes(kept) == content
    assert reason
    still_hears(shop, client)


def test_a_repeated_push_is_recorded_and_has_no_effect(shop: Shop, client: FlaskClient) -> None:
    still_hears(shop, client)
    content = b'{"id": "T1"}'
    for _ in range(2):
        answer = client.post(HOOK, data=content, headers=signed(content, "good"))
        assert (answer.status_code, answer.text) == (200, "duplicate")
    shop.house.system.worker.drain()
    assert inbox(shop) == [("push", "effective"), ("push", "duplicate"), ("push", "duplicate")]
    assert shop.house.levels("TEE") == {"SH": (5, 1)}


@pytest.mark.parametrize(
    ("path", "status"),
    [("/hook/paper/other", 404), ("/hook/other/paper", 404), ("/hook/paper", 404), ("/hook/paper/paper/x", 404)],
)
def test_a_push_to_nowhere_is_told_so(shop: Shop, client: FlaskClient, path: str, status: int) -> None:
    content = b'{"id": "T1"}'
    assert client.post(path, data=content, headers=signed(content)).status_code == status
    assert inbox(shop) == []


def test_a_push_by_get_is_no_push(client: FlaskClient) -> None:
    assert client.get(HOOK).status_code == 405


def test_a_push_that_the_adapter_falls_over_comes_again_later(shop: Shop, client: FlaskClient) -> None:
    """We cannot say whether it was signed, so nothing is kept; the platform repeats what was not answered with 200."""
    content = b'{"no": "id"}'
    answer = client.post(HOOK, data=content, headers=signed(content))
    assert (answer.status_code, answer.text) == (500, "500 Internal Server Error\n")
    assert inbox(shop) == []
    still_hears(shop, client)


def test_twenty_megabytes_are_refused_by_the_server_and_it_goes_on(shop: Shop, client: FlaskClient) -> None:
    server = Server(create_app(shop.house.system), "127.0.0.1", 0)
    server.start()
    try:
        content = b" " * TWENTY_MB
        wire = http.client.HTTPConnection(server.address.removeprefix("http://"), timeout=20)
        wire.request("POST", HOOK, body=content, headers=signed(content))
        answer = wire.getresponse()
        assert (answer.status, answer.read()) == (413, b"413 Request Entity Too Large\n")
        wire.close()
        wire.request("POST", HOOK, body=b'{"id": "T1"}', headers=signed(b'{"id": "T1"}', "good"))
        assert wire.getresponse().read() == b"stored"
        wire.close()
    finally:
        server.stop()
    assert inbox(shop) == [("push", "")]
    assert shop.house.system.worker.drain().worked == 1
    assert shop.house.levels("TEE") == {"SH": (5, 1)}
