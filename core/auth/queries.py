"""Reads of people and of where they are signed in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..kernel.db import Database, as_moment
from .permissions import Permission, permissions_of

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)


def digest(token: str) -> str:
    """What is stored of a cookie's token, so that a stolen table opens nothing."""
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Whoever is behind a browser, as the console needs it."""

    sign_in_id: int
    person_id: int
    login: str
    name: str
    role: str
    language: str
    seen_at: datetime

    @property
    def actor(self) -> str:
        return f"person:{self.login}"

    def may(self, permission: Permission) -> bool:
        return permission in permissions_of(self.role)


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A member of staff as the list of people shows it."""

    id: int
    login: str
    name: str
    role: str
    language: str
    active: bool
    seen_at: datetime | None
    """The last sign of life, None when never signed in."""
    open_sign_ins: int


def signed_in(db: Database, token: str, now: datetime) -> SignedIn | None:
    """Who holds this token, unless it was ended, has been idle for 30 minutes or is 12 hours old."""
    row = db.row(
        "SELECT s.id, p.id, p.login, p.name, p.role, p.language, s.seen_at FROM sign_in s JOIN person p ON p.id = s.person_id "
        "WHERE s.digest = ? AND s.ended_at IS NULL AND s.seen_at > ? AND s.created_at > ? AND p.active = ?",
        (digest(token), now - IDLE, now - LONGEST, True),
    )
    return None if row is None else SignedIn(*[*row[:6], as_moment(row[6])])


def people(db: Database, now: datetime) -> list[PersonRow]:
    """Everybody, the active ones first."""
    rows = db.rows(
        "SELECT p.id, p.login, p.name, p.role, p.language, p.active, MAX(s.seen_at), "
        "SUM(CASE WHEN s.ended_at IS NULL AND s.seen_at > ? AND s.created_at > ? THEN 1 ELSE 0 END) "
        "FROM person p LEFT JOIN sign_in s ON s.person_id = p.id "
        "GROUP BY p.id, p.login, p.name, p.role, p.language, p.active ORDER BY p.active DESC, p.login",
        (now - IDLE, now - LONGEST),
    )
    return [PersonRow(*[*row[:5], bool(row[5]), None if row[6] is None else as_moment(row[6]), int(row[7])]) for row in rows]


def person(db: Database, person_id: int, now: datetime) -> PersonRow | None:
    return next((row for row in people(db, now) if row.id == person_id), None)
