"""The only door to the network: adapters get a `Transport`, tests give them one that is scripted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

import httpx

from .clock import Environment
from .errors import OutcomeUnknown, RemoteNotUnderstood, RemoteUnavailable


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. `effect` is true when repeating it blindly could do something twice."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    effect: bool = False
    seconds: float = 15.0


@dataclass(frozen=True, slots=True)
class Response:
    """What came back, whatever its status; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The decoded body; text that is no JSON raises RemoteNotUnderstood with the raw answer."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise RemoteNotUnderstood(
                f"answer {self.status} is not JSON", raw=self.body[:2000].decode("utf-8", "replace")
            ) from None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook as it came in: header names in lower case, the body's raw bytes."""

    headers: Mapping[str, str]
    body: bytes


class Transport(Protocol):
    """The network and the time, as an adapter may use them."""

    def send(self, request: Request) -> Response:
        """The answer, of any status.

        Raises RemoteUnavailable when the request certainly had no effect, OutcomeUnknown when `request.effect` and it
        may have had one.
        """

    def now(self) -> datetime:
        """The present moment, aware and in UTC."""


class HttpTransport:
    """Transport over httpx; thread-safe; keeps connections open; never follows a redirect."""

    def __init__(self, environment: Environment, *, limit: int = 32 * 1024 * 1024) -> None:
        self._environment = environment
        self._limit = limit
        self._client = httpx.Client(trust_env=False, follow_redirects=False)

    def now(self) -> datetime:
        return self._environment.now()

    def send(self, request: Request) -> Response:
        try:
            with self._client.stream(
                request.method,
                request.url,
                headers=dict(request.headers),
                content=request.body,
                timeout=request.seconds,
            ) as answer:
                body = bytearray()
                for chunk in answer.iter_bytes():
                    body += chunk
                    if len(body) > self._limit:
                        raise RemoteNotUnderstood(f"answer of {request.url} is larger than {self._limit} bytes")
                headers = {name.lower(): value for name, value in answer.headers.items()}
                return Response(answer.status_code, headers, bytes(body))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
            raise RemoteUnavailable(f"cannot reach {request.url}: {error}") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            what = f"no answer from {request.url}: {type(error).__name__} {error}".rstrip()
            if request.effect:
                raise OutcomeUnknown(what) from error
            raise RemoteUnavailable(what) from error

    def close(self) -> None:
        self._client.close()


class Within:
    """Another transport for somebody who waits: all its requests together take no longer than one may.

    What the time is up for is not sent, so it certainly did not happen.
    """

    def __init__(self, transport: Transport, seconds: float = 15.0) -> None:
        self._transport = transport
        self._seconds = seconds
        self._until = transport.now() + timedelta(seconds=seconds)

    def now(self) -> datetime:
        return self._transport.now()

    def send(self, request: Request) -> Response:
        left = (self._until - self.now()).total_seconds()
        if left <= 0:
            raise RemoteUnavailable(f"no answer within {self._seconds:g} seconds", remedy="try again in a moment")
        return self._transport.send(replace(request, seconds=min(request.seconds, left)))
