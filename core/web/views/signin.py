"""Signing in and out, the language, one's own password."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from ...auth import service as auth
from ...auth.permissions import Permission
from ..access import enter, leave, me, needs, open_to_all, signed_in
from ..forms import OwnPasswordForm, SignInForm, entered
from ..language import LANGUAGES
from ..refusals import perform, refuse
from ..services import services
from ..words import gettext as _

pages = Blueprint("signin", __name__)


@pages.get("/sign-in")
@open_to_all
def form() -> str | Response:
    if signed_in():
        return redirect(url_for("console.dashboard.index"))
    return render_template("sign_in.html", form=SignInForm(), wanted=_own(request.args.get("next")))


@pages.post("/sign-in")
@open_to_all
def sign_in() -> tuple[str, int] | Response:
    form = SignInForm()
    wanted = _own(request.form.get("next"))
    if not form.validate():
        return render_template("sign_in.html", form=form, wanted=wanted), 422
    try:
        replacing = current_user.token if signed_in() else ""
        token = auth.sign_in(services().installation, entered(form.login), entered(form.password), replacing=replacing)
    except auth.SignInRefused as refused:
        if refused.seconds:
            trouble = _("Too many wrong passwords. Wait %(seconds)s seconds and try again.", seconds=refused.seconds)
            return render_template("sign_in.html", form=form, wanted=wanted, trouble=trouble), 429
        trouble = _("Login and password do not fit. Check both and try again.")
        return render_template("sign_in.html", form=form, wanted=wanted, trouble=trouble), 422
    enter(token)
    return redirect(wanted or url_for("console.dashboard.index"), 303)


@pages.post("/sign-out")
@needs(Permission.CONSOLE_USE)
def sign_out() -> Response:
    token, language = current_user.token, session.get("language")
    with services().installation.unit_of_work(me().actor) as uow:
        auth.sign_out(uow, token)
    leave()
    if language:
        session["language"] = language
    flash(_("You are signed out."), "success")
    return redirect(url_for("console.signin.form"), 303)


@pages.post("/language")
@open_to_all
def choose_language() -> Response:
    """Kept with the person where there is one, else with the browser."""
    language = request.form.get("language", "")
    if language not in LANGUAGES:
        abort(400)
    session["language"] = language
    if signed_in():
        with services().installation.unit_of_work(me().actor) as uow:
            auth.set_language(uow, me().person_id, language)
    return redirect(_own(request.form.get("next")) or url_for("console.dashboard.index"), 303)


@pages.route("/password", methods=["GET", "POST"])
@needs(Permission.CONSOLE_USE)
def password() -> str | tuple[str, int] | Response:
    """A new password of one's own; every other browser must sign in again, and this one does at once."""
    form = OwnPasswordForm()
    if not form.is_submitted():
        return render_template("password.html", form=form)
    if not form.validate():
        return render_template("password.html", form=form), 422
    who, installation = me(), services().installation
    try:
        auth.sign_in(installation, who.login, entered(form.present))
    except auth.SignInRefused as refused:
        refuse(refused)
        return render_template("password.html", form=form), 422
    if not perform(lambda uow: auth.set_password(uow, who.person_id, entered(form.password)), _("Your password is changed.")):
        return render_template("password.html", form=form), 422
    chosen = session.get("language")
    enter(auth.sign_in(installation, who.login, entered(form.password)))
    if chosen:
        session["language"] = chosen
    flash(_("Your password is changed."), "success")
    return redirect(url_for("console.dashboard.index"), 303)


def _own(target: str | None) -> str | None:
    """An address inside this console, or nothing: no link may lead a fresh sign-in elsewhere."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")) or "\\" in target:
        return None
    parts = urlsplit(target)
    return None if parts.scheme or parts.netloc else target
