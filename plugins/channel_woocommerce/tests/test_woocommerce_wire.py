"""How calls are made and what refusals mean."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from orderyard_channel_woocommerce.adapter import WooCommerce
from orderyard_channel_woocommerce.signing import signed
from orderyard_channel_woocommerce.simulator.server import WooCommerceSimulator

from orderyard.core.channels.api import ListingRef, StockTarget
from orderyard.core.kernel.errors import (
    CredentialsRefused,
    OutcomeUnknown,
    RateLimited,
    RemoteError,
    RemoteNotUnderstood,
    RemoteRejected,
    RemoteUnavailable,
)
from orderyard.core.kernel.transport import HttpTransport, Response
from orderyard.core.testing.scripted import ScriptedTransport, answer

KEYS = {"consumer_key": "ck_4f", "consumer_secret": "cs_9e"}
HTTPS = {"url": "https://shop.example/fr/", **KEYS}


def error(status: int, code: str = "", message: str = "No.", **headers: str) -> Response:
    body: Any = {"code": code, "message": message, "data": {"status": status}} if code else "<html>No</html>"
    return answer(body, status, **headers)


def fetched(response: Response | Exception, **settings: str) -> ScriptedTransport:
    transport = ScriptedTransport(response)
    WooCommerce({**HTTPS, **settings}, transport).fetch("7")
    return transport


def refused(response: Response | Exception, **settings: str) -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        fetched(response, **settings)
    return caught.value


ORDER = answer({"id": 7, "refunds": []})


def test_over_https_the_keys_go_in_the_header() -> None:
    (request,) = fetched(ORDER).sent
    assert request.url == "https://shop.example/fr/wp-json/wc/v3/orders/7?dp=6"
    assert base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")) == b"ck_4f:cs_9e"


def test_or_in_the_query_where_the_server_drops_the_header() -> None:
    (request,) = fetched(ORDER, auth="query").sent
    assert parse_qs(urlsplit(request.url).query) == {"dp": ["6"], "consumer_key": ["ck_4f"], "consumer_secret": ["cs_9e"]}
    assert "Authorization" not in request.headers


def test_over_plain_http_a_call_is_signed_and_the_secret_stays_here() -> None:
    (request,) = fetched(ORDER, url="http://shop.example").sent
    assert "Authorization" not in request.headers
    assert "cs_9e" not in request.url
    assert {"oauth_signature", "oauth_nonce", "oauth_timestamp"} <= parse_qs(urlsplit(request.url).query).keys()


def test_the_signature_is_the_one_of_the_specification() -> None:
    # RFC 5849's base string for these parameters, signed with `openssl dgst -sha256 -hmac 'cs&' -binary | base64`.
    made = signed("GET", "http://shop.example/wp-json/wc/v3/orders", {"search": "a b&c"}, "ck", "cs", 1700000000, nonce="n1")
    assert made["oauth_signature"] == "ev0KAQWFDqJgzPihWLWS26g7SbxN05tL4yQgfmHMuAc="


@pytest.mark.parametrize(
    "settings",
    [
        {"url": ""}, {"url": "shop.example"}, {"url": "ftp://shop.example"}, {"url": "https://user:pw@shop.example"},
        {"url": "https://shop.example?x=1"}, {"consumer_key": ""}, {"consumer_secret": "秘密"}, {"consumer_key": "a:b"},
        {"consumer_key": "a\nb"},
    ],
)  # fmt: skip
def test_settings_that_cannot_work_ask_for_a_person_before_any_call(settings: dict[str, str]) -> None:
    transport = ScriptedTransport()
    with pytest.raises(CredentialsRefused):
        WooCommerce({**HTTPS, **settings}, transport).fetch("7")
    assert transport.sent == []


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (error(401, "woocommerce_rest_cannot_view"), CredentialsRefused),
        (error(401, "woocommerce_rest_authentication_error", "Consumer key is invalid."), CredentialsRefused),
        (error(403, "woocommerce_rest_cannot_edit"), CredentialsRefused),
        (error(403), CredentialsRefused),
        (error(301), CredentialsRefused),
        (error(404, "rest_no_route"), CredentialsRefused),
        (error(404), CredentialsRefused),
        (error(404, "woocommerce_rest_shop_order_invalid_id"), RemoteRejected),
        (error(400, "rest_invalid_param"), RemoteRejected),
        (error(413, "woocommerce_rest_request_entity_too_large"), RemoteRejected),
        (error(429), RateLimited),
        (error(503, retry_after="600"), RateLimited),
        (error(503), RemoteUnavailable),
        (error(500, "internal_server_error"), RemoteUnavailable),
        (error(504), RemoteUnavailable),
        (answer("<html>welcome</html>"), RemoteNotUnderstood),
        (answer("[]"), RemoteNotUnderstood),
    ],
)
def test_a_refusal_is_the_error_that_says_what_to_do(response: Response, kind: type[RemoteError]) -> None:
    assert type(refused(response)) is kind


@pytest.mark.parametrize(
    ("stated", "seconds"), [("7", 7.0), ("0", 0.5), ("Fri, 02 Jan 2026 03:05:05 GMT", 60.0), ("", 10.0), ("soon", 10.0)]
)
def test_patience_is_stated_in_seconds_or_as_a_moment(stated: str, seconds: float) -> None:
    limited = refused(error(429, retry_after=stated))
    assert isinstance(limited, RateLimited)
    assert limited.seconds == seconds


def test_a_firewall_is_told_from_a_wrong_key() -> None:
    assert "firewall" in refused(error(403)).remedy
    assert "write access" in refused(error(401, "woocommerce_rest_authentication_error", "no write permissions")).remedy


@pytest.mark.parametrize("url", ["http://shop.example", "https://shop.example"])
@pytest.mark.parametrize("kind", [RemoteUnavailable, OutcomeUnknown])
def test_no_error_of_the_network_carries_the_keys(url: str, kind: type[RemoteError]) -> None:
    lost = kind("no answer from http://shop.example/x?oauth_consumer_key=ck_4f&oauth_signature=abc: ReadTimeout")
    problem = refused(lost, url=url, auth="query")
    assert type(problem) is kind
    assert not any(word in f"{problem} {problem.raw}" for word in ("ck_4f", "cs_9e", "oauth"))
    assert "ReadTimeout" in str(problem)


def test_an_unreadable_answer_to_an_effect_leaves_its_outcome_open() -> None:
    api = WooCommerce(HTTPS, ScriptedTransport(answer("PHP Warning: x")))._api
    with pytest.raises(OutcomeUnknown):
        api.write("PUT", "orders/7", {}, effect=True)


def test_a_clock_that_is_wrong_is_followed_once(transport: HttpTransport, simulator: WooCommerceSimulator) -> None:
    """Signed calls carry the time: the first is refused, and the second made by the shop's clock."""
    late = error(401, "woocommerce_rest_authentication_error", "Invalid timestamp.", date="Fri, 02 Jan 2026 11:04:05 GMT")
    script = ScriptedTransport(late, ORDER)
    WooCommerce({**HTTPS, "url": "http://shop.example"}, script).fetch("7")
    first, second = (int(parse_qs(urlsplit(request.url).query)["oauth_timestamp"][0]) for request in script.sent)
    assert second - first == 8 * 3600
    again = ScriptedTransport(late, late)
    with pytest.raises(CredentialsRefused, match="clock"):
        WooCommerce({**HTTPS, "url": "http://shop.example"}, again).fetch("7")


def test_a_number_is_never_sent_as_a_fraction() -> None:
    transport = ScriptedTransport(answer({"update": [{"id": 8, "stock_quantity": 3}]}))
    WooCommerce(HTTPS, transport).push_stock([StockTarget(ListingRef("8"), 3)], "k")
    assert transport.sent[0].body == b'{"update": [{"id": 8, "manage_stock": true, "stock_quantity": 3}]}'
    assert not transport.sent[0].effect
