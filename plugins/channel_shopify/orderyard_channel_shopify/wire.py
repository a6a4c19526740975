"""Shopify's GraphQL endpoint: documents from the package, one POST, and the four places where an error may stand.

The places (facts of the platform, recorded): the HTTP status; `errors[]` in an HTTP 200, with `extensions.code`; `errors[]`
beside partial data; and `userErrors[]` in a mutation's payload, which its callers judge.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import NoReturn

from orderyard.core.kernel.errors import (
    CredentialsRefused,
    OutcomeUnknown,
    RateLimited,
    RemoteNotUnderstood,
    RemoteRejected,
    RemoteUnavailable,
)
from orderyard.core.kernel.transport import Request, Response, Transport

from .node import Node, parse

VERSION = "2026-07"
"""The Admin API version every document is written for; a version is served for at least a year."""

OWN_APP = "client_credentials"
"""How an app of the merchant's own organisation gets its tokens: for its secret, without anybody's consent."""

_SHOP = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")
_BASE = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+")
_OPERATION = re.compile(r"^(?:query|mutation) (\w+)", re.MULTILINE)

_SMALL_CHANGE = 250.0
"""Points with which parcels and stock can still be told."""

_PLENTY = 0.6
"""On the smallest plan one dear page leaves less than this share, and enough to fetch a few orders by themselves."""

# extensions.code of a top-level error; anything that is in neither set did not run and would not run if repeated.
_LATER = frozenset({"INTERNAL_SERVER_ERROR", "TIMEOUT", "SHOP_INACTIVE_TEMPORARILY"})
_REFUSED = frozenset({"ACCESS_DENIED", "UNAUTHORIZED", "SHOP_INACTIVE"})


@cache
def documents() -> Mapping[str, str]:
    """Operation name -> the text of the `.graphql` file in this package that defines it."""
    found: dict[str, str] = {}
    for entry in files(__package__).joinpath("documents").iterdir():
        if entry.name.endswith(".graphql"):
            text = entry.read_text(encoding="utf-8")
            found.update((name, text) for name in _OPERATION.findall(text))
    return found


def shop_domain(config: Mapping[str, str]) -> str:
    """The configured `….myshopify.com`, or empty when only an address is given; anything else is refused (it would be a
    way to send the token elsewhere)."""
    shop = config.get("shop", "").strip().lower()
    if shop and not _SHOP.fullmatch(shop):
        raise CredentialsRefused(f"{shop!r} is no Shopify shop", remedy="write it as my-shop.myshopify.com")
    return shop


def base_url(config: Mapping[str, str]) -> str:
    """Where the shop's endpoints are."""
    shop = shop_domain(config)
    base = config.get("base_url", "").strip().rstrip("/")
    if base and not _BASE.fullmatch(base):
        raise CredentialsRefused(f"{base!r} is no address", remedy="write it as http://127.0.0.1:8080")
    if not base and not shop:
        raise CredentialsRefused("no shop is configured", remedy="write it as my-shop.myshopify.com")
    return base or f"https://{shop}"


def renewable(config: Mapping[str, str]) -> bool:
    """Whether a token that has ended is replaced without a person."""
    return bool(config.get("refresh_token")) or config.get("grant") == OWN_APP


class AdminApi:
    """One shop's GraphQL Admin API."""

    def __init__(self, config: Mapping[str, str], transport: Transport) -> None:
        self.config = config
        self.transport = transport
        self._left = 1.0

    @property
    def low(self) -> bool:
        """Whether, by the last answer, much of what may be spent is gone: queries cost, and the bucket fills with time."""
        return self._left < _PLENTY

    def read(self, operation: str, variables: Mapping[str, object]) -> Node:
        """The `data` of a query, whole."""
        return self._data(self._send(operation, variables, effect=False), effect=False)

    def write(self, operation: str, variables: Mapping[str, object], *, effect: bool = True) -> Node:
        """The payload of a mutation, whose root field is named like the operation; its userErrors are the caller's.

        `effect` False for a mutation with an idempotency key: repeating it is safe, so no answer means "try again".
        """
        data = self._data(self._send(operation, variables, effect=effect), effect=effect)
        return data.node(operation)

    def _send(self, operation: str, variables: Mapping[str, object], *, effect: bool) -> Response:
        token = self.config.get("access_token", "")
        if not token or not token.isascii() or not token.isprintable():
            raise CredentialsRefused("the access token is missing or no token", remedy="enter the token again")
        body = {"query": documents()[operation], "operationName": operation, "variables": variables}
        response = self.transport.send(
            Request(
                "POST",
                f"{base_url(self.config)}/admin/api/{VERSION}/graphql.json",
                headers={
                    "Content-Type": "application/json",
                    "Accept": "application/json",
                    "X-Shopify-Access-Token": token,
                },
                body=json.dumps(body).encode(),
                effect=effect,
                seconds=30.0,
            )
        )
        if response.status == 401 and renewable(self.config):
            # If the app was taken out, the next try at renewing finds that, and asks for a person.
            raise RemoteUnavailable("the access token has ended; a fresh one is fetched soon", code="401", raw=_raw(response))
        if response.status != 200:
            _refuse_status(response, effect=effect)
        served = response.headers.get("x-shopify-api-version", VERSION)
        if served != VERSION and not effect:
            # A version that fell out of support is answered by the oldest one still served, without a word.
            raise RemoteNotUnderstood(
                f"API {VERSION} was asked for and {served} answered", remedy="update the Shopify plugin", raw=_raw(response)
            )
        return response

    def _data(self, response: Response, *, effect: bool) -> Node:
        try:
            answer = parse(response.body)
        except RemoteNotUnderstood as error:
            if effect:
                raise OutcomeUnknown(f"the answer cannot be read: {error}", raw=_raw(response)) from error
            raise
        self._left = _share_left(answer)
        if answer.values.get("errors"):
            _refuse_errors(answer, response, effect=effect)
        return answer.node("data")


