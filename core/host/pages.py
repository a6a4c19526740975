"""Reads of what the host keeps about plugins, for pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..kernel.db import Database, as_moment


@dataclass(frozen=True, slots=True)
class FaultRow:
    """A plugin was wrong: when, where, and what it said."""

    slug: str
    at: datetime
    place: str
    message: str


def faults(db: Database, limit: int = 50) -> list[FaultRow]:
    """The latest ones, newest first."""
    return [
        FaultRow(slug, as_moment(at), place, message)
        for slug, at, place, message in db.rows(
            "SELECT slug, at, place, message FROM plugin_fault ORDER BY id DESC LIMIT ?", (limit,)
        )
    ]
