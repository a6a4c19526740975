"""Settings that hold a list, written as text: `key=value; key=value`, one line or many."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from orderyard.core.kernel.errors import DomainError
from orderyard.core.kernel.values import SettingField
from orderyard.core.ledger.api import AccountRef, Role

_BETWEEN = re.compile(r"[;\n]")


def pairs(text: str, setting: str) -> dict[str, str]:
    """The list in a setting; a part without `=`, an empty side or a key twice is refused, naming the setting."""
    found: dict[str, str] = {}
    for part in _BETWEEN.split(text):
        if not part.strip():
            continue
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not (key and equals and value):
            raise DomainError(f"setting {setting}: {part.strip()!r} is not key=value", remedy="write a=b; c=d")
        if key in found:
            raise DomainError(f"setting {setting} names {key} twice", remedy="keep one of the two")
        found[key] = value
    return found


def by_account(text: str, setting: str) -> dict[AccountRef, str]:
    """The list in a setting whose keys are `role` or `role/detail`; an unknown role is refused, with all that exist."""
    found: dict[AccountRef, str] = {}
    for key, value in pairs(text, setting).items():
        name, _, detail = key.partition("/")
        try:
            role = Role(name.strip())
        except ValueError:
            raise DomainError(
                f"setting {setting}: there is no account role {name.strip()!r}", remedy=f"use one of {', '.join(Role)}"
            ) from None
        found[AccountRef(role, detail.strip())] = value
    return found


def setting(config: Mapping[str, str], field: SettingField) -> str:
    """What was configured, or the field's default where nothing was."""
    return config.get(field.name, "").strip() or field.default


def printable(text: str) -> str:
    """Free text on one line: control characters, line ends and characters that no file may hold become spaces."""
    return "".join(" " if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp", "Cn") else char for char in text)
