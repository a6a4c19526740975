"""Warehouses: added, renamed, their home regions and senders, and which shops they serve."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ...auth import pages as audit
from ...auth.permissions import Permission
from ...catalog.pages import ShopRow, shops
from ...fulfillment.withdrawing import stop_serving
from ...inventory import service as inventory
from ...inventory import warehouses as reads
from ...inventory.warehouses import SENDER, WarehouseRow, change_warehouse
from ...kernel.uow import UnitOfWork
from ..access import needs
from ..refusals import perform
from ..services import services
from ..typed import regions_of, text, ticked, whole
from ..words import gettext as _

pages = Blueprint("warehouses", __name__, url_prefix="/warehouses")


@pages.get("/")
@needs(Permission.SETUP_MANAGE)
def index() -> str:
    return _list({})


@pages.post("/")
@needs(Permission.SETUP_MANAGE)
def add() -> Response | tuple[str, int]:
    made: list[int] = []

    def command(uow: UnitOfWork) -> None:
        made[:] = [inventory.add_warehouse(uow, text("code"), text("title"), regions_of(text("regions", 5000)))]

    if perform(command, _("The warehouse is there. Tick now which shops it serves.")):
        return redirect(url_for(".show", warehouse_id=made[0]), 303)
    return _list(request.form), 422


@pages.get("/<row:warehouse_id>")
@needs(Permission.SETUP_MANAGE)
def show(warehouse_id: int) -> str:
    warehouse = _warehouse(warehouse_id)
    given = {"title": warehouse.title, "regions": ", ".join(warehouse.regions)}
    given |= {f"sender-{part}": value for part, value in warehouse.sender.items()}
    for shop_id, safety in warehouse.serves.items():
        given |= {f"serves-{shop_id}": "y", f"safety-{shop_id}": str(safety)}
    return _page(warehouse, given)


@pages.post("/<row:warehouse_id>")
@needs(Permission.SETUP_MANAGE)
def save(warehouse_id: int) -> Response | tuple[str, int]:
    """The warehouse and whom it serves, in one unit of work."""
    warehouse = _warehouse(warehouse_id)

    def command(uow: UnitOfWork) -> None:
        sender = {part: text(f"sender-{part}") for part in SENDER} | {
            part: value for part, value in warehouse.sender.items() if part not in SENDER
        }
        change_warehouse(uow, warehouse_id, text("title"), regions_of(text("regions", 5000)), sender)
        for shop in shops(uow.db):
            _serve(uow, warehouse, shop)

    if perform(command, _("Saved. It holds for orders that are routed from now on.")):
        return redirect(url_for(".show", warehouse_id=warehouse_id), 303)
    return _page(warehouse, request.form), 422


def _serve(uow: UnitOfWork, warehouse: WarehouseRow, shop: ShopRow) -> None:
    before = warehouse.serves.get(shop.id)
    if ticked(f"serves-{shop.id}"):
        safety = whole(f"safety-{shop.id}", _("The number that stays back for %(shop)s", shop=shop.title), 0)
        if safety != before:
            inventory.serve(uow, shop.id, [warehouse.id], safety)
    elif before is not None:
        stop_serving(uow, shop.id, warehouse.id)


def _list(given: Mapping[str, str]) -> str:
    db = services().installation.db
    return render_template(
        "warehouses.html",
        warehouses=reads.warehouses(db),
        shops={shop.id: shop.title for shop in shops(db)},
        given=given,
    )


def _page(warehouse: WarehouseRow, given: Mapping[str, str]) -> str:
    db = services().installation.db
    return render_template(
        "warehouse.html",
        warehouse=warehouse,
        shops=shops(db),
        given=given,
        history=audit.history(db, [("warehouse", warehouse.id)], 50),
    )


def _warehouse(warehouse_id: int) -> WarehouseRow:
    found = next((one for one in reads.warehouses(services().installation.db) if one.id == warehouse_id), None)
    if found is None:
        abort(404)
    return found
