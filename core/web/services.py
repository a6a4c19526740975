"""What the console is given when it is mounted; it keeps no rules and reaches for nothing by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app

from ..channels.engine import ChannelEngine
from ..host.plugins import Plugins
from ..host.sealing import Seal
from ..host.service import PluginContexts
from ..kernel.uow import Installation

NAME = "orderyard.console"


@dataclass(frozen=True)
class ConsoleServices:
    """The running system as the console sees it."""

    installation: Installation
    plugins: Plugins
    contexts: PluginContexts
    """What a plugin is given when it is called; its settings serve its ledger exporters too."""
    seal: Seal
    """Closes plugins' settings before they are stored."""
    channels: ChannelEngine
    """For what a person wants of a platform at once."""


def services(app: Flask | None = None) -> ConsoleServices:
    return cast(ConsoleServices, (app or current_app).extensions[NAME])
