"""The kit for shops that a plugin keeps, run on order pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from orderyard_channel_web import plugin
from orderyard_channel_web.adapter import OrderPage
from orderyard_channel_web.document import Filled, Piece, write

from orderyard.core.kernel.values import Address
from orderyard.core.testing.conformance_hosted import HostedConformance

TO = Address("CN", "广东省", "深圳市", "南山区", "", "科技园南区高新南七道12号", "", "王小明", "+8613924417702")


class TestOrderPage(HostedConformance):
    plugin = plugin
    adapter = OrderPage

    def document(self, number: int, at: datetime, units: Mapping[str, int]) -> tuple[str, bytes]:
        pieces = tuple(Piece(sku, sku.title(), count, 1000) for sku, count in units.items())
        seconds = int(at.timestamp())
        return f"W{number}", write(
            Filled(f"W{number}", "tea", "douyin", seconds, seconds, "CNY", pieces, 800, True, "buyer", TO, "快一点")
        )
