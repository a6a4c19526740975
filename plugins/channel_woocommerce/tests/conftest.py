"""A shop on loopback and the channel that talks to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from orderyard_channel_woocommerce.adapter import WooCommerce
from orderyard_channel_woocommerce.simulator.server import WooCommerceSimulator

from orderyard.core.kernel.transport import HttpTransport
from orderyard.core.kernel.values import Address, Money
from orderyard.core.testing.scripted import FixedEnvironment
from orderyard.core.testing.simulator import ShopItem


@pytest.fixture
def environment() -> FixedEnvironment:
    return FixedEnvironment(datetime(2026, 11, 21, 8, 0, 5, 250_000, tzinfo=UTC))


@pytest.fixture
def simulator(environment: FixedEnvironment) -> Iterator[WooCommerceSimulator]:
    simulator = WooCommerceSimulator(environment)
    simulator.start()
    simulator.open_shop(
        (
            ShopItem("TEE-M", "Tee", Money.of("10.50", "EUR"), options={"Size": "M"}),
            ShopItem("TEE-L", "Tee", Money.of("12.00", "EUR"), options={"Size": "L"}),
            ShopItem("CUP", "Cup", Money.of("7.00", "EUR")),
        )
    )
    yield simulator
    simulator.stop()


@pytest.fixture
def transport(environment: FixedEnvironment) -> Iterator[HttpTransport]:
    transport = HttpTransport(environment)
    yield transport
    transport.close()


@pytest.fixture
def channel(simulator: WooCommerceSimulator, transport: HttpTransport) -> WooCommerce:
    return WooCommerce(simulator.settings(), transport)


@pytest.fixture
def lyon() -> Address:
    return Address(country="FR", city="Lyon", detail="3 rue Neuve", postcode="69001", name="Ann Ames", phone="+33612345678")
