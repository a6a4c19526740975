"""The kit for shops that a plugin keeps, run on a stranger's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

import orderyard_kiosk

from orderyard.core.testing.conformance_hosted import HostedConformance


class TestKiosk(HostedConformance):
    plugin = orderyard_kiosk
    adapter = orderyard_kiosk.Kiosk

    def document(self, number: int, at: datetime, units: Mapping[str, int]) -> tuple[str, bytes]:
        goods = {sku: [count, 1000] for sku, count in units.items()}
        to = {"province": "上海市", "city": "上海市", "detail": "某路1号", "name": "王小明", "phone": "13812345678"}
        return f"K{number}", json.dumps({"id": f"K{number}", "at": at.isoformat(), "goods": goods, "to": to}).encode()
