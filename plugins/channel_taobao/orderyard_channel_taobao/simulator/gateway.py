"""The platform's gateway as it answers any app: what is admitted, how it is signed, which limits it runs into."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from xml.sax.saxutils import escape

from werkzeug.wrappers import Request, Response

from orderyard.core.testing.simulator import Environment, Simulator

from . import troubles
from .access import Access
from .calls import CALLS
from .protocol import REQUEST_ID, TopError, refuse
from .shop import Shop

APP_KEY = "12345678"
SECRET = hashlib.sha256(b"the secret of the simulated app").hexdigest()[:32]
SESSION = f"6100{hashlib.sha256(b'the session of the simulated shop').hexdigest()[:46]}"

_SHORT = frozenset(
    ("taobao.rp.refunds.agree", "taobao.rp.refund.review", "taobao.rp.returngoods.agree", "taobao.refund.refuse")
)
_LIMITS = {
    "api": (7, "App Call Limited", "accesscontrol.limited-by-api-access-count", "This ban will last for 1 more seconds"),
    "app": (7, "App Call Limited", "accesscontrol.limited-by-app-access-count", "This ban will last for 3600 more seconds"),
    "app-api": (
        7,
        "App Call Limited",
        "accesscontrol.limited-by-app-api-access-count",
        "This ban will last for 9 more seconds",
    ),
    "dynamic": (7, "App Call Limited", "accesscontrol.limited-by-dynamic-access-count", ""),
    "frequency": (15, "Remote service error", "isv.app-call-limited", "应用调用次数超限，包含调用频率超限"),
    "platform": (15, "Remote service error", "isp.call-limited", "平台调用次数超限"),
}


class Gateway(Simulator):
    """Speaks TOP at `/router/rest` as the platform does, traps included.

    Parameters are taken from query, urlencoded and multipart body together; the signature is checked over all of them
    (`md5`, `hmac`, `hmac-sha256`); times are GMT+8; HTTP status is always 200; without `format=json` the answer is XML.
    Under the trouble `too_many` a call runs into the limit that `limited_by` names.
    Operations are named by their method, such as `taobao.logistics.offline.send`.
    """

    def __init__(self, environment: Environment | None = None) -> None:
        super().__init__(environment)
        self.shop = Shop(APP_KEY)
        self.limited_by = "api"
        """Which limit a call runs into under the trouble `too_many`."""
        self.access = Access(APP_KEY, SECRET, SESSION)

    def operation(self, request: Request) -> str:
        return _params(request).get("method", request.path)

    def handle(self, request: Request) -> Response:
        if request.path in ("/authorize", "/token"):
            return self.access.handle(request, self.environment)
        if request.path != "/router/rest":
            return Response("not here", status=404)
        params = _params(request)
        try:
            self._admit(params)
            answer = self._work(params)
        except TopError as error:
            answer = {"error_response": error.body()}
        if params.get("format") == "json":
            return Response(json.dumps(answer, ensure_ascii=False), content_type="application/json;charset=UTF-8")
        return Response(f'<?xml version="1.0" encoding="utf-8" ?>{_xml(answer)}', content_type="text/xml;charset=UTF-8")

    def _work(self, params: Mapping[str, str]) -> dict[str, Any]:
        method = params["method"]
        if self.chaos.strikes("too_many", method):
            raise TopError(*_LIMITS[self.limited_by])
        if method not in CALLS:
            refuse(22, "Invalid method")
        rest = troubles.halved(self.chaos, method, params)
        answer = {**CALLS[method](self.shop, rest or params, self.now()), "request_id": REQUEST_ID}
        if rest is not None:
            refuse(15, "Remote service error", troubles.HALF[method][1], "部分成功")
        troubles.disturb(self.chaos, method, params, answer, self._wall_clock())
        if params.get("simplify") == "true":
            return {name: _simplified(value) for name, value in answer.items()}
        return {f"{method.removeprefix('taobao.').replace('.', '_')}_response": answer}

    def _admit(self, params: Mapping[str, str]) -> None:
        """Everything that is checked before a call is even looked at."""
        if not params.get("method"):
            refuse(21, "Missing method")
        if not params.get("app_key"):
            refuse(28, "Missing app key")
        if params["app_key"] != APP_KEY:
            refuse(29, "Invalid app key")
        if not params.get("sign"):
            refuse(24, "Missing signature")
        if not hmac.compare_digest(params["sign"].encode(), self._signature(params).encode()):
            refuse(25, "Invalid signature")
        if not params.get("timestamp"):
            refuse(30, "Missing timestamp")
        if abs(_beijing(params["timestamp"]) - self._wall_clock()) > timedelta(minutes=10):
            refuse(31, "Invalid timestamp")
        if params.get("v") != "2.0":
            refuse(33 if params.get("v") else 32, "Invalid version" if params.get("v") else "Missing version")
        if not params.get("session"):
            refuse(26, "Missing session")
        if self.chaos.strikes("expire", params["method"]) or self.access.ended(params["session"], self.now()):
            refuse(27, "Invalid session", "isv.session-expired", "sessionkey 已过期")
        if not self.access.opens(params["session"]):
            refuse(27, "Invalid session", "isv.invalid-sessionkey", "sessionkey 无效")
        if params["method"] in _SHORT and not self.access.short:
            refuse(53, "Insufficient session permissions", "isv.w2-security-authorize-invalid", "短授权已过期")

    def _wall_clock(self) -> datetime:
        """The time in Beijing, without a zone, as the platform compares it."""
        now = self.now()
        return now.replace(tzinfo=None) - (now.utcoffset() or timedelta(0)) + timedelta(hours=8)

    def _signature(self, params: Mapping[str, str]) -> str:
        how = params.get("sign_method", "md5")
        joined = b""
        for name, value in sorted(params.items()):
            if name != "sign":
                joined += name.encode() + value.encode()
        secret = SECRET.encode()
        if how == "md5":
            return hashlib.new("md5", secret + joined + secret, usedforsecurity=False).hexdigest().upper()
        if how not in ("hmac", "hmac-sha256"):
            refuse(25, "Invalid signature")
        return hmac.digest(secret, joined, "sha256" if how == "hmac-sha256" else "md5").hex().upper()


def _params(request: Request) -> dict[str, str]:
    """Query and body as one; the content of an uploaded file is no part of it."""
    return {**request.args.to_dict(), **request.form.to_dict()}


def _beijing(text: str) -> datetime:
    """A time stamp as wall clock in Beijing; milliseconds since 1970 are understood as well."""
    if text.isascii() and text.isdigit() and len(text) == 13:
        return datetime(1970, 1, 1, 8) + timedelta(milliseconds=int(text))  # noqa: DTZ001 - the protocol has no zones
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - the protocol has no zones
    except ValueError:
        refuse(31, "Invalid timestamp")


def _simplified(value: Any) -> Any:
    """What `simplify=true` makes of an answer: no root, and lists without the object around them."""
    if isinstance(value, dict):
        if len(value) == 1 and isinstance(inner := next(iter(value.values())), list):
            return [_simplified(item) for item in inner]
        return {name: _simplified(item) for name, item in value.items()}
    return value


def _xml(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(
            "".join(f"<{name}>{_xml(each)}</{name}>" for each in item)
            if isinstance(item, list)
            else f"<{name}>{_xml(item)}</{name}>"
            for name, item in value.items()
        )
    return escape(str(value).lower() if isinstance(value, bool) else str(value))
