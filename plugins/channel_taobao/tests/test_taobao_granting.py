"""Access that the seller gives, and that ends."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from orderyard_channel_taobao.channel import TaobaoChannel
from orderyard_channel_taobao.simulator.server import TaobaoSimulator

from orderyard.core.channels.api import Authorises, Grant, TellsWhoItIs, Window
from orderyard.core.kernel.errors import (
    CredentialsRefused,
    RemoteError,
    RemoteNotUnderstood,
    RemoteRejected,
    RemoteUnavailable,
)
from orderyard.core.kernel.transport import Request, Response, Transport
from orderyard.core.testing.scripted import FixedEnvironment, ScriptedTransport, answer

BACK = "https://yard.example/channels/back?connection=tb"


def consent(channel: TaobaoChannel, transport: Transport, state: str = "s1") -> dict[str, str]:
    """What the browser brings back from the platform's page."""
    response = transport.send(Request("GET", channel.consent_page(BACK, state)))
    assert response.status == 302
    assert response.headers["location"].startswith(BACK)
    return dict(parse_qsl(urlsplit(response.headers["location"]).query))


def granted(channel: TaobaoChannel, transport: Transport) -> Grant:
    return channel.exchange(consent(channel, transport), BACK)


def test_the_page_of_consent_is_the_platform_s_own(settings: dict[str, str]) -> None:
    page = urlsplit(TaobaoChannel(settings, ScriptedTransport()).consent_page(BACK, "s &1"))
    assert f"{page.scheme}://{page.netloc}{page.path}" == "https://oauth.taobao.com/authorize"
    assert parse_qs(page.query) == {
        "response_type": ["code"],
        "client_id": ["12345678"],
        "redirect_uri": [BACK],
        "state": ["s &1"],
        "view": ["web"],
    }


def test_a_code_becomes_a_session_that_works(
    channel: TaobaoChannel, shop: TaobaoSimulator, transport: Transport, environment: FixedEnvironment
) -> None:
    assert isinstance(channel, Authorises)
    back = consent(channel, transport)
    assert back["state"] == "s1"
    grant = channel.exchange(back, BACK)
    assert grant.expires_at == environment.now() + timedelta(days=30)
    assert grant.settings.keys() == {"session", "refresh_token", "shop"}
    assert grant.settings["shop"] == "演示旗舰店"
    renewed = TaobaoChannel({**shop.settings(), **grant.settings}, transport)
    window = Window(environment.now() - timedelta(minutes=1), environment.now())
    assert renewed.pull(window).found == ()
    with pytest.raises(RemoteRejected):
        channel.exchange(back, BACK)


def test_a_session_that_ended_is_renewed(
    channel: TaobaoChannel, shop: TaobaoSimulator, transport: Transport, environment: FixedEnvironment
) -> None:
    grant = granted(channel, transport)
    environment.moment += timedelta(days=31)
    old = TaobaoChannel({**shop.settings(), **grant.settings}, transport)
    window = Window(environment.now() - timedelta(minutes=1), environment.now())
    with pytest.raises(CredentialsRefused) as raised:
        old.pull(window)
    assert raised.value.code == "isv.session-expired"
    again = old.renew()
    assert again is not None
    assert again.settings["session"] != grant.settings["session"]
    assert TaobaoChannel({**shop.settings(), **again.settings}, transport).pull(window).found == ()


def test_a_grant_that_cannot_be_renewed_is_left_alone(
    channel: TaobaoChannel, shop: TaobaoSimulator, transport: Transport
) -> None:
    assert channel.renew() is None
    shop.access.renewable = 0
    grant = granted(channel, transport)
    # What an earlier grant left must not be used: the new one replaces it by a mark.
    assert TaobaoChannel({**shop.settings(), **grant.settings}, transport).renew() is None


def test_access_that_was_taken_back_asks_for_a_person(
    channel: TaobaoChannel, shop: TaobaoSimulator, transport: Transport
) -> None:
    grant = granted(channel, transport)
    shop.access.take_back()
    with pytest.raises(CredentialsRefused, match="once more"):
        TaobaoChannel({**shop.settings(), **grant.settings}, transport).renew()
    with pytest.raises(CredentialsRefused):
        channel.who()


