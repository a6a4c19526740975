"""The unit of work: one command, one transaction, every consequence inside it.

Domains talk upwards through it without knowing who listens: `emit` collects events, which core listeners hear in batches
inside the same transaction, in the order `app.py` wired them; `ask` puts a question to plugins. What plugins hear
afterwards is written by the last listener, the outbox.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar, TypeVar
from zoneinfo import ZoneInfo

import peewee

from .clock import Environment
from .db import Database, Question, Rows, to_json
from .errors import OrderyardError

_log = logging.getLogger("orderyard.uow")

T = TypeVar("T")
Listener = Callable[["UnitOfWork", list[Any]], None]
Ask = Callable[[str, Any], Sequence[str]]
About = Callable[["UnitOfWork", Sequence[int]], Mapping[int, Any]]


def nobody(hook: str, question: Any) -> Sequence[str]:
    """The answer while no plugin is listening: no objection."""
    return ()


@dataclass
class Wiring:
    """Who hears what inside a transaction: listeners by event type, in order; `last` hears everything once, at the end."""

    listeners: dict[tuple[type, ...], list[Listener]] = field(default_factory=dict)
    last: Listener | None = None
    committed: Callable[[list[Any]], None] | None = None
    """Hears the events of a transaction that is through: only ever a hint to look, harmless when it is lost."""
    ask: Ask = nobody
    foreseen: tuple[Question, ...] = ()
    """What listeners are going to ask in nearly every transaction."""
    foreseen_of: tuple[Callable[[Sequence[int]], Question], ...] = ()
    """What they are going to ask about orders of which a parcel leaves."""
    about: dict[str, About] = field(default_factory=dict)
    """What the rooms above say about their documents, by the kind under which the rooms below know them."""

    def hear(self, kinds: type | tuple[type, ...], listener: Listener) -> None:
        """Several kinds are heard together: all of one kind, then all of the next."""
        self.listeners.setdefault(kinds if isinstance(kinds, tuple) else (kinds,), []).append(listener)
        self.__post_init__()

    def __post_init__(self) -> None:
        self._known: dict[tuple[type, ...], list[tuple[tuple[type, ...], list[Listener]]]] = {}
        self._places: dict[type, list[int]] = {}
        for place, together in enumerate(self.listeners):
            for kind in together:
                self._places.setdefault(kind, []).append(place)

    def heard(self, kinds: tuple[type, ...]) -> list[tuple[tuple[type, ...], list[Listener]]]:
        """Who listens to any of these kinds, in the order of the wiring, and to what else at once."""
        if (known := self._known.get(kinds)) is None:
            places = sorted({place for kind in kinds for place in self._places.get(kind, ())})
            known = self._known[kinds] = [list(self.listeners.items())[place] for place in places]
        return known


@dataclass(frozen=True)
class Merchant:
    """Whose installation it is; `currency` is what stock is valued in, `timezone` decides the day of a ledger entry."""

    name: str = "Orderyard"
    currency: str = "CNY"
    timezone: str = "Asia/Shanghai"

    def day(self, moment: datetime) -> str:
        """The merchant's local day of a moment, `2026-11-22`."""
        return _day(moment, self.timezone)


