"""黑名单: telephone numbers, addresses and buyers whose orders a person looks at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ..catalog.queries import marks
from ..kernel.db import Database, as_moment
from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from .api import BlacklistKind
from .facts import phone_key
from .rules import plain
from .service import RulesChanged


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the list."""

    id: int
    kind: BlacklistKind
    value: str
    note: str
    added_at: datetime
    added_by: str


def entries(db: Database, kind: str = "") -> list[Entry]:
    """The list, or one kind of it, newest first."""
    rows = db.rows(
        "SELECT id, kind, value, note, added_at, added_by FROM blacklist"
        + (" WHERE kind = ?" if kind else "")
        + " ORDER BY id DESC",
        [kind] if kind else [],
    )
    return [Entry(id_, BlacklistKind(kind_), value, note, as_moment(at), by) for id_, kind_, value, note, at, by in rows]


def blacklist(uow: UnitOfWork, kind: BlacklistKind, values: Sequence[str], note: str = "", *, country: str = "CN") -> int:
    """Put values on the list; how many are new. Orders that wait for review are judged anew.

    A telephone number is found however it is written; an address is found when its words stand anywhere in one's province,
    city, district, town and street; a buyer by anything the customer is recognised by. Masked values are refused.
    """
    wanted = {_normal(kind, value, country): value for value in values}
    written = uow.db.insert(
        "blacklist",
        ("kind", "value", "note", "added_at", "added_by"),
        [(kind, value, note.strip(), uow.now, uow.actor) for value in wanted],
        conflict="(kind, value) DO UPDATE SET note = excluded.note",
        returning="id, added_at",
    )
    _changed(uow, f"blacklisted {kind}", {"values": sorted(wanted), "note": note})
    return sum(as_moment(at) == uow.now for _, at in written)


def take_off(uow: UnitOfWork, entry_ids: Sequence[int]) -> None:
    """Take entries off the list; orders that wait for review are judged anew."""
    ids = sorted(set(entry_ids))
    rows = uow.db.rows(f"DELETE FROM blacklist WHERE id IN ({marks(ids)}) RETURNING id, kind, value", ids) if ids else []
    if gone := sorted(set(ids) - {row[0] for row in rows}):
        raise DomainError(f"the blacklist has no entry {gone[0]}", remedy="reload the list")
    _changed(uow, "taken off the blacklist", {"values": sorted(f"{kind} {value}" for _, kind, value in rows)})


def _normal(kind: BlacklistKind, value: str, country: str) -> str:
    normal = phone_key(value, country) if kind is BlacklistKind.PHONE else plain(value)
    if len(normal) < (6 if kind is BlacklistKind.PHONE else 2):
        raise DomainError(
            f"{value!r} is too little for the blacklist", remedy="give the whole value; a masked one speaks of nobody"
        )
    if kind is not BlacklistKind.PHONE and "*" in normal:
        raise DomainError(f"{value!r} is masked", remedy="give the whole value; a masked one speaks of nobody")
    return normal


def _changed(uow: UnitOfWork, what: str, data: dict[str, object]) -> None:
    """The list counts as settings of its rule, so that every process sees the change."""
    uow.db.change(
        "INSERT INTO review_rule_setting (name, enabled, settings) VALUES ('blacklist', ?, '{}') ON CONFLICT (name) DO UPDATE "
        "SET version = review_rule_setting.version + 1",
        (True,),
    )
    uow.note(what, "review_rule", 0, "blacklist", data)
    uow.emit(RulesChanged())
