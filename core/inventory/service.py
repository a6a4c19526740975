"""Commands on stock. Counters change only here, beside the move or reservation that explains them.

Levels are always touched in the order of their SKU and warehouse, late in the transaction, and only by updates that
carry their own condition: no row touched means that somebody else was faster, and the whole unit of work gives way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..kernel.db import Change, Question, Rows, marks, to_json
from ..kernel.errors import DomainError, Duplicate, StockShort
from ..kernel.uow import UnitOfWork
from ..kernel.values import Money, bounded, one_line, quantity
from . import locks
from . import serials as pieces
from .api import GoodsMoved, LockMode, Place, Quality, StockChanged, StockFreed
from .booking import MOVE_COLUMNS, Shelves, Shift, Spot, book
from .places import bin_ids
from .queries import ServingWarehouse, home_regions
from .tracking import code as checked
from .tracking import day, last_days, meet_lots
from .warehouses import LONGEST_CODE, tell_stock
from .warehouses import checked as fitting

_EXCLUSIVE = frozenset({LockMode.ONLY.value, LockMode.ONLY_HERE.value})
"""Modes under which a shop takes nothing that is shared."""


@dataclass(frozen=True, slots=True)
class Level:
    """What a warehouse that serves a shop has of a SKU, as it stands while we hold it.

    `free` is what the shop may promise today: good, not being counted, with enough life left, not locked for other shops.
    """

    shop_id: int
    warehouse: ServingWarehouse
    sku_id: int
    free: int
    lots: tuple[tuple[int, int], ...]
    """The counter rows it consists of, (id, free to any shop), the first to expire first; one where lots are not told apart."""
    own: tuple[tuple[int, int, int], ...] = ()
    """What the shop's own lock keeps for it beside that: (lock, counter row, units); its orders take that first."""
    exclusive: bool = False
    """Under its lock the shop takes nothing that is shared here."""

    @property
    def locked(self) -> int:
        """Of `free`, the units of the shop's own lock."""
        return sum(units for _, _, units in self.own)


@dataclass(frozen=True, slots=True)
class Want:
    """Units of a level for a holder; of several lots the first to expire are taken first."""

    kind: str
    holder: int
    level: Level
    quantity: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """Units that come in; `unit_cost` in minor units of the merchant's own currency, `bin` a bin's code or empty."""

    sku_id: int
    quantity: int
    unit_cost: int = 0
    bin: str = ""
    lot: str = ""
    expires_on: str = ""
    """The lot's last good day, `2027-03-31`; not needed again for a known lot."""
    quality: Quality = Quality.GOOD
    serials: tuple[str, ...] = ()


def add_warehouse(
    uow: UnitOfWork, code: str, title: str, regions: Sequence[str], address: Mapping[str, str] | None = None
) -> int:
    """A new warehouse; its id. `regions` are the provinces or country codes it is nearest to."""
    code = one_line(code, "the code of the warehouse", LONGEST_CODE, needed=True)
    title, home, sender = fitting(title, regions, address or {})
    if uow.db.row("SELECT 1 FROM warehouse WHERE code = ?", (code,)):
        raise Duplicate(f"warehouse {code} exists already", remedy="choose another code")
    [(warehouse_id,)] = uow.db.insert(
        "warehouse",
        ("code", "title", "regions", "address"),
        [(code, title, to_json(home), to_json(sender))],
        returning="id",
    )
    uow.note("added", "warehouse", warehouse_id)
    return int(warehouse_id)


def serve(uow: UnitOfWork, shop_id: int, warehouse_ids: Iterable[int], safety: int = 0) -> None:
    """Let warehouses serve a shop; `safety` units of each SKU stay back there from what is published."""
    served = list(warehouse_ids)
    uow.db.insert(
        "shop_warehouse",
        ("shop_id", "warehouse_id", "safety"),
        [(shop_id, warehouse_id, bounded(safety, "the safety stock", 1_000_000_000)) for warehouse_id in served],
        conflict="(shop_id, warehouse_id) DO UPDATE SET safety = excluded.safety",
    )
    for warehouse_id in served:
        uow.note("serves", "warehouse", warehouse_id, data={"shop": shop_id, "safety": safety})
        tell_stock(uow, warehouse_id)


