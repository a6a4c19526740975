"""Shipments go out."""

from __future__ import annotations

import pytest

from ...channels.api import Channel, TradeState
from ...kernel.errors import OutcomeUnknown, RateLimited, RemoteRejected
from ..scripted import FixedEnvironment
from ..simulator import ChannelSimulator
from .bench import ChannelBench


class ShipmentCases(ChannelBench):
    """Told once, whatever gets lost on the way."""

    def test_confirming_twice_has_one_effect(self, channel: Channel, simulator: ChannelSimulator) -> None:
        order_id = simulator.place(self.an_order(("TEE-BLU-M", 2), ("MUG", 1)))
        shipment = self.shipment(self.one(channel, order_id))
        assert channel.find_shipment(shipment) is None
        assert not channel.confirm_shipment(shipment, key="k1").already
        assert channel.confirm_shipment(shipment, key="k1").already
        told = simulator.told()
        assert (told.shipments, told.confirmations) == ({order_id: (shipment.number,)}, 1)
        order = self.one(channel, order_id)
        assert order.state in (TradeState.SHIPPED, TradeState.COMPLETED)
        assert [line.shipped for line in order.lines] == [2, 1]

    def test_another_number_for_what_is_shipped_is_rejected(self, channel: Channel, simulator: ChannelSimulator) -> None:
        order = self.one(channel, simulator.place(self.an_order()))
        channel.confirm_shipment(self.shipment(order), key="k1")
        with pytest.raises(RemoteRejected):
            channel.confirm_shipment(self.shipment(order, self.numbers[1]), key="k2")
        assert simulator.told().shipments == {order.external_id: (self.numbers[0],)}

    def test_an_order_leaves_in_two_parcels(self, channel: Channel, simulator: ChannelSimulator) -> None:
        if channel.ability.tracking_per == "order":
            pytest.skip("this platform takes one number per order")
        order_id = simulator.place(self.an_order(("TEE-BLU-M", 2), ("MUG", 1)))
        channel.confirm_shipment(self.shipment(self.one(channel, order_id), only=0), key="k1")
        between = self.one(channel, order_id)
        assert between.state is TradeState.PARTLY_SHIPPED
        assert [line.shipped for line in between.lines] == [2, 0]
        channel.confirm_shipment(self.shipment(between, self.numbers[1], only=1), key="k2")
        assert self.one(channel, order_id).state in (TradeState.SHIPPED, TradeState.COMPLETED)
        assert simulator.told().shipments == {order_id: self.numbers}

    def test_a_lost_answer_leaves_the_outcome_open_until_it_is_looked_up(
        self, channel: Channel, simulator: ChannelSimulator
    ) -> None:
        order = self.one(channel, simulator.place(self.an_order()))
        shipment = self.shipment(order)
        simulator.chaos.arm("lose_answer", operation=self.confirm_operation)
        with pytest.raises(OutcomeUnknown):
            channel.confirm_shipment(shipment, key="k1")
        assert channel.find_shipment(shipment) is not None
        assert channel.confirm_shipment(shipment, key="k1").already
        assert simulator.told().confirmations == 1

    def test_a_rate_limit_says_how_long_to_wait(
        self, channel: Channel, simulator: ChannelSimulator, environment: FixedEnvironment
    ) -> None:
        order = self.one(channel, simulator.place(self.an_order()))
        simulator.chaos.arm("too_many")
        with pytest.raises(RateLimited) as pulling:
            channel.pull(self.window(channel, environment))
        simulator.chaos.arm("too_many", operation=self.confirm_operation)
        with pytest.raises(RateLimited) as confirming:
            channel.confirm_shipment(self.shipment(order), key="k1")
        assert pulling.value.seconds > 0
        assert confirming.value.seconds > 0
        assert simulator.told().confirmations == 0
        assert not channel.confirm_shipment(self.shipment(order), key="k1").already
