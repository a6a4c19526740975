"""A server in a process of its own that dies on the way: `python killed_till.py <home> <database> <document>`.

The order is there and its goods are handed over by then; the sale's transaction has not ended.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import orderyard_channel_pos.plugin

from orderyard.app import Config, System, create_app
from orderyard.core.kernel.uow import UnitOfWork
from orderyard.core.orders.api import GivenAtCounter
from orderyard.core.web.hosting import PluginHouse
from orderyard.core.web.services import services


def die(uow: UnitOfWork, events: Sequence[GivenAtCounter]) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(home: str, url: str, document: str) -> None:
    plugins = {"channel_pos": orderyard_channel_pos.plugin}
    system = System(Config(Path(home), url, plugins=tuple(plugins), extra=plugins))
    system.installation.wiring.hear(GivenAtCounter, die)
    PluginHouse(services(create_app(system)), "channel_pos", b"key").desk("pos-1").deliver(document.encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
