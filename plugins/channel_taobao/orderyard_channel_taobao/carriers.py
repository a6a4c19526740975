"""Carrier codes as Taobao spells them (`taobao.logistics.companies.get`)."""

from __future__ import annotations

# Only where Taobao's code is not the usual one; every other code goes out as it is and the platform judges it.
_SPELT = {
    "YD": "YUNDA",
    "DBL": "DBKD",
    "YZPY": "POSTB",
    "HHTT": "TTKDEX",
}


def company_code(carrier_code: str, overrides: str = "") -> str:
    """Taobao's code of a carrier; `overrides` (`OURS=THEIRS` separated by commas) is asked first."""
    ours = carrier_code.strip().upper()
    for pair in overrides.split(","):
        left, _, right = pair.partition("=")
        if left.strip().upper() == ours and right.strip():
            return right.strip()
    return _SPELT.get(ours, ours)
