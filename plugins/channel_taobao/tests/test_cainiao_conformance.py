"""Cainiao's waybills held to what every carrier must do."""

from orderyard_channel_taobao.simulator.cainiao import CainiaoSimulator
from orderyard_channel_taobao.waybills import CainiaoWaybills

from orderyard.core.testing.conformance_carrier import CarrierConformance


class TestCainiaoWaybills(CarrierConformance):
    carrier_type = CainiaoWaybills
    simulator_type = CainiaoSimulator
    booking_operation = "cainiao.waybill.ii.get"
