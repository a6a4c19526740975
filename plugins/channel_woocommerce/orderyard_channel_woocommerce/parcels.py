"""What we write into the shop about a parcel, since WooCommerce knows none.

One custom field of the order per waybill number, so that two parcels told at once cannot overwrite each other:
`_orderyard_parcel_SF1000000000017` = `31=2,32=1`, order line ids with their units. It is written last, together with the
order's status, and so is the proof that the parcel was told in full.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from orderyard.core.kernel.errors import RemoteNotUnderstood

from .node import Node

KEY = "_orderyard_parcel_"
_LINES = re.compile(r"\d{1,20}=\d{1,9}(,\d{1,20}=\d{1,9})*")


def same(number: str) -> str:
    """A waybill number as it is compared."""
    return "".join(number.split()).upper()


def field(number: str) -> str:
    return KEY + same(number)


def written(lines: Mapping[str, int]) -> str:
    return ",".join(f"{line}={units}" for line, units in sorted(lines.items()))


def recorded(order: Node) -> Iterator[Node]:
    """The custom fields of ours."""
    return (meta for meta in order.each("meta_data") if meta.text_or_empty("key").startswith(KEY))


def parcels(order: Node) -> dict[str, dict[str, int]]:
    """Waybill number -> order line id -> units."""
    found: dict[str, dict[str, int]] = {}
    for meta in recorded(order):
        value = meta.text("value")
        if not _LINES.fullmatch(value):
            raise RemoteNotUnderstood(f"{meta.path}: somebody changed the parcel in {meta.text('key')}: {value[:200]!r}")
        lines = found.setdefault(meta.text("key").removeprefix(KEY), {})
        for pair in value.split(","):
            line, _, units = pair.partition("=")
            lines[line] = lines.get(line, 0) + int(units)
    return found
