"""Review rules: what each asks, what other parameters would have done, who is on the blacklist, who reviews what."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ...auth import queries as people
from ...auth.permissions import Permission
from ...catalog.queries import shop_named, shops
from ...kernel.db import as_json
from ...kernel.errors import DomainError, OrderyardError
from ...kernel.uow import UnitOfWork
from ...kernel.values import Money
from ...review import blacklist, decisions
from ...review import service as review
from ...review.api import BlacklistKind
from ...review.rules import BUILT_IN, SHOPS
from ..access import needs
from ..refusals import perform, refuse
from ..services import services
from ..typed import codes, row_of, text, ticked, whole_of
from ..words import gettext as _

pages = Blueprint("rules", __name__, url_prefix="/rules")


@pages.get("/")
@needs(Permission.RULES_MANAGE)
def index() -> str:
    return _page()


@pages.post("/<path:name>/<any(save, try):step>")
@needs(Permission.RULES_MANAGE)
def change(name: str, step: str) -> str | Response | tuple[str, int]:
    """Set a rule, or look which of the last days' orders it would pass or hold, with nothing written."""
    console = services()
    installation = console.installation
    given = {key.removeprefix("s-"): value.strip()[:500] for key, value in request.form.items() if key.startswith("s-")}
    settings = {key: value for key, value in given.items() if value}
    enabled = ticked("enabled")
    if step == "save":
        perform(
            lambda uow: review.set_rule(uow, name, enabled=enabled, settings=settings, offered=console.plugins.review_rules),
            _("The rule is set; orders that wait for review were judged anew."),
        )
        return redirect(url_for(".index"), 303)
    try:
        days = whole_of(text("days") or "7", _("The number of days"))
        found = review.dry_run(
            installation.db, installation.merchant, installation.environment.now(), days, {name: (enabled, settings)},
            console.plugins.review_rules,
        )  # fmt: skip
    except OrderyardError as error:
        refuse(error)
        return _page({name: (enabled, settings)}), 422
    return _page({name: (enabled, settings)}, name, found)


@pages.post("/blacklist")
@needs(Permission.RULES_MANAGE)
def add_to_blacklist() -> Response:
    kind, values, note = text("kind"), codes("values"), text("note")

    def command(uow: UnitOfWork) -> None:
        if kind not in set(BlacklistKind) or not values:
            raise DomainError(_("Nothing was given"), remedy=_("Choose what it is, and write at least one value."))
        blacklist.blacklist(uow, BlacklistKind(kind), values, note)

    perform(command, _("It is on the blacklist."))
    return redirect(url_for(".index", _anchor="blacklist"), 303)


@pages.post("/blacklist/<row:entry_id>/take-off")
@needs(Permission.RULES_MANAGE)
def take_off(entry_id: int) -> Response:
    perform(lambda uow: blacklist.take_off(uow, [entry_id]), _("It is off the blacklist."))
    return redirect(url_for(".index", _anchor="blacklist"), 303)


@pages.post("/reviewers")
@needs(Permission.RULES_MANAGE)
def assign() -> Response:
    login, shop, limit = text("login"), text("shop"), text("limit")

    def command(uow: UnitOfWork) -> None:
        currency = shop_named(uow.db, shop).currency if shop else uow.merchant.currency
        decisions.assign(uow, login, shop, Money.of(limit, currency) if limit else None)

    perform(command, _("Assigned."))
    return redirect(url_for(".index", _anchor="reviewers"), 303)


@pages.post("/reviewers/unassign")
@needs(Permission.RULES_MANAGE)
def unassign() -> Response:
    perform(lambda uow: decisions.unassign(uow, row_of("scope", _("The reviewer"))), _("No longer assigned."))
    return redirect(url_for(".index", _anchor="reviewers"), 303)


@pages.post("/finance")
@needs(Permission.RULES_MANAGE)
def ask_finance() -> Response:
    shop, asked = text("shop"), ticked("asked")
    perform(lambda uow: decisions.ask_finance(uow, shop, asked), _("Saved."))
    return redirect(url_for(".index", _anchor="reviewers"), 303)


def _page(
    typed: Mapping[str, tuple[bool, Mapping[str, str]]] | None = None, tried: str = "", found: review.DryRun | None = None
) -> str:
    console = services()
    db = console.installation.db
    stored: dict[str, tuple[bool, Mapping[str, str]]] = {
        name: (bool(enabled), as_json(settings))
        for name, enabled, settings in db.rows("SELECT name, enabled, settings FROM review_rule_setting ORDER BY id")
    }
    kinds = {rule.name: rule for rule in (*BUILT_IN, *console.plugins.review_rules.values())}
    names = [*kinds, *(name for name in stored if "/" in name and name.partition("/")[0] in kinds)]
    now = stored | dict(typed or {})
    return render_template(
        "rules.html",
        rules=[(name, kinds[name.partition("/")[0]], *now.get(name, (True, {}))) for name in names],
        shops_field=SHOPS,
        tried=tried,
        found=found,
        entries=blacklist.entries(db),
        kinds=list(BlacklistKind),
        scopes=decisions.scopes(db),
        people=people.people(db, console.installation.environment.now()),
        shops=shops(db),
    )
