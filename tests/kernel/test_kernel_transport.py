"""Whoever waits for a remote waits no longer than for one call, however many there are."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from orderyard.core.kernel.errors import RemoteUnavailable
from orderyard.core.kernel.transport import Request, Response, Within


@dataclass
class Slow:
    """Takes some seconds for each request, and remembers how many it was given."""

    takes: float
    moment: datetime = datetime(2026, 11, 22, tzinfo=UTC)
    given: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.moment

    def send(self, request: Request) -> Response:
        self.given.append(request.seconds)
        self.moment += timedelta(seconds=self.takes)
        return Response(200, {}, b"")


def test_each_request_is_given_what_is_left() -> None:
    slow = Slow(4)
    within = Within(slow, 10)
    for _ in range(3):
        within.send(Request("GET", "paper:x"))
    assert slow.given == [10, 6, 2]


def test_a_request_that_wants_less_is_given_no_more() -> None:
    slow = Slow(1)
    Within(slow, 10).send(Request("GET", "paper:x", seconds=3))
    assert slow.given == [3]


def test_what_the_time_is_up_for_is_not_sent() -> None:
    slow = Slow(6)
    within = Within(slow, 10)
    within.send(Request("GET", "paper:x"))
    within.send(Request("GET", "paper:x"))
    with pytest.raises(RemoteUnavailable, match="no answer within 10 seconds"):
        within.send(Request("POST", "paper:x", effect=True))
    assert len(slow.given) == 2
    assert within.now() == slow.moment
