"""The platform's page of consent, the tokens it hands out, and which sessions open the shop."""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from werkzeug.wrappers import Request, Response

from orderyard.core.testing.simulator import Environment

from .shop import SELLER

_CODE_LASTS = timedelta(minutes=10)
_DAY = 86_400


@dataclass
class Access:
    """Who was let in; a code is good once, a session until it ends or the seller takes it back."""

    app_key: str
    secret: str
    first: str
    denies: bool = False
    """The seller says no on the page of consent."""
    short: bool = True
    """Whether the short authorisation (w2) still holds, without which no refund is answered."""
    lasts: int = 30 * _DAY
    renewable: int = 60 * _DAY
    """Seconds that a refresh token lasts; 0 for an app that may not renew."""
    sessions: dict[str, datetime | None] = field(default_factory=dict)
    codes: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    renewals: dict[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sessions[self.first] = None

    def opens(self, session: str) -> bool:
        return session in self.sessions

    def ended(self, session: str, now: datetime) -> bool:
        until = self.sessions.get(session)
        return until is not None and until <= now

    def take_back(self) -> None:
        """The seller no longer lets the app in: every session and every renewal ends."""
        self.sessions.clear()
        self.renewals.clear()

    def handle(self, request: Request, environment: Environment) -> Response:
        if request.path == "/authorize":
            return self._authorize(request, environment)
        try:
            answer, status = self._token(request, environment), 200
        except _Refused as refused:
            answer, status = {"error": refused.error, "error_description": refused.why}, 400
        return Response(json.dumps(answer), status=status, content_type="application/json;charset=UTF-8")

    def _authorize(self, request: Request, environment: Environment) -> Response:
        asked = request.args
        if asked.get("client_id") != self.app_key or asked.get("response_type") != "code" or not asked.get("redirect_uri"):
            return Response("bad request", status=400)
        back: dict[str, str] = {"error": "access_denied", "error_description": "authorize reject"}
        if not self.denies:
            code = environment.token()
            self.codes[code] = (asked["redirect_uri"], environment.now() + _CODE_LASTS)
            back = {"code": code}
        if asked.get("state"):
            back["state"] = asked["state"]
        sign = "&" if "?" in asked["redirect_uri"] else "?"
        return Response(status=302, headers={"location": f"{asked['redirect_uri']}{sign}{urlencode(back)}"})

    def _token(self, request: Request, environment: Environment) -> dict[str, object]:
        form, now = request.form, environment.now()
        if request.method != "POST":
            raise _Refused("invalid_request", "post only")
        known = hmac.compare_digest(form.get("client_secret", "").encode(), self.secret.encode())
        if form.get("client_id") != self.app_key or not known:
            raise _Refused("invalid_client", "client_id or client_secret is wrong")
        if form.get("grant_type") == "authorization_code":
            back, until = self.codes.pop(form.get("code", ""), ("", now))
            if until <= now or back != form.get("redirect_uri"):
                raise _Refused("invalid_grant", "code is invalid or has expired")
        elif form.get("grant_type") == "refresh_token":
            if self.renewals.get(form.get("refresh_token", ""), now) <= now:
                raise _Refused("invalid_grant", "refresh token is invalid or has expired")
        else:
            raise _Refused("unsupported_grant_type", "grant_type must be authorization_code or refresh_token")
        return self._let_in(environment)

    def _let_in(self, environment: Environment) -> dict[str, object]:
        session, renewal, now = f"6100{environment.token()}", f"6101{environment.token()}", environment.now()
        self.sessions[session] = now + timedelta(seconds=self.lasts)
        if self.renewable:
            self.renewals[renewal] = now + timedelta(seconds=self.renewable)
        return {
            "access_token": session,
            "token_type": "Bearer",
            "expires_in": self.lasts,
            "refresh_token": renewal,
            "re_expires_in": self.renewable,
            "r1_expires_in": self.lasts,
            "r2_expires_in": self.lasts,
            "w1_expires_in": self.lasts,
            "w2_expires_in": 1800,
            # The one value of this answer that is encoded twice.
            "taobao_user_nick": quote(SELLER),
            "taobao_user_id": "2088000001",
        }


class _Refused(Exception):
    """No token."""

    def __init__(self, error: str, why: str) -> None:
        super().__init__(why)
        self.error = error
        self.why = why
