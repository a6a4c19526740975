"""Which warehouse sends what: a pure decision over what is free, with everything it weighed.

Whole plans are compared: most units served, then fewest warehouses, fewest lines split, most units from a home-region
warehouse, most units of the shop's own locks, highest stock left free, warehouse code. A kit is served whole or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from operator import itemgetter
from types import MappingProxyType
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


Free = Mapping[tuple[int, int], int]
"""(warehouse id, sku id) -> free units."""


def _sets(free: Free, warehouse_id: int, demand: Demand) -> int:
    """How many sets a warehouse could send."""
    return min(free.get((warehouse_id, sku_id), 0) // units for _, sku_id, units in demand.parts)


def _take(free: dict[tuple[int, int], int], warehouse_id: int, demand: Demand, sets: int) -> None:
    for _, sku_id, units in demand.parts:
        free[warehouse_id, sku_id] = free.get((warehouse_id, sku_id), 0) - units * sets


def _try(
    demands: Sequence[Demand], chosen: Sequence[ServingWarehouse], free: Free, home: frozenset[int], own: Free
) -> tuple[list[Assignment], int]:
    """Serve the demands from these warehouses, in line order; the assignments, and how many lines were split."""
    left = dict(free)
    assignments, split = [], 0
    for demand in demands:
        by_taste = sorted(
            chosen,
            key=lambda w: (w.id not in home, -_sets(own, w.id, demand) if own else 0, -_sets(left, w.id, demand), w.code),
        )
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


_Score = tuple[int, int, int, int, int, int, int, tuple[str, ...]]
_Weighed = tuple[_Score, list[Assignment] | None]
"""How good a plan is, and what it is; None where its only warehouse simply has all of it."""


def _locked(own: Free, taken: Mapping[tuple[int, int], int]) -> int:
    """How many of the units taken are the shop's own."""
    return sum([min(units, own.get(place, 0)) for place, units in taken.items()])


def _weigh(
    demands: Sequence[Demand], chosen: Sequence[ServingWarehouse], free: Free, home: frozenset[int], own: Free
) -> _Weighed:
    """What these warehouses make of the demands, and how good that is."""
    assignments, split = _try(demands, chosen, free, home, own)
    units = at_home = 0
    used = set()
    taken: dict[tuple[int, int], int] = {}
    for assignment in assignments:
        used.add(assignment.warehouse_id)
        for part in assignment.demand.parts:
            units += assignment.sets * part[2]
            place = (assignment.warehouse_id, part[1])
            taken[place] = taken.get(place, 0) + assignment.sets * part[2]
        if assignment.warehouse_id in home:
            at_home += assignment.sets
    spare = 0
    for warehouse_id in used:
        for demand in demands:
            for part in demand.parts:
                spare += free.get((warehouse_id, part[1]), 0)
    locked = _locked(own, taken) if own else 0
    return (-units, len(used), split, -at_home, -locked, -spare, len(chosen), tuple([w.code for w in chosen])), assignments


def _all_plans(
    demands: Sequence[Demand], warehouses: Sequence[ServingWarehouse], free: Free, home: frozenset[int], own: Free
) -> list[_Weighed]:
    """Every plan worth weighing, the best first. Where one warehouse has all of it, no set of several can be better."""
    need: dict[int, int] = {}
    for demand in demands:
        for _, sku_id, units in demand.parts:
            need[sku_id] = need.get(sku_id, 0) + units * demand.sets
    units, sets = sum(need.values()), sum([demand.sets for demand in demands])
    weighed: list[_Weighed] = []
    enough = False
    for warehouse in warehouses:
        for sku_id, count in need.items():
            if free.get((warehouse.id, sku_id), 0) < count:
                weighed.append(_weigh(demands, (warehouse,), free, home, own))
                break
        else:
            enough = True
            spare = sum([free.get((warehouse.id, part[1]), 0) for demand in demands for part in demand.parts])
            at_home = sets if warehouse.id in home else 0
            locked = _locked(own, {(warehouse.id, sku_id): count for sku_id, count in need.items()}) if own else 0
            weighed.append(((-units, 1, 0, -at_home, -locked, -spare, 1, (warehouse.code,)), None))
    if not enough:
        for size in range(2, min(WIDEST, len(warehouses)) + 1):
            weighed += [_weigh(demands, chosen, free, home, own) for chosen in combinations(warehouses, size)]
    weighed.sort(key=_by_score)
    return weighed


