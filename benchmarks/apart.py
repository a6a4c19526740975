"""Work in processes of their own, started fresh: nothing of this process is in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import Any, TypeVar

T = TypeVar("T")


def apart(work: Callable[..., T], *given: object) -> T:
    """What one process makes of it."""
    [answer] = at_once(work, [given], together=False)
    return answer


def at_once(work: Callable[..., T], several: Sequence[Sequence[Any]], *, together: bool = True) -> list[T]:
    """What as many processes make of as many calls.

    `together`: the work gets a barrier as its first, where it waits when it is ready, so that all begin at the same moment.
    """
    context = get_context("spawn")
    barrier = context.Barrier(len(several))
    pipes, processes = [], []
    for given in several:
        mine, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, work, barrier if together else None, tuple(given)))
        process.start()
        theirs.close()
        pipes.append(mine)
        processes.append(process)
    answers: list[T] = []
    for pipe, process in zip(pipes, processes, strict=True):
        try:
            answers.append(pipe.recv())
        except EOFError:
            raise SystemExit("bench: a process ended before its work was done; what it said stands above") from None
        finally:
            process.join()
    return answers


def _work(pipe: Connection, work: Callable[..., Any], barrier: Barrier | None, given: tuple[Any, ...]) -> None:
    pipe.send(work(*given) if barrier is None else work(barrier, *given))
