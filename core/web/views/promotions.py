"""Promotions: what they take off, from what amount of goods on, for whom and when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ...auth import pages as audit
from ...auth.permissions import Permission
from ...catalog import pages as reads
from ...catalog.pages import PromotionRow
from ...catalog.promotions import Offer, PromotionKind, set_promotion
from ...kernel.errors import DomainError
from ...kernel.uow import UnitOfWork
from ...kernel.values import Money, exponent
from ..access import needs
from ..refusals import perform
from ..services import services
from ..typed import amount, basis_points, moment, text, ticked
from ..words import gettext as _

pages = Blueprint("promotions", __name__, url_prefix="/promotions")


@pages.get("/")
@needs(Permission.PRICES_MANAGE)
def index() -> str:
    installation = services().installation
    return render_template(
        "promotions.html",
        promotions=[(row, _state(row)) for row in reads.promotions(installation.db)],
        shops={shop.code: shop.title for shop in reads.shops(installation.db)},
        money=Money,
    )


@pages.get("/new")
@needs(Permission.PRICES_MANAGE)
def new() -> str:
    return _page(None, {"enabled": "y"})


@pages.post("/new")
@needs(Permission.PRICES_MANAGE)
def add() -> Response | tuple[str, int]:
    if perform(lambda uow: _set(uow, text("code"), new=True), _("The promotion is there.")):
        return redirect(url_for(".index"), 303)
    return _page(None, request.form), 422


@pages.get("/<row:promotion_id>")
@needs(Permission.PRICES_MANAGE)
def show(promotion_id: int) -> str:
    row = _promotion(promotion_id)
    offer = row.offer
    percent = offer.kind is PromotionKind.PERCENT_OFF
    given = {
        "title": offer.title,
        "shop": row.shop,
        "group": offer.group,
        "currency": row.currency,
        "kind": offer.kind.value,
        "value": f"{offer.value / 100:g}" if percent else Money(offer.value, row.currency).text,
        "minimum": Money(offer.minimum, row.currency).text,
        "starts_at": _local(offer.starts_at),
        "ends_at": _local(offer.ends_at),
    }
    return _page(row, given | ({"enabled": "y"} if row.enabled else {}))


@pages.post("/<row:promotion_id>")
@needs(Permission.PRICES_MANAGE)
def save(promotion_id: int) -> Response | tuple[str, int]:
    row = _promotion(promotion_id)
    if perform(lambda uow: _set(uow, row.offer.code), _("Saved. It holds for orders that are priced from now on.")):
        return redirect(url_for(".show", promotion_id=promotion_id), 303)
    return _page(row, request.form), 422


def _set(uow: UnitOfWork, code: str, *, new: bool = False) -> None:
    currency, kind = text("currency").upper(), text("kind")
    exponent(currency)
    if kind not in set(PromotionKind):
        raise DomainError(_("The kind was not chosen"), remedy=_("Choose an amount or a percentage."))
    value = basis_points("value", _("What it takes off")) if kind == PromotionKind.PERCENT_OFF else amount("value", currency)
    offer = Offer(
        code,
        PromotionKind(kind),
        value or 0,
        amount("minimum", currency) or 0,
        text("title"),
        text("group"),
        moment("starts_at", uow.merchant),
        moment("ends_at", uow.merchant),
    )
    set_promotion(uow, offer, currency, shop=text("shop"), enabled=ticked("enabled"), new=new)


def _state(row: PromotionRow) -> str:
    """Where in its time a promotion is."""
    now = services().installation.environment.now()
    if not row.enabled:
        return "off"
    if row.offer.starts_at is not None and row.offer.starts_at > now:
        return "coming"
    return "over" if row.offer.ends_at is not None and row.offer.ends_at <= now else "running"


def _local(at: datetime | None) -> str:
    """A moment as the browser's field reads it."""
    return "" if at is None else at.astimezone(ZoneInfo(services().installation.merchant.timezone)).strftime("%Y-%m-%dT%H:%M")


def _page(row: PromotionRow | None, given: Mapping[str, str]) -> str:
    db = services().installation.db
    return render_template(
        "promotion.html",
        promotion=row,
        given=given,
        kinds=list(PromotionKind),
        shops=reads.shops(db),
        groups=reads.customer_groups(db),
        history=audit.history(db, [("promotion", row.id)], 20) if row else [],
    )


def _promotion(promotion_id: int) -> PromotionRow:
    found = next((row for row in reads.promotions(services().installation.db) if row.id == promotion_id), None)
    if found is None:
        abort(404)
    return found
