"""A transport that follows a script instead of the network."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ..kernel.transport import Request, Response


class FixedEnvironment:
    """A clock that stands still until it is moved, and tokens that count up."""

    def __init__(self, moment: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) -> None:
        self.moment = moment
        self._tokens = 0

    def now(self) -> datetime:
        return self.moment

    def token(self) -> str:
        self._tokens += 1
        return f"{self._tokens:032x}"


def answer(body: bytes | str | Mapping[str, Any] | Sequence[Any], status: int = 200, **headers: str) -> Response:
    """A response with this body; anything but text and bytes goes out as JSON."""
    raw = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Response(status, {name.lower().replace("_", "-"): value for name, value in headers.items()}, raw)


class ScriptedTransport:
    """Gives the scripted answers in order and keeps every request in `sent`; an exception in the script is raised."""

    def __init__(self, *script: Response | Exception, moment: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) -> None:
        self.script = list(script)
        self.sent: list[Request] = []
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def send(self, request: Request) -> Response:
        self.sent.append(request)
        if not self.script:
            raise AssertionError(f"nothing scripted for {request.method} {request.url}")
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        return step
