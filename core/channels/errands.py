"""What a person asks of a connection now: done on a thread of its own, so that a page never waits longer than for one call."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from ..connections.service import ConnectionFacts
from ..kernel.errors import DomainError
from .accounts import Accounts
from .feeds import Feeds, Pulled

PATIENCE = 10.0
"""Seconds for which a page waits for an errand."""

_CALL = "pull"
_log = logging.getLogger("orderyard.channels")


class Errands:
    """Pulls and looks back when somebody asks for it.

    What came of it stands in the connection's history. One that is cut off loses nothing: cursors move only over what was
    taken in, and the errand can be sent again.
    """

    def __init__(self, accounts: Accounts, feeds: Feeds) -> None:
        self._accounts = accounts
        self._feeds = feeds

    def pull(self, facts: ConnectionFacts, actor: str, patience: float = PATIENCE) -> Pulled | None:
        """Pull now; None while it is not through yet. Refused where it may not be done now."""
        return self._run(facts, actor, "pulled", "", lambda: self._feeds.pull(facts), patience)

    def look_back(self, facts: ConnectionFacts, days: int, actor: str, patience: float = PATIENCE) -> Pulled | None:
        """Ask again for everything of the last days; None while it is not through, or the platform prepares a list of it."""
        if not 1 <= days <= 366:
            raise DomainError(f"a look back over {days} days", remedy="give a number from 1 to 366")
        if facts.state == "active" and self._feeds.fill_back(facts, days):
            return None
        return self._run(
            facts, actor, "looked back", f"{days} d", lambda: self._feeds.look_back(facts, days), patience
        )  # fmt: skip

    def _run(
        self, facts: ConnectionFacts, actor: str, action: str, because: str, work: Callable[[], Pulled], patience: float
    ) -> Pulled | None:
        self._accounts.channel(facts)  # a plugin that is not running, settings that are missing: said at once
        if facts.state != "active":
            raise DomainError(f"connection {facts.code} is paused", remedy="resume it first")
        if facts.code not in {one.code for one in self._accounts.ready(_CALL)}:
            raise DomainError(
                f"the platform of connection {facts.code} asked for patience", remedy="wait; it is pulled again by itself"
            )
        begun, done = threading.Event(), threading.Event()
        found: list[Pulled] = []

        def run() -> None:
            installation = self._accounts.installation
            try:
                with self._accounts.alone(facts, _CALL) as free:
                    if not free:
                        return
                    begun.set()
                    result = work()
                    with installation.unit_of_work(actor) as uow:
                        told = dict(result.verdicts) | ({"error": result.error} if result.error else {})
                        uow.note(action, "connection", facts.id, because, told)
                    found.append(result)
            except Exception:
                _log.exception("%s: the errand of %s came to nothing", facts.code, actor)
            finally:
                installation.db.release()
                done.set()

        threading.Thread(target=run, name=f"errand-{facts.code}", daemon=True).start()
        if done.wait(patience) and not begun.is_set():
            raise DomainError(f"connection {facts.code} is being pulled already", remedy="wait a moment, then look again")
        return found[0] if found else None
