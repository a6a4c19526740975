"""The vendor's real schemas, read once per session, and a shop on loopback."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from threading import Thread

import pytest
from graphql import GraphQLSchema, build_client_schema
from orderyard_channel_shopify.adapter import Shopify
from orderyard_channel_shopify.simulator.server import ShopifySimulator
from orderyard_channel_shopify.wire import VERSION
from werkzeug.serving import make_server
from werkzeug.wrappers import Request as WebRequest
from werkzeug.wrappers import Response as WebResponse

from orderyard.core.kernel.transport import Delivery, HttpTransport
from orderyard.core.kernel.values import Address, Money
from orderyard.core.testing.scripted import FixedEnvironment
from orderyard.core.testing.simulator import ShopItem


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`admin_version`: every version whose schema lies in the vendors' folder, the one we speak at least."""
    if "admin_version" in metafunc.fixturenames:
        root = os.environ.get("ORDERYARD_VENDOR_DATA") or metafunc.config.rootpath.parent / "shared" / "data"
        found = {path.name[6:13] for path in (Path(root) / "shopify").glob("admin_????-??.json.gz")}
        metafunc.parametrize("admin_version", sorted(found | {VERSION}))


@pytest.fixture(scope="session")
def admin_schema(vendor_data: Path) -> Callable[[str], GraphQLSchema]:
    """The real Admin API schema of a version."""

    @cache
    def load(version: str) -> GraphQLSchema:
        path = vendor_data / "shopify" / f"admin_{version}.json.gz"
        if not path.is_file():
            pytest.skip(f"the vendor's schema {version} is not here")
        introspection = json.loads(gzip.decompress(path.read_bytes()))
        # The vendor deprecates required arguments, which graphql-core would refuse.
        return build_client_schema(introspection.get("data", introspection), assume_valid=True)

    return load


@pytest.fixture
def environment() -> FixedEnvironment:
    return FixedEnvironment(datetime(2026, 11, 21, 8, 0, 5, 250_000, tzinfo=UTC))


@pytest.fixture
def simulator(environment: FixedEnvironment) -> Iterator[ShopifySimulator]:
    simulator = ShopifySimulator(environment)
    simulator.start()
    simulator.open_shop(
        (ShopItem("TEE-M", "Tee", Money.of("10.50", "USD"), "6901"), ShopItem("CUP", "Cup", Money.of("7.00", "USD")))
    )
    yield simulator
    simulator.stop()


@pytest.fixture(scope="session")
def transport() -> Iterator[HttpTransport]:
    """One for all: making a client costs more than most cases, and the channel never asks for the time."""
    transport = HttpTransport(FixedEnvironment())
    yield transport
    transport.close()


@pytest.fixture
def channel(simulator: ShopifySimulator, transport: HttpTransport) -> Shopify:
    return Shopify(simulator.settings(), transport)


@pytest.fixture
def oakland() -> Address:
    return Address(
        country="US", province="CA", city="Oakland", detail="1 Main St", postcode="94601", name="Ann Ames", phone="+15555550100"
    )


@pytest.fixture
def letterbox() -> Iterator[tuple[str, list[Delivery]]]:
    """An address that takes pushes, and what came in."""
    taken: list[Delivery] = []

    @WebRequest.application
    def take(request: WebRequest) -> WebResponse:
        headers = {name.lower(): value for name, value in request.headers}
        taken.append(Delivery(headers, request.get_data()))
        return WebResponse(status=200 if request.path == "/hook" else 410)

    server = make_server("127.0.0.1", 0, take)
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", taken
    server.shutdown()
    thread.join()
    server.server_close()
