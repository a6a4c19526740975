"""Sales as the counter's page writes them."""

from __future__ import annotations

import json
from typing import Any


def sale(no: int = 1, *lines: tuple[str, int, int], kind: str = "sale", method: str = "cash", **more: Any) -> dict[str, Any]:
    """A sale as the page writes it; a line is (SKU, units, price in fen)."""
    given = lines or (("TEE", 2, 9900),)
    whole = {
        "id": f"0b9c4f7e-0000-4000-8000-{no:012d}", "at": f"2026-11-22T03:{no % 60:02d}:00.250Z", "kind": kind,
        "method": method, "name": "", "phone": "", "code": "", "discount": 0,
        "lines": [
            {"sku": sku, "title": sku.title(), "quantity": units, "listed": price, "price": price, "amount": units * price}
            for sku, units, price in given
        ],
    }  # fmt: skip
    return whole | more


def document(one: dict[str, Any], memo: str = "", taken: str = "2026-11-22T04:00:00+00:00") -> bytes:
    """The same as it is kept."""
    return json.dumps({"sale": one, "warehouse": "SH", "currency": "CNY", "memo": memo, "taken": taken}).encode()
