"""SKUs and kits: looked up by code, name or barcode, added, and corrected."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ...auth import pages as audit
from ...auth.permissions import Permission
from ...catalog import pages as reads
from ...catalog.lookup import find_skus, items_named
from ...catalog.pages import SkuRow
from ...catalog.service import NewSku
from ...catalog.skus import SkuDetails, add_sku, change_sku, set_components
from ...kernel.db import Database
from ...kernel.errors import DomainError
from ...kernel.uow import UnitOfWork
from ...kernel.values import Money
from ..access import needs
from ..refusals import perform
from ..services import services
from ..typed import amount, listed, sought, text, texts, whole, whole_of
from ..words import gettext as _

pages = Blueprint("skus", __name__, url_prefix="/skus")

_EMPTY = 3
"""Lines that are free to write into."""
_SUGGESTED = 12


@pages.get("/")
@needs(Permission.CATALOG_MANAGE)
def index() -> str:
    wanted = sought()
    rows, more = reads.skus(services().installation.db, wanted, sought("after"))
    return render_template("skus.html", rows=rows, more=more, text=wanted, price=_price)


@pages.get("/found")
@needs(Permission.CATALOG_MANAGE)
def found() -> str:
    """What a half-typed component or priced SKU may mean, for the field's list."""
    return render_template("sku_options.html", skus=find_skus(services().installation.db, sought("part"), _SUGGESTED))


@pages.get("/new")
@needs(Permission.CATALOG_MANAGE)
def new() -> str:
    return _page(None, {}, [], [])


@pages.post("/new")
@needs(Permission.CATALOG_MANAGE)
def add() -> Response | tuple[str, int]:
    made: list[int] = []

    def command(uow: UnitOfWork) -> None:
        one = _details()
        kit = _kit(uow.db)
        sku = NewSku(
            text("code"), one.title, one.product, one.options, one.barcode, one.price, one.weight_g, one.volume_cm3, kit
        )
        made[:] = [add_sku(uow, sku)]

    if perform(command, _("The SKU is there. It has no stock yet.")):
        return redirect(url_for(".show", sku_id=made[0]), 303)
    return _page(None, request.form, _typed_options(), _typed_parts()), 422


@pages.get("/<row:sku_id>")
@needs(Permission.CATALOG_MANAGE)
def show(sku_id: int) -> str:
    sku = _sku(sku_id)
    given = {
        "title": sku.title,
        "product": sku.product,
        "barcode": sku.barcode,
        "price": _price(sku.price).text,
        "weight": str(sku.weight_g),
        "volume": str(sku.volume_cm3),
    }
    return _page(sku, given, list(sku.options.items()), [(one.code, str(one.quantity)) for one in sku.inside])


@pages.post("/<row:sku_id>")
@needs(Permission.CATALOG_MANAGE)
def save(sku_id: int) -> Response | tuple[str, int]:
    sku = _sku(sku_id)

    def command(uow: UnitOfWork) -> None:
        change_sku(uow, sku.code, _details())
        if sku.kit and (kit := _kit(uow.db)) != {one.code: one.quantity for one in sku.inside}:
            set_components(uow, sku.code, kit)

    if perform(command, _("Saved. Orders that are there keep what they were made with.")):
        return redirect(url_for(".show", sku_id=sku_id), 303)
    return _page(sku, request.form, _typed_options(), _typed_parts()), 422


def _details() -> SkuDetails:
    """What was typed about a SKU."""
    options: dict[str, str] = {}
    for name, value in _typed_options():
        if name in options:
            raise DomainError(_("Option %(name)s stands twice", name=name[:40]), remedy=_("Keep one of them."))
        options[name] = value
    return SkuDetails(
        text("title"),
        text("product"),
        options,
        text("barcode"),
        amount("price", services().installation.merchant.currency) or 0,
        whole("weight", _("The weight"), 0),
        whole("volume", _("The volume"), 0),
    )


def _kit(db: Database) -> dict[str, int]:
    """Units by code; a component may be named by its barcode too."""
    typed = _typed_parts()
    known = items_named(db, [name for name, _count in typed])
    kit: dict[str, int] = {}
    for name, count in typed:
        code = known[name].code if name in known else name
        if code in kit:
            raise DomainError(
                _("Component %(name)s stands twice", name=code[:40]), remedy=_("Write it once, with all its units.")
            )
        kit[code] = whole_of(count or "1", _("The number of units"))
    return kit


def _typed_options() -> list[tuple[str, str]]:
    """Lines with a name or a value: a value without a name is for the command to refuse, not to be dropped."""
    return [(name, value) for name, value in zip(texts("option"), texts("value"), strict=False) if name or value]


def _typed_parts() -> list[tuple[str, str]]:
    return [(line[0], line[1]) for line in listed(("part", "units"))]


def _page(sku: SkuRow | None, given: Mapping[str, str], options: list[tuple[str, str]], parts: list[tuple[str, str]]) -> str:
    db = services().installation.db
    return render_template(
        "sku_card.html",
        sku=sku,
        given=given,
        options=[*options, *[("", "")] * _EMPTY],
        parts=[*parts, *[("", "")] * _EMPTY],
        kits=reads.kits_with(db, sku.id) if sku else [],
        history=audit.history(db, [("sku", sku.id)], 50) if sku else [],
    )


def _price(minor: int) -> Money:
    return Money(minor, services().installation.merchant.currency)


def _sku(sku_id: int) -> SkuRow:
    found = reads.sku(services().installation.db, sku_id)
    if found is None:
        abort(404)
    return found
