"""Doing the work that waits outside of transactions: claim, call the handler, write what came of it.

The task's row decides. A worker may be killed at any moment: its lease runs out and the next worker finds the task due
and unsure. What a worker with a lost lease brings home is dropped, so a handler's effect in the database happens once;
what it does outside must be idempotent by the task's key.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import peewee

from ..kernel.errors import CredentialsRefused, OrderyardError, PluginError, RateLimited, Stale
from ..kernel.uow import Installation, UnitOfWork
from .claims import Claimed, Wanted, begin, claim, finish, park, put_back
from .queries import counts
from .verdicts import MAX_ATTEMPTS, Verdict, backoff, judge

_log = logging.getLogger("orderyard.outbox")

Effect = Callable[[UnitOfWork], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one task: done without an error, else what the error says (see `verdicts.judge`).

    `effect` writes what is to be kept, in the very transaction that ends the attempt, and not at all when the lease is lost.
    """

    error: Exception | None = None
    effect: Effect | None = None


@dataclass(frozen=True, slots=True)
class Handler:
    """Does one kind of task. Called with no transaction open, possibly on several threads.

    A task that is `unsure` may have been done before: look it up by its key first. An exception is the outcome of every
    task of the call.
    """

    work: Callable[[Sequence[Claimed]], Sequence[Outcome]]
    """One outcome per task, in order."""
    batch: int = 1
    """Up to so many tasks of one owner (and one event) in a call, in the order of their ids."""
    owners: Callable[[], Collection[str]] | None = None
    """Whose tasks may be done now; the others wait. None means everybody's."""

    @classmethod
    def each(cls, work: Callable[[Claimed], Effect | None], owners: Callable[[], Collection[str]] | None = None) -> Handler:
        """From a function that does one task, raises what went wrong, and returns what is to be written, if anything."""
        return cls(lambda tasks: [Outcome(effect=work(task)) for task in tasks], 1, owners)


@dataclass(frozen=True, slots=True)
class Drained:
    """What a `drain` did and left: tasks worked on, not yet due or held back, parked for a person."""

    worked: int
    waiting: int
    parked: int


