"""The shop's REST API: one address, two ways to authenticate, and what its errors mean.

Over HTTPS the keys go as HTTP basic (or in the query, for servers that drop the header); over plain HTTP each call is signed.
An error is `{code, message, data: {status}}`; a server or firewall in front of WordPress answers in HTML instead.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import NoReturn

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

from .node import Node, decoded, nodes
from .signing import query, signed

CORE = "wc/v3"
TRACKING = "wc-shipment-tracking/v3"
"""The namespace of the extension Shipment Tracking."""

NEAR = timedelta(minutes=2)
"""How far the shop's clock may be from ours before it is reckoned with; the platform's `Date` has whole seconds."""

_URL = re.compile(r"(https?)://[A-Za-z0-9.\[\]:-]+(/[A-Za-z0-9._~/-]*)?")


@dataclass(frozen=True, slots=True)
class Answer:
    """A decoded answer with the counts that a list comes with."""

    value: object
    total: int = 0
    pages: int = 0

    @property
    def node(self) -> Node:
        return Node(self.value)

    @property
    def rows(self) -> list[Node]:
        return list(nodes(self.value))


class RestApi:
    """One shop's REST API v3."""

    def __init__(self, config: Mapping[str, str], transport: Transport) -> None:
        self.config = config
        self.transport = transport
        self.ahead = timedelta(0)
        """How far the shop's clock is ahead of ours by the last answer; zero while it is near."""

    def get(self, path: str, params: Mapping[str, str] | None = None, *, space: str = CORE) -> Answer:
        return self._answer(self._send("GET", path, params or {}, None, space, effect=False), effect=False)

    def write(self, method: str, path: str, body: object, *, effect: bool, space: str = CORE) -> Answer:
        """`effect` False for what may be repeated without harm: then no answer means "try again"."""
        return self._answer(self._send(method, path, {}, body, space, effect=effect), effect=effect)

    def every(self, path: str, params: Mapping[str, str] | None = None, *, space: str = CORE) -> Iterator[Node]:
        """All rows of a list that does not change while it is read."""
        page = 1
        while True:
            answer = self.get(path, {**(params or {}), "per_page": "100", "page": str(page)}, space=space)
            yield from answer.rows
            if page >= answer.pages:
                return
            page += 1

    def _send(
        self, method: str, path: str, params: Mapping[str, str], body: object, space: str, *, effect: bool, again: bool = True
    ) -> Response:
        key, secret = self._keys()
        address = f"{self._base()}/wp-json/{space}/{path}"
        headers = {"Accept": "application/json", "User-Agent": "Orderyard"}
        if address.startswith("http:"):
            moment = self.transport.now() + self.ahead
            asked = signed(method, address, params, key, secret, int(moment.timestamp()))
        elif self.config.get("auth", "") == "query":
            asked = {**params, "consumer_key": key, "consumer_secret": secret}
        else:
            asked = dict(params)
            headers["Authorization"] = "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = Request(
            method,
            f"{address}?{query(asked)}" if asked else address,
            headers,
            b"" if body is None else json.dumps(body, ensure_ascii=False).encode(),
            effect=effect,
            seconds=60.0,  # a shop on a small host takes its time
        )
        try:
            response = self.transport.send(request)
        except RemoteError as error:
            # The address in its words carries the key and the signature.
            raise type(error)(self._clean(error.what), code=error.code) from None
        before = self.ahead
        self._look_at_the_clock(response)
        if response.status == 401 and again and self.ahead != before and b"timestamp" in response.body:
            return self._send(method, path, params, body, space, effect=effect, again=False)
        if not 200 <= response.status < 300:
            self._refuse(response, effect=effect)
        return response

    def _look_at_the_clock(self, response: Response) -> None:
        stated = _moment(response.headers.get("date", ""))
        if stated is not None:
            ahead = stated - self.transport.now()
            self.ahead = ahead if abs(ahead) > NEAR else timedelta(0)

    def _base(self) -> str:
        base = self.config.get("url", "").strip().rstrip("/")
        if not _URL.fullmatch(base):
            raise CredentialsRefused(f"{base!r} is no address of a shop", remedy="write it as https://shop.example")
        return base

    def _keys(self) -> tuple[str, str]:
        key, secret = self.config.get("consumer_key", "").strip(), self.config.get("consumer_secret", "").strip()
        if not all(part and part.isascii() and part.isprintable() and ":" not in part for part in (key, secret)):
            raise CredentialsRefused("consumer key or secret is missing or none", remedy="enter both again")
        return key, secret

    def _answer(self, response: Response, *, effect: bool) -> Answer:
        try:
            value = decoded(response.body)
        except RemoteNotUnderstood as error:
            if effect:
                raise OutcomeUnknown(f"the answer cannot be read: {error.what}", raw=error.raw) from error
            raise
        return Answer(value, _count(response, "x-wp-total"), _count(response, "x-wp-totalpages"))

    def _clean(self, text: str) -> str:
        text = re.sub(r"\?\S*", "", text)
        for name in ("consumer_key", "consumer_secret"):
            if value := self.config.get(name, "").strip():
                text = text.replace(value, "…")
        return text

    def _refuse(self, response: Response, *, effect: bool) -> NoReturn:
        status, raw = response.status, self._clean(response.body[:2000].decode("utf-8", "replace"))
        code, message = stated_error(response)
        what = f"{self._clean(message)} ({status})" if message else f"the shop answered {status}"
        code = code or str(status)
        wait = _patience(response, self.transport.now() + self.ahead)
        if status == 429 or (status == 503 and wait is not None):
            raise RateLimited(what, seconds=wait or 10.0, code=code, raw=raw)
        if status in (401, 402, 403) or 300 <= status < 400 or (status == 404 and not _is_about_a_thing(code)):
            raise CredentialsRefused(what, code=code, raw=raw, remedy=_remedy(status, code, message))
        if status >= 500 or status == 408:
            if effect:
                raise OutcomeUnknown(what, code=code, raw=raw)
            raise RemoteUnavailable(what, code=code, raw=raw)
        raise RemoteRejected(what, code=code, raw=raw)


