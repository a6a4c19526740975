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
    """A look at something, `every` so many seconds, and at once when it is asked for by name.

    Rounds of one `lane` have their turns one after the other; a slow one delays nothing on other lanes. After a look that
    was asked for or found something it rests so many seconds: what comes meanwhile is done together.
    """

    name: str
    every: float
    look: Callable[[], object]
    lane: str = ""
    rest: float = 0


class Rounds:
    """Goes the rounds until it is told to stop: the lane without a name on the calling thread, each other one on its own."""

    def __init__(self, installation: Installation, rounds: Sequence[Round]) -> None:
        self._installation = installation
        self._lanes: dict[str, list[Round]] = {"": []}
        for round_ in rounds:
            self._lanes.setdefault(round_.lane, []).append(round_)
        self._due: dict[str, datetime] = {}
        self._rested: dict[str, datetime] = {}
        self._asked: set[str] = set()
        self._lane_of = {round_.name: round_.lane for round_ in rounds}
        self._hints = {lane: threading.Event() for lane in self._lanes}

    def ask(self, name: str) -> None:
        """Look at this one now; a hint that is lost does no harm."""
        if name not in self._asked:  # whoever asked before has set the hint
            self._asked.add(name)
            self._hints[self._lane_of[name]].set()

    def once(self) -> list[str]:
        """Look at whatever is due, lane by lane; which that was. One that fails is logged and comes round again."""
        return [name for lane in self._lanes for name in self._go(lane)]

    def _go(self, lane: str) -> list[str]:
        looked = []
        for round_ in self._lanes[lane]:
            now = self._installation.environment.now()
            asked = round_.name in self._asked and self._rested.get(round_.name, now) <= now
            if not asked and self._due.get(round_.name, now) > now:
                continue
            self._asked.discard(round_.name)
            self._due[round_.name] = now + timedelta(seconds=round_.every)
            looked.append(round_.name)
            try:
                if round_.look() or asked:
                    self._rested[round_.name] = self._installation.environment.now() + timedelta(seconds=round_.rest)
            except Exception:
                _log.exception("round %s failed and comes again", round_.name)
            finally:
                self._installation.db.release()
        return looked

    def serve(self, stop: threading.Event) -> None:
        others = [
            threading.Thread(target=self._serve, args=(lane, stop), name=f"rounds-{lane}") for lane in self._lanes if lane
        ]
        for thread in others:
            thread.start()
        self._serve("", stop)
        for thread in others:
            thread.join()

    def _serve(self, lane: str, stop: threading.Event) -> None:
        hint = self._hints[lane]
        while not stop.is_set():
            hint.clear()
            self._go(lane)
            hint.wait(self._pause(lane))

    def _pause(self, lane: str) -> float:
        """Seconds until something asked for has rested; half a second at most."""
        now = self._installation.environment.now()
        asked = [self._rested.get(round_.name, now) - now for round_ in self._lanes[lane] if round_.name in self._asked]
        return max(0.0, min([0.5, *(wait.total_seconds() for wait in asked)]))
