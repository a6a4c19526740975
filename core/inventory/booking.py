"""The one writer of moves: units go from spot to spot, with the counters of levels, bins and pieces beside them.

Only a shipment's own fast path (`service.consume`) writes moves elsewhere, and it uses the same parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ..catalog.queries import marks
from ..kernel.errors import DomainError, Duplicate, StockShort
from ..kernel.uow import UnitOfWork
from ..kernel.values import Money, quantity
from . import locks
from . import serials as pieces
from .api import OURS, GoodsMoved, Holder, Place, Quality, StockChanged, StockFreed, ZoneUse
from .tracking import Tracked, last_days, sell_by, tracked

FLOOR = 0
"""Where units lie that are in no named bin."""

MOVE_COLUMNS = (
    "at", "sku_id", "quantity", "source", "source_warehouse_id", "source_bin_id", "target", "target_warehouse_id",
    "target_bin_id", "lot", "cost", "kind", "document", "actor", "key", "reason",
)  # fmt: skip

_TOGETHER = 2_000
"""So many shifts are booked with one set of statements."""

_EMPTIED = {ZoneUse.PACKING: 0, ZoneUse.PICK: 1, ZoneUse.STORAGE: 2, ZoneUse.RECEIVING: 4, ZoneUse.RETURNS: 5}
_FLOOR_EMPTIED = 3

_QUALITY = {quality.place: quality for quality in Quality}


@dataclass(frozen=True, slots=True)
class Spot:
    """One end of a move. In a warehouse, `bin_id` None means wherever it lies for a source, and the floor for a target."""

    place: Place
    warehouse_id: int | None = None
    bin_id: int | None = None

    @property
    def on_hand(self) -> bool:
        """Whether a level counts what is there."""
        return self.place in _QUALITY


@dataclass(frozen=True, slots=True)
class Shift:
    """Units to be moved. What they cost is said for units from outside, and taken from their level otherwise."""

    sku_id: int
    quantity: int
    source: Spot
    target: Spot
    key: str
    lot: str = ""
    cost: int | None = None
    serials: tuple[str, ...] = ()
    reason: str = ""


@dataclass
class Counter:
    """A level's own row while it is held; what it was when it was read tells what to write."""

    counting: bool
    id: int
    warehouse_id: int
    sku_id: int
    lot: str
    quality: str
    on_hand: int
    reserved: int
    value: int
    placed: int
    sell_by: str
    locked: int
    """Kept for shops by their locks; of what nobody reserved."""
    was: tuple[int, int, int] = field(init=False)

    def __post_init__(self) -> None:
        self.was = (self.on_hand, self.value, self.placed)

    @property
    def key(self) -> tuple[int, int, str, str]:
        return self.sku_id, self.warehouse_id, self.lot, self.quality

    @property
    def shared(self) -> int:
        """Units that nobody reserved and no shop has locked."""
        return self.on_hand - self.reserved - self.locked


_COUNTER = "counting, id, warehouse_id, sku_id, lot, quality, on_hand, reserved, value, placed, sell_by, locked"


def counters(uow: UnitOfWork, sku_ids: Iterable[int], warehouse_ids: Iterable[int]) -> list[Counter]:
    """Every level of these SKUs in these warehouses, held until the transaction ends, in the order all levels are locked."""
    skus, warehouses = sorted(set(sku_ids)), sorted(set(warehouse_ids))
    if not skus or not warehouses:
        return []
    rows = uow.db.rows(
        f"SELECT {_COUNTER} FROM stock_level WHERE sku_id IN ({marks(skus)}) AND warehouse_id IN ({marks(warehouses)}) "
        "ORDER BY sku_id, warehouse_id, id" + ("" if uow.db.sqlite else " FOR UPDATE"),
        [*skus, *warehouses],
    )
    return [Counter(bool(row[0]), *row[1:]) for row in rows]