class Worker:
    """Works on the task table. Any number of them may run, on any number of threads, processes and (PostgreSQL) machines."""

    _SWEEP = 1.0

    def __init__(
        self,
        installation: Installation,
        handlers: Mapping[str, Handler],
        *,
        paused: Callable[[], Collection[str]] = tuple,
        on_credentials_refused: Callable[[str, CredentialsRefused], None] = lambda owner, error: None,
        lease_seconds: int = 60,
    ) -> None:
        """`paused` names the owners whose work waits; `on_credentials_refused` pauses one, in a unit of work of its own.

        `lease_seconds` is longer than the longest call of a handler.
        """
        self._installation = installation
        self._handlers = dict(handlers)
        self._paused = paused
        self._on_credentials_refused = on_credentials_refused
        self._lease = lease_seconds
        self._hint = threading.Event()

    def wake(self) -> None:
        """There may be something to do; a hint that is lost or comes twice does no harm."""
        self._hint.set()

    def serve(self, stop: threading.Event) -> None:
        """Work until `stop` is set (and `wake` called, to hear of it at once); look around every second unasked."""
        while not stop.is_set():
            self._hint.clear()
            try:
                worked = self.run_once(stop=stop)
            except Exception:
                _log.exception("the worker met trouble of its own and goes on")
                self._installation.db.release()
                worked = 0
            if not worked:
                self._hint.wait(self._SWEEP)

    def drain(self, limit: int = 100_000) -> Drained:
        """Work until nothing is due or `limit` tasks were worked on; what waits for a later moment is left."""
        worked = 0
        while worked < limit and (done := self.run_once(min(50, limit - worked))):
            worked += done
        found = counts(self._installation.db)
        return Drained(worked, found.get("due", 0) + found.get("leased", 0), found.get("parked", 0))

    def run_once(self, limit: int = 50, stop: threading.Event | None = None) -> int:
        """Claim up to `limit` due tasks and work on them; how many they were. With `stop` set, the rest is put back."""
        environment = self._installation.environment
        only = {kind: tuple(handler.owners()) for kind, handler in self._handlers.items() if handler.owners}
        wanted = Wanted(tuple(self._handlers), tuple(self._paused()), only)
        db = self._installation.db
        with db.connection():
            token = environment.token()
            tasks = claim(db, wanted, token, environment.now(), self._lease, limit)
            held_back: dict[str, Verdict] = {}
            for group in self._groups(tasks):
                if stop is not None and stop.is_set():
                    self._leave(token, group, Verdict(0.0, ""))
                elif (verdict := held_back.get(group[0].owner)) is not None:
                    self._leave(token, group, verdict)
                elif mine := self._begun(token, group):
                    self._write(token, mine, self._call(mine), held_back)
        return len(tasks)

    def _groups(self, tasks: Sequence[Claimed]) -> list[list[Claimed]]:
        """Tasks for one call of a handler each, in the order of their first ids."""
        groups: list[list[Claimed]] = []
        open_groups: dict[tuple[str, str, str], list[Claimed]] = {}
        for task in tasks:
            same = (task.kind, task.owner, task.event)
            group = open_groups.get(same)
            if group is None or len(group) >= self._handlers[task.kind].batch:
                group = open_groups[same] = []
                groups.append(group)
            group.append(task)
        return groups

    def _begun(self, token: str, group: list[Claimed]) -> list[Claimed]:
        """Those whose attempt begins now; a task under which workers die again and again is parked instead."""
        db = self._installation.db
        for task in [task for task in group if task.attempts >= MAX_ATTEMPTS]:
            _log.warning("task %d %s parked: its worker was stopped in the middle each time", task.id, task.key)
            what = f"each of {task.attempts} attempts was cut off in the middle"
            with db.write_transaction():
                park(db, token, task.id, what, "see the worker's log, then retry", unsure=True)
        fit = [task for task in group if task.attempts < MAX_ATTEMPTS]
        ours = begin(db, token, fit, self._lease) if fit else set()
        return [replace(task, attempts=task.attempts + 1) for task in fit if task.id in ours]

    def _call(self, group: list[Claimed]) -> Sequence[Outcome]:
        handler = self._handlers[group[0].kind]
        try:
            outcomes = list(handler.work(group))
            if len(outcomes) != len(group):
                raise OrderyardError(f"{len(group)} tasks of kind {group[0].kind} gave {len(outcomes)} outcomes")
        except (Exception, SystemExit) as error:
            cause = error if isinstance(error, Exception) else PluginError(f"a handler left with {error!r}")
            outcomes = [Outcome(cause)] * len(group)
        return outcomes

    def _write(self, token: str, group: list[Claimed], outcomes: Sequence[Outcome], held_back: dict[str, Verdict]) -> None:
        """End the attempts: those without an effect together, each other one in a unit of work of its own."""
        db = self._installation.db
        both = list(zip(group, outcomes, strict=True))
        done = [task.id for task, outcome in both if outcome.error is None and outcome.effect is None]
        failed = [(task, outcome.error) for task, outcome in both if outcome.error is not None and outcome.effect is None]
        if done or failed:
            with db.write_transaction():
                if done:
                    finish(db, token, done, self._installation.environment.now())
                for task, error in failed:
                    self._fail(token, task, error)
        for task, outcome in both:
            if outcome.effect is not None:
                self._finish_with(token, task, outcome, outcome.effect)
        for task, outcome in both:
            if isinstance(outcome.error, RateLimited | CredentialsRefused) and task.owner not in held_back:
                held_back[task.owner] = judge(outcome.error, task.id, task.attempts)
                if isinstance(outcome.error, CredentialsRefused):
                    self._refused(task.owner, outcome.error)

    def _finish_with(self, token: str, task: Claimed, outcome: Outcome, effect: Effect) -> None:
        try:
            with self._installation.unit_of_work("worker") as uow:
                if outcome.error is None:
                    ours = finish(uow.db, token, [task.id], uow.now)
                else:
                    ours = self._fail(token, task, outcome.error)
                if ours:
                    effect(uow)
        except (peewee.OperationalError, peewee.InterfaceError):
            raise  # the database is away: the lease runs out, and the task is looked up again
        except Exception as error:
            _log.warning("task %d %s was done and its effect refused: %s", task.id, task.key, error, exc_info=error)
            with self._installation.db.write_transaction():
                self._not_recorded(token, task, error)

    def _not_recorded(self, token: str, task: Claimed, error: Exception) -> None:
        db = self._installation.db
        verdict = judge(error, task.id, task.attempts)
        what = f"it was done, and could not be recorded: {verdict.error}"
        if isinstance(error, Stale) and task.attempts < MAX_ATTEMPTS:
            again = self._after(backoff(task.id, task.attempts))
            put_back(db, token, task.id, again, what, "nothing: it is tried again by itself", unsure=True)
        else:
            park(db, token, task.id, what, verdict.remedy, unsure=True)

    def _fail(self, token: str, task: Claimed, error: Exception | None) -> int:
        if error is None:
            return 0
        db = self._installation.db
        verdict = judge(error, task.id, task.attempts)
        if verdict.delay is None:
            known = isinstance(error, OrderyardError)
            _log.warning("task %d %s parked: %s", task.id, task.key, verdict.error, exc_info=None if known else error)
            return park(db, token, task.id, verdict.error, verdict.remedy, unsure=verdict.unsure)
        _log.info("task %d %s again in %.0f s: %s", task.id, task.key, verdict.delay, verdict.error)
        return put_back(
            db,
            token,
            task.id,
            self._after(verdict.delay),
            verdict.error,
            verdict.remedy,
            uncounted=0 if verdict.counts else 1,
            unsure=verdict.unsure,
        )

    def _leave(self, token: str, group: list[Claimed], verdict: Verdict) -> None:
        """Put tasks back that were claimed and not begun."""
        db = self._installation.db
        with db.write_transaction():
            for task in group:
                put_back(db, token, task.id, self._after(verdict.delay or 0.0), verdict.error, verdict.remedy)

    def _refused(self, owner: str, error: CredentialsRefused) -> None:
        try:
            self._on_credentials_refused(owner, error)
        except Exception:
            _log.exception("%s could not be paused", owner)

    def _after(self, seconds: float) -> datetime:
        return self._installation.environment.now() + timedelta(seconds=seconds)