def test_a_seller_who_says_no_is_no_error_of_ours(channel: TaobaoChannel, shop: TaobaoSimulator, transport: Transport) -> None:
    shop.access.denies = True
    with pytest.raises(RemoteRejected, match="authorize reject"):
        granted(channel, transport)


@pytest.mark.parametrize("back", [{}, {"code": ""}, {"code": "made up"}, {"state": "s1"}])
def test_an_answer_that_is_not_the_platform_s_is_rejected(channel: TaobaoChannel, back: dict[str, str]) -> None:
    with pytest.raises(RemoteRejected):
        channel.exchange(back, BACK)


def test_a_code_is_good_for_minutes_and_for_one_address(
    channel: TaobaoChannel, transport: Transport, environment: FixedEnvironment
) -> None:
    with pytest.raises(RemoteRejected):
        channel.exchange(consent(channel, transport), "https://elsewhere.example/")
    back = consent(channel, transport)
    environment.moment += timedelta(minutes=11)
    with pytest.raises(RemoteRejected, match="expired"):
        channel.exchange(back, BACK)


def test_a_wrong_app_secret_is_told_without_telling_it(shop: TaobaoSimulator, transport: Transport) -> None:
    channel = TaobaoChannel({**shop.settings(), "app_secret": "not the secret"}, transport)
    with pytest.raises(RemoteRejected, match="app secret") as raised:
        granted(channel, transport)
    assert "not the secret" not in f"{raised.value} {raised.value.raw}"


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        (answer({"error": "server_error"}, 500), RemoteUnavailable),
        (answer("<html>", 502), RemoteUnavailable),
        (answer("<html>"), RemoteNotUnderstood),
        (answer({"token_type": "Bearer"}), RemoteNotUnderstood),
        (answer({"access_token": "6100x", "expires_in": "soon"}), RemoteNotUnderstood),
        (answer({"error": "invalid_grant", "error_description": "over"}, 400), CredentialsRefused),
    ],
)
def test_every_answer_to_a_renewal_has_its_place_in_the_tree(
    settings: dict[str, str], said: Response, meaning: type[RemoteError]
) -> None:
    with pytest.raises(RemoteError) as raised:
        TaobaoChannel({**settings, "refresh_token": "6101x"}, ScriptedTransport(said)).renew()
    assert type(raised.value) is meaning
    assert "6100x" not in f"{raised.value} {raised.value.raw}"


@pytest.mark.parametrize(
    ("lifetimes", "days"),
    [
        ({"expires_in": 864000, "r1_expires_in": 864000, "w1_expires_in": 172800, "w2_expires_in": 1800}, 2),
        ({"expires_in": 864000, "r1_expires_in": 0, "r2_expires_in": 0}, 10),
        ({"expires_in": 0}, None),
        ({}, None),
    ],
)
def test_a_grant_ends_with_the_first_of_its_daily_levels(
    settings: dict[str, str], lifetimes: dict[str, int], days: int | None
) -> None:
    transport = ScriptedTransport(answer({"access_token": "6100x", **lifetimes}))
    grant = TaobaoChannel({**settings, "refresh_token": "6101x"}, transport).renew()
    assert grant is not None
    assert grant.expires_at == (None if days is None else transport.moment + timedelta(days=days))


def test_who_tells_whose_shop_it_is(channel: TaobaoChannel, shop: TaobaoSimulator) -> None:
    assert isinstance(channel, TellsWhoItIs)
    assert channel.who() == "演示旗舰店 (淘宝/Taobao)"
    shop.shop.tmall = True
    assert channel.who() == "演示旗舰店 (天猫/Tmall)"


def test_an_answer_that_names_nobody_is_not_understood(settings: dict[str, str]) -> None:
    with pytest.raises(RemoteNotUnderstood):
        TaobaoChannel(settings, ScriptedTransport(answer({"user_seller_get_response": {}}))).who()
