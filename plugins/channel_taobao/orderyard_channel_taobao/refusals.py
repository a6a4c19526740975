"""What an `error_response` means, as a member of Orderyard's error tree."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from orderyard.core.kernel.errors import (
    CredentialsRefused,
    OutcomeUnknown,
    RateLimited,
    RemoteError,
    RemoteRejected,
    RemoteUnavailable,
)

from .moments import GMT8

_BAN = re.compile(r"last for (\d+) more second", re.IGNORECASE)
_PATIENCE = 60.0
"""Seconds to wait when the platform limits us and does not say for how long."""

_REMEDIES = {
    11: "let the app's owner apply for the API package, or add this machine's address to the app's list",
    12: "authorise the app again with the shop's main account",
    13: "authorise the app again with the shop's main account",
    25: "check the app secret and the sign method",
    26: "authorise the app for this shop and enter the new session",
    27: "authorise the app for this shop and enter the new session",
    29: "check the app key",
    31: "set this machine's clock: the platform allows ten minutes",
    53: "authorise the app again with the shop's main account",
}
# Codes that a person must mend before any call of this shop works again.
_PAUSE = frozenset(_REMEDIES)
_LEVEL = frozenset((12, 53))
_AGAIN = "let the seller give access once more, then do this again within half an hour; or do it in the seller's workbench"
_BUSY = frozenset((10, 530))
_SESSION = re.compile(r"(^|[.\-])(session-expired|invalid-sessionkey|sessionkey-not-generated-by-server)")
# Who has to wait; the day's quota and the app's frequency are shared by every shop that uses the app.
_SCOPES = {
    "accesscontrol.limited-by-app-access-count": "app",
    "isv.app-call-limited": "app",
    "accesscontrol.limited-by-api-access-count": "call",
    "accesscontrol.limited-by-app-api-access-count": "call",
    "isv.method-call-limited": "call",
    "isp.call-limited": "call",
}
# `isp.…` and `ism.…` are the platform's own faults; so are these two that shipping reports as ours.
_THEIRS = re.compile(r"^is[pm]\.|^isv\.logistics-[a-z]+-service-error:(B150|S01)$")


def refusal(error: Mapping[str, object], *, effect: bool, now: datetime, raw: str, short: bool = False) -> RemoteError:
    """The exception for one `error_response`; `effect` says that the call may have changed something before it failed.

    `short` calls need the short authorisation (w2), which ends long before the session: that stops them and nothing else.
    """
    code = _number(error.get("code"))
    sub = str(error.get("sub_code") or "")
    said = str(error.get("sub_msg") or error.get("msg") or "no reason given")
    what = f"Taobao: {said} ({code}{', ' + sub if sub else ''})"
    label = sub or str(code)
    if code == 7 or sub.endswith("call-limited"):
        return RateLimited(what, seconds=_wait(sub, said, now), code=label, raw=raw, scope=_SCOPES.get(sub, "shop"))
    if short and code in _LEVEL:
        return RemoteRejected(what, code=label, raw=raw, remedy=_AGAIN)
    if code in _PAUSE or _SESSION.search(sub):
        return CredentialsRefused(what, code=label, raw=raw, remedy=_REMEDIES.get(code, _REMEDIES[27]))
    if code in _BUSY or _THEIRS.search(sub):
        if effect:
            return OutcomeUnknown(what, code=label, raw=raw)
        return RemoteUnavailable(what, code=label, raw=raw)
    return RemoteRejected(what, code=label, raw=raw)


def _number(code: object) -> int:
    text = str(code)
    return int(text) if re.fullmatch(r"\d{1,9}", text) else 0


def _wait(sub: str, said: str, now: datetime) -> float:
    """Seconds until the ban ends: as stated plus one, or midnight in GMT+8 when the day's quota of the app is used up."""
    if stated := _BAN.search(said):
        return float(stated[1]) + 1
    if sub == "accesscontrol.limited-by-app-access-count":
        here = now.astimezone(GMT8)
        midnight = here.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        return (midnight - here).total_seconds() + 1
    return _PATIENCE
