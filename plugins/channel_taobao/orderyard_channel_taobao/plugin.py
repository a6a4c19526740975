"""What the plugin host loads: the manifest, the channel and its simulator."""

from __future__ import annotations

from collections.abc import Iterable

from orderyard.core.channels.api import Channel
from orderyard.core.testing.simulator import Simulator
from orderyard.hookspecs import Manifest, hookimpl

from .channel import TaobaoChannel

manifest = Manifest(slug="channel_taobao", title="淘宝/Taobao")


@hookimpl
def register_channels() -> Iterable[type[Channel]]:
    return [TaobaoChannel]


@hookimpl
def register_simulators() -> Iterable[type[Simulator]]:
    # Imported when asked for, so that a merchant's own worker never loads the simulator.
    from .simulator.server import TaobaoSimulator

    return [TaobaoSimulator]
