"""Who is behind a request and what they may see: sign-ins, permissions, cookies, headers, and a CSRF check on every form."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar, cast

import flask_login
from flask import Flask, Response, abort, current_app, g, redirect, request, session, url_for
from flask.sessions import SecureCookieSessionInterface
from flask_login import LoginManager
from flask_wtf import CSRFProtect
from werkzeug.routing import IntegerConverter, Map
from werkzeug.wrappers import Response as AnyResponse

from ..auth import queries
from ..auth.permissions import Permission, permissions_of
from ..auth.queries import SignedIn
from ..auth.service import seen
from .services import services

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
LARGEST_FORM = 1024 * 1024
_WIDEST = 2**63 - 1
_TOUCH = timedelta(minutes=1)
"""A sign of life is written down at most so often."""

View = TypeVar("View", bound=Callable[..., Any])
_csrf = CSRFProtect()


def needs(permission: Permission) -> Callable[[View], View]:
    """Who may open this page; a page without it is refused to everybody."""

    def mark(view: View) -> View:
        view.needs = permission  # type: ignore[attr-defined]
        return view

    return mark


def takes(size: int) -> Callable[[View], View]:
    """A page whose forms may be larger than others: so many bytes."""

    def mark(view: View) -> View:
        view.takes = size  # type: ignore[attr-defined]
        return view

    return mark


def open_to_all(view: View) -> View:
    """A page that may be opened without signing in."""
    view.needs = None  # type: ignore[attr-defined]
    return view


def shows_pictures(view: View) -> View:
    """A page that may show pictures from any https address, as somebody entered them."""
    view.shows_pictures = True  # type: ignore[attr-defined]  # a mark on the function, as `needs` leaves one
    return view


class Visitor(flask_login.UserMixin):  # type: ignore[misc]
    """A signed-in person as Flask-Login knows one: its id is the cookie's token, never the person's own id."""

    def __init__(self, token: str, who: SignedIn) -> None:
        self.token = token
        self.who = who

    def get_id(self) -> str:
        return self.token


class RowConverter(IntegerConverter):
    """A row's number in an address, as wide as a database can hold; anything beyond is no page."""

    def __init__(self, map: Map) -> None:
        super().__init__(map, min=1, max=_WIDEST)


def row_number(text: str) -> int | None:
    """A row's number in a query, None for anything that cannot be one."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 and 0 < int(text) <= _WIDEST else None


class _Cookies(SecureCookieSessionInterface):
    """Secure cookies, bound to this host, wherever the page itself came over https."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure

    def get_cookie_name(self, app: Flask) -> str:
        return "__Host-orderyard" if request.is_secure else "orderyard"


def me() -> SignedIn:
    """The person behind this request; only for pages that need a permission."""
    return cast(Visitor, flask_login.current_user).who


def signed_in() -> bool:
    return bool(flask_login.current_user.is_authenticated)


def may(permission: str) -> bool:
    """Whether the person behind this request may do that; nobody may do anything before signing in."""
    return signed_in() and Permission(permission) in permissions_of(me().role)


def enter(token: str) -> None:
    """Begin a session of its own for a fresh sign-in; whatever the browser carried before is gone."""
    session.clear()
    found = _load(token)
    if found is not None:
        flask_login.login_user(found)


def leave() -> None:
    flask_login.logout_user()
    session.clear()


def install(app: Flask) -> None:
    """Cookies, sign-ins and headers for the whole application."""
    app.session_interface = _Cookies()
    app.url_map.converters["row"] = RowConverter
    app.config.update(SESSION_COOKIE_HTTPONLY=True, SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_PATH="/")
    app.config.update(WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_TIME_LIMIT=None)
    _csrf.init_app(app)
    login = LoginManager(app)
    login.session_protection = None  # the row behind the token says all there is to say
    login.user_loader(_load)
    login.unauthorized_handler(ask_to_sign_in)
    app.after_request(_headers)
    app.teardown_appcontext(lambda _: services(app).installation.db.release())


def _load(token: str) -> Visitor | None:
    found = queries.signed_in(services().installation.db, token, services().installation.environment.now())
    return None if found is None else Visitor(token, found)


def guard() -> AnyResponse | None:
    """Before every page of the console: its permission, a sign of life, the CSRF token of whatever is sent."""
    view = current_app.view_functions.get(request.endpoint or "")
    if request.endpoint == f"{request.blueprint}.static":
        return None
    request.max_content_length = getattr(view, "takes", LARGEST_FORM)
    if not hasattr(view, "needs"):
        abort(403)
    permission = cast("Permission | None", getattr(view, "needs", None))
    if permission is not None and not signed_in():
        return ask_to_sign_in()
    if permission is not None:
        _sign_of_life()
        if not may(permission):
            g.lacking = permission
            abort(403)
    _csrf.protect()
    return None


def ask_to_sign_in() -> AnyResponse:
    """Send the browser to the sign-in page and remember where it wanted to go."""
    wanted = request.full_path.rstrip("?") if request.method == "GET" and "HX-Request" not in request.headers else None
    target = url_for("console.signin.form", next=wanted)
    if "HX-Request" in request.headers:
        return Response(status=401, headers={"HX-Redirect": target})
    return redirect(target, 303)


def _sign_of_life() -> None:
    """People are active, pages that refresh themselves are not."""
    installation = services().installation
    if "HX-Request" in request.headers and request.method == "GET":
        return
    if installation.environment.now() - me().seen_at > _TOUCH:
        with installation.unit_of_work(me().actor) as uow:
            seen(uow, me().sign_in_id)


def _headers(response: Response) -> Response:
    view = current_app.view_functions.get(request.endpoint or "")
    policy = POLICY.replace("img-src 'self'", "img-src 'self' https:") if hasattr(view, "shows_pictures") else POLICY
    response.headers.setdefault("Content-Security-Policy", policy)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return response