def levels_question(uow: UnitOfWork, sku_ids: Iterable[int], shop_ids: Iterable[int], *, wait: bool = True) -> Question | None:
    """What `lock_levels` asks; None when there is nothing to ask about."""
    skus, shops = sorted(set(sku_ids)), sorted(set(shop_ids))
    if not skus or not shops:
        return None
    return Question(
        "SELECT l.id, sw.shop_id, w.id, w.code, CAST(w.regions AS TEXT), l.sku_id, l.on_hand - l.reserved - l.locked, "
        "l.sell_by, l.counting OR l.sell_by < ?, k.id, u.quantity, CASE WHEN EXISTS (SELECT 1 FROM stock_lock o WHERE "
        "o.shop_id = sw.shop_id AND o.sku_id = l.sku_id AND o.mode = 'lock_only') THEN 'lock_only' ELSE k.mode END "
        "FROM stock_level l JOIN shop_warehouse sw ON sw.warehouse_id = l.warehouse_id "
        "JOIN warehouse w ON w.id = l.warehouse_id "
        "LEFT JOIN stock_lock k ON k.shop_id = sw.shop_id AND k.sku_id = l.sku_id AND k.warehouse_id = l.warehouse_id "
        "LEFT JOIN locked_units u ON u.lock_id = k.id AND u.level_id = l.id "
        f"WHERE l.sku_id IN ({marks(skus)}) AND sw.shop_id IN ({marks(shops)}) AND l.quality = 'good' "
        "ORDER BY l.sku_id, l.warehouse_id"
        + ("" if uow.db.sqlite else ", l.id FOR UPDATE OF l" if wait else ", l.id FOR UPDATE OF l SKIP LOCKED"),
        (uow.merchant.day(uow.now), *skus, *shops),
        12,
    )


def lock_levels(uow: UnitOfWork, sku_ids: Iterable[int], shop_ids: Iterable[int], *, wait: bool = True) -> list[Level]:
    """What the warehouses that serve these shops have of these SKUs, held until the transaction ends.

    Whoever holds other levels already must not `wait` for these: two that wait for each other would both stand still. What
    somebody else holds at that moment is then left out, and found by the next round.
    """
    question = levels_question(uow, sku_ids, shop_ids, wait=wait)
    if question is None:
        return []
    rows = uow.db.rows(question.sql, question.parameters)
    together: defaultdict[tuple[int, int, int], list[tuple[str, int, int]]] = defaultdict(list)
    own: defaultdict[tuple[int, int, int], list[tuple[str, int, int, int]]] = defaultdict(list)
    exclusive: set[tuple[int, int, int]] = set()
    warehouses: dict[int, ServingWarehouse] = {}
    for level_id, shop_id, warehouse_id, code, regions, sku_id, free, last, resting, lock_id, kept, mode in rows:
        if warehouse_id not in warehouses:
            warehouses[warehouse_id] = ServingWarehouse(warehouse_id, code, home_regions(regions))
        key = (sku_id, warehouse_id, shop_id)
        if mode in _EXCLUSIVE:
            exclusive.add(key)
        if resting or mode in _EXCLUSIVE:
            free = 0
        together[key].append((last, level_id, free))
        if kept and not resting:
            own[key].append((last, level_id, lock_id, kept))
    levels = []
    for key, parts in together.items():
        units = 0
        lots = []
        for _, level_id, free in sorted(parts):
            units += free
            lots.append((level_id, free))
        mine = []
        if key in own:
            for _, level_id, lock_id, kept in sorted(own[key]):
                units += kept
                mine.append((lock_id, level_id, kept))
        levels.append(Level(key[2], warehouses[key[1]], key[0], units, tuple(lots), tuple(mine), key in exclusive))
    return levels


