"""What an error means for its task."""

from __future__ import annotations

import math

import pytest

from orderyard.core.kernel.errors import (
    CredentialsRefused,
    DomainError,
    OutcomeUnknown,
    PluginError,
    RateLimited,
    RemoteNotUnderstood,
    RemoteRejected,
    RemoteUnavailable,
)
from orderyard.core.outbox.verdicts import MAX_ATTEMPTS, backoff, judge


@pytest.mark.parametrize(
    ("error", "again", "unsure"),
    [
        (RemoteUnavailable("away"), True, False),
        (RateLimited("slow", seconds=9), True, False),
        (OutcomeUnknown("silence"), True, True),
        (CredentialsRefused("expired"), True, False),
        (RemoteRejected("no such street"), False, False),
        (RemoteNotUnderstood("what?"), False, False),
        (DomainError("no"), False, False),
        (PluginError("odd"), False, False),
        (ValueError("bug"), False, False),
        (KeyError(), False, False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_each_error_has_its_own_next_step(error: Exception, again: bool, unsure: bool) -> None:
    verdict = judge(error, 1, 1)
    assert (verdict.delay is not None, verdict.unsure) == (again, unsure)
    assert verdict.error
    assert verdict.remedy


@pytest.mark.parametrize("error", [RemoteUnavailable("away"), OutcomeUnknown("silence")])
def test_patience_ends(error: Exception) -> None:
    assert judge(error, 1, MAX_ATTEMPTS - 1).delay is not None
    last = judge(error, 1, MAX_ATTEMPTS)
    assert last.delay is None
    assert "12 attempts" in last.error
    assert last.unsure == isinstance(error, OutcomeUnknown)


@pytest.mark.parametrize("error", [RateLimited("slow", seconds=9), CredentialsRefused("expired")])
def test_waiting_for_permission_is_no_attempt(error: Exception) -> None:
    verdict = judge(error, 1, 1000)
    assert verdict.delay is not None
    assert not verdict.counts


@pytest.mark.parametrize(("seconds", "delay"), [(9.5, 9.5), (0, 0.1), (-3, 0.1), (math.nan, 0.1), (math.inf, 86_400.0)])
def test_a_rate_limit_is_obeyed_within_reason(seconds: float, delay: float) -> None:
    assert judge(RateLimited("slow", seconds=seconds), 1, 1).delay == delay


def test_the_remedy_of_the_error_itself_comes_first() -> None:
    assert judge(RemoteRejected("no", remedy="write the street"), 1, 1).remedy == "write the street"


def test_the_pause_grows_up_to_an_hour_and_is_the_same_for_the_same_task() -> None:
    pauses = [backoff(7, attempts) for attempts in range(1, 100)]
    assert pauses == sorted(pauses)
    assert 5 <= pauses[0] < 6.25
    assert 3600 <= pauses[-1] < 4500
    assert pauses == [backoff(7, attempts) for attempts in range(1, 100)]


def test_tasks_that_failed_together_come_back_apart() -> None:
    assert len({round(backoff(task, 5), 3) for task in range(1000)}) > 990
