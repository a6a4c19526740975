"""What is set up once and changed now and then: the page from which all of that is reached."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, render_template

from ...auth.permissions import Permission
from ..access import may, needs
from ..words import lazy_gettext as _

pages = Blueprint("setup", __name__, url_prefix="/set-up")


@dataclass(frozen=True, slots=True)
class Section:
    """A page of the set-up: its blueprint, what it is called and for, and who may open it."""

    room: str
    words: str
    help: str
    icon: str
    permission: Permission


SECTIONS = (
    Section("shops", _("Shops"), _("Currency, tax, carrier, when parcels wait and for what."), "box", Permission.SETUP_MANAGE),
    Section(
        "warehouses",
        _("Warehouses"),
        _("Home regions, senders, and the shops they serve."),
        "building-warehouse",
        Permission.SETUP_MANAGE,
    ),
    Section(
        "skus",
        _("SKUs and kits"),
        _("Codes, names, barcodes, weights, what is in a kit."),
        "barcode",
        Permission.CATALOG_MANAGE,
    ),
    Section("prices", _("Price lists"), _("What a unit costs, by shop, group and quantity."), "coin", Permission.PRICES_MANAGE),
    Section("promotions", _("Promotions"), _("Discounts on whole orders, for some time."), "note", Permission.PRICES_MANAGE),
    Section("freight", _("Freight"), _("What carriage costs, region by region."), "truck-delivery", Permission.PRICES_MANAGE),
    Section("rules", _("Review rules"), _("Which orders wait for a person, and for whom."), "check", Permission.RULES_MANAGE),
    Section("people", _("People"), _("Who may sign in, and in which role."), "users", Permission.PEOPLE_MANAGE),
    Section("plugins", _("Plugins"), _("What runs, what failed, and its settings."), "plug", Permission.PLUGINS_MANAGE),
)


def sections() -> list[Section]:
    """Those that the person behind this request may open."""
    return [section for section in SECTIONS if may(section.permission)]


@pages.get("/")
@needs(Permission.CONSOLE_USE)
def index() -> str:
    return render_template("setup.html", sections=sections())