@functools.lru_cache(maxsize=1024)
def _day(moment: datetime, timezone: str) -> str:
    return moment.astimezone(ZoneInfo(timezone)).date().isoformat()


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
        """Taken and not given out yet, the next one last."""
        self._top: dict[str, int] = {}
        self._audit: list[tuple[Any, ...]] = []
        self._last: list[Rows] = []
        self.remembered: list[tuple[Any, ...]] = []
        self.kept: dict[type, Any] = {}
        """What a room keeps while this lasts, by its own type."""

    def take_ids(self, table: str, count: int, **ahead: int) -> list[int]:
        """Ids for rows about to be written; `ahead` fetches ids of other tables in the same statement, for later calls."""
        if len(self._ids.get(table, ())) < count:
            self._fetch_ids({table: count, **ahead})
        ids = self._ids[table]
        left = len(ids) - count
        taken = ids[left:]
        del ids[left:]
        taken.reverse()
        return taken

    def expect_ids(self, **wanted: int) -> None:
        """Fetch in one statement what later calls of `take_ids` are going to take, as far as it is not there."""
        short = {table: count for table, count in wanted.items() if len(self._ids.get(table, ())) < count}
        if short:
            self._fetch_ids(short)

    def _fetch_ids(self, wanted: Mapping[str, int]) -> None:
        for table, ids in self.db.take_ids(**wanted).items():
            # SQLite counts rows that are written; ids given out before and not written yet must not come again.
            if self.db.sqlite and ids and (beyond := self._top.get(table, 0) + 1 - ids[0]) > 0:
                ids = [id_ + beyond for id_ in ids]
            self._ids[table] = ids[::-1]
            if ids:
                self._top[table] = ids[-1]

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

    def foresee(self, *questions: Question | None, leaving: Sequence[int] = ()) -> None:
        """Ask the database now, at once, what is going to be asked soon: this, and what listeners always ask.

        `leaving` are the orders of which a parcel leaves.
        """
        asked = [question for question in questions if question is not None]
        if leaving:
            asked += [ask(leaving) for ask in self._wiring.foreseen_of]
        self.db.foresee(*asked, *self._wiring.foreseen)

    def hear_now(self, *kinds: type) -> None:
        """Let listeners hear what is pending of these kinds now, and what comes of it, instead of at the end."""
        for _ in range(self._ROUNDS):
            batch = [event for event in self._pending if type(event) in kinds]
            if not batch:
                break
            self._pending = [event for event in self._pending if type(event) not in kinds]
            self._tell(batch)

    def ask(self, hook: str, question: Any) -> Sequence[str]:
        """The objections of plugins, in their order; pure and inside the transaction."""
        return self._wiring.ask(hook, question)

    def about(self, kind: str, ids: Sequence[int]) -> Mapping[int, Any]:
        """What the room above says about its documents of a kind; nothing where nobody says anything."""
        tell = self._wiring.about.get(kind)
        return {} if tell is None or not ids else tell(self, ids)

    def note(
        self, action: str, kind: str, document: int, because: str = "", data: Mapping[str, Any] | str | None = None
    ) -> None:
        """A line of the document's history; `data` may be JSON text already."""
        text = data if data is None or isinstance(data, str) else to_json(data)
        self._audit.append((self.now, self.actor, action, kind, document, because, text))

    def write_last(self, rows: Rows) -> None:
        """Rows that nothing in this transaction asks for; they are written with its history."""
        self._last.append(rows)

    def remember(self, action: str, kind: str, document: int, because: str = "", data: Mapping[str, Any] | None = None) -> None:
        """A line of the document's history that stays even when this unit of work fails: somebody tried what is not theirs."""
        self.note(action, kind, document, because, data)
        self.remembered.append(self._audit[-1])

    @contextmanager
    def rehearsal(self) -> Iterator[UnitOfWork]:
        """A unit of work inside this one that leaves nothing behind: `settle` it, look what came of it, and it is undone."""
        wiring = replace(self._wiring, last=None, committed=None)
        tried = UnitOfWork(self.merchant, self.db, self.environment, wiring, self.actor)
        tried.now = self.now
        with self.db.undone():
            yield tried

    def settle(self) -> None:
        """Let listeners hear everything, with what they emit in turn, then write the history."""
        for _ in range(self._ROUNDS):
            if not self._pending:
                break
            batch, self._pending = self._pending, []
            self._tell(batch)
        else:
            raise OrderyardError(f"events go round in circles: {[type(event).__name__ for event in self._pending[:5]]}")
        if self._wiring.last is not None and self.heard:
            self._wiring.last(self, self.heard)
        self.db.together(*self._last, Rows("audit", _AUDIT, self._audit))
        self._last, self._audit = [], []

    def _tell(self, batch: list[Any]) -> None:
        self.heard += batch
        by_kind: dict[type, list[Any]] = {}
        for event in batch:
            by_kind.setdefault(type(event), []).append(event)
        for kinds, listeners in self._wiring.heard(tuple(by_kind)):
            events = by_kind[kinds[0]] if len(kinds) == 1 else [event for kind in kinds for event in by_kind.get(kind, ())]
            for listener in listeners:
                listener(self, events)


_AUDIT = ("at", "actor", "action", "kind", "document", "because", "data")


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
        """Open a transaction for `actor` (`person:ann`, `worker`, `channel:taobao-1`); an error leaves no trace.

        Only what was to be remembered in any case is written in a transaction of its own.
        """
        uow = UnitOfWork(self.merchant, self.db, self.environment, self.wiring, actor)
        try:
            with self.db.write_transaction():
                yield uow
                uow.settle()
        except Exception:
            if uow.remembered:
                with self.db.write_transaction():
                    self.db.insert("audit", _AUDIT, uow.remembered)
            raise
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
