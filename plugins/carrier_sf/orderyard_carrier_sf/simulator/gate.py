"""SF's front door as SF keeps it: who may come in, and the envelope every answer leaves in.

Written from the platform's documents alone; nothing here is shared with the adapter that is judged by it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Response

FIELDS = ("partnerID", "requestID", "serviceCode", "timestamp", "msgData")
ERRORS = {
    "A1001": "必传参数不可为空",
    "A1002": "请求时效已过期",
    "A1004": "无对应服务权限",
    "A1005": "流量管控",
    "A1006": "数字签名无效",
    "A1009": "目标服务异常或不可达",
    "A1011": "OAuth2认证失败",
}
_KEPT = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-*_")


class Refused(Exception):
    """The platform refuses before any service is asked; carries its code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def url_encoder(text: str) -> str:
    """`java.net.URLEncoder` by its specification: letters, digits and `.-*_` stay, a space is `+`, other bytes are %XX."""
    out: list[str] = []
    for byte in text.encode("utf-8"):
        if byte in _KEPT:
            out.append(chr(byte))
        elif byte == 0x20:
            out.append("+")
        else:
            out.append(f"%{byte:02X}")
    return "".join(out)


def expected_digest(fields: Mapping[str, str], check_word: str, mode: str) -> str:
    """The digest these fields should carry in sign mode `standard`, `simple` or `sm3`."""
    plain = fields["msgData"] + fields["timestamp"] + check_word
    signed = (plain if mode == "simple" else url_encoder(plain)).encode("utf-8")
    hashed = hashlib.new("sm3", signed) if mode == "sm3" else hashlib.new("md5", signed, usedforsecurity=False)
    return str(base64.b64encode(hashed.digest()), "ascii")


def admit(
    fields: Mapping[str, str], *, partner: str, check_word: str, mode: str, services: frozenset[str], tokens: set[str]
) -> None:
    """Let a call in or refuse it. As on the real platform the right to a service is looked at before the signature.

    The timestamp may be in seconds or milliseconds: official clients send both.
    """
    if any(not fields.get(name) for name in FIELDS):
        raise Refused("A1001")
    if fields["partnerID"] != partner or fields["serviceCode"] not in services:
        raise Refused("A1004")
    if not fields["timestamp"].isdecimal() or len(fields["timestamp"]) not in (10, 13):
        raise Refused("A1002")
    if "accessToken" in fields:
        if fields["accessToken"] not in tokens:
            raise Refused("A1011")
    elif not fields.get("msgDigest"):
        raise Refused("A1001")
    elif fields["msgDigest"] != expected_digest(fields, check_word, mode):
        raise Refused("A1006")


def envelope(serial: int, code: str, data: Mapping[str, Any] | None = None) -> Response:
    """The platform's answer, always HTTP 200; what the service said travels inside as a JSON *string*."""
    body = {
        "apiErrorMsg": ERRORS.get(code, ""),
        "apiResponseID": f"{serial:032X}",
        "apiResultCode": code,
        "apiResultData": None if data is None else json.dumps(data, ensure_ascii=False),
    }
    return Response(json.dumps(body, ensure_ascii=False), content_type="application/json;charset=UTF-8")