def reserve(uow: UnitOfWork, wants: Sequence[Want]) -> None:
    """Promise units to holders, all or nothing: StockShort when a level has fewer free than wanted by now.

    A shop's own locked units go first, and its lock shrinks with them.
    """
    if not wants:
        return
    by_level: dict[int, int] = {}
    drawn: dict[tuple[int, int], int] = {}
    unlocked: dict[int, int] = {}
    rows: list[tuple[object, ...]] = []
    for want in wants:
        missing = quantity(want.quantity)
        taken: dict[int, tuple[int, int | None, int]] = {}
        for lock_id, level_id, kept in want.level.own:
            take = min(missing, kept - drawn.get((lock_id, level_id), 0))
            if take > 0:
                drawn[lock_id, level_id] = drawn.get((lock_id, level_id), 0) + take
                unlocked[level_id] = unlocked.get(level_id, 0) + take
                by_level[level_id] = by_level.get(level_id, 0) + take
                taken[level_id] = (take, lock_id, take)
                missing -= take
        for level_id, free in want.level.lots:
            take = min(missing, free - by_level.get(level_id, 0) + unlocked.get(level_id, 0))
            if take > 0:
                by_level[level_id] = by_level.get(level_id, 0) + take
                before, lock, kept = taken.get(level_id, (0, None, 0))
                taken[level_id] = (before + take, lock, kept)
                missing -= take
        if missing:
            raise StockShort("stock", want.quantity, want.quantity - missing, remedy="somebody was faster; try again")
        for level_id, (take, lock, kept) in taken.items():
            rows.append((want.kind, want.holder, level_id, take, "held", uow.now, lock, kept))
    columns: tuple[str, ...] = ("kind", "holder", "level_id", "quantity", "state", "at", "lock_id", "locked")
    if drawn:
        locks.keep(uow, {key: -units for key, units in drawn.items()})
    else:
        columns, rows = columns[:6], [row[:6] for row in rows]
    touched, _ = uow.db.together(
        Change(
            "UPDATE stock_level SET reserved = stock_level.reserved + v.column2, locked = stock_level.locked - v.column3 FROM "
            f"(VALUES {','.join(['(?,?,?)'] * len(by_level))}) AS v WHERE stock_level.id = v.column1 "
            "AND NOT stock_level.counting "
            "AND stock_level.on_hand - stock_level.reserved - v.column2 >= stock_level.locked - v.column3",
            [part for level_id, units in sorted(by_level.items()) for part in (level_id, units, unlocked.get(level_id, 0))],
        ),
        Rows("reservation", columns, rows),
    )
    if touched != len(by_level):
        raise StockShort("stock", sum(by_level.values()), touched, remedy="somebody was faster; try again")
    uow.emit(StockChanged(tuple(sorted({want.level.sku_id for want in wants}))))


@dataclass(frozen=True, slots=True)
class Held:
    """A reservation as it stands while we hold its level."""

    serials: bool
    """Whether each of its units needs its piece scanned before it leaves."""
    id: int
    holder: int
    level_id: int
    quantity: int
    sku_id: int
    warehouse_id: int
    lot: str
    quality: str
    on_hand: int
    value: int
    placed: int
    """How many of the level's units lie in bins."""
    sell_by: str
    lock_id: int | None
    """The lock it drew on, and how many of its units came from there."""
    locked: int


def held(uow: UnitOfWork, kind: str, holders: Iterable[int]) -> list[Held]:
    """What these holders have reserved, their levels held until the transaction ends."""
    question = held_question(uow, kind, holders)
    if question is None:
        return []
    return [Held(bool(row[0]), *row[1:]) for row in uow.db.rows(question.sql, question.parameters)]


def held_question(uow: UnitOfWork, kind: str, holders: Iterable[int]) -> Question | None:
    """What `held` asks; None when nobody is asked about."""
    wanted = sorted(set(holders))
    if not wanted:
        return None
    return Question(
        "SELECT COALESCE(t.serials, FALSE), r.id, r.holder, r.level_id, r.quantity, l.sku_id, l.warehouse_id, l.lot, "
        "l.quality, l.on_hand, l.value, l.placed, l.sell_by, r.lock_id, r.locked "
        "FROM reservation r JOIN stock_level l ON l.id = r.level_id "
        "LEFT JOIN sku_tracking t ON t.sku_id = l.sku_id WHERE r.kind = ? AND r.state = 'held' AND r.holder IN "
        f"({marks(wanted)}) ORDER BY l.sku_id, l.warehouse_id, l.id, r.id" + ("" if uow.db.sqlite else " FOR UPDATE OF l, r"),
        (kind, *wanted),
        15,
    )


