"""Access: asked for on Shopify's page, proven on the way back, renewed before and after it ends."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from orderyard_channel_shopify.adapter import Shopify
from orderyard_channel_shopify.simulator.door import DAY, HOUR
from orderyard_channel_shopify.simulator.server import ShopifySimulator

from orderyard.core.channels.api import Authorises, Grant
from orderyard.core.kernel.errors import CredentialsRefused, RateLimited, RemoteError, RemoteRejected, RemoteUnavailable
from orderyard.core.kernel.transport import HttpTransport
from orderyard.core.testing.scripted import FixedEnvironment, ScriptedTransport, answer

BACK = "https://yard.example/connections/us/back"
# The vendor's own example, whose proof its documentation states.
VECTOR = {
    "code": "0907a61c0c8d55e99db179b68161bc00",
    "shop": "some-shop.myshopify.com",
    "timestamp": "1337178173",
    "hmac": "4712bf92ffc2917d15a2f5a273e39f0116667419aa4b6ac0b3baaf26fa3c4d20",
}
THEN = datetime.fromtimestamp(1337178173, UTC)


@pytest.fixture
def clocked(environment: FixedEnvironment) -> Any:
    """A transport whose clock is the shop's."""
    transport = HttpTransport(environment)
    yield transport
    transport.close()


@pytest.fixture
def newcomer(simulator: ShopifySimulator, clocked: HttpTransport) -> Shopify:
    """A connection that has no token yet."""
    return Shopify({**simulator.settings(), "access_token": ""}, clocked)


def consent(shop: Shopify, state: str = "s1") -> dict[str, str]:
    """The merchant agrees; the query with which the browser comes back."""
    page = httpx.get(shop.consent_page(BACK, state), trust_env=False)
    assert page.headers["location"].startswith(BACK + "?")
    return dict(parse_qsl(urlsplit(page.headers["location"]).query))


def holding(shop: Shopify, grant: Grant) -> Shopify:
    return Shopify({**shop.config, **grant.settings}, shop.transport)


def test_the_channel_asks_for_access(newcomer: Shopify) -> None:
    assert isinstance(newcomer, Authorises)
    with pytest.raises(CredentialsRefused):
        newcomer.who()


def test_the_page_of_consent_is_the_shops_own() -> None:
    shop = Shopify({"shop": "demo.myshopify.com", "client_id": "c1", "client_secret": "s"}, ScriptedTransport())
    page = urlsplit(shop.consent_page(BACK, "s 1"))
    asked = dict(parse_qsl(page.query))
    assert (page.scheme, page.netloc, page.path) == ("https", "demo.myshopify.com", "/admin/oauth/authorize")
    assert (asked["client_id"], asked["redirect_uri"], asked["state"]) == ("c1", BACK, "s 1")
    assert {"read_orders", "write_returns", "write_merchant_managed_fulfillment_orders"} <= set(asked["scope"].split(","))


def test_consent_becomes_access_that_ends(newcomer: Shopify, environment: FixedEnvironment) -> None:
    said = consent(newcomer)
    assert said["state"] == "s1"
    grant = newcomer.exchange(said, BACK)
    assert grant.expires_at == environment.moment + timedelta(seconds=HOUR)
    assert holding(newcomer, grant).who().startswith("Demo")


def test_a_code_can_be_used_once(newcomer: Shopify) -> None:
    said = consent(newcomer)
    newcomer.exchange(said, BACK)
    with pytest.raises(RemoteRejected, match="invalid_request"):
        newcomer.exchange(said, BACK)


def test_the_vendors_own_example_is_proven() -> None:
    token = answer({"access_token": "shpat_1", "scope": "read_orders"})
    transport = ScriptedTransport(token, moment=THEN)
    shop = Shopify({"shop": "some-shop.myshopify.com", "client_id": "c1", "client_secret": "hush"}, transport)
    assert shop.exchange(VECTOR, BACK) == Grant({"access_token": "shpat_1"}, None)
    (sent,) = transport.sent
    assert (sent.method, sent.url) == ("POST", "https://some-shop.myshopify.com/admin/oauth/access_token")
    assert json.loads(sent.body)["code"] == VECTOR["code"]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"hmac": ""}, "not made by Shopify"),
        ({"hmac": "ü"}, "not made by Shopify"),
        ({"code": "another"}, "not made by Shopify"),
        ({"also": "1"}, "not made by Shopify"),
        ({"shop": "other-shop.myshopify.com"}, "not made by Shopify"),
    ],
)
def test_an_answer_that_shopify_did_not_make_is_rejected(change: dict[str, str], what: str) -> None:
    shop = Shopify(
        {"shop": "some-shop.myshopify.com", "client_id": "c1", "client_secret": "hush"}, ScriptedTransport(moment=THEN)
    )
    with pytest.raises(RemoteRejected, match=what):
        shop.exchange({**VECTOR, **change}, BACK)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"shop": "other.myshopify.com"}, "other.myshopify.com"),
        ({"timestamp": "1337178173"}, "too old"),
        ({"timestamp": "9" * 30}, "too old"),
        ({"timestamp": "soon"}, "too old"),
        ({"code": ""}, "gave no access"),
    ],
)
def test_a_proven_answer_must_be_ours_and_new(
    change: dict[str, str], what: str, newcomer: Shopify, simulator: ShopifySimulator
) -> None:
    said = {**consent(newcomer), **change}
    said["hmac"] = simulator.door.proof(said)
    with pytest.raises(RemoteRejected, match=what):
        newcomer.exchange(said, BACK)


