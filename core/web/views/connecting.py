"""New connections, and access that a seller gives on the platform's own page."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, flash, render_template, request, url_for
from werkzeug.wrappers import Response

from ...auth.permissions import Permission
from ...catalog.queries import shops
from ...connections.service import connect
from ...host.settings import shown
from ...kernel.errors import DomainError
from ...kernel.uow import UnitOfWork
from ..access import me, needs
from ..refusals import perform
from ..services import services
from ..typed import row_of as row_chosen
from ..typed import text
from ..words import gettext as _
from .connections import attempt, back_to, channel_facts

pages = Blueprint("connecting", __name__, url_prefix="/connections")


@pages.get("/new")
@needs(Permission.PLUGINS_MANAGE)
def form() -> str:
    """First what to connect to, then its settings."""
    return _form({})


@pages.post("/new")
@needs(Permission.PLUGINS_MANAGE)
def add() -> Response | tuple[str, int]:
    console = services()
    name = request.form.get("adapter", "")
    code = text("code")

    def command(uow: UnitOfWork) -> None:
        channel, carrier = console.plugins.channels.get(name), console.plugins.carriers.get(name)
        kind = channel or carrier
        if kind is None:
            raise DomainError(_("No plugin brings %(adapter)s", adapter=name[:60]), remedy=_("Choose one of the list."))
        if code == "new":
            raise DomainError(_("No connection can be called new"), remedy=_("Choose another code."))
        connect(
            uow,
            console.seal,
            code=code,
            kind="carrier" if channel is None else "channel",
            adapter=name,
            shop_id=None if channel is None else row_chosen("shop", _("The shop")),
            fields=kind.settings,
            settings={field.name: given for field in kind.settings if (given := text(f"s-{field.name}", 4000))},
        )

    if perform(command, _("It is connected. Test it now; orders come with the next pull.")):
        return back_to(code)
    return _form(request.form), 422


@pages.post("/<code>/access")
@needs(Permission.PLUGINS_MANAGE)
def access(code: str) -> str | Response:
    """The last page of ours before the platform's: a form of ours may not lead to another site, a link may."""
    facts = channel_facts(code)
    address = attempt(lambda: services().channels.upkeep.consent_page(facts, _back(code), me().actor))
    if address is None:
        return back_to(code)
    return render_template("consent.html", code=code, address=address, title=_title(facts.adapter))


@pages.get("/<code>/back")
@needs(Permission.PLUGINS_MANAGE)
def back(code: str) -> Response:
    """Where the platform sends the browser after consent: only to whoever asked, and only once."""
    channel_facts(code)
    answer = request.args.to_dict()

    def exchange() -> bool:
        services().channels.upkeep.exchange(code, answer, _back(code), me().actor)
        return True

    if attempt(exchange):
        flash(_("Access was given, and the connection works."), "success")
    return back_to(code)


def _back(code: str) -> str:
    return url_for("console.connecting.back", code=code, _external=True)


def _title(adapter: str) -> str:
    kind = services().plugins.channels.get(adapter)
    return adapter if kind is None else kind.title


def _form(given: Mapping[str, str]) -> str:
    console = services()
    plugins = console.plugins
    name = given.get("adapter", "") or request.args.get("adapter", "")
    kind = plugins.channels.get(name) or plugins.carriers.get(name)
    kept = {} if kind is None else {field.name: given.get(f"s-{field.name}", "") for field in kind.settings}
    return render_template(
        "connection_new.html",
        name=name if kind else "",
        kind=kind,
        is_channel=name in plugins.channels,
        channels=sorted(plugins.channels.items()),
        carriers=sorted(plugins.carriers.items()),
        shops=[(shop.id, shop.title) for shop in shops(console.installation.db)],
        settings=[] if kind is None else shown(kind.settings, {key: value for key, value in kept.items() if value}),
        given=given,
    )
