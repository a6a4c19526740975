"""Connections to channels and carriers: whether each works, how far it was pulled, what waits, and what a person may do."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ...auth import pages as audit
from ...auth.permissions import Permission
from ...carriers.api import Carrier, ReceivesTracking
from ...channels import pages as reads
from ...channels.api import Authorises, Channel, KeepsSubscriptions, PushesStock, ReceivesWebhooks, TellsWhoItIs
from ...channels.feeds import Pulled
from ...channels.inbox import said
from ...channels.pages import ConnectionRow
from ...connections import service as connections
from ...connections.service import ConnectionFacts
from ...connections.settings import change_settings, shown_settings
from ...kernel.errors import DomainError, OrderyardError
from ...kernel.uow import UnitOfWork
from ..access import me, needs, row_number
from ..labels import label
from ..refusals import perform, refuse
from ..services import services
from ..typed import moment, text, whole
from ..words import gettext as _

pages = Blueprint("connections", __name__, url_prefix="/connections")

T = TypeVar("T")
VERDICTS = ("parked", "unread", "effective", "stale", "duplicate", "dismissed")
_log = logging.getLogger("orderyard.web")


@pages.get("/")
@needs(Permission.WORK_READ)
def index() -> str:
    db = services().installation.db
    return render_template("connections.html", rows=reads.connections(db), titles=titles(), now=now())


@pages.get("/<code>")
@needs(Permission.WORK_READ)
def show(code: str) -> str:
    """Everything about one connection, and what came in through it, newest first."""
    console, row = services(), row_of(code)
    db = console.installation.db
    kind = adapter_of(row)
    verdict = request.args.get("verdict", "")
    verdict = verdict if verdict in VERDICTS else ""
    before = row_number(request.args.get("before", ""))
    wanted = {"": None, "unread": ""}.get(verdict, verdict)
    documents, more = reads.documents(db, row.id, wanted, before) if row.kind == "channel" else ([], None)
    failed, more_failed = reads.failed_notices(db, row.id, row_number(request.args.get("failed", "")))
    publishes = kind is not None and row.shop_id is not None and issubclass(kind, PushesStock)
    return render_template(
        "connection.html",
        row=row,
        kind=kind,
        can={
            "who": kind is not None and issubclass(kind, TellsWhoItIs),
            "authorise": kind is not None and issubclass(kind, Authorises),
            "push": kind is not None and issubclass(kind, ReceivesWebhooks | ReceivesTracking),
            "subscribe": kind is not None and issubclass(kind, KeepsSubscriptions),
        },
        hook=hook_of(row),
        settings=[] if kind is None else shown_settings(db, console.seal, code, kind.settings),
        documents=documents,
        more=more,
        verdict=verdict,
        verdicts=VERDICTS,
        failed=failed,
        more_failed=more_failed,
        stock=reads.stock_state(db, row.shop_id) if publishes and row.shop_id is not None else None,
        untold=reads.untold_listings(db, row.shop_id) if publishes and row.shop_id is not None else [],
        history=audit.history(db, [("connection", row.id)], 30),
        now=now(),
    )


@pages.post("/<code>/<any(pause, resume):step>")
@needs(Permission.WORK_RETRY)
def switch(code: str, step: str) -> Response:
    row, because = row_of(code), text("because")

    def pause(uow: UnitOfWork) -> None:
        if not because:
            raise DomainError(_("A reason is missing"), remedy=_("Say why, for whoever wants to resume it."))
        connections.pause(uow, row.id, because)

    if step == "pause":
        perform(pause, _("It is paused; its work waits until somebody resumes it."))
    else:
        perform(lambda uow: connections.resume(uow, row.id), _("The connection works again; what waited goes on."))
    return back_to(code)


@pages.post("/<code>/test")
@needs(Permission.WORK_RETRY)
def test(code: str) -> Response:
    """One harmless call with the credentials as they are stored."""
    facts = channel_facts(code)
    found = attempt(lambda: services().channels.upkeep.who(facts))
    if found is not None:
        flash(_("The platform knows us: %(who)s", who=found), "success")
    return back_to(code)


@pages.post("/<code>/pull")
@needs(Permission.WORK_RETRY)
def pull(code: str) -> Response:
    facts = channel_facts(code)
    _errand(lambda: services().channels.errands.pull(facts, me().actor))
    return back_to(code)


@pages.post("/<code>/look-back")
@needs(Permission.WORK_RETRY)
def look_back(code: str) -> Response:
    facts = channel_facts(code)
    _errand(lambda: services().channels.errands.look_back(facts, whole("days", _("The number of days")), me().actor))
    return back_to(code)


@pages.post("/<code>/move-back")
@needs(Permission.WORK_RETRY)
def move_back(code: str) -> Response:
    row = row_of(code)

    def command(uow: UnitOfWork) -> None:
        to = moment("to", uow.merchant)
        if to is None:
            raise DomainError(_("No moment was given"), remedy=_("Say from when on it is to be pulled again."))
        connections.move_back(uow, row.id, to)

    perform(command, _("The next pull begins there; what is known already changes nothing."))
    return back_to(code)


@pages.post("/<code>/subscribe")
@needs(Permission.WORK_RETRY)
def subscribe(code: str) -> Response:
    """Have the platform push to our address, as a browser reaches it."""
    facts, address = channel_facts(code), text("address")

    def ask() -> list[str]:
        if not address.startswith(("https://", "http://")):
            raise DomainError(_("%(value)s is no address", value=repr(address[:60])), remedy=_("Begin it with https://"))
        return services().channels.upkeep.subscribe(facts, address)

    mended = attempt(ask)
    if mended is not None:
        perform(
            lambda uow: uow.note("subscribed", "connection", facts.id, ", ".join(mended)),
            _("The platform pushes to us; mended: %(topics)s", topics=", ".join(mended))
            if mended
            else _("The platform pushes to us already; nothing had to be mended."),
        )
    return back_to(code)


@pages.post("/<code>/settings")
@needs(Permission.PLUGINS_MANAGE)
def settings(code: str) -> Response:
    """Store the form; what is secret is never shown back, and left empty it stays as it is."""
    console, row = services(), row_of(code)
    kind = adapter_of(row)
    if kind is None:
        refuse(_not_running(row.adapter))
        return back_to(code)
    fields = kind.settings
    given = {field.name: request.form.get(f"s-{field.name}", "").strip() for field in fields}
    perform(
        lambda uow: change_settings(uow, console.seal, code, fields, given),
        _("The settings are stored. Resume it now.") if row.state == "paused" else _("The settings are stored."),
    )
    return back_to(code)


# what the other pages of connections use too


def row_of(code: str) -> ConnectionRow:
    row = reads.connection_row(services().installation.db, code)
    if row is None:
        abort(404)
    return row


def channel_facts(code: str) -> ConnectionFacts:
    """A sales channel's connection; what is asked of it is asked of nothing else."""
    if row_of(code).kind != "channel":
        abort(404)
    return connections.connection(services().installation.db, code)


