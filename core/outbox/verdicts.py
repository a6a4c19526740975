"""What an error means for the task that met it."""

from __future__ import annotations

from dataclasses import dataclass

from ..kernel.errors import (
    CredentialsRefused,
    DomainError,
    OrderyardError,
    OutcomeUnknown,
    PluginError,
    RateLimited,
    RemoteNotUnderstood,
    RemoteRejected,
    RemoteUnavailable,
)

MAX_ATTEMPTS = 12
_FIRST = 5.0
_LONGEST = 3600.0
_DAY = 86_400.0
_PAUSED = 60.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """`delay` is in how many seconds the task is due again, None parks it."""

    delay: float | None
    error: str
    remedy: str = ""
    counts: bool = True
    """Whether the attempt is one of the MAX_ATTEMPTS."""
    unsure: bool = False
    """Whether it may have happened."""


def backoff(task_id: int, attempts: int) -> float:
    """Seconds until the next attempt: 5, 10, 20 … at most an hour, and up to a quarter more, the same for the same task.

    The quarter spreads tasks that failed together (Knuth's multiplicative hash of the id).
    """
    spread = (task_id * 2_654_435_761 % 2**32) / 2**32
    return float(min(_LONGEST, _FIRST * 2 ** min(max(attempts, 1) - 1, 20)) * (1 + spread / 4))


def judge(error: Exception, task_id: int, attempts: int) -> Verdict:
    """The next step after `attempts` attempts, the failed one among them."""
    if isinstance(error, OrderyardError):
        what, remedy = error.what, error.remedy
    else:
        what, remedy = f"{type(error).__name__}: {error}".rstrip(": "), ""
    if isinstance(error, RateLimited):
        seconds = error.seconds if error.seconds > 0.1 else 0.1
        return Verdict(min(seconds, _DAY), what, remedy or "nothing: it goes on by itself", counts=False)
    if isinstance(error, CredentialsRefused):
        return Verdict(_PAUSED, what, remedy or "enter new credentials, then resume the connection", counts=False)
    if isinstance(error, RemoteUnavailable | OutcomeUnknown):
        unsure = isinstance(error, OutcomeUnknown)
        if attempts >= MAX_ATTEMPTS:
            return Verdict(
                None, f"{what} ({attempts} attempts)", remedy or "see that the remote answers, then retry", unsure=unsure
            )
        return Verdict(backoff(task_id, attempts), what, remedy or "nothing: it is tried again by itself", unsure=unsure)
    if isinstance(error, RemoteRejected):
        return Verdict(None, what, remedy or "mend what the remote names, then retry; or give it up")
    if isinstance(error, RemoteNotUnderstood):
        return Verdict(None, what, remedy or "update the plugin that reads the answer, then retry")
    if isinstance(error, DomainError):
        return Verdict(None, what, remedy or "mend it, then retry")
    if isinstance(error, PluginError):
        return Verdict(None, what, remedy or "update the plugin, then retry")
    return Verdict(None, what, remedy or "a fault in the program: see its log, then retry")
