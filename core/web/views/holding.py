"""Holds of many orders at once: what is held now, and opening and lifting in bulk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ...auth.permissions import Permission
from ...catalog.queries import shops
from ...kernel.errors import DomainError, OrderyardError
from ...kernel.uow import UnitOfWork
from ...orders import holds
from ...orders.api import HoldCode
from ...orders.states import BY_PEOPLE, LIFTABLE
from ..access import me, needs, row_number
from ..refusals import refuse
from ..services import services
from ..typed import rows_chosen, text
from ..words import gettext as _
from ..words import ngettext

pages = Blueprint("holding", __name__, url_prefix="/orders/held")

CODES = sorted(LIFTABLE, key=lambda code: (code is not HoldCode.MANUAL, code not in BY_PEOPLE, code.value))
"""Holds that people open or lift, those that they open first."""
_TOLD = 5
"""So many refusals are told one by one."""


@pages.get("/")
@needs(Permission.ORDERS_READ)
def index() -> str:
    db = services().installation.db
    code = request.args.get("code", "")
    code = code if code in set(HoldCode) else ""
    shop = row_number(request.args.get("shop", ""))
    rows, more = holds.open_page(db, code=code, shop_id=shop, after=row_number(request.args.get("after", "")))
    known = shops(db)
    return render_template(
        "held.html",
        rows=rows,
        more=more,
        code=code,
        shop=shop,
        codes=list(HoldCode),
        shops=known,
        titles={one.code: one.title for one in known},
    )


@pages.post("/lift")
@needs(Permission.ORDERS_REVIEW)
def lift() -> Response:
    """The ticked holds of the list."""
    because = text("because")

    def command(uow: UnitOfWork) -> holds.Bulk:
        return holds.lift_many(uow, _chosen("hold"), because)

    _in_bulk(command, lambda done: ngettext("%(num)s hold is lifted.", "%(num)s holds are lifted.", done))
    return redirect(url_for(".index", code=text("code") or None, shop=row_number(text("shop"))), 303)


@pages.post("/<any(open, lift_orders):step>")
@needs(Permission.ORDERS_REVIEW)
def orders(step: str) -> Response:
    """The ticked orders of the orders list: held for a reason, or one kind of hold lifted of all of them."""
    because, code = text("because"), text("code")

    def command(uow: UnitOfWork) -> holds.Bulk:
        if code not in set(HoldCode):
            raise DomainError(_("%(what)s was not chosen", what=_("The kind of hold")), remedy=_("Choose one of the list."))
        if step == "open":
            return holds.open_by_hand(uow, _chosen("order"), HoldCode(code), because)
        return holds.lift_of_orders(uow, _chosen("order"), HoldCode(code), because)

    def said(done: int) -> str:
        if step == "open":
            return ngettext(
                "%(num)s order is held until somebody lifts it.", "%(num)s orders are held until somebody lifts it.", done
            )
        return ngettext("The hold of %(num)s order is lifted.", "The holds of %(num)s orders are lifted.", done)

    _in_bulk(command, said)
    kept: dict[str, Any] = {name: text(name) or None for name in ("status", "shop", "hold", "q")}
    return redirect(url_for("console.orders.index", **kept), 303)


def _chosen(name: str) -> list[int]:
    if not (found := rows_chosen(name)):
        raise DomainError(_("Nothing is ticked"), remedy=_("Tick the boxes of those that are meant."))
    return found


def _in_bulk(command: Callable[[UnitOfWork], holds.Bulk], said: Callable[[int], str]) -> None:
    """What was done stays done beside what was refused; both are told."""
    try:
        result = services().installation.carry_out(me().actor, command)
    except OrderyardError as error:
        refuse(error)
        return
    if result.done:
        flash(said(len(result.done)), "success")
    refused = list(result.refused.values())
    for what, remedy in refused[:_TOLD]:
        refuse(DomainError(what, remedy=remedy))
    if (more := len(refused) - _TOLD) > 0:
        rest = ngettext("%(num)s more was refused", "%(num)s more were refused", more)
        refuse(DomainError(rest, remedy=_("Filter the list, and look at those that are left.")))
