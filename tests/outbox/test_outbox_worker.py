"""The worker obeys the error tree, loses no task and finishes none twice."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from orderyard.core.kernel.errors import (
    CredentialsRefused,
    DomainError,
    OutcomeUnknown,
    RateLimited,
    RemoteRejected,
    RemoteUnavailable,
    Stale,
)
from orderyard.core.kernel.uow import Installation, UnitOfWork
from orderyard.core.outbox.claims import Claimed, Wanted, begin, claim, finish
from orderyard.core.outbox.queries import WorkItem, counts, work
from orderyard.core.outbox.service import NewTask, enqueue, retry
from orderyard.core.outbox.verdicts import MAX_ATTEMPTS
from orderyard.core.outbox.worker import Effect, Handler, Outcome, Worker
from orderyard.core.testing.scripted import FixedEnvironment

ALL = ("due", "leased", "done", "parked", "given_up")


def ask_for(installation: Installation, number: int, owner: str = "sf", kind: str = "book") -> None:
    with installation.unit_of_work("test") as uow:
        enqueue(uow, [NewTask(kind, owner, f"{kind}:{owner}:{each}", {"number": each}) for each in range(number)])


def tasks(installation: Installation) -> list[WorkItem]:
    return sorted(work(installation.db, states=ALL, limit=10_000), key=lambda item: item.id)


def only(installation: Installation) -> WorkItem:
    (item,) = tasks(installation)
    return item


class Script:
    """A handler that raises what it is told to, in order, and then succeeds."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)
        self.seen: list[Claimed] = []

    def __call__(self, task: Claimed) -> Effect | None:
        self.seen.append(task)
        if self.errors:
            raise self.errors.pop(0)
        return None


def worker(installation: Installation, work: Callable[[Claimed], Effect | None], **options: object) -> Worker:
    return Worker(installation, {"book": Handler.each(work)}, **options)  # type: ignore[arg-type]


def test_a_task_is_done_once(installation: Installation) -> None:
    ask_for(installation, 3)
    script = Script()
    assert worker(installation, script).run_once() == 3
    assert [task.payload["number"] for task in script.seen] == [0, 1, 2]
    assert [(task.attempts, task.unsure) for task in script.seen] == [(1, False)] * 3
    assert worker(installation, script).run_once() == 0
    assert counts(installation.db) == {"done": 3}


def test_no_transaction_is_open_while_a_handler_works(installation: Installation) -> None:
    ask_for(installation, 1)

    def work(task: Claimed) -> None:
        with installation.unit_of_work("handler"):  # refused on a thread that has one open
            pass

    worker(installation, work).run_once()
    assert counts(installation.db) == {"done": 1}


def test_a_task_of_an_unknown_kind_or_a_later_time_is_left_alone(
    installation: Installation, environment: FixedEnvironment
) -> None:
    ask_for(installation, 1, kind="other")
    with installation.unit_of_work("test") as uow:
        enqueue(uow, [NewTask("book", "sf", "later", {}, environment.now() + timedelta(minutes=5))])
    script = Script()
    assert worker(installation, script).run_once() == 0
    environment.moment += timedelta(minutes=5)
    assert worker(installation, script).run_once() == 1
    assert [task.key for task in script.seen] == ["later"]


def test_an_unavailable_remote_is_asked_later_and_later(installation: Installation, environment: FixedEnvironment) -> None:
    ask_for(installation, 1)
    script = Script(*[RemoteUnavailable("away")] * 3)
    waits = []
    for _ in range(3):
        assert worker(installation, script).run_once() == 1
        item = only(installation)
        assert (item.state, item.error, item.unsure) == ("due", "away", False)
        waits.append(item.due_at - environment.moment)
        assert worker(installation, script).run_once() == 0
        environment.moment = item.due_at
    assert waits == sorted(waits)
    assert worker(installation, script).run_once() == 1
    assert (only(installation).state, only(installation).error) == ("done", "")


def test_patience_ends_at_a_person_who_may_retry(installation: Installation, environment: FixedEnvironment) -> None:
    ask_for(installation, 1)
    script = Script(*[RemoteUnavailable("away")] * MAX_ATTEMPTS)
    while worker(installation, script).run_once():
        environment.moment += timedelta(hours=2)
    item = only(installation)
    assert (item.state, item.attempts) == ("parked", MAX_ATTEMPTS)
    assert item.remedy
    with installation.unit_of_work("person:ann") as uow:
        retry(uow, item.id)
    worker(installation, script).run_once()
    assert only(installation).state == "done"


