"""Playing scenarios: line by line, each on a fresh database, with every invariant proved after every command."""

from __future__ import annotations

import logging
import tempfile
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path

from ...kernel.db import Database
from ...kernel.errors import OrderyardError
from ...migrations.registry import DIRECTORY, HISTORY
from ..databases import Databases, SqliteDatabases
from .fresh import ServerDatabases
from .grammar import Form, NotUnderstood, Said, Vocabulary
from .script import Block, Line, Step, read
from .vocabulary import VOCABULARY
from .world import Unmet, World

_log = logging.getLogger("orderyard.scenario")


@dataclass(frozen=True, slots=True)
class Failure:
    """The first thing that went otherwise than the file says."""

    file: str
    no: int
    text: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.file}:{self.no}: {self.text}\n  expected: {self.expected}\n  found:    {self.found}"


def migrated(url: str) -> None:
    """Bring an empty database to the schema, for copies of it."""
    database = Database(url)
    database.migrate(DIRECTORY, HISTORY)
    database.close()


@contextmanager
def fresh(databases: Databases) -> Iterator[str]:
    """A migrated database of its own for one scenario."""
    url = databases.create(migrated)
    try:
        yield url
    finally:
        databases.drop(url)


def play(path: Path, databases: Databases) -> Failure | None:
    """Play one file; None when everything went as it says."""
    try:
        steps = read(path)
    except (NotUnderstood, UnicodeDecodeError, FileNotFoundError) as error:
        return Failure(str(path), 1, "", "a scenario", str(error))
    return play_steps(str(path), steps, databases)


def play_steps(
    file: str, steps: Sequence[Step], databases: Databases, vocabulary: Vocabulary[World] = VOCABULARY
) -> Failure | None:
    """Play what a file says, perhaps in more words than the usual ones; the first failure, or None."""
    with fresh(databases) as url, tempfile.TemporaryDirectory(prefix="orderyard-scenario-") as home:
        world = World(Path(home), url)
        try:
            for step in steps:
                if failure := _step(world, file, step, vocabulary):
                    return failure
        finally:
            world.close()
    return None


def _step(world: World, file: str, step: Step, vocabulary: Vocabulary[World]) -> Failure | None:
    """Let the step's time come, do it, let the worker work, prove the books."""
    try:
        moment = _moment(world, step)
        if moment is not None:
            world.later(moment)
        if isinstance(step, Block):
            failure = _parallel(world, file, step, vocabulary)
        else:
            form, said = vocabulary.understand(step.text, world.now, step.table)
            failure = _line(world, file, step, form, said)
    except NotUnderstood as error:
        return Failure(file, step.no, step.text, "a line of the vocabulary", str(error))
    except OrderyardError as error:
        return Failure(file, step.no, step.text, "the next moment", str(error))
    if failure or (isinstance(step, Line) and step.expects) or not world.started:
        return failure
    return _proved(world, file, step)


def _moment(world: World, step: Step) -> datetime | None:
    """When the step happens; None for the moment of the line before."""
    if not step.day and not step.clock:
        return None
    now = world.now
    try:
        day = datetime.strptime(step.day, "%Y-%m-%d").date() if step.day else now.date()  # noqa: DTZ007  a day has no zone
        clock = time.fromisoformat(step.clock) if step.clock else time()
    except ValueError as error:
        raise NotUnderstood(f"this date does not exist: {error}") from None
    moment = datetime.combine(day, clock, world.zone)
    # A day without a time is any moment of that day, also the one that the file has reached.
    return now if not step.clock and day == now.date() else moment


def _line(world: World, file: str, line: Line, form: Form[World], said: Said) -> Failure | None:
    """One command or expectation, as it should go or as it should be refused."""
    try:
        form.run(world, said)
    except Unmet as error:
        return Failure(file, line.no, line.text, error.expected, error.found)
    except OrderyardError as error:
        return _refused(file, line, error)
    except Exception as error:
        _log.exception("%s:%d: %s", file, line.no, line.text)
        return Failure(file, line.no, line.text, "that it is done", f"{type(error).__name__}: {error}")
    if line.refused is not None:
        return Failure(file, line.no, line.text, f"refused: {line.refused}", "it was done")
    return None


def _refused(file: str, line: Line, error: OrderyardError) -> Failure | None:
    if line.refused is None:
        return Failure(file, line.no, line.text, "that it is done", f"refused: {error}")
    if line.refused.casefold() in str(error).casefold():
        return None
    return Failure(file, line.no, line.text, f"refused: {line.refused}", f"refused: {error}")


def _parallel(world: World, file: str, block: Block, vocabulary: Vocabulary[World]) -> Failure | None:
    """The block's commands at once: so many threads take them one after the other, all starting together."""
    understood = [(line, *vocabulary.understand(line.text, world.now)) for line in block.lines]
    ready = threading.Barrier(block.threads)
    system = world.system

    def work(mine: Sequence[tuple[Line, Form[World], Said]]) -> list[tuple[Line, Exception | None]]:
        done: list[tuple[Line, Exception | None]] = []
        ready.wait(30)
        for line, form, said in mine:
            try:
                form.run(world, said)
            except Exception as error:
                done.append((line, error))
            else:
                done.append((line, None))
        system.installation.db.release()
        return done

    with ThreadPoolExecutor(block.threads) as threads:
        hands = [understood[place :: block.threads] for place in range(block.threads)]
        done = [one for found in threads.map(work, hands) for one in found]
    refusals = 0
    for line, error in sorted(done, key=lambda one: one[0].no):
        if error is None and line.refused is None:
            continue
        if isinstance(error, OrderyardError) and block.refused and block.refused.casefold() in str(error).casefold():
            refusals += 1
        elif isinstance(error, OrderyardError):
            if failure := _refused(file, line, error):
                return failure
        elif error is None:
            return Failure(file, line.no, line.text, f"refused: {line.refused}", "it was done")
        else:
            _log.error("%s:%d: %s", file, line.no, line.text, exc_info=error)
            return Failure(file, line.no, line.text, "that it is done", f"{type(error).__name__}: {error}")
    if refusals != block.refusals:
        return Failure(file, block.no, block.text, f"{block.refusals} refused: {block.refused}", f"{refusals} refused")
    return None


def _proved(world: World, file: str, step: Step) -> Failure | None:
    """Let the worker do what is due, then make every check, unless nothing was written that a check could see."""
    world.afterwards()
    if not world.touched:
        return None
    found = world.system.verify()
    world.touched = False
    if not found:
        return None
    rows = "; ".join(f"{finding.check}: {finding.place}: {finding.what}" for finding in found[:3])
    return Failure(file, step.no, step.text, "that every check of `orderyard verify` passes", rows)


@contextmanager
def databases_for(url: str) -> Iterator[Databases]:
    """Where scenarios get their databases: SQLite files in a temporary folder, or a PostgreSQL server."""
    if url:
        server = ServerDatabases(url)
        try:
            yield server
        finally:
            server.close()
    else:
        with tempfile.TemporaryDirectory(prefix="orderyard-scenarios-") as folder:
            yield SqliteDatabases(Path(folder))
