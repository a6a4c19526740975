"""The world outside that a program would otherwise reach for by itself: the time and fresh tokens."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Protocol


class Environment(Protocol):
    """Time and randomness, injected so that a test can hold them still."""

    def now(self) -> datetime:
        """The present moment, aware and in UTC."""

    def token(self) -> str:
        """32 hexadecimal characters that nobody can guess."""


class SystemEnvironment:
    """The machine's clock and its source of randomness."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def token(self) -> str:
        return secrets.token_hex(16)
