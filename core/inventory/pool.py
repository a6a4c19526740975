"""What is free to each of several shops while many orders are planned at once, so that nobody is promised a unit twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from .queries import ServingWarehouse
from .service import Level

Place = tuple[int, int]
"""(warehouse id, sku id)."""


class Pool:
    """Levels as they were locked, counted down with every unit taken: first from the own lock, then from what is shared."""

    def __init__(self, levels: Iterable[Level]) -> None:
        self.serving: defaultdict[int, dict[int, ServingWarehouse]] = defaultdict(dict)
        self._levels: defaultdict[int, dict[Place, Level]] = defaultdict(dict)
        self._free: defaultdict[int, dict[Place, int]] = defaultdict(dict)
        self._own: defaultdict[int, dict[Place, int]] = defaultdict(dict)
        for level in levels:
            shop, place = level.shop_id, (level.warehouse.id, level.sku_id)
            self.serving[shop][level.warehouse.id] = level.warehouse
            self._levels[shop][place] = level
            self._free[shop][place] = level.free
            if level.own:
                self._own[shop][place] = level.locked

    def level(self, shop_id: int, warehouse_id: int, sku_id: int) -> Level:
        return self._levels[shop_id][warehouse_id, sku_id]

    def free(self, shop_id: int) -> dict[Place, int]:
        """What a shop may still take, its own locked units among it; to be read, not written."""
        return self._free[shop_id]

    def own(self, shop_id: int) -> dict[Place, int]:
        """What is left of a shop's own locks."""
        return self._own[shop_id]

    def take(self, shop_id: int, warehouse_id: int, sku_id: int, units: int) -> None:
        """Count down what a shop takes, for itself and for whoever shares with it."""
        place = (warehouse_id, sku_id)
        shared = units
        if drawn := min(units, self.own(shop_id).get(place, 0)):
            self._own[shop_id][place] -= drawn
            shared -= drawn
        self._free[shop_id][place] -= units
        for other, free in self._free.items():
            if other != shop_id and place in free and not self._levels[other][place].exclusive:
                free[place] -= shared