def _refuse_status(response: Response, *, effect: bool) -> NoReturn:
    status, raw = response.status, _raw(response)
    if status == 429:
        raise RateLimited("Shopify asks for patience", seconds=retry_after(response), code="429", raw=raw)
    if status in (401, 402, 403, 404, 423) or 300 <= status < 400:
        reasons = {
            401: ("the access token was refused", "install the app again or enter a new token"),
            402: ("the shop is frozen for an unpaid bill", "the merchant settles the bill with Shopify"),
            403: ("Shopify forbids this call", "check the app's access scopes"),
            404: ("there is no such shop", "check the shop's myshopify.com domain"),
            423: ("the shop is locked", "the merchant asks Shopify's support"),
        }
        what, remedy = reasons.get(status, ("the shop has another address now", "check the shop's myshopify.com domain"))
        raise CredentialsRefused(what, code=str(status), raw=raw, remedy=remedy)
    if status >= 500 or status == 408:
        what = f"Shopify answered {status}"
        if effect:
            raise OutcomeUnknown(what, code=str(status), raw=raw)
        raise RemoteUnavailable(what, code=str(status), raw=raw)
    raise RemoteRejected(f"Shopify answered {status}", code=str(status), raw=raw)


def _refuse_errors(answer: Node, response: Response, *, effect: bool) -> NoReturn:
    raw = _raw(response)
    if not isinstance(answer.values["errors"], list):
        raise RemoteRejected(f"Shopify answered: {answer.values['errors']}", raw=raw)
    errors = list(answer.each("errors"))
    codes = [_code(error) for error in errors]
    what = "; ".join(error.text_or_empty("message") for error in errors) or "Shopify reported an error"
    if "THROTTLED" in codes:
        raise _throttled(answer, raw)
    if refused := next((code for code in codes if code in _REFUSED), None):
        raise CredentialsRefused(what, code=refused, raw=raw, remedy="grant the app the access that is named, then resume")
    code = next((code for code in codes if code), "")
    happened = answer.has("data") and any(value is not None for value in answer.node("data").values.values())
    if effect and (happened or code in _LATER):
        # Payload and errors together, or an error from within: the shop may have done it.
        raise OutcomeUnknown(what, code=code, raw=raw)
    if code in _LATER:
        raise RemoteUnavailable(what, code=code, raw=raw)
    if happened:
        raise RemoteNotUnderstood(f"the answer is not whole: {what}", code=code, raw=raw)
    raise RemoteRejected(what, code=code, raw=raw)


def _code(error: Node) -> str:
    return error.node("extensions").text_or_empty("code") if error.has("extensions") else ""


def _throttled(answer: Node, raw: str) -> RateLimited:
    """Who waits, and how long.

    While something is left, only calls as dear as this one wait, until everything is there again: a walk over many pages
    that began with just enough for its first one would end at the second each time. With next to nothing left the whole
    shop waits until this call can be paid.
    """
    what, code = "Shopify asks for patience", "THROTTLED"
    try:
        cost = answer.node("extensions").node("cost")
        bucket = cost.node("throttleStatus")
        left, rate = _amount(bucket, "currentlyAvailable"), _amount(bucket, "restoreRate")
        price = _amount(cost, "requestedQueryCost")
        if price > left >= _SMALL_CHANGE:
            full = (_amount(bucket, "maximumAvailable") - left) / rate
            return RateLimited(what, seconds=max(0.5, full), code=code, raw=raw, scope="call")
        return RateLimited(what, seconds=max(0.5, (price - left) / rate), code=code, raw=raw)
    except (RemoteNotUnderstood, ZeroDivisionError):
        return RateLimited(what, seconds=2.0, code=code, raw=raw)


def _share_left(answer: Node) -> float:
    """How much of the bucket is left, as its share; all of it where the answer does not say."""
    try:
        bucket = answer.node("extensions").node("cost").node("throttleStatus")
        return _amount(bucket, "currentlyAvailable") / _amount(bucket, "maximumAvailable")
    except (RemoteNotUnderstood, ZeroDivisionError):
        return 1.0


def _amount(node: Node, name: str) -> float:
    value = node.values.get(name)
    if not isinstance(value, int | float):
        raise RemoteNotUnderstood(f"{node.path}.{name} is not a number")
    return float(value)


def retry_after(response: Response) -> float:
    """Retry-After in seconds; 2.0, Shopify's own figure, where it is missing or no number."""
    header = response.headers.get("retry-after", "")
    return max(0.5, float(header)) if re.fullmatch(r"\d{1,6}(\.\d+)?", header) else 2.0


def _raw(response: Response) -> str:
    return response.body[:2000].decode("utf-8", "replace")


def user_errors(payload: Node) -> list[Node]:
    """The refusals inside a mutation's payload; empty when it was done."""
    return list(payload.each("userErrors"))


def refusal(errors: list[Node]) -> str:
    """The platform's own sentences, as one."""
    return "; ".join(error.text_or_empty("message") for error in errors)
