"""Who a request comes from: the server in front is believed, when it was named; nobody else is."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from flask import Flask, request

from orderyard.core.web.server import Server

SAID = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "shop.example"}


@pytest.fixture
def app() -> Flask:
    made = Flask("asked")
    made.get("/")(lambda: f"{request.remote_addr} {request.url}")
    return made


@pytest.fixture(params=["127.0.0.1", "198.51.100.7", ""])
def told(request: pytest.FixtureRequest, app: Flask) -> Iterator[tuple[str, str]]:
    """The proxy that was named, and what the application made of a request through this machine."""
    server = Server(app, "127.0.0.1", 0, threads=1, proxy=request.param)
    server.start()
    yield request.param, httpx.get(server.address, headers=SAID, trust_env=False).text
    server.stop()


def test_only_the_proxy_that_was_named_is_believed(told: tuple[str, str]) -> None:
    proxy, answer = told
    assert answer.startswith("203.0.113.9 https://shop.example/" if proxy == "127.0.0.1" else "127.0.0.1 http://127.0.0.1")
