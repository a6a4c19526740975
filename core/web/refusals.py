"""Saying no: every refusal says what happened and what to do about it, as a flash where work goes on, else as a page."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, Response, flash, g, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.sansio.response import Response as AnyResponse

from ..kernel.errors import OrderyardError
from ..kernel.uow import UnitOfWork
from .access import me, signed_in
from .sentences import said
from .services import services
from .words import gettext as _

_PLAIN = ("/hook/", "/health", "/api/")
"""Addresses where no person reads the answer."""


def perform(command: Callable[[UnitOfWork], object], done: str) -> bool:
    """Carry out one command in a unit of work of this person and say so; whatever refuses is shown with its remedy."""
    try:
        services().installation.carry_out(me().actor, command)
    except OrderyardError as error:
        refuse(error)
        return False
    flash(done, "success")
    return True


def refuse(error: OrderyardError) -> None:
    # Flask types a message as text; the pages take this pair apart again.
    flash((said(error.what, ours=True), said(error.remedy, ours=True)), "danger")  # type: ignore[arg-type]


def install(app: Flask) -> None:
    app.register_error_handler(CSRFError, _form_too_old)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(500, _http)


def _outside() -> bool:
    """Whether somebody from outside is on a plugin's page: they have no use for the console's menu and words."""
    return request.path.startswith("/x/") and not signed_in()


def _form_too_old(error: CSRFError) -> tuple[str, int]:
    if _outside():
        return _page(
            400,
            _("This form is too old"),
            _("It was opened long ago, or your browser keeps no cookies. Nothing was changed."),
            _("Open the page again in a browser that allows cookies, and send it again."),
        )
    return _page(
        400,
        _("This form is too old"),
        _("You signed in or out since the page was opened, so it may not be sent any more. Nothing was changed."),
        _("Go back, reload the page, and send it again."),
    )


def _http(error: HTTPException) -> AnyResponse | tuple[str, int]:
    if request.path.startswith(_PLAIN):
        return Response(f"{error.code} {error.name}\n", error.code, mimetype="text/plain")
    code = error.code or 500
    if code < 400:  # a redirect of the router is an exception too
        return error.get_response()
    title, what, remedy = _words_outside(code) if _outside() and code < 500 else _words(code)
    return _page(code, title, what, remedy)


def _words(code: int) -> tuple[str, str, str]:
    if code == 404:
        return (
            _("Nothing is here"),
            _("There is no page or document at this address."),
            _("Check the number, or look it up in the list of orders."),
        )
    if code == 403:
        return (
            _("This is not yours to open"),
            _("Your role does not include what this page needs."),
            _("If you need it for your work, ask an administrator to change your role."),
        )
    if code == 405:
        return (
            _("This address only takes forms"),
            _("It was opened like a page, but it only carries out what a button sends."),
            _("Go back and use the button."),
        )
    if code == 413:
        return (
            _("That was too large"),
            _("The form held more than this page takes. Nothing was stored."),
            _("Send less at once, or import it as a file in parts."),
        )
    if code >= 500:
        return (
            _("Something broke on our side"),
            _("Nothing was half done: what you sent was either stored whole or not at all."),
            _("Try again in a moment. If it happens again, tell an administrator when, and what you did; the log has it."),
        )
    return (
        _("This request could not be understood"),
        _("What the browser sent does not fit this page. Nothing was changed."),
        _("Go back, reload the page, and try again."),
    )


def _words_outside(code: int) -> tuple[str, str, str]:
    if code == 404:
        return (
            _("Nothing is here"),
            _("There is no page at this address any more, or there never was."),
            _("Look at the address again, or ask whoever gave it to you."),
        )
    return (
        _("This did not work"),
        _("What the browser sent does not fit this page. Nothing was changed."),
        _("Go back, reload the page, and try again."),
    )


def _page(code: int, title: str, what: str, remedy: str) -> tuple[str, int]:
    lacking = g.get("lacking")
    layout = "bare.html" if _outside() else "base.html"
    return render_template(
        "refusal.html", layout=layout, code=code, title=title, what=what, remedy=remedy, lacking=lacking
    ), code
