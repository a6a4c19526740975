"""Freight: what each shop asks for carriage, and what that comes to for one load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ...auth import pages as audit
from ...auth.permissions import Permission
from ...catalog import pages as reads
from ...catalog.pages import ShopRow
from ...kernel.db import Database
from ...kernel.errors import DomainError, OrderyardError
from ...kernel.uow import UnitOfWork
from ...kernel.values import Address, Money
from ...orders import freight
from ...orders.freight import SF_ROUNDINGS, Further, Load, Mode, Rounding, Template, Unit, Zone
from ..access import needs
from ..refusals import perform, refuse
from ..services import services
from ..typed import amount_of, regions_of, text, texts, whole_of
from ..words import gettext as _

pages = Blueprint("freight", __name__, url_prefix="/freight")

_FIELDS = ("regions", "first", "first_fee", "next", "next_fee", "free_amount", "free_pieces")
_EMPTY = 1
_STEPS = 3
_BLANK = dict.fromkeys(_FIELDS, "")


@pages.get("/")
@needs(Permission.PRICES_MANAGE)
def index() -> str:
    db = services().installation.db
    return render_template(
        "freights.html", shops=[(shop, freight.template_of(db, shop.id)) for shop in reads.shops(db)], money=Money
    )


@pages.get("/<row:shop_id>")
@needs(Permission.PRICES_MANAGE)
def show(shop_id: int) -> str:
    shop, db = _shop(shop_id), services().installation.db
    template = freight.template_of(db, shop_id)
    asked = _tried(template, shop) if template is not None and request.args.get("try") else None
    return _page(shop, template, *_form_of(template, shop.currency), asked)


@pages.post("/<row:shop_id>")
@needs(Permission.PRICES_MANAGE)
def save(shop_id: int) -> Response | tuple[str, int]:
    shop = _shop(shop_id)
    if perform(
        lambda uow: _set(uow, shop), _("Saved. Orders that are priced from now on pay this; others keep their freight.")
    ):
        return redirect(url_for(".show", shop_id=shop_id), 303)
    kept = freight.template_of(services().installation.db, shop_id)
    return _page(shop, kept, request.form, _typed_zones(), _typed_steps(), None), 422


def _set(uow: UnitOfWork, shop: ShopRow) -> None:
    unit, further = text("unit"), text("further")
    if unit not in set(Unit) or further not in set(Further):
        raise DomainError(_("What is counted was not chosen"), remedy=_("Choose weight, volume or pieces."))
    zones = [line for line in _typed_zones() if any(line.values())]
    steps = {"": (), "sf": SF_ROUNDINGS}.get(text("rounding"))
    template = Template(
        otherwise=_zone({name: text(f"otherwise-{name}") for name in _FIELDS}, shop.currency),
        zones=tuple(_zone(line, shop.currency) for line in zones),
        excluded=tuple(regions_of(text("excluded", 5000))),
        unit=Unit(unit),
        further=Further(further),
        divisor=_whole(text("divisor")),
        roundings=_steps() if steps is None else steps,
        fee_step=amount_of(text("fee_step"), shop.currency) or 1,
    )
    freight.set_freight_template(uow, shop.code, template)


def _zone(line: Mapping[str, str], currency: str) -> Zone:
    pieces = line["free_pieces"]
    return Zone(
        tuple(regions_of(line["regions"])),
        _whole(line["first"]),
        amount_of(line["first_fee"], currency) or 0,
        _whole(line["next"]),
        amount_of(line["next_fee"], currency) or 0,
        amount_of(line["free_amount"], currency),
        _whole(pieces) if pieces else None,
    )


def _steps() -> tuple[Rounding, ...]:
    found = []
    for line in _typed_steps():
        if line["step"]:
            if line["mode"] not in set(Mode):
                raise DomainError(_("How it is rounded was not chosen"), remedy=_("Choose up, or to the nearest."))
            found.append(Rounding(_whole(line["step"]), Mode(line["mode"]), _whole(line["below"])))
    return tuple(found)


def _whole(value: str) -> int:
    return whole_of(value, _("A quantity")) if value else 0


def _typed_zones() -> list[dict[str, str]]:
    return _typed(_FIELDS)


def _typed_steps() -> list[dict[str, str]]:
    return _typed(("below", "step", "mode"))


def _typed(names: tuple[str, ...]) -> list[dict[str, str]]:
    return [dict(zip(names, line, strict=True)) for line in zip(*(texts(name) for name in names), strict=False)]


def _form_of(template: Template | None, currency: str) -> tuple[dict[str, str], list[dict[str, str]], list[dict[str, str]]]:
    """The form as the template is, its zones and its own roundings."""
    if template is None:
        return {"otherwise-first": "1000", "otherwise-next": "1000"}, [], []
    given = {
        "unit": template.unit.value,
        "further": template.further.value,
        "divisor": str(template.divisor or ""),
        "excluded": ", ".join(template.excluded),
        "fee_step": "" if template.fee_step == 1 else Money(template.fee_step, currency).text,
        "rounding": "" if not template.roundings else "sf" if template.roundings == SF_ROUNDINGS else "own",
    }
    given |= {f"otherwise-{name}": value for name, value in _line(template.otherwise, currency).items()}
    steps = [{"below": str(one.below or ""), "step": str(one.step), "mode": one.mode.value} for one in template.roundings]
    return given, [_line(zone, currency) for zone in template.zones], steps


def _line(zone: Zone, currency: str) -> dict[str, str]:
    return {
        "regions": ", ".join(zone.regions),
        "first": str(zone.first),
        "first_fee": Money(zone.first_fee, currency).text,
        "next": str(zone.next),
        "next_fee": Money(zone.next_fee, currency).text,
        "free_amount": "" if zone.free_amount is None else Money(zone.free_amount, currency).text,
        "free_pieces": "" if zone.free_pieces is None else str(zone.free_pieces),
    }


def _tried(template: Template, shop: ShopRow) -> Money | None:
    """What the load in the address of the page would cost; None where it is refused."""
    given = {name: request.args.get(name, "").strip()[:60] for name in ("goods", "pieces", "weight", "volume")}
    place = {name: request.args.get(name, "").strip()[:60] for name in ("country", "province", "city")}
    try:
        load = Load(
            amount_of(given["goods"], shop.currency) or 0,
            _whole(given["pieces"] or "1"),
            _whole(given["weight"]),
            _whole(given["volume"]),
        )
        to = replace(Address(), country=place["country"].upper() or "CN", province=place["province"], city=place["city"])
        return Money(freight.fee(template, load, to), shop.currency)
    except OrderyardError as error:
        refuse(error)
        return None


def _page(
    shop: ShopRow,
    template: Template | None,
    given: Mapping[str, str],
    zones: list[dict[str, str]],
    steps: list[dict[str, str]],
    asked: Money | None,
) -> str:
    db: Database = services().installation.db
    kept: dict[str, Any] = dict(given)
    return render_template(
        "freight.html",
        shop=shop,
        template=template,
        given=kept,
        zones=[*(zone for zone in zones if any(zone.values())), *[_BLANK] * _EMPTY],
        steps=[*steps, *[{"below": "", "step": "", "mode": "up"}] * _STEPS][:_STEPS],
        units=list(Unit),
        furthers=list(Further),
        modes=list(Mode),
        asked=asked,
        load=request.args,
        history=audit.history(db, [("shop", shop.id)], 20),
    )


def _shop(shop_id: int) -> ShopRow:
    found = next((shop for shop in reads.shops(services().installation.db) if shop.id == shop_id), None)
    if found is None:
        abort(404)
    return found