def release(uow: UnitOfWork, kind: str, units: Mapping[int, int | None]) -> None:
    """Give back so many units of each holder, None meaning all; what becomes free is offered to those who wait.

    Units that came from a lock go back there, after the others, as long as the lock stands.
    """
    levels: dict[int, int] = {}
    back: dict[tuple[int, int], int] = {}
    given: dict[int, int] = {}
    skus: set[int] = set()
    whole: list[int] = []
    there = held(uow, kind, units)
    standing = locks.standing(uow, [mine.lock_id for mine in there if mine.lock_id is not None])
    if with_pieces := {mine.holder for mine in there if mine.serials}:
        pieces.put_back(uow, kind, with_pieces)
    # What lives longest goes back first, so that FEFO still holds for the rest.
    for mine in sorted(there, key=lambda one: (one.sell_by, one.sku_id, one.warehouse_id, one.level_id, one.id), reverse=True):
        limit = units[mine.holder]
        give = mine.quantity if limit is None else min(mine.quantity, limit - given.get(mine.holder, 0))
        if give <= 0:
            continue
        given[mine.holder] = given.get(mine.holder, 0) + give
        levels[mine.level_id] = levels.get(mine.level_id, 0) + give
        skus.add(mine.sku_id)
        kept = min(give, max(0, give - (mine.quantity - mine.locked)))
        if kept and mine.lock_id is not None and standing.get(mine.lock_id) == mine.warehouse_id:
            back[mine.lock_id, mine.level_id] = back.get((mine.lock_id, mine.level_id), 0) + kept
        if give == mine.quantity:
            whole.append(mine.id)
        else:
            uow.db.change(
                "UPDATE reservation SET quantity = quantity - ?, locked = locked - ? WHERE id = ?", (give, kept, mine.id)
            )
    if whole:
        uow.db.change(f"UPDATE reservation SET state = 'released' WHERE id IN ({marks(whole)})", whole)
    if levels:
        kept_again: dict[int, int] = {}
        for (_, level_id), units_back in back.items():
            kept_again[level_id] = kept_again.get(level_id, 0) + units_back
        uow.db.change(
            "UPDATE stock_level SET reserved = stock_level.reserved - v.column2, locked = stock_level.locked + v.column3 FROM "
            f"(VALUES {','.join(['(?,?,?)'] * len(levels))}) AS v WHERE stock_level.id = v.column1",
            [part for level_id, give in sorted(levels.items()) for part in (level_id, give, kept_again.get(level_id, 0))],
        )
        if back:
            locks.keep(uow, back)
        uow.emit(StockChanged(tuple(sorted(skus))), StockFreed(tuple(sorted(skus))))


def hand_over(uow: UnitOfWork, kind: str, holders: Mapping[int, int]) -> None:
    """Reservations change hands, from one holder to another of the same kind; no counter changes."""
    held(uow, kind, holders)
    for old, new in sorted(holders.items()):
        uow.db.change("UPDATE reservation SET holder = ? WHERE kind = ? AND holder = ? AND state = 'held'", (new, kind, old))
        uow.db.change("UPDATE serial SET holder = ? WHERE holder_kind = ? AND holder = ?", (new, kind, old))