def adapter_of(row: ConnectionRow) -> type[Channel] | type[Carrier] | None:
    """None while its plugin is not running."""
    plugins = services().plugins
    return plugins.channels.get(row.adapter) if row.kind == "channel" else plugins.carriers.get(row.adapter)


def titles() -> dict[str, str]:
    """What every running adapter calls itself."""
    plugins = services().plugins
    return {name: kind.title for kinds in (plugins.channels, plugins.carriers) for name, kind in kinds.items()}


def now() -> datetime:
    return services().installation.environment.now()


def hook_of(row: ConnectionRow) -> str:
    """Where the platform is to push, as this browser reaches us."""
    return url_for("hook", adapter=row.adapter, code=row.code, _external=True)


def attempt(ask: Callable[[], T]) -> T | None:
    """Ask something of a platform, outside of any transaction; whatever goes wrong is shown with its remedy."""
    try:
        return ask()
    except OrderyardError as error:
        refuse(error)
    except Exception as error:  # an adapter that falls over is a fault of its own, not of the page
        _log.warning("an adapter fell over", exc_info=error)
        refuse(DomainError(said(error), remedy=_("The plugin fell over. Tell its author; the log has it.")))
    return None


def back_to(code: str) -> Response:
    return redirect(url_for("console.connections.show", code=code), 303)


def _errand(send: Callable[[], Pulled | None]) -> None:
    """Send an errand and say what came of it, as far as it is through."""
    try:
        result = send()
    except OrderyardError as error:
        refuse(error)
        return
    if result is None:
        flash(_("It is still going on. What comes of it will stand in the history below."), "info")
    elif result.error:
        refuse(DomainError(result.error))
    elif result.verdicts:
        told = ", ".join(f"{label(verdict, 'verdict')}: {count}" for verdict, count in sorted(result.verdicts.items()))
        flash(_("Pulled. %(verdicts)s", verdicts=told), "success")
    else:
        flash(_("Pulled. Nothing had changed."), "success")


def _not_running(adapter: str) -> DomainError:
    return DomainError(
        _("The plugin %(plugin)s is not running.", plugin=adapter), remedy=_("Enable it, restart, and come back.")
    )
