"""What this distribution brings to Orderyard: the channel, its tables and its pages."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from orderyard.core.channels.api import Channel
from orderyard.core.host.api import Panel, PluginContext
from orderyard.hookspecs import Manifest, hookimpl

from .adapter import OrderPage

if TYPE_CHECKING:
    from flask import Blueprint

manifest = Manifest(slug="channel_web", title="Order pages", migrations=Path(__file__).parent / "migrations")


@hookimpl
def register_channels() -> Iterable[type[Channel]]:
    return [OrderPage]


@hookimpl
def show_order_panels(order_id: int, context: PluginContext) -> Iterable[Panel]:
    """Where an order came from."""
    from orderyard.core.web.api import gettext as _

    row = context.tables.row(
        "SELECT o.campaign, o.source, c.title FROM channel_web_order o JOIN channel_web_campaign c ON c.code = o.campaign "
        "WHERE o.external_id = ?",
        (context.read.order(order_id).external_number,),
    )
    if row is None:
        return []
    code, source, title = row
    return [
        Panel(_("Order page"), ((_("Campaign"), title, f"/x/channel_web/campaigns/{code}"), (_("Link source"), source, "")))
    ]


@hookimpl
def register_blueprints() -> Iterable[Blueprint]:
    # Imported when asked for, so that a worker without pages never loads them.
    from .pages import pages

    return [pages]
