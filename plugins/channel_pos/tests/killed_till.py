"""A server in a process of its own that dies on the way: `python killed_till.py <home> <database> <when> <document>`.

`when` is `before` or `after` the goods are handed over; either way the sale's transaction has not ended.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import orderyard_channel_pos.plugin

from orderyard.app import Config, System, create_app
from orderyard.core.fulfillment import handing
from orderyard.core.kernel.uow import UnitOfWork
from orderyard.core.orders.api import GivenAtCounter
from orderyard.core.web.hosting import PluginHouse
from orderyard.core.web.services import services


def die(uow: UnitOfWork, events: Sequence[GivenAtCounter]) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(home: str, url: str, when: str, document: str) -> None:
    plugins = {"channel_pos": orderyard_channel_pos.plugin}
    system = System(Config(Path(home), url, plugins=tuple(plugins), extra=plugins))
    listeners = system.installation.wiring.listeners[GivenAtCounter,]
    assert listeners == [handing.hear_given]
    listeners.insert(0 if when == "before" else 1, die)
    PluginHouse(services(create_app(system)), "channel_pos", b"key").desk("pos-1").deliver(document.encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
