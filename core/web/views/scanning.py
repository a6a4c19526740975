"""Scanning while an order is picked: a SKU, then its lot or its pieces, one field and Enter each time."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ...auth.permissions import Permission
from ...catalog.lookup import items_named
from ...fulfillment import pages as reads
from ...fulfillment import scanning
from ...fulfillment.api import FoState
from ...fulfillment.pages import PickLine
from ...inventory.pages import named_apart
from ...kernel.db import Database
from ...kernel.errors import DomainError, OrderyardError
from ..access import me, needs, row_number
from ..refusals import perform, refuse
from ..services import services
from ..typed import text
from ..words import gettext as _
from .fulfillment import STEPS

pages = Blueprint("scanning", __name__, url_prefix="/fulfillment")


@pages.get("/<row:fo_id>/scan")
@needs(Permission.FULFILLMENT_READ)
def show(fo_id: int) -> str:
    db = services().installation.db
    heads = reads.heads(db, [fo_id])
    if not heads:
        abort(404)
    lines = reads.pick_lines(db, fo_id)
    chosen = row_number(request.args.get("sku", ""))
    return render_template(
        "scan.html",
        fo=heads[0],
        lines=lines,
        chosen=next((line for line in lines if line.sku_id == chosen), None),
        step=STEPS.get(FoState(heads[0].state)),
        scannable=heads[0].state in scanning.SCANNABLE,
    )


@pages.post("/<row:fo_id>/scan")
@needs(Permission.FULFILLMENT_WORK)
def scan(fo_id: int) -> Response:
    """What a scanner read: another document to go to, a SKU to be picked, or a lot or a piece of the SKU before."""
    db = services().installation.db
    code, sku_id = text("code"), row_number(text("sku"))
    lines = reads.pick_lines(db, fo_id)
    if not code:
        return _back(fo_id, sku_id)
    if (line := next((one for one in lines if code.upper() == one.sku.upper() or code == one.barcode), None)) is not None:
        return _sku(fo_id, line)
    if (other := reads.scanned(db, code)) is not None:
        return _back(other)
    try:
        line, kind = _meant(db, [one for one in lines if one.lots or one.serials], sku_id, code)
        said = services().installation.carry_out(
            me().actor,
            lambda uow: (
                scanning.scan_serials(uow, fo_id, line.sku_id, [code])
                if kind == "serial"
                else scanning.scan_lot(uow, fo_id, line.sku_id, code)
            ),
        )
    except OrderyardError as error:
        refuse(error)
        return _back(fo_id, sku_id)
    if kind == "serial":
        words = _("%(sku)s: piece %(code)s, %(count)s of %(units)s", sku=line.sku, code=code, count=len(line.pieces) + 1,
                  units=line.units)  # fmt: skip
    elif said:
        words = _("%(sku)s: lot %(code)s is sent instead of %(old)s", sku=line.sku, code=code, old=said)
    else:
        words = _("%(sku)s: lot %(code)s is right", sku=line.sku, code=code)
    flash(words, "success")
    return _back(fo_id, line.sku_id)


@pages.post("/<row:fo_id>/scan/anew")
@needs(Permission.FULFILLMENT_WORK)
def anew(fo_id: int) -> Response:
    perform(lambda uow: scanning.unscan_serials(uow, fo_id), _("No piece is scanned any more."))
    return _back(fo_id)


def _sku(fo_id: int, line: PickLine) -> Response:
    if line.serials:
        flash(_("%(sku)s: scan its pieces now, %(count)s of them", sku=line.sku, count=line.units), "success")
    elif line.lots:
        flash(_("%(sku)s: take %(count)s and scan the lot", sku=line.sku, count=line.units), "success")
    else:
        flash(_("%(sku)s: take %(count)s", sku=line.sku, count=line.units), "success")
    return _back(fo_id, line.sku_id)


def _meant(db: Database, apart: Sequence[PickLine], sku_id: int | None, code: str) -> tuple[PickLine, str]:
    """Which line a lot or piece is of, and which of both it is: of the SKU scanned before, else of the only one it fits."""
    mine = [line for line in apart if sku_id is None or line.sku_id == sku_id] or list(apart)
    by_id = {line.sku_id: line for line in mine}
    named = named_apart(db, list(by_id), code)
    if len(named) > 1:
        raise DomainError(
            _("%(code)s may be of several SKUs here", code=code), remedy=_("Scan the SKU first, then this again.")
        )
    if named:
        return by_id[named[0][0]], named[0][1]
    if other := items_named(db, [code]).get(code):
        raise DomainError(
            _("%(sku)s is not part of this parcel", sku=other.code), remedy=_("Put it back, and scan what stands on the list.")
        )
    raise DomainError(
        _("Nothing of this order is called %(code)s", code=code), remedy=_("Put it back, and scan what stands on the list.")
    )


def _back(fo_id: int, sku_id: int | None = None) -> Response:
    return redirect(url_for(".show", fo_id=fo_id, sku=sku_id), 303)
