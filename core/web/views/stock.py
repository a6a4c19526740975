"""Stock: what each warehouse has of each SKU, and what shops show."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from ...auth.permissions import Permission
from ...inventory import pages as reads
from ..access import needs
from ..services import services

pages = Blueprint("stock", __name__, url_prefix="/stock")


@pages.get("/")
@needs(Permission.STOCK_READ)
def index() -> str:
    db = services().installation.db
    text = request.args.get("q", "").strip()[:100]
    rows, more = reads.stock(db, text, request.args.get("after", "")[:100])
    return render_template("stock.html", rows=rows, more=more, text=text, warehouses=reads.warehouses(db))
