"""Opening a merchant's books: SKUs and their opening stock out of one file."""

from __future__ import annotations

import csv
from pathlib import Path

from ..catalog.service import NewSku, add_skus
from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from ..kernel.values import Money
from .api import Place
from .service import Receipt, receive

COLUMNS = ("code", "title", "price", "weight_g", "barcode", "cost")


def load_skus(uow: UnitOfWork, file: Path) -> int:
    """Add every SKU of a CSV file with what is there of it; how many. Any mistake names its line and nothing is kept.

    Columns are `COLUMNS` (all but code and title may be missing or empty) and one per warehouse code with its units.
    """
    with file.open(encoding="utf-8-sig", newline="") as opened:
        reader = csv.reader(opened)
        header = next(reader, [])
        warehouses = dict(uow.db.rows("SELECT code, id FROM warehouse"))
        for column in header:
            if column not in COLUMNS and column not in warehouses:
                raise DomainError(f"column {column!r} is neither known nor a warehouse", remedy=f"known: {', '.join(COLUMNS)}")
        for needed in ("code", "title"):
            if needed not in header:
                raise DomainError(f"{file.name} has no column {needed}", remedy="add it to the first line")
        rows = [(reader.line_num, dict(zip(header, row, strict=False))) for row in reader if any(row)]
    skus: list[NewSku] = []
    opening: dict[str, list[tuple[str, int, int]]] = {}
    for line, row in rows:
        try:
            price = Money.of(row.get("price") or "0", uow.merchant.currency).minor
            cost = Money.of(row.get("cost") or "0", uow.merchant.currency).minor
            weight = int(row.get("weight_g") or 0)
            counts = {code: int(row[code]) for code in warehouses if row.get(code)}
        except (ValueError, DomainError) as error:
            raise DomainError(f"{file.name}, line {line}: {error}", remedy="correct the file and load it again") from None
        skus.append(NewSku(row["code"], row["title"], row["code"], {}, row.get("barcode", ""), price, weight))
        for code, units in counts.items():
            if units:
                opening.setdefault(code, []).append((row["code"], units, cost))
    ids = add_skus(uow, skus)
    for code, parts in sorted(opening.items()):
        receipts = [Receipt(ids[sku], units, cost) for sku, units, cost in parts]
        warehouse_id = warehouses[code]
        receive(
            uow, warehouse_id, receipts, source=Place.OPENING, document=warehouse_id, key=f"opening/{code}/{file.name}",
            text=code,
        )  # fmt: skip
    return len(skus)