def documents(uow: UnitOfWork, level_ids: Sequence[int]) -> str:
    """Who holds units of these levels, by the numbers of their documents: `FO00000002 (3), FO00000007 (2)`."""
    rows = uow.db.rows(
        f"SELECT kind, holder, quantity FROM reservation WHERE state = 'held' AND level_id IN ({marks(level_ids)}) ORDER BY id",
        level_ids,
    )
    names: dict[tuple[str, int], str] = {}
    for kind in {row[0] for row in rows}:
        ids = sorted({row[1] for row in rows if row[0] == kind})
        known = uow.about(kind, ids)
        for holder in ids:
            told = known.get(holder)
            names[kind, holder] = told.number if isinstance(told, Holder) else f"{kind} {holder}"
    units: dict[str, int] = {}
    for kind, holder, count in rows:
        units[names[kind, holder]] = units.get(names[kind, holder], 0) + count
    return ", ".join(f"{name} ({count})" for name, count in units.items())


class Shelves:
    """What lies in which bin of some levels; kept in step while units move, and written at the end."""

    def __init__(self, uow: UnitOfWork, level_ids: Sequence[int]) -> None:
        self._uow = uow
        self._units: dict[int, dict[int, int]] = {}
        self._rank: dict[int, tuple[int, str]] = {}
        self._touched: set[tuple[int, int]] = set()
        if level_ids:
            for level_id, bin_id, units, code, use in uow.db.rows(
                "SELECT x.level_id, x.bin_id, x.quantity, b.code, z.use FROM bin_level x JOIN bin b ON b.id = x.bin_id "
                f"JOIN zone z ON z.id = b.zone_id WHERE x.quantity > 0 AND x.level_id IN ({marks(level_ids)}) "
                "ORDER BY x.level_id, x.bin_id" + ("" if uow.db.sqlite else " FOR UPDATE OF x"),
                level_ids,
            ):
                self._units.setdefault(level_id, {})[bin_id] = units
                self._rank[bin_id] = (_EMPTIED.get(ZoneUse(use), 6), code)

    def take(self, level_id: int, floor: int, bin_id: int | None, units: int) -> list[tuple[int | None, int]]:
        """Take units off a level's bins, or from one: (bin or None for the floor, units). `floor` is what lies on it."""
        there = self._units.get(level_id, {})
        if bin_id is None:
            order = sorted([*there, FLOOR], key=lambda one: self._rank.get(one, (_FLOOR_EMPTIED, "")))
        else:
            order = [bin_id]
        taken: list[tuple[int | None, int]] = []
        left = units
        for one in order:
            count = min(left, floor if one == FLOOR else there.get(one, 0))
            if count > 0:
                taken.append((one or None, count))
                left -= count
                if one != FLOOR:
                    there[one] -= count
                    self._touched.add((level_id, one))
        if left:
            raise StockShort("that bin", units, units - left, remedy="look where the units lie, or count the bin")
        return taken

    def put(self, level_id: int, bin_id: int, units: int) -> None:
        there = self._units.setdefault(level_id, {})
        there[bin_id] = there.get(bin_id, 0) + units
        self._touched.add((level_id, bin_id))

    def write(self) -> None:
        if self._touched:
            self._uow.db.insert(
                "bin_level",
                ("level_id", "bin_id", "quantity"),
                [(level_id, bin_id, self._units[level_id][bin_id]) for level_id, bin_id in sorted(self._touched)],
                conflict="(level_id, bin_id) DO UPDATE SET quantity = excluded.quantity",
            )


def book(
    uow: UnitOfWork, shifts: Sequence[Shift], *, kind: str, document: int, key: str, text: str, while_counting: bool = False
) -> list[int]:
    """Move units, each shift's key once and for ever; what each shift's units cost.

    Refused: more than is free (naming who holds the rest), a lot or piece that is unknown or not there, what is being
    counted unless `while_counting`. Whoever waits for what became free hears of it.
    """
    costs: list[int] = []
    worth: dict[tuple[Place, Place], int] = {}
    freed: set[int] = set()
    for start in range(0, len(shifts), _TOGETHER):
        costs += _book(uow, shifts[start : start + _TOGETHER], kind, document, text, while_counting, worth, freed)
    for (source, target), cost in worth.items():
        ref = key if len(worth) == 1 else f"{key}/{source}-{target}"
        money = Money(cost, uow.merchant.currency)
        uow.emit(GoodsMoved(ref, uow.now, source, target, kind, document, text, money))
    if skus := tuple(sorted({shift.sku_id for shift in shifts})):
        uow.emit(StockChanged(skus))
    if freed:
        uow.emit(StockFreed(tuple(sorted(freed))))
    return costs


