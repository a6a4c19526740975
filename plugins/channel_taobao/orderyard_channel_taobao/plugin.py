"""What the plugin host loads: the manifest, the channel, its waybills and their simulator."""

from __future__ import annotations

from collections.abc import Iterable

from orderyard.core.carriers.api import Carrier
from orderyard.core.channels.api import Channel
from orderyard.core.testing.simulator import Simulator
from orderyard.hookspecs import Manifest, hookimpl

from .channel import TaobaoChannel
from .waybills import CainiaoWaybills

manifest = Manifest(slug="channel_taobao", title="淘宝/Taobao")


@hookimpl
def register_channels() -> Iterable[type[Channel]]:
    return [TaobaoChannel]


@hookimpl
def register_carriers() -> Iterable[type[Carrier]]:
    return [CainiaoWaybills]


@hookimpl
def register_simulators() -> Iterable[type[Simulator]]:
    # Imported when asked for, so that a merchant's own worker never loads the simulator.
    from .simulator.server import TaobaoSimulator

    return [TaobaoSimulator]
