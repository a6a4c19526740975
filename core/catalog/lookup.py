"""Finding SKUs as a clerk names them: by code, by barcode, by a word of the name."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from ..kernel.db import Database, marks
from ..kernel.matching import begins, contains
from .queries import Item, items, items_by_code


@dataclass(frozen=True, slots=True)
class FoundSku:
    """A line of the list from which a clerk picks."""

    id: int
    code: str
    title: str
    barcode: str
    price: int


_FOUND = "SELECT id, code, title, barcode, price FROM sku"


def find_skus(db: Database, text: str, limit: int = 20) -> list[FoundSku]:
    """SKUs that a text may mean, surest first: the code or barcode itself, codes that begin so, then names that contain it.

    A scanned barcode stands alone on top; full-width digits and letters are read as plain ones.
    """
    wanted = unicodedata.normalize("NFKC", text).strip()
    if not wanted:
        return []
    found: dict[int, FoundSku] = {}
    for condition, given in (
        ("code = ? OR barcode = ?", [wanted, wanted]),
        begins(db, "code", wanted),
        contains(db, "code", wanted),
        contains(db, "title", wanted),
    ):
        if len(found) < limit:
            for row in db.rows(f"{_FOUND} WHERE {condition} ORDER BY code LIMIT {int(limit)}", given):
                found.setdefault(row[0], FoundSku(*row))
    return list(found.values())[:limit]


def items_named(db: Database, names: Iterable[str]) -> dict[str, Item]:
    """SKUs by what stands on a sheet: the code, else a barcode that only one SKU has; what means nothing is absent."""
    wanted = {name for name in names if name}
    known = items_by_code(db, wanted)
    left = sorted(wanted - set(known))
    if not left:
        return known
    bearers: dict[str, list[int]] = {}
    for barcode, sku_id in db.rows(f"SELECT barcode, id FROM sku WHERE barcode IN ({marks(left)})", left):
        bearers.setdefault(barcode, []).append(sku_id)
    alone = {barcode: ids[0] for barcode, ids in bearers.items() if len(ids) == 1}
    by_id = items(db, alone.values())
    return known | {barcode: by_id[sku_id] for barcode, sku_id in alone.items()}


@dataclass(frozen=True, slots=True)
class Bulk:
    """What one unit weighs and measures."""

    weight_g: int
    volume_cm3: int


def bulk_of(db: Database, wanted: Iterable[Item]) -> dict[int, Bulk]:
    """Weight and volume by SKU id; a kit that states none is its components together."""
    whole = {item.sku_id: item for item in wanted}
    ids = sorted({*whole, *(part.sku_id for item in whole.values() for part in item.components)})
    if not ids:
        return {}
    rows = db.rows(f"SELECT id, weight_g, volume_cm3 FROM sku WHERE id IN ({marks(ids)})", ids)
    own = {row[0]: Bulk(row[1], row[2]) for row in rows}
    return {sku_id: _whole(item, own) for sku_id, item in whole.items()}


def _whole(item: Item, own: dict[int, Bulk]) -> Bulk:
    stated = own[item.sku_id]
    weight = stated.weight_g or sum(own[part.sku_id].weight_g * part.quantity for part in item.components)
    volume = stated.volume_cm3 or sum(own[part.sku_id].volume_cm3 * part.quantity for part in item.components)
    return Bulk(weight, volume)
