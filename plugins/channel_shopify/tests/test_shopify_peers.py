"""Shopify's own clients as judges: PyPI's `shopifyapp` and npm's `@shopify/shopify-api`.

Each is installed once into an environment of its own under `build/peers`; where that cannot be, its tests are skipped by name.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from orderyard_channel_shopify.adapter import Shopify
from orderyard_channel_shopify.simulator.server import ShopifySimulator

from orderyard.core.kernel.errors import RemoteRejected
from orderyard.core.kernel.transport import Delivery, HttpTransport
from orderyard.core.kernel.values import Address
from orderyard.core.testing.simulator import BuyerOrder, SystemEnvironment

PEERS = Path(__file__).parent / "peers"
Judge = Callable[[dict[str, Any]], Any]


def _run(command: Sequence[str | Path], where: Path, said: str = "") -> str:
    done = subprocess.run(  # our own scripts, and the package managers
        [str(part) for part in command], cwd=where, input=said, capture_output=True, text=True, timeout=240, check=True
    )
    return done.stdout


def _installed(root: Path, name: str, *commands: Sequence[str | Path]) -> Path:
    """The environment of a peer, made the first time; skips when it cannot be."""
    place = root / "build" / "peers" / name.replace("/", "-").replace("@", "")
    if not (place / "done").exists():
        place.mkdir(parents=True, exist_ok=True)
        try:
            for command in commands:
                _run(command, place)
        except (OSError, subprocess.SubprocessError) as error:
            pytest.skip(f"the peer {name} cannot be installed here: {type(error).__name__}")
        (place / "done").touch()
    return place


@pytest.fixture(scope="session")
def shopifyapp(pytestconfig: pytest.Config) -> Judge:
    """PyPI's client."""
    name = "shopifyapp==1.0.2"
    pip = ["env/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", name]
    place = _installed(pytestconfig.rootpath, name, [sys.executable, "-m", "venv", "env"], pip)
    python = place / "env" / "bin" / "python"
    return lambda asked: json.loads(_run([python, PEERS / "judge.py"], place, json.dumps(asked)))


