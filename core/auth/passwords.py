"""Passwords: argon2id at OWASP's minimum of 19 MiB, because a flood of sign-ins at more would be an attack on memory."""

from __future__ import annotations

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ..kernel.errors import DomainError

SHORTEST = 8
LONGEST = 256

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_room = threading.BoundedSemaphore(4)
"""How many passwords are looked at together, whatever comes in."""


def hashed(password: str, login: str = "") -> str:
    """The argon2id hash; DomainError for a password that is too short, too long or the login itself."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise DomainError(
            f"a password has {SHORTEST} to {LONGEST} characters", remedy="a short sentence is easy to keep in mind"
        )
    if login and password.casefold() == login.casefold():
        raise DomainError("the password is the login", remedy="choose something nobody can guess")
    with _room:
        return _hasher.hash(password)


def fits(stored: str, password: str) -> bool:
    with _room:
        try:
            return _hasher.verify(stored, password[: LONGEST + 1])
        except (VerificationError, InvalidHashError):
            return False


def outdated(stored: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(stored)


NOBODY = _hasher.hash("nobody has this password")
"""Compared with when there is no such person, so that the answer takes as long."""