@pytest.mark.parametrize("state", ["plain", "a+b/c=", "für & wider%"])
def test_any_state_comes_back_proven(state: str, newcomer: Shopify, simulator: ShopifySimulator) -> None:
    said = consent(newcomer, state)
    if "&" in state:  # signed as the vendor does: escaped, so that nothing can be slipped in
        said["hmac"] = simulator.door.proof({**said, "state": state.replace("%", "%25").replace("&", "%26")})
    assert said["state"] == state
    assert newcomer.exchange(said, BACK).settings["access_token"]


def test_access_is_renewed_and_the_former_lives_until_then(
    newcomer: Shopify, simulator: ShopifySimulator, environment: FixedEnvironment
) -> None:
    first = newcomer.exchange(consent(newcomer), BACK)
    environment.moment += timedelta(minutes=50)
    lost = holding(newcomer, first).renew()
    again = holding(newcomer, first).renew()  # as if the first answer had been lost on the way
    assert lost
    assert again
    assert again.expires_at == environment.moment + timedelta(seconds=HOUR)
    assert holding(newcomer, again).who()
    with pytest.raises(CredentialsRefused, match="invalid_grant"):
        holding(newcomer, first).renew()


def test_ended_access_waits_for_a_fresh_one_instead_of_a_person(newcomer: Shopify, environment: FixedEnvironment) -> None:
    grant = newcomer.exchange(consent(newcomer), BACK)
    environment.moment += timedelta(hours=2)
    with pytest.raises(RemoteUnavailable, match="has ended"):
        holding(newcomer, grant).who()
    fresh = holding(newcomer, grant).renew()
    assert fresh
    assert holding(newcomer, fresh).who()


def test_access_that_was_taken_back_asks_for_a_person(newcomer: Shopify, simulator: ShopifySimulator) -> None:
    grant = newcomer.exchange(consent(newcomer), BACK)
    simulator.uninstall()
    with pytest.raises(RemoteUnavailable):
        holding(newcomer, grant).who()
    with pytest.raises(CredentialsRefused):
        holding(newcomer, grant).renew()


def test_a_token_that_was_typed_in_is_not_renewed(channel: Shopify) -> None:
    assert channel.renew() is None


def test_an_app_of_the_own_organisation_needs_no_consent(newcomer: Shopify, environment: FixedEnvironment) -> None:
    own = Shopify({**newcomer.config, "grant": "client_credentials"}, newcomer.transport)
    assert own.consent_page(BACK, "s1") == f"{BACK}?state=s1"
    grant = own.exchange({"state": "s1"}, BACK)
    assert grant.expires_at == environment.moment + timedelta(seconds=DAY)
    assert holding(own, grant).who()
    environment.moment += timedelta(days=2)
    with pytest.raises(RemoteUnavailable):
        holding(own, grant).who()
    assert holding(own, grant).renew()


@pytest.mark.parametrize("settings", [{"client_id": ""}, {"client_secret": ""}, {"shop": ""}])
def test_without_an_app_or_a_shop_nobody_is_asked(settings: dict[str, str], newcomer: Shopify) -> None:
    shop = Shopify({**newcomer.config, **settings}, newcomer.transport)
    with pytest.raises(CredentialsRefused):
        shop.consent_page(BACK, "s")
    with pytest.raises(CredentialsRefused):
        shop.exchange(VECTOR, BACK)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, {"error": "invalid_client"}, CredentialsRefused),
        (400, {"error": "invalid_request"}, RemoteRejected),
        (400, "Oauth error", RemoteRejected),
        (429, "", RateLimited),
        (503, "", RemoteUnavailable),
    ],
)
def test_a_refused_code_says_why_and_tells_no_secret(status: int, body: Any, error: type[RemoteError]) -> None:
    transport = ScriptedTransport(answer(body, status), moment=THEN)
    shop = Shopify({"shop": "some-shop.myshopify.com", "client_id": "c1", "client_secret": "hush"}, transport)
    with pytest.raises(error) as raised:
        shop.exchange(VECTOR, BACK)
    assert type(raised.value) is error
    assert not [secret for secret in ("hush", VECTOR["code"]) if secret in f"{raised.value} {raised.value.raw}"]
