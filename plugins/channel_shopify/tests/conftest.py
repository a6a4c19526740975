"""The vendor's real schemas, read once per session, and a shop on loopback."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_client_schema
from orderyard_channel_shopify.adapter import Shopify
from orderyard_channel_shopify.simulator.server import ShopifySimulator

from orderyard.core.kernel.transport import HttpTransport
from orderyard.core.kernel.values import Address, Money
from orderyard.core.testing.scripted import FixedEnvironment
from orderyard.core.testing.simulator import ShopItem


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
