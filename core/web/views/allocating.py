"""缺货分配: who gets units that are wanted more than they are there, looked at before it is done."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ...auth.permissions import Permission
from ...fulfillment import allocation
from ...inventory import pages as stock
from ...kernel.errors import OrderyardError
from ..access import me, needs
from ..refusals import perform, refuse
from ..services import services
from ..typed import text
from ..words import gettext as _

pages = Blueprint("allocating", __name__, url_prefix="/fulfillment/allocation")


@pages.get("/")
@needs(Permission.FULFILLMENT_READ)
def index() -> str | tuple[str, int]:
    installation = services().installation
    policy, warehouse, sku = (request.args.get(name, "").strip()[:100] for name in ("policy", "warehouse", "sku"))
    policy = policy or next(iter(allocation.POLICIES))
    proposal, status = None, 200
    try:
        proposal = installation.carry_out(me().actor, lambda uow: allocation.preview(uow, policy, warehouse=warehouse, sku=sku))
    except OrderyardError as error:
        refuse(error)
        status = 422
    warehouses = stock.warehouses(installation.db)
    return render_template(
        "allocation.html",
        policies=list(allocation.POLICIES),
        policy=policy,
        warehouse=warehouse,
        sku=sku,
        warehouses=warehouses,
        titles={code: title for _id, code, title in warehouses},
        proposal=proposal,
    ), status


@pages.post("/")
@needs(Permission.FULFILLMENT_WORK)
def apply() -> Response:
    """Exactly what was shown, or nothing: the token of the preview goes stale with the first change."""
    policy, warehouse, sku, token = (text(name) for name in ("policy", "warehouse", "sku", "token"))
    done = perform(
        lambda uow: allocation.apply(uow, policy, warehouse=warehouse, sku=sku, token=token or "none"),
        _("Dealt out; whoever has everything may be released."),
    )
    kept: dict[str, Any] = {"policy": policy, "warehouse": warehouse or None, "sku": sku or None}
    return redirect(url_for("console.fulfillment.index", state="planned") if done else url_for(".index", **kept), 303)
