"""`make bench`: every job on SQLite and on a PostgreSQL of its own, beside hand-written SQL and django-oscar.

    .venv/bin/python benchmarks/run.py [--bench intake,ship] [--database sqlite] [--scale 0.2] [--grown 20000] [--no-peer]

One JSON object a line; progress, and the bars that are missed, go to stderr. The exit code says whether everything ran and
nothing was wrong, not how quick it was.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bars import missed
from jobs import JOBS, Line, Sizes, Stand

from orderyard.core.testing.databases import Databases, SqliteDatabases, temporary_postgres

ENGINES = ("sqlite", "postgresql")
KEYS = (
    "bench", "database", "ours", "raw", "same_rows", "peer", "vs_raw", "vs_same_rows", "vs_peer", "cpu_ms", "statements",
    "oversold",
)  # fmt: skip


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description="Measure ours beside hand-written SQL and django-oscar.")
    parser.add_argument("--bench", default=",".join(JOBS), help=f"some of {', '.join(JOBS)}")
    parser.add_argument("--database", default=",".join(ENGINES), help=f"some of {', '.join(ENGINES)}")
    parser.add_argument("--repetitions", type=int, default=5, help="of which the median counts; 3 at least")
    parser.add_argument("--scale", type=float, default=1.0, help="how much of everything in one repetition")
    parser.add_argument("--grown", type=int, default=200_000, help="orders in the database of `growth`")
    parser.add_argument("--page", type=int, default=20_000, help="orders in the database of `list`")
    parser.add_argument("--waiting", type=int, default=10_000, help="orders that wait in `waiting`")
    parser.add_argument("--no-peer", action="store_true", help="leave django-oscar out")
    chosen = parser.parse_args()
    for name, known in (("bench", tuple(JOBS)), ("database", ENGINES)):
        wanted = [one for one in getattr(chosen, name).split(",") if one]
        if strangers := [one for one in wanted if one not in known]:
            parser.error(f"no {name} {', '.join(strangers)}; there are: {', '.join(known)}")
        setattr(chosen, name, wanted)
    if chosen.repetitions < 3:
        parser.error("a median of fewer than 3 repetitions says little")
    return chosen


@contextmanager
def engine(name: str, home: Path) -> Iterator[Databases]:
    if name == "sqlite":
        yield SqliteDatabases(home)
    else:
        with temporary_postgres() as databases:
            yield databases


def measure(job: str, database: str, databases: Databases, chosen: argparse.Namespace) -> Iterator[Line]:
    """The lines of one job, each with every key; its databases are gone afterwards."""
    made: list[str] = []

    def create() -> str:
        made.append(databases.create())
        return made[-1]

    sizes = Sizes(chosen.repetitions, chosen.scale, chosen.grown, chosen.page, chosen.waiting)
    with tempfile.TemporaryDirectory(prefix="orderyard-bench-") as home:
        for line in JOBS[job](Stand(database, create, Path(home), sizes, not chosen.no_peer)):
            yield dict.fromkeys(KEYS) | {"bench": job, "database": database} | line
    for url in made:
        databases.drop(url)


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def main() -> int:
    chosen, wrong = options(), 0
    with tempfile.TemporaryDirectory(prefix="orderyard-bench-") as home:
        for database in chosen.database:
            with engine(database, Path(home)) as databases:
                for job in chosen.bench:
                    doc: Callable[..., Any] = JOBS[job]
                    say(f"{job} on {database}: {(doc.__doc__ or '').strip().splitlines()[0]}")
                    for line in measure(job, database, databases, chosen):
                        print(json.dumps(line, ensure_ascii=False), flush=True)
                        wrong += bool(line["oversold"])
                        for bar in missed(line):
                            say(f"{job} on {database} misses its bar: {bar}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
