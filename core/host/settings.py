"""A form of settings, whoever it belongs to: what may be stored, what is missing, what may be shown."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..kernel.db import to_json
from ..kernel.errors import DomainError
from ..kernel.values import SettingField
from .sealing import Seal


class SettingsMissing(DomainError):
    """Required settings are not there yet; `names` says which."""

    def __init__(self, owner: str, names: Sequence[str]) -> None:
        super().__init__(f"{owner} lacks its settings {', '.join(names)}", remedy="enter them in its settings form")
        self.names = tuple(names)


@dataclass(frozen=True, slots=True)
class ShownSetting:
    """One line of the form as a person may see it: of a secret only whether it is there."""

    field: SettingField
    value: str
    given: bool


def merged(owner: str, fields: Sequence[SettingField], stored: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """What is to be stored after a person sent the form: a secret left empty keeps its old value, an empty text is forgotten.

    Raises DomainError for a name the form does not have, and SettingsMissing while a required one is empty.
    """
    known = {field.name: field for field in fields}
    if unknown := sorted(set(given) - set(known)):
        raise DomainError(f"{owner} has no settings {', '.join(unknown)}", remedy=f"it knows {', '.join(known) or 'none'}")
    for name, value in given.items():
        if not isinstance(value, str):
            raise DomainError(f"setting {name} of {owner} is {value!r}", remedy="every setting is text")
    kept = {name: value for name, value in stored.items() if name in known}
    for name, value in given.items():
        if value:
            kept[name] = value
        elif not known[name].secret:
            kept.pop(name, None)
    complete(owner, fields, kept)
    return kept


def complete(owner: str, fields: Sequence[SettingField], stored: Mapping[str, str]) -> dict[str, str]:
    """A value for every field of the form, defaults included; what is no longer in the form is left out.

    Raises SettingsMissing, naming every required field that has neither a value nor a default.
    """
    values = {field.name: stored.get(field.name) or field.default for field in fields}
    if missing := [field.name for field in fields if field.required and not values[field.name]]:
        raise SettingsMissing(owner, missing)
    return values


def shown(fields: Sequence[SettingField], stored: Mapping[str, str]) -> list[ShownSetting]:
    """The form for a page; the value of a secret is never among it."""
    return [
        ShownSetting(field, "" if field.secret else stored.get(field.name, field.default), bool(stored.get(field.name)))
        for field in fields
    ]


def sealed(seal: Seal, where: str, values: Mapping[str, str]) -> str:
    """Settings as they are stored."""
    return seal.seal(where, to_json(dict(values)))


def opened(seal: Seal, where: str, text: str) -> dict[str, str]:
    """Settings as they were stored; nothing stored is no settings."""
    if not text:
        return {}
    values: dict[str, str] = json.loads(seal.open(where, text))
    return values
