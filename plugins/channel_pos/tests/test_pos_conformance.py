"""The counter against the kit of shops that plugins keep."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

import orderyard_channel_pos.plugin
from orderyard_channel_pos.adapter import ShopCounter
from pos_sales import document, sale

from orderyard.core.channels.api import Channel
from orderyard.core.testing.conformance_hosted import HostedConformance


class TestCounter(HostedConformance):
    plugin: ClassVar[Any] = orderyard_channel_pos.plugin
    adapter: ClassVar[type[Channel]] = ShopCounter
    settings: ClassVar[Mapping[str, str]] = {"warehouse": "SH"}
    sends: ClassVar[bool] = False

    def document(self, number: int, at: datetime, units: Mapping[str, int]) -> tuple[str, bytes]:
        one = sale(number, *((sku, count, 1000) for sku, count in units.items()), at=at.isoformat())
        return str(one["id"]), document(one)
