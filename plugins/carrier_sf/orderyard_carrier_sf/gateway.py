"""One call of SF's gateway: the signed form that goes out, and its three levels of failure that come back.

HTTP can fail; the platform can refuse (`apiResultCode` is not A1000); the service can refuse (`success` is false). A1000
alone does not mean that anything was done. What a refusal means for the worker is decided here, once:

* A1005 -> RateLimited; A1001, A1003, A1004, A1006, A1008, A1010, A1011 -> CredentialsRefused; A1002 -> RemoteUnavailable
* A1007, A1009, A1099, S0003, HTTP 5xx and an answer that cannot be read -> OutcomeUnknown for a call with an effect,
  RemoteUnavailable or RemoteNotUnderstood for a question
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn
from urllib.parse import urlencode

from orderyard.core.kernel.errors import (
    CredentialsRefused,
    OutcomeUnknown,
    RateLimited,
    RemoteError,
    RemoteNotUnderstood,
    RemoteRejected,
    RemoteUnavailable,
)
from orderyard.core.kernel.transport import Request, Response, Transport

from .signing import SignMode, digest

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNCLEAR = frozenset({"A1007", "A1009", "A1099"})
_OURS_TO_MEND = {
    # The only platform fields that can be empty are the ones that come from the settings.
    "A1001": "fill in partner_id and check_word",
    "A1003": "have this machine's address allowed on the platform",
    "A1004": "have the service granted to partner_id on the platform",
    "A1006": "compare check_word and sign_mode with the application on the platform",
    "A1008": "switch message encryption off for the application on the platform",
    "A1010": "the application is still in its test state; use the sandbox address or have it released",
    "A1011": "the application wants OAuth2; set it to a digest sign mode",
}
_ACCOUNT = frozenset({"6126", "8114", "8119"})
_LATER = frozenset({"8177"})
RATE_PAUSE = 2.0
"""Seconds to wait after A1005, which states none; the documented limit is 30 calls a second."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who we are to SF, and where its gateway stands."""

    partner: str
    check_word: str
    url: str
    mode: SignMode

    def __repr__(self) -> str:
        return f"Account({self.partner!r}, {self.url!r})"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service said inside an accepted call: `data` is its `msgData`, `whole` the object around it."""

    ok: bool
    code: str
    text: str
    data: Any
    whole: Mapping[str, Any]
    raw: str


def compact(message: Mapping[str, Any]) -> str:
    """The one spelling of a message: signed and sent as this same text."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def form(account: Account, service: str, message: str, now: datetime) -> dict[str, str]:
    """The six fields of a call. `requestID` follows from service, moment and message, so a log line can be recomputed.

    The moment is part of it because the platform refuses a requestID it has seen (A1007), also when a booking that
    certainly did not happen is sent once more under the same orderId.
    """
    timestamp = str((now - _EPOCH) // timedelta(milliseconds=1))
    seed = hashlib.sha256(f"{service}\n{timestamp}\n{message}".encode()).hexdigest()
    return {
        "partnerID": account.partner,
        "requestID": "-".join((seed[:8], seed[8:12], seed[12:16], seed[16:20], seed[20:32])),
        "serviceCode": service,
        "timestamp": timestamp,
        "msgData": message,
        "msgDigest": digest(message, timestamp, account.check_word, account.mode),
    }


def call(account: Account, transport: Transport, service: str, message: Mapping[str, Any], *, effect: bool) -> Answer:
    """Ask a service. The answer may still be a refusal of the business: see `Answer.ok` and `refuse`.

    With `effect`, whatever leaves open whether SF did it is an OutcomeUnknown.
    """
    request = Request(
        "POST",
        account.url,
        headers={"content-type": "application/x-www-form-urlencoded;charset=UTF-8", "accept": "application/json"},
        body=urlencode(form(account, service, compact(message), transport.now())).encode(),
        effect=effect,
    )
    try:
        return _open(service, transport.send(request), effect)
    except RemoteNotUnderstood as error:
        if not effect:
            raise
        raise OutcomeUnknown(f"{service}: the answer cannot be read", raw=error.raw, remedy="ask SF by order number") from error


def _open(service: str, response: Response, effect: bool) -> Answer:
    raw = response.body[:4000].decode("utf-8", "replace")
    if response.status != 200:
        _http(service, response, raw, effect)
    envelope = response.json()
    if not isinstance(envelope, dict) or not isinstance(envelope.get("apiResultCode"), str):
        raise RemoteNotUnderstood(f"{service}: no apiResultCode in the answer", raw=raw)
    code = envelope["apiResultCode"]
    if code != "A1000":
        _platform(service, code, str(envelope.get("apiErrorMsg") or ""), raw, effect)
    inner = envelope.get("apiResultData")
    if isinstance(inner, str):
        try:
            inner = json.loads(inner)
        except ValueError:
            raise RemoteNotUnderstood(f"{service}: apiResultData is not JSON", raw=raw) from None
    if not isinstance(inner, dict) or "success" not in inner:
        raise RemoteNotUnderstood(f"{service}: apiResultData says neither success nor failure", raw=raw)
    business = str(inner.get("errorCode") or "")
    ok = inner["success"] in (True, "true") and business in ("", "S0000")
    text = str(inner.get("errorMsg") or inner.get("errorMessage") or "")
    return Answer(ok, business, text, inner.get("msgData"), inner, raw)


def _http(service: str, response: Response, raw: str, effect: bool) -> NoReturn:
    what = f"{service}: HTTP {response.status}"
    code = str(response.status)
    if response.status == 429:
        wait = response.headers.get("retry-after", "")
        raise RateLimited(what, seconds=float(wait) if wait.isdecimal() else RATE_PAUSE, code=code, raw=raw)
    if response.status in (401, 403):
        raise CredentialsRefused(what, code=code, raw=raw, remedy="have this machine's address allowed on the platform")
    if response.status >= 500:
        kind = OutcomeUnknown if effect else RemoteUnavailable
        raise kind(what, code=code, raw=raw)
    if response.status >= 400:
        raise RemoteRejected(what, code=code, raw=raw, remedy="check base_url")
    raise RemoteNotUnderstood(what, code=code, raw=raw, remedy="check base_url")


def _platform(service: str, code: str, text: str, raw: str, effect: bool) -> NoReturn:
    what = f"{service}: {code} {text}".rstrip()
    if code == "A1005":
        raise RateLimited(what, seconds=RATE_PAUSE, code=code, raw=raw)
    if code in _OURS_TO_MEND:
        raise CredentialsRefused(what, code=code, raw=raw, remedy=_OURS_TO_MEND[code])
    if code == "A1002":
        raise RemoteUnavailable(what, code=code, raw=raw, remedy="compare this machine's clock with the real time")
    if effect:
        raise OutcomeUnknown(what, code=code, raw=raw, remedy="ask SF by order number")
    if code in _UNCLEAR:
        raise RemoteUnavailable(what, code=code, raw=raw)
    raise RemoteNotUnderstood(what, code=code, raw=raw)


def refuse(service: str, answer: Answer, *, effect: bool) -> NoReturn:
    """Raise what a refusal of the business means; the codes a service has its own answer to are looked at before."""
    what = f"{service}: {answer.code} {answer.text}".rstrip()
    if answer.code == "S0003":
        kind: type[RemoteError] = OutcomeUnknown if effect else RemoteUnavailable
        raise kind(what, code=answer.code, raw=answer.raw)
    if answer.code in _LATER:
        raise RemoteUnavailable(what, code=answer.code, raw=answer.raw)
    if answer.code in _ACCOUNT:
        raise CredentialsRefused(what, code=answer.code, raw=answer.raw, remedy="check monthly_card with SF")
    raise RemoteRejected(what, code=answer.code, raw=answer.raw)
