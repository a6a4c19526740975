"""Shopify against the cases every channel passes."""

from __future__ import annotations

from orderyard_channel_shopify.adapter import Shopify
from orderyard_channel_shopify.simulator.server import ShopifySimulator

from orderyard.core.testing.conformance_channel import ChannelConformance


class TestShopify(ChannelConformance):
    adapter = Shopify
    vendor = ShopifySimulator
    confirm_operation = "fulfillmentCreate"
