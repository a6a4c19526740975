"""预售上限: how many units a shop may promise of a SKU before they are there.

`taken` is changed by the promise itself, in an update that carries its own condition, so that no two buyers get the last
unit. What a platform has sold already counts in any case: then more may be taken than the cap allows, and nothing is shown.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..kernel.db import marks
from ..kernel.errors import DomainError, StockShort
from ..kernel.uow import UnitOfWork
from ..kernel.values import quantity
from .api import StockChanged


def open_cap(uow: UnitOfWork, shop_id: int, sku_id: int, units: int) -> int:
    """Let a shop promise so many units ahead from now on; the cap's id. A shop has one open cap of a SKU at most."""
    quantity(units, "the cap")
    # Whoever opens another one for the same shop waits here, and then finds this one.
    row = uow.db.row("SELECT code FROM shop WHERE id = ?" + ("" if uow.db.sqlite else " FOR NO KEY UPDATE"), (shop_id,))
    sku = uow.db.row("SELECT code FROM sku WHERE id = ?", (sku_id,))
    if row is None or sku is None:
        raise DomainError(f"there is no {'shop ' + str(shop_id) if row is None else 'SKU ' + str(sku_id)}", remedy="choose one")
    if uow.db.row("SELECT 1 FROM presale_cap WHERE shop_id = ? AND sku_id = ? AND open", (shop_id, sku_id)):
        raise DomainError(f"{sku[0]} is on presale in {row[0]} already", remedy="change that presale, or close it first")
    [(cap_id,)] = uow.db.insert(
        "presale_cap", ("shop_id", "sku_id", "cap", "taken", "open"), [(shop_id, sku_id, units, 0, True)], returning="id"
    )
    uow.emit(StockChanged((sku_id,)))
    return int(cap_id)


def set_cap(uow: UnitOfWork, cap_id: int, units: int) -> None:
    """Another number, never below what is promised already, and only while the cap is open."""
    quantity(units, "the cap")
    rows = uow.db.rows(
        "UPDATE presale_cap SET cap = ? WHERE id = ? AND open AND (taken <= ? OR cap = ?) RETURNING sku_id",
        (units, cap_id, units, units),
    )
    if not rows:
        taken = _standing(uow, cap_id)[2]
        raise DomainError(f"{taken} units are promised, the cap cannot be {units}", remedy=f"give {taken} or more")
    uow.emit(StockChanged((rows[0][0],)))


def close_cap(uow: UnitOfWork, cap_id: int) -> None:
    """Promise nothing ahead any more; what is promised stays promised. The stock itself is shown again."""
    rows = uow.db.rows("UPDATE presale_cap SET open = ? WHERE id = ? AND open RETURNING sku_id", (False, cap_id))
    if not rows:
        _standing(uow, cap_id)
    uow.emit(StockChanged((rows[0][0],)))


def take(uow: UnitOfWork, units: Mapping[int, int], *, beyond: bool = False) -> dict[int, tuple[int, int]]:
    """Count units as promised, by cap; negative ones are free again. Refused where a cap has fewer left or is closed.

    `beyond` counts what is sold already, whatever is left. The caps that are exceeded now: (taken, cap).
    """
    over: dict[int, tuple[int, int]] = {}
    for cap_id, count in sorted(units.items()):
        if not count:
            continue
        guard = "" if beyond or count < 0 else " AND open AND taken + ? <= cap"
        rows = uow.db.rows(
            f"UPDATE presale_cap SET taken = taken + ? WHERE id = ?{guard} RETURNING taken, cap",
            [count, cap_id, *([count] if guard else [])],
        )
        if not rows:
            sku, cap, taken = _standing(uow, cap_id)
            raise StockShort(sku, count, max(0, cap - taken), remedy="raise the cap of the presale, or promise fewer")
        if count > 0 and rows[0][0] > rows[0][1]:
            over[cap_id] = (rows[0][0], rows[0][1])
    changed = [cap_id for cap_id, count in units.items() if count]
    if changed:
        skus = uow.db.rows(f"SELECT sku_id FROM presale_cap WHERE id IN ({marks(changed)}) ORDER BY sku_id", changed)
        uow.emit(StockChanged(tuple(row[0] for row in skus)))
    return over


def _standing(uow: UnitOfWork, cap_id: int) -> tuple[str, int, int]:
    """SKU, cap and what is taken of a cap that is open; refused when it is not."""
    row = uow.db.row(
        "SELECT k.code, c.cap, c.taken, c.open FROM presale_cap c JOIN sku k ON k.id = c.sku_id WHERE c.id = ?", (cap_id,)
    )
    if row is None:
        raise DomainError(f"there is no presale {cap_id}", remedy="reload the list of presales")
    if not row[3]:
        raise DomainError(f"the presale of {row[0]} is closed", remedy="open another one")
    return row[0], row[1], row[2]
