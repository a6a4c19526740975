"""WooCommerce against the cases every channel passes."""

from __future__ import annotations

from orderyard_channel_woocommerce.adapter import WooCommerce
from orderyard_channel_woocommerce.simulator.server import WooCommerceSimulator

from orderyard.core.testing.conformance_channel import ChannelConformance


class TestWooCommerce(ChannelConformance):
    adapter = WooCommerce
    vendor = WooCommerceSimulator
    confirm_operation = "orders.update"
