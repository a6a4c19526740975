"""Commands on stock. Counters change only here, beside the move or reservation that explains them.

Levels are always touched in the order of their SKU and warehouse, late in the transaction, and only by updates that
carry their own condition: no row touched means that somebody else was faster, and the whole unit of work gives way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..catalog.queries import marks
from ..kernel.db import as_json, to_json
from ..kernel.errors import DomainError, Duplicate, StockShort
from ..kernel.uow import UnitOfWork
from ..kernel.values import Money, quantity
from .api import GoodsMoved, Place, StockChanged, StockFreed
from .queries import ServingWarehouse


@dataclass(frozen=True, slots=True)
class Level:
    """One counter row of a warehouse that serves a shop, as it stands while we hold it."""

    id: int
    shop_id: int
    warehouse: ServingWarehouse
    sku_id: int
    free: int


@dataclass(frozen=True, slots=True)
class Want:
    """Units of a level for a holder."""

    kind: str
    holder: int
    level_id: int
    sku_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """Units that come in; `unit_cost` in minor units of the merchant's own currency."""

    sku_id: int
    quantity: int
    unit_cost: int = 0


def add_warehouse(
    uow: UnitOfWork, code: str, title: str, regions: Sequence[str], address: Mapping[str, str] | None = None
) -> int:
    """A new warehouse; its id. `regions` are the provinces or country codes it is nearest to."""
    if uow.db.row("SELECT 1 FROM warehouse WHERE code = ?", (code,)):
        raise Duplicate(f"warehouse {code} exists already", remedy="choose another code")
    [(warehouse_id,)] = uow.db.insert(
        "warehouse",
        ("code", "title", "regions", "address"),
        [(code, title, to_json(list(regions)), to_json(dict(address or {})))],
        returning="id",
    )
    uow.note("added", "warehouse", warehouse_id)
    return int(warehouse_id)


def serve(uow: UnitOfWork, shop_id: int, warehouse_ids: Iterable[int], safety: int = 0) -> None:
    """Let warehouses serve a shop; `safety` units of each SKU stay back there from what is published."""
    uow.db.insert(
        "shop_warehouse",
        ("shop_id", "warehouse_id", "safety"),
        [(shop_id, warehouse_id, safety) for warehouse_id in warehouse_ids],
        conflict="(shop_id, warehouse_id) DO UPDATE SET safety = excluded.safety",
    )


def lock_levels(uow: UnitOfWork, sku_ids: Iterable[int], shop_ids: Iterable[int]) -> list[Level]:
    """The good levels of these SKUs in the warehouses that serve these shops, held until the transaction ends."""
    skus, shops = sorted(set(sku_ids)), sorted(set(shop_ids))
    if not skus or not shops:
        return []
    rows = uow.db.rows(
        "SELECT l.id, sw.shop_id, w.id, w.code, w.regions, l.sku_id, l.on_hand - l.reserved FROM stock_level l "
        "JOIN shop_warehouse sw ON sw.warehouse_id = l.warehouse_id JOIN warehouse w ON w.id = l.warehouse_id "
        f"WHERE l.sku_id IN ({marks(skus)}) AND sw.shop_id IN ({marks(shops)}) AND l.quality = 'good' "
        "ORDER BY l.sku_id, l.warehouse_id, l.id" + ("" if uow.db.sqlite else " FOR UPDATE OF l"),
        [*skus, *shops],
    )
    return [Level(row[0], row[1], ServingWarehouse(row[2], row[3], tuple(as_json(row[4]))), row[5], row[6]) for row in rows]


def reserve(uow: UnitOfWork, wants: Sequence[Want]) -> None:
    """Promise units to holders, all or nothing: StockShort when a level has fewer free than wanted by now."""
    if not wants:
        return
    by_level: dict[int, int] = {}
    for want in wants:
        by_level[want.level_id] = by_level.get(want.level_id, 0) + quantity(want.quantity)
    touched = uow.db.change(
        f"UPDATE stock_level SET reserved = stock_level.reserved + v.column2 FROM (VALUES "
        f"{','.join(['(?,?)'] * len(by_level))}) AS v WHERE stock_level.id = v.column1 "
        "AND stock_level.on_hand - stock_level.reserved >= v.column2",
        [part for pair in sorted(by_level.items()) for part in pair],
    )
    if touched != len(by_level):
        raise StockShort("stock", sum(by_level.values()), touched, remedy="somebody was faster; try again")
    uow.db.insert(
        "reservation",
        ("kind", "holder", "level_id", "quantity", "state", "at"),
        [(want.kind, want.holder, want.level_id, want.quantity, "held", uow.now) for want in wants],
    )
    uow.emit(StockChanged(tuple(sorted({want.sku_id for want in wants}))))


