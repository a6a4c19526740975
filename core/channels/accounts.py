"""The channel accounts that may work now, their adapters, and who has been asked for patience."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TypeVar

from ..connections.service import ConnectionFacts, connections, pause, settings_of
from ..host.plugins import Plugins
from ..host.sealing import Seal
from ..kernel.errors import CredentialsRefused, DomainError, OrderyardError, RateLimited
from ..kernel.transport import Transport, Within
from ..kernel.uow import Installation
from .api import Channel
from .inbox import said

T = TypeVar("T")
_SIDE_BY_SIDE = 8
"""So many channels are talked to at once."""

_log = logging.getLogger("orderyard.channels")


class Accounts:
    """Channel connections and what goes on with each; a remote that asks for patience gets it, and nobody else waits."""

    def __init__(self, installation: Installation, plugins: Plugins, seal: Seal, transport: Transport) -> None:
        self.installation = installation
        self.seal = seal
        self._plugins = plugins
        self._transport = transport
        self._resting: dict[str, datetime] = {}
        self._busy: set[str] = set()
        self._lock = threading.Lock()

    def kind(self, facts: ConnectionFacts) -> type[Channel]:
        """The adapter's class; DomainError while its plugin is not running."""
        kind = self._plugins.channels.get(facts.adapter)
        if kind is None:
            raise DomainError(
                f"connection {facts.code} needs the channel {facts.adapter}, which is not running",
                remedy="install and enable its plugin; what waits will go on",
            )
        return kind

    def channel(self, facts: ConnectionFacts, *, waited_for: bool = False) -> Channel:
        """The adapter of a connection, with its settings in the clear; DomainError while its plugin is not running.

        One that a person waits for gives up when all its calls together took as long as one may.
        """
        kind = self.kind(facts)
        return kind(settings_of(self.seal, facts, kind.settings), Within(self._transport) if waited_for else self._transport)

    def active(self) -> list[ConnectionFacts]:
        """Channel connections that may work now: not paused, their plugin running."""
        running = self._plugins.channels
        found = connections(self.installation.db, "channel")
        return [facts for facts in found if facts.state == "active" and facts.adapter in running]

    def owners(self) -> list[str]:
        """Codes of the active ones, whose tasks may be done."""
        return [facts.code for facts in self.active()]

    def ready(self, call: str) -> list[ConnectionFacts]:
        """Active connections that the remote has not asked to wait, altogether or with this kind of call."""
        now = self.installation.environment.now()

        def waits(facts: ConnectionFacts) -> bool:
            return any(
                self._resting.get(key, now) > now for key in (facts.code, f"{facts.code}/{call}", f"app/{facts.adapter}")
            )

        return [facts for facts in self.active() if not waits(facts)]

    @contextmanager
    def alone(self, facts: ConnectionFacts, call: str) -> Iterator[bool]:
        """Whether nobody in this process is at this kind of call on this connection; then we are, until the end."""
        key = f"{facts.code}/{call}"
        with self._lock:
            free = key not in self._busy
            self._busy.add(key)
        try:
            yield free
        finally:
            if free:
                with self._lock:
                    self._busy.discard(key)

    def side_by_side(
        self, call: str, work: Callable[[ConnectionFacts], T | None], at_once: int = _SIDE_BY_SIDE
    ) -> dict[str, T]:
        """Do one kind of call on every ready connection, so many at once, so that a slow one delays nobody's; by code.

        One that is still at it from before is left alone; one that fails is remembered as in trouble, and has no result,
        as has one that had nothing to do.
        """

        def one(facts: ConnectionFacts) -> T | None:
            with self.alone(facts, call) as free:
                try:
                    return work(facts) if free else None
                except Exception as error:  # an adapter that falls over ends its own call, and no other's
                    self.troubled(facts, error, call)
                    return None

        def apart(facts: ConnectionFacts) -> T | None:
            try:
                return one(facts)
            finally:
                self.installation.db.release()

        chosen = self.ready(call)
        if len(chosen) < 2:
            done = [one(facts) for facts in chosen]
        else:
            with ThreadPoolExecutor(min(len(chosen), at_once), thread_name_prefix=call) as pool:
                done = list(pool.map(apart, chosen))
        return {facts.code: result for facts, result in zip(chosen, done, strict=True) if result is not None}

    def troubled(self, facts: ConnectionFacts, error: Exception, call: str) -> None:
        """Remember what went wrong on a connection, where people look; obey a remote that asks for patience."""
        _log.warning("%s: %s", facts.code, error, exc_info=None if isinstance(error, OrderyardError) else error)
        if isinstance(error, CredentialsRefused):
            self.refused(facts, error)
            return
        if isinstance(error, RateLimited):
            wait = timedelta(seconds=max(error.seconds, 0.1))
            self.rest(facts, call, wait, error.scope)
        with self.installation.unit_of_work(f"channel:{facts.code}") as uow:
            uow.db.change("UPDATE connection SET message = ? WHERE id = ?", (said(error)[:2000], facts.id))

    def rest(self, facts: ConnectionFacts, call: str, wait: timedelta, scope: str = "call") -> None:
        """Leave one kind of call, a whole shop or every shop of its adapter alone for a while."""
        key = {"call": f"{facts.code}/{call}", "app": f"app/{facts.adapter}"}.get(scope, facts.code)
        self._resting[key] = self.installation.environment.now() + wait

    def tracking_per(self, adapter: str, code: str, sealed: str) -> str:
        """The finest thing this connection's platform takes a waybill for; its settings may say otherwise than its class."""
        kind = self._plugins.channels.get(adapter)
        if kind is None:
            return "order"
        facts = ConnectionFacts(0, code, "channel", adapter, None, sealed, "active", None)
        try:
            return kind(settings_of(self.seal, facts, kind.settings), self._transport).ability.tracking_per
        except OrderyardError:  # half set up: what it can do is still what its class says
            return kind.ability.tracking_per

    def refused(self, facts: ConnectionFacts, error: CredentialsRefused) -> None:
        """Pause a connection whose credentials are no good, and say so where people look."""
        with self.installation.unit_of_work(f"channel:{facts.code}") as uow:
            pause(uow, facts.id, str(error))
