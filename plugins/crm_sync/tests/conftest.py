"""A host that the hooks can be called with: customers, orders, a memory, and a CRM on loopback."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from orderyard_crm_sync.simulator import HubSpotSimulator

from orderyard.core.customers.api import CustomerCard
from orderyard.core.host.api import PluginContext
from orderyard.core.kernel.errors import DomainError
from orderyard.core.kernel.transport import HttpTransport, Request, Response
from orderyard.core.kernel.values import Address, Money
from orderyard.core.orders.api import OrderCard, OrderStatus, PaymentState, ReviewState
from orderyard.core.testing.scripted import FixedEnvironment

NOW = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)


@dataclass
class Core:
    """What `context.read`, `context.memory` and `context.transport` stand for."""

    http: HttpTransport
    customers: dict[int, CustomerCard] = field(default_factory=dict)
    orders: dict[int, OrderCard] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    sent: list[Request] = field(default_factory=list)
    while_sending: list[tuple[int, OrderStatus]] = field(default_factory=list)
    """Status changes that happen while a request is under way, one per request."""

    def customer(self, customer_id: int) -> CustomerCard:
        if customer_id not in self.customers:
            raise DomainError(f"there is no customer {customer_id}")
        return self.customers[customer_id]

    def order(self, order_id: int) -> OrderCard:
        if order_id not in self.orders:
            raise DomainError(f"there is no order {order_id}")
        return self.orders[order_id]

    def get(self, key: str) -> str | None:
        return self.kept.get(key)

    def put(self, values: Mapping[str, str]) -> None:
        self.kept |= values

    def now(self) -> datetime:
        return NOW

    def send(self, request: Request) -> Response:
        self.sent.append(request)
        response = self.http.send(request)
        if "/deals/" in request.url and self.while_sending:
            self.move(*self.while_sending.pop(0))
        return response

    def meet(self, customer_id: int, email: str = "", phone: str = "", name: str = "测试甲") -> None:
        self.customers[customer_id] = CustomerCard(customer_id, name, email, phone, "tb", f"buyer-{customer_id}")

    def take(self, order_id: int, customer_id: int, amount: str = "108.00", currency: str = "CNY") -> None:
        total = Money.of(amount, currency)
        zero = Money.zero(currency)
        self.orders[order_id] = OrderCard(
            id=order_id,
            number=f"SO-{order_id:04}",
            shop="tb",
            external_number=f"T{order_id}",
            status=OrderStatus.PENDING_REVIEW,
            review=ReviewState.PENDING,
            payment=PaymentState.PAID,
            customer_id=customer_id,
            receiver=Address(),
            lines=(),
            freight=zero,
            total=total,
            paid=total,
            refunded=zero,
            cod=False,
            placed_at=NOW,
            paid_at=NOW,
            message="",
            memo="",
        )

    def move(self, order_id: int, status: OrderStatus) -> None:
        self.orders[order_id] = replace(self.orders[order_id], status=status)


@pytest.fixture
def crm() -> Iterator[HubSpotSimulator]:
    simulator = HubSpotSimulator()
    simulator.start()
    yield simulator
    simulator.stop()


@pytest.fixture
def core() -> Iterator[Core]:
    http = HttpTransport(FixedEnvironment())
    yield Core(http)
    http.close()


@pytest.fixture
def context(core: Core, crm: HubSpotSimulator) -> PluginContext:
    return PluginContext("crm_sync", crm.settings(), core, core, core, NOW)
