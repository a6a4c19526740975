"""What the plugin registers."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Blueprint

from orderyard.core.channels.api import Channel
from orderyard.core.host.api import House
from orderyard.hookspecs import Manifest, hookimpl

from .adapter import ShopCounter
from .pages import pages

manifest = Manifest(slug="channel_pos", title="Counter")


@hookimpl
def register_channels() -> Iterable[type[Channel]]:
    return [ShopCounter]


@hookimpl
def register_blueprints(house: House) -> Iterable[Blueprint]:
    return [pages]