def test_a_rate_limit_sets_the_time_and_spares_the_owner_s_other_tasks(
    installation: Installation, environment: FixedEnvironment
) -> None:
    ask_for(installation, 3)
    ask_for(installation, 1, owner="yto")
    script = Script(RateLimited("slow down", seconds=30))
    worker(installation, script).run_once()
    assert [(task.owner, task.payload["number"]) for task in script.seen] == [("sf", 0), ("yto", 0)]
    waiting = [item for item in tasks(installation) if item.owner == "sf"]
    assert {item.due_at - environment.moment for item in waiting} == {timedelta(seconds=30)}
    assert {item.attempts for item in waiting} == {0}
    environment.moment += timedelta(seconds=30)
    worker(installation, script).run_once()
    assert counts(installation.db) == {"done": 4}


def test_an_unknown_outcome_is_unsure_until_it_is_done(installation: Installation, environment: FixedEnvironment) -> None:
    ask_for(installation, 1)
    script = Script(OutcomeUnknown("silence"), RemoteUnavailable("away"))
    for _ in range(3):
        worker(installation, script).run_once()
        environment.moment += timedelta(hours=2)
    assert [task.unsure for task in script.seen] == [False, True, True]
    assert (only(installation).state, only(installation).unsure) == ("done", False)


def test_refused_credentials_pause_the_owner_and_the_task_stays_due(
    installation: Installation, environment: FixedEnvironment
) -> None:
    ask_for(installation, 3)
    paused: set[str] = set()
    script = Script(CredentialsRefused("token expired"))

    def pause(owner: str, error: CredentialsRefused) -> None:
        with installation.unit_of_work("host"):
            paused.add(f"{owner}")

    working = worker(installation, script, paused=lambda: paused, on_credentials_refused=pause)
    working.run_once()
    assert paused == {"sf"}
    environment.moment += timedelta(days=1)
    assert working.run_once() == 0
    assert counts(installation.db) == {"due": 3}
    assert {item.attempts for item in tasks(installation)} == {0}
    paused.clear()
    working.run_once()
    assert counts(installation.db) == {"done": 3}


def test_a_pause_that_fails_does_not_stop_the_worker(installation: Installation) -> None:
    ask_for(installation, 1)

    def pause(owner: str, error: CredentialsRefused) -> None:
        raise LookupError(owner)

    assert worker(installation, Script(CredentialsRefused("no")), on_credentials_refused=pause).drain().waiting == 1


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (RemoteRejected("no such street", remedy="write the street"), "no such street"),
        (DomainError("no"), "no"),
        (ValueError("bug"), "ValueError: bug"),
        (SystemExit(1), "SystemExit(1)"),
    ],
    ids=["rejected", "domain", "bug", "exit"],
)
def test_anything_else_is_parked_with_its_reason(installation: Installation, error: BaseException, says: str) -> None:
    ask_for(installation, 2)
    worker(installation, Script(error)).run_once()
    first, second = tasks(installation)
    assert (first.state, second.state) == ("parked", "done")
    assert says in first.error
    assert first.remedy


