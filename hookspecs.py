"""The contract with plugins: every hook, with one line each. `docs/hooks.md` says more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import pluggy

from .core.carriers.api import Carrier
from .core.channels.api import Channel
from .core.customers.api import CustomerChanged
from .core.fulfillment.api import ShipmentDispatched
from .core.host.api import API_VERSION, Command, Failed, House, Manifest, Panel, PluginContext
from .core.inventory.api import LowStock, LowStockCleared
from .core.ledger.api import LedgerExporter
from .core.orders.api import Gift, NoGift, OrderMoved, OrderPlaced, SettledOrder, Transition
from .core.review.api import ReviewRule
from .core.testing.simulator import Simulator

if TYPE_CHECKING:
    from flask import Blueprint

__all__ = ["API_VERSION", "Manifest", "Simulator", "hookimpl", "hookspec"]

hookspec = pluggy.HookspecMarker("orderyard")
hookimpl = pluggy.HookimplMarker("orderyard")


# register_: once, at start-up; a plugin that raises is switched off and the rest start.


@hookspec
def register_channels() -> Iterable[type[Channel]] | None:
    """Sales channels."""


@hookspec
def register_carriers() -> Iterable[type[Carrier]] | None:
    """Carriers."""


@hookspec
def register_ledger_exporters() -> Iterable[type[LedgerExporter]] | None:
    """File formats of ledger programs."""


@hookspec
def register_review_rules() -> Iterable[type[ReviewRule]] | None:
    """Questions every order must answer before it may ship."""


@hookspec
def register_simulators() -> Iterable[type[Simulator]] | None:
    """Servers on loopback that speak the vendor's wire protocol, for the demo and for tests."""


@hookspec
def register_commands() -> Iterable[type[Command]] | None:
    """Commands, called as `orderyard x <slug> <name>`."""


@hookspec
def register_blueprints(house: House) -> Iterable[Blueprint] | None:
    """Pages of its own, under `/x/<slug>`."""


# amend_: inside the transaction, pure, no network; an error aborts the whole unit of work.


@hookspec
def amend_settled(order: SettledOrder, settings: Mapping[str, str]) -> Iterable[Gift | NoGift] | None:
    """What an order that is settled gets on top, at no charge."""


# object_to_: inside the transaction, pure, no network; an objection or an error stops the move.


@hookspec
def object_to_transition(transition: Transition) -> str | None:
    """Why an order or fulfillment order must not make this move, or None."""


# on_: after the commit, from the outbox, at least once; only what fails is repeated.


@hookspec
def on_order_placed(events: Sequence[OrderPlaced], context: PluginContext) -> Sequence[Failed] | None:
    """Orders came into being."""


@hookspec
def on_order_moved(events: Sequence[OrderMoved], context: PluginContext) -> Sequence[Failed] | None:
    """Orders changed their status."""


@hookspec
def on_customer_changed(events: Sequence[CustomerChanged], context: PluginContext) -> Sequence[Failed] | None:
    """Customers are new or changed."""


@hookspec
def on_shipment_dispatched(events: Sequence[ShipmentDispatched], context: PluginContext) -> Sequence[Failed] | None:
    """Parcels left a warehouse."""


@hookspec
def on_low_stock(events: Sequence[LowStock], context: PluginContext) -> Sequence[Failed] | None:
    """Fewer units of SKUs are available than somebody wants to have."""


@hookspec
def on_low_stock_cleared(events: Sequence[LowStockCleared], context: PluginContext) -> Sequence[Failed] | None:
    """As many units are available again."""


# show_: while a page is drawn; an error leaves a gap, with a note for administrators.


@hookspec
def show_order_panels(order_id: int, context: PluginContext) -> Iterable[Panel] | None:
    """Boxes beside an order."""
