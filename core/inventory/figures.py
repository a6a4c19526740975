"""Figures for whoever plans: what is there, what is on its way, what was sold."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ..kernel.db import Database
from ..kernel.errors import DomainError
from ..kernel.uow import Merchant
from .api import SalesFigure, StockFigure
from .purchasing import expected
from .transfers import incoming


def stock(db: Database, today: date) -> list[StockFigure]:
    """Every SKU in every warehouse that has, had or expects any of it; by SKU and warehouse."""
    skus = dict(db.rows("SELECT id, code FROM sku"))
    warehouses = dict(db.rows("SELECT id, code FROM warehouse"))
    there: dict[tuple[str, str], tuple[int, int, int]] = {}
    for sku_id, warehouse_id, on_hand, reserved, available in db.rows(
        "SELECT sku_id, warehouse_id, CAST(SUM(on_hand) AS BIGINT), CAST(SUM(reserved) AS BIGINT), CAST(SUM(CASE WHEN counting "
        "OR sell_by < ? THEN 0 ELSE on_hand - reserved END) AS BIGINT) FROM stock_level WHERE quality = 'good' "
        "GROUP BY sku_id, warehouse_id",
        (today.isoformat(),),
    ):
        there[skus[sku_id], warehouses[warehouse_id]] = (int(on_hand), int(reserved), int(available))
    coming: dict[tuple[str, str], int] = {}
    for row in expected(db):
        coming[row.sku, row.warehouse] = coming.get((row.sku, row.warehouse), 0) + row.missing
    for way in incoming(db):
        key = (skus[way.sku_id], warehouses[way.warehouse_id])
        coming[key] = coming.get(key, 0) + way.units
    return [StockFigure(*key, *there.get(key, (0, 0, 0)), coming.get(key, 0)) for key in sorted(there.keys() | coming.keys())]


def sales(db: Database, merchant: Merchant, since: date, until: date) -> list[SalesFigure]:
    """What left for customers on the merchant's days from the first to the last; by SKU and warehouse."""
    days = (until - since).days + 1
    if days < 1:
        raise DomainError(f"from {since} to {until} is no time", remedy="give the earlier day first")
    zone = ZoneInfo(merchant.timezone)
    first, after = (datetime.combine(day, time(), zone) for day in (since, until + timedelta(days=1)))
    rows = db.rows(
        "SELECT k.code, w.code, CAST(SUM(m.quantity) AS BIGINT) FROM stock_move m JOIN sku k ON k.id = m.sku_id "
        "JOIN warehouse w ON w.id = m.source_warehouse_id WHERE m.source = 'stock' AND m.target = 'customer' AND m.at >= ? "
        "AND m.at < ? GROUP BY k.code, w.code ORDER BY k.code, w.code",
        (first, after),
    )
    return [SalesFigure(row[0], row[1], int(row[2]), days) for row in rows]
