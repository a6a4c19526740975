"""Measuring several programs that do the same job: by turns in one run, medians, ratios of turns that stood side by side."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Took:
    """What one turn of one program took: so many of the job in so many seconds, `cpu` of them on a processor."""

    count: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        return self.count / self.seconds

    @property
    def cpu_ms(self) -> float:
        return 1000 * self.cpu / self.count


Turn = Callable[[], Took]
"""One repetition of one program."""


def timed(work: Callable[[], object], count: int) -> Took:
    """Do it now; `cpu` is that of this process, all its threads together."""
    seconds, cpu = time.perf_counter(), time.process_time()
    work()
    return Took(count, time.perf_counter() - seconds, time.process_time() - cpu)


def by_turns(programs: Mapping[str, Turn], repetitions: int) -> dict[str, list[Took]]:
    """Each program once, then each again; the first round warms caches up and does not count."""
    took: dict[str, list[Took]] = {name: [] for name in programs}
    for repetition in range(repetitions + 1):
        for name, turn in programs.items():
            one = turn()
            if repetition:
                took[name].append(one)
    return took


def ratio(mine: Sequence[Took], theirs: Sequence[Took], by: Callable[[Took], float]) -> float:
    """How many times theirs mine is: the median over pairs that ran one after the other, so that other load falls on both."""
    return statistics.median(by(one) / by(other) for one, other in zip(mine, theirs, strict=True))


def compared(took: Mapping[str, Sequence[Took]]) -> dict[str, object]:
    """The figures of a line: rates and CPU, and how many times as fast as the others we are by either."""
    line: dict[str, object] = {}
    for name in ("ours", "raw", "same_rows", "peer"):
        line[name] = round(statistics.median(one.rate for one in took[name]), 1) if name in took else None
    for name in ("raw", "same_rows", "peer"):
        there = name in took
        line[f"vs_{name}"] = short(ratio(took["ours"], took[name], lambda one: one.rate)) if there else None
        line[f"vs_{name}_cpu"] = short(1 / ratio(took["ours"], took[name], lambda one: one.cpu_ms)) if there else None
    for name in ("ours", "raw", "same_rows", "peer"):
        key = "cpu_ms" if name == "ours" else f"{name}_cpu_ms"
        line[key] = short(statistics.median(one.cpu_ms for one in took[name])) if name in took else None
    return line


def short(figure: float) -> float:
    """Three digits that mean something."""
    return float(f"{figure:.3g}")