def stated_error(response: Response) -> tuple[str, str]:
    """Code and message of an error; empty for a page of something that stands before WordPress."""
    try:
        error = Node(decoded(response.body))
        return error.text_or_empty("code"), error.text_or_empty("message")
    except RemoteNotUnderstood:
        return "", ""


def _is_about_a_thing(code: str) -> bool:
    """Whether a 404 is about an order or product, and not about the API itself."""
    return code.startswith("woocommerce_rest_")


def _remedy(status: int, code: str, message: str) -> str:
    if "timestamp" in message.lower():
        return "set the clock of the shop's server right, or use https"
    if "permission" in message.lower():
        return "give the key read and write access"
    if status == 404:
        return (
            "switch off the setting for Shipment Tracking, or install that extension, or check the shop's address; WordPress "
            "must use permalinks other than 'plain'"
        )
    if 300 <= status < 400:
        return "enter the address to which the shop has moved, with https and www as it has them"
    if status == 403 and not code.startswith(("woocommerce_", "rest_")):
        return "a firewall before the shop refuses us: let this machine through"
    return "make a new key with read and write access in WooCommerce, Settings, Advanced, REST API"


def _count(response: Response, header: str) -> int:
    value = response.headers.get(header, "")
    return int(value) if re.fullmatch(r"\d{1,12}", value) else 0


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _patience(response: Response, now: datetime) -> float | None:
    """Retry-After in seconds, whether it is a number or a moment; None where it says neither."""
    stated = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,6}(\.\d+)?", stated):
        return max(0.5, float(stated))
    moment = _moment(stated)
    return None if moment is None else max(0.5, (moment - now).total_seconds())