@pytest.fixture(scope="session")
def shopify_api(pytestconfig: pytest.Config) -> Judge:
    """npm's client."""
    name = "@shopify/shopify-api@13.1.0"
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip(f"the peer {name} needs node and npm, which are not here")
    install = [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", ".", name]
    place = _installed(pytestconfig.rootpath, name, install)
    # A module is looked for from where the script lies.
    shutil.copy(PEERS / "judge.mjs", place / "judge.mjs")
    return lambda asked: json.loads(_run([node, "judge.mjs"], place, json.dumps(asked)))


@pytest.fixture
def pushes(
    simulator: ShopifySimulator, channel: Shopify, letterbox: tuple[str, list[Delivery]], oakland: Address
) -> list[Delivery]:
    """One of each kind, as the simulator sends them."""
    address, taken = letterbox
    simulator.open_shop((), webhooks=f"{address}/hook")
    order_id = simulator.place(BuyerOrder("ann", oakland, (("CUP", 1),), message="周末 送货 “quoted”"))
    simulator.push(order_id)
    simulator.push(order_id)
    simulator.push_work(order_id)
    simulator.push_privacy("customers/redact", order_id)
    simulator.push_privacy("shop/redact", order_id)
    simulator.uninstall()
    assert len(taken) == 6
    return taken


def spoiled(push: Delivery, secret: str) -> list[Delivery]:
    """The same push tampered with in every way that a signature is there for."""
    proof = base64.b64encode(hmac.new(b"wrong", push.body, hashlib.sha256).digest()).decode()
    unsigned = {name: value for name, value in push.headers.items() if name != "x-shopify-hmac-sha256"}
    hexed = hmac.new(secret.encode(), push.body, hashlib.sha256).hexdigest()
    return [
        Delivery(push.headers, push.body + b" "),
        Delivery({**push.headers, "x-shopify-hmac-sha256": proof}, push.body),
        Delivery({**push.headers, "x-shopify-hmac-sha256": hexed}, push.body),
        Delivery(unsigned, push.body),
    ]


def asked(simulator: ShopifySimulator, pushes: Sequence[Delivery], **more: Any) -> dict[str, Any]:
    return {
        "client_id": simulator.door.client_id,
        "secret": simulator.secret,
        "former": "",
        "base_url": "",
        "returns": [],
        "pushes": [{"headers": dict(push.headers), "body": push.body.decode()} for push in pushes],
        **more,
    }


def ours(channel: Shopify, pushes: Sequence[Delivery]) -> list[bool]:
    """Whether our own validator lets them in."""
    verdicts = []
    for push in pushes:
        try:
            channel.receive(push)
            verdicts.append(True)
        except RemoteRejected:
            verdicts.append(False)
    return verdicts


def test_shopifyapp_lets_in_the_pushes_that_we_let_in(
    simulator: ShopifySimulator, channel: Shopify, pushes: list[Delivery], shopifyapp: Judge
) -> None:
    every = [*pushes, *spoiled(pushes[0], simulator.secret)]
    verdicts = shopifyapp(asked(simulator, every))["pushes"]
    assert verdicts == ours(channel, every) == [True] * 6 + [False] * 4


def test_shopifyapp_accepts_a_former_secret_as_we_do(
    simulator: ShopifySimulator, channel: Shopify, pushes: list[Delivery], shopifyapp: Judge
) -> None:
    rotated = {**channel.config, "client_secret": "new", "client_secret_old": simulator.secret}
    verdicts = shopifyapp(asked(simulator, pushes, secret="new", former=simulator.secret))["pushes"]
    assert verdicts == ours(Shopify(rotated, channel.transport), pushes) == [True] * 6


def test_shopify_api_lets_in_the_pushes_that_we_let_in(
    simulator: ShopifySimulator, channel: Shopify, pushes: list[Delivery], shopify_api: Judge
) -> None:
    every = [*pushes, *spoiled(pushes[0], simulator.secret)]
    verdicts = shopify_api(asked(simulator, every))["pushes"]
    assert [verdict["valid"] for verdict in verdicts] == ours(channel, every) == [True] * 6 + [False] * 4
    assert [verdict["webhookId"] for verdict in verdicts[:6]] == [push.headers["x-shopify-webhook-id"] for push in pushes]
    assert [verdict["reason"] for verdict in verdicts[6:]] == ["invalid_hmac"] * 3 + ["missing_hmac"]


def test_shopifyapp_works_with_the_simulated_shop(simulator: ShopifySimulator, shopifyapp: Judge) -> None:
    back = httpx.get(
        Shopify(simulator.settings(), HttpTransport(SystemEnvironment())).consent_page("https://y/", "s"), trust_env=False
    )
    code = dict(parse_qsl(urlsplit(back.headers["location"]).query))["code"]
    sent = {"client_id": simulator.door.client_id, "client_secret": simulator.secret, "code": code, "expiring": "1"}
    grant = httpx.post(f"{simulator.base_url}/admin/oauth/access_token", json=sent, trust_env=False).json()
    said = shopifyapp(asked(simulator, [], base_url=simulator.base_url, refresh_token=grant["refresh_token"]))
    assert (said["given"], said["refreshed"], said["wrong"]) == (True, True, False)
    assert said["shop"] == {"shop": {"myshopifyDomain": "demo.myshopify.com"}}
    assert said["fresh"] == {"shop": {"name": "Demo"}}
    assert (said["typo"], said["stranger"]) == ("graphql_errors", "unauthorized")


@pytest.mark.parametrize("state", ["s1", "gAAAAAB-_x.y:z=="])
def test_shopify_api_proves_the_return_that_we_prove(state: str, shopify_api: Judge) -> None:
    """By the real clock, which is the only one that the client knows."""
    shop = ShopifySimulator()
    shop.start()
    transport = HttpTransport(SystemEnvironment())
    try:
        channel = Shopify(shop.settings(), transport)
        page = httpx.get(channel.consent_page("https://yard.example/back", state), trust_env=False)
        query = dict(parse_qsl(urlsplit(page.headers["location"]).query))
        # As its client writes it, where a value needs escaping.
        if state != "s1":
            query["hmac"] = _escaped_proof(query, shop.secret)
        tampered = {**query, "code": "another"}
        said = shopify_api(asked(shop, [], returns=[query, tampered]))["returns"]
        assert said == [True, False]
        assert channel.exchange(query, "https://yard.example/back").settings["access_token"]
        with pytest.raises(RemoteRejected, match="not made by Shopify"):
            channel.exchange(tampered, "https://yard.example/back")
    finally:
        transport.close()
        shop.stop()


def _escaped_proof(query: dict[str, str], secret: str) -> str:
    message = str(httpx.QueryParams(sorted((name, value) for name, value in query.items() if name != "hmac")))
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()
