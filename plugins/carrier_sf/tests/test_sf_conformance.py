"""SF held to what every carrier must do."""

from orderyard_carrier_sf.carrier import SfExpress
from orderyard_carrier_sf.simulator.server import SfExpressSimulator

from orderyard.core.testing.conformance_carrier import CarrierConformance


class TestSfExpress(CarrierConformance):
    carrier_type = SfExpress
    simulator_type = SfExpressSimulator
    booking_operation = "EXP_RECE_CREATE_ORDER"
