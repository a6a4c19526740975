"""Entry point of the CRM sync: what it hears, and the box it shows beside an order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from orderyard.core.customers.api import CustomerChanged
from orderyard.core.fulfillment.api import ShipmentDispatched
from orderyard.core.host.api import Failed, Manifest, Panel, PluginContext
from orderyard.core.kernel.errors import CredentialsRefused, OrderyardError
from orderyard.core.orders.api import OrderMoved, OrderPlaced
from orderyard.core.testing.simulator import Simulator
from orderyard.hookspecs import hookimpl

from .mapping import SETTINGS, configured
from .simulator import HubSpotSimulator
from .sync import Failures, Remembered, Sync, contact_memory, deal_memory

manifest = Manifest(slug="crm_sync", title="CRM sync (HubSpot)", settings=SETTINGS)


@hookimpl
def register_simulators() -> Iterable[type[Simulator]]:
    return (HubSpotSimulator,)


@hookimpl
def on_customer_changed(events: Sequence[CustomerChanged], context: PluginContext) -> Sequence[Failed]:
    ids = [event.customer_id for event in events]
    return _failed([(one,) for one in ids], context, lambda sync: sync.customers(ids))


@hookimpl
def on_order_placed(events: Sequence[OrderPlaced], context: PluginContext) -> Sequence[Failed]:
    ids = [event.order_id for event in events]
    return _failed([(one,) for one in ids], context, lambda sync: sync.orders(ids))


@hookimpl
def on_order_moved(events: Sequence[OrderMoved], context: PluginContext) -> Sequence[Failed]:
    ids = [event.order_id for event in events]
    return _failed([(one,) for one in ids], context, lambda sync: sync.orders(ids))


@hookimpl
def on_shipment_dispatched(events: Sequence[ShipmentDispatched], context: PluginContext) -> Sequence[Failed]:
    return _failed([event.order_ids for event in events], context, lambda sync: sync.dispatched(events))


@hookimpl
def show_order_panels(order_id: int, context: PluginContext) -> Iterable[Panel]:
    try:
        config = configured(context.settings)
    except CredentialsRefused:
        return ()
    deal = Remembered.read(context.memory.get(deal_memory(order_id))).id
    customer_id = context.read.order(order_id).customer_id
    contact = Remembered.read(context.memory.get(contact_memory(customer_id))).id
    rows = (
        ("商机 Deal", deal or "尚未同步 not sent yet", config.page("0-3", deal)),
        ("联系人 Contact", contact or "尚未同步 not sent yet", config.page("0-1", contact)),
    )
    return (Panel(config.crm_name, rows),)


def _failed(about: Sequence[Sequence[int]], context: PluginContext, work: Callable[[Sync], Failures]) -> list[Failed]:
    """Every event one of whose records failed; several events may be about the same record, which is sent once."""
    try:
        failures = work(Sync(context, configured(context.settings)))
    except OrderyardError as error:
        return [Failed(index, error) for index in range(len(about))]
    first = [next((failures[one] for one in ids if one in failures), None) for ids in about]
    return [Failed(index, error) for index, error in enumerate(first) if error is not None]
