"""Who is asking: HTTP basic where the line is encrypted, OAuth 1.0a with no token where it is not."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime
from urllib.parse import parse_qsl, quote, urlsplit

from werkzeug.wrappers import Request

FIFTEEN_MINUTES = 15 * 60
_OAUTH = ("oauth_consumer_key", "oauth_timestamp", "oauth_nonce", "oauth_signature", "oauth_signature_method")


class Refused(Exception):
    """Code, sentence and status of the platform's refusal."""

    def __init__(self, code: str, message: str, status: int = 401) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


class Keys:
    """One consumer key with its secret; nonces are remembered, as the platform does for a quarter of an hour."""

    def __init__(self, key: str, secret: str) -> None:
        self.key, self.secret = key, secret
        self._nonces: set[str] = set()

    def check(self, request: Request, now: datetime) -> None:
        """Raises Refused for anybody else."""
        if request.is_secure:
            if self._basic(request):
                return
        elif any(request.args.get(name) for name in _OAUTH):
            self._oauth(request, now)
            return
        raise Refused("woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")

    def _basic(self, request: Request) -> bool:
        given = (request.args.get("consumer_key", ""), request.args.get("consumer_secret", ""))
        if not all(given) and request.authorization is not None:
            given = (request.authorization.username or "", request.authorization.password or "")
        if given[0] != self.key:
            return False
        if not hmac.compare_digest(given[1].encode(), self.secret.encode()):
            raise Refused("woocommerce_rest_authentication_error", "Consumer secret is invalid.")
        return True

    def _oauth(self, request: Request, now: datetime) -> None:
        error = "woocommerce_rest_authentication_error"
        params = dict(parse_qsl(urlsplit(request.full_path).query, keep_blank_values=True))
        if missing := [name for name in _OAUTH if not params.get(name)]:
            text = f"Missing OAuth parameter{'s' if len(missing) > 1 else ''} {', '.join(missing)}"
            raise Refused("woocommerce_rest_authentication_missing_parameter", text)
        if params["oauth_consumer_key"] != self.key:
            raise Refused(error, "Consumer key is invalid.")
        stated = params.pop("oauth_signature").replace(" ", "+")
        method = {"HMAC-SHA1": hashlib.sha1, "HMAC-SHA256": hashlib.sha256}.get(params["oauth_signature_method"])
        if method is None:
            raise Refused(error, "Invalid signature - signature method is invalid.")
        # Each name and value is encoded, and then each pair again, as the platform does.
        pairs = [_raw(f"{_raw(name)}={_raw(value)}") for name, value in sorted(params.items())]
        base = f"{request.method}&{_raw(request.base_url)}&{'%26'.join(pairs)}"
        proof = base64.b64encode(hmac.new(f"{self.secret}&".encode(), base.encode(), method).digest())
        if not hmac.compare_digest(proof, stated.encode()):
            raise Refused(error, "Invalid signature - provided signature does not match.")
        if not params["oauth_timestamp"].isdecimal() or abs(int(params["oauth_timestamp"]) - now.timestamp()) > FIFTEEN_MINUTES:
            raise Refused(error, "Invalid timestamp.")
        if params["oauth_nonce"] in self._nonces:
            raise Refused(error, "Invalid nonce - nonce has already been used.")
        self._nonces.add(params["oauth_nonce"])


def _raw(text: str) -> str:
    return quote(text, safe="~")
