"""One signed call to the Taobao Open Platform (TOP)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from orderyard.core.kernel.errors import (
    CredentialsRefused,
    OutcomeUnknown,
    RateLimited,
    RemoteNotUnderstood,
    RemoteUnavailable,
)
from orderyard.core.kernel.transport import Request, Response, Transport

from . import answers
from .moments import to_wire
from .refusals import refusal
from .signing import METHODS, sign

ADDRESS = "https://eco.taobao.com/router/rest"


class Gateway:
    """Signs, sends, and turns what comes back into content or an error of the tree."""

    def __init__(self, settings: Mapping[str, str], transport: Transport) -> None:
        self._settings = settings
        self._transport = transport

    def call(self, method: str, params: Mapping[str, str], *, effect: bool = False, short: bool = False) -> Mapping[str, Any]:
        """The content of the answer; `short` calls need the short authorisation besides the session.

        With `effect` every failure that leaves the outcome open raises OutcomeUnknown: no answer, an unreadable one,
        and the platform's own faults (`isp.…`), which come after the work as often as before it.
        """
        return self._content(self._send(method, params, effect), effect, short=short)

    def now(self) -> datetime:
        return self._transport.now()

    def fetch(self, method: str, params: Mapping[str, str]) -> bytes:
        """The raw answer of a read, after making sure that it is no error."""
        response = self._send(method, params, effect=False)
        self._content(response, effect=False)
        return response.body

    def _send(self, method: str, params: Mapping[str, str], effect: bool) -> Response:
        for name in ("app_key", "app_secret", "session"):
            if not self._settings.get(name):
                raise CredentialsRefused(f"Taobao: the setting {name} is empty", remedy="enter it in the connection")
        how = self._settings.get("sign_method") or METHODS[0]
        if how not in METHODS:
            raise CredentialsRefused(f"Taobao: unknown sign method {how!r}", remedy=f"use one of {', '.join(METHODS)}")
        protocol = {
            "method": method,
            "app_key": self._settings["app_key"],
            "timestamp": to_wire(self._transport.now()),
            "v": "2.0",
            "format": "json",
            "sign_method": how,
        }
        # The session is a secret, and an address ends up in logs and error texts. The platform merges query and body
        # before it checks anything, so the session travels in the body. Official SDKs disagree about empty parameters
        # in the signature, so none is ever sent.
        business = {key: value for key, value in {"session": self._settings["session"], **params}.items() if value}
        protocol["sign"] = sign({**business, **protocol}, self._settings["app_secret"], how)
        address = self._settings.get("gateway") or ADDRESS
        return self._transport.send(
            Request(
                "POST",
                f"{address}?{urlencode(protocol)}",
                headers={"content-type": "application/x-www-form-urlencoded;charset=utf-8"},
                body=urlencode(business).encode(),
                effect=effect,
            )
        )

    def _content(self, response: Response, effect: bool, *, short: bool = False) -> Mapping[str, Any]:
        raw = self._hushed(answers.excerpt(response.body))
        try:
            decoded = answers.document(response.body)
        except RemoteNotUnderstood as error:
            if response.status == 429:
                raise RateLimited("Taobao: too many requests (HTTP 429)", seconds=60, raw=raw) from None
            if effect:
                raise OutcomeUnknown(f"Taobao: unreadable answer (HTTP {response.status})", raw=raw) from None
            if response.status >= 500:
                raise RemoteUnavailable(f"Taobao: HTTP {response.status}", raw=raw) from None
            raise RemoteNotUnderstood(f"{error.what} (HTTP {response.status})", raw=raw) from None
        problem = decoded.get("error_response")
        if isinstance(problem, dict):
            hushed = {key: self._hushed(value) if isinstance(value, str) else value for key, value in problem.items()}
            raise refusal(hushed, effect=effect, now=self._transport.now(), raw=raw, short=short)
        if response.status != 200:
            if effect:
                raise OutcomeUnknown(f"Taobao: HTTP {response.status}", raw=raw)
            raise RemoteUnavailable(f"Taobao: HTTP {response.status}", raw=raw)
        return answers.content(decoded)

    def _hushed(self, text: str) -> str:
        """`text` without our secrets, should the platform quote them back."""
        for name in ("session", "app_secret"):
            if secret := self._settings.get(name):
                text = text.replace(secret, "***")
        return text
