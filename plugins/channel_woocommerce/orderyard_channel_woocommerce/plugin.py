"""What this distribution brings to Orderyard: the channel and its simulator."""

from __future__ import annotations

from collections.abc import Iterable

from orderyard.core.channels.api import Channel
from orderyard.core.testing.simulator import Simulator
from orderyard.hookspecs import Manifest, hookimpl

from .adapter import WooCommerce

manifest = Manifest(slug="channel_woocommerce", title="WooCommerce")


@hookimpl
def register_channels() -> Iterable[type[Channel]]:
    return [WooCommerce]


@hookimpl
def register_simulators() -> Iterable[type[Simulator]]:
    # Imported when asked for, so that a merchant's own worker never loads it.
    from .simulator.server import WooCommerceSimulator

    return [WooCommerceSimulator]