def _book(
    uow: UnitOfWork, shifts: Sequence[Shift], kind: str, document: int, text: str, while_counting: bool,
    worth: dict[tuple[Place, Place], int], freed: set[int],
) -> list[int]:  # fmt: skip
    keys = [shift.key for shift in shifts]
    if found := uow.db.row(f"SELECT key FROM stock_move WHERE key IN ({marks(keys)})", keys):
        raise Duplicate(f"{text}: {found[0]} was booked already", remedy="use another number for another delivery or loss")
    facts = tracked(uow.db, {shift.sku_id for shift in shifts})
    levels = _levels(uow, shifts, facts)
    placed = [level.id for level in levels.values() if level.placed]
    shelves = Shelves(uow, placed)
    moves, costs = [], []
    carried: list[tuple[Shift, Counter | None, Counter | None]] = []
    for shift in shifts:
        quantity(shift.quantity)
        sku = facts[shift.sku_id]
        source, target = (levels.get(_key(shift, spot)) for spot in (shift.source, shift.target))
        within = source is not None and source is target
        for level in (source, target):
            if level is not None and level.counting and not while_counting:
                raise DomainError(f"{sku.code} is being counted there", remedy="close or cancel the count first")
        cost = shift.cost or 0
        pieces_from: list[tuple[int | None, int]] = [(None, shift.quantity)]
        if source is not None:
            free = source.on_hand - (0 if within else source.reserved)
            if shift.quantity > free:
                held = documents(uow, [source.id]) if source.reserved and not within else ""
                remedy = f"held by {held}: cancel these or plan them anew first, or move no more than {free}" if held else ""
                raise StockShort(sku.code, shift.quantity, free, remedy=remedy or "count it, or move fewer")
            pieces_from = shelves.take(source.id, source.on_hand - source.placed, shift.source.bin_id, shift.quantity)
            source.placed -= sum(units for bin_id, units in pieces_from if bin_id is not None)
            if not within:
                cost = source.value * shift.quantity // source.on_hand
                source.on_hand -= shift.quantity
                source.value -= cost
        if target is not None:
            if not within:
                target.on_hand += shift.quantity
                target.value += cost
            if shift.target.bin_id:
                shelves.put(target.id, shift.target.bin_id, shift.quantity)
                target.placed += shift.quantity
            if target.quality == Quality.GOOD and not within:
                freed.add(shift.sku_id)
        costs.append(0 if within else cost)
        left, rest = shift.quantity, costs[-1]
        for no, (bin_id, units) in enumerate(pieces_from, 1):
            part = rest * units // left
            left, rest = left - units, rest - part
            moves.append(
                (uow.now, shift.sku_id, units, shift.source.place, shift.source.warehouse_id, bin_id, shift.target.place,
                 shift.target.warehouse_id, shift.target.bin_id or None, shift.lot, part, kind, document, uow.actor,
                 shift.key if no == 1 else f"{shift.key}/{no}", shift.reason)
            )  # fmt: skip
        if not within and (sku.serials or shift.serials):
            carried.append((shift, source, target))
        crossing = (shift.source.place in OURS) != (shift.target.place in OURS)
        if crossing or not (shift.source.place in OURS or shift.target.place in OURS):
            way = (shift.source.place, shift.target.place)
            worth[way] = worth.get(way, 0) + costs[-1]
    _write(uow, levels.values())
    shelves.write()
    if not carried:
        uow.db.insert("stock_move", MOVE_COLUMNS, moves)
        return costs
    ids = {key: move_id for move_id, key in uow.db.insert("stock_move", MOVE_COLUMNS, moves, returning="id, key")}
    pieces.carry(
        uow,
        [
            pieces.Carried(
                shift.sku_id, facts[shift.sku_id].code, facts[shift.sku_id].serials, shift.quantity, shift.serials,
                shift.source.place, None if source is None else source.id,
                shift.target.place, None if target is None else target.id, ids[shift.key],
            )
            for shift, source, target in carried
        ],
    )  # fmt: skip
    return costs


