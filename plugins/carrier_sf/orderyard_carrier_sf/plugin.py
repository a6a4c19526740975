"""Where the host meets this plugin."""

from __future__ import annotations

from collections.abc import Iterable

from orderyard.core.carriers.api import Carrier
from orderyard.core.testing.simulator import Simulator
from orderyard.hookspecs import Manifest, hookimpl

from .carrier import SfExpress
from .simulator.server import SfExpressSimulator

manifest = Manifest(slug="carrier_sf", title="顺丰速运 SF Express")


@hookimpl
def register_carriers() -> Iterable[type[Carrier]]:
    return (SfExpress,)


@hookimpl
def register_simulators() -> Iterable[type[Simulator]]:
    return (SfExpressSimulator,)
