"""What changes hands in a shop: the orders that wait for their buyers, and handing them over."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ...auth.permissions import Permission
from ...fulfillment import handing
from ...fulfillment.api import Fetched
from ...fulfillment.pickups import fetched
from ...orders.api import Reach
from ..access import needs
from ..refusals import perform
from ..services import services
from ..typed import text
from ..words import gettext as _

pages = Blueprint("pickups", __name__, url_prefix="/pickups")


@pages.get("/")
@needs(Permission.ORDERS_READ)
def index() -> str:
    db, now = services().installation.db, services().installation.environment.now()
    open_ = fetched(db)
    lists: dict[str, tuple[str, list[Fetched]]] = {
        "wait": (_("To be picked up"), [row for row in open_ if row.reach is Reach.PICKUP]),
        "late": (_("Overdue"), [row for row in open_ if row.overdue(now)]),
        "counter": (_("Given, not in the books"), [row for row in open_ if row.reach is Reach.COUNTER]),
    }
    which = request.args.get("list", "")
    which = which if which in lists else "wait"
    views = [
        {"address": url_for(".index", list=name), "words": words, "on": name == which, "count": len(rows) or ""}
        for name, (words, rows) in lists.items()
    ]
    return render_template("pickups.html", rows=lists[which][1], views=views, now=now)


@pages.post("/<row:order_id>/hand-over")
@needs(Permission.FULFILLMENT_WORK)
def hand_over(order_id: int) -> Response:
    code, method = text("code"), text("method")[:40]
    perform(
        lambda uow: handing.hand_over(uow, order_id, code=code, method=method),
        _("The goods are handed over; stock and money are booked."),
    )
    return _back(order_id)


@pages.post("/<row:order_id>/give-up")
@needs(Permission.ORDERS_REVIEW)
def give_up(order_id: int) -> Response:
    because = text("because")
    perform(
        lambda uow: handing.give_up(uow, order_id, because or "nobody came"),
        _("The goods are free again. What was paid for them is to be given back."),
    )
    return _back(order_id)


def _back(order_id: int) -> Response:
    return redirect(url_for("console.orders.show", order_id=order_id, _anchor="across"), 303)
