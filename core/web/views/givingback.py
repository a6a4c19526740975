"""Money that buyers are to get back, and the word that it was paid out."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from ...auth.permissions import Permission
from ...kernel.uow import UnitOfWork
from ...orders.giving_back import MOST, due_back, give_back
from ..access import needs
from ..refusals import perform
from ..services import services
from ..typed import text
from ..words import gettext as _

pages = Blueprint("givingback", __name__, url_prefix="/ledger/giving-back")


@pages.get("/")
@needs(Permission.LEDGER_READ)
def index() -> str:
    return render_template("giving_back.html", rows=due_back(services().installation.db), most=MOST)


@pages.post("/<row:order_id>")
@needs(Permission.MONEY_COUNT)
def paid_out(order_id: int) -> Response:
    method = text("method")

    def command(uow: UnitOfWork) -> None:
        give_back(uow, order_id, method)

    perform(command, _("It is counted as given back."))
    return redirect(url_for(".index"), 303)