_by_score = itemgetter(0)


def _home(warehouses: Sequence[ServingWarehouse], province: str, country: str) -> frozenset[int]:
    """The warehouses that have this place among their regions."""
    return frozenset(
        [w.id for w in warehouses for region in w.regions if region and (province.startswith(region) or region == country)]
    )


def decide(
    demands: Sequence[Demand],
    warehouses: Sequence[ServingWarehouse],
    free: Free,
    province: str,
    country: str,
    names: Mapping[int, str],
    own: Free = MappingProxyType({}),
) -> Plan:
    """The best plan for one order; `names` are SKU codes, for the sentence about what ran short.

    `own` says how many of the free units only this shop may take.
    """
    home = _home(warehouses, province, country)
    weighed = _all_plans(demands, warehouses, free, home, own)
    if not weighed:
        return Plan((), {"refused": "no warehouse serves this shop"})
    score, assignments = weighed[0]
    code = {w.id: w.code for w in warehouses}
    short: list[str] = []
    if assignments is None:
        only = next(w.id for w in warehouses if w.code == score[7][0])
        assignments = [Assignment(demand, only, demand.sets, True) for demand in demands]
    else:
        short = _plan_missing(demands, warehouses, assignments, free, home, code, names)
    why = {
        "chosen": sorted({code[a.warehouse_id] for a in assignments}),
        "home": sorted([code[w] for w in home]),
        "short": short,
        "weighed": [
            {"warehouses": list(score[7]), "units": -score[0], "parcels": score[1], "split": score[2], "home": -score[3]}
            | ({"locked": -score[4]} if own else {})
            for score, _ in weighed[:6]
        ],
    }
    return Plan(tuple(assignments), why)


def _plan_missing(
    demands: Sequence[Demand], warehouses: Sequence[ServingWarehouse], assignments: list[Assignment], free: Free,
    home: frozenset[int], code: Mapping[int, str], names: Mapping[int, str],
) -> list[str]:  # fmt: skip
    """Plan what the assignments do not serve where it is to wait; the codes of what is scarce."""
    served: dict[Demand, int] = {}
    for assignment in assignments:
        served[assignment.demand] = served.get(assignment.demand, 0) + assignment.sets
    if all(served.get(demand) == demand.sets for demand in demands):
        return []
    # What is missing waits where most of the order is, else at home, else at the first warehouse.
    if assignments:
        most: dict[int, int] = {}
        for assignment in assignments:
            most[assignment.warehouse_id] = most.get(assignment.warehouse_id, 0) + assignment.sets
        waits_at = min(most, key=lambda w: (-most[w], code[w]))
    else:
        waits_at = next((w.id for w in warehouses if w.id in home), warehouses[0].id)
    left = dict(free)
    for assignment in assignments:
        _take(left, assignment.warehouse_id, assignment.demand, assignment.sets)
    short: list[str] = []
    for demand in demands:
        missing = demand.sets - served.get(demand, 0)
        if missing:
            assignments.append(Assignment(demand, waits_at, missing, False))
            # A kit waits for what its own warehouse lacks; where it lacks everything, for what is rare everywhere.
            scarce = min(
                demand.parts,
                key=lambda part: (
                    left.get((waits_at, part[1]), 0) // part[2],
                    max(left.get((w.id, part[1]), 0) for w in warehouses) // part[2],
                ),
            )
            short.append(names[scarce[1]])
    return short
