"""What this distribution brings to Orderyard."""

from __future__ import annotations

from collections.abc import Iterable

from orderyard.core.channels.api import Channel
from orderyard.core.testing.simulator import Simulator
from orderyard.hookspecs import Manifest, hookimpl

from .adapter import Bazaar

manifest = Manifest(slug="channel_bazaar", title="Bazaar")


@hookimpl
def register_channels() -> Iterable[type[Channel]]:
    return [Bazaar]


@hookimpl
def register_simulators() -> Iterable[type[Simulator]]:
    from .simulator import BazaarSimulator

    return [BazaarSimulator]