def consume(uow: UnitOfWork, kind: str, holders: Iterable[int], *, document_kind: str, document: int, text: str) -> Money:
    """What the holders reserved leaves for the customer; its cost in the merchant's own currency.

    Each unit takes its share of what its level's units cost together, so that no fen stays behind when the last one goes.
    Refused: a lot that is past its last good day, and SKUs with serial numbers while not every piece is scanned.
    """
    mine = held(uow, kind, holders)
    if not mine:
        raise DomainError(f"{text}: nothing is reserved", remedy="reload; it may have been shipped or cancelled")
    _refuse_expired(uow, mine, text)
    shelves = Shelves(uow, sorted({row.level_id for row in mine if row.placed}))
    on_hand = {row.level_id: row.on_hand for row in mine}
    value = {row.level_id: row.value for row in mine}
    placed = {row.level_id: row.placed for row in mine}
    moves, total = [], 0
    taken: dict[int, tuple[int, int, int]] = {}
    for row in mine:
        cost = value[row.level_id] * row.quantity // on_hand[row.level_id]
        spots: list[tuple[int | None, int]] = [(None, row.quantity)]
        if placed[row.level_id]:
            floor = on_hand[row.level_id] - placed[row.level_id]
            spots = shelves.take(row.level_id, floor, None, row.quantity)
        from_bins = sum(units for bin_id, units in spots if bin_id is not None)
        on_hand[row.level_id] -= row.quantity
        value[row.level_id] -= cost
        placed[row.level_id] -= from_bins
        total += cost
        count, spent, off = taken.get(row.level_id, (0, 0, 0))
        taken[row.level_id] = (count + row.quantity, spent + cost, off + from_bins)
        left, rest = row.quantity, cost
        for no, (bin_id, units) in enumerate(spots, 1):
            part = rest * units // left
            left, rest = left - units, rest - part
            moves.append(
                (uow.now, row.sku_id, units, Place.STOCK, row.warehouse_id, bin_id, Place.CUSTOMER, None, None, row.lot,
                 part, document_kind, document, uow.actor, _out(row.id, no), "")
            )  # fmt: skip
    ids = [row.id for row in mine]
    with_pieces = any(row.serials for row in mine)
    touched, *_ = uow.db.together(
        Change(
            "UPDATE stock_level SET on_hand = stock_level.on_hand - v.column2, reserved = stock_level.reserved - v.column2, "
            "value = stock_level.value - v.column3, placed = stock_level.placed - v.column4 "
            f"FROM (VALUES {','.join(['(?,?,?,?)'] * len(taken))}) AS v "
            "WHERE stock_level.id = v.column1 AND stock_level.reserved >= v.column2",
            [part for level_id, gone in sorted(taken.items()) for part in (level_id, *gone)],
        ),
        Change(f"UPDATE reservation SET state = 'consumed' WHERE id IN ({marks(ids)})", ids),
        Rows("stock_move", MOVE_COLUMNS, [] if with_pieces else moves),
    )
    if touched != len(taken):
        raise StockShort(text, sum(gone[0] for gone in taken.values()), touched, remedy="reload and try again")
    shelves.write()
    if with_pieces:
        keys = {key: id_ for id_, key in uow.db.insert("stock_move", MOVE_COLUMNS, moves, returning="id, key")}
        _carry_out(uow, kind, [row for row in mine if row.serials], keys, text)
    worth = Money(total, uow.merchant.currency)
    uow.emit(
        GoodsMoved(f"{document_kind}/{document}", uow.now, Place.STOCK, Place.CUSTOMER, document_kind, document, text, worth),
        StockChanged(tuple(sorted({row.sku_id for row in mine}))),
    )
    return worth


def _out(reservation_id: int, no: int) -> str:
    """The key of a shipped reservation's move; units out of several bins are several moves."""
    return f"reservation/{reservation_id}" if no == 1 else f"reservation/{reservation_id}/{no}"


def _refuse_expired(uow: UnitOfWork, mine: Sequence[Held], text: str) -> None:
    today = uow.merchant.day(uow.now)
    for (_, lot), last in last_days(uow.db, [(row.sku_id, row.lot) for row in mine if row.lot]).items():
        if last and last < today:
            raise DomainError(f"{text}: lot {lot} was good until {last}", remedy="scan another lot, or plan it anew")


