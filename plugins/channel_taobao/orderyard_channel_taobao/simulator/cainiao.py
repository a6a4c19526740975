"""The same platform with a seller who only gets waybills there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from orderyard.core.testing.simulator import CarrierSimulator, CarrierTold

from .gateway import APP_KEY, SECRET, SESSION, Gateway


class CainiaoSimulator(Gateway, CarrierSimulator):
    """Waybills of one carrier; what is on its way cannot be cancelled, and nothing tells where it is."""

    name: ClassVar[str] = "channel_taobao_cainiao"

    def settings(self) -> Mapping[str, str]:
        return {
            "app_key": APP_KEY,
            "app_secret": SECRET,
            "session": SESSION,
            "user_id": "2088000001",
            "cp_code": "YTO",
            "gateway": f"{self.base_url}/router/rest",
        }

    def advance(self, number: str, state: str) -> None:
        with self.lock:
            for waybill in self.shop.waybills:
                waybill.gone = waybill.gone or waybill.number == number

    def told(self) -> CarrierTold:
        with self.lock:
            return CarrierTold(
                waybills={waybill.package.replace("_", "-"): waybill.number for waybill in self.shop.live_waybills()},
                bookings=len(self.shop.waybills),
            )
