"""How apps get in: the merchant's consent, codes, tokens that end and those that fetch the next."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from werkzeug.wrappers import Request, Response

HOUR, DAY, QUARTER = 3600, 86_399, 7_776_000
"""Seconds that a token of a public app, one of an own app, and one that fetches the next live."""


@dataclass(slots=True)
class _Pass:
    """A refresh token; `next` is the token it gave, whose first use ends it."""

    ends: datetime
    next: str = ""


class Door:
    """The OAuth endpoints of one shop, whose merchant agrees to everything."""

    def __init__(self, domain: str, secret: str, token: Callable[[], str], now: Callable[[], datetime]) -> None:
        self.client_id = "app-" + token()
        self.domain = domain
        self.secret = secret
        self.codes: dict[str, str] = {}
        self.tokens: dict[str, datetime] = {}
        self.passes: dict[str, _Pass] = {}
        self._token = token
        self._now = now

    def opens(self, token: str) -> bool:
        """Whether this token is one of ours and has not ended; using one ends the pass that fetched it."""
        if not (ends := self.tokens.get(token)) or ends <= self._now():
            return False
        for name in [name for name, entry in self.passes.items() if entry.next == token]:
            del self.passes[name]
        return True

    def shut(self) -> None:
        """The app was taken out: nothing it holds opens anything any more."""
        self.codes.clear()
        self.tokens.clear()
        self.passes.clear()

    def answer(self, request: Request, scopes: Sequence[str]) -> Response:
        if request.path == "/admin/oauth/authorize" and request.method == "GET":
            return self._consent(request)
        if request.path == "/admin/oauth/access_token" and request.method == "POST":
            return self._grant(request.get_json(force=True, silent=True), scopes)
        return _json({"errors": "Not Found"}, 404)

    def _consent(self, request: Request) -> Response:
        if request.args.get("client_id") != self.client_id or not request.args.get("redirect_uri"):
            return Response("Oauth error invalid_request", 400)
        code = self._token()
        self.codes[code] = request.args["redirect_uri"]
        said = {
            "code": code,
            "host": "YWRtaW4uc2hvcGlmeS5jb20vc3RvcmUvZGVtbw",
            "shop": self.domain,
            "state": request.args.get("state", ""),
            "timestamp": str(int(self._now().timestamp())),
        }
        said["hmac"] = self.proof(said)
        return Response("", 302, {"Location": f"{request.args['redirect_uri']}?{urlencode(said)}"})

    def proof(self, said: dict[str, str]) -> str:
        """The signature over a query as Shopify makes it."""
        message = "&".join(f"{name}={value}" for name, value in sorted(said.items()) if name != "hmac")
        return hmac.new(self.secret.encode(), message.encode(), hashlib.sha256).hexdigest()

    def _grant(self, asked: object, scopes: Sequence[str]) -> Response:
        if not isinstance(asked, dict) or asked.get("client_id") != self.client_id or asked.get("client_secret") != self.secret:
            return _json({"error": "invalid_client"}, 401)
        scope = ",".join(scopes)
        kind = asked.get("grant_type", "")
        if kind == "client_credentials":
            return _json({"access_token": self._made(DAY), "scope": scope, "expires_in": DAY}, 200)
        if kind == "refresh_token":
            held = self.passes.get(str(asked.get("refresh_token")))
            if held is None or held.ends <= self._now():
                return _json({"error": "invalid_grant"}, 400)
            return self._ending(scope, held)
        if kind or self.codes.pop(str(asked.get("code")), None) is None:
            return _json({"error": "invalid_request", "error_description": "The authorization code was not found"}, 400)
        if str(asked.get("expiring")) == "1":
            return self._ending(scope, None)
        return _json({"access_token": self._made(10 * 365 * DAY), "scope": scope}, 200)

    def _ending(self, scope: str, before: _Pass | None) -> Response:
        token, following = self._made(HOUR), "shprt_" + self._token()
        self.passes[following] = _Pass(self._now() + timedelta(seconds=QUARTER))
        if before is not None:
            before.next = token
        said = {"access_token": token, "scope": scope, "expires_in": HOUR}
        return _json({**said, "refresh_token": following, "refresh_token_expires_in": QUARTER}, 200)

    def _made(self, seconds: int) -> str:
        token = "shpat_" + self._token()
        self.tokens[token] = self._now() + timedelta(seconds=seconds)
        return token


def _json(body: object, status: int) -> Response:
    return Response(json.dumps(body), status, {"Content-Type": "application/json; charset=utf-8"})