def _carry_out(uow: UnitOfWork, kind: str, mine: Sequence[Held], keys: Mapping[str, int], text: str) -> None:
    """The pieces that were scanned go along; every unit needs one."""
    there = pieces.scanned(uow, kind, [row.holder for row in mine])
    carried = []
    for row in mine:
        serials = there.get((row.holder, row.level_id), ())
        there[row.holder, row.level_id] = serials[row.quantity :]
        carried.append(
            pieces.Carried(
                row.sku_id, text, True, row.quantity, serials[: row.quantity], Place.STOCK, row.level_id, Place.CUSTOMER, None,
                keys[_out(row.id, 1)],
            )
        )  # fmt: skip
    pieces.carry(uow, carried, holders=True)


# goods that come, go, or are not what the book says


def receive(
    uow: UnitOfWork, warehouse_id: int, receipts: Sequence[Receipt], *, source: Place, document: int, key: str, text: str,
    kind: str = "receipt",
) -> None:  # fmt: skip
    """Units come into a warehouse, with what they cost; whoever waits for them is served before they are published.

    The moves are filed under `kind` and `document`. The same `key` again is a Duplicate and writes nothing. An expired lot
    is refused unless it comes in as defective or to qc.
    """
    if not receipts:
        raise DomainError("nothing to receive", remedy="give at least one SKU")
    bins = bin_ids(uow.db, warehouse_id, {receipt.bin for receipt in receipts if receipt.bin})
    lots: dict[tuple[int, str], str] = {}
    together: dict[tuple[int, str, str, Quality], list[Receipt]] = {}
    for receipt in receipts:
        if receipt.unit_cost < 0:
            raise DomainError(f"a unit cost of {receipt.unit_cost}", remedy="give 0 or more")
        quantity(receipt.quantity)
        lot = checked(receipt.lot, "a lot") if receipt.lot else ""
        if lot:
            expires_on = day(receipt.expires_on, f"the last good day of lot {lot}") if receipt.expires_on else ""
            before = lots.setdefault((receipt.sku_id, lot), expires_on)
            if expires_on and before and before != expires_on:
                raise DomainError(f"lot {lot} has two last good days, {before} and {expires_on}", remedy="check the label")
            lots[receipt.sku_id, lot] = before or expires_on
        together.setdefault((receipt.sku_id, lot, receipt.bin, Quality(receipt.quality)), []).append(receipt)
    meet_lots(uow, lots)
    today = uow.merchant.day(uow.now)
    if lots:
        days = last_days(uow.db, lots)
        for sku_id, lot, _, quality_ in together:
            if quality_ is Quality.GOOD and lot and "" < days[sku_id, lot] < today:
                raise DomainError(
                    f"lot {lot} was good until {days[sku_id, lot]}", remedy="receive it as defective, or send it back"
                )
    shifts: list[Shift] = []
    # The first row has the key itself, so that the same delivery is known again whatever it is said to bring.
    for no, ((sku_id, lot, bin_code, quality_), parts) in enumerate(sorted(together.items()), 1):
        shifts.append(
            Shift(
                sku_id,
                sum(part.quantity for part in parts),
                Spot(source),
                Spot(quality_.place, warehouse_id, bins.get(bin_code)),
                key if no == 1 else f"{key}/{no}",
                lot,
                sum(part.quantity * part.unit_cost for part in parts),
                tuple(serial for part in parts for serial in part.serials),
            )
        )
    uow.note("received", "warehouse", warehouse_id, text)
    book(uow, shifts, kind=kind, document=document, key=key, text=text, while_counting=True)


def write_off(uow: UnitOfWork, level_id: int, units: int, *, key: str, because: str, serials: Sequence[str] = ()) -> None:
    """Units are gone; only free ones can be, and the documents that hold the others are named in the refusal."""
    row = uow.db.row("SELECT sku_id, warehouse_id, lot, quality FROM stock_level WHERE id = ?", (level_id,))
    if row is None:
        raise DomainError(f"there is no stock level {level_id}", remedy="reload the page")
    sku_id, warehouse_id, lot, quality_ = row
    shift = Shift(
        sku_id, units, Spot(Quality(quality_).place, warehouse_id), Spot(Place.LOSS), key, lot, None, tuple(serials), because
    )
    book(uow, [shift], kind="write_off", document=level_id, key=key, text=because)
    uow.note("written off", "warehouse", warehouse_id, because)
