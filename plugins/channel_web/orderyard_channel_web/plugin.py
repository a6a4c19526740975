"""What this distribution brings to Orderyard: the channel, its tables and its pages."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from orderyard.core.channels.api import Channel
from orderyard.hookspecs import Manifest, hookimpl

from .adapter import OrderPage

if TYPE_CHECKING:
    from flask import Blueprint

manifest = Manifest(slug="channel_web", title="Order pages", migrations=Path(__file__).parent / "migrations")


@hookimpl
def register_channels() -> Iterable[type[Channel]]:
    return [OrderPage]


@hookimpl
def register_blueprints() -> Iterable[Blueprint]:
    # Imported when asked for, so that a worker without pages never loads them.
    from .pages import pages

    return [pages]
