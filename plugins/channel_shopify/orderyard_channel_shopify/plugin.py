"""What this distribution brings to Orderyard: the channel and its simulator."""

from __future__ import annotations

from collections.abc import Iterable

from orderyard.core.channels.api import Channel
from orderyard.core.testing.simulator import Simulator
from orderyard.hookspecs import Manifest, hookimpl

from .adapter import Shopify

manifest = Manifest(slug="channel_shopify", title="Shopify")


@hookimpl
def register_channels() -> Iterable[type[Channel]]:
    return [Shopify]


@hookimpl
def register_simulators() -> Iterable[type[Simulator]]:
    # Imported when asked for, so that a merchant's own worker never loads the simulator and all of GraphQL.
    from .simulator.server import ShopifySimulator

    return [ShopifySimulator]
