"""A plugin that listens, so that every order and every shipment leaves an outbox row as it does at a merchant's."""

from __future__ import annotations

from collections.abc import Sequence

from orderyard.core.fulfillment.api import ShipmentDispatched
from orderyard.core.host.api import Manifest, PluginContext
from orderyard.core.orders.api import OrderPlaced
from orderyard.hookspecs import hookimpl

manifest = Manifest(slug="listener", title="Listener")


@hookimpl
def on_order_placed(events: Sequence[OrderPlaced], context: PluginContext) -> None:
    """Nothing: being told is the work."""


@hookimpl
def on_shipment_dispatched(events: Sequence[ShipmentDispatched], context: PluginContext) -> None:
    """Nothing: being told is the work."""
