"""Shops: added, and on what terms each trades."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ...auth import pages as audit
from ...auth.permissions import Permission
from ...catalog import pages as reads
from ...catalog import service as catalog
from ...catalog.pages import ShopRow
from ...catalog.service import SHIP_POLICIES, Terms
from ...connections.service import connections
from ...fulfillment.merging import set_merge_policy
from ...inventory.warehouses import warehouses
from ...kernel.errors import DomainError
from ...kernel.uow import UnitOfWork
from ...kernel.values import Money
from ...orders.currency import set_currency
from ...review.decisions import ask_finance
from ..access import needs
from ..refusals import perform
from ..services import services
from ..typed import amount, basis_points, text, ticked, whole
from ..words import gettext as _

pages = Blueprint("shops", __name__, url_prefix="/shops")


@pages.get("/")
@needs(Permission.SETUP_MANAGE)
def index() -> str:
    return _list({})


@pages.post("/")
@needs(Permission.SETUP_MANAGE)
def add() -> Response | tuple[str, int]:
    """A new shop, which no warehouse serves yet; its terms are the next page."""
    made: list[int] = []

    def command(uow: UnitOfWork) -> None:
        currency = text("currency").upper()
        made[:] = [
            catalog.add_shop(uow, text("code"), text("title"), currency, tax_rate=basis_points("tax", _("The tax rate")))
        ]

    if perform(command, _("The shop is there. Say now what carries its parcels, and which warehouses serve it.")):
        return redirect(url_for(".show", shop_id=made[0]), 303)
    return _list(request.form), 422


@pages.get("/<row:shop_id>")
@needs(Permission.SETUP_MANAGE)
def show(shop_id: int) -> str:
    shop = _shop(shop_id)
    return _page(shop, _terms_of(shop))


@pages.post("/<row:shop_id>")
@needs(Permission.SETUP_MANAGE)
def save(shop_id: int) -> Response | tuple[str, int]:
    """All terms in one unit of work; what is as it was leaves no line in the history."""
    shop = _shop(shop_id)

    def command(uow: UnitOfWork) -> None:
        currency = text("currency").upper()
        set_currency(uow, shop.code, currency)
        terms = Terms(
            text("title"),
            text("timezone"),
            basis_points("tax", _("The tax rate")),
            text("ship_policy"),
            whole("ship_hours", _("The number of hours")),
            whole("pickup_days", _("The number of days")),
        )
        before = Terms(shop.title, shop.timezone, shop.tax_rate, shop.ship_policy, shop.ship_hours, shop.pickup_days)
        if terms != before:
            catalog.change_shop(uow, shop.code, terms)
        if (carrier := text("carrier")) != shop.carrier:
            if carrier and carrier not in _carriers():
                raise DomainError(_("There is no carrier %(code)s", code=carrier[:40]), remedy=_("Choose one of the list."))
            catalog.set_carrier(uow, shop.id, carrier)
        merging = (
            whole("merge_minutes", _("The number of minutes"), 0),
            amount("parcel_first", currency) or 0,
            amount("parcel_next", currency) or 0,
        )
        if merging != (shop.merge_minutes, shop.parcel_first, shop.parcel_next):
            set_merge_policy(uow, shop.code, minutes=merging[0], first_kg=merging[1], next_kg=merging[2])
        if ticked("finance_review") != shop.finance_review:
            ask_finance(uow, shop.code, ticked("finance_review"))

    if perform(command, _("Saved. It holds for orders that come from now on.")):
        return redirect(url_for(".show", shop_id=shop_id), 303)
    return _page(shop, request.form), 422


def _list(given: Mapping[str, str]) -> str:
    installation = services().installation
    return render_template("shops.html", shops=reads.shops(installation.db), given=given)


def _terms_of(shop: ShopRow) -> dict[str, str]:
    """The form as the shop is."""
    kept = {
        "title": shop.title,
        "currency": shop.currency,
        "timezone": shop.timezone,
        "tax": f"{shop.tax_rate / 100:g}",
        "ship_policy": shop.ship_policy,
        "ship_hours": str(shop.ship_hours),
        "pickup_days": str(shop.pickup_days),
        "carrier": shop.carrier,
        "merge_minutes": str(shop.merge_minutes),
        "parcel_first": Money(shop.parcel_first, shop.currency).text,
        "parcel_next": Money(shop.parcel_next, shop.currency).text,
    }
    return kept | ({"finance_review": "y"} if shop.finance_review else {})


def _page(shop: ShopRow, given: Mapping[str, str]) -> str:
    db = services().installation.db
    return render_template(
        "shop.html",
        shop=shop,
        given=given,
        policies=SHIP_POLICIES,
        carriers=[("", _("none")), *((code, code) for code in _carriers())],
        serving=[(one, one.serves[shop.id]) for one in warehouses(db) if shop.id in one.serves],
        history=audit.history(db, [("shop", shop.id)], 50),
    )


def _carriers() -> list[str]:
    return [one.code for one in connections(services().installation.db, "carrier")]


def _shop(shop_id: int) -> ShopRow:
    found = next((shop for shop in reads.shops(services().installation.db) if shop.id == shop_id), None)
    if found is None:
        abort(404)
    return found
