"""采购: what suppliers were asked for, what of it came, and what is late."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ...auth.pages import history
from ...auth.permissions import Permission
from ...catalog.lookup import items_named
from ...inventory import pages as reads
from ...inventory import purchasing
from ...inventory.api import Quality
from ...kernel.errors import DomainError
from ...kernel.uow import UnitOfWork
from ...kernel.values import Money
from ..access import needs, row_number
from ..refusals import perform
from ..services import services
from ..typed import amount_of, listed, row_of, text, whole_of
from ..words import gettext as _

pages = Blueprint("purchases", __name__, url_prefix="/stock/purchases")

_NOTE = 100


@pages.get("/")
@needs(Permission.STOCK_READ)
def index() -> str:
    installation = services().installation
    db, merchant = installation.db, installation.merchant
    everything = request.args.get("all", "") == "yes"
    found, more = reads.purchases(db, open_only=not everything, before=row_number(request.args.get("before", "")))
    return render_template(
        "purchases.html",
        purchases=found,
        more=more,
        everything=everything,
        today=merchant.day(installation.environment.now()),
        number=purchasing.purchase_number,
        suppliers=reads.suppliers(db),
        warehouses=reads.warehouses(db),
        key=installation.environment.token(),
    )


@pages.post("/")
@needs(Permission.PURCHASES_MANAGE)
def place() -> Response:
    currency = services().installation.merchant.currency
    key, due_on, note = text("key"), text("due_on"), text("note")
    made: list[int] = []

    def command(uow: UnitOfWork) -> None:
        lines = listed(("sku", "units", "cost"))
        known = items_named(uow.db, [line[0] for line in lines])
        if unknown := [name for name, *_rest in lines if name not in known]:
            raise DomainError(
                _("There is no SKU %(code)s", code=", ".join(unknown)),
                remedy=_("Scan it again, or look it up in the stock list."),
            )
        ordered = [
            purchasing.Ordered(known[name].sku_id, whole_of(units, _("The number of units")), amount_of(cost, currency) or 0)
            for name, units, cost in lines
        ]
        supplier, warehouse = row_of("supplier", _("The supplier")), row_of("warehouse", _("The warehouse"))
        made.append(purchasing.place_purchase(uow, supplier, warehouse, ordered, due_on, key=key, note=note))

    perform(command, _("Ordered; what is on its way is counted as incoming."))
    return redirect(url_for(".show", purchase_id=made[0]) if made else url_for(".index"), 303)


@pages.post("/suppliers")
@needs(Permission.PURCHASES_MANAGE)
def add_supplier() -> Response:
    code, title = text("code"), text("title")
    perform(lambda uow: purchasing.add_supplier(uow, code, title or code), _("The supplier is added."))
    return redirect(url_for(".index"), 303)


@pages.get("/<row:purchase_id>")
@needs(Permission.STOCK_READ)
def show(purchase_id: int) -> str:
    installation = services().installation
    db, merchant = installation.db, installation.merchant
    found, _more = reads.purchases(db, purchase_id=purchase_id)
    if not found:
        abort(404)
    return render_template(
        "purchase.html",
        purchase=found[0],
        number=purchasing.purchase_number(purchase_id),
        today=merchant.day(installation.environment.now()),
        value=lambda minor: Money(minor, merchant.currency),
        history=history(db, [(purchasing.KIND, purchase_id)]),
        key=installation.environment.token(),
    )


@pages.post("/<row:purchase_id>/receive")
@needs(Permission.STOCK_WORK)
def receive(purchase_id: int) -> Response:
    """A delivery: so much of each line as was counted; empty fields mean that nothing of it came."""
    currency = services().installation.merchant.currency
    key = text("delivery", _NOTE)[:_NOTE] or text("key")[:8]

    def command(uow: UnitOfWork) -> None:
        names = ("units", "sku", "cost", "bin", "lot", "expires_on", "serials")
        arrivals = [
            purchasing.Arrival(
                whole_of(sku, _("The choice")), whole_of(units, _("The number of units")), amount_of(cost, currency), bin_code,
                lot, expires_on, Quality.GOOD, tuple(one.strip() for one in serials.split(",") if one.strip()),
            )
            for units, sku, cost, bin_code, lot, expires_on, serials in listed(names)
            if units != "0"
        ]  # fmt: skip
        if not arrivals:
            raise DomainError(_("Nothing was received"), remedy=_("Write beside each line how many units came."))
        purchasing.receive_purchase(uow, purchase_id, arrivals, key=f"PO{purchase_id}/{key}")

    perform(command, _("Received; whoever waited for it is served first."))
    return redirect(url_for(".show", purchase_id=purchase_id), 303)


@pages.post("/<row:purchase_id>/<any(postpone, close):step>")
@needs(Permission.PURCHASES_MANAGE)
def change(purchase_id: int, step: str) -> Response:
    because, due_on = text("because"), text("due_on")
    commands: dict[str, tuple[Callable[[UnitOfWork], None], str]] = {
        "postpone": (lambda uow: purchasing.postpone(uow, purchase_id, due_on, because), _("Another day is noted.")),
        "close": (
            lambda uow: purchasing.close_purchase(uow, purchase_id, because),
            _("Closed; what is missing is on its way no more."),
        ),
    }
    perform(*commands[step])
    return redirect(url_for(".show", purchase_id=purchase_id), 303)
