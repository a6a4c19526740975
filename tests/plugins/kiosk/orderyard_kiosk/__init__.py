"""A shop of one page: the plugin is the platform, so its documents are handed in at the desk."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from flask import Blueprint

from orderyard.core.channels.api import Buyer, Channel, ChannelLine, ChannelOrder, ListingRef, TradeState
from orderyard.core.host.api import House
from orderyard.core.hosted.api import HostedChannel
from orderyard.core.kernel.errors import DomainError, RemoteNotUnderstood
from orderyard.core.kernel.values import Address, Money, SettingField
from orderyard.hookspecs import Manifest, hookimpl

from .pages import pages

manifest = Manifest(slug="kiosk", title="Kiosk", migrations=Path(__file__).parent / "migrations")


class Kiosk(HostedChannel):
    """Finds nothing by itself and has nobody to tell: what is ordered stands on our own page."""

    name: ClassVar[str] = "kiosk"
    title: ClassVar[str] = "Kiosk"
    settings: ClassVar[tuple[SettingField, ...]] = (SettingField("greeting", "Greeting", default="Hello"),)

    def read(self, body: bytes) -> ChannelOrder:
        try:
            said: dict[str, Any] = json.loads(body)
            return _order(said)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, DomainError) as error:
            raise RemoteNotUnderstood(f"no order of a kiosk: {error}") from error


def _order(said: dict[str, Any]) -> ChannelOrder:
    at, name = datetime.fromisoformat(said["at"]), str(said["id"])
    lines = tuple(
        ChannelLine(code, ListingRef(f"kiosk-{code}", "", code), code, units, Money(price, "CNY"), Money(price * units, "CNY"))
        for code, (units, price) in said["goods"].items()
    )
    total = sum((line.amount for line in lines), Money.zero("CNY"))
    return ChannelOrder(
        name, name, at, TradeState.TO_SHIP, at, None, "CNY", lines, Money.zero("CNY"), total, Money.zero("CNY"),
        Money.zero("CNY"), Buyer(said["to"]["phone"]), Address(**said["to"]), cod=True,
    )  # fmt: skip


@hookimpl
def register_channels() -> Iterable[type[Channel]]:
    return [Kiosk]


@hookimpl
def register_blueprints(house: House) -> Iterable[Blueprint]:
    return [pages]
