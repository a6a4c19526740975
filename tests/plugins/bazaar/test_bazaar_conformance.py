"""Bazaar against the cases every channel passes."""

from __future__ import annotations

from orderyard_channel_bazaar.adapter import Bazaar
from orderyard_channel_bazaar.simulator import BazaarSimulator

from orderyard.core.testing.conformance_channel import ChannelConformance


class TestBazaar(ChannelConformance):
    adapter = Bazaar
    vendor = BazaarSimulator
    confirm_operation = "POST parcels"