def test_ctrl_c_leaves_a_lease_that_runs_out(installation: Installation) -> None:
    ask_for(installation, 1)
    script = Script(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        worker(installation, script, lease_seconds=0).run_once()
    worker(installation, script).run_once()
    assert [task.unsure for task in script.seen] == [False, True]
    assert counts(installation.db) == {"done": 1}


def test_an_effect_is_written_with_the_end_of_the_task(installation: Installation) -> None:
    ask_for(installation, 2)

    def work(task: Claimed) -> Effect:
        return lambda uow: uow.note("booked", "task", task.id)

    worker(installation, work).run_once()
    assert installation.db.row("SELECT COUNT(*) FROM audit WHERE action = 'booked'") == (2,)


def test_an_effect_may_go_with_an_error(installation: Installation) -> None:
    ask_for(installation, 1)

    def work(given: Sequence[Claimed]) -> Sequence[Outcome]:
        return [Outcome(RemoteRejected("no"), lambda uow: uow.note("failed", "task", given[0].id))]

    Worker(installation, {"book": Handler(work)}).run_once()
    assert installation.db.row("SELECT COUNT(*) FROM audit WHERE action = 'failed'") == (1,)
    assert counts(installation.db) == {"parked": 1}


def test_an_effect_that_is_refused_parks_the_task_unsure_and_writes_nothing(installation: Installation) -> None:
    ask_for(installation, 2)

    def work(task: Claimed) -> Effect:
        def effect(uow: UnitOfWork) -> None:
            uow.note("booked", "task", task.id)
            if task.payload["number"] == 0:
                raise DomainError("the order is gone")

        return effect

    worker(installation, work).run_once()
    first, second = tasks(installation)
    assert (first.state, first.unsure, second.state) == ("parked", True, "done")
    assert "could not be recorded: the order is gone" in first.error
    assert installation.db.row("SELECT COUNT(*) FROM audit WHERE action = 'booked'") == (1,)


def test_an_effect_that_came_too_late_is_tried_again(installation: Installation, environment: FixedEnvironment) -> None:
    ask_for(installation, 1)
    stale = [Stale("somebody was faster")]

    def work(task: Claimed) -> Effect:
        def effect(uow: UnitOfWork) -> None:
            if stale:
                raise stale.pop()

        return effect

    worker(installation, work).run_once()
    assert (only(installation).state, only(installation).unsure) == ("due", True)
    environment.moment += timedelta(minutes=1)
    worker(installation, work).run_once()
    assert only(installation).state == "done"


def test_a_batch_holds_one_owner_in_order_and_each_task_has_its_own_outcome(installation: Installation) -> None:
    ask_for(installation, 5)
    ask_for(installation, 2, owner="yto")
    calls: list[list[tuple[str, int]]] = []

    def work(given: Sequence[Claimed]) -> Sequence[Outcome]:
        calls.append([(task.owner, task.payload["number"]) for task in given])
        return [Outcome(RemoteRejected("odd") if task.payload["number"] == 1 else None) for task in given]

    Worker(installation, {"book": Handler(work, batch=3)}).run_once()
    assert calls == [[("sf", 0), ("sf", 1), ("sf", 2)], [("sf", 3), ("sf", 4)], [("yto", 0), ("yto", 1)]]
    assert [item.state for item in tasks(installation)] == ["done", "parked", "done", "done", "done", "done", "parked"]


def test_a_handler_that_forgets_an_outcome_parks_its_batch(installation: Installation) -> None:
    ask_for(installation, 2)
    Worker(installation, {"book": Handler(lambda given: [Outcome()], batch=5)}).run_once()
    assert {item.error for item in tasks(installation)} == {"2 tasks of kind book gave 1 outcomes"}


def test_only_the_owners_that_a_handler_serves_are_claimed(installation: Installation) -> None:
    ask_for(installation, 1, owner="crm")
    ask_for(installation, 1, owner="gone")
    running: list[str] = []
    working = Worker(installation, {"book": Handler.each(Script(), owners=lambda: running)})
    assert working.run_once() == 0
    running.append("crm")
    assert working.run_once() == 1
    assert [(item.owner, item.state) for item in tasks(installation)] == [("crm", "done"), ("gone", "due")]


def test_draining_leaves_and_counts_what_waits(installation: Installation, environment: FixedEnvironment) -> None:
    ask_for(installation, 120)
    script = Script(RemoteUnavailable("away"), RemoteRejected("no"))
    drained = worker(installation, script).drain()
    assert (drained.worked, drained.waiting, drained.parked) == (120, 1, 1)
    assert worker(installation, script).drain(limit=10).worked == 0


def test_draining_stops_at_its_limit(installation: Installation) -> None:
    ask_for(installation, 120)
    drained = worker(installation, Script()).drain(limit=70)
    assert (drained.worked, drained.waiting) == (70, 50)


# leases


def take(installation: Installation, token: str, lease_seconds: int = 60, limit: int = 50) -> list[Claimed]:
    return claim(installation.db, Wanted(("book",)), token, installation.environment.now(), lease_seconds, limit)


def test_what_one_worker_holds_no_other_gets(installation: Installation) -> None:
    ask_for(installation, 3)
    assert len(take(installation, "a", limit=2)) == 2
    assert [task.payload["number"] for task in take(installation, "b")] == [2]
    assert take(installation, "c") == []


def test_a_lease_that_ran_out_is_due_again_and_unsure(installation: Installation) -> None:
    ask_for(installation, 1)
    (first,) = take(installation, "a", lease_seconds=0)
    (second,) = take(installation, "b")
    assert (first.unsure, second.unsure) == (False, True)


def test_a_late_worker_s_finish_is_dropped_with_its_effect(installation: Installation) -> None:
    ask_for(installation, 1)
    script = Script()

    def slow(task: Claimed) -> Effect:
        """Its lease runs out while it works, and somebody else does the task meanwhile."""
        with installation.unit_of_work("clock") as uow:
            uow.db.change(f"UPDATE task SET lease_until = {uow.db.clock_sql}")
        assert worker(installation, script).run_once() == 1
        return lambda uow: uow.note("booked", "task", task.id)

    worker(installation, slow).run_once()
    assert [task.unsure for task in script.seen] == [True]
    assert only(installation).state == "done"
    assert installation.db.row("SELECT COUNT(*) FROM audit") == (0,)


@pytest.mark.parametrize("error", [RemoteRejected("no"), RemoteUnavailable("away"), CredentialsRefused("no")])
def test_a_late_worker_s_failure_changes_nothing(installation: Installation, error: Exception) -> None:
    ask_for(installation, 1)

    def slow(task: Claimed) -> None:
        with installation.unit_of_work("clock") as uow:
            uow.db.change(f"UPDATE task SET lease_until = {uow.db.clock_sql}")
        worker(installation, Script()).run_once()
        raise error

    worker(installation, slow).run_once()
    assert (only(installation).state, only(installation).error) == ("done", "")


def test_a_lost_lease_is_noticed_before_the_call(installation: Installation) -> None:
    ask_for(installation, 2)
    first = Script()

    def slow(task: Claimed) -> None:
        """The lease of both tasks runs out during the first; another worker does them both."""
        first(task)
        with installation.unit_of_work("clock") as uow:
            uow.db.change(f"UPDATE task SET lease_until = {uow.db.clock_sql}")
        worker(installation, Script()).run_once()

    worker(installation, slow).run_once()
    assert [task.payload["number"] for task in first.seen] == [0]
    assert counts(installation.db) == {"done": 2}


def test_each_call_has_the_whole_lease(installation: Installation) -> None:
    ask_for(installation, 2)
    (one, two) = take(installation, "a", lease_seconds=0)
    assert begin(installation.db, "a", [one], 60) == {one.id}
    assert take(installation, "b") == []
    with installation.unit_of_work("test") as uow:
        assert finish(uow.db, "a", [one.id, two.id], uow.now) == 2


def test_a_task_that_kills_its_workers_is_parked(installation: Installation) -> None:
    ask_for(installation, 1)
    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(KeyboardInterrupt):
            worker(installation, Script(KeyboardInterrupt()), lease_seconds=0).run_once()
    script = Script()
    worker(installation, script).run_once()
    item = only(installation)
    assert (item.state, item.unsure, script.seen) == ("parked", True, [])
    assert "cut off in the middle" in item.error


def test_racing_workers_do_every_task_once(installation: Installation) -> None:
    ask_for(installation, 300)
    done: Counter[int] = Counter()
    guard = threading.Lock()
    start = threading.Barrier(8)
    failures: list[BaseException] = []

    def work(task: Claimed) -> Effect:
        with guard:
            done[task.id] += 1
        return lambda uow: uow.note("booked", "task", task.id)

    def race() -> None:
        try:
            start.wait()
            mine = worker(installation, work)
            while mine.run_once(7):
                pass
        except BaseException as error:
            failures.append(error)
        finally:
            installation.db.release()

    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert (len(done), max(done.values())) == (300, 1)
    assert counts(installation.db) == {"done": 300}
    assert installation.db.row("SELECT COUNT(*) FROM audit WHERE action = 'booked'") == (300,)


# serving


def test_serving_works_until_it_is_told_to_stop(installation: Installation) -> None:
    ask_for(installation, 1)
    stop, seen = threading.Event(), threading.Event()

    def work(task: Claimed) -> None:
        seen.set()

    working = worker(installation, work)
    thread = threading.Thread(target=working.serve, args=(stop,))
    thread.start()
    try:
        assert seen.wait(30)
        seen.clear()
        ask_for(installation, 1, owner="yto")
        working.wake()
        assert seen.wait(30)
    finally:
        stop.set()
        working.wake()
        thread.join(30)
    assert not thread.is_alive()
    assert counts(installation.db) == {"done": 2}


def test_a_stopping_worker_puts_back_what_it_has_not_begun(installation: Installation) -> None:
    ask_for(installation, 3)
    stop = threading.Event()

    def work(task: Claimed) -> None:
        stop.set()

    worker(installation, work).run_once(stop=stop)
    assert counts(installation.db) == {"done": 1, "due": 2}
    assert [(item.attempts, item.unsure) for item in tasks(installation)] == [(1, False), (0, False), (0, False)]


def test_trouble_of_its_own_does_not_end_a_worker(installation: Installation) -> None:
    ask_for(installation, 1)
    stop, seen = threading.Event(), threading.Event()
    trouble = [LookupError("no list of paused owners")]

    def paused() -> set[str]:
        if trouble:
            raise trouble.pop()
        return set()

    def work(task: Claimed) -> None:
        seen.set()

    working = worker(installation, work, paused=paused)
    thread = threading.Thread(target=working.serve, args=(stop,))
    thread.start()
    working.wake()
    assert seen.wait(30)
    stop.set()
    working.wake()
    thread.join(30)
    assert trouble == []
