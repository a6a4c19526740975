"""What a fulfillment order that waits is given of what is free: a pure decision, in line order, kits only whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..inventory.queries import ServingWarehouse

Free = Mapping[tuple[int, int], int]
"""(warehouse id, sku id) -> free units."""


@dataclass(frozen=True, slots=True)
class FoLineRow:
    """A line of a fulfillment order, with the kit its order line belongs to."""

    id: int
    order_id: int
    line_id: int
    sku_id: int
    code: str
    quantity: int
    reserved: int
    kit_line: int | None
    per_kit: int


@dataclass(frozen=True, slots=True)
class Serving:
    """Where it is served from, the units each line gets, and the SKUs of which it needs more."""

    warehouse_id: int
    units: tuple[tuple[FoLineRow, int], ...]
    short: tuple[str, ...]


def serve(lines: Sequence[FoLineRow], warehouse_id: int, free: Free, movable: Iterable[ServingWarehouse]) -> Serving:
    """Serve these lines from their warehouse; where nothing of them is reserved, from any of `movable` that has all of it."""
    if not any(line.reserved for line in lines):
        warehouse_id = _whole(lines, warehouse_id, free, movable)
    left = {line.sku_id: free.get((warehouse_id, line.sku_id), 0) for line in lines}
    kits: dict[tuple[int, int], list[FoLineRow]] = {}
    for line in lines:
        if line.kit_line is not None:
            kits.setdefault((line.order_id, line.kit_line), []).append(line)
    given: dict[int, int] = {}
    for line in lines:
        if line.id in given:
            continue
        # A kit has its turn where its first component stands, all of it: what stands before it has had what it wanted.
        parts = [line] if line.kit_line is None else kits[line.order_id, line.kit_line]
        sets = min((part.reserved + min(part.quantity - part.reserved, left[part.sku_id])) // part.per_kit for part in parts)
        for part in parts:
            most = part.quantity if part.kit_line is None else sets * part.per_kit
            given[part.id] = max(0, min(most - part.reserved, part.quantity - part.reserved, left[part.sku_id]))
            left[part.sku_id] -= given[part.id]
    units = tuple((line, given[line.id]) for line in lines if given[line.id])
    short = sorted({line.code for line in lines if line.reserved + given[line.id] < line.quantity})
    return Serving(warehouse_id, units, tuple(short))


def _whole(lines: Sequence[FoLineRow], warehouse_id: int, free: Free, movable: Iterable[ServingWarehouse]) -> int:
    need: dict[int, int] = {}
    for line in lines:
        need[line.sku_id] = need.get(line.sku_id, 0) + line.quantity
    for warehouse in sorted(movable, key=lambda one: (one.id != warehouse_id, one.code)):
        if all(free.get((warehouse.id, sku_id), 0) >= count for sku_id, count in need.items()):
            return warehouse.id
    return warehouse_id
