"""Price lists: for which shop and group of customers they are, and what stands in them."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ...auth import pages as audit
from ...auth.permissions import Permission
from ...catalog import pages as reads
from ...catalog.pages import PriceListRow
from ...catalog.prices import Price, remove_price_list, set_price_list
from ...kernel.db import Database
from ...kernel.errors import DomainError
from ...kernel.uow import UnitOfWork
from ...kernel.values import Money, exponent
from ..access import needs, takes
from ..refusals import perform
from ..services import services
from ..typed import amount_of, text, whole_of
from ..words import gettext as _

pages = Blueprint("prices", __name__, url_prefix="/prices")

_LARGEST = 4 * 1024 * 1024
_MOST = 20_000
"""Prices of one list."""


@pages.get("/")
@needs(Permission.PRICES_MANAGE)
def index() -> str:
    db = services().installation.db
    return render_template(
        "price_lists.html", lists=reads.price_lists(db), shops={shop.code: shop.title for shop in reads.shops(db)}
    )


@pages.get("/new")
@needs(Permission.PRICES_MANAGE)
def new() -> str:
    return _page(None, {})


@pages.post("/new")
@needs(Permission.PRICES_MANAGE)
@takes(_LARGEST)
def add() -> Response | tuple[str, int]:
    code = text("code")
    if perform(lambda uow: _set(uow, code, new=True), _("The price list is there; new orders cost what it says.")):
        return redirect(url_for(".index"), 303)
    return _page(None, request.form), 422


@pages.get("/<row:list_id>")
@needs(Permission.PRICES_MANAGE)
def show(list_id: int) -> str:
    one = _list(list_id)
    lines = "\n".join(
        "\t".join((price.sku, Money(price.price, one.currency).text, *([str(price.from_quantity)] * (price.from_quantity > 1))))
        for price, _title in reads.prices_in(services().installation.db, list_id)
    )
    given = {"title": one.title, "shop": one.shop, "group": one.group, "currency": one.currency, "lines": lines}
    return _page(one, given)


@pages.post("/<row:list_id>")
@needs(Permission.PRICES_MANAGE)
@takes(_LARGEST)
def save(list_id: int) -> Response | tuple[str, int]:
    one = _list(list_id)
    if perform(lambda uow: _set(uow, one.code), _("Saved. New orders cost what the list says now.")):
        return redirect(url_for(".show", list_id=list_id), 303)
    return _page(one, request.form), 422


@pages.post("/<row:list_id>/remove")
@needs(Permission.PRICES_MANAGE)
def remove(list_id: int) -> Response:
    one = _list(list_id)
    perform(lambda uow: remove_price_list(uow, one.code), _("The list is gone; orders keep the prices they were made with."))
    return redirect(url_for(".index"), 303)


def _set(uow: UnitOfWork, code: str, *, new: bool = False) -> None:
    currency = text("currency").upper()
    exponent(currency)
    set_price_list(
        uow,
        code,
        currency,
        _prices(currency),
        title=text("title"),
        shop=text("shop"),
        group=text("group"),
        new=new,
    )


def _prices(currency: str) -> list[Price]:
    """One price a line: code, price, and from which quantity on; tabs, semicolons, commas or blanks between them."""
    found = []
    for number, line in enumerate(StringIO(request.form.get("lines", "")), 1):
        if number > _MOST:
            raise DomainError(_("More than %(most)s lines", most=_MOST), remedy=_("Make several lists of them."))
        if not line.strip():
            continue
        parts = _parts(line.strip())
        if len(parts) not in (2, 3):
            raise DomainError(
                _("Line %(number)s is no price: %(line)s", number=number, line=line.strip()[:60]),
                remedy=_("Write the code, the price, and from which quantity on, such as TEE-M 89.00 10."),
            )
        minor = amount_of(parts[1], currency)
        count = whole_of(parts[2], _("The quantity in line %(number)s", number=number)) if len(parts) > 2 else 1
        found.append(Price(parts[0], minor or 0, count))
    return found


def _parts(line: str) -> list[str]:
    """What stands between the first kind of separator that the line has."""
    separator = next((sign for sign in "\t;,，" if sign in line), None)
    return [part.strip() for part in line.split(separator)]


def _page(one: PriceListRow | None, given: Mapping[str, str]) -> str:
    db = services().installation.db
    return render_template(
        "price_list.html",
        list=one,
        given=given,
        shops=reads.shops(db),
        groups=reads.customer_groups(db),
        prices=_shown(db, one) if one else [],
        history=audit.history(db, [("price_list", one.id)], 20) if one else [],
    )


def _shown(db: Database, one: PriceListRow) -> list[tuple[Price, str, Money]]:
    return [(price, title, Money(price.price, one.currency)) for price, title in reads.prices_in(db, one.id)]


def _list(list_id: int) -> PriceListRow:
    found = next((one for one in reads.price_lists(services().installation.db) if one.id == list_id), None)
    if found is None:
        abort(404)
    return found
