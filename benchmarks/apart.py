"""Work in processes of their own, started fresh: nothing of this process is in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, TypeVar

T = TypeVar("T")


def apart(work: Callable[..., T], *given: object) -> T:
    """What one process makes of it."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(work, *given).result()


def at_once(work: Callable[..., T], several: Sequence[Sequence[Any]]) -> list[T]:
    """What as many processes make of as many calls; each begins when all are ready (`work` gets a barrier as its first)."""
    context = get_context("spawn")
    with context.Manager() as manager, ProcessPoolExecutor(len(several), context) as pool:
        barrier = manager.Barrier(len(several))
        return [future.result() for future in [pool.submit(work, barrier, *given) for given in several]]
