"""Where in a warehouse units lie: its zones and bins, what waits to be put away, and what lies in a bin."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ...auth.permissions import Permission
from ...catalog.lookup import items_named
from ...inventory import pages as reads
from ...inventory import places
from ...inventory.api import Quality, ZoneUse
from ...kernel.errors import DomainError
from ...kernel.uow import UnitOfWork
from ..access import needs, row_number
from ..refusals import perform
from ..services import services
from ..typed import codes, row_of, text, whole
from ..words import gettext as _

pages = Blueprint("bins", __name__, url_prefix="/stock/bins")


@pages.get("/")
@needs(Permission.STOCK_READ)
def index() -> str:
    installation = services().installation
    db = installation.db
    warehouses = reads.warehouses(db)
    ids = [one[0] for one in warehouses]
    here = row_number(request.args.get("warehouse", ""))
    if here not in ids:
        here = ids[0] if ids else 0
    zones = reads.zones(db, here)
    zone = row_number(request.args.get("zone", ""))
    wanted = request.args.get("bin", "").strip()[:64]
    return render_template(
        "bins.html",
        warehouses=warehouses,
        warehouse=here,
        zones=zones,
        zone=next((one for one in zones if one.id == zone), None),
        bins=reads.bins(db, here, zone) if zone is not None else [],
        wanted=wanted,
        found=reads.in_bin(db, here, wanted) if wanted else None,
        floor=reads.on_the_floor(db, here),
        uses=list(ZoneUse),
        key=installation.environment.token(),
    )


@pages.post("/zones")
@needs(Permission.STOCK_WORK)
def add_zone() -> Response:
    warehouse, code, title, use = text("warehouse"), text("code"), text("title"), text("use")

    def command(uow: UnitOfWork) -> None:
        if use not in set(ZoneUse):
            raise DomainError(_("%(what)s was not chosen", what=_("What the zone is for")), remedy=_("Choose one of the list."))
        places.add_zone(uow, row_of("warehouse", _("The warehouse")), code, ZoneUse(use), title)

    perform(command, _("The zone is added; add its bins now."))
    return redirect(url_for(".index", warehouse=row_number(warehouse)), 303)


@pages.post("/zones/<row:zone_id>/bins")
@needs(Permission.STOCK_WORK)
def add_bins(zone_id: int) -> Response:
    def command(uow: UnitOfWork) -> None:
        if not (wanted := codes("codes")):
            raise DomainError(_("No bin was named"), remedy=_("Write the codes on the shelves, with commas between."))
        places.add_bins(uow, zone_id, wanted)

    perform(command, _("The bins are added."))
    return redirect(url_for(".index", warehouse=row_number(text("warehouse")), zone=zone_id), 303)


@pages.post("/move")
@needs(Permission.STOCK_WORK)
def move() -> Response:
    """上架 移位: from the floor or a bin into a bin; no number of units means one scan, one unit."""
    warehouse, name, source, target, key = (text(one) for one in ("warehouse", "sku", "from", "to", "key"))
    lot, quality = text("lot"), text("quality") or Quality.GOOD.value

    def command(uow: UnitOfWork) -> None:
        known = items_named(uow.db, [name])
        if name not in known:
            raise DomainError(
                _("There is no SKU %(code)s", code=name), remedy=_("Scan it again, or look it up in the stock list.")
            )
        if quality not in set(Quality):
            raise DomainError(_("%(what)s was not chosen", what=_("The quality")), remedy=_("Choose one of the list."))
        places.move_bin(
            uow, row_of("warehouse", _("The warehouse")), known[name].sku_id, whole("units", _("The number of units"), 1),
            source, target, key=f"BIN/{key}", lot=lot, quality=Quality(quality),
        )  # fmt: skip

    perform(command, _("%(code)s lies in %(bin)s now.", code=name, bin=target or _("floor")))
    return redirect(url_for(".index", warehouse=row_number(warehouse), bin=text("back") or None), 303)
