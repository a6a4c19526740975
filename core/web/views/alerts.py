"""低库存: what runs low now, what did, and below which number people want to hear of it."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from ...auth.permissions import Permission
from ...catalog.lookup import items_named
from ...inventory import alerts
from ...inventory import pages as reads
from ...kernel.errors import DomainError
from ...kernel.uow import UnitOfWork
from ..access import needs
from ..refusals import perform
from ..services import services
from ..typed import text, whole, whole_of
from ..words import gettext as _

pages = Blueprint("alerts", __name__, url_prefix="/stock/low")


@pages.get("/")
@needs(Permission.STOCK_READ)
def index() -> str:
    installation = services().installation
    db = installation.db
    return render_template(
        "alerts.html",
        thresholds=alerts.thresholds(db, installation.merchant.day(installation.environment.now())),
        alerts=alerts.alerts(db),
        warehouses=reads.warehouses(db),
    )


@pages.post("/")
@needs(Permission.PURCHASES_MANAGE)
def watch() -> Response:
    """One threshold for a SKU in a place; another number replaces it."""
    name, place = text("sku"), text("warehouse")

    def command(uow: UnitOfWork) -> None:
        known = items_named(uow.db, [name])
        if name not in known:
            raise DomainError(
                _("There is no SKU %(code)s", code=name), remedy=_("Scan it again, or look it up in the stock list.")
            )
        warehouse = whole_of(place, _("The warehouse")) if place else None
        alerts.set_threshold(uow, known[name].sku_id, whole("units", _("The number of units")), warehouse)

    perform(command, _("You will be told when fewer are available."))
    return redirect(url_for(".index"), 303)


@pages.post("/<row:threshold_id>/drop")
@needs(Permission.PURCHASES_MANAGE)
def drop(threshold_id: int) -> Response:
    perform(lambda uow: alerts.drop_threshold(uow, threshold_id), _("Nobody is told of it any more."))
    return redirect(url_for(".index"), 303)
