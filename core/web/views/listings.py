"""What a shop shows of the stock: why it is this number, how much of it, and what is kept for one shop alone."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from ...auth.permissions import Permission
from ...inventory import locks, published
from ...inventory import pages as stock
from ...inventory.api import LockMode
from ...kernel.errors import DomainError
from ...kernel.uow import UnitOfWork
from ..access import needs
from ..refusals import perform, refuse
from ..services import services
from ..typed import row_of, text, ticked, whole
from ..words import gettext as _

pages = Blueprint("listings", __name__, url_prefix="/stock/listings")


@pages.get("/<row:listing_id>")
@needs(Permission.STOCK_READ)
def show(listing_id: int) -> str | Response:
    installation = services().installation
    db = installation.db
    try:
        why = published.explain(db, listing_id, installation.merchant.day(installation.environment.now()))
    except DomainError as error:
        refuse(error)
        return redirect(url_for("console.stock.index"), 303)
    return render_template(
        "listing.html",
        why=why,
        locks=[one for part in why.parts for one in locks.locks(db, sku_id=part.sku_id)],
        warehouses=stock.warehouses(db),
        modes=list(LockMode),
    )


@pages.post("/<row:listing_id>/<any(shares, pause, resume, lock, unlock, safety):step>")
@needs(Permission.LISTINGS_MANAGE)
def change(listing_id: int, step: str) -> Response:
    def shop(uow: UnitOfWork) -> int:
        row = uow.db.row("SELECT shop_id FROM listing WHERE id = ?", (listing_id,))
        if row is None:
            raise DomainError(_("There is no such item"), remedy=_("Open it from the stock list."))
        return int(row[0])

    def shares(uow: UnitOfWork) -> None:
        maximum = whole("maximum", _("The maximum")) if text("maximum") else None
        wanted = published.Shares(
            whole("percent", _("The percentage"), 100), whole("plus", _("The addition"), 0), maximum, ticked("paused")
        )
        published.set_shares(uow, listing_id, wanted)

    def lock(uow: UnitOfWork) -> None:
        mode = text("mode")
        if mode not in set(LockMode):
            raise DomainError(_("%(what)s was not chosen", what=_("The kind of lock")), remedy=_("Choose one of the list."))
        sku, warehouse = row_of("sku", _("The SKU")), row_of("warehouse", _("The warehouse"))
        locks.lock(uow, shop(uow), sku, warehouse, whole("units", _("The number of units")), LockMode(mode))

    def unlock(uow: UnitOfWork) -> None:
        locks.unlock(uow, shop(uow), row_of("sku", _("The SKU")))

    def safety(uow: UnitOfWork) -> None:
        units = whole("units", _("The number of units")) if text("units") else None
        warehouse = row_of("warehouse", _("The warehouse"))
        published.set_safety(uow, shop(uow), warehouse, units, sku_id=row_of("sku", _("The SKU")))

    commands: dict[str, tuple[Callable[[UnitOfWork], None], str]] = {
        "shares": (shares, _("Saved; the shop hears of it in a moment.")),
        "pause": (lambda uow: published.pause_listings(uow, [listing_id]), _("Paused; the shop shows 0.")),
        "resume": (lambda uow: published.pause_listings(uow, [listing_id], False), _("It is shown again.")),
        "lock": (lock, _("These units are kept for the shop.")),
        "unlock": (unlock, _("The units are shared again.")),
        "safety": (safety, _("Saved; the shop hears of it in a moment.")),
    }
    perform(*commands[step])
    return redirect(url_for(".show", listing_id=listing_id), 303)
