"""From what was counted to what is booked: bins first, then what is really missing or too many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..kernel.db import as_json
from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from . import serials as pieces
from .adjusting import worth
from .api import Place, Quality
from .booking import FLOOR, Shift, Spot, book, counters
from .giving_way import make_room


@dataclass(frozen=True, slots=True)
class CountLine:
    """What was found of a SKU, lot and quality in a bin or on the floor; `counted` None while nobody looked."""

    sku_id: int
    sku: str
    lot: str
    quality: Quality
    bin_id: int
    bin: str
    book: int
    counted: int | None
    serials: tuple[str, ...]
    by_lots: bool

    @property
    def off(self) -> int:
        return (self.counted or 0) - self.book

    @property
    def name(self) -> str:
        return " ".join(part for part in (self.sku, self.lot, self.bin) if part)

    @property
    def placeholder(self) -> bool:
        """A line without a lot of a SKU kept by lots: it says only that the SKU is in the count."""
        return self.by_lots and not self.lot


def read(uow: UnitOfWork, count_id: int) -> list[CountLine]:
    """The lines of a count, by SKU, lot and bin."""
    return [
        CountLine(
            row[0], row[1], row[2], Quality(row[3]), row[4] or FLOOR, row[5], row[6], row[7], tuple(as_json(row[8]) or ()),
            bool(row[9]),
        )
        for row in uow.db.rows(
            "SELECT x.sku_id, s.code, x.lot, x.quality, x.bin_id, COALESCE(b.code, ''), x.book, x.counted, x.serials, "
            "COALESCE(t.lots, FALSE) FROM stock_count_line x JOIN sku s ON s.id = x.sku_id LEFT JOIN bin b ON b.id = x.bin_id "
            "LEFT JOIN sku_tracking t ON t.sku_id = x.sku_id WHERE x.count_id = ? ORDER BY x.sku_id, x.lot, x.quality, x.id",
            (count_id,),
        )
    ]  # fmt: skip


@dataclass
class _Batch:
    """What one count books, in the order in which it can be done."""

    number: str
    warehouse_id: int
    shifts: list[Shift] = field(default_factory=list)

    def add(self, line: CountLine, units: int, source: Spot, target: Spot, cost: int | None, serials: Sequence[str]) -> None:
        key = f"{self.number}/{len(self.shifts) + 1}"
        self.shifts.append(
            Shift(line.sku_id, units, source, target, key, line.lot, cost, tuple(serials), f"counted in {self.number}")
        )

    def spot(self, line: CountLine) -> Spot:
        return Spot(line.quality.place, self.warehouse_id, line.bin_id)


def post(uow: UnitOfWork, count_id: int, number: str, warehouse_id: int, lines: Sequence[CountLine]) -> int:
    """Book what was found; how many units were too many or too few, together."""
    groups: dict[tuple[int, str, Quality], list[CountLine]] = {}
    for line in lines:
        groups.setdefault((line.sku_id, line.lot, line.quality), []).append(line)
    moved, more, fewer = (
        _Batch(f"{number}/bin", warehouse_id),
        _Batch(f"{number}/up", warehouse_id),
        _Batch(number, warehouse_id),
    )
    off = 0
    for group in groups.values():
        missing, extra = _pieces(uow, warehouse_id, group)
        off += _post_level(uow, group, missing, extra, moved, more, fewer)
    for batch in (moved, more):
        if batch.shifts:
            book(uow, batch.shifts, kind="count", document=count_id, key=batch.number, text=number)
    down: dict[tuple[int, str], int] = {}
    for shift in fewer.shifts:
        if shift.source.place is Place.STOCK:
            down[shift.sku_id, shift.lot] = down.get((shift.sku_id, shift.lot), 0) + shift.quantity
        if shift.serials:
            pieces.unscan(uow, shift.sku_id, shift.serials)
    for (sku_id, lot), units in sorted(down.items()):
        make_room(uow, sku_id, warehouse_id, lot, units, f"counted in {number}")
    if fewer.shifts:
        book(uow, fewer.shifts, kind="count", document=count_id, key=f"{number}/down", text=number)
    return off


def _pieces(uow: UnitOfWork, warehouse_id: int, group: Sequence[CountLine]) -> tuple[list[str], list[str]]:
    """Of a level kept by serial numbers: the pieces that are missing, and those nobody expected."""
    found = [serial for line in group for serial in line.serials]
    first = group[0]
    level = next(
        (one for one in counters(uow, [first.sku_id], [warehouse_id]) if (one.lot, one.quality) == (first.lot, first.quality)),
        None,
    )
    there = () if level is None else pieces.at_level(uow, [level.id]).get(level.id, ())
    if not there and not found:
        return [], []
    if len(found) != len(set(found)):
        raise DomainError(f"{first.sku}: a piece was counted in two places", remedy="count that piece again")
    missing, extra = [one for one in there if one not in found], [one for one in found if one not in there]
    if len(extra) - len(missing) != sum(line.off for line in group):
        raise DomainError(
            f"{first.sku}: pieces moved since they were counted, or some of its bins are not counted",
            remedy="count every bin of it again",
        )
    return missing, extra


def _post_level(
    uow: UnitOfWork, group: Sequence[CountLine], missing: list[str], extra: list[str], moved: _Batch, more: _Batch,
    fewer: _Batch,
) -> int:  # fmt: skip
    """One level's differences: from bin to bin as far as they cancel out, then to or from adjustment."""
    off = [line.off for line in group]
    for up, high in enumerate(group):
        for down, low in enumerate(group):
            units = min(off[up], -off[down])
            if units > 0:
                moved.add(low, units, moved.spot(low), moved.spot(high), None, ())
                off[up] -= units
                off[down] += units
    # A piece with a wrong number is one too many and one too few, wherever it lies; it comes in before the other goes out.
    ups, downs = [max(0, units) for units in off], [max(0, -units) for units in off]
    swapped = min(len(missing), len(extra))
    ups[0] += swapped
    downs[0] += swapped
    adjustment = Spot(Place.ADJUSTMENT)
    for line, units in zip(group, ups, strict=True):
        if units:
            cost = worth(uow, line.sku_id, more.warehouse_id, line.lot, line.quality, units)
            more.add(line, units, adjustment, more.spot(line), cost, extra[:units])
            del extra[:units]
    for line, units in zip(group, downs, strict=True):
        if units:
            fewer.add(line, units, fewer.spot(line), adjustment, None, missing[:units])
            del missing[:units]
    return sum(ups) + sum(downs)
