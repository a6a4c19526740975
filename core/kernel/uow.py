"""The unit of work: one command, one transaction, every consequence inside it.

Domains talk upwards through it without knowing who listens: `emit` collects events, which core listeners hear in batches
inside the same transaction, in the order `app.py` wired them; `ask` puts a question to plugins. What plugins hear
afterwards is written by the last listener, the outbox.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, TypeVar
from zoneinfo import ZoneInfo

import peewee

from .clock import Environment
from .db import Database, to_json
from .errors import OrderyardError

_log = logging.getLogger("orderyard.uow")

T = TypeVar("T")
Listener = Callable[["UnitOfWork", list[Any]], None]
Ask = Callable[[str, Any], Sequence[str]]


def nobody(hook: str, question: Any) -> Sequence[str]:
    """The answer while no plugin is listening: no objection."""
    return ()


@dataclass
class Wiring:
    """Who hears what inside a transaction: listeners by event type, in order; `last` hears everything once, at the end."""

    listeners: dict[type, list[Listener]] = field(default_factory=dict)
    last: Listener | None = None
    committed: Callable[[list[Any]], None] | None = None
    """Hears the events of a transaction that is through: only ever a hint to look, harmless when it is lost."""
    ask: Ask = nobody

    def hear(self, kind: type, listener: Listener) -> None:
        self.listeners.setdefault(kind, []).append(listener)


@dataclass(frozen=True)
class Merchant:
    """Whose installation it is; `currency` is what stock is valued in, `timezone` decides the day of a ledger entry."""

    name: str = "Orderyard"
    currency: str = "CNY"
    timezone: str = "Asia/Shanghai"

    def day(self, moment: datetime) -> str:
        """The merchant's local day of a moment, `2026-11-22`."""
        return moment.astimezone(ZoneInfo(self.timezone)).date().isoformat()


class UnitOfWork:
    """One open transaction with its actor, its moment and its events."""

    _ROUNDS = 100

    def __init__(self, merchant: Merchant, db: Database, environment: Environment, wiring: Wiring, actor: str) -> None:
        self.merchant = merchant
        self.db = db
        self.actor = actor
        self.now: datetime = environment.now()
        self.environment = environment
        self._wiring = wiring
        self._pending: list[Any] = []
        self.heard: list[Any] = []
        self._ids: dict[str, list[int]] = {}
        self._top: dict[str, int] = {}
        self._audit: list[tuple[Any, ...]] = []

    def take_ids(self, table: str, count: int, **ahead: int) -> list[int]:
        """Ids for rows about to be written; `ahead` fetches ids of other tables in the same statement, for later calls."""
        pool = self._ids.setdefault(table, [])
        if len(pool) < count:
            for name, ids in self.db.take_ids(**{table: count}, **ahead).items():
                # SQLite counts rows that are written; ids given out before and not written yet must not come again.
                shift = max(0, self._top.get(name, 0) + 1 - ids[0]) if self.db.sqlite and ids else 0
                self._ids[name] = [id_ + shift for id_ in ids]
                if ids:
                    self._top[name] = ids[-1] + shift
            pool = self._ids[table]
        taken = pool[:count]
        del pool[:count]
        return taken

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """A part that may fail by itself: an error undoes its rows, events and history, and the rest goes on."""
        pending, audit = len(self._pending), len(self._audit)
        try:
            with self.db.savepoint():
                yield
        except BaseException:
            del self._pending[pending:], self._audit[audit:]
            raise

    def emit(self, *events: Any) -> None:
        """Tell whoever listens; core listeners hear it before the transaction ends."""
        self._pending.extend(events)

    def ask(self, hook: str, question: Any) -> Sequence[str]:
        """The objections of plugins, in their order; pure and inside the transaction."""
        return self._wiring.ask(hook, question)

    def note(self, action: str, kind: str, document: int, because: str = "", data: Mapping[str, Any] | None = None) -> None:
        """A line of the document's history."""
        self._audit.append((self.now, self.actor, action, kind, document, because, None if data is None else to_json(data)))

    def settle(self) -> None:
        """Let listeners hear everything, with what they emit in turn, then write the history."""
        for _ in range(self._ROUNDS):
            if not self._pending:
                break
            batch, self._pending = self._pending, []
            self.heard += batch
            by_kind: dict[type, list[Any]] = {}
            for event in batch:
                by_kind.setdefault(type(event), []).append(event)
            for kind, listeners in self._wiring.listeners.items():
                if events := by_kind.get(kind):
                    for listener in listeners:
                        listener(self, events)
        else:
            raise OrderyardError(f"events go round in circles: {[type(event).__name__ for event in self._pending[:5]]}")
        if self._wiring.last is not None and self.heard:
            self._wiring.last(self, self.heard)
        if self._audit:
            self.db.insert("audit", ("at", "actor", "action", "kind", "document", "because", "data"), self._audit)
            self._audit = []


@dataclass(frozen=True)
class Installation:
    """One merchant's running system: its database, its environment, and how its rooms are wired together."""

    merchant: Merchant
    db: Database
    environment: Environment
    wiring: Wiring
    _TRIES: ClassVar[int] = 5

    @contextmanager
    def unit_of_work(self, actor: str) -> Iterator[UnitOfWork]:
        """Open a transaction for `actor` (`person:ann`, `worker`, `channel:taobao-1`); an error leaves no trace."""
        uow = UnitOfWork(self.merchant, self.db, self.environment, self.wiring, actor)
        with self.db.write_transaction():
            yield uow
            uow.settle()
        if self.wiring.committed is not None and uow.heard:
            self.wiring.committed(uow.heard)

    def carry_out(self, actor: str, command: Callable[[UnitOfWork], T]) -> T:
        """One command in a unit of work of its own, tried again where another transaction was faster (a deadlock, a lock)."""
        for _ in range(self._TRIES - 1):
            try:
                with self.unit_of_work(actor) as uow:
                    return command(uow)
            except peewee.OperationalError as error:
                _log.info("%s is tried again: %s", actor, error)
        with self.unit_of_work(actor) as uow:
            return command(uow)
