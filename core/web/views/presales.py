"""Presales: what is sold ahead, for which deposit, who owes a balance, and what was kept."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ...auth.permissions import Permission
from ...catalog.lookup import items_named
from ...catalog.queries import shop_named, shops
from ...kernel.errors import DomainError
from ...kernel.uow import UnitOfWork
from ...orders import presale
from ...orders import presale_pages as reads
from ...orders.service import PaymentFacts
from ..access import needs, row_number
from ..refusals import perform, refuse
from ..services import services
from ..typed import amount, moment, text, whole
from ..words import gettext as _

pages = Blueprint("presales", __name__, url_prefix="/presales")

_WHICH = (reads.OPEN, reads.CLOSED, reads.ALL)


@pages.get("/")
@needs(Permission.ORDERS_READ)
def index() -> str:
    db = services().installation.db
    which = request.args.get("which", reads.OPEN)
    which = which if which in _WHICH else reads.OPEN
    rows, more = reads.presales(db, which=which, before=row_number(request.args.get("before", "")))
    return render_template("presales.html", rows=rows, more=more, which=which, shops=shops(db))


@pages.post("/")
@needs(Permission.LISTINGS_MANAGE)
def begin() -> Response:
    def command(uow: UnitOfWork) -> int:
        shop = shop_named(uow.db, text("shop"))
        item = items_named(uow.db, [text("sku")]).get(text("sku"))
        if item is None:
            raise DomainError(_("There is no SKU %(sku)s", sku=text("sku")), remedy=_("Write its code or barcode."))
        return presale.open_presale(uow, shop.id, item.sku_id, _terms(uow, shop.currency))

    perform(command, _("The presale is open; the shop shows what is left of it."))
    return redirect(url_for(".index"), 303)


@pages.get("/<row:presale_id>")
@needs(Permission.ORDERS_READ)
def show(presale_id: int) -> str | Response:
    db = services().installation.db
    try:
        row = reads.presale(db, presale_id)
    except DomainError as error:
        refuse(error)
        return redirect(url_for(".index"), 303)
    orders, more = reads.orders(db, presale_id, row_number(request.args.get("before", "")))
    key = services().installation.environment.token()
    return render_template("presale.html", row=row, orders=orders, more=more, key=key)


@pages.post("/<row:presale_id>/<any(change, close):step>")
@needs(Permission.LISTINGS_MANAGE)
def change(presale_id: int, step: str) -> Response:
    def other_terms(uow: UnitOfWork) -> None:
        presale.change_presale(uow, presale_id, _terms(uow, reads.presale(uow.db, presale_id).deposit.currency))

    if step == "close":
        perform(
            lambda uow: presale.close_presale(uow, presale_id), _("The presale is closed; what is promised stays promised.")
        )
    else:
        perform(other_terms, _("Saved; who waits for the balance or the goods has the new dates."))
    return redirect(url_for(".show", presale_id=presale_id), 303)


@pages.post("/<row:presale_id>/orders/<row:order_id>/<any(deposit, balance, back):step>")
@needs(Permission.ORDERS_ENTER)
def pay(presale_id: int, order_id: int, step: str) -> Response:
    """Money of an order taken by hand; the same form sent twice counts once."""
    key = f"presale/{step}/{order_id}/{text('key', 64)}"

    def deposit(uow: UnitOfWork) -> bool:
        due = presale.deposit_due(uow, order_id)
        return presale.take_deposit(uow, PaymentFacts(order_id, due, uow.now, "counter", key))

    def balance(uow: UnitOfWork) -> bool:
        return presale.take_balance(uow, order_id, at=uow.now, method="counter", key=key)

    def back(uow: UnitOfWork) -> bool:
        because = text("because")
        if not because:
            raise DomainError(_("A reason is missing"), remedy=_("Say why, for whoever reads the history."))
        return presale.give_back(uow, order_id, because, method="counter", key=key)

    command, done = {
        "deposit": (deposit, _("The deposit is counted; its units are promised.")),
        "balance": (balance, _("The balance is counted; the order is settled.")),
        "back": (back, _("The deposit is given back.")),
    }[step]
    perform(command, done)
    return redirect(url_for(".show", presale_id=presale_id), 303)


def _terms(uow: UnitOfWork, currency: str) -> presale.Terms:
    """Terms as they were typed; a deposit with a percent sign is a share of the list price."""
    deposit, share = text("deposit"), None
    if deposit.rstrip("%％") != deposit:
        share, deposit = _basis_points(deposit.rstrip("%％ ")), ""
    return presale.Terms(
        whole("cap", _("The cap")),
        deposit=(amount("deposit", currency) or 0) if share is None else None,
        share=share,
        balance_from=moment("balance_from", uow.merchant),
        balance_until=moment("balance_until", uow.merchant),
        ship_by=moment("ship_by", uow.merchant),
    )


def _basis_points(value: str) -> int:
    try:
        share = Decimal(value) * 100
        if not share.is_finite() or share != int(share):
            raise ValueError
        return int(share)
    except (InvalidOperation, ValueError):
        raise DomainError(
            _("%(value)s is no percentage", value=repr(value[:40])), remedy=_("Write a number before the percent sign.")
        ) from None
