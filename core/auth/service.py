"""Commands on people: who may sign in, and signing in itself."""

from __future__ import annotations

import math
from datetime import timedelta

from ..kernel.db import as_moment
from ..kernel.errors import DomainError, Duplicate
from ..kernel.uow import Installation, UnitOfWork
from .passwords import NOBODY, fits, hashed, outdated
from .permissions import Role
from .queries import digest

LANGUAGES = ("zh", "en")
FREE_TRIES = 3
LONGEST_WAIT = timedelta(minutes=5)


class SignInRefused(DomainError):
    """Login and password do not fit, or it is too soon to try again: then `seconds` says how long."""

    def __init__(self, seconds: int = 0) -> None:
        if seconds:
            super().__init__("too many wrong passwords", remedy=f"wait {seconds} seconds and try again")
        else:
            super().__init__("login and password do not fit", remedy="check both and try again")
        self.seconds = seconds


def add_person(uow: UnitOfWork, login: str, name: str, password: str, role: str, language: str = "zh") -> int:
    """A new member of staff; the id. Logins are compared without regard to case."""
    login = login.strip().casefold()
    if not login or not name.strip():
        raise DomainError("a person needs a login and a name", remedy="fill in both")
    _check(role, language)
    if uow.db.row("SELECT 1 FROM person WHERE login = ?", (login,)):
        raise Duplicate(f"login {login} exists already", remedy="choose another login")
    [(person_id,)] = uow.db.insert(
        "person",
        ("login", "name", "password", "role", "language", "active", "failures"),
        [(login, name.strip(), hashed(password, login), role, language, True, 0)],
        returning="id",
    )
    uow.note("added", "person", person_id, data={"role": role})
    return int(person_id)


def change_person(uow: UnitOfWork, person_id: int, name: str, role: str, language: str, active: bool) -> None:
    """Rename, give another role, or let somebody go; whoever is let go is signed out everywhere."""
    _check(role, language)
    login, old_role, was_active = _find(uow, person_id)
    if was_active and old_role == Role.ADMIN and (role != Role.ADMIN or not active):
        others = uow.db.row(
            "SELECT 1 FROM person WHERE role = ? AND active = ? AND id <> ? LIMIT 1", (Role.ADMIN.value, True, person_id)
        )
        if others is None:
            raise DomainError(f"{login} is the last administrator", remedy="make somebody else an administrator first")
    uow.db.change(
        "UPDATE person SET name = ?, role = ?, language = ?, active = ? WHERE id = ?",
        (name.strip() or login, role, language, active, person_id),
    )
    if not active:
        end_all(uow, person_id)
    uow.note("changed", "person", person_id, data={"role": role, "active": active})


def set_password(uow: UnitOfWork, person_id: int, password: str) -> None:
    """A new password; every browser of that person must sign in again."""
    login, _, _ = _find(uow, person_id)
    uow.db.change(
        "UPDATE person SET password = ?, failures = 0, retry_at = NULL WHERE id = ?", (hashed(password, login), person_id)
    )
    end_all(uow, person_id)
    uow.note("password set", "person", person_id)


def set_language(uow: UnitOfWork, person_id: int, language: str) -> None:
    _check(Role.VIEWER, language)
    uow.db.change("UPDATE person SET language = ? WHERE id = ?", (language, person_id))


def sign_in(installation: Installation, login: str, password: str, *, replacing: str = "") -> str:
    """The token of a new sign-in; raises SignInRefused.

    Takes the installation and not a unit of work, because hashing must not hold up other writers. The try is counted
    before the password is looked at, so that many tries at once count as many. `replacing` is a token that ends here.
    """
    login = login.strip().casefold()
    with installation.unit_of_work(f"person:{login}") as uow:
        found = _count_try(uow, login)
    if isinstance(found, SignInRefused):
        raise found
    person_id, stored = found
    if not fits(stored, password) or not person_id:
        raise SignInRefused
    renewed = hashed(password) if outdated(stored) else stored
    with installation.unit_of_work(f"person:{login}") as uow:
        token = uow.environment.token() + uow.environment.token()
        uow.db.change(
            "UPDATE person SET failures = 0, retry_at = NULL, password = ? WHERE id = ? AND password = ?",
            (renewed, person_id, stored),
        )
        uow.db.insert(
            "sign_in", ("digest", "person_id", "created_at", "seen_at"), [(digest(token), person_id, uow.now, uow.now)]
        )
        if replacing:
            sign_out(uow, replacing)
        uow.note("signed in", "person", person_id)
    return token


def sign_out(uow: UnitOfWork, token: str) -> None:
    """End the sign-in of this token; its cookie is worth nothing from now on."""
    uow.db.change("UPDATE sign_in SET ended_at = ? WHERE digest = ? AND ended_at IS NULL", (uow.now, digest(token)))


def end_all(uow: UnitOfWork, person_id: int) -> None:
    """Sign a person out of every browser."""
    if uow.db.change("UPDATE sign_in SET ended_at = ? WHERE person_id = ? AND ended_at IS NULL", (uow.now, person_id)):
        uow.note("signed out everywhere", "person", person_id)


def seen(uow: UnitOfWork, sign_in_id: int) -> None:
    """The person did something just now."""
    uow.db.change("UPDATE sign_in SET seen_at = ? WHERE id = ? AND ended_at IS NULL", (uow.now, sign_in_id))


def _check(role: str, language: str) -> None:
    if role not in set(Role):
        raise DomainError(f"there is no role {role}", remedy=f"choose one of {', '.join(Role)}")
    if language not in LANGUAGES:
        raise DomainError(f"there is no language {language}", remedy=f"choose one of {', '.join(LANGUAGES)}")


def _find(uow: UnitOfWork, person_id: int) -> tuple[str, str, bool]:
    row = uow.db.row("SELECT login, role, active FROM person WHERE id = ?", (person_id,))
    if row is None:
        raise DomainError(f"there is no person {person_id}", remedy="reload the list of people")
    return row[0], row[1], bool(row[2])


def _count_try(uow: UnitOfWork, login: str) -> tuple[int, str] | SignInRefused:
    """The person's id and hash, or why not now. The wait doubles with each try and never becomes a lock."""
    row = uow.db.row("SELECT id, password, failures, retry_at FROM person WHERE login = ? AND active = ?", (login, True))
    if row is None:
        return 0, NOBODY
    person_id, stored, failures, retry_at = row
    if retry_at is not None and (wait := as_moment(retry_at) - uow.now) > timedelta(0):
        return SignInRefused(math.ceil(wait.total_seconds()))
    wait = min(timedelta(seconds=2 ** min(failures + 1 - FREE_TRIES, 20)), LONGEST_WAIT)
    next_try = uow.now + wait if failures >= FREE_TRIES else None
    counted = uow.db.change(
        "UPDATE person SET failures = failures + 1, retry_at = ? WHERE id = ? AND failures = ?", (next_try, person_id, failures)
    )
    return (person_id, stored) if counted else SignInRefused(1)