@dataclass(frozen=True, slots=True)
class Held:
    """A reservation as it stands while we hold its level."""

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


def held(uow: UnitOfWork, kind: str, holders: Iterable[int]) -> list[Held]:
    """What these holders have reserved, their levels held until the transaction ends."""
    wanted = sorted(set(holders))
    if not wanted:
        return []
    rows = uow.db.rows(
        "SELECT r.id, r.holder, r.level_id, r.quantity, l.sku_id, l.warehouse_id, l.lot, l.quality, l.on_hand, l.value "
        "FROM reservation r JOIN stock_level l ON l.id = r.level_id WHERE r.kind = ? AND r.state = 'held' AND r.holder IN "
        f"({marks(wanted)}) ORDER BY l.sku_id, l.warehouse_id, l.id, r.id" + ("" if uow.db.sqlite else " FOR UPDATE"),
        [kind, *wanted],
    )
    return [Held(*row) for row in rows]


def release(uow: UnitOfWork, kind: str, units: Mapping[int, int | None]) -> None:
    """Give back so many units of each holder, None meaning all; what becomes free is offered to those who wait."""
    levels: dict[int, int] = {}
    given: dict[int, int] = {}
    skus: set[int] = set()
    whole: list[int] = []
    for mine in reversed(held(uow, kind, units)):
        limit = units[mine.holder]
        give = mine.quantity if limit is None else min(mine.quantity, limit - given.get(mine.holder, 0))
        if give <= 0:
            continue
        given[mine.holder] = given.get(mine.holder, 0) + give
        levels[mine.level_id] = levels.get(mine.level_id, 0) + give
        skus.add(mine.sku_id)
        if give == mine.quantity:
            whole.append(mine.id)
        else:
            uow.db.change("UPDATE reservation SET quantity = quantity - ? WHERE id = ?", (give, mine.id))
    if whole:
        uow.db.change(f"UPDATE reservation SET state = 'released' WHERE id IN ({marks(whole)})", whole)
    if levels:
        uow.db.change(
            f"UPDATE stock_level SET reserved = stock_level.reserved - v.column2 FROM (VALUES "
            f"{','.join(['(?,?)'] * len(levels))}) AS v WHERE stock_level.id = v.column1",
            [part for pair in sorted(levels.items()) for part in pair],
        )
        uow.emit(StockChanged(tuple(sorted(skus))), StockFreed(tuple(sorted(skus))))


def hand_over(uow: UnitOfWork, kind: str, holders: Mapping[int, int]) -> None:
    """Reservations change hands, from one holder to another of the same kind; no counter changes."""
    for old, new in sorted(holders.items()):
        uow.db.change("UPDATE reservation SET holder = ? WHERE kind = ? AND holder = ? AND state = 'held'", (new, kind, old))


def consume(uow: UnitOfWork, kind: str, holders: Iterable[int], *, document_kind: str, document: int, text: str) -> Money:
    """What the holders reserved leaves for the customer; its cost in the merchant's own currency.

    Each unit takes its share of what its level's units cost together, so that no fen stays behind when the last one goes.
    """
    mine = held(uow, kind, holders)
    if not mine:
        raise DomainError(f"{text}: nothing is reserved", remedy="reload; it may have been shipped or cancelled")
    on_hand = {row.level_id: row.on_hand for row in mine}
    value = {row.level_id: row.value for row in mine}
    moves, total = [], 0
    taken: dict[int, tuple[int, int]] = {}
    for row in mine:
        cost = value[row.level_id] * row.quantity // on_hand[row.level_id]
        on_hand[row.level_id] -= row.quantity
        value[row.level_id] -= cost
        total += cost
        count, spent = taken.get(row.level_id, (0, 0))
        taken[row.level_id] = (count + row.quantity, spent + cost)
        moves.append(
            (uow.now, row.sku_id, row.quantity, Place.STOCK, row.warehouse_id, Place.CUSTOMER, None, row.lot, row.quality,
             cost, document_kind, document, uow.actor, f"reservation/{row.id}")
        )  # fmt: skip
    touched = uow.db.change(
        "UPDATE stock_level SET on_hand = stock_level.on_hand - v.column2, reserved = stock_level.reserved - v.column2, "
        f"value = stock_level.value - v.column3 FROM (VALUES {','.join(['(?,?,?)'] * len(taken))}) AS v "
        "WHERE stock_level.id = v.column1 AND stock_level.reserved >= v.column2",
        [part for level_id, (count, spent) in sorted(taken.items()) for part in (level_id, count, spent)],
    )
    if touched != len(taken):
        raise StockShort(text, sum(count for count, _ in taken.values()), touched, remedy="reload and try again")
    ids = [row.id for row in mine]
    uow.db.change(f"UPDATE reservation SET state = 'consumed' WHERE id IN ({marks(ids)})", ids)
    uow.db.insert("stock_move", _MOVE_COLUMNS, moves)
    worth = Money(total, uow.merchant.currency)
    uow.emit(
        GoodsMoved(f"{document_kind}/{document}", uow.now, Place.STOCK, Place.CUSTOMER, document_kind, document, text, worth),
        StockChanged(tuple(sorted({row.sku_id for row in mine}))),
    )
    return worth


