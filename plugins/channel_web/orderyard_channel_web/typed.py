"""What somebody typed into a form, without the blanks around it and the signs nobody can see."""

from __future__ import annotations

from collections.abc import Mapping


def text(given: Mapping[str, str], name: str, longest: int) -> str:
    """One field, cut where it gets too long; line ends stay."""
    return plain(given.get(name, ""))[:longest]


def plain(value: str) -> str:
    value = value.replace("\r\n", "\n")
    return "".join(sign for sign in value if sign.isprintable() or sign == "\n").strip()
