"""Conditions on text that mean the same on both engines."""

from __future__ import annotations

from .db import Database


def begins(db: Database, column: str, text: str) -> tuple[str, list[str]]:
    """A condition on how a column begins, which SQLite answers from the column's index."""
    if db.sqlite:
        return f"{column} >= ? AND {column} < ?", [text, text + "\U0010ffff"]
    return f"{column} LIKE ? ESCAPE '!'", [_literal(text) + "%"]


def contains(db: Database, column: str, text: str) -> tuple[str, list[str]]:
    """A condition on what stands anywhere in a column, whatever the case of Latin letters; it reads every row."""
    like = "LIKE" if db.sqlite else "ILIKE"
    return f"{column} {like} ? ESCAPE '!'", [f"%{_literal(text)}%"]


def _literal(text: str) -> str:
    return "".join(f"!{letter}" if letter in "%_!" else letter for letter in text)
