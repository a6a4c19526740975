"""A merchant whose warehouses have bins, lots and single pieces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from orderyard.core.inventory import counts, places, service, tracking
from orderyard.core.inventory.api import Place, Quality, ZoneUse
from orderyard.core.inventory.service import Receipt
from orderyard.core.testing.builders import House


@dataclass
class Stock:
    """Short names for what these tests do with stock."""

    house: House

    def sku(self, code: str) -> int:
        return self.house.items[code].sku_id

    def at(self, warehouse: str) -> int:
        return self.house.warehouses[warehouse]

    def receive(
        self,
        code: str,
        units: int,
        *,
        warehouse: str = "SH",
        cost: int = 100,
        lot: str = "",
        good_until: str = "",
        bin: str = "",
        serials: Sequence[str] = (),
        quality: Quality = Quality.GOOD,
        source: Place = Place.SUPPLIER,
        key: str = "",
    ) -> None:
        with self.house.work("person:warehouse") as uow:
            number = uow.db.row("SELECT COUNT(*) FROM stock_move") or (0,)
            receipt = Receipt(self.sku(code), units, cost, bin, lot, good_until, quality, tuple(serials))
            service.receive(
                uow, self.at(warehouse), [receipt], source=source, document=1, key=key or f"IN{number[0]}", text="delivery"
            )

    def track(self, code: str, *, lots: bool = False, serials: bool = False, min_life_days: int = 0) -> None:
        with self.house.work() as uow:
            tracking.track(uow, self.sku(code), lots=lots, serials=serials, min_life_days=min_life_days)

    def bins(self, warehouse: str = "SH") -> None:
        """Pick bins A1 and A2, storage bin B1, packing bin P1."""
        with self.house.work() as uow:
            for zone, use, codes in (
                ("A", ZoneUse.PICK, ["A1", "A2"]),
                ("B", ZoneUse.STORAGE, ["B1"]),
                ("P", ZoneUse.PACKING, ["P1"]),
            ):
                places.add_bins(uow, places.add_zone(uow, self.at(warehouse), zone, use), codes)

    def lots(self, code: str, warehouse: str = "SH") -> dict[str, tuple[int, int]]:
        """(on hand, reserved) of good units by lot; lots that are used up left out."""
        rows = self.house.db.rows(
            "SELECT lot, on_hand, reserved FROM stock_level WHERE sku_id = ? AND warehouse_id = ? AND quality = 'good' "
            "AND on_hand > 0 ORDER BY lot",
            (self.sku(code), self.at(warehouse)),
        )
        return {row[0]: (row[1], row[2]) for row in rows}

    def lying(self, code: str, warehouse: str = "SH") -> dict[str, int]:
        """Units by bin; the floor has no name."""
        rows = self.house.db.rows(
            "SELECT b.code, x.quantity FROM bin_level x JOIN bin b ON b.id = x.bin_id JOIN stock_level l ON l.id = x.level_id "
            "WHERE l.sku_id = ? AND l.warehouse_id = ? AND x.quantity > 0 ORDER BY b.code",
            (self.sku(code), self.at(warehouse)),
        )
        floor = self.house.db.row(
            "SELECT SUM(on_hand - placed) FROM stock_level WHERE sku_id = ? AND warehouse_id = ?",
            (self.sku(code), self.at(warehouse)),
        )
        found = {row[0]: row[1] for row in rows}
        return found | ({"": int(floor[0])} if floor and floor[0] else {})

    def value(self, code: str) -> int:
        """What all units of a SKU cost together, in every warehouse."""
        row = self.house.db.row("SELECT SUM(value) FROM stock_level WHERE sku_id = ?", (self.sku(code),))
        return int(row[0]) if row and row[0] else 0

    def count(self, *codes: str, warehouse: str = "SH", blind: bool = False) -> int:
        with self.house.work("person:bob") as uow:
            return counts.open_count(uow, self.at(warehouse), sku_ids=[self.sku(code) for code in codes], blind=blind)

    def found(
        self, count_id: int, code: str, units: int | None, *, lot: str = "", bin: str = "", serials: Sequence[str] = ()
    ) -> None:
        with self.house.work("person:bob") as uow:
            counts.enter_count(uow, count_id, self.sku(code), units, lot=lot, bin=bin, serials=serials)

    def close(self, count_id: int, *, leave_uncounted: bool = False) -> int:
        with self.house.work("person:bob") as uow:
            return counts.close_count(uow, count_id, leave_uncounted=leave_uncounted)


@pytest.fixture
def stock(house: House) -> Iterator[Stock]:
    """The merchant; whatever a test did, the books must add up in the end."""
    yield Stock(house)
    house.prove()
