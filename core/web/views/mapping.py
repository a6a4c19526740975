"""Items of channels that nobody has given a SKU: by hand, by the seller's own code, or by barcode."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ...auth.permissions import Permission
from ...catalog import service as catalog
from ...catalog.queries import shops
from ...channels import pages as reads
from ...kernel.errors import OrderyardError
from ..access import me, needs, row_number
from ..refusals import perform, refuse
from ..services import services
from ..typed import sought, text
from ..words import gettext as _
from ..words import ngettext

pages = Blueprint("mapping", __name__, url_prefix="/listings")


@pages.get("/")
@needs(Permission.WORK_READ)
def index() -> str:
    db = services().installation.db
    shop_id, wanted = row_number(request.args.get("shop", "")), sought()
    rows, more = reads.unmapped_listings(db, shop_id, wanted, row_number(request.args.get("before", "")))
    return render_template("mapping.html", rows=rows, more=more, shop_id=shop_id, text=wanted, shops=shops(db))


@pages.post("/<row:listing_id>")
@needs(Permission.WORK_RETRY)
def give(listing_id: int) -> Response:
    """One item its SKU, by code or barcode."""
    sku = text("sku", 100)
    perform(lambda uow: catalog.map_listing(uow, listing_id, sku), _("The item has its SKU; orders that waited for it go on."))
    return _back()


@pages.post("/match/<any(code, barcode):by>")
@needs(Permission.WORK_RETRY)
def match(by: str) -> Response:
    """All at once whose seller's code says which SKU they are."""
    shop_id = row_number(text("shop"))
    try:
        count, more = services().installation.carry_out(me().actor, lambda uow: catalog.match_listings(uow, by, shop_id))
    except OrderyardError as error:
        refuse(error)
        return _back()
    if not count:
        flash(_("No item's code names a SKU in this way."), "info")
    else:
        done = ngettext("%(num)s item has its SKU now.", "%(num)s items have their SKUs now.", count)
        further = _("There are more: press once more.")
        flash(f"{done} {further}" if more else done, "success")
    return _back()


def _back() -> Response:
    """To the same part of the list."""
    return redirect(url_for(".index", shop=text("shop") or None, q=text("q", 100) or None), 303)
