"""Stock for fulfillment orders that wait for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..inventory import service as inventory
from ..inventory.api import StockFreed
from ..inventory.pool import Pool
from ..kernel.db import as_json, marks
from ..kernel.errors import Stale
from ..kernel.uow import UnitOfWork
from ..orders import service as orders
from ..orders.api import HoldCode
from .api import FoState
from .documents import BY_HAND, HOLDER, LINES_SQL, Fo, allowed, held
from .serving import FoLineRow, Serving, serve
from .states import OPEN, quoted

_TOGETHER = 1000
"""So many that wait are served with one set of statements."""


def offer(uow: UnitOfWork, events: Sequence[StockFreed]) -> None:
    """Give free stock to planned fulfillment orders, in order of payment, before anybody publishes it."""
    skus = sorted({sku_id for event in events for sku_id in event.sku_ids})
    waiting = uow.db.rows(
        "SELECT f.id FROM fulfillment_order f WHERE f.state = 'planned' AND f.id IN (SELECT l.fo_id FROM fo_line l "
        f"WHERE l.reserved < l.quantity AND l.sku_id IN ({marks(skus)})) ORDER BY f.paid_at, f.id",
        skus,
    )
    allocate_all(uow, undisturbed(uow, [row[0] for row in waiting]), "stock became free")


def undisturbed(uow: UnitOfWork, fo_ids: Sequence[int]) -> list[int]:
    """Those of them, in their order, that nobody else works on, nor on their orders; they are held until the transaction ends.

    Whoever frees stock holds some already, and must not wait for a document whose holder may be waiting for that stock. What
    is left out is found by the next round (`offer_again`).
    """
    if uow.db.sqlite:
        return list(fo_ids)
    free: list[int] = []
    for start in range(0, len(fo_ids), _TOGETHER):
        part = fo_ids[start : start + _TOGETHER]
        lines = dict(uow.db.rows(f"SELECT fo_id, COUNT(*) FROM fo_line WHERE fo_id IN ({marks(part)}) GROUP BY fo_id", part))
        locked: dict[int, int] = {}
        for (fo_id,) in uow.db.rows(
            "SELECT f.id FROM fulfillment_order f JOIN fo_line l ON l.fo_id = f.id JOIN sales_order o ON o.id = l.order_id "
            f"WHERE f.id IN ({marks(part)}) ORDER BY f.id FOR UPDATE OF f, o SKIP LOCKED",
            part,
        ):
            locked[fo_id] = locked.get(fo_id, 0) + 1
        free += [fo_id for fo_id in part if fo_id in locked and locked[fo_id] == lines.get(fo_id)]
    return free


def allocate(uow: UnitOfWork, fo_id: int, because: str, *, stay: bool = False) -> bool:
    """`allocate_all` for one; whether it is complete now."""
    return allocate_all(uow, [fo_id], because, stay=stay) == [fo_id]


def allocate_all(uow: UnitOfWork, fo_ids: Sequence[int], because: str, *, stay: bool = False) -> list[int]:
    """Reserve what planned fulfillment orders still miss, one after the other as they are given; those that are complete now.

    Each is served in line order, kits only whole. One that has nothing reserved yet moves to a warehouse that can serve it
    whole, unless it is to `stay`, or one of its orders may only be sent from where it is.
    """
    complete: list[int] = []
    for start in range(0, len(fo_ids), _TOGETHER):
        complete += _allocate(uow, fo_ids[start : start + _TOGETHER], because, stay)
    return complete


def _allocate(uow: UnitOfWork, fo_ids: Sequence[int], because: str, stay: bool) -> list[int]:
    there = held(uow, fo_ids)
    fos = [fo for fo_id in fo_ids if (fo := there[fo_id]).state is FoState.PLANNED and fo.warehouse_id is not None]
    complete = [fo_id for fo_id in fo_ids if there[fo_id].state is not FoState.PLANNED]
    if not fos:
        return complete
    ids = [fo.id for fo in fos]
    lines: dict[int, list[FoLineRow]] = {fo_id: [] for fo_id in ids}
    text = LINES_SQL.replace("SELECT f.id", "SELECT f.fo_id, f.id", 1)
    for fo_id, *row in uow.db.rows(f"{text} WHERE f.fo_id IN ({marks(ids)}) ORDER BY f.fo_id, f.order_id, l.no", ids):
        lines[fo_id].append(FoLineRow(*row))
    skus = {line.sku_id for mine in lines.values() for line in mine}
    pool = Pool(inventory.lock_levels(uow, skus, {fo.shop_id for fo in fos}, wait=False))
    bound = set(ids) if stay else _chosen(uow, ids)
    wants: list[inventory.Want] = []
    served: dict[int, Serving] = {}
    for fo in fos:
        movable = () if fo.id in bound else pool.serving[fo.shop_id].values()
        mine = served[fo.id] = serve(lines[fo.id], fo.warehouse_id or 0, pool.free(fo.shop_id), movable)
        for line, units in mine.units:
            level = pool.level(fo.shop_id, mine.warehouse_id, line.sku_id)
            wants.append(inventory.Want(HOLDER, line.id, level, units))
            pool.take(fo.shop_id, mine.warehouse_id, line.sku_id, units)
    inventory.reserve(uow, wants)
    if wants:
        uow.db.change(
            "UPDATE fo_line SET reserved = fo_line.reserved + v.column2 FROM "
            f"(VALUES {','.join(['(?,?)'] * len(wants))}) AS v WHERE fo_line.id = v.column1",
            [part for want in wants for part in (want.holder, want.quantity)],
        )
    count_reserved(uow, {line.line_id for mine in lines.values() for line in mine})
    _note_served(uow, [(fo, served[fo.id]) for fo in fos], because)
    return [*complete, *(fo.id for fo in fos if not served[fo.id].short)]


def _note_served(uow: UnitOfWork, served: Sequence[tuple[Fo, Serving]], because: str) -> None:
    """Where they are served from, their states and their holds, after what they got."""
    whole = [(fo, mine) for fo, mine in served if not mine.short]
    if whole:
        for fo, _ in whole:
            allowed(uow, fo, FoState.ALLOCATED, because)
        touched = uow.db.change(
            "UPDATE fulfillment_order SET state = 'allocated', version = version + 1, warehouse_id = v.column2 FROM "
            f"(VALUES {','.join(['(?,?)'] * len(whole))}) AS v WHERE fulfillment_order.id = v.column1 AND state = 'planned'",
            [part for fo, mine in whole for part in (fo.id, mine.warehouse_id)],
        )
        if touched != len(whole):
            raise Stale("fulfillment orders changed meanwhile", remedy="try again")
        orders.lift_all(uow, [fo.id for fo, _ in whole], HoldCode.OUT_OF_STOCK, level="fo")
    for fo, mine in served:
        if mine.short and mine.warehouse_id != fo.warehouse_id:
            uow.db.change("UPDATE fulfillment_order SET warehouse_id = ? WHERE id = ?", (mine.warehouse_id, fo.id))
    notes = {fo.id: ", ".join(mine.short) for fo, mine in served if mine.short}
    orders.hold_all(uow, notes, HoldCode.OUT_OF_STOCK, source="routing", level="fo")


def _chosen(uow: UnitOfWork, fo_ids: Sequence[int]) -> set[int]:
    """Those whose warehouse, or that of one of their orders, somebody chose, so that they must stay there."""
    rows = uow.db.rows(
        "SELECT f.id, f.why, EXISTS (SELECT 1 FROM fo_line x JOIN sales_order o ON o.id = x.order_id WHERE x.fo_id = f.id "
        f"AND o.warehouse_id IS NOT NULL) FROM fulfillment_order f WHERE f.id IN ({marks(fo_ids)})",
        fo_ids,
    )
    return {fo_id for fo_id, why, bound in rows if bound or BY_HAND in (as_json(why) or {})}


def count_reserved(uow: UnitOfWork, line_ids: Iterable[int]) -> None:
    """Order lines promise what their open fulfillment order lines have reserved."""
    wanted = sorted(set(line_ids))
    if wanted:
        rows = uow.db.rows(
            f"SELECT l.id, COALESCE(SUM(CASE WHEN f.state IN ({quoted(OPEN)}) THEN x.reserved ELSE 0 END), 0) "
            "FROM order_line l LEFT JOIN fo_line x ON x.line_id = l.id LEFT JOIN fulfillment_order f ON f.id = x.fo_id "
            f"WHERE l.id IN ({marks(wanted)}) GROUP BY l.id",
            wanted,
        )
        orders.set_reserved(uow, {row[0]: int(row[1]) for row in rows})