_MOVE_COLUMNS = (
    "at", "sku_id", "quantity", "source", "source_warehouse_id", "target", "target_warehouse_id", "lot", "quality", "cost",
    "kind", "document", "actor", "key",
)  # fmt: skip


def receive(
    uow: UnitOfWork, warehouse_id: int, receipts: Sequence[Receipt], *, source: Place, document: int, key: str, text: str
) -> None:
    """Units come into a warehouse, with what they cost; whoever waits for them is served before they are published.

    The same `key` again is a Duplicate and writes nothing.
    """
    if not receipts:
        raise DomainError(f"receipt {key} brings nothing", remedy="name at least one SKU")
    by_sku: dict[int, tuple[int, int]] = {}
    for receipt in receipts:
        if receipt.unit_cost < 0:
            raise DomainError(f"a unit cost of {receipt.unit_cost}", remedy="give 0 or more")
        count, cost = by_sku.get(receipt.sku_id, (0, 0))
        units = quantity(receipt.quantity)
        by_sku[receipt.sku_id] = (count + units, cost + units * receipt.unit_cost)
    if uow.db.row("SELECT 1 FROM stock_move WHERE key = ?", (key,)):
        raise Duplicate(f"receipt {key} was booked already", remedy="use another number for another delivery")
    uow.db.insert(
        "stock_level",
        ("warehouse_id", "sku_id", "lot", "quality", "on_hand", "reserved", "value"),
        [(warehouse_id, sku_id, "", "good", count, 0, cost) for sku_id, (count, cost) in sorted(by_sku.items())],
        conflict="(sku_id, warehouse_id, lot, quality) DO UPDATE SET on_hand = stock_level.on_hand + excluded.on_hand, "
        "value = stock_level.value + excluded.value",
    )
    uow.db.insert(
        "stock_move",
        _MOVE_COLUMNS,
        [
            (uow.now, sku_id, count, source, None, Place.STOCK, warehouse_id, "", "good", cost, "receipt", document,
             uow.actor, f"{key}/{sku_id}" if place else key)
            for place, (sku_id, (count, cost)) in enumerate(sorted(by_sku.items()))
        ],
    )  # fmt: skip
    total = Money(sum(cost for _, cost in by_sku.values()), uow.merchant.currency)
    uow.note("received", "warehouse", warehouse_id, text)
    skus = tuple(sorted(by_sku))
    uow.emit(
        GoodsMoved(key, uow.now, source, Place.STOCK, "receipt", document, text, total),
        StockChanged(skus),
        StockFreed(skus),
    )


def write_off(uow: UnitOfWork, level_id: int, units: int, *, key: str, because: str) -> None:
    """Units are gone; only free ones can be, reserved ones are named as refused."""
    quantity(units)
    row = uow.db.row(
        "SELECT sku_id, warehouse_id, lot, quality, on_hand, reserved, value FROM stock_level WHERE id = ?"
        + ("" if uow.db.sqlite else " FOR UPDATE"),
        (level_id,),
    )
    if row is None:
        raise DomainError(f"there is no stock level {level_id}", remedy="reload the page")
    sku_id, warehouse_id, lot, quality_, on_hand, reserved, value = row
    if uow.db.row("SELECT 1 FROM stock_move WHERE key = ?", (key,)):
        raise Duplicate(f"write-off {key} was booked already", remedy="use another number")
    if units > on_hand - reserved:
        raise StockShort(f"SKU {sku_id}", units, on_hand - reserved, remedy="cancel what is reserved first")
    cost = value * units // on_hand
    uow.db.change(
        "UPDATE stock_level SET on_hand = on_hand - ?, value = value - ? WHERE id = ? AND on_hand - reserved >= ?",
        (units, cost, level_id, units),
    )
    uow.db.insert(
        "stock_move",
        _MOVE_COLUMNS,
        [(uow.now, sku_id, units, Place.STOCK, warehouse_id, Place.LOSS, None, lot, quality_, cost, "write_off", level_id,
          uow.actor, key)],
    )  # fmt: skip
    uow.note("written off", "warehouse", warehouse_id, because)
    money = Money(cost, uow.merchant.currency)
    uow.emit(GoodsMoved(key, uow.now, Place.STOCK, Place.LOSS, "write_off", level_id, because, money), StockChanged((sku_id,)))
