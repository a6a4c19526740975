"""The bell's own tests: no Orderyard is running, no chat is called."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import orderyard_bell as bell
import pytest

from orderyard.core.customers.api import CustomerCard
from orderyard.core.fulfillment.api import ShipmentDispatched
from orderyard.core.host.api import PluginContext
from orderyard.core.kernel.errors import RemoteRejected, RemoteUnavailable
from orderyard.core.orders.api import OrderCard, Transition
from orderyard.core.testing.scripted import ScriptedTransport, answer

SENT = ShipmentDispatched(7, "FO7", "SH", "SF", "SF001", order_ids=(1, 2))


class Memory(dict[str, str]):
    def put(self, values: Mapping[str, str]) -> None:
        self.update(values)


class NobodyAsks:
    def customer(self, customer_id: int) -> CustomerCard:
        raise AssertionError(customer_id)

    def order(self, order_id: int) -> OrderCard:
        raise AssertionError(order_id)


def context(transport: ScriptedTransport) -> PluginContext:
    settings = {"url": "https://chat.example/hook", "token": "t0ken"}
    return PluginContext("bell", settings, transport, NobodyAsks(), Memory(), datetime(2026, 1, 2, tzinfo=UTC))


def test_it_rings_once_per_parcel_and_remembers_it() -> None:
    given = context(ScriptedTransport(answer("ok")))
    assert bell.on_shipment_dispatched([SENT], given) == []
    assert [panel.rows for panel in bell.show_order_panels(2, given)] == [(("rung for", "SF001", ""),)]
    assert list(bell.show_order_panels(3, given)) == []


def test_only_what_did_not_ring_is_told_again() -> None:
    given = context(ScriptedTransport(answer("ok"), RemoteUnavailable("no line"), answer("no", status=403)))
    failed = bell.on_shipment_dispatched([SENT, SENT, SENT], given)
    assert [(one.index, type(one.error)) for one in failed] == [(1, RemoteUnavailable), (2, RemoteRejected)]


@pytest.mark.parametrize(("source", "objects"), [("packed", True), ("picking", False)])
def test_what_is_packed_is_not_cancelled(source: str, objects: bool) -> None:
    move = Transition("fulfillment_order", 7, source, "cancelled", {})
    assert (bell.object_to_transition(move) is not None) == objects
