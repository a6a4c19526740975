"""Which warehouse sends what: a pure decision over what is free, with everything it weighed.

Whole plans are compared: most units served, then fewest warehouses, fewest lines split, most units from a home-region
warehouse, highest stock left free, warehouse code. A kit is served whole or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from ..inventory.queries import ServingWarehouse

WIDEST = 3
"""More warehouses than this never serve one order together."""


@dataclass(frozen=True, slots=True)
class Demand:
    """Something to be sent, indivisible below one set: a line with one unit of one SKU, or a kit with its components.

    `parts` are (order line id, sku id, units in one set); `sets` is how many of it are wanted.
    """

    parts: tuple[tuple[int, int, int], ...]
    sets: int


@dataclass(frozen=True, slots=True)
class Assignment:
    """Sets of one demand from one warehouse; `served` False means planned there and waiting for stock."""

    demand: Demand
    warehouse_id: int
    sets: int
    served: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What was decided, and what else was weighed."""

    assignments: tuple[Assignment, ...]
    why: Mapping[str, Any]


Free = dict[tuple[int, int], int]
"""(warehouse id, sku id) -> free units."""


def _sets(free: Free, warehouse_id: int, demand: Demand) -> int:
    """How many sets a warehouse could send."""
    return min(free.get((warehouse_id, sku_id), 0) // units for _, sku_id, units in demand.parts)


def _take(free: Free, warehouse_id: int, demand: Demand, sets: int) -> None:
    for _, sku_id, units in demand.parts:
        free[warehouse_id, sku_id] = free.get((warehouse_id, sku_id), 0) - units * sets


def _try(
    demands: Sequence[Demand], chosen: Sequence[ServingWarehouse], free: Free, home: frozenset[int]
) -> tuple[list[Assignment], int]:
    """Serve the demands from these warehouses, in line order; the assignments, and how many lines were split."""
    left = dict(free)
    assignments, split = [], 0
    for demand in demands:
        by_taste = sorted(chosen, key=lambda w: (w.id not in home, -_sets(left, w.id, demand), w.code))
        whole = next((w for w in by_taste if _sets(left, w.id, demand) >= demand.sets), None)
        wanted, pieces = demand.sets, 0
        for warehouse in [whole] if whole else by_taste:
            sets = min(wanted, _sets(left, warehouse.id, demand))
            if sets > 0:
                _take(left, warehouse.id, demand, sets)
                assignments.append(Assignment(demand, warehouse.id, sets, True))
                wanted, pieces = wanted - sets, pieces + 1
        split += pieces > 1
    return assignments, split


def decide(
    demands: Sequence[Demand],
    warehouses: Sequence[ServingWarehouse],
    free: Free,
    province: str,
    country: str,
    names: Mapping[int, str],
) -> Plan:
    """The best plan for one order; `names` are SKU codes, for the sentence about what ran short."""
    home = frozenset(w.id for w in warehouses if any(r and (province.startswith(r) or r == country) for r in w.regions))
    weighed: list[tuple[tuple[Any, ...], tuple[ServingWarehouse, ...], list[Assignment]]] = []
    for size in range(1, min(WIDEST, len(warehouses)) + 1):
        for chosen in combinations(warehouses, size):
            assignments, split = _try(demands, chosen, free, home)
            units = sum(a.sets * sum(part[2] for part in a.demand.parts) for a in assignments)
            used = {a.warehouse_id for a in assignments}
            at_home = sum(a.sets for a in assignments if a.warehouse_id in home)
            spare = sum(free.get((w, part[1]), 0) for w in used for d in demands for part in d.parts)
            codes = tuple(w.code for w in chosen)
            weighed.append(((-units, len(used), split, -at_home, -spare, len(chosen), codes), chosen, assignments))
    if not weighed:
        return Plan((), {"refused": "no warehouse serves this shop"})
    weighed.sort(key=lambda entry: entry[0])
    _, chosen, assignments = weighed[0]
    served: dict[Demand, int] = {}
    for assignment in assignments:
        served[assignment.demand] = served.get(assignment.demand, 0) + assignment.sets
    code = {w.id: w.code for w in warehouses}
    # What is missing waits where most of the order is, else at home, else at the first warehouse.
    if assignments:
        most: dict[int, int] = {}
        for assignment in assignments:
            most[assignment.warehouse_id] = most.get(assignment.warehouse_id, 0) + assignment.sets
        waits_at = min(most, key=lambda w: (-most[w], code[w]))
    else:
        waits_at = next((w.id for w in warehouses if w.id in home), warehouses[0].id)
    short: list[str] = []
    for demand in demands:
        missing = demand.sets - served.get(demand, 0)
        if missing:
            assignments.append(Assignment(demand, waits_at, missing, False))
            scarce = min(demand.parts, key=lambda part: max(free.get((w.id, part[1]), 0) for w in warehouses) // part[2])
            short.append(names[scarce[1]])
    why = {
        "chosen": sorted({code[a.warehouse_id] for a in assignments}),
        "home": sorted(code[w] for w in home),
        "short": short,
        "weighed": [
            {"warehouses": list(score[6]), "units": -score[0], "parcels": score[1], "split": score[2], "home": -score[3]}
            for score, _, _ in weighed[:6]
        ],
    }
    return Plan(tuple(assignments), why)
