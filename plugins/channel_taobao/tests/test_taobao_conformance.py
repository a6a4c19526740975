"""The channel contract, against the simulator."""

from __future__ import annotations

from typing import ClassVar

from orderyard_channel_taobao.channel import TaobaoChannel
from orderyard_channel_taobao.simulator.server import TaobaoSimulator

from orderyard.core.channels.api import Channel
from orderyard.core.testing.conformance_channel import ChannelConformance
from orderyard.core.testing.simulator import ChannelSimulator


class TestTaobao(ChannelConformance):
    adapter: ClassVar[type[Channel]] = TaobaoChannel
    vendor: ClassVar[type[ChannelSimulator]] = TaobaoSimulator
    confirm_operation: ClassVar[str] = "taobao.logistics.offline.send"