def _key(shift: Shift, spot: Spot) -> tuple[int, int, str, str]:
    """The level of an end, as levels are keyed; one that none counts has no warehouse."""
    return shift.sku_id, spot.warehouse_id or 0, shift.lot, _QUALITY.get(spot.place, "")


def _levels(uow: UnitOfWork, shifts: Sequence[Shift], facts: dict[int, Tracked]) -> dict[tuple[int, int, str, str], Counter]:
    """The levels at the ends of the shifts, held, those made anew that units go to for the first time."""
    ends = [(shift, spot) for shift in shifts for spot in (shift.source, shift.target) if spot.on_hand]
    for shift, _ in ends:
        sku = facts[shift.sku_id]
        if sku.kit:
            raise DomainError(f"{sku.code} is a kit and never in stock itself", remedy="move its components")
        if sku.lots and not shift.lot:
            raise DomainError(f"{sku.code} is kept by lots, and no lot is given", remedy="read the lot off the label")
        if shift.lot and not sku.lots:
            raise DomainError(f"{sku.code} is not kept by lots", remedy="leave the lot out, or let its lots be told apart")
    warehouses = {spot.warehouse_id for _, spot in ends if spot.warehouse_id is not None}
    found = {level.key: level for level in counters(uow, {shift.sku_id for shift, _ in ends}, warehouses)}
    missing = {_key(shift, shift.target) for shift in shifts if shift.target.on_hand} - found.keys()
    if missing:
        days = last_days(uow.db, {(sku_id, lot) for sku_id, _, lot, _ in missing if lot})
        counted = set(
            uow.db.rows(
                "SELECT DISTINCT x.sku_id, c.warehouse_id FROM stock_count_line x JOIN stock_count c ON c.id = x.count_id "
                "WHERE c.state = 'open'"
            )
        )
        rows = []
        for sku_id, warehouse_id, lot, quality in sorted(missing):
            if lot and (sku_id, lot) not in days:
                raise DomainError(f"{facts[sku_id].code} has no lot {lot}", remedy="receive it with its last good day first")
            last = sell_by(days.get((sku_id, lot), ""), facts[sku_id].min_life_days)
            rows.append((warehouse_id, sku_id, lot, quality, 0, 0, 0, last, (sku_id, warehouse_id) in counted))
        uow.db.insert(
            "stock_level",
            ("warehouse_id", "sku_id", "lot", "quality", "on_hand", "reserved", "value", "sell_by", "counting"),
            rows,
            conflict="(sku_id, warehouse_id, lot, quality) DO NOTHING",
        )
        found = {
            level.key: level for level in counters(uow, {key[0] for key in missing} | {key[0] for key in found}, warehouses)
        }
    for shift in shifts:
        if shift.source.on_hand and _key(shift, shift.source) not in found:
            what = f"{facts[shift.sku_id].code} {shift.lot}".strip()
            raise StockShort(what, shift.quantity, 0, remedy="there has never been any of it")
    return found


def _write(uow: UnitOfWork, levels: Iterable[Counter]) -> None:
    """Write what changed of the counters, in the order of their ids; somebody faster makes it fail as a whole."""
    changed: list[int] = []
    there = sorted(levels, key=lambda one: one.id)
    for level in there:
        on_hand, value, placed = level.was
        if (level.on_hand, level.value, level.placed) != level.was:
            changed += [level.id, level.on_hand - on_hand, level.value - value, level.placed - placed]
            level.was = (level.on_hand, level.value, level.placed)
    if not changed:
        return
    count = len(changed) // 4
    touched = uow.db.change(
        "UPDATE stock_level SET on_hand = stock_level.on_hand + v.column2, value = stock_level.value + v.column3, "
        f"placed = stock_level.placed + v.column4 FROM (VALUES {','.join(['(?,?,?,?)'] * count)}) AS v "
        "WHERE stock_level.id = v.column1 AND stock_level.on_hand + v.column2 >= stock_level.reserved",
        changed,
    )
    if touched != count:
        raise StockShort("stock", count, touched, remedy="somebody was faster; try again")
    locks.fit(uow, [level.id for level in there if level.locked > level.on_hand - level.reserved])
