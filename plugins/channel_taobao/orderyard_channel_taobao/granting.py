"""Access that a seller gives on the platform's own page, and its renewal (OAuth 2, 授权)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import unquote_plus, urlencode

from orderyard.core.channels.api import Grant
from orderyard.core.kernel.errors import (
    CredentialsRefused,
    RemoteError,
    RemoteNotUnderstood,
    RemoteRejected,
    RemoteUnavailable,
)
from orderyard.core.kernel.transport import Request, Response, Transport

from . import answers

ADDRESS = "https://oauth.taobao.com"

_NOTHING = "-"
"""A secret cannot be set to nothing, and one left from an earlier grant must not be used."""

# Calls of these levels are the daily ones. The fourth, w2, is a short authorisation of its own (half an hour, if at all):
# whoever needs it is told so by the call, and renewing every half hour would use up the day's renewals.
_LEVELS = ("r1", "r2", "w1")


def consent_page(settings: Mapping[str, str], back: str, state: str) -> str:
    """Where the seller says yes; `back` must lie in the domain that the app was registered with."""
    query = {
        "response_type": "code",
        "client_id": _given(settings, "app_key"),
        "redirect_uri": back,
        "state": state,
        "view": "web",
    }
    return f"{_address(settings)}/authorize?{urlencode(query)}"


def exchange(settings: Mapping[str, str], transport: Transport, answer: Mapping[str, str], back: str) -> Grant:
    """The grant for the code that came back; a code is good once and for a few minutes."""
    if problem := answer.get("error"):
        why = answer.get("error_description") or problem
        raise RemoteRejected(f"Taobao: no access was given: {why}", code=problem, remedy="ask the seller once more")
    if not answer.get("code"):
        raise RemoteRejected("Taobao: the answer brings no code", remedy="ask for access once more")
    try:
        return _grant(settings, transport, {"grant_type": "authorization_code", "code": answer["code"], "redirect_uri": back})
    except CredentialsRefused as refused:
        raise RemoteRejected(
            refused.what, code=refused.code, remedy="ask for access once more; check app key, app secret and return address"
        ) from None


def renew(settings: Mapping[str, str], transport: Transport) -> Grant | None:
    """A fresh session for the refresh token; None where the platform gave none, since then only the seller can.

    The token may be used again until it ends itself, so a lost answer does no harm.
    """
    token = settings.get("refresh_token", "")
    if not token or token == _NOTHING:
        return None
    return _grant(settings, transport, {"grant_type": "refresh_token", "refresh_token": token})


def _grant(settings: Mapping[str, str], transport: Transport, wanted: Mapping[str, str]) -> Grant:
    form = {"client_id": _given(settings, "app_key"), "client_secret": _given(settings, "app_secret"), **wanted, "view": "web"}
    response = transport.send(
        Request(
            "POST",
            f"{_address(settings)}/token",
            headers={"content-type": "application/x-www-form-urlencoded;charset=utf-8"},
            body=urlencode(form).encode(),
        )
    )
    said = _said(response)
    session = answers.text(said.get("access_token"))
    if not session:
        raise RemoteNotUnderstood("Taobao: the grant holds no access token")
    lifetimes = [_seconds(said, "expires_in"), *(_seconds(said, f"{level}_expires_in") for level in _LEVELS)]
    # A level that lasts 0 seconds is none that this app has; its calls say so themselves.
    lasts = min((seconds for seconds in lifetimes if seconds), default=0)
    token = answers.text(said.get("refresh_token")) if _seconds(said, "re_expires_in") else ""
    given = {"session": session, "refresh_token": token or _NOTHING}
    if nick := unquote_plus(answers.text(said.get("taobao_user_nick"))):
        given["shop"] = nick
    return Grant(given, transport.now() + timedelta(seconds=lasts) if lasts else None)


def _said(response: Response) -> Mapping[str, Any]:
    """The answer's object. Errors never quote it: it may hold a token."""
    try:
        said = answers.document(response.body)
    except RemoteNotUnderstood:
        if response.status >= 500:
            raise RemoteUnavailable(f"Taobao: HTTP {response.status} from the page of access") from None
        raise RemoteNotUnderstood(f"Taobao: the grant cannot be read (HTTP {response.status})") from None
    if problem := answers.text(said.get("error")):
        raise _refusal(problem, answers.text(said.get("error_description")))
    if response.status != 200:
        raise RemoteUnavailable(f"Taobao: HTTP {response.status} from the page of access")
    return said


def _refusal(problem: str, why: str) -> RemoteError:
    what = f"Taobao: no access: {why or problem} ({problem})"
    if problem in ("server_error", "temporarily_unavailable"):
        return RemoteUnavailable(what, code=problem)
    return CredentialsRefused(what, code=problem, remedy="ask the seller for access once more")


def _seconds(said: Mapping[str, Any], name: str) -> int:
    return answers.whole(said[name], name) if answers.text(said.get(name)) else 0


def _given(settings: Mapping[str, str], name: str) -> str:
    if not settings.get(name):
        raise CredentialsRefused(f"Taobao: the setting {name} is empty", remedy="enter it in the connection")
    return settings[name]


def _address(settings: Mapping[str, str]) -> str:
    return (settings.get("oauth") or ADDRESS).rstrip("/")
