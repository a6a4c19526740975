"""What must be looked at again and again: each at its own interval, none stopping the others."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..kernel.uow import Installation

_log = logging.getLogger("orderyard.rounds")


@dataclass(frozen=True, slots=True)
class Round:
    """A look at something, `every` so many seconds, and at once when it is asked for by name."""

    name: str
    every: float
    look: Callable[[], object]


class Rounds:
    """Goes the rounds on the calling thread until it is told to stop."""

    def __init__(self, installation: Installation, rounds: Sequence[Round]) -> None:
        self._installation = installation
        self._rounds = tuple(rounds)
        self._due: dict[str, datetime] = {}
        self._asked: set[str] = set()
        self._hint = threading.Event()

    def ask(self, name: str) -> None:
        """Look at this one now; a hint that is lost does no harm."""
        self._asked.add(name)
        self._hint.set()

    def once(self) -> list[str]:
        """Look at whatever is due; which that was. One that fails is logged and comes round again."""
        looked = []
        for round_ in self._rounds:
            now = self._installation.environment.now()
            if round_.name not in self._asked and self._due.get(round_.name, now) > now:
                continue
            self._asked.discard(round_.name)
            self._due[round_.name] = now + timedelta(seconds=round_.every)
            looked.append(round_.name)
            try:
                round_.look()
            except Exception:
                _log.exception("round %s failed and comes again", round_.name)
            finally:
                self._installation.db.release()
        return looked

    def serve(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self._hint.clear()
            self.once()
            self._hint.wait(0.5)
